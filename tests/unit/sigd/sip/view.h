/*
 * view.h  A message of a test: its bytes in a block of exactly their size, so
 *         that the sanitizer sees a read past the end, and its view
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UNIT_SIGD_SIP_VIEW_H
#define TESTS_UNIT_SIGD_SIP_VIEW_H

#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "sigd/sip/smsg.h"
#include "tests/lib/test.h"

struct view {
	uint8_t *buf;
	struct smsg msg;
	struct smsg_err why;
	int err;
};

static inline void view_bytes(struct view *v, const void *data, size_t len)
{
	v->buf = malloc(len ? len : 1);
	if (!v->buf)
		abort();
	memcpy(v->buf, data, len);
	v->err = smsg_decode(&v->msg, v->buf, len, NULL, &v->why);
}

static inline void view_text(struct view *v, const char *text)
{
	view_bytes(v, text, strlen(text));
}

static inline void view_close(struct view *v)
{
	free(v->buf);
	v->buf = NULL;
}

/* A borrowed text as pl. */
static inline struct pl text(const char *s)
{
	return (struct pl){s, strlen(s)};
}

static inline bool is(const struct pl *pl, const char *s)
{
	if (!pl_strcmp(pl, s))
		return true;
	re_printf("# is \"%r\", want \"%s\"\n", pl, s);
	return false;
}

#endif
