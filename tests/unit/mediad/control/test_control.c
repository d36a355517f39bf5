/*
 * test_control.c  A worker's tie to a real Redis, asked as sigd asks
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "common/call_log_writer.h"
#include "common/control/ctl_client.h"
#include "common/control/ctl_event.h"
#include "common/control/ctl_node.h"
#include "common/keyring.h"
#include "mediad/control/control.h"
#include "mediad/control/news.h"
#include "mediad/session/session.h"
#include "mediad/sound/service.h"
#include "mediad/transport/cert.h"
#include "mediad/transport/hs.h"
#include "mediad/transport/mux.h"
#include "mediad/transport/path_web.h"
#include "tests/lib/ctl_sample.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

#define SESSION "0123456789abcdef"
#define CALL    "fedcba9876543210"
#define OFFER                                                              \
	"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"                \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtcp-mux\r\n"                \
	"a=rtpmap:111 opus/48000/2\r\na=ice-ufrag:abcd\r\n"                \
	"a=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\n"          \
	"a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:" \
	"AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF\r\n"

struct fixture {
	struct redis_bed bed;
	struct keyring *ring;

	/* mediad's side */
	struct cert *cert;
	struct hs_ctx *hs_ctx;
	struct mux *mux;
	struct sound_bank *bank;
	struct path_web_env env;
	struct sa host;
	struct news *news;
	struct session_table *table;
	struct control *control;

	/* sigd's side */
	struct ctl_client *client;
	struct ctl_nodes *nodes;
	struct ctl_listener *listener;
	struct ctl_follower *follower;
	int answers, events, facts;
	enum status status;
	size_t sdp_len;
	struct ctl_event event, fact;
	char why[64];
	int want;
};

static void on_answer(int err, const struct ctl_ans *ans, void *arg)
{
	struct fixture *fix = arg;

	CHECK_INT(err, 0);
	++fix->answers;
	fix->status = ans ? ans->status : STATUS_COUNT;
	fix->sdp_len = ans ? ans->sdp.l : 0;
}

static void on_event(const struct ctl_event *event, const struct ctl_env *env,
		     const char *token, void *arg)
{
	struct fixture *fix = arg;

	(void)env;
	fix->event = *event;
	(void)pl_strcpy(&event->text, fix->why, sizeof(fix->why));
	++fix->events;
	ctl_event_done(fix->listener, token);
}

static void on_fact(const struct ctl_event *fact, const struct ctl_env *env,
		    void *arg)
{
	struct fixture *fix = arg;

	(void)env;
	fix->fact = *fact;
	++fix->facts;
}

static bool media_make(struct fixture *fix)
{
	const struct session_cfg cfg = {.max_sessions = 2};
	struct session_deps deps = {.env = &fix->env,
				    .hosts = &fix->host,
				    .nhosts = 1};

	sa_set_str(&fix->host, "192.0.2.1", 40000);
	if (cert_make(&fix->cert) || hs_ctx_alloc(&fix->hs_ctx, fix->cert) ||
	    mux_alloc(&fix->mux, 0) || sound_bank_alloc(&fix->bank, NULL) ||
	    news_alloc(&fix->news, fix->bed.wheel))
		return false;

	fix->env.mux = fix->mux;
	fix->env.wheel = fix->bed.wheel;
	fix->env.hs_ctx = fix->hs_ctx;
	fix->env.impl = &crypt_openssl;
	deps.cert = fix->cert;
	deps.bank = fix->bank;
	return !session_table_alloc(&fix->table, &cfg, &deps, news_lost,
				    fix->news);
}

static void on_failed(void *arg)
{
	(void)arg;
	CHECK(!"control failed");
}

static bool control_make(struct fixture *fix)
{
	const struct control_params params = {
		.addr = "m1/2",
		.ip = "192.0.2.1",
		.redis = &fix->bed.cfg,
		.ring = fix->ring,
		.wheel = fix->bed.wheel,
		.table = fix->table,
		.news = fix->news,
		.max_sessions = 2,
		.log_keep_s = 3600,
		.failedh = on_failed,
	};

	return !control_alloc(&fix->control, &params);
}

static bool is_ready(void *arg)
{
	const struct fixture *fix = arg;

	return control_ready(fix->control) && ctl_client_ready(fix->client) &&
	       ctl_nodes_find(fix->nodes, "m1/2");
}

static bool start(struct fixture *fix)
{
	const struct ctl_peer peer = {.addr = "s1/1",
				      .epoch = 77,
				      .link = fix->bed.link,
				      .cfg = &fix->bed.cfg,
				      .ring = fix->ring,
				      .wheel = fix->bed.wheel};

	return !ctl_client_alloc(&fix->client, &peer, 5000) &&
	       !ctl_nodes_alloc(&fix->nodes, fix->bed.link, fix->bed.wheel) &&
	       !ctl_listener_alloc(&fix->listener, &peer, on_event, fix) &&
	       !ctl_follower_alloc(&fix->follower, &peer, on_fact, fix) &&
	       control_make(fix) &&
	       redis_test_until(fix->bed.wheel, 8000, is_ready, fix);
}

static bool begin(struct fixture *fix)
{
	memset(fix, 0, sizeof(*fix));
	if (!redis_bed_start(&fix->bed))
		return false;

	fix->ring = ctl_sample_keys();
	return CHECK(media_make(fix));
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->control);
	mem_deref(fix->table);
	mem_deref(fix->news);
	mem_deref(fix->client);
	mem_deref(fix->nodes);
	mem_deref(fix->listener);
	mem_deref(fix->follower);
	mem_deref(fix->bank);
	mem_deref(fix->mux);
	mem_deref(fix->hs_ctx);
	mem_deref(fix->cert);
	mem_deref(fix->ring);
	redis_bed_stop(&fix->bed);
}

static bool has_answers(void *arg)
{
	const struct fixture *fix = arg;

	return fix->answers >= fix->want;
}

static bool has_events(void *arg)
{
	const struct fixture *fix = arg;

	return fix->events >= fix->want;
}

static bool has_facts(void *arg)
{
	const struct fixture *fix = arg;

	return fix->facts >= fix->want;
}

static enum status ask(struct fixture *fix, const struct ctl_req *req)
{
	uint32_t epoch = control_epoch(fix->control);

	fix->want = fix->answers + 1;
	CHECK_INT(ctl_call(fix->client, "m1/2", epoch, req, on_answer, fix), 0);
	CHECK(redis_test_until(fix->bed.wheel, 8000, has_answers, fix));
	return fix->status;
}

static struct ctl_req request(enum ctl_verb verb)
{
	struct ctl_req req;

	memset(&req, 0, sizeof(req));
	req.verb = verb;
	strcpy(req.session, SESSION);
	return req;
}

static struct ctl_req remote_offer(void)
{
	struct ctl_req req = request(CTL_LEG_REMOTE);

	req.remote.leg = 1;
	req.remote.create = true;
	strcpy(req.remote.call, CALL);
	pl_set_str(&req.remote.tenant, "acme");
	pl_set_str(&req.remote.sdp, OFFER);
	return req;
}

static void a_call_is_served_through_redis(void)
{
	struct fixture fix;
	struct ctl_req remote = remote_offer(), join = request(CTL_LEG_JOIN),
		       local = request(CTL_LEG_LOCAL),
		       drop = request(CTL_SESSION_DROP);

	if (!begin(&fix))
		return;
	CHECK(start(&fix));
	CHECK(control_epoch(fix.control) > 1600000000);
	join.join.leg = local.local.leg = 1;
	join.join.service = CTL_TONE;
	local.local.want = CTL_ANSWER;
	drop.end.reason = STATUS_HANGUP;
	CHECK_INT(ask(&fix, &remote), STATUS_OK);
	CHECK_INT(ask(&fix, &join), STATUS_OK);
	CHECK_INT(ask(&fix, &local), STATUS_OK);
	CHECK(fix.sdp_len > 400);
	CHECK_INT(session_count(fix.table), 1);
	CHECK_INT(ask(&fix, &drop), STATUS_OK);
	CHECK_INT(session_count(fix.table), 0);

	fix.want = 1;
	CHECK(redis_test_until(fix.bed.wheel, 5000, has_facts, &fix));
	CHECK_INT(fix.fact.kind, CTL_FACT_SESSION_ENDED);
	CHECK_INT(fix.fact.why, STATUS_HANGUP);
	CHECK_STR(fix.fact.call, CALL);
	stop(&fix);
}

/* What is lost before Redis was ever reached is told when it is. */
/* Field of the sheet of our call; "" when there is none. */
static void sheet_field(struct fixture *fix, const char *field, char *text,
			size_t size)
{
	struct redis_said said;
	char line[128];

	re_snprintf(line, sizeof(line), "HGET cb:{c:f}:media:" CALL " %s",
		    field);
	said = redis_bed_say(&fix->bed, line);
	str_ncpy(text, said.text, size);
}

static bool sheet_comes(struct fixture *fix)
{
	char text[2048] = "";

	for (int i = 0; i < 500 && strcmp(text, "up"); i++) {
		redis_bed_idle(&fix->bed, 20);
		sheet_field(fix, "state", text, sizeof(text));
	}
	return !strcmp(text, "up");
}

static void people_can_read_how_a_call_is_doing(void)
{
	struct ctl_req remote = remote_offer(), join = request(CTL_LEG_JOIN),
		       drop = request(CTL_SESSION_DROP);
	struct fixture fix;
	char text[2048];

	if (!begin(&fix))
		return;
	CHECK(start(&fix));
	join.join.leg = 1;
	join.join.service = CTL_TONE;
	CHECK_INT(ask(&fix, &remote), STATUS_OK);
	CHECK_INT(ask(&fix, &join), STATUS_OK);
	CHECK(sheet_comes(&fix));
	sheet_field(&fix, "session", text, sizeof(text));
	CHECK_STR(text, SESSION);
	sheet_field(&fix, "leg.1", text, sizeof(text));
	CHECK(strstr(text, "profile=browser age="));
	CHECK(strstr(text, " service=tone"));
	CHECK(strstr(text, " offered=opus%2F48000 "));
	CHECK(strstr(text, " remote="));
	CHECK(!strstr(text, " dtls="));
	CHECK(strstr(text, " in-packets=0 "));
	CHECK_INT(ask(&fix, &drop), STATUS_OK);
	sheet_field(&fix, "state", text, sizeof(text));
	CHECK_STR(text, "ended");
	stop(&fix);
}

static int64_t kept_n(struct fixture *fix)
{
	return redis_bed_say(&fix->bed, "XLEN cb:{c:f}:cdr:media").num;
}

/* One that has its CDR, by what sigd has noted there; and one that has none. */
static void what_is_final_is_kept_with_the_cdr(void)
{
	struct ctl_req remote = remote_offer(), drop = request(CTL_SESSION_DROP);
	struct fixture fix;
	char text[2048];

	if (!begin(&fix))
		return;
	CHECK(start(&fix));
	CHECK_INT(ask(&fix, &remote), STATUS_OK);
	CHECK(sheet_comes(&fix));
	CHECK_INT(ask(&fix, &drop), STATUS_OK);
	CHECK_INT(kept_n(&fix), 0);
	CHECK_INT(ask(&fix, &remote), STATUS_OK);
	CHECK(sheet_comes(&fix));
	/* it is written once more meanwhile */
	redis_bed_say(&fix.bed, "HSET cb:{c:f}:media:" CALL
				" cdr 100 state old");
	CHECK(sheet_comes(&fix));
	sheet_field(&fix, "cdr", text, sizeof(text));
	CHECK_STR(text, "100");
	CHECK_INT(ask(&fix, &drop), STATUS_OK);
	CHECK_INT(kept_n(&fix), 1);
	CHECK(redis_bed_say(&fix.bed, "TTL cb:{c:f}:cdr:media").num <= 100);
	str_ncpy(text, redis_bed_say(&fix.bed,
		"EVAL return\ttable.concat(redis.call('XRANGE',"
		"'cb:{c:f}:cdr:media','-','+')[1][2],'\t') 0").text,
		sizeof(text));
	CHECK(!strncmp(text, "call\t" CALL "\tsession\t" SESSION "\t", 20));
	CHECK(strstr(text, "\tstate\tended\tleg.1\tprofile=browser age="));
	stop(&fix);
}

/* --- the log of a call ------------------------------------------------------------ */

struct log_read {
	bool done;
	char text[8192]; /* "<leg> <kind> <data>\n" */
};

static void on_log(int err, const struct redis_val *val, void *arg)
{
	struct log_read *log = arg;
	struct call_log_entry entry;

	log->done = true;
	if (!CHECK(!err && val->type == REDIS_ARRAY))
		return;
	for (size_t i = 0; i < val->len; i++) {
		const size_t n = strlen(log->text);

		if (!CHECK(!call_log_read(&entry, &val->el[i].el[1])))
			return;
		CHECK_STR(entry.by, "m1/2");
		CHECK_STR(entry.session, "01234567");
		re_snprintf(log->text + n, sizeof(log->text) - n, "%u %s %r\n",
			    entry.leg, entry.kind, &entry.data);
	}
}

static bool is_log_read(void *arg)
{
	return ((const struct log_read *)arg)->done;
}

static bool log_has(struct fixture *fix, const char *line)
{
	const struct redis_arg argv[] = {redis_str("XRANGE"),
					 redis_str("cb:{c:f}:log:" CALL),
					 redis_str("-"), redis_str("+")};
	struct log_read log = {.done = false};

	CHECK(!redis_link_send(fix->bed.link, argv, 4, on_log, &log));
	CHECK(redis_test_until(fix->bed.wheel, 5000, is_log_read, &log));
	if (!strstr(log.text, line))
		printf("# no '%s' in:\n%s", line, log.text);
	return strstr(log.text, line) != NULL;
}

static void what_happens_to_a_call_is_in_its_log(void)
{
	const struct session_quiet quiet = {.session = SESSION,
					    .call = CALL,
					    .tenant = "acme",
					    .leg = 1,
					    .why = "no-packets"};
	const struct session_up played = {.session = SESSION,
					  .call = CALL,
					  .tenant = "acme",
					  .leg = 1};
	struct session_quiet heard = quiet;
	struct ctl_req remote = remote_offer(), local = request(CTL_LEG_LOCAL),
		       drop = request(CTL_SESSION_DROP);
	struct fixture fix;

	if (!begin(&fix))
		return;
	CHECK(start(&fix));
	local.local.leg = 1;
	local.local.want = CTL_ANSWER;
	drop.end.reason = STATUS_HANGUP;
	CHECK_INT(ask(&fix, &remote), STATUS_OK);
	CHECK_INT(ask(&fix, &local), STATUS_OK);
	news_quiet(&quiet, fix.news);
	heard.why = "";
	news_quiet(&heard, fix.news);
	news_played(&played, fix.news);
	news_resumed(fix.news, fix.table);
	CHECK_INT(ask(&fix, &drop), STATUS_OK);
	redis_bed_idle(&fix.bed, 50);
	CHECK(log_has(&fix, "1 sdp.offer dir=in profile=browser\n"));
	CHECK(log_has(&fix, "1 sdp.agreed offer=in profile=browser "));
	CHECK(log_has(&fix, "1 leg.quiet why=no-packets\n1 leg.heard \n"));
	CHECK(log_has(&fix, "1 leg.played \n"));
	CHECK(log_has(&fix, "0 session.resumed \n"));
	CHECK(log_has(&fix, "1 leg.ended age="));
	CHECK(log_has(&fix, "0 session.ended reason=hangup\n"));
	CHECK(control_logged(fix.control)->written >= 8);
	CHECK_INT(control_logged(fix.control)->dropped, 0);
	stop(&fix);
}

static void early_losses_are_told_in_the_end(void)
{
	const struct session_lost lost = {.session = SESSION,
					  .call = CALL,
					  .tenant = "acme",
					  .leg = 2,
					  .cause = SESSION_TOO_EARLY};
	struct fixture fix;

	if (!begin(&fix))
		return;
	news_lost(&lost, fix.news);
	CHECK_INT(news_stats(fix.news)->kept, 1);
	CHECK(start(&fix));
	fix.want = 1;
	CHECK(redis_test_until(fix.bed.wheel, 5000, has_events, &fix));
	CHECK_INT(fix.event.kind, CTL_EV_LEG_LOST);
	CHECK_INT(fix.event.leg, 2);
	CHECK_INT(fix.event.why, STATUS_MEDIA_NODE_LOST);
	CHECK_STR(fix.why, session_cause_name(SESSION_TOO_EARLY));
	redis_bed_idle(&fix.bed, 50);
	CHECK(log_has(&fix, "2 leg.lost why=too-early\n"));
	CHECK_INT(news_stats(fix.news)->kept, 0);
	stop(&fix);
}

static void a_first_packet_is_a_fact(void)
{
	const struct session_up up = {.session = SESSION,
				      .call = CALL,
				      .tenant = "acme",
				      .leg = 2};
	struct fixture fix;

	if (!begin(&fix))
		return;
	CHECK(start(&fix));
	news_up(&up, fix.news);
	fix.want = 1;
	CHECK(redis_test_until(fix.bed.wheel, 5000, has_facts, &fix));
	CHECK_INT(fix.fact.kind, CTL_FACT_LEG_UP);
	CHECK_INT(fix.fact.leg, 2);
	CHECK_INT(fix.fact.why, STATUS_OK);
	CHECK_STR(fix.fact.session, SESSION);
	CHECK_STR(fix.fact.call, CALL);
	CHECK_INT(fix.events, 0);
	stop(&fix);
}

static bool is_draining(void *arg)
{
	const struct fixture *fix = arg;
	const struct ctl_node *node = ctl_nodes_find(fix->nodes, "m1/2");

	return node && node->state == CTL_NODE_DRAIN;
}

static bool is_full(void *arg)
{
	const struct fixture *fix = arg;
	const struct ctl_node *node = ctl_nodes_find(fix->nodes, "m1/2");

	return node && node->state == CTL_NODE_FULL && node->sessions == 2;
}

static void heartbeats_tell_the_state(void)
{
	struct ctl_req one = remote_offer(), two = remote_offer();
	struct fixture fix;

	if (!begin(&fix))
		return;
	CHECK(start(&fix));
	two.session[0] = 'f';
	CHECK_INT(ask(&fix, &one), STATUS_OK);
	CHECK_INT(ask(&fix, &two), STATUS_OK);
	CHECK(redis_test_until(fix.bed.wheel, 6000, is_full, &fix));
	CHECK_STR(ctl_nodes_find(fix.nodes, "m1/2")->ip, "192.0.2.1");
	control_drain(fix.control);
	CHECK(redis_test_until(fix.bed.wheel, 6000, is_draining, &fix));
	one.session[0] = 'e';
	CHECK_INT(ask(&fix, &one), STATUS_DRAINING);
	stop(&fix);
}

static bool is_started(void *arg)
{
	const struct fixture *fix = arg;

	return control_ready(fix->control);
}

static void each_start_has_a_greater_epoch(void)
{
	struct fixture fix;
	uint32_t first;

	if (!begin(&fix))
		return;
	CHECK(start(&fix));
	first = control_epoch(fix.control);
	fix.control = mem_deref(fix.control);
	CHECK(control_make(&fix));
	CHECK(redis_test_until(fix.bed.wheel, 8000, is_started, &fix));
	CHECK_INT(control_epoch(fix.control), first + 1);
	stop(&fix);
}

/* Absent at the start, and lost with all its data. */
static void redis_may_come_late_and_come_back_empty(void)
{
	struct ctl_req remote = remote_offer();
	struct fixture fix;
	uint32_t epoch;

	if (!begin(&fix))
		return;
	redis_server_kill(&fix.bed.server);
	CHECK(control_make(&fix));
	redis_bed_idle(&fix.bed, 200);
	CHECK_INT(control_epoch(fix.control), 0);
	CHECK(!control_ready(fix.control));
	REQUIRE(redis_server_start(&fix.bed.server));
	CHECK(redis_test_until(fix.bed.wheel, 8000, is_started, &fix));
	fix.control = mem_deref(fix.control);

	CHECK(start(&fix));
	epoch = control_epoch(fix.control);
	redis_bed_restart(&fix.bed);
	CHECK(redis_test_until(fix.bed.wheel, 8000, is_ready, &fix));
	CHECK_INT(control_epoch(fix.control), epoch);
	CHECK_INT(ask(&fix, &remote), STATUS_OK);
	stop(&fix);
}

TEST_MAIN(TEST(a_call_is_served_through_redis),
	  TEST(people_can_read_how_a_call_is_doing),
	  TEST(what_is_final_is_kept_with_the_cdr),
	  TEST(what_happens_to_a_call_is_in_its_log),
	  TEST(early_losses_are_told_in_the_end),
	  TEST(a_first_packet_is_a_fact), TEST(heartbeats_tell_the_state),
	  TEST(each_start_has_a_greater_epoch),
	  TEST(redis_may_come_late_and_come_back_empty))
