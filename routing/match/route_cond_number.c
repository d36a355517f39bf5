/*
 * route_cond_number.c  Whose number is called: a pattern for its E.164 form,
 *                      and its country
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "routing/match/route_match.h"
#include "routing/route_priv.h"
#include "routing/number/country.h"

/* "+4930123 (a national number)", "alice is no number", ... */
static int print_number(struct re_printf *pf, const struct number *number)
{
	if (number->kind == NUMBER_NAME)
		return re_hprintf(pf, "the callee is no number");
	if (!number->e164[0])
		return re_hprintf(pf, "%s is %s", number->dialled.text,
				  number_kind_name(number->kind));
	return re_hprintf(pf, "%s", number->e164);
}

/* --- number --------------------------------------------------------------------- */

int route_cond_number_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match)
{
	struct route_regex *rx = NULL;
	char why[200];
	int err;

	if (!match->facts.number)
		return ENOENT;
	err = route_regex_alloc(&rx, load->table->engine, match->facts.number,
				why, sizeof(why));
	if (err == EINVAL)
		cfg_errors_add(load->errs, &match->pos, "number: expected %s",
			       why);
	cond->data = rx;
	return err;
}

enum route_hit route_cond_number_test(const struct route_cond *cond,
				      struct route_input *input)
{
	const struct number *number = route_input_number(input);
	struct pl text;

	if (!number->e164[0])
		return ROUTE_MISS;
	pl_set_str(&text, number->e164);
	return route_regex_match(cond->data, input->table->engine, &text, NULL);
}

void route_cond_number_close(struct route_cond *cond)
{
	cond->data = mem_deref(cond->data);
}

int route_cond_number_say(struct re_printf *pf, const struct route_cond *cond,
			  struct route_input *input)
{
	const struct number *number = route_input_number(input);
	int err = print_number(pf, number);

	(void)cond;
	if (number->e164[0])
		err = err ? err
			  : re_hprintf(pf, " (%s) does not match `number`",
				       number_kind_name(number->kind));
	return err;
}

/* --- number_country --------------------------------------------------------------- */

int route_cond_number_country_load(struct route_cond *cond,
				   struct route_cond_load *load,
				   const struct route_match *match)
{
	return route_match_names_keep(cond, load, &match->facts.number_country);
}

enum route_hit route_cond_number_country_test(const struct route_cond *cond,
					      struct route_input *input)
{
	const char *country = number_country(route_input_number(input)->e164);

	return country && route_match_names_has(cond->data, country)
		       ? ROUTE_HIT
		       : ROUTE_MISS;
}

int route_cond_number_country_say(struct re_printf *pf,
				  const struct route_cond *cond,
				  struct route_input *input)
{
	const struct number *number = route_input_number(input);
	const char *country = number_country(number->e164);
	int err = print_number(pf, number);

	if (number->e164[0])
		err = err ? err
			  : re_hprintf(pf, " is a number of %s",
				       country ? country : "no country");
	return err ? err
		   : re_hprintf(pf, ", %H", route_match_names_print,
				cond->data);
}
