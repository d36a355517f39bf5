/*
 * route_cond_say.c  Why a condition did not hold: texts of the request in
 *                   words for people
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/match/route_match.h"

enum {
	TEXT_MAX = 80, /* of what somebody else has said */
	NAMES_MAX = 8
};

int route_say_text(struct re_printf *pf, const struct pl *text)
{
	const size_t n = min(text->l, (size_t)TEXT_MAX);
	int err = re_hprintf(pf, "\"");

	for (size_t i = 0; i < n && !err; i++) {
		const char c = text->p[i];

		err = pf->vph(c >= ' ' && c <= '~' ? &c : "?", 1, pf->arg);
	}
	return err | re_hprintf(pf, n < text->l ? "...\"" : "\"");
}

int route_say_names(struct re_printf *pf, const char *const *names, uint32_t n)
{
	int err = 0;

	for (uint32_t i = 0; i < n && !err; i++) {
		if (i == NAMES_MAX)
			return re_hprintf(pf, "...");
		err = re_hprintf(pf, "%s%s", i ? ", " : "", names[i]);
	}
	return err;
}

static int say_pattern(struct re_printf *pf, const char *whose,
		       const struct route_cond *cond, const struct pl *text)
{
	return re_hprintf(pf, "the %s %H does not match '%s'", whose,
			  route_say_text, text, route_regex_text(cond->data));
}

int route_cond_callee_say(struct re_printf *pf, const struct route_cond *cond,
			  struct route_input *input)
{
	return say_pattern(pf, "callee", cond, &input->callee);
}

int route_cond_caller_say(struct re_printf *pf, const struct route_cond *cond,
			  struct route_input *input)
{
	return say_pattern(pf, "caller", cond, &input->caller);
}

struct names {
	const char *const *list;
	uint32_t n;
};

static int print_names(struct re_printf *pf, const struct names *names)
{
	return route_say_names(pf, names->list, names->n);
}

int route_cond_prefix_say(struct re_printf *pf, const struct route_cond *cond,
			  struct route_input *input)
{
	const struct names names = {cond->data, cond->n};
	const char *number = route_input_number(input)->e164;
	const char *e164 = pl_strcmp(&input->callee, number) ? number : "";

	return re_hprintf(pf, "the callee %H%s%s%s does not begin with %H",
			  route_say_text, &input->callee, *e164 ? " (" : "",
			  e164, *e164 ? ")" : "", print_names, &names);
}

int route_cond_method_say(struct re_printf *pf, const struct route_cond *cond,
			  struct route_input *input)
{
	int err = re_hprintf(pf, "the method %H is not", route_say_text,
			     &input->query->method);
	bool any = false;

	for (enum route_method m = ROUTE_INVITE; m <= ROUTE_INFO && !err; m++) {
		if (!(cond->n & 1u << m))
			continue;
		err = re_hprintf(pf, "%s %s", any ? "," : "",
				 route_method_name(m));
		any = true;
	}
	return err;
}

/* What holds, and must not. */
int route_cond_not_say(struct re_printf *pf, const struct route_cond *cond,
		       struct route_input *input)
{
	const struct route_conds *conds = cond->data;
	int err = re_hprintf(pf, "%s:", cond->kind->words);
	(void)input;

	for (uint32_t i = 0; i < conds->n && !err; i++)
		err = re_hprintf(pf, "%s %s", i ? "," : "",
				 conds->list[i].kind->key);
	return err;
}
