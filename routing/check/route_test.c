/*
 * route_test.c  The tests that a table brings along
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "routing/check/route_hint.h"
#include "routing/route_check.h"
#include "routing/route_conn.h"
#include "routing/route_priv.h"

enum {
	GOT_MAX = 300
};

/* What has been found wrong with one answer. */
struct verdict {
	const struct route_test *test;
	const struct route_plan *plan;
	char text[GOT_MAX];
	size_t used;
};

const char *route_target_name(const struct route_target *target)
{
	switch (target->kind) {
	case ROUTE_TO_USER:
		return target->user->name;
	case ROUTE_TO_SERVICE:
		if (target->announcement)
			return target->announcement->sound;
		return route_service_name(target->service);
	case ROUTE_TO_CONNECTION:
		return target->connection->name;
	case ROUTE_TO_REDIRECT:
		return "redirect";
	case ROUTE_TO_REJECT:
		break;
	}
	return "reject";
}

__attribute__((format(printf, 2, 3))) static void
wrong(struct verdict *verdict, const char *fmt, ...)
{
	size_t room = sizeof(verdict->text) - verdict->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(verdict->text + verdict->used, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		verdict->used += (size_t)n < room ? (size_t)n : room - 1;
}

static void mean(struct verdict *verdict, const char *meant)
{
	if (meant)
		wrong(verdict, " (did you mean \"%s\"?)", meant);
}

/* "a, b, c" */
static void join_targets(char *text, size_t size, const struct route_plan *plan)
{
	size_t used = 0;

	*text = '\0';
	for (unsigned i = 0; i < plan->ntargets && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 i ? ", " : "",
					 route_target_name(&plan->targets[i]));
}

static void join_names(char *text, size_t size, const struct route_expect *ex)
{
	size_t used = 0;

	*text = '\0';
	for (uint32_t i = 0; i < ex->nto && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 i ? ", " : "", ex->to[i]);
}

static void check_route(struct verdict *verdict)
{
	const struct route_plan *plan = verdict->plan;
	const char *got = plan->rule ? route_rule_name(plan->rule) : "users";
	const char *want = verdict->test->expect.route;

	if (!want || !strcmp(want, got))
		return;
	wrong(verdict, "; expected route \"%s\", got \"%s\"", want, got);
	mean(verdict, route_hint_route(plan->table, want));
}

static void check_to(struct verdict *verdict)
{
	const struct route_expect *ex = &verdict->test->expect;
	const struct route_plan *plan = verdict->plan;
	char want[GOT_MAX / 3], got[GOT_MAX / 3];
	bool same = ex->nto <= plan->ntargets;

	for (uint32_t i = 0; i < ex->nto && same; i++)
		same = !strcmp(ex->to[i],
			       route_target_name(&plan->targets[i]));
	if (same)
		return;
	join_names(want, sizeof(want), ex);
	join_targets(got, sizeof(got), plan);
	wrong(verdict, "; expected to %s, got %s", want, got);
	for (uint32_t i = 0; i < ex->nto; i++)
		mean(verdict, route_hint_target(plan->table, ex->to[i]));
}

static void check_numbers(struct verdict *verdict)
{
	const struct route_expect *ex = &verdict->test->expect;
	const struct route_plan *plan = verdict->plan;
	const struct route_target *first = &plan->targets[0];

	if (ex->targets && ex->targets != plan->ntargets)
		wrong(verdict, "; expected %u targets, got %u", ex->targets,
		      plan->ntargets);
	if (!ex->code || ex->code == first->code)
		return;
	if (first->code)
		wrong(verdict, "; expected code %u, got %u", ex->code,
		      first->code);
	else
		wrong(verdict, "; expected code %u, got a way to %s", ex->code,
		      route_target_name(first));
}

/* Of the query when nothing was rewritten. */
static void check_number(struct verdict *verdict, const char *key,
			 const char *want, const struct pl *sent)
{
	if (want && pl_strcmp(sent, want))
		wrong(verdict, "; expected %s %s, got %.*s", key, want,
		      (int)sent->l, sent->p);
}

static bool header_is(const struct route_form *form,
		      const struct route_ask_header *want)
{
	bool found = false;

	for (unsigned i = 0; form && i < form->nheaders; i++) {
		const struct route_header *header = &form->headers[i];

		if (str_casecmp(header->name, want->name))
			continue;
		found |= pl_isset(&header->value)
				 ? !pl_strcmp(&header->value, want->value)
				 : !*want->value;
	}
	return found;
}

static void check_form(struct verdict *verdict, const struct route_query *query)
{
	const struct route_expect *ex = &verdict->test->expect;
	const struct route_form *form = verdict->plan->targets[0].form;

	check_number(verdict, "callee", ex->callee,
		     form ? &form->callee : &query->callee);
	check_number(verdict, "caller", ex->caller,
		     form ? &form->caller : &query->caller);
	for (uint32_t i = 0; i < ex->nheaders; i++) {
		if (!header_is(form, &ex->headers[i]))
			wrong(verdict, "; expected header %s%s%s%s",
			      ex->headers[i].name,
			      *ex->headers[i].value ? ": " : "",
			      ex->headers[i].value,
			      *ex->headers[i].value ? "" : " taken away");
	}
}

static void check_left(struct verdict *verdict)
{
	const struct route_expect *ex = &verdict->test->expect;
	const struct route_plan *plan = verdict->plan;

	for (uint32_t i = 0; i < ex->nleft_out; i++) {
		unsigned k = 0;

		while (k < plan->nleft && strcmp(plan->left[k].connection->name,
						 ex->left_out[i]))
			++k;
		if (k == plan->nleft)
			wrong(verdict, "; expected %s to be left out",
			      ex->left_out[i]);
	}
}

static int say(const struct verdict *verdict, struct cfg_errors *errs)
{
	char *why = NULL;
	int err;

	cfg_errors_add(errs, &verdict->test->pos, "test \"%s\" fails%s",
		       verdict->test->name, verdict->text);
	err = re_sdprintf(&why, "%H", route_plan_explain, verdict->plan);
	if (err)
		return ENOMEM;
	cfg_errors_more(errs, why);
	mem_deref(why);
	return EINVAL;
}

static int run(const struct route_table *table,
	       const struct route_tenant *tenant, const struct route_test *test,
	       struct route_plan *plan, struct cfg_errors *errs)
{
	struct verdict verdict = {.test = test, .plan = plan};
	struct route_query query;
	int err = route_ask_query(&query, &test->when, table, tenant, errs);

	if (err)
		return err;
	(void)route_decide(table, &query, plan);
	check_route(&verdict);
	check_to(&verdict);
	check_numbers(&verdict);
	check_form(&verdict, &query);
	check_left(&verdict);
	return verdict.used ? say(&verdict, errs) : 0;
}

static bool too_late(const struct route_check_clock *clock, uint64_t end_ms)
{
	return clock && clock->now_ms(clock->arg) >= end_ms;
}

static int no_time(const struct route_test *test, struct cfg_errors *errs)
{
	cfg_errors_add(errs, &test->pos,
		       "the tests of this table take longer than %u s: \"%s\" "
		       "and those behind it were not run",
		       ROUTE_TESTS_MS / 1000, test->name);
	return EINVAL;
}

int route_tests_run(const struct route_table *table,
		    const struct route_check_clock *clock, uint32_t *ran,
		    struct cfg_errors *errs)
{
	const uint64_t end_ms =
		clock ? clock->now_ms(clock->arg) + ROUTE_TESTS_MS : 0;
	struct route_plan *plan = mem_zalloc(sizeof(*plan), NULL);
	const struct route_tenant *tenant;
	uint32_t count = 0;
	int err = plan ? 0 : ENOMEM, bad = 0;

	for (size_t i = 0; !err && (tenant = route_tenant_at(table, i)); i++) {
		for (uint32_t k = 0; k < tenant->ntests && !err; k++) {
			const struct route_test *test = &tenant->tests[k];

			if (too_late(clock, end_ms)) {
				err = no_time(test, errs);
				break;
			}
			++count;
			if (run(table, tenant, test, plan, errs))
				bad = EINVAL;
		}
	}
	if (ran)
		*ran = count;
	mem_deref(plan);
	return err ? err : bad;
}
