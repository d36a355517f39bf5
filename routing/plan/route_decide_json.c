/*
 * route_decide_json.c  A decision as JSON, with all its steps
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "routing/plan/route_plan_json.h"

/* Those that the plan has at its end are not told before. */
enum {
	FIRST_MAX = ROUTE_STEPS_MAX - ROUTE_NOTES_MAX
};

struct steps {
	const struct route_query *asked;
	const struct route_plan *plan;
	struct mbuf *mb; /* of the first ones */
	size_t end[ROUTE_STEPS_MAX]; /* of each, in mb */
	uint32_t n;
	int err;
};

struct step {
	const struct route_plan *plan;
	const struct route_note *note;
	uint32_t nr;
};

static void steps_destructor(void *arg)
{
	struct steps *steps = arg;

	mem_deref(steps->mb);
}

static int print_step(struct re_printf *pf, const struct step *step)
{
	return route_json_note(pf, step->plan, step->note, step->nr);
}

static void on_note(const struct route_note *note, void *arg)
{
	struct steps *steps = arg;
	const struct step step = {steps->plan, note, steps->n};

	if (steps->n < FIRST_MAX) {
		steps->err |= mbuf_printf(steps->mb, "%s%H",
					  steps->n ? "," : "", print_step,
					  &step);
		steps->end[steps->n] = steps->mb->end;
	}
	++steps->n;
}

static bool on_header(const char *name, unsigned nr, struct pl *value,
		      void *arg)
{
	const struct route_query *asked = ((struct steps *)arg)->asked;

	return asked->headerh && asked->headerh(name, nr, value, asked->arg);
}

static void on_health(struct route_health *health,
		      const struct route_connection *conn, void *arg)
{
	const struct route_query *asked = ((struct steps *)arg)->asked;

	if (asked->healthh)
		asked->healthh(health, conn, asked->arg);
}

static uint32_t on_turn(const struct route_group *group, void *arg)
{
	const struct route_query *asked = ((struct steps *)arg)->asked;

	return asked->turnh(group, asked->arg);
}

/* The first ones as they were told, then those that the plan has kept. */
static int print_steps(struct re_printf *pf, const struct steps *steps)
{
	const struct route_plan *plan = steps->plan;
	const uint32_t last = route_json_kept(plan);
	const uint32_t first = min(last, (uint32_t)FIRST_MAX);
	int err = route_json_begin(pf, plan);

	if (first < last)
		err |= re_hprintf(pf, ",\"unlisted\":%u", last - first);
	err |= re_hprintf(pf, ",\"steps\":[");
	if (first)
		err |= re_hprintf(pf, "%b", steps->mb->buf,
				  steps->end[first - 1]);
	for (uint32_t i = last; i < plan->considered; i++) {
		err |= re_hprintf(pf, i ? "," : "");
		err |= route_json_note(pf, plan, &plan->notes[i % ROUTE_NOTES_MAX],
				 i);
	}
	return err | route_json_end(pf, plan);
}

int route_decide_json(struct mbuf *mb, const struct route_table *table,
		      const struct route_query *query,
		      struct route_plan *plan)
{
	struct steps *steps = mem_zalloc(sizeof(*steps), steps_destructor);
	struct route_query asked;
	int err;

	if (!steps)
		return ENOMEM;
	steps->asked = query;
	steps->plan = plan;
	steps->mb = mbuf_alloc(4096);
	asked = *query;
	asked.headerh = on_header;
	asked.healthh = on_health;
	asked.turnh = query->turnh ? on_turn : NULL;
	asked.noteh = on_note;
	asked.arg = steps;
	err = steps->mb ? route_decide(table, &asked, plan) : ENOMEM;
	err = err ? err : steps->err;
	if (!err && mbuf_printf(mb, "%H", print_steps, steps))
		err = ENOMEM;
	mem_deref(steps);
	return err;
}
