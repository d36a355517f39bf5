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
#include "tests/lib/test.h"

enum { CALLS = 700, NAME_MAX_LEN = 32 };

/* In the order of the list: ids begin anew at the 400th. */
static struct {
	char names[CALLS][NAME_MAX_LEN];
	size_t n;
	unsigned lists; /* so often it was asked for */
	unsigned asked[CALLS]; /* records, by the number of the id */
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
	static const char rec[] = "cb:{c:0}:rec:";
	const char *key = argv[1].data;
	unsigned long nr;

	(void)sync;
	(void)argc;
	*valp = &bed.said;
	if (!strcmp(argv[0].data, "ZRANGE")) {
		list_say(argv);
		return 0;
	}
	bed.said = (struct redis_val){.type = REDIS_ARRAY};
	CHECK(!strncmp(key, rec, sizeof(rec) - 1));
	nr = strtoul(key + sizeof(rec) - 1, NULL, 16);
	if (CHECK(nr < CALLS))
		++bed.asked[nr];
	return 0;
}

/* Of a call that is not there any more nobody asks how it sounded. */
int redis_sync_pipe(struct redis_sync *sync, const struct redis_pipe *pipe,
		    redis_each_h *eachh, void *arg)
{
	(void)sync;
	(void)pipe;
	(void)eachh;
	(void)arg;
	CHECK(false);
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

static void what_is_there_all_the_time_is_found_once(void)
{
	const struct rest_calls_ask ask = {
		.filter = {.span = {0, UINT64_MAX}}, .limit = 500};
	struct admin_resp resp = {.status = 200};

	calls_begin();
	resp.mb = mbuf_alloc(512);
	REQUIRE(resp.mb);
	rest_calls_live(&ask, NULL, &resp);
	CHECK_INT(resp.status, 200);
	/* those that have ended were 300 and 301 */
	for (unsigned i = 0; i < 499; i++)
		if (i != 300 && i != 301 && !CHECK_INT(bed.asked[i], 1))
			printf("# of the call %u\n", i);
	/* with those that had not ended yet when they were counted */
	CHECK(!mbuf_write_u8(resp.mb, 0));
	CHECK(strstr((char *)resp.mb->buf, "\"total\":700,"));
	mem_deref(resp.mb);
}

TEST_MAIN(TEST(what_is_there_all_the_time_is_found_once))
