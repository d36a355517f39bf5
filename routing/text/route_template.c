/*
 * route_template.c  A text with the captures of a pattern put in
 *
 * "\1" and "${1}" are the first capture, "\0" is the whole; any other text
 * stands for itself. Names of users have neither a backslash nor braces with
 * a dollar in front, so that nothing needs escapes.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
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
				    "a capture from 0 to %u: the pattern "
				    "has no more",
				    groups);
			return false;
		}
		n = n ? n : 1;
	}
	return true;
}

/* Of a user part: unreserved and user-unreserved, without # and ?. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       is_digit(c) || (c && strchr("-_.!~*'()&=+$,;/", c));
}

static int put(struct route_text *to, const struct pl *part)
{
	if (part->l > to->size - to->len)
		return EOVERFLOW;
	if (part->l)
		memcpy(to->p + to->len, part->p, part->l);
	to->len += part->l;
	return 0;
}

static int put_escaped(struct route_text *to, const struct pl *part)
{
	static const char hex[] = "0123456789ABCDEF";
	int err = 0;

	for (size_t i = 0; i < part->l && !err; i++) {
		const uint8_t c = (uint8_t)part->p[i];
		const char code[3] = {'%', hex[c >> 4], hex[c & 15]};
		const struct pl same = {part->p + i, 1}, other = {code, 3};

		err = put(to, is_plain((char)c) ? &same : &other);
	}
	return err;
}

int route_template_write(struct route_text *to, const char *text,
			 const struct route_captures *captures, bool uri)
{
	const size_t start = to->len;
	unsigned group;
	int err = 0;

	while (*text && !err) {
		struct pl part = {text, 1};
		const size_t n = reference(text, &group);

		if (n)
			part = group < captures->count ? captures->group[group]
						       : pl_null;
		err = n && uri ? put_escaped(to, &part) : put(to, &part);
		text += n ? n : 1;
	}
	if (err)
		to->len = start;
	return err;
}

int route_template_expand(char *out, size_t size, const char *text,
			  const struct route_captures *captures)
{
	struct route_text to = {out, size - 1, 0};
	int err = route_template_write(&to, text, captures, false);

	out[to.len] = '\0';
	return err;
}
