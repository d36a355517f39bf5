/*
 * fuzz_pattern.c  A pattern of a route, and texts: what it is known to begin
 *                 and end with, or to hold, rules out no text that it matches
 *
 * The first line is the pattern, each other one a text. The truth is the same
 * pattern in a way that is not looked into.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "routing/text/route_regex.h"
#include "tests/lib/fuzz.h"

enum {
	TEXTS_MAX = 20,
	PATTERN_MAX = 200
};

static struct pl line_of(struct pl *rest)
{
	const char *end = memchr(rest->p, '\n', rest->l);
	struct pl line = {rest->p, end ? (size_t)(end - rest->p) : rest->l};

	pl_advance(rest, (ssize_t)(line.l + (end ? 1 : 0)));
	return line;
}

static void check(const struct route_regex *fast,
		  const struct route_regex *slow,
		  const struct route_engine *engine, const struct pl *text)
{
	struct route_captures captures = {.count = 0};
	enum route_hit a = route_regex_match(fast, engine, text, &captures);
	enum route_hit b = route_regex_match(slow, engine, text, NULL);

	for (unsigned i = 0; a == ROUTE_HIT && i < captures.count; i++) {
		const struct pl *group = &captures.group[i];

		if (group->p && (group->p < text->p ||
				 group->p + group->l > text->p + text->l))
			abort();
	}
	/* who gives up has found nothing out, whichever of the two */
	if (a == ROUTE_GAVE_UP || b == ROUTE_GAVE_UP)
		return;
	if (a != b || (a == ROUTE_HIT && !route_regex_can(fast, text)))
		abort();
}

static void ask(const struct route_engine *engine, const char *pattern,
		struct pl rest)
{
	struct route_regex *fast = NULL, *slow = NULL;
	char bare[PATTERN_MAX + 10], why[160];

	/* options stand at the begin of a pattern alone */
	re_snprintf(bare, sizeof(bare), "(?=)(?:%s)", pattern);
	if (!route_regex_alloc(&fast, engine, pattern, why, sizeof(why)) &&
	    !route_regex_alloc(&slow, engine, bare, why, sizeof(why))) {
		for (unsigned i = 0; i < TEXTS_MAX && rest.l; i++) {
			const struct pl text = line_of(&rest);

			check(fast, slow, engine, &text);
		}
	}
	mem_deref(fast);
	mem_deref(slow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl rest = {(const char *)data, size}, line;
	struct route_engine *engine = NULL;
	char pattern[PATTERN_MAX];

	if (!size || route_engine_alloc(&engine))
		return 0;
	line = line_of(&rest);
	/* "(?#" and "\Q" could swallow what is put behind it; "(*" and numbers
	 * of groups mean something else there */
	if (!pl_strcpy(&line, pattern, sizeof(pattern)) &&
	    strlen(pattern) == line.l && !strstr(pattern, "(?#") &&
	    !strstr(pattern, "\\Q") && !strstr(pattern, "(*") &&
	    !strstr(pattern, "(?R") && !strstr(pattern, "(?0"))
		ask(engine, pattern, rest);
	mem_deref(engine);
	return 0;
}
