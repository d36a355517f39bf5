/*
 * naughty.h  The Big List of Naughty Strings, one line each: as names, numbers
 *            and texts that somebody else gives
 *
 * The list stands in the shared suites alone, so a case that needs it is
 * skipped where they are absent, and says so. Where they are it has all of it,
 * or fails.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_NAUGHTY_H
#define TESTS_LIB_NAUGHTY_H

#include <string.h>
#include <re.h>

#include "tests/lib/test.h"

enum { NAUGHTY_LEAST = 500 }; /* lines, those of comments too */

typedef void(naughty_h)(const char *line, void *arg);

/* Each of them but empty lines; how many there were, 0: the case is skipped. */
static inline unsigned naughty_each(naughty_h *h, void *arg)
{
	const char *path = test_suite_path("strings/blns.txt");
	char *text, *save = NULL, *line;
	unsigned n = 0;

	if (!path) {
		test_skip("strings/blns.txt of the shared suites is absent");
		return 0;
	}
	text = (char *)test_read_file(path, NULL);
	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save), n++)
		h(line, arg);
	CHECK(n > NAUGHTY_LEAST);
	mem_deref(text);
	return n;
}

/* As YAML: in single quotes only the quote is doubled. */
static inline void naughty_quote(struct mbuf *mb, const char *line)
{
	int err = mbuf_write_u8(mb, '\'');

	for (const char *p = line; *p && !err; p++)
		err = mbuf_write_str(mb, *p == '\'' ? "'" : "") ||
		      mbuf_write_u8(mb, (uint8_t)*p);
	CHECK(!err && !mbuf_write_u8(mb, '\''));
}

#endif
