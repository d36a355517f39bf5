/*
 * cordctl_diff.c  cordctl route diff: which calls would go another way
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "routing/route_check.h"
#include "sigd/cordctl/cordctl.h"

struct way {
	struct route_table *table;
	struct route_plan plan;
	struct mbuf *text;
	bool asked; /* it knows tenant and connection */
};

struct diff {
	const struct cordctl_opts *opts;
	struct way old, new;
	unsigned asked, other;
};

static void destructor(void *arg)
{
	struct diff *diff = arg;

	mem_deref(diff->old.table);
	mem_deref(diff->new.table);
	mem_deref(diff->old.text);
	mem_deref(diff->new.text);
}

static int go(struct way *way, const struct route_ask *ask)
{
	struct cfg_errors *errs = NULL;
	struct cfg_problem problem;
	struct route_query query;
	int err = cfg_errors_alloc(&errs);

	if (err)
		return err;
	mbuf_rewind(way->text);
	err = route_ask_query(&query, ask, way->table, NULL, errs);
	way->asked = !err;
	if (!err) {
		(void)route_decide(way->table, &query, &way->plan);
		err = mbuf_printf(way->text, "%H", cordctl_way, &way->plan);
	} else if (err == EINVAL && cfg_errors_at(errs, 0, &problem)) {
		/* a tenant or connection that only one of them has */
		err = mbuf_write_str(way->text, problem.text);
	}
	mem_deref(errs);
	return err;
}

static const char *route_of(const struct way *way)
{
	return !way->asked     ? "nothing"
	       : way->plan.rule ? route_rule_name(way->plan.rule)
				: "users";
}

static int print_way(struct re_printf *pf, const struct way *way)
{
	const struct mbuf *mb = way->text;

	return re_hprintf(pf, "%b (by %s)", mb->buf, mb->end, route_of(way));
}

static int json_way(struct re_printf *pf, const struct way *way)
{
	char text[1024];

	re_snprintf(text, sizeof(text), "%b", way->text->buf, way->text->end);
	return re_hprintf(pf, "{\"route\":%H,\"way\":%H}", cfg_print_json,
			  route_of(way), cfg_print_json, text);
}

static void print_text(const struct diff *diff, const struct route_ask *ask,
		       unsigned nr, const char *what)
{
	const bool colour = diff->opts->colour;

	if (what)
		(void)re_printf("test \"%s\" (line %u)", what, nr);
	else
		(void)re_printf("line %u", nr);
	(void)re_printf(": %s%s%s%s%s to %s\n", ask->tenant ? ask->tenant : "",
			ask->tenant ? ", " : "",
			*ask->caller ? ask->caller : "anonymous",
			ask->from ? " by " : "", ask->from ? ask->from : "",
			ask->callee);
	(void)re_printf("%s  - %H%s\n", colour ? "\x1b[31m" : "", print_way,
			&diff->old, colour ? "\x1b[0m" : "");
	(void)re_printf("%s  + %H%s\n", colour ? "\x1b[32m" : "", print_way,
			&diff->new, colour ? "\x1b[0m" : "");
}

static void print_json(const struct diff *diff, const struct route_ask *ask,
		       unsigned nr, const char *what)
{
	(void)re_printf("{\"line\":%u,\"test\":", nr);
	if (what)
		(void)re_printf("%H", cfg_print_json, what);
	else
		(void)re_printf("null");
	(void)re_printf(",\"tenant\":%H,\"caller\":%H,\"callee\":%H,"
			"\"old\":%H,\"new\":%H}\n",
			cfg_print_json, ask->tenant ? ask->tenant : "",
			cfg_print_json, ask->caller, cfg_print_json,
			ask->callee, json_way, &diff->old, json_way,
			&diff->new);
}

static int on_call(const struct route_ask *ask, unsigned nr, const char *what,
		   void *arg)
{
	struct diff *diff = arg;
	int err = go(&diff->old, ask);

	err = err ? err : go(&diff->new, ask);
	if (err)
		return err;
	++diff->asked;
	if (diff->old.text->end == diff->new.text->end &&
	    !memcmp(diff->old.text->buf, diff->new.text->buf,
		    diff->old.text->end))
		return 0;
	++diff->other;
	if (diff->opts->json)
		print_json(diff, ask, nr, what);
	else
		print_text(diff, ask, nr, what);
	return 0;
}

static int run(struct diff *diff)
{
	const struct cordctl_opts *opts = diff->opts;
	int err;

	if (opts->nfiles == 3) {
		err = cordctl_calls(opts->files[2], on_call, diff);
		if (err && err != EINVAL && err != ENOMEM) {
			(void)re_fprintf(stderr, "%s: %m\n", opts->files[2],
					 err);
			return CORDCTL_INPUT;
		}
	} else {
		err = cordctl_tests(diff->old.table, on_call, diff);
		err = err ? err : cordctl_tests(diff->new.table, on_call, diff);
	}
	if (err)
		return err == ENOMEM ? CORDCTL_SYSTEM : CORDCTL_WRONG;
	if (!opts->json)
		(void)re_printf("%u of %u go another way\n", diff->other,
				diff->asked);
	return diff->other ? CORDCTL_WRONG : CORDCTL_OK;
}

int cordctl_diff(const struct cordctl_opts *opts)
{
	struct diff *diff;
	int code;

	if (opts->nfiles != 2 && opts->nfiles != 3)
		return CORDCTL_USAGE;
	diff = mem_zalloc(sizeof(*diff), destructor);
	if (!diff)
		return CORDCTL_SYSTEM;
	diff->opts = opts;
	diff->old.text = mbuf_alloc(256);
	diff->new.text = mbuf_alloc(256);
	diff->old.table = cordctl_load(opts->files[0], &code);
	if (diff->old.table)
		diff->new.table = cordctl_load(opts->files[1], &code);
	if (!diff->old.text || !diff->new.text)
		code = CORDCTL_SYSTEM;
	if (!code)
		code = run(diff);
	mem_deref(diff);
	return code;
}
