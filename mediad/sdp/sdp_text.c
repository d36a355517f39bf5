/*
 * sdp_text.c  Pieces of SDP text: lines, words, numbers, character classes
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>

#include "mediad/sdp/sdp_text.h"

bool sdpm_cut(struct pl *part, struct pl *rest, char sep)
{
	const char *end;

	if (!rest->l)
		return false;

	end = memchr(rest->p, sep, rest->l);
	part->p = rest->p;
	part->l = end ? (size_t)(end - rest->p) : rest->l;
	rest->p += part->l;
	rest->l -= part->l;
	if (end) {
		++rest->p;
		--rest->l;
	}
	return true;
}

bool sdpm_word(struct pl *word, struct pl *rest)
{
	do {
		if (!sdpm_cut(word, rest, ' '))
			return false;
	} while (!word->l);

	return true;
}

bool sdpm_number(uint32_t *num, const struct pl *text, uint32_t max)
{
	uint64_t n = 0;

	if (!text->l || text->l > 10)
		return false;

	for (size_t i = 0; i < text->l; i++) {
		if (text->p[i] < '0' || text->p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text->p[i] - '0');
	}
	if (n > max)
		return false;

	*num = (uint32_t)n;
	return true;
}

bool sdpm_is(const struct pl *text, const char *exact)
{
	return text->l == strlen(exact) && !memcmp(text->p, exact, text->l);
}

bool sdpm_is_nocase(const struct pl *text, const char *name)
{
	return text->l == strlen(name) && !strncasecmp(text->p, name, text->l);
}

bool sdpm_same(const struct pl *a, const struct pl *b)
{
	return a->l == b->l && (!a->l || !memcmp(a->p, b->p, a->l));
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool all_of(const struct pl *text, const char *others)
{
	for (size_t i = 0; i < text->l; i++) {
		char c = text->p[i];

		if (!is_alnum(c) && (!c || !strchr(others, c)))
			return false;
	}
	return true;
}

bool sdpm_token(const struct pl *text, size_t max, const char *more)
{
	if (!text->l || text->l > max)
		return false;

	for (size_t i = 0; i < text->l; i++) {
		char c = text->p[i];

		if (!is_alnum(c) && (!c || (!strchr("!#$%&'*+-.^_`{|}~", c) &&
					    !strchr(more, c))))
			return false;
	}
	return true;
}

bool sdpm_ice_chars(const struct pl *text, size_t min, size_t max)
{
	return text->l >= min && text->l <= max && all_of(text, "+/");
}
