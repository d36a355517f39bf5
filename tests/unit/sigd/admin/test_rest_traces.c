/*
 * test_rest_traces.c  GET /v1/traces: pages of an index that has many traces
 *
 * The handler is asked as it is, with a Redis of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "common/admin.h"
#include "common/admin_http_priv.h"
#include "common/jsonr.h"
#include "common/listener.h"
#include "sigd/admin/rest_priv.h"
#include "tests/lib/admin_tokens.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

enum { MANY = 3000 };

#define BEGAN 1767225600000ull /* 2026-01-01 */

struct rig {
	struct redis_bed bed;
	struct redis_sync *redis; /* more patient than the admin's */
	struct admin *admin;
	struct admin_conf conf;
	int fd;
	struct admin_req req;
	struct jsonr *doc; /* the last answer */
	bool seen[MANY];
	size_t told, pages, most;
	char last[40]; /* when the one before began */
};

static int no_figures(struct metric_set **setp, void *figures)
{
	(void)figures;
	return metric_set_alloc(setp);
}

static bool rig_open(struct rig *rig)
{
	struct listener l = {.name = "admin",
			     .proto = LISTENER_TCP,
			     .use = LISTENER_ADMIN};
	struct worker_sock sock = {.name = "admin"};
	struct worker worker = {.node = "a1", .socks = &sock, .nsocks = 1};
	struct admin_cfg cfg = {.daemon = "testd",
				.sock = "admin",
				.workers = 1,
				.figures_size = 8,
				.figuresh = no_figures};
	char why[256] = "";
	uint16_t port;

	memset(rig, 0, sizeof(*rig));
	if (!redis_bed_start(&rig->bed))
		return false;
	sa_set_str(&l.addr, "127.0.0.1", 0);
	admin_tokens_conf(&rig->conf);
	cfg.conf = &rig->conf;
	cfg.redis = rig->bed.cfg;
	CHECK(!redis_sync_alloc(&rig->redis, &rig->bed.cfg));
	CHECK(!listener_open(&l, 0, &port, &rig->fd, why, sizeof(why)));
	sock.fd = rig->fd;
	worker.wheel = rig->bed.wheel;
	return CHECK(!admin_alloc(&rig->admin, &cfg, &worker, why,
				  sizeof(why)));
}

static void rig_close(struct rig *rig)
{
	mem_deref(rig->doc);
	if (rig->admin)
		close(rig->fd);
	mem_deref(rig->admin);
	mem_deref(rig->redis);
	redis_bed_stop(&rig->bed);
}

/* n traces of the tenant, three in a millisecond, from so many ms after BEGAN
 * backwards; kept: their call_id is their number. */
static void keep(struct rig *rig, unsigned n, unsigned from_ms, bool kept)
{
	static const char script[] =
		"for i = 0, ARGV[1] - 1 do "
		"local id = redis.sha1hex(ARGV[3] .. i) "
		"local ms = string.format('%.0f', ARGV[2] - math.floor(i / 3)) "
		"local stem = 'cb:{t:' .. string.sub(id, 7, 7) .. '}:' "
		"redis.call('ZADD', stem .. 'by:t:many', ms, id) "
		"if ARGV[3] == 'kept' then "
		"redis.call('ZADD', stem .. 'by:t:many/u:x', ms + 5000, id) "
		"redis.call('HSET', stem .. 'of:' .. id, 'call_id', i, "
		"'first', ms, 'last', ms, 'messages', 1, "
		"'labels', 't:many/u:x') end end return 1";
	char count[16], from[24];
	const struct redis_val *val;
	struct redis_arg argv[6];

	re_snprintf(count, sizeof(count), "%u", n);
	re_snprintf(from, sizeof(from), "%llu", BEGAN + from_ms);
	argv[0] = redis_str("EVAL");
	argv[1] = redis_str(script);
	argv[2] = redis_str("0");
	argv[3] = redis_str(count);
	argv[4] = redis_str(from);
	argv[5] = redis_str(kept ? "kept" : "over");
	CHECK_INT(redis_sync_send(rig->redis, argv, 6, &val), 0);
}

static unsigned ask_once(struct rig *rig, const char *query)
{
	struct admin_resp resp = {.status = 200, .mb = mbuf_alloc(4096)};

	rig->doc = mem_deref(rig->doc);
	CHECK(!admin_query_read(&rig->req.query, query, strlen(query)));
	rest_traces(&rig->req, &resp, rig->admin);
	CHECK(!jsonr_parse(&rig->doc, (const char *)resp.mb->buf,
			   resp.mb->end));
	mem_deref(resp.mb);
	return resp.status;
}

/* The status; rig->doc is the answer. On a machine that stands still for half a
 * second Redis is away, and a 503 says to come again. */
static unsigned ask(struct rig *rig, const char *query)
{
	unsigned status = 503;

	for (int i = 0; i < 5 && status == 503; i++) {
		status = ask_once(rig, query);
		if (status == 503)
			redis_bed_idle(&rig->bed, 1100);
	}
	return status;
}

static const char *member(const struct rig *rig, const char *name)
{
	return jsonr_str(jsonr_get(jsonr_root(rig->doc), name));
}

/* Each once, the newest first. */
static void page_take(struct rig *rig)
{
	const struct jsonr_val *list =
		jsonr_get(jsonr_root(rig->doc), "traces");

	++rig->pages;
	rig->most = max(rig->most, jsonr_count(list));
	for (size_t i = 0; i < jsonr_count(list); i++) {
		const struct jsonr_val *trace = jsonr_at(list, i);
		const char *first = jsonr_str(jsonr_get(trace, "first"));
		const int nr = atoi(jsonr_str(jsonr_get(trace, "call_id")));

		CHECK(!*rig->last || strcmp(first, rig->last) <= 0);
		str_ncpy(rig->last, first, sizeof(rig->last));
		REQUIRE(nr >= 0 && nr < MANY);
		CHECK(!rig->seen[nr]);
		rig->seen[nr] = true;
		++rig->told;
	}
}

/* How many there are, on all pages. */
static size_t all(struct rig *rig, const char *query)
{
	char next[100] = "", page[300];

	memset(rig->seen, 0, sizeof(rig->seen));
	rig->told = rig->pages = rig->most = 0;
	*rig->last = '\0';
	do {
		re_snprintf(page, sizeof(page), "%s%s%s", query,
			    *next ? "&cursor=" : "", next);
		if (!CHECK_INT(ask(rig, page), 200))
			break;
		page_take(rig);
		str_ncpy(next, member(rig, "next") ? member(rig, "next") : "",
			 sizeof(next));
	} while (*next && CHECK(rig->pages < 100));
	return rig->told;
}

static void pages_have_each_once_the_newest_first(void)
{
	struct rig rig;

	if (rig_open(&rig)) {
		keep(&rig, MANY, 0, true);
		CHECK_INT(all(&rig, "tenant=many&limit=500"), MANY);
		CHECK_INT(rig.pages, MANY / 500);
		CHECK_INT(all(&rig, "tenant=many&limit=173"), MANY);
		CHECK_INT(rig.most, 173);
		CHECK_INT(all(&rig, "tenant=many&user=x&limit=499"), MANY);
		CHECK_INT(all(&rig, "tenant=nobody"), 0);
	}
	rig_close(&rig);
}

static void only_what_began_then_is_told(void)
{
	struct rig rig;

	if (rig_open(&rig)) {
		keep(&rig, MANY, 0, true);
		CHECK_INT(all(&rig, "tenant=many&limit=20"
				    "&since=2025-12-31T23:59:59.900Z"
				    "&until=2025-12-31T23:59:59.919Z"),
			  60);
		CHECK_INT(rig.pages, 3);
		/* by its beginning, too, though he was heard later */
		CHECK_INT(all(&rig, "tenant=many&user=x&limit=20"
				    "&since=2025-12-31T23:59:59.900Z"
				    "&until=2025-12-31T23:59:59.919Z"),
			  60);
		CHECK_INT(all(&rig, "tenant=many"
				    "&since=2026-01-01T00:00:00.001Z"),
			  0);
	}
	rig_close(&rig);
}

/* An answer looks at so many, no more. */
static void what_is_over_makes_pages_short(void)
{
	struct rig rig;

	if (rig_open(&rig)) {
		keep(&rig, MANY, 0, true);
		keep(&rig, 2500, 1000, false);
		CHECK_INT(ask(&rig, "tenant=many&limit=10"), 200);
		CHECK_INT(jsonr_count(jsonr_get(jsonr_root(rig.doc),
						"traces")),
			  0);
		CHECK(member(&rig, "next"));
		CHECK_INT(all(&rig, "tenant=many&limit=500"), MANY);
		CHECK(rig.pages > MANY / 500);
	}
	rig_close(&rig);
}

/* More at once than is read at once: the list goes on behind them. */
static void no_moment_holds_the_list_up(void)
{
	const struct redis_arg argv[] = {
		redis_str("EVAL"),
		redis_str("for i = 1, 5000 do redis.call('ZADD', "
			  "'cb:{t:0}:by:t:many', '1767225600001', "
			  "redis.sha1hex('tie' .. i)) end return 1"),
		redis_str("0")};
	const struct redis_val *val;
	struct rig rig;

	if (rig_open(&rig)) {
		keep(&rig, MANY, 0, true);
		CHECK_INT(redis_sync_send(rig.redis, argv, 3, &val), 0);
		CHECK_INT(all(&rig, "tenant=many&limit=500"), MANY);
	}
	rig_close(&rig);
}

static void a_token_of_one_tenant_has_its_own(void)
{
	struct rig rig;

	if (rig_open(&rig)) {
		keep(&rig, MANY, 0, true);
		rig.req.of_tenant = true;
		str_ncpy(rig.req.tenant, "many", sizeof(rig.req.tenant));
		CHECK_INT(all(&rig, "limit=500"), MANY);
		str_ncpy(rig.req.tenant, "man", sizeof(rig.req.tenant));
		CHECK_INT(all(&rig, ""), 0);
		CHECK_INT(rig.pages, 1);
	}
	rig_close(&rig);
}

static void what_cannot_be_asked_is_named(void)
{
	static const char *const wrong[][2] = {
		{"", "tenant"},
		{"tenant=a&device=x", "user"},
		{"tenant=a&cursor=1", "cursor"},
		{"tenant=a&cursor=1-2-3", "cursor"},
		{"tenant=a&since=today", "since"},
		{"tenant=a&limit=501", "limit"},
	};
	struct rig rig;

	if (rig_open(&rig)) {
		for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
			const struct jsonr_val *errors;

			CHECK_INT(ask(&rig, wrong[i][0]), 400);
			errors = jsonr_get(jsonr_root(rig.doc), "errors");
			CHECK_STR(jsonr_str(jsonr_get(jsonr_at(errors, 0),
						      "field")),
				  wrong[i][1]);
		}
		/* before the first there is none */
		CHECK_INT(all(&rig, "tenant=many&cursor=0-0"), 0);
	}
	rig_close(&rig);
}

TEST_MAIN(TEST(pages_have_each_once_the_newest_first),
	  TEST(only_what_began_then_is_told),
	  TEST(what_is_over_makes_pages_short),
	  TEST(no_moment_holds_the_list_up),
	  TEST(a_token_of_one_tenant_has_its_own),
	  TEST(what_cannot_be_asked_is_named))
