/*
 * route_template.c  A text with the captures of a pattern put in
 *
 * "\1" and "${1}" are the first capture, "\0" is the whole; any other text
 * stands for itself. Names of users have neither a backslash nor braces with
 * a dollar in front, so that nothing needs escapes.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/text/route_regex.h"
#include "routing/text/route_template.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many characters at p ask for a capture, and which. 0: none do. */
static size_t reference(const char *p, unsigned *group)
{
	if (p[0] == '\\' && is_digit(p[1])) {
		*group = (unsigned)(p[1] - '0');
		return 2;
	}
	if (p[0] == '$' && p[1] == '{' && is_digit(p[2]) && p[3] == '}') {
		*group = (unsigned)(p[2] - '0');
		return 4;
	}
	return 0;
}

bool route_template_check(const char *text, unsigned groups, bool *fixed,
			  char *why, size_t size)
{
	unsigned group;
	size_t n;

	*fixed = true;
	for (; *text; text += n) {
		n = reference(text, &group);
		if (!n && (*text == '\\' || !strncmp(text, "${", 2))) {
			re_snprintf(why, size,
				    "\\0 to \\9 or ${0} to ${9} for captures");
			return false;
		}
		if (n)
			*fixed = false;
		if (n && group > groups) {
			re_snprintf(why, size,
				    "a capture from 0 to %u: callee has no "
				    "more",
				    groups);
			return false;
		}
		n = n ? n : 1;
	}
	return true;
}

int route_template_expand(char *out, size_t size, const char *text,
			  const struct route_captures *captures)
{
	char *const start = out;
	unsigned group;
	size_t n;

	for (; *text; text += n) {
		struct pl part = {text, 1};

		n = reference(text, &group);
		if (n)
			part = group < captures->count ? captures->group[group]
						       : pl_null;
		if (part.l >= size) {
			*start = '\0';
			return EOVERFLOW;
		}
		if (part.l)
			memcpy(out, part.p, part.l);
		out += part.l;
		size -= part.l;
		n = n ? n : 1;
	}
	*out = '\0';
	return 0;
}
