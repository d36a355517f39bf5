/*
 * dialing.c  From what was dialled to E.164, and back
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/number/dialing.h"
#include "routing/text/route_regex.h"

static const struct dialing nothing;

bool number_is_e164(const char *text)
{
	size_t n;

	if (!text || text[0] != '+' || text[1] == '0')
		return false;
	n = strspn(text + 1, "0123456789");
	return !text[1 + n] && n >= NUMBER_E164_MIN && n <= NUMBER_E164_MAX;
}

/* "+", a, b and c are num's E.164 form, if that is one. */
static bool set(struct number *num, enum number_kind kind, const char *a,
		const char *b, const char *c)
{
	char text[TELNUM_MAX * 2];

	if (re_snprintf(text, sizeof(text), "+%s%s%s", a, b, c) < 0 ||
	    !number_is_e164(text))
		return false;
	str_ncpy(num->e164, text, sizeof(num->e164));
	num->kind = kind;
	return true;
}

static bool begins(const char *text, const char *with)
{
	return with && *with && !strncmp(text, with, strlen(with));
}

/* A pattern that gives up makes no short code: those stay as they are, and
 * a caller must not choose what does. */
static bool is_short(const struct dialing *dialing,
		     const struct route_engine *engine, const char *digits)
{
	struct pl text;

	pl_set_str(&text, digits);
	for (uint32_t i = 0; i < dialing->nshort_codes; i++) {
		if (dialing->compiled && engine &&
		    route_regex_match(dialing->compiled[i], engine, &text,
				      NULL) == ROUTE_HIT)
			return true;
	}
	return digits[strcspn(digits, "*#")];
}

/* The longest international prefix that it begins with; NULL: with none. */
static const char *abroad(const struct dialing *dialing, const char *digits)
{
	const char *best = NULL;

	for (uint32_t i = 0; i < dialing->ninternational; i++) {
		const char *prefix = dialing->international[i];

		if (begins(digits, prefix) &&
		    (!best || strlen(prefix) > strlen(best)))
			best = prefix;
	}
	return best;
}

/* 2125551234 and 12125551234 are one in North America. */
static bool is_whole(const struct dialing *dialing, const char *digits)
{
	return dialing->national_digits &&
	       strlen(digits) == dialing->national_digits;
}

static bool read_national(struct number *num, const struct dialing *dialing,
			  const char *digits)
{
	const char *prefix = dialing->national_prefix;
	const char *code = dialing->country_code;
	const char *rest =
		begins(digits, prefix) ? digits + strlen(prefix) : NULL;

	if (!code)
		return false;
	if (is_whole(dialing, digits) && !(rest && is_whole(dialing, rest)))
		return set(num, NUMBER_NATIONAL, code, digits, "");
	if (rest)
		return set(num, NUMBER_NATIONAL, code, rest, "");
	if (dialing->area_code)
		return set(num, NUMBER_LOCAL, code, dialing->area_code, digits);
	/* where no prefix is dialled every number is a whole one */
	if (!prefix && !dialing->national_digits)
		return set(num, NUMBER_NATIONAL, code, digits, "");
	return false;
}

static bool read_digits(struct number *num, const struct dialing *dialing,
			const struct route_engine *engine, const char *digits)
{
	const char *prefix;

	if (digits[0] == '+')
		return set(num, NUMBER_GLOBAL, digits + 1, "", "");
	if (is_short(dialing, engine, digits)) {
		num->kind = NUMBER_SHORT;
		return true;
	}
	prefix = abroad(dialing, digits);
	if (prefix)
		return set(num, NUMBER_ABROAD, digits + strlen(prefix), "", "");
	return read_national(num, dialing, digits);
}

void number_read(struct number *num, const struct dialing *dialing,
		 const struct route_engine *engine, const struct pl *text)
{
	num->kind = NUMBER_NAME;
	num->e164[0] = '\0';
	if (!telnum_read(&num->dialled, text))
		return;
	if (!read_digits(num, dialing ? dialing : &nothing, engine,
			 num->dialled.text))
		num->kind = NUMBER_UNKNOWN;
}

const char *number_kind_name(enum number_kind kind)
{
	static const char *const name[] = {
		[NUMBER_NAME] = "no number",
		[NUMBER_SHORT] = "a short code",
		[NUMBER_UNKNOWN] = "not to be read by `dialing`",
		[NUMBER_GLOBAL] = "a number with +",
		[NUMBER_ABROAD] = "a number with international prefix",
		[NUMBER_NATIONAL] = "a national number",
		[NUMBER_LOCAL] = "a local number",
	};

	return name[kind];
}

/* --- back ----------------------------------------------------------------- */

static bool comes_back(const struct dialing *dialing,
		       const struct route_engine *engine, const char *text,
		       const char *e164)
{
	struct number num;
	struct pl pl;

	pl_set_str(&pl, text);
	number_read(&num, dialing, engine, &pl);
	return !strcmp(num.e164, e164);
}

/* "" when the number is not one of this country. */
static void write_national(char *out, size_t size,
			   const struct dialing *dialing, const char *e164)
{
	const char *prefix = dialing->national_prefix;

	out[0] = '\0';
	if (begins(e164 + 1, dialing->country_code))
		(void)re_snprintf(out, size, "%s%s", prefix ? prefix : "",
				  e164 + 1 + strlen(dialing->country_code));
}

int number_write(char *out, size_t size, const struct dialing *dialing,
		 const struct route_engine *engine, const char *e164,
		 enum number_form form)
{
	char text[TELNUM_MAX + 1];

	if (!number_is_e164(e164) || !out || !size)
		return EINVAL;
	if (!dialing)
		dialing = &nothing;
	text[0] = '\0';
	if (form == NUMBER_FORM_NATIONAL)
		write_national(text, sizeof(text), dialing, e164);
	if (form == NUMBER_FORM_PLAIN)
		str_ncpy(text, e164 + 1, sizeof(text));
	else if (!text[0] || !comes_back(dialing, engine, text, e164))
		text[0] = '\0';
	if (!text[0] && form != NUMBER_FORM_E164 && dialing->ninternational)
		(void)re_snprintf(text, sizeof(text), "%s%s",
				  dialing->international[0], e164 + 1);
	if (form != NUMBER_FORM_PLAIN &&
	    (!text[0] || !comes_back(dialing, engine, text, e164)))
		str_ncpy(text, e164, sizeof(text));
	if (strlen(text) >= size)
		return EOVERFLOW;
	str_ncpy(out, text, size);
	return 0;
}
