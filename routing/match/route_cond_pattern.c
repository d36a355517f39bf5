/*
 * route_cond_pattern.c  Patterns for who calls and who is called
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "routing/match/route_match.h"
#include "routing/route_priv.h"

static int load_pattern(struct route_cond *cond, struct route_cond_load *load,
			const char *pattern)
{
	struct route_regex *rx = NULL;
	char why[200];
	int err;

	if (!pattern)
		return ENOENT;
	/* within any, all and not nobody wants the captures */
	cond->n = load->depth == 0;
	err = route_regex_alloc(&rx, load->table->engine, pattern, why,
				sizeof(why));
	if (err == EINVAL)
		cfg_errors_add(load->errs, load->pos, "expected %s", why);
	cond->data = rx;
	return err;
}

void route_cond_pattern_close(struct route_cond *cond)
{
	cond->data = mem_deref(cond->data);
}

unsigned route_cond_groups(const struct route_cond *cond)
{
	return cond && cond->data ? route_regex_groups(cond->data) : 0;
}

static enum route_hit test(const struct route_cond *cond,
			   const struct route_input *input,
			   const struct pl *text,
			   struct route_captures *captures)
{
	return route_regex_match(cond->data, input->table->engine, text,
				 cond->n ? captures : NULL);
}

int route_cond_caller_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match)
{
	return load_pattern(cond, load, match->caller);
}

enum route_hit route_cond_caller_test(const struct route_cond *cond,
				      struct route_input *input)
{
	return test(cond, input, &input->caller, &input->in_caller);
}

int route_cond_callee_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match)
{
	return load_pattern(cond, load, match->callee);
}

enum route_hit route_cond_callee_test(const struct route_cond *cond,
				      struct route_input *input)
{
	return test(cond, input, &input->callee, &input->in_callee);
}
