/*
 * test_rest_hangup_many.c  All calls of a tenant end, however many
 *
 * Here are the answers of Redis: one shard has calls, of which the first end
 * while its list is read, and the third is put behind all others.
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
		*valp = call_flat(&bed.flat,
				  (const char *)argv[1].data +
					  strlen("cb:{c:0}:rec:"), "t0");
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

static struct mbuf *end_all(void)
{
	static const char body[] = "{\"tenant\": \"t0\"}";
	struct admin_req req = {.body_pl = {body, sizeof(body) - 1}};
	struct admin_resp resp = {.status = 200};

	resp.mb = mbuf_alloc(512);
	CHECK(resp.mb);
	rest_hangup_many(&req, &resp, NULL);
	CHECK_INT(resp.status, 202);
	CHECK(!mbuf_write_u8(resp.mb, 0));
	return resp.mb;
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
	/* one of them may stand there twice */
	CHECK(ended(1) >= 4999 && ended(1) <= 5000);
	CHECK(strstr((char *)said->buf, "\"more\":true"));
	mem_deref(said);
}

TEST_MAIN(TEST(the_lists_are_read_in_parts),
	  TEST(of_too_many_some_are_left_and_that_is_said))
