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
#include "sigd/cordctl/cordctl_shown.h"

static const char red[] = "\x1b[31m", green[] = "\x1b[32m",
		  plain[] = "\x1b[0m";

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
	unsigned unasked; /* neither of them knows tenant or connection */
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

/* Whom it is from and where it would go is text of whoever called, when the
 * calls are those that were. */
static void print_way(const struct diff *diff, const char *paint,
		      const char *sign, const struct way *way)
{
	const struct mbuf *mb = way->text;
	char *text = NULL;

	if (re_sdprintf(&text, "%b (by %s)", mb->buf, mb->end, route_of(way)))
		return;
	(void)re_printf("%s  %s %H%s\n", diff->opts->colour ? paint : "", sign,
			cordctl_shown, text, diff->opts->colour ? plain : "");
	mem_deref(text);
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
	if (what)
		(void)re_printf("test \"%H\" (line %u)", cordctl_shown, what,
				nr);
	else
		(void)re_printf("line %u", nr);
	(void)re_printf(": %H%s%H%s%H to %H\n", cordctl_shown, ask->tenant,
			ask->tenant ? ", " : "", cordctl_shown,
			*ask->caller ? ask->caller : "anonymous",
			ask->from ? " by " : "", cordctl_shown, ask->from,
			cordctl_shown, ask->callee);
	print_way(diff, red, "-", &diff->old);
	print_way(diff, green, "+", &diff->new);
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

/* It says nothing about the tables, and is none of those that stay. */
static void print_unasked(const struct diff *diff, unsigned nr,
			  const char *what)
{
	const struct mbuf *why = diff->new.text;

	cordctl_print(stderr, "%s%s%sline %u%s: cannot be asked: %b\n",
		      what ? "test \"" : "", what ? what : "",
		      what ? "\" (" : "", nr, what ? ")" : "", why->buf,
		      why->end);
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
	if (!diff->old.asked && !diff->new.asked) {
		++diff->unasked;
		print_unasked(diff, nr, what);
		return 0;
	}
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

static bool same(const char *a, const char *b)
{
	return !a == !b && (!a || !strcmp(a, b));
}

static bool same_address(const struct sa *a, const struct sa *b)
{
	const bool is_set = sa_isset(a, SA_ADDR);

	return is_set == sa_isset(b, SA_ADDR) &&
	       (!is_set || sa_cmp(a, b, SA_ADDR));
}

static bool same_ask(const struct route_ask *a, const struct route_ask *b)
{
	bool is = same(a->tenant, b->tenant) && same(a->from, b->from) &&
		  same(a->method, b->method) && same(a->caller, b->caller) &&
		  same(a->callee, b->callee) && same(a->time, b->time) &&
		  same_address(&a->source, &b->source) &&
		  a->seed == b->seed && a->nheaders == b->nheaders &&
		  a->nhealth == b->nhealth;

	for (uint32_t i = 0; is && i < a->nheaders; i++)
		is = same(a->headers[i].name, b->headers[i].name) &&
		     same(a->headers[i].value, b->headers[i].value);
	for (uint32_t i = 0; is && i < a->nhealth; i++)
		is = same(a->health[i].name, b->health[i].name) &&
		     a->health[i].state == b->health[i].state;
	return is;
}

struct twin {
	const struct route_ask *ask;
	const char *name;
};

static int on_old_test(const struct route_ask *ask, unsigned nr,
		       const char *what, void *arg)
{
	const struct twin *twin = arg;
	(void)nr;

	return same(what, twin->name) && same_ask(ask, twin->ask) ? EALREADY
								   : 0;
}

/* Those that the old table has as well were asked before. */
static int on_new_test(const struct route_ask *ask, unsigned nr,
		       const char *what, void *arg)
{
	struct diff *diff = arg;
	struct twin twin = {ask, what};

	if (cordctl_tests(diff->old.table, on_old_test, &twin) == EALREADY)
		return 0;
	return on_call(ask, nr, what, diff);
}

static int ask_all(struct diff *diff)
{
	const struct cordctl_opts *opts = diff->opts;
	int err;

	if (opts->nfiles == 3)
		return cordctl_calls(opts->files[2], on_call, diff);
	err = cordctl_tests(diff->old.table, on_call, diff);
	return err ? err : cordctl_tests(diff->new.table, on_new_test, diff);
}

static int run(struct diff *diff)
{
	const struct cordctl_opts *opts = diff->opts;
	int err = ask_all(diff);

	if (err && err != EINVAL && err != ENOMEM) {
		(void)re_fprintf(stderr, "%s: %m\n", opts->files[2], err);
		return CORDCTL_INPUT;
	}
	if (err)
		return err == ENOMEM ? CORDCTL_SYSTEM : CORDCTL_WRONG;
	if (!opts->json) {
		(void)re_printf("%u of %u go another way", diff->other,
				diff->asked);
		if (diff->unasked)
			(void)re_printf(", %u cannot be asked", diff->unasked);
		(void)re_printf("\n");
	}
	if (opts->nfiles == 3 && !diff->asked) {
		(void)re_fprintf(stderr, "%s: no call is in it\n",
				 opts->files[2]);
		return CORDCTL_WRONG;
	}
	return diff->other || diff->unasked ? CORDCTL_WRONG : CORDCTL_OK;
}

int cordctl_diff(const struct cordctl_opts *opts)
{
	struct diff *diff;
	int code;

	if (opts->nfiles != 2 && opts->nfiles != 3) {
		(void)re_fprintf(stderr, "cordctl: diff needs OLD and NEW\n");
		return CORDCTL_USAGE;
	}
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
