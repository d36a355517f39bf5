/*
 * test_rest_hangup_many.c  All calls of a tenant, or a user, end, however many
 *
 * Here are the answers of Redis: one shard has calls, of which the first end
 * while its list is read, and the third is put behind all others. Those that
 * are to end leave the list a while later, one by one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/admin_http_priv.h"
#include "common/admin_later.h"
#include "sigd/admin/rest_calls.h"
#include "tests/lib/call_flat.h"
#include "tests/lib/test.h"

enum { CALLS = 6000, NAME_LEN = 32 };

static struct {
	char names[CALLS][NAME_LEN];
	size_t n;
	unsigned lists, turns;
	size_t most; /* names that were asked for at once */
	unsigned ended[CALLS];
	unsigned users; /* 0: all calls are nobody's; alice's are the others */
	struct redis_val els[CALLS], said;
	struct call_flat flat;
} bed;

static void bed_init(size_t n)
{
	memset(&bed, 0, sizeof(bed));
	bed.n = n;
	for (unsigned i = 0; i < n; i++)
		re_snprintf(bed.names[i], NAME_LEN, "%016x/t0", i);
}

static void calls_change(void)
{
	char third[NAME_LEN];

	memcpy(third, bed.names[2], sizeof(third));
	memmove(bed.names[0], bed.names[3], (bed.n - 3) * NAME_LEN);
	memcpy(bed.names[bed.n - 3], third, sizeof(third));
	bed.n -= 2;
}

/* What ends moves the others down. */
static void ended_leave(void)
{
	size_t n = 0;

	for (size_t i = 0; i < bed.n; i++) {
		if (bed.ended[strtoul(bed.names[i], NULL, 16)])
			continue;
		if (n != i)
			memcpy(bed.names[n], bed.names[i], NAME_LEN);
		++n;
	}
	bed.n = n;
}

static bool is_alices(const char *call)
{
	return strtoul(call, NULL, 16) >= bed.users;
}

/* A side of nobody, of alice or of bob. */
static const struct redis_val *rec_say(const char *call)
{
	if (!bed.users)
		return call_flat(&bed.flat, call, "t0");
	return call_flat_of(&bed.flat, call, "t0",
			    is_alices(call) ? "alice" : "bob");
}

static void list_say(const struct redis_arg *argv)
{
	const size_t from = (size_t)atoi(argv[2].data);
	const size_t to = (size_t)atoi(argv[3].data) + 1;

	bed.said = (struct redis_val){.type = REDIS_ARRAY, .el = bed.els};
	bed.most = max(bed.most, to - from);
	if (strcmp(argv[1].data, "cb:{c:0}:calls"))
		return;
	if (++bed.lists == 2)
		calls_change();
	if (bed.lists > 2)
		ended_leave();
	for (size_t i = from; i < min(to, bed.n); i++)
		bed.els[bed.said.len++] = (struct redis_val){
			.type = REDIS_STR,
			.str = bed.names[i],
			.len = strlen(bed.names[i])};
}

/* Instead of common/redis_sync.c, as the next ones of common/admin*.c. */
int redis_sync_send(struct redis_sync *sync, const struct redis_arg *argv,
		    size_t argc, const struct redis_val **valp)
{
	const char *word = argv[0].data;

	(void)sync;
	(void)argc;
	*valp = &bed.said;
	if (!strcmp(word, "ZRANGE")) {
		list_say(argv);
	} else if (!strcmp(word, "HGETALL")) {
		*valp = rec_say((const char *)argv[1].data +
				strlen("cb:{c:0}:rec:"));
	} else if (CHECK_STR(word, "EVAL")) {
		++bed.ended[strtoul(argv[5].data, NULL, 16)];
		bed.said = (struct redis_val){.type = REDIS_INT};
	}
	return 0;
}

int redis_sync_pipe(struct redis_sync *sync, const struct redis_pipe *pipe,
		    redis_each_h *eachh, void *arg)
{
	(void)sync;
	(void)pipe;
	(void)eachh;
	(void)arg;
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

void admin_later(struct admin_resp *resp, const struct admin_later_cfg *cfg,
		 void *state)
{
	while (!cfg->lookh(NULL, resp, false, state))
		++bed.turns;
}

static struct mbuf *end(const char *body)
{
	struct admin_req req = {.body_pl = {body, strlen(body)}};
	struct admin_resp resp = {.status = 200};

	resp.mb = mbuf_alloc(512);
	CHECK(resp.mb);
	rest_hangup_many(&req, &resp, NULL);
	CHECK_INT(resp.status, 202);
	CHECK(!mbuf_write_u8(resp.mb, 0));
	return resp.mb;
}

static struct mbuf *end_all(void)
{
	return end("{\"tenant\": \"t0\"}");
}

static unsigned ended(unsigned most)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CALLS; i++) {
		CHECK(bed.ended[i] <= most);
		n += bed.ended[i] > 0;
	}
	return n;
}

/* Redis answers nobody else while it gives a list. */
static void the_lists_are_read_in_parts(void)
{
	struct mbuf *said;

	bed_init(1200);
	said = end_all();
	CHECK(bed.most <= 500);
	/* 0 and 1 have ended, after they were listed */
	CHECK_INT(ended(1), 1200);
	CHECK(strstr((char *)said->buf, "\"calls\":1200,"));
	CHECK(strstr((char *)said->buf, "\"more\":false"));
	mem_deref(said);
}

static void of_too_many_some_are_left_and_that_is_said(void)
{
	struct mbuf *said;

	bed_init(CALLS);
	said = end_all();
	CHECK_INT(ended(1), 5000);
	CHECK(strstr((char *)said->buf, "\"calls\":5000,"));
	CHECK(strstr((char *)said->buf, "\"more\":true"));
	mem_deref(said);
}

/* However many of others stand before them. */
static void behind_the_calls_of_others_all_of_one_end(void)
{
	static const char alices[] =
		"{\"tenant\": \"t0\", \"user\": \"alice\"}";
	struct mbuf *said;

	bed_init(CALLS);
	bed.users = CALLS - 3;
	said = end(alices);
	CHECK_INT(ended(1), 3);
	CHECK(strstr((char *)said->buf, "\"calls\":3,"));
	CHECK(strstr((char *)said->buf, "\"more\":false"));
	mem_deref(said);
}

/* Those that end move those down that were not listed yet. */
static void none_is_left_out_while_others_end(void)
{
	static const char alices[] =
		"{\"tenant\": \"t0\", \"user\": \"alice\"}";
	struct mbuf *said;

	bed_init(CALLS);
	bed.users = 3000;
	said = end(alices);
	CHECK_INT(ended(1), CALLS - 3000);
	CHECK(strstr((char *)said->buf, "\"calls\":3000,"));
	CHECK(strstr((char *)said->buf, "\"more\":false"));
	mem_deref(said);
}

TEST_MAIN(TEST(the_lists_are_read_in_parts),
	  TEST(of_too_many_some_are_left_and_that_is_said),
	  TEST(behind_the_calls_of_others_all_of_one_end),
	  TEST(none_is_left_out_while_others_end))
