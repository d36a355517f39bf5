/*
 * cordctl_plan.c  A decision for people
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <re.h>

#include "routing/route_check.h"
#include "routing/route_conn.h"
#include "sigd/cordctl/cordctl.h"
#include "sigd/cordctl/cordctl_shown.h"

static const char bold[] = "\x1b[1m", dim[] = "\x1b[2m", red[] = "\x1b[31m",
		  green[] = "\x1b[32m", plain[] = "\x1b[0m";

/* --- in one line --------------------------------------------------------------- */

static int form_of(struct re_printf *pf, const struct route_plan *plan,
		   const struct route_form *form)
{
	int err = 0;

	if (!form)
		return 0;
	if (pl_strcmp(&form->callee, plan->callee))
		err |= re_hprintf(pf, " as %r", &form->callee);
	if (pl_strcmp(&form->caller, plan->caller))
		err |= re_hprintf(pf, " from %r", &form->caller);
	if (form->caller_id == ROUTE_CALLER_WITHHOLD)
		err |= re_hprintf(pf, " withheld");
	for (unsigned i = 0; i < form->nheaders; i++)
		err |= re_hprintf(pf, " %s%s%r",
				  pl_isset(&form->headers[i].value) ? "+" : "-",
				  form->headers[i].name,
				  &form->headers[i].value);
	return err;
}

static int way_of(struct re_printf *pf, const struct route_plan *plan,
		  const struct route_target *target)
{
	int err;

	if (target->kind == ROUTE_TO_REJECT)
		return re_hprintf(pf, "%u %s", target->code, target->phrase);
	if (target->kind == ROUTE_TO_REDIRECT)
		return re_hprintf(pf, "%u %r", target->code, &target->uri);
	err = re_hprintf(pf, "%s", route_target_name(target));
	if (target->tenant != plan->tenant && target->tenant)
		err |= re_hprintf(pf, " of %s", target->tenant->id);
	return err | form_of(pf, plan, target->form);
}

int cordctl_way(struct re_printf *pf, const struct route_plan *plan)
{
	int err = 0;

	for (unsigned i = 0; i < plan->ntargets; i++) {
		err |= re_hprintf(pf, i ? ", then " : "");
		err |= way_of(pf, plan, &plan->targets[i]);
	}
	return err;
}

/* --- the ladder ---------------------------------------------------------------- */

struct ladder {
	const struct route_query *asked;
	struct route_plan plan;
	unsigned nr;
	bool colour;
};

/* Colours are ours; what stands between them is shown as texts of strangers. */
static void paint(const struct ladder *ladder, const char *how)
{
	if (ladder->colour)
		fputs(how, stdout);
}

static void on_note(const struct route_note *note, void *arg)
{
	struct ladder *ladder = arg;
	const bool hit = note->why != ROUTE_WHY_NOT;
	const struct cfg_pos *pos = route_rule_pos(note->rule);
	const struct route_note_view view = {&ladder->plan, note};

	paint(ladder, hit ? bold : dim);
	cordctl_print(stdout, "%4u %c %-24s ", ++ladder->nr, hit ? '*' : '-',
		      note->rule ? route_rule_name(note->rule) : "users");
	if (pos && pos->file)
		cordctl_print(stdout, "%s:%u: ", pos->file, pos->line);
	cordctl_print(stdout, "%H", route_note_print, &view);
	paint(ladder, plain);
	putchar('\n');
}

static bool on_header(const char *name, unsigned nr, struct pl *value,
		      void *arg)
{
	const struct ladder *ladder = arg;

	return ladder->asked->headerh &&
	       ladder->asked->headerh(name, nr, value, ladder->asked->arg);
}

static void on_health(struct route_health *health,
		      const struct route_connection *conn, void *arg)
{
	const struct ladder *ladder = arg;

	if (ladder->asked->healthh)
		ladder->asked->healthh(health, conn, ladder->asked->arg);
}

static void print_target(const struct ladder *ladder, unsigned nr)
{
	const struct route_plan *plan = &ladder->plan;
	const struct route_target *target = &plan->targets[nr];
	const bool conn = target->kind == ROUTE_TO_CONNECTION;
	const bool good = !route_target_answers(target);
	const char *address = conn ? target->connection->peer.address : NULL;

	paint(ladder, good ? green : red);
	cordctl_print(stdout, "%4u. %s", nr + 1,
		      good ? route_target_name(target) : "");
	paint(ladder, plain);
	if (!good)
		cordctl_print(stdout, "%u %s", target->code, target->phrase);
	if (target->kind == ROUTE_TO_REDIRECT)
		cordctl_print(stdout, ", Contact: %r", &target->uri);
	if (target->retry_s)
		cordctl_print(stdout, ", Retry-After: %u", target->retry_s);
	if (target->group)
		cordctl_print(stdout, ", of group %s", target->group->name);
	if (conn)
		cordctl_print(stdout, " (%s%s%s), %s",
				route_conn_kind_name(target->connection->kind),
				address ? " " : "", address ? address : "",
				route_state_name(target->health));
	cordctl_print(stdout, "\n");
}

static void print_form(const struct route_plan *plan)
{
	const struct route_form *form = plan->targets[0].form;
	struct pl callee, caller;

	if (route_target_answers(&plan->targets[0]))
		return;
	pl_set_str(&callee, plan->callee);
	pl_set_str(&caller, plan->caller);
	cordctl_print(stdout, "sent: callee %r, caller %r",
			form ? &form->callee : &callee,
			form ? &form->caller : &caller);
	if (form && form->caller_id == ROUTE_CALLER_WITHHOLD)
		cordctl_print(stdout, " (withheld)");
	if (form && pl_isset(&form->display))
		cordctl_print(stdout, ", display \"%r\"", &form->display);
	for (unsigned i = 0; form && i < form->nheaders; i++) {
		const struct route_header *header = &form->headers[i];

		cordctl_print(stdout, pl_isset(&header->value) ? "\n  + %s: %r"
							 : "\n  - %s%r",
				header->name, &header->value);
	}
	cordctl_print(stdout, "\n");
}

static void print_left(const struct ladder *ladder)
{
	const struct route_plan *plan = &ladder->plan;

	for (unsigned i = 0; i < plan->nleft; i++) {
		const struct route_left *left = &plan->left[i];
		const char *why =
			left->why == ROUTE_PICK_NO_RATE ? "has no rate"
			: left->why == ROUTE_PICK_TAKEN ? "no room for it"
			: route_state_name(left->health.state);

		paint(ladder, red);
		cordctl_print(stdout, "   x %s: %s", left->connection->name,
			      why);
		paint(ladder, plain);
		putchar('\n');
	}
}

/* Schedules go by it, and who gave none has not said it. */
static int print_now(struct re_printf *pf, const uint64_t *now)
{
	const time_t s = (time_t)*now;
	char text[32];
	struct tm tm;

	if (!gmtime_r(&s, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return EINVAL;
	return re_hprintf(pf, "%s", text);
}

int cordctl_ladder(const struct route_table *table,
		   const struct route_query *query, bool colour)
{
	struct ladder *ladder = mem_zalloc(sizeof(*ladder), NULL);
	struct route_query asked = *query;

	if (!ladder)
		return ENOMEM;
	ladder->asked = query;
	ladder->colour = colour;
	asked.headerh = on_header;
	asked.healthh = on_health;
	asked.noteh = on_note;
	asked.arg = ladder;
	paint(ladder, bold);
	cordctl_print(stdout, "%r from \"%r\" to \"%r\", tenant %s%s%s, at %H",
		      &query->method, &query->caller, &query->callee,
		      query->tenant->id,
		      query->from ? ", by connection " : "",
		      query->from ? query->from->name : "", print_now,
		      &query->now);
	paint(ladder, plain);
	putchar('\n');
	(void)route_decide(table, &asked, &ladder->plan);
	cordctl_print(stdout, "targets:\n");
	for (unsigned i = 0; i < ladder->plan.ntargets; i++)
		print_target(ladder, i);
	print_left(ladder);
	print_form(&ladder->plan);
	mem_deref(ladder);
	return 0;
}
