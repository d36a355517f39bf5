/*
 * route_walk.c  What a decision writes into its plan
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"
#include "routing/plan/route_walk.h"
#include "routing/text/route_template.h"

/* For a rule that gives only a code. */
const char *route_phrase(uint16_t code)
{
	static const struct {
		uint16_t code;
		const char *phrase;
	} known[] = {
		{300, "Multiple Choices"},
		{301, "Moved Permanently"},
		{302, "Moved Temporarily"},
		{305, "Use Proxy"},
		{380, "Alternative Service"},
		{400, "Bad Request"},
		{402, "Payment Required"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{410, "Gone"},
		{480, "Temporarily Unavailable"},
		{484, "Address Incomplete"},
		{485, "Ambiguous"},
		{486, "Busy Here"},
		{488, "Not Acceptable Here"},
		{500, "Server Internal Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{600, "Busy Everywhere"},
		{603, "Decline"},
		{604, "Does Not Exist Anywhere"},
		{606, "Not Acceptable"},
		{607, "Unwanted"},
		{608, "Rejected"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].code == code)
			return known[i].phrase;
	}
	return code < 400 ? "Redirection" : "Rejected";
}

void route_walk_note(struct route_walk *walk, const struct route_rule *rule,
		     const struct route_cond *cond, enum route_why why)
{
	const struct route_input *in = &walk->input;
	const struct route_query *query = in->query;
	struct route_plan *plan = walk->plan;
	struct route_note *note =
		&plan->notes[plan->considered++ % ROUTE_NOTES_MAX];

	*note = (struct route_note){.rule = rule,
				    .cond = cond,
				    .why = why,
				    .tenant = in->tenant,
				    .foreign = in->foreign};
	/* what was asked is not there any more when the note is read */
	if (in->callee.p != query->callee.p)
		note->callee = in->callee;
	if (in->caller.p != query->caller.p)
		note->caller = in->caller;
	if (query->noteh)
		query->noteh(note, query->arg);
}

struct route_target *route_walk_target(struct route_walk *walk,
				       enum route_kind kind)
{
	struct route_plan *plan = walk->plan;
	struct route_target *target = &plan->targets[plan->ntargets];

	if (plan->ntargets >= ROUTE_TARGETS_MAX)
		return NULL;
	++plan->ntargets;
	memset(target, 0, sizeof(*target));
	target->kind = kind;
	target->tenant = walk->input.tenant;
	return target;
}

/* Kept in the plan, as long as that is there. */
static const struct route_user *guest(struct route_walk *walk,
				      const struct pl *name)
{
	struct route_plan *plan = walk->plan;
	char why[80];

	if (!walk->input.tenant->auth.users_in_redis || !name->l ||
	    name->l > ROUTE_USER_MAX)
		return NULL;
	memmove(plan->user, name->p, name->l);
	plan->user[name->l] = '\0';
	if (strlen(plan->user) != name->l ||
	    !route_check_user(plan->user, why, sizeof(why)))
		return NULL;
	plan->guest = (struct route_user){.name = plan->user};
	return &plan->guest;
}

bool route_walk_user(struct route_walk *walk, const struct pl *called)
{
	const struct route_user *user =
		route_user_called(walk->input.tenant, called);
	struct route_target *target;

	user = user ? user : guest(walk, called);
	if (!user)
		return false;
	target = route_walk_target(walk, ROUTE_TO_USER);
	target->user = user;
	target->form = route_rewrite_form(walk);
	return true;
}

void route_walk_reject(struct route_walk *walk, enum status status,
		       uint16_t code, const char *phrase)
{
	const struct status_info *info = status_info(status);
	struct route_target *target;

	walk->plan->ntargets = 0;
	target = route_walk_target(walk, ROUTE_TO_REJECT);
	target->status = status;
	target->code = code ? code : info->sip;
	target->phrase = phrase ? phrase
			 : code ? route_phrase(code)
				: info->phrase;
}

int route_walk_write(struct route_walk *walk, struct pl *out,
		     const char *text, const struct route_captures *captures,
		     bool uri)
{
	struct route_plan *plan = walk->plan;
	struct route_text to = {plan->text, sizeof(plan->text), plan->ntext};
	int err = route_template_write(&to, text, captures, uri);

	out->p = plan->text + plan->ntext;
	out->l = to.len - plan->ntext;
	plan->ntext = to.len;
	return err;
}

int route_walk_keep(struct route_walk *walk, struct pl *out,
		    const struct pl *text)
{
	struct route_plan *plan = walk->plan;
	char *to = plan->text + plan->ntext;

	if (text->l > sizeof(plan->text) - plan->ntext)
		return EOVERFLOW;
	if (text->l)
		memcpy(to, text->p, text->l);
	plan->ntext += text->l;
	*out = (struct pl){to, text->l};
	return 0;
}

bool route_target_is_foreign(const struct route_target *target,
			     const struct route_tenant *tenant)
{
	return (target->kind == ROUTE_TO_USER ||
		target->kind == ROUTE_TO_CONNECTION) &&
	       target->tenant && target->tenant != tenant;
}

bool route_target_is_guest(const struct route_target *target,
			   const struct route_plan *plan)
{
	return target->kind == ROUTE_TO_USER && target->user == &plan->guest;
}

bool route_target_answers(const struct route_target *target)
{
	return target->kind == ROUTE_TO_REJECT ||
	       target->kind == ROUTE_TO_REDIRECT;
}
