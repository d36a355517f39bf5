/*
 * test_ctl_docs.c  What the pages promise: the MAC example, the Redis users
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/call_log_writer.h"
#include "common/control/ctl_client.h"
#include "common/control/ctl_event.h"
#include "common/control/ctl_node.h"
#include "common/control/ctl_server.h"
#include "common/due.h"
#include "common/epoch.h"
#include "common/lease.h"
#include "common/metric.h"
#include "common/publish.h"
#include "tests/lib/ctl_sample.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

#define MAC "1ff588cab6786f6578844d64803ef440"

static void the_mac_is_that_of_the_page(void)
{
	uint8_t *page = test_read_file("docs/control-protocol.md", NULL);
	struct ctl_msg msg = ctl_sample(CTL_REQ);
	struct keyring *ring = ctl_sample_keys();
	struct redis_val vals[2 * CTL_FIELDS_MAX];
	struct ctl_wire *wire = NULL;

	msg.req.verb = CTL_SESSION_QUERY;
	strcpy(msg.req.session, "0123456789abcdef");
	CHECK(page && strstr((char *)page, "`mac=" MAC "`"));
	CHECK(!ctl_encode(&wire, &msg, ring));
	if (wire) {
		(void)ctl_sample_entry(vals, wire);
		CHECK(redis_is(ctl_sample_field(vals, wire->count, "mac"),
			       MAC));
	}
	mem_deref(wire);
	mem_deref(ring);
	mem_deref(page);
}

static void every_word_of_the_protocol_is_on_the_page(void)
{
	uint8_t *page = test_read_file("docs/control-protocol.md", NULL);
	char word[64];

	REQUIRE(page != NULL);
	for (unsigned i = 0; i < CTL_VERB_COUNT; i++) {
		snprintf(word, sizeof(word), "`%s`",
			 ctl_verb_name((enum ctl_verb)i));
		CHECK(strstr((char *)page, word));
	}
	for (unsigned i = 0; i < CTL_EVENT_COUNT; i++) {
		snprintf(word, sizeof(word), "`%s`",
			 ctl_event_name((enum ctl_event_kind)i));
		CHECK(strstr((char *)page, word));
	}
	for (unsigned i = CTL_TOO_LARGE; i < CTL_REFUSALS; i++) {
		snprintf(word, sizeof(word), "`%s`",
			 ctl_refusal_name((enum ctl_refusal)i));
		CHECK(strstr((char *)page, word));
	}
	mem_deref(page);
}

/* ---- the users of docs/redis.md ------------------------------------------- */

struct fixture {
	struct redis_bed bed; /* its link may do anything */
	struct keyring *ring;
	struct redis_cfg sigd_cfg, mediad_cfg;
	struct redis_link *sigd, *mediad;
	struct ctl_client *client;
	struct ctl_server *server;
	struct ctl_nodes *nodes;
	int answers, events, epochs, leases, dues;
	struct ctl_listener *listener;
	struct due *due;
};

/* "user <name> <rules>" of the page becomes ACL SETUSER. */
static void make_user(struct fixture *fix, const char *name)
{
	uint8_t *page = test_read_file("docs/redis.md", NULL);
	char line[700], what[64];
	const char *at, *end;

	snprintf(what, sizeof(what), "\nuser %s ", name);
	at = page ? strstr((char *)page, what) : NULL;
	end = at ? strchr(at + 1, '\n') : NULL;
	if (CHECK(end != NULL)) {
		snprintf(line, sizeof(line), "ACL SETUSER %.*s",
			 (int)(end - at - 6), at + 6);
		CHECK_STR(redis_bed_say(&fix->bed, line).text, "OK");
	}
	mem_deref(page);
}

static struct redis_link *link_as(struct fixture *fix, struct redis_cfg *cfg,
				  const char *user)
{
	struct redis_link *link = NULL;

	make_user(fix, user);
	*cfg = fix->bed.cfg;
	cfg->user = user;
	cfg->password = "SECRET";
	CHECK(!redis_link_alloc(&link, cfg, fix->bed.wheel, NULL, NULL));
	CHECK(redis_test_until(fix->bed.wheel, 3000, redis_test_is_up, link));
	return link;
}

static void on_request(struct ctl_job *job, const struct ctl_req *req,
		       void *arg)
{
	(void)req;
	(void)arg;
	ctl_answer_status(job, STATUS_OK);
}

static void on_answer(int err, const struct ctl_ans *ans, void *arg)
{
	struct fixture *fix = arg;

	fix->answers += !err && ans->status == STATUS_OK;
}

static void on_beat(struct ctl_node *node, void *arg)
{
	(void)node;
	(void)arg;
}

static void on_event(const struct ctl_event *event, const struct ctl_env *env,
		     const char *token, void *arg)
{
	struct fixture *fix = arg;
	(void)event;
	(void)env;

	fix->events++;
	ctl_event_done(fix->listener, token);
}

static void on_epoch(uint32_t number, void *arg)
{
	struct fixture *fix = arg;
	(void)number;

	fix->epochs++;
}

static void on_lease(bool held, uint64_t fence, void *arg)
{
	struct fixture *fix = arg;
	(void)fence;

	fix->leases += held;
}

static void on_due(const struct due_item *item, void *arg)
{
	struct fixture *fix = arg;

	fix->dues++;
	CHECK(!due_done(fix->due, &item->id, item->token));
}

static bool is_all_ready(void *arg)
{
	const struct fixture *fix = arg;
	size_t count;

	(void)ctl_nodes_list(fix->nodes, &count);
	return ctl_client_ready(fix->client) && ctl_server_ready(fix->server) &&
	       count == 1;
}

static bool is_all_done(void *arg)
{
	const struct fixture *fix = arg;

	return fix->answers && fix->events && fix->epochs == 2 && fix->leases &&
	       fix->dues;
}

static bool start(struct fixture *fix)
{
	memset(fix, 0, sizeof(*fix));
	if (!redis_bed_start(&fix->bed))
		return false;

	fix->ring = ctl_sample_keys();
	fix->sigd = link_as(fix, &fix->sigd_cfg, "cordboard-sigd");
	fix->mediad = link_as(fix, &fix->mediad_cfg, "cordboard-mediad");
	return redis_link_up(fix->sigd) && redis_link_up(fix->mediad);
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->sigd);
	mem_deref(fix->mediad);
	mem_deref(fix->ring);
	redis_bed_stop(&fix->bed);
}

static void both_users_can_do_all_that_they_must(void)
{
	struct ctl_event event = {.kind = CTL_EV_SESSION_LOST,
				  .session = "0123456789abcdef",
				  .call = "fedcba9876543210",
				  .tenant = PL("acme")};
	struct ctl_req req = {.verb = CTL_SESSION_QUERY,
			      .session = "0123456789abcdef"};
	const struct pl id = PL("x");
	struct ctl_reporter *reporter = NULL;
	struct epoch *epochs[2] = {NULL, NULL};
	struct ctl_beat *beat = NULL;
	struct lease *lease = NULL;
	struct fixture fix;

	if (start(&fix)) {
		struct ctl_peer a = {.addr = "a1/1",
				     .epoch = 1,
				     .link = fix.sigd,
				     .cfg = &fix.sigd_cfg,
				     .ring = fix.ring,
				     .wheel = fix.bed.wheel};
		struct ctl_peer m = {.addr = "m1/2",
				     .epoch = 2,
				     .link = fix.mediad,
				     .cfg = &fix.mediad_cfg,
				     .ring = fix.ring,
				     .wheel = fix.bed.wheel};
		struct lease_params lp = {.link = fix.sigd,
					  .wheel = fix.bed.wheel,
					  .stem = "cb:{a:x/y}",
					  .owner = "a1/1/1",
					  .ttl_ms = 1000};
		struct due_params dp = {.link = fix.sigd,
					.wheel = fix.bed.wheel,
					.kind = "test",
					.poll_ms = 50,
					.fireh = on_due,
					.arg = &fix};

		CHECK(!epoch_alloc(&epochs[0], fix.sigd, fix.bed.wheel,
				   on_epoch, &fix));
		CHECK(!epoch_alloc(&epochs[1], fix.mediad, fix.bed.wheel,
				   on_epoch, &fix));
		CHECK(!ctl_client_alloc(&fix.client, &a, 0));
		CHECK(!ctl_server_alloc(&fix.server, &m, on_request, &fix));
		CHECK(!ctl_nodes_alloc(&fix.nodes, fix.sigd, fix.bed.wheel));
		CHECK(!ctl_beat_alloc(&beat, &m, on_beat, &fix));
		CHECK(!ctl_listener_alloc(&fix.listener, &a, on_event, &fix));
		CHECK(!ctl_reporter_alloc(&reporter, &m));
		CHECK(!lease_alloc(&lease, &lp, on_lease, &fix));
		CHECK(!due_alloc(&fix.due, &dp));
		CHECK(!due_schedule(fix.due, &id, &id, 10, NULL, NULL));
		CHECK(redis_test_until(fix.bed.wheel, 5000, is_all_ready,
				       &fix));
		CHECK(!ctl_call(fix.client, "m1/2", 2, &req, on_answer, &fix));
		CHECK(!ctl_report(reporter, &event));
		CHECK(redis_test_until(fix.bed.wheel, 5000, is_all_done, &fix));
	}
	mem_deref(epochs[0]);
	mem_deref(epochs[1]);
	mem_deref(fix.client);
	mem_deref(fix.server);
	mem_deref(fix.nodes);
	mem_deref(beat);
	mem_deref(fix.listener);
	mem_deref(reporter);
	mem_deref(lease);
	mem_deref(fix.due);
	if (fix.bed.wheel)
		redis_bed_idle(&fix.bed, 20); /* what leaves says so */
	stop(&fix);
}

/* As the worker and then the admin process of a daemon does. */
static void figures_cross_over(struct fixture *fix, struct redis_link *link,
			       const struct redis_cfg *cfg, const char *daemon)
{
	static const struct metric_desc row[] = {
		{METRIC_COUNTER, "t_total", NULL, "T", 0, NULL}};
	uint64_t figure = 7, copy = 0;
	struct metric_set *from = NULL, *to = NULL;
	struct publish *publish = NULL;
	struct redis_sync *sync = NULL;
	int err = ENOENT;

	CHECK(!metric_set_alloc(&from) && !metric_add(from, row, 1, &figure));
	CHECK(!metric_set_alloc(&to) && !metric_add(to, row, 1, &copy));
	CHECK(!redis_sync_alloc(&sync, cfg));
	CHECK(!publish_alloc(&publish, daemon, "a1/1", link, fix->bed.wheel,
			     from));
	for (int i = 0; i < 100 && err == ENOENT; i++) {
		redis_bed_idle(&fix->bed, 20);
		err = publish_read(to, sync, daemon, "a1/1");
	}
	CHECK_INT(err, 0);
	CHECK_INT(copy, 7);
	CHECK_INT(publish_seen(sync, daemon, "a1/1"), 0);
	mem_deref(publish);
	mem_deref(sync);
	mem_deref(to);
	mem_deref(from);
}

static void both_users_can_publish_their_figures(void)
{
	struct fixture fix;

	if (start(&fix)) {
		figures_cross_over(&fix, fix.sigd, &fix.sigd_cfg, "sigd");
		figures_cross_over(&fix, fix.mediad, &fix.mediad_cfg, "mediad");
	}
	stop(&fix);
}

static bool is_written(void *arg)
{
	const struct call_log_counts *counts = call_log_counts(arg);

	return counts->written + counts->dropped == 1;
}

static uint64_t log_written(struct fixture *fix, struct redis_link *link,
			    uint64_t size)
{
	const struct call_log_cfg cfg = {3600, size};
	/* sigd alone tells why, and lets the oldest go */
	const struct call_log_note note = {.call = "0123456789abcdef",
					   .kind = "call.begun",
					   .why = size ? "so" : NULL};
	struct call_log_writer *writer = NULL;
	uint64_t n = 0;

	if (CHECK(!call_log_writer_alloc(&writer, &cfg, link, fix->bed.wheel,
					 "a1/1"))) {
		call_log_write(writer, &note);
		CHECK(redis_test_until(fix->bed.wheel, 5000, is_written,
				       writer));
		n = call_log_counts(writer)->written;
	}
	mem_deref(writer);
	return n;
}

static void both_users_can_write_the_logs_of_calls(void)
{
	struct redis_bed bed;
	struct fixture fix;

	if (start(&fix)) {
		bed = fix.bed;
		/* one that Redis has ended is forgotten by whoever comes */
		bed.link = fix.sigd;
		(void)redis_bed_say(&bed, "ZADD cb:{c:0}:log:order 1 "
					  "0000000000000001");
		CHECK_INT(log_written(&fix, fix.mediad, 0), 1);
		CHECK_INT(redis_bed_say(&bed, "ZCARD cb:{c:0}:log:order").num,
			  1);
		CHECK_INT(log_written(&fix, fix.sigd, 1), 1);
	}
	stop(&fix);
}

/* A script needs all rights to each key that it is given. */
static void the_media_user_can_keep_figures_beside_cdrs(void)
{
	struct redis_bed bed;
	struct fixture fix;

	if (start(&fix)) {
		bed = fix.bed;
		bed.link = fix.mediad;
		CHECK_INT(redis_bed_say(&bed,
					"EVAL redis.call('XADD',KEYS[2],'MAXLEN',"
					"'~',2,'*','a','b')return\t"
					"redis.call('EXPIRE',KEYS[2],9) 2 "
					"cb:{c:0}:media:0123456789abcdef "
					"cb:{c:0}:cdr:media").num,
			  1);
	}
	stop(&fix);
}

/* Every refusal is NOPERM and not, say, a wrong number of arguments. */
static void refused(struct fixture *fix, struct redis_link *as,
		    const char *line)
{
	struct redis_bed bed = fix->bed;
	struct redis_said said;

	bed.link = as;
	said = redis_bed_say(&bed, line);
	if (!CHECK(!strncmp(said.text, "NOPERM", 6)))
		re_printf("# %s: %s\n", line, said.text);
}

static void the_media_user_can_do_nothing_else(void)
{
	static const char *const lines[] = {
		"GET cb:{a:acme/bob}:bind",
		"HGETALL cb:{a:acme/bob}:bind",
		"HGET cb:{a:acme/bob}:bind x",
		"HSET cb:{c:0}:rec:0123456789abcdef a b",
		"XADD cb:{c:0}:cdr * a b",
		"XREAD STREAMS cb:{n:a1/1}:ans 0",
		"XREAD STREAMS cb:events 0",
		"XADD cb:{n:m1/1}:cmd * a b",
		"HGETALL cb:{n:a1/1}:figures:sigd",
		"HSET cb:{n:a1/1}:figures:sigd x 1",
		"DEL cb:{n:m1/1}:cmd",
		"SET cb:{c:0}:lease x",
		"GET cb:{c:0}:why:0123456789abcdef",
		"SET other x",
		"EVAL return\tredis.call('GET','cb:{a:x/y}:bind') 1 "
		"cb:{a:x/y}:bind",
		"KEYS *",
		"SCAN 0",
		"FLUSHALL",
		"CONFIG GET *",
		"ACL LIST",
		"LATENCY RESET",
		"CLIENT LIST",
	};
	struct fixture fix;

	if (start(&fix))
		for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
			refused(&fix, fix.mediad, lines[i]);
	stop(&fix);
}

static void the_signalling_user_cannot_harm_the_server(void)
{
	static const char *const lines[] = {"FLUSHALL",    "CONFIG GET *",
					    "KEYS *",      "ACL LIST",
					    "SHUTDOWN",    "LATENCY RESET",
					    "SET other x", "GET other",
					    "SAVE",        "REPLICAOF NO ONE"};
	struct fixture fix;

	if (start(&fix))
		for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
			refused(&fix, fix.sigd, lines[i]);
	stop(&fix);
}

TEST_MAIN(TEST(the_mac_is_that_of_the_page),
	  TEST(every_word_of_the_protocol_is_on_the_page),
	  TEST(both_users_can_do_all_that_they_must),
	  TEST(both_users_can_publish_their_figures),
	  TEST(both_users_can_write_the_logs_of_calls),
	  TEST(the_media_user_can_keep_figures_beside_cdrs),
	  TEST(the_media_user_can_do_nothing_else),
	  TEST(the_signalling_user_cannot_harm_the_server))
