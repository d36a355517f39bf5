/*
 * schar.c  Character classes of the SIP grammar
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/sip/schar.h"

enum {
	/* unreserved, and what alphanum and '-', '.' are besides */
	UNRESERVED = SCHAR_USER | SCHAR_UPARAM | SCHAR_UHDR | SCHAR_WORD |
		     SCHAR_VALUE,
	NAME = UNRESERVED | SCHAR_TOKEN,
	LETTER = NAME | SCHAR_HOST | SCHAR_ALPHA,
	VISIBLE = SCHAR_VALUE,
};

const uint16_t schar_class[256] = {
	['0' ... '9'] = NAME | SCHAR_HOST | SCHAR_DIGIT | SCHAR_HEX | SCHAR_V6 |
			SCHAR_TEL,
	['a' ... 'f'] = LETTER | SCHAR_HEX | SCHAR_V6 | SCHAR_TEL,
	['A' ... 'F'] = LETTER | SCHAR_HEX | SCHAR_V6 | SCHAR_TEL,
	['g' ... 'z'] = LETTER,
	['G' ... 'Z'] = LETTER,
	['-'] = NAME | SCHAR_HOST | SCHAR_TEL,
	['.'] = NAME | SCHAR_HOST | SCHAR_V6 | SCHAR_TEL,
	['_'] = NAME | SCHAR_HOST,
	['!'] = NAME,
	['~'] = NAME,
	['\''] = NAME,
	['*'] = NAME | SCHAR_TEL,
	['('] = UNRESERVED | SCHAR_TEL,
	[')'] = UNRESERVED | SCHAR_TEL,
	['%'] = SCHAR_TOKEN | SCHAR_WORD | VISIBLE,
	['`'] = SCHAR_TOKEN | SCHAR_WORD | VISIBLE,
	['+'] = NAME | SCHAR_TEL,
	['&'] = SCHAR_USER | SCHAR_UPARAM | VISIBLE,
	['='] = SCHAR_USER | VISIBLE,
	['$'] = SCHAR_USER | SCHAR_UPARAM | SCHAR_UHDR | VISIBLE,
	[','] = SCHAR_USER,
	[';'] = SCHAR_USER,
	['?'] = SCHAR_USER | SCHAR_UHDR | SCHAR_WORD | VISIBLE,
	['/'] = SCHAR_USER | SCHAR_UPARAM | SCHAR_UHDR | SCHAR_WORD | VISIBLE,
	['#'] = SCHAR_USER | SCHAR_TEL | VISIBLE,
	['['] = SCHAR_UPARAM | SCHAR_UHDR | SCHAR_WORD | VISIBLE,
	[']'] = SCHAR_UPARAM | SCHAR_UHDR | SCHAR_WORD | VISIBLE,
	[':'] = SCHAR_UPARAM | SCHAR_UHDR | SCHAR_WORD | SCHAR_V6 | VISIBLE,
	['@'] = VISIBLE,
	['^'] = VISIBLE,
	['|'] = VISIBLE,
	['{'] = SCHAR_WORD | VISIBLE,
	['}'] = SCHAR_WORD | VISIBLE,
	['<'] = SCHAR_WORD,
	['>'] = SCHAR_WORD,
	['\\'] = SCHAR_WORD,
	['"'] = SCHAR_WORD,
};

const char *schar_quoted(const char *p, const char *end)
{
	for (++p; p < end; ++p) {
		if (*p == '"')
			return p + 1;
		if (*p == '\\')
			++p;
	}
	return NULL;
}
