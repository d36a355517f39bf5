/*
 * route_explain.c  A decision in words and as JSON
 *
 * The same explanation stands in the dry run, the command line and the
 * call's trace.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/plan/route_rule.h"
#include "routing/route_conn.h"

static const struct {
	const char *code;  /* for programs */
	const char *words; /* for people */
} why_text[ROUTE_WHY_COUNT] = {
	[ROUTE_WHY_MATCH] = {"match", "matches"},
	[ROUTE_WHY_FROM] = {"from", "is not for calls from there"},
	[ROUTE_WHY_METHOD] = {"method", "is not for this method"},
	[ROUTE_WHY_CALLER] = {"caller", "the caller does not match"},
	[ROUTE_WHY_CALLEE] = {"callee", "the callee does not match"},
	[ROUTE_WHY_GAVE_UP] = {"gave-up",
			       "its pattern costs too much with this text"},
	[ROUTE_WHY_BAD_USER] = {"bad-user", "leads to a user who is not there"},
	[ROUTE_WHY_TOO_LONG] = {"too-long", "the number is too long"},
	[ROUTE_WHY_USER] = {"user", "the callee is a user"},
	[ROUTE_WHY_NUMBER] = {"number", "the callee is a user's number"},
	[ROUTE_WHY_NOBODY] = {"nobody", "the callee is no user"},
	[ROUTE_WHY_REGISTRAR] = {"registrar", "the tenant's PBX has them"},
};

/* The notes that are kept are the last ones. */
static uint32_t first_kept(const struct route_plan *plan)
{
	return plan->considered > ROUTE_NOTES_MAX
		       ? plan->considered - ROUTE_NOTES_MAX
		       : 0;
}

static int explain_note(struct re_printf *pf, uint32_t nr,
			const struct route_note *note)
{
	const char *words = why_text[note->why].words;

	if (!note->rule)
		return re_hprintf(pf, "  %u. users: %s\n", nr, words);
	return re_hprintf(pf, "  %u. route \"%s\" (%s:%u): %s\n", nr,
			  note->rule->name, note->rule->pos.file,
			  note->rule->pos.line, words);
}

static int explain_connection(struct re_printf *pf,
			      const struct route_connection *conn)
{
	return re_hprintf(pf, "connection \"%s\" (%s%s%s)", conn->name,
			  route_conn_kind_name(conn->kind),
			  conn->peer.address ? " " : "",
			  conn->peer.address ? conn->peer.address : "");
}

static int explain_target(struct re_printf *pf,
			  const struct route_target *target)
{
	switch (target->kind) {
	case ROUTE_TO_USER:
		return re_hprintf(pf, "user \"%s\"", target->user->name);
	case ROUTE_TO_SERVICE:
		return re_hprintf(pf, "service %s",
				  route_service_name(target->service));
	case ROUTE_TO_REJECT:
		return re_hprintf(pf, "%u %s (%s)", target->code,
				  target->phrase, status_text(target->status));
	case ROUTE_TO_CONNECTION:
		return explain_connection(pf, target->connection);
	}
	return 0;
}

int route_plan_explain(struct re_printf *pf, const struct route_plan *plan)
{
	uint32_t from;
	int err;

	if (!plan)
		return 0;
	from = first_kept(plan);
	err = re_hprintf(pf, "%s from \"%s\" to \"%s\", tenant \"%s\"",
			 plan->method, plan->caller, plan->callee,
			 plan->tenant ? plan->tenant->id : "");
	if (plan->from)
		err |= re_hprintf(pf, ", by connection \"%s\"",
				  plan->from->name);
	err |= re_hprintf(pf, "\n");
	if (from)
		err |= re_hprintf(pf, "  %u steps before did not match\n",
				  from);
	for (uint32_t i = from; i < plan->considered; i++)
		err |= explain_note(pf, i + 1,
				    &plan->notes[i % ROUTE_NOTES_MAX]);
	for (unsigned i = 0; i < plan->ntargets; i++) {
		err |= re_hprintf(pf, i ? ", then " : "  result: ");
		err |= explain_target(pf, &plan->targets[i]);
	}
	return err | re_hprintf(pf, "\n");
}

static int json_note(struct re_printf *pf, uint32_t nr,
		     const struct route_note *note)
{
	const char *why = why_text[note->why].code;

	if (!note->rule)
		return re_hprintf(pf, "{\"step\":%u,\"why\":\"%s\"}", nr, why);
	return re_hprintf(pf,
			  "{\"step\":%u,\"route\":%H,\"file\":%H,"
			  "\"line\":%u,\"why\":\"%s\"}",
			  nr, cfg_print_json, note->rule->name, cfg_print_json,
			  note->rule->pos.file, note->rule->pos.line, why);
}

static int json_target(struct re_printf *pf, const struct route_target *target)
{
	switch (target->kind) {
	case ROUTE_TO_USER:
		return re_hprintf(pf, "{\"user\":%H}", cfg_print_json,
				  target->user->name);
	case ROUTE_TO_SERVICE:
		return re_hprintf(pf, "{\"service\":\"%s\"}",
				  route_service_name(target->service));
	case ROUTE_TO_REJECT:
		return re_hprintf(pf,
				  "{\"code\":%u,\"phrase\":%H,"
				  "\"status\":\"%s\"}",
				  target->code, cfg_print_json, target->phrase,
				  status_text(target->status));
	case ROUTE_TO_CONNECTION:
		return re_hprintf(pf, "{\"connection\":\"%s\"}",
				  target->connection->name);
	}
	return 0;
}

int route_plan_json(struct re_printf *pf, const struct route_plan *plan)
{
	uint32_t from;
	int err;

	if (!plan)
		return 0;
	from = first_kept(plan);
	err = re_hprintf(pf,
			 "{\"tenant\":%H,\"method\":%H,\"caller\":%H,"
			 "\"callee\":%H,\"from\":\"%s\","
			 "\"considered\":%u,\"steps\":[",
			 cfg_print_json, plan->tenant ? plan->tenant->id : "",
			 cfg_print_json, plan->method, cfg_print_json,
			 plan->caller, cfg_print_json, plan->callee,
			 plan->from ? plan->from->name : "users",
			 plan->considered);
	for (uint32_t i = from; i < plan->considered; i++) {
		err |= re_hprintf(pf, i > from ? "," : "");
		err |= json_note(pf, i + 1, &plan->notes[i % ROUTE_NOTES_MAX]);
	}
	err |= re_hprintf(pf, "],\"targets\":[");
	for (unsigned i = 0; i < plan->ntargets; i++) {
		err |= re_hprintf(pf, i ? "," : "");
		err |= json_target(pf, &plan->targets[i]);
	}
	return err | re_hprintf(pf, "]}");
}
