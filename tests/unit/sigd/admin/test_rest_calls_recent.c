/*
 * test_rest_calls_recent.c  A list of calls that have ended, and how they
 *                           sounded
 *
 * Here are the answers of Redis: calls end one after the other in sixteen
 * shards, each a millisecond after the one before. Most have a figure, all
 * another one than their neighbours.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "sigd/admin/rest_calls.h"
#include "tests/lib/test.h"

enum { CALLS = 1000, SHARDS = 16, FIELDS = 6, LIST_MAX = 64, BORN_MS = 5000 };

static struct {
	char ids[CALLS][ID_LEN + 1], entries[CALLS][24];
	struct redis_val fields[CALLS][FIELDS], entry[CALLS][2];
	struct redis_val list[LIST_MAX], said;
	unsigned lists, pipes, asked;
	size_t most; /* calls of one pipe */
} bed;

/* 3.00 to 3.99; one of eleven was too short to have any: 0. */
static unsigned mos_of(unsigned nr)
{
	return nr % 11 ? 300 + nr % 100 : 0;
}

static struct redis_val str(const char *text)
{
	return (struct redis_val){
		.type = REDIS_STR, .str = text, .len = strlen(text)};
}

static void bed_init(void)
{
	memset(&bed, 0, sizeof(bed));
	for (unsigned i = 0; i < CALLS; i++) {
		const struct redis_val fields[FIELDS] = {
			str("call"), str(bed.ids[i]), str("tenant"),
			str("t0"), str("reason"), str("hangup")};

		re_snprintf(bed.ids[i], sizeof(bed.ids[0]), "%x%015x",
			    i % SHARDS, i);
		re_snprintf(bed.entries[i], sizeof(bed.entries[0]), "%u-0",
			    BORN_MS + i);
		memcpy(bed.fields[i], fields, sizeof(fields));
		bed.fields[i][1].len = ID_LEN;
		bed.entry[i][0] = str(bed.entries[i]);
		bed.entry[i][1] = (struct redis_val){.type = REDIS_ARRAY,
						     .el = bed.fields[i],
						     .len = FIELDS};
	}
}

/* XREVRANGE key [(]ms-seq since COUNT n */
static void list_say(const struct redis_arg *argv)
{
	const char *from = argv[2].data, *key = argv[1].data;
	const bool behind = *from == '(';
	const unsigned long long ms = strtoull(from + behind, NULL, 10);
	const unsigned long shard = strtoul(key + strlen("cb:{c:"), NULL, 16);
	const size_t most = (size_t)atoi(argv[5].data);

	++bed.lists;
	bed.said = (struct redis_val){.type = REDIS_ARRAY, .el = bed.list};
	for (unsigned i = CALLS; i-- > 0 && bed.said.len < most;) {
		if (i % SHARDS == shard && BORN_MS + i <= ms &&
		    !(behind && BORN_MS + i == ms))
			bed.list[bed.said.len++] = (struct redis_val){
				.type = REDIS_ARRAY,
				.el = bed.entry[i],
				.len = 2};
	}
}

/* Instead of common/redis_sync.c, as the next ones of common/admin.c. */
int redis_sync_send(struct redis_sync *sync, const struct redis_arg *argv,
		    size_t argc, const struct redis_val **valp)
{
	(void)sync;
	if (CHECK(argc == 6 && !strcmp(argv[0].data, "XREVRANGE")))
		list_say(argv);
	*valp = &bed.said;
	return 0;
}

int redis_sync_pipe(struct redis_sync *sync, const struct redis_pipe *pipe,
		    redis_each_h *eachh, void *arg)
{
	(void)sync;
	if (!CHECK(pipe->n <= REDIS_PIPE_MAX && pipe->argc == 2))
		return EINVAL;
	bed.pipes += pipe->n > 0;
	bed.asked += (unsigned)pipe->n;
	bed.most = max(bed.most, pipe->n);
	for (size_t i = 0; i < pipe->n; i++) {
		const char *key = pipe->argv[2 * i + 1].data;
		const unsigned nr = (unsigned)strtoul(
			key + strlen("cb:{c:0}:media:0"), NULL, 16);
		char text[40];
		struct redis_val flat[2];

		CHECK_STR(pipe->argv[2 * i].data, "HGETALL");
		re_snprintf(text, sizeof(text), "in-packets=9 in-mos=%u",
			    mos_of(nr));
		flat[0] = str("leg.1");
		flat[1] = str(text);
		eachh(i,
		      &(struct redis_val){.type = REDIS_ARRAY,
					  .el = flat,
					  .len = mos_of(nr) ? 2 : 0},
		      arg);
	}
	return 0;
}

struct redis_sync *admin_redis(const struct admin *admin)
{
	(void)admin;
	return NULL;
}

void *admin_arg(const struct admin *admin)
{
	(void)admin;
	return NULL;
}

bool admin_worker(const struct admin *admin, unsigned nr,
		  char addr[NODE_ADDR_MAX + 1])
{
	(void)admin;
	(void)nr;
	(void)addr;
	return false;
}

/* --- pages ------------------------------------------------------------------------ */

struct reader {
	unsigned below; /* 0: all */
	size_t limit;
	char cursor[64];
	unsigned next; /* the number of the call that is expected, and 1 */
	unsigned pages;
};

static bool wanted(const struct reader *reader, unsigned nr)
{
	return !reader->below || (mos_of(nr) && mos_of(nr) < reader->below);
}

/* The latest first, none left out, each with its own figure. */
static void call_look(struct reader *reader, const char *id, const char *end)
{
	const unsigned nr = (unsigned)strtoul(id + 1, NULL, 16);
	const char *mos = strstr(id, "\"mos\":");

	while (reader->next && !wanted(reader, reader->next - 1))
		--reader->next;
	CHECK_INT(nr, reader->next - 1);
	reader->next = nr;
	if (mos && mos < end)
		CHECK_INT(lrint(100 * strtod(mos + 6, NULL)), mos_of(nr));
	else
		CHECK_INT(mos_of(nr), 0);
}

static void page_look(struct reader *reader, const char *text)
{
	const char *id = strstr(text, "{\"id\":\"");
	const char *next = strstr(text, "\"next\":");

	REQUIRE(next);
	while (id) {
		const char *end = strstr(id + 7, "{\"id\":\"");

		call_look(reader, id + 7, end ? end : next);
		id = end;
	}
	next += strlen("\"next\":");
	reader->cursor[0] = '\0';
	if (*next == '"')
		str_ncpy(reader->cursor, next + 1,
			 min(strcspn(next + 1, "\"") + 1,
			     sizeof(reader->cursor)));
}

static void page_read(struct reader *reader)
{
	const struct rest_calls_ask ask = {
		.filter = {.span = {0, UINT64_MAX},
			   .mos_below = reader->below},
		.cursor = reader->cursor[0] ? reader->cursor : NULL,
		.limit = reader->limit};
	struct admin_resp resp = {.status = 200};

	++reader->pages;
	resp.mb = mbuf_alloc(512);
	REQUIRE(resp.mb);
	rest_calls_recent(&ask, NULL, &resp);
	CHECK_INT(resp.status, 200);
	CHECK(!mbuf_write_u8(resp.mb, 0));
	page_look(reader, (char *)resp.mb->buf);
	mem_deref(resp.mb);
}

static void all_read(struct reader *reader)
{
	reader->next = CALLS;
	do
		page_read(reader);
	while (reader->cursor[0] && reader->pages < 2 * CALLS);
	while (reader->next && !wanted(reader, reader->next - 1))
		--reader->next;
	CHECK_INT(reader->next, 0);
}

static void it_is_the_same_by_pages_of_any_length(void)
{
	static const size_t limits[] = {1, 7, 99, 100, 101, 250, 500};

	for (size_t i = 0; i < COUNTOF(limits); i++) {
		struct reader every = {.limit = limits[i]};
		struct reader some = {.limit = limits[i], .below = 312};

		bed_init();
		all_read(&every);
		CHECK_INT(every.pages, (CALLS + limits[i] - 1) / limits[i]);
		all_read(&some);
	}
}

/* How a call sounded is asked for of many together. */
static void few_questions_make_a_page(void)
{
	struct reader some = {.limit = 500, .below = 312};
	struct reader every = {.limit = 30};

	bed_init();
	all_read(&some);
	CHECK_INT(some.pages, 1);
	CHECK_INT(bed.asked, CALLS);
	CHECK_INT(bed.most, REDIS_PIPE_MAX);
	/* what is left of each of two rounds is one more */
	CHECK(bed.pipes <= CALLS / REDIS_PIPE_MAX + 2);
	/* of what all is told of, no more than fits */
	bed_init();
	every.next = CALLS;
	page_read(&every);
	CHECK_INT(bed.asked, 30);
	CHECK_INT(bed.pipes, 1);
}

TEST_MAIN(TEST(it_is_the_same_by_pages_of_any_length),
	  TEST(few_questions_make_a_page))
