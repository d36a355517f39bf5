/*
 * route_plan_json.c  A decision as JSON
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/plan/route_plan_json.h"
#include "routing/plan/route_rule.h"
#include "routing/route_conn.h"

uint32_t route_json_kept(const struct route_plan *plan)
{
	return plan->considered > ROUTE_NOTES_MAX
		       ? plan->considered - ROUTE_NOTES_MAX
		       : 0;
}

/* What was compared, where there is more to say than `why` does. */
static int json_compared(struct re_printf *pf, const struct route_plan *plan,
			 const struct route_note *note)
{
	const struct route_note_view view = {plan, note};
	char text[400];

	if (note->why != ROUTE_WHY_NOT || !note->cond->kind->say)
		return 0;
	if (re_snprintf(text, sizeof(text), "%H", route_note_print, &view) < 0)
		return 0;
	return re_hprintf(pf, ",\"text\":%H", cfg_print_json, text);
}

int route_json_note(struct re_printf *pf, const struct route_plan *plan,
		     const struct route_note *note, uint32_t nr)
{
	const char *why = route_note_code(note);
	int err;

	if (!note->rule)
		return re_hprintf(pf, "{\"step\":%u,\"why\":\"%s\"}", nr + 1,
				  why);
	err = re_hprintf(pf,
			 "{\"step\":%u,\"route\":%H,\"file\":%H,"
			 "\"line\":%u,\"why\":\"%s\"",
			 nr + 1, cfg_print_json, note->rule->name,
			 cfg_print_json, note->rule->pos.file,
			 note->rule->pos.line, why);
	err = err ? err : json_compared(pf, plan, note);
	return err ? err : re_hprintf(pf, "}");
}

/* As a JSON string. */
static int json_text(struct re_printf *pf, const struct pl *text)
{
	int err = re_hprintf(pf, "\"");

	for (size_t i = 0; i < text->l && !err; i++) {
		const char c = text->p[i];

		if (c == '"' || c == '\\')
			err = re_hprintf(pf, "\\%c", c);
		else
			err = pf->vph(c >= ' ' && c <= '~' ? &c : "?", 1,
				      pf->arg);
	}
	return err | re_hprintf(pf, "\"");
}

static int json_headers(struct re_printf *pf, const struct route_form *form)
{
	int err = 0;

	for (unsigned i = 0; i < form->nheaders; i++) {
		const struct route_header *header = &form->headers[i];

		err |= re_hprintf(pf, "%s{\"name\":\"%s\"", i ? "," : "",
				  header->name);
		if (pl_isset(&header->value))
			err |= re_hprintf(pf, ",\"value\":%H", json_text,
					  &header->value);
		err |= re_hprintf(pf, "}");
	}
	return err;
}

static int json_form(struct re_printf *pf, const struct route_form *form)
{
	int err;

	if (!form)
		return 0;
	err = re_hprintf(pf, ",\"callee\":%H,\"caller\":%H", json_text,
			 &form->callee, json_text, &form->caller);
	if (pl_isset(&form->display))
		err |= re_hprintf(pf, ",\"display\":%H", json_text,
				  &form->display);
	err |= re_hprintf(pf, ",\"caller_id\":\"%s\"",
			  form->caller_id == ROUTE_CALLER_WITHHOLD ? "withhold"
							       : "pass");
	if (form->nheaders)
		err |= re_hprintf(pf, ",\"headers\":[%H]", json_headers,
				  form);
	return err;
}

static int json_where(struct re_printf *pf, const struct route_plan *plan,
		      const struct route_target *target)
{
	switch (target->kind) {
	case ROUTE_TO_USER:
		if (!target->user) /* of whom the file knows nothing */
			return re_hprintf(pf, "\"user\":null");
		return re_hprintf(pf, "\"user\":%H%s", cfg_print_json,
				  target->user->name,
				  route_target_is_guest(target, plan)
					  ? ",\"if\":\"redis\""
					  : "");
	case ROUTE_TO_SERVICE:
		if (target->announcement)
			return re_hprintf(pf, "\"announcement\":\"%s\"",
					  target->announcement->sound);
		return re_hprintf(pf, "\"service\":\"%s\"",
				  route_service_name(target->service));
	case ROUTE_TO_REJECT:
		return re_hprintf(pf,
				  "\"code\":%u,\"phrase\":%H,"
				  "\"status\":\"%s\"",
				  target->code, cfg_print_json, target->phrase,
				  status_text(target->status));
	case ROUTE_TO_REDIRECT:
		return re_hprintf(pf, "\"code\":%u,\"redirect\":%H",
				  target->code, json_text, &target->uri);
	case ROUTE_TO_CONNECTION:
		return re_hprintf(pf, "\"connection\":\"%s\"",
				  target->connection->name);
	}
	return 0;
}

static int json_target(struct re_printf *pf, const struct route_plan *plan,
		       const struct route_target *target)
{
	int err = re_hprintf(pf, "{");

	err |= json_where(pf, plan, target);
	if (target->tenant && target->tenant != plan->tenant)
		err |= re_hprintf(pf, ",\"tenant\":\"%s\"",
				  target->tenant->id);
	if (target->kind == ROUTE_TO_CONNECTION)
		err |= re_hprintf(pf, ",\"health\":\"%s\"",
				  route_state_name(target->health));
	if (target->group)
		err |= re_hprintf(pf, ",\"group\":\"%s\"",
				  target->group->name);
	if (pl_isset(&target->device))
		err |= re_hprintf(pf, ",\"device\":%H", json_text,
				  &target->device);
	return err | re_hprintf(pf, "%H}", json_form, target->form);
}

static int json_left(struct re_printf *pf, const struct route_plan *plan)
{
	int err = 0;

	for (unsigned i = 0; i < plan->nleft; i++) {
		const struct route_left *left = &plan->left[i];
		const char *why = left->why == ROUTE_PICK_NO_RATE ? "no-rate"
				  : left->why == ROUTE_PICK_TAKEN ? "no-room"
				  : route_state_name(left->health.state);

		err |= re_hprintf(pf, "%s{\"connection\":\"%s\","
				      "\"why\":\"%s\"",
				  i ? "," : "", left->connection->name, why);
		if (left->group)
			err |= re_hprintf(pf, ",\"group\":\"%s\"",
					  left->group->name);
		err |= re_hprintf(pf, "}");
	}
	return err;
}

int route_json_begin(struct re_printf *pf, const struct route_plan *plan)
{
	return re_hprintf(pf,
			  "{\"tenant\":%H,\"method\":%H,\"caller\":%H,"
			  "\"callee\":%H,\"from\":\"%s\","
			  "\"considered\":%u",
			  cfg_print_json, plan->tenant ? plan->tenant->id : "",
			  cfg_print_json, plan->method, cfg_print_json,
			  plan->caller, cfg_print_json, plan->callee,
			  plan->from ? plan->from->name : "users",
			  plan->considered);
}

/* Behind the steps. */
int route_json_end(struct re_printf *pf, const struct route_plan *plan)
{
	int err = re_hprintf(pf, "],\"targets\":[");

	for (unsigned i = 0; i < plan->ntargets; i++) {
		err |= re_hprintf(pf, i ? "," : "");
		err |= json_target(pf, plan, &plan->targets[i]);
	}
	err |= re_hprintf(pf, "]");
	if (plan->nleft)
		err |= re_hprintf(pf, ",\"left_out\":[%H]", json_left, plan);
	return err | re_hprintf(pf, "}");
}

int route_plan_json(struct re_printf *pf, const struct route_plan *plan)
{
	uint32_t from;
	int err;

	if (!plan)
		return 0;
	from = route_json_kept(plan);
	err = route_json_begin(pf, plan) | re_hprintf(pf, ",\"steps\":[");
	for (uint32_t i = from; i < plan->considered; i++) {
		err |= re_hprintf(pf, i > from ? "," : "");
		err |= route_json_note(pf, plan, &plan->notes[i % ROUTE_NOTES_MAX],
				 i);
	}
	return err | route_json_end(pf, plan);
}
