/*
 * test_rest_calls_live.c  A list of calls, some of which end while it is read
 *
 * Here are the answers of Redis: one shard has calls, which change when its
 * list is asked for the second time. Which records are asked for tells which
 * calls were found.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "sigd/admin/rest_calls.h"
#include "tests/lib/call_flat.h"
#include "tests/lib/test.h"

enum { CALLS = 700, NAME_MAX_LEN = 32 };

/* In the order of the list: ids begin anew at the 400th. */
static struct {
	char names[CALLS][NAME_MAX_LEN];
	size_t n;
	unsigned lists; /* so often it was asked for */
	unsigned asked[CALLS]; /* records, by the number of the id */
	unsigned heard[CALLS]; /* ... and how they sounded */
	unsigned trips;	       /* for records and how they sounded */
	bool there;	       /* the records */
	struct redis_val els[CALLS];
	struct redis_val said;
} bed;

static void calls_begin(void)
{
	memset(&bed, 0, sizeof(bed));
	bed.n = CALLS;
	for (unsigned i = 0; i < CALLS; i++)
		re_snprintf(bed.names[i], NAME_MAX_LEN, "%016x/t0",
			    (i + 300) % CALLS);
}

/* Two end, and one is put behind all others, as it is kept for longer. */
static void calls_change(void)
{
	char third[NAME_MAX_LEN];

	memcpy(third, bed.names[2], sizeof(third));
	memmove(bed.names[0], bed.names[3], (CALLS - 3) * sizeof(bed.names[0]));
	memcpy(bed.names[CALLS - 3], third, sizeof(third));
	bed.n = CALLS - 2;
}

static void list_say(const struct redis_arg *argv)
{
	const size_t from = (size_t)atoi(argv[2].data);
	const size_t to = min((size_t)atoi(argv[3].data) + 1, bed.n);

	bed.said = (struct redis_val){.type = REDIS_ARRAY, .el = bed.els};
	if (strcmp(argv[1].data, "cb:{c:0}:calls"))
		return;
	if (++bed.lists == 2)
		calls_change();
	for (size_t i = from; i < min(to, bed.n); i++)
		bed.els[bed.said.len++] = (struct redis_val){
			.type = REDIS_STR,
			.str = bed.names[i],
			.len = strlen(bed.names[i])};
}

/* Instead of common/redis_sync.c, as the next ones of common/admin.c. */
int redis_sync_send(struct redis_sync *sync, const struct redis_arg *argv,
		    size_t argc, const struct redis_val **valp)
{
	(void)sync;
	(void)argc;
	*valp = &bed.said;
	if (CHECK(!strcmp(argv[0].data, "ZRANGE")))
		list_say(argv);
	return 0;
}

/* HGETALL of a record, or of what mediad wrote: one of eleven had a bad MOS. */
static void hash_say(size_t nr, const char *key, redis_each_h *eachh, void *arg)
{
	static const char rec[] = "cb:{c:0}:rec:", media[] = "cb:{c:0}:media:";
	const bool is_rec = !strncmp(key, rec, sizeof(rec) - 1);
	const char *id = key + (is_rec ? sizeof(rec) : sizeof(media)) - 1;
	const unsigned long call = strtoul(id, NULL, 16);
	static struct call_flat flat;
	struct redis_val leg[2] = {{.type = REDIS_STR, .str = "leg.1", .len = 5},
				   {.type = REDIS_STR}};
	const struct redis_val none = {.type = REDIS_ARRAY};
	const struct redis_val legs = {
		.type = REDIS_ARRAY, .el = leg, .len = 2};

	if (!CHECK(call < CALLS && (is_rec || !strncmp(key, media,
						       sizeof(media) - 1))))
		return;
	++*(is_rec ? &bed.asked[call] : &bed.heard[call]);
	leg[1].str = call % 11 ? "in-packets=9 in-mos=400"
			       : "in-packets=9 in-mos=200";
	leg[1].len = strlen(leg[1].str);
	if (!is_rec)
		eachh(nr, &legs, arg);
	else
		eachh(nr, bed.there ? call_flat(&flat, id, "t0") : &none, arg);
}

int redis_sync_pipe(struct redis_sync *sync, const struct redis_pipe *pipe,
		    redis_each_h *eachh, void *arg)
{
	(void)sync;
	if (!CHECK(pipe->n && pipe->n <= REDIS_PIPE_MAX && pipe->argc == 2))
		return 0;
	++bed.trips;
	for (size_t i = 0; i < pipe->n; i++) {
		CHECK_STR(pipe->argv[2 * i].data, "HGETALL");
		hash_say(i, pipe->argv[2 * i + 1].data, eachh, arg);
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

static struct mbuf *page(const struct rest_calls_ask *ask)
{
	struct admin_resp resp = {.status = 200};

	resp.mb = mbuf_alloc(512);
	CHECK(resp.mb);
	rest_calls_live(ask, NULL, &resp);
	CHECK_INT(resp.status, 200);
	CHECK(!mbuf_write_u8(resp.mb, 0));
	return resp.mb;
}

static void what_is_there_all_the_time_is_found_once(void)
{
	const struct rest_calls_ask ask = {
		.filter = {.span = {0, UINT64_MAX}}, .limit = 500};
	struct mbuf *said;

	calls_begin();
	said = page(&ask);
	/* those that have ended were 300 and 301 */
	for (unsigned i = 0; i < 499; i++)
		if (i != 300 && i != 301 && !CHECK_INT(bed.asked[i], 1))
			printf("# of the call %u\n", i);
	/* with those that had not ended yet when they were counted */
	CHECK(strstr((char *)said->buf, "\"total\":700,"));
	mem_deref(said);
}

static unsigned sum(const unsigned *nums)
{
	unsigned all = 0;

	for (unsigned i = 0; i < CALLS; i++)
		all += nums[i];
	return all;
}

static size_t count(const struct mbuf *said)
{
	size_t n = 0;

	for (const char *p = (char *)said->buf; (p = strstr(p, "\"call_id\""));
	     p++)
		++n;
	return n;
}

/* Each round trip is a wait of all who ask the admin process. */
static void a_page_costs_two_round_trips_for_a_hundred(void)
{
	const struct rest_calls_ask ask = {
		.filter = {.span = {0, UINT64_MAX}}, .limit = 500};
	struct mbuf *said;

	calls_begin();
	bed.there = true;
	said = page(&ask);
	CHECK_INT(count(said), 500);
	CHECK_INT(bed.trips, 2 * 500 / REDIS_PIPE_MAX);
	CHECK_INT(sum(bed.asked), 500);
	CHECK_INT(sum(bed.heard), 500);
	mem_deref(said);
}

static void no_more_are_asked_for_than_are_wanted(void)
{
	const struct rest_calls_ask ask = {
		.filter = {.span = {0, UINT64_MAX}}, .limit = 7};
	struct mbuf *said;

	calls_begin();
	bed.there = true;
	said = page(&ask);
	CHECK_INT(count(said), 7);
	CHECK_INT(bed.trips, 2);
	CHECK_INT(sum(bed.asked), 7);
	CHECK(strstr((char *)said->buf, "\"next\":\"0000000000000006\""));
	mem_deref(said);
}

/* Of the second hundred the page has room for one alone: the next one begins
 * behind that. */
static void the_next_page_begins_behind_the_last_that_was_told(void)
{
	const struct rest_calls_ask ask = {
		.filter = {.span = {0, UINT64_MAX}, .mos_below = 300},
		.limit = 3};
	struct mbuf *said;

	calls_begin();
	bed.there = true;
	said = page(&ask);
	CHECK_INT(count(said), 3);
	CHECK_INT(bed.trips, 4);
	CHECK(strstr((char *)said->buf, "\"id\":\"0000000000000000\""));
	CHECK(strstr((char *)said->buf, "\"id\":\"000000000000000b\""));
	CHECK(strstr((char *)said->buf, "\"id\":\"0000000000000016\""));
	CHECK(strstr((char *)said->buf, "\"next\":\"0000000000000016\""));
	mem_deref(said);
}

TEST_MAIN(TEST(what_is_there_all_the_time_is_found_once),
	  TEST(a_page_costs_two_round_trips_for_a_hundred),
	  TEST(no_more_are_asked_for_than_are_wanted),
	  TEST(the_next_page_begins_behind_the_last_that_was_told))
