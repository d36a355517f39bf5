/*
 * route_explain.c  A decision in words
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
	[ROUTE_WHY_NOT] = {"no-match", "does not match"},
	[ROUTE_WHY_GAVE_UP] = {"gave-up",
			       "its pattern costs too much with this text"},
	[ROUTE_WHY_CONTINUE] = {"continue", "matches, and goes on"},
	[ROUTE_WHY_TENANT] = {"tenant", "matches, and asks another tenant"},
	[ROUTE_WHY_HOPS] = {"hops", "leads from tenant to tenant too often"},
	[ROUTE_WHY_BAD_USER] = {"bad-user", "leads to a user who is not there"},
	[ROUTE_WHY_BAD_FORM] = {"bad-form",
				"makes something that cannot be said"},
	[ROUTE_WHY_NONE_UP] = {"none-up", "none of its targets is up"},
	[ROUTE_WHY_NO_RATE] = {"no-rate",
			       "none of its targets has a rate for the number"},
	[ROUTE_WHY_TOO_LONG] = {"too-long", "the number is too long"},
	[ROUTE_WHY_USER] = {"user", "the callee is a user"},
	[ROUTE_WHY_NUMBER] = {"number", "the callee is a user's number"},
	[ROUTE_WHY_REDIS] = {"redis", "the file has no such user, Redis may"},
	[ROUTE_WHY_NOBODY] = {"nobody", "the callee is no user"},
	[ROUTE_WHY_REGISTRAR] = {"registrar", "the tenant's PBX has them"},
};

const char *route_note_code(const struct route_note *note)
{
	return note->why == ROUTE_WHY_NOT && note->cond
		       ? note->cond->kind->key
		       : why_text[note->why].code;
}

const char *route_note_words(const struct route_note *note)
{
	return note->why == ROUTE_WHY_NOT && note->cond
		       ? note->cond->kind->words
		       : why_text[note->why].words;
}

/* The condition is asked again: most notes are never read. */
int route_note_print(struct re_printf *pf, const struct route_note_view *view)
{
	const struct route_plan *plan = view->plan;
	const struct route_note *note = view->note;
	const struct sa *source = sa_af(&plan->source) ? &plan->source : NULL;
	struct route_query query = {.source = source,
				    .now = plan->now,
				    .from = plan->from};
	struct route_input input = {
		.table = plan->table,
		.query = plan->asking ? plan->asking : &query,
		.tenant = note->tenant,
		.foreign = note->foreign,
		.callee = note->callee,
		.caller = note->caller};

	if (note->why != ROUTE_WHY_NOT || !note->cond->kind->say)
		return re_hprintf(pf, "%s", route_note_words(note));
	pl_set_str(&query.method, plan->method);
	input.method = 1u << route_method_of(&input.query->method);
	if (!pl_isset(&note->callee))
		pl_set_str(&input.callee, plan->callee);
	if (!pl_isset(&note->caller))
		pl_set_str(&input.caller, plan->caller);
	return note->cond->kind->say(pf, note->cond, &input);
}

/* What somebody else has said: nothing but ASCII. */
static int print_clean(struct re_printf *pf, const struct pl *text)
{
	int err = 0;

	for (size_t i = 0; i < text->l && !err; i++) {
		const char c = text->p[i];

		err = pf->vph(c >= ' ' && c <= '~' ? &c : "?", 1, pf->arg);
	}
	return err;
}

/* The notes that are kept are the last ones. */
static uint32_t first_kept(const struct route_plan *plan)
{
	return plan->considered > ROUTE_NOTES_MAX
		       ? plan->considered - ROUTE_NOTES_MAX
		       : 0;
}

static int explain_note(struct re_printf *pf, const struct route_plan *plan,
			uint32_t nr)
{
	const struct route_note *note = &plan->notes[nr % ROUTE_NOTES_MAX];
	const struct route_note_view view = {plan, note};

	if (!note->rule)
		return re_hprintf(pf, "  %u. users: %H\n", nr + 1,
				  route_note_print, &view);
	return re_hprintf(pf, "  %u. route \"%s\" (%s:%u): %H\n", nr + 1,
			  note->rule->name, note->rule->pos.file,
			  note->rule->pos.line, route_note_print, &view);
}

static int explain_connection(struct re_printf *pf,
			      const struct route_connection *conn)
{
	return re_hprintf(pf, "connection \"%s\" (%s%s%s)", conn->name,
			  route_conn_kind_name(conn->kind),
			  conn->peer.address ? " " : "",
			  conn->peer.address ? conn->peer.address : "");
}

static int explain_user(struct re_printf *pf, const struct route_plan *plan,
			const struct route_target *target)
{
	/* whose device was named, or whose dialog it is */
	if (!target->user)
		return re_hprintf(pf, "the user that was named");
	return re_hprintf(pf, "%s \"%s\"%s%r%s",
			  pl_isset(&target->device) ? "device of user" : "user",
			  target->user->name,
			  pl_isset(&target->device) ? " " : "",
			  &target->device,
			  route_target_is_guest(target, plan)
				  ? ", if Redis has it"
				  : "");
}

static int explain_target(struct re_printf *pf, const struct route_plan *plan,
			  const struct route_target *target)
{
	switch (target->kind) {
	case ROUTE_TO_USER:
		return explain_user(pf, plan, target);
	case ROUTE_TO_SERVICE:
		return re_hprintf(pf, "%s %s",
				  target->announcement ? "announcement"
						       : "service",
				  target->announcement
					  ? target->announcement->sound
					  : route_service_name(
						    target->service));
	case ROUTE_TO_REJECT:
		return re_hprintf(pf, "%u %s (%s)", target->code,
				  target->phrase, status_text(target->status));
	case ROUTE_TO_REDIRECT:
		return re_hprintf(pf, "%u %s: %H", target->code,
				  target->phrase, print_clean, &target->uri);
	case ROUTE_TO_CONNECTION:
		return explain_connection(pf, target->connection);
	}
	return 0;
}

static const char *left_words(const struct route_left *left)
{
	switch (left->why) {
	case ROUTE_PICK_NO_RATE:
		return "has no rate for this number";
	case ROUTE_PICK_TAKEN:
		return "there was no room for another";
	case ROUTE_PICK_LAST:
	case ROUTE_PICK_OUT:
		break;
	}
	return route_state_name(left->health.state);
}

static int explain_left(struct re_printf *pf, const struct route_plan *plan)
{
	int err = 0;

	for (unsigned i = 0; i < plan->nleft; i++) {
		const struct route_left *left = &plan->left[i];
		const char *why = left->health.why;

		err |= re_hprintf(pf, "  left out: %H: %s%s%s\n",
				  explain_connection, left->connection,
				  left_words(left), *why ? ", " : "", why);
	}
	return err;
}

/* Its own lines: what of this target is not as it was asked. */
static int explain_form(struct re_printf *pf, const struct route_plan *plan,
			const struct route_form *form)
{
	int err = 0;

	if (pl_strcmp(&form->callee, plan->callee))
		err |= re_hprintf(pf, "    callee: %H\n", print_clean,
				  &form->callee);
	if (pl_strcmp(&form->caller, plan->caller))
		err |= re_hprintf(pf, "    caller: %H\n", print_clean,
				  &form->caller);
	if (pl_isset(&form->display))
		err |= re_hprintf(pf, "    display: %H\n", print_clean,
				  &form->display);
	if (form->caller_id == ROUTE_CALLER_WITHHOLD)
		err |= re_hprintf(pf, "    caller id: withheld\n");
	for (unsigned i = 0; i < form->nheaders; i++) {
		const struct route_header *header = &form->headers[i];

		err |= pl_isset(&header->value)
			       ? re_hprintf(pf, "    header: %s: %H\n",
					    header->name, print_clean,
					    &header->value)
			       : re_hprintf(pf, "    header removed: %s\n",
					    header->name);
	}
	return err;
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
		err |= explain_note(pf, plan, i);
	for (unsigned i = 0; i < plan->ntargets; i++) {
		err |= re_hprintf(pf, i ? ", then " : "  result: ");
		err |= explain_target(pf, plan, &plan->targets[i]);
		if (route_target_is_foreign(&plan->targets[i], plan->tenant))
			err |= re_hprintf(pf, " of tenant \"%s\"",
					  plan->targets[i].tenant->id);
	}
	err |= re_hprintf(pf, "\n");
	err |= explain_left(pf, plan);
	/* all targets of a plan have the same */
	if (plan->ntargets && plan->targets[0].form)
		err |= explain_form(pf, plan, plan->targets[0].form);
	return err;
}
