/*
 * schar.h  Character classes of the SIP grammar (RFC 3261 section 25.1)
 *
 * For the files of this folder only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SCHAR_H
#define SIGD_SIP_SCHAR_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

enum {
	SCHAR_TOKEN = 1 << 0,  /* token */
	SCHAR_WORD = 1 << 1,   /* word: Call-ID, without the @ */
	SCHAR_USER = 1 << 2,   /* user and password, but for escapes; and '#',
				  which many telephones do not escape */
	SCHAR_UPARAM = 1 << 3, /* paramchar of a URI, but for escapes */
	SCHAR_UHDR = 1 << 4,   /* hname and hvalue, but for escapes */
	SCHAR_HOST = 1 << 5,   /* host name; and '_', which container names
				  have */
	SCHAR_V6 = 1 << 6,     /* inside an IPv6 reference */
	SCHAR_DIGIT = 1 << 7,
	SCHAR_HEX = 1 << 8,
	SCHAR_ALPHA = 1 << 9,
	SCHAR_VALUE = 1 << 10, /* unquoted value of a header parameter: any
				   visible one that separates nothing */
	SCHAR_TEL = 1 << 11,   /* phonedigit-hex, '+' (RFC 3966) */
};

extern const uint16_t schar_class[256];

static inline bool schar_is(char c, unsigned mask)
{
	return (schar_class[(uint8_t)c] & mask) != 0;
}

/* First character from p that is not of the class. */
static inline const char *schar_span(const char *p, const char *end,
				     unsigned mask)
{
	while (p < end && schar_is(*p, mask))
		++p;
	return p;
}

/* The same, where %HH is of every class; a bad escape ends the span. */
static inline const char *schar_span_esc(const char *p, const char *end,
					 unsigned mask)
{
	for (;;) {
		p = schar_span(p, end, mask);
		if (end - p < 3 || *p != '%' || !schar_is(p[1], SCHAR_HEX) ||
		    !schar_is(p[2], SCHAR_HEX))
			return p;
		p += 3;
	}
}

/* The end of a text; an unset one has no address to add to. */
static inline const char *schar_end(const struct pl *pl)
{
	return pl->l ? pl->p + pl->l : pl->p;
}

static inline void schar_set(struct pl *pl, const char *p, const char *end)
{
	pl->p = p;
	pl->l = (size_t)(end - p);
}

/* Linear white space; folds are gone by now. */
static inline const char *schar_lws(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		++p;
	return p;
}

/* Behind the closing quote of the string that opens at p; NULL: none. */
const char *schar_quoted(const char *p, const char *end);

#endif
