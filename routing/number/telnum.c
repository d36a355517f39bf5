/*
 * telnum.c  What somebody dialled, without what is only for the eye
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/number/telnum.h"

static bool is_separator(char c)
{
	/* RFC 3966 section 3, and the space that people type */
	return c == '-' || c == '.' || c == '(' || c == ')' || c == ' ';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The text up to the next ';', which is taken from rest. */
static struct pl part(struct pl *rest)
{
	const char *end = rest->l ? memchr(rest->p, ';', rest->l) : NULL;
	struct pl first = *rest;

	if (end)
		first.l = (size_t)(end - rest->p);
	pl_advance(rest, (ssize_t)(first.l + (end ? 1 : 0)));
	return first;
}

static bool begins(const struct pl *text, const char *with)
{
	const size_t len = strlen(with);

	return text->l >= len && !strncasecmp(text->p, with, len);
}

/* Adds what is no separator; false when something else is in it. */
static bool add(struct telnum *num, const struct pl *text)
{
	size_t len = strlen(num->text);
	const bool global =
		num->text[0] == '+' || (!len && text->l && text->p[0] == '+');

	for (size_t i = 0; i < text->l; i++) {
		const char c = text->p[i];

		if (is_separator(c))
			continue;
		/* only local numbers have * and # */
		if (!is_digit(c) && !(c == '+' && !len) &&
		    (global || (c != '*' && c != '#')))
			return false;
		if (len == TELNUM_MAX)
			return false;
		num->text[len++] = c;
		num->text[len] = '\0';
	}
	return true;
}

/* "+49 (0)30" shows the national prefix to those who need it (ITU-T E.123
 * advises against it): it is no part of the number. */
static bool add_global(struct telnum *num, const struct pl *text)
{
	const char *zero = text->l ? memmem(text->p, text->l, "(0)", 3) : NULL;
	struct pl head = *text, tail;

	if (!zero || text->p[0] != '+')
		return add(num, text);
	head.l = (size_t)(zero - text->p);
	tail.p = zero + 3;
	tail.l = text->l - head.l - 3;
	return add(num, &head) && add(num, &tail);
}

static bool find_context(struct pl *context, struct pl params)
{
	static const char name[] = "phone-context=";

	while (params.l) {
		*context = part(&params);
		if (!begins(context, name))
			continue;
		pl_advance(context, (ssize_t)strlen(name));
		return context->l && context->p[0] == '+';
	}
	return false;
}

bool telnum_read(struct telnum *num, const struct pl *text)
{
	struct pl rest, local, context;
	bool ok = true;

	num->text[0] = '\0';
	if (!text || !text->p)
		return false;
	rest = *text;
	if (begins(&rest, "tel:"))
		pl_advance(&rest, 4);
	local = part(&rest);
	if (local.l && local.p[0] != '+' && find_context(&context, rest))
		ok = add(num, &context);
	ok = ok && add_global(num, &local);
	if (ok && strcspn(num->text, "0123456789*#") < strlen(num->text))
		return true;
	num->text[0] = '\0';
	return false;
}
