/*
 * test_redis_reply.c  Replies in few pieces of memory are those of hiredis
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/redis_priv.h"
#include "tests/lib/test.h"

/* hiredis has a macro of the name of one of our types */
enum { VALUE_ERR = REDIS_ERR };
#include <hiredis/hiredis.h>

enum { ROUNDS = 150 };

/* --- replies of any shape ------------------------------------------------------ */

static uint32_t seed;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static size_t any_length(void)
{
	static const uint32_t below[] = {2, 40, 40, 40, 3000, 70000};

	return any(below[any(6)]);
}

static void text_put(struct mbuf *mb)
{
	const size_t len = any_length();

	CHECK(!mbuf_printf(mb, "$%zu\r\n", len));
	CHECK(!len || !mbuf_fill(mb, 0, len));
	for (size_t i = 0; i < len; i++)
		mb->buf[mb->end - len + i] = (uint8_t)any(256);
	CHECK(!mbuf_write_str(mb, "\r\n"));
}

static void reply_put(struct mbuf *mb, unsigned depth)
{
	const uint32_t kind = any(depth < 6 ? 8 : 6);
	size_t n;

	switch (kind) {
	case 0:
		CHECK(!mbuf_printf(mb, ":%u\r\n", any(1000000)));
		break;
	case 1:
		CHECK(!mbuf_write_str(mb, any(2) ? "$-1\r\n" : "*-1\r\n"));
		break;
	case 2:
		CHECK(!mbuf_write_str(mb, any(2) ? "+OK\r\n"
						 : "-ERR it failed\r\n"));
		break;
	case 6:
	case 7:
		n = any(depth ? 12 : 300);
		CHECK(!mbuf_printf(mb, "*%zu\r\n", n));
		for (size_t i = 0; i < n; i++)
			reply_put(mb, depth + 1);
		break;
	default:
		text_put(mb);
		break;
	}
}

static enum redis_type type_of(const redisReply *theirs)
{
	static const enum redis_type types[] = {
		[REDIS_REPLY_STRING] = REDIS_STR,
		[REDIS_REPLY_ARRAY] = REDIS_ARRAY,
		[REDIS_REPLY_INTEGER] = REDIS_INT,
		[REDIS_REPLY_NIL] = REDIS_NIL,
		[REDIS_REPLY_STATUS] = REDIS_STATUS,
		[REDIS_REPLY_ERROR] = (enum redis_type)VALUE_ERR,
	};

	return types[theirs->type];
}

static bool equal(const struct redis_val *ours, const redisReply *theirs)
{
	const size_t len = theirs->str ? (size_t)theirs->len : 0;

	if (ours->type != type_of(theirs))
		return false;
	if (ours->type == REDIS_INT)
		return ours->num == theirs->integer && !*ours->str;
	if (ours->type != REDIS_ARRAY)
		return ours->len == len && !ours->str[len] &&
		       (!len || !memcmp(ours->str, theirs->str, len));
	if (ours->len != theirs->elements)
		return false;
	for (size_t i = 0; i < ours->len; i++)
		if (!equal(&ours->el[i], theirs->element[i]))
			return false;
	return true;
}

/* What hiredis itself looks at. */
static bool is_told(const redisReply *ours, const redisReply *theirs)
{
	return ours->type == theirs->type &&
	       (ours->type != REDIS_REPLY_ERROR ||
		!strcmp(ours->str, theirs->str));
}

/* In pieces, as they come from a socket. */
static redisReply *read_all(redisReader *reader, const struct mbuf *mb,
			    size_t piece)
{
	void *reply = NULL;

	for (size_t at = 0; at < mb->end; at += piece) {
		CHECK(!reply);
		CHECK_INT(redisReaderFeed(reader, (char *)mb->buf + at,
					  min(piece, mb->end - at)),
			  REDIS_OK);
		CHECK_INT(redisReaderGetReply(reader, &reply), REDIS_OK);
	}
	return reply;
}

static void they_are_what_hiredis_makes(void)
{
	struct mbuf *mb = mbuf_alloc(4096);
	redisReader *ours = redisReaderCreate();
	redisReader *theirs = redisReaderCreate();

	redis_reply_use(ours);
	for (unsigned i = 0; i < ROUNDS; i++) {
		redisReply *a, *b;

		seed = i;
		mbuf_rewind(mb);
		reply_put(mb, 0);
		a = read_all(ours, mb, 1 + any(i % 3 ? 50000 : 2000));
		b = read_all(theirs, mb, SIZE_MAX / 2);
		if (!CHECK(a && b && is_told(a, b) &&
			   equal(redis_reply_val(a), b)))
			re_printf("# seed %u\n", i);
		redis_reply_free(a);
		freeReplyObject(b);
	}
	redisReaderFree(ours);
	redisReaderFree(theirs);
	mem_deref(mb);
}

/* --- what ends too early ------------------------------------------------------- */

static void fed(const char *text, int want)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	redis_reply_use(reader);
	CHECK_INT(redisReaderFeed(reader, text, strlen(text)), REDIS_OK);
	CHECK_INT(redisReaderGetReply(reader, &reply), want);
	CHECK(!reply);
	redisReaderFree(reader);
}

static void half_a_reply_is_freed(void)
{
	fed("*3\r\n$5\r\nhello\r\n*2\r\n:1\r\n", REDIS_OK);
	fed("*2\r\n$5\r\nhello\r\n*20\r\n$3\r\nabc\r\n?", REDIS_ERR);
	fed("$5\r\nhel", REDIS_OK);
	fed("*x\r\n", REDIS_ERR);
}

static void an_array_of_what_nobody_has_is_refused(void)
{
	fed("*2147483647\r\n", REDIS_ERR);
	fed("*2\r\n:1\r\n*2000000000\r\n", REDIS_ERR);
}

static void none_is_no_reply(void)
{
	redis_reply_free(NULL);
}

TEST_MAIN(TEST(they_are_what_hiredis_makes), TEST(half_a_reply_is_freed),
	  TEST(an_array_of_what_nobody_has_is_refused),
	  TEST(none_is_no_reply))
