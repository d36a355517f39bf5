/*
 * test_ctl_peer.c  Client and server of the control protocol over real Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_client.h"
#include "common/control/ctl_event.h"
#include "common/control/ctl_node.h"
#include "common/control/ctl_server.h"
#include "common/fault.h"
#include "common/redis_stream.h"
#include "tests/lib/ctl_sample.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

enum {
	KEPT_MAX = 1100
};

struct fixture {
	struct redis_bed bed;
	struct keyring *ring;
	struct ctl_client *client;
	struct ctl_server *server;

	/* the server's side */
	int requests;
	uint8_t legs[KEPT_MAX];
	bool later; /* keep the jobs */
	struct ctl_job *jobs[KEPT_MAX];

	/* the client's side */
	int answers;
	int err;
	enum status status;
	uint8_t order[KEPT_MAX];
	char sdp[200];
	int want;
};

static void on_request(struct ctl_job *job, const struct ctl_req *req,
		       void *arg)
{
	struct fixture *fix = arg;
	struct ctl_ans ans = {.status = STATUS_OK};
	int i = fix->requests++;

	fix->legs[i % KEPT_MAX] = req->local.leg;
	if (fix->later) {
		fix->jobs[i % KEPT_MAX] = job;
		return;
	}
	pl_set_str(&ans.sdp, CTL_SAMPLE_SDP);
	ctl_answer(job, &ans);
}

static void on_answer(int err, const struct ctl_ans *ans, void *arg)
{
	struct fixture *fix = arg;

	fix->answers++;
	fix->err = err;
	fix->status = ans ? ans->status : STATUS_COUNT;
	fix->sdp[0] = '\0';
	if (ans)
		(void)pl_strcpy(&ans->sdp, fix->sdp, sizeof(fix->sdp));
}

static bool has_answers(void *arg)
{
	const struct fixture *fix = arg;

	return fix->answers >= fix->want;
}

static bool has_requests(void *arg)
{
	const struct fixture *fix = arg;

	return fix->requests >= fix->want;
}

static bool is_ready(void *arg)
{
	const struct fixture *fix = arg;

	return ctl_client_ready(fix->client) &&
	       (!fix->server || ctl_server_ready(fix->server));
}

static struct ctl_peer peer_of(struct fixture *fix, const char *addr,
			       uint32_t epoch)
{
	return (struct ctl_peer){.addr = addr,
				 .epoch = epoch,
				 .link = fix->bed.link,
				 .cfg = &fix->bed.cfg,
				 .ring = fix->ring,
				 .wheel = fix->bed.wheel};
}

static void start_server(struct fixture *fix, uint32_t epoch)
{
	struct ctl_peer peer = peer_of(fix, "m1/2", epoch);

	CHECK(!ctl_server_alloc(&fix->server, &peer, on_request, fix));
	CHECK(redis_test_until(fix->bed.wheel, 6000, is_ready, fix));
}

static bool start(struct fixture *fix, uint32_t ttl_ms)
{
	struct ctl_peer peer;

	memset(fix, 0, sizeof(*fix));
	if (!redis_bed_start(&fix->bed))
		return false;

	fix->ring = ctl_sample_keys();
	peer = peer_of(fix, "a1/1", 101);
	CHECK(!ctl_client_alloc(&fix->client, &peer, ttl_ms));
	start_server(fix, 202);
	return fix->client && fix->server;
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->client);
	mem_deref(fix->server);
	mem_deref(fix->ring);
	redis_bed_stop(&fix->bed);
}

static int call(struct fixture *fix, uint8_t leg, uint32_t epoch)
{
	struct ctl_req req = {.verb = CTL_LEG_LOCAL,
			      .session = "0123456789abcdef",
			      .local = {.leg = leg, .profile = CTL_BROWSER}};

	return ctl_call(fix->client, "m1/2", epoch, &req, on_answer, fix);
}

static bool wait_answers(struct fixture *fix, int want)
{
	fix->want = want;
	return redis_test_until(fix->bed.wheel, 6000, has_answers, fix);
}

static bool wait_requests(struct fixture *fix, int want)
{
	fix->want = want;
	return redis_test_until(fix->bed.wheel, 6000, has_requests, fix);
}

/* XADD the newest command once more, with a field changed. Its script has tabs
 * between its words: a line is split at spaces. */
static void replay(struct fixture *fix, const char *to, const char *field,
		   const char *value)
{
	char line[800];

	snprintf(line, sizeof(line),
		 "EVAL local\te=redis.call('XREVRANGE',KEYS[1],'+','-',"
		 "'COUNT',1)[1][2];for\ti=1,#e,2\tdo\tif\te[i]==ARGV[1]\tthen"
		 "\te[i+1]=ARGV[2]\tend\tend;return\tredis.call('XADD',"
		 "KEYS[2],'*',unpack(e)) 2 cb:{n:m1/2}:cmd %s %s %s",
		 to, field, value);
	redis_bed_say(&fix->bed, line);
}

static void a_question_is_answered(void)
{
	struct fixture fix;

	if (start(&fix, 0)) {
		CHECK(!call(&fix, 1, 202));
		CHECK_INT(ctl_client_pending(fix.client), 1);
		CHECK(wait_answers(&fix, 1));
		CHECK_INT(fix.err, 0);
		CHECK_INT(fix.status, STATUS_OK);
		CHECK_STR(fix.sdp, CTL_SAMPLE_SDP);
		CHECK_INT(ctl_client_pending(fix.client), 0);
		CHECK_INT(ctl_server_open(fix.server), 0);
	}
	stop(&fix);
}

static void an_answer_may_come_later(void)
{
	struct fixture fix;

	if (start(&fix, 0)) {
		fix.later = true;
		CHECK(!call(&fix, 1, 202));
		CHECK(wait_requests(&fix, 1));
		CHECK_INT(ctl_server_open(fix.server), 1);
		CHECK_INT(fix.answers, 0);
		ctl_answer_status(fix.jobs[0], STATUS_NO_PORT);
		CHECK(wait_answers(&fix, 1));
		CHECK_INT(fix.status, STATUS_NO_PORT);
	}
	stop(&fix);
}

static void questions_are_served_in_the_order_asked(void)
{
	struct fixture fix;

	if (start(&fix, 5000)) {
		for (int i = 0; i < 1000; i++)
			CHECK(!call(&fix, (uint8_t)(1 + i % 16), 202));
		CHECK(wait_answers(&fix, 1000));
		for (int i = 0; i < 1000; i++)
			CHECK_INT(fix.legs[i], 1 + i % 16);
		CHECK_INT(fix.requests, 1000);
	}
	stop(&fix);
}

static void nobody_there_is_a_timeout_after_one_repeat(void)
{
	struct fixture fix;
	uint64_t begin = 0;

	if (start(&fix, 400)) {
		fix.server = mem_deref(fix.server);
		begin = loop_now_ms();
		CHECK(!call(&fix, 1, 202));
		CHECK(wait_answers(&fix, 1));
		CHECK_INT(fix.err, ETIMEDOUT);
		CHECK(loop_now_ms() - begin >= 400);
		CHECK(loop_now_ms() - begin < 700);
		CHECK_INT(redis_bed_say(&fix.bed, "XLEN cb:{n:m1/2}:cmd").num,
			  2);
		CHECK_INT(ctl_client_counts(fix.client)->timeouts, 1);
	}
	stop(&fix);
}

static void the_repeat_finds_the_answer_that_was_lost(void)
{
	struct fixture fix;

	if (start(&fix, 1000)) {
		CHECK(!setenv("CORDBOARD_FAULT", "ctl.answer=errno:EIO@1", 1));
		fault_process("t", 1);
		unsetenv("CORDBOARD_FAULT");
		CHECK(!call(&fix, 1, 202));
		CHECK(wait_requests(&fix, 1));
		CHECK_INT(fix.answers, 0);
		CHECK(wait_answers(&fix, 1));
		fault_process("t", 1);
		CHECK_INT(fix.err, 0);
		CHECK_INT(fix.requests, 1);
		CHECK_INT(ctl_server_counts(fix.server)->repeated, 1);
	}
	stop(&fix);
}

static void a_replayed_command_is_not_done_again(void)
{
	struct fixture fix;

	if (start(&fix, 300)) {
		CHECK(!call(&fix, 1, 202));
		CHECK(wait_answers(&fix, 1));
		replay(&fix, "cb:{n:m1/2}:cmd", "-", "-");
		redis_bed_idle(&fix.bed, 50);
		CHECK_INT(fix.requests, 1);
		CHECK_INT(ctl_server_counts(fix.server)->repeated, 1);
		CHECK_INT(ctl_client_counts(fix.client)->late, 1);

		redis_bed_idle(&fix.bed, 400); /* over its time to live */
		replay(&fix, "cb:{n:m1/2}:cmd", "-", "-");
		redis_bed_idle(&fix.bed, 50);
		CHECK_INT(fix.requests, 1);
		CHECK_INT(ctl_server_counts(fix.server)->refused[CTL_EXPIRED],
			  1);
		redis_bed_idle(&fix.bed, 1100); /* and forgotten */
		replay(&fix, "cb:{n:m1/2}:cmd", "-", "-");
		redis_bed_idle(&fix.bed, 50);
		CHECK_INT(fix.requests, 1);
	}
	stop(&fix);
}

static void altered_and_strange_commands_are_counted_and_ignored(void)
{
	const uint64_t *refused;
	struct fixture fix;

	if (start(&fix, 2000)) {
		refused = ctl_server_counts(fix.server)->refused;
		CHECK(!call(&fix, 1, 202));
		CHECK(wait_answers(&fix, 1));
		replay(&fix, "cb:{n:m1/2}:cmd", "leg", "2");
		replay(&fix, "cb:{n:m1/2}:cmd", "v", "2");
		redis_bed_say(&fix.bed, "XADD cb:{n:m1/2}:cmd * a b");
		redis_bed_say(&fix.bed, "XADD cb:{n:m1/2}:cmd * v 1 v 1");
		redis_bed_idle(&fix.bed, 50);
		CHECK_INT(fix.requests, 1);
		CHECK_INT(refused[CTL_BAD_MAC], 1);
		CHECK_INT(refused[CTL_BAD_VERSION], 2);
		CHECK_INT(refused[CTL_BAD_ENTRY], 1);
	}
	stop(&fix);
}

static void a_command_moved_to_another_worker_is_refused(void)
{
	struct ctl_server *other = NULL;
	struct ctl_peer peer;
	struct fixture fix;

	if (start(&fix, 2000)) {
		peer = peer_of(&fix, "m9/1", 202);
		CHECK(!ctl_server_alloc(&other, &peer, on_request, &fix));
		CHECK(!call(&fix, 1, 202));
		CHECK(wait_answers(&fix, 1));
		redis_bed_idle(&fix.bed, 50);
		replay(&fix, "cb:{n:m9/1}:cmd", "-", "-");
		redis_bed_idle(&fix.bed, 50);
		CHECK_INT(fix.requests, 1);
		CHECK_INT(ctl_server_counts(other)->refused[CTL_NOT_FOR_US], 1);
		mem_deref(other);
	}
	stop(&fix);
}

static void another_life_of_the_worker_says_so_at_once(void)
{
	struct ctl_req drop = {.verb = CTL_SESSION_DROP,
			       .session = "0123456789abcdef"};
	struct fixture fix;

	if (start(&fix, 0)) {
		CHECK(!call(&fix, 1, 201));
		CHECK(wait_answers(&fix, 1));
		CHECK_INT(fix.status, STATUS_STALE_EPOCH);
		CHECK(!call(&fix, 1, 0));
		CHECK(wait_answers(&fix, 2));
		CHECK_INT(fix.status, STATUS_STALE_EPOCH);
		CHECK_INT(fix.requests, 0);

		/* an end is for whoever is there */
		CHECK(!ctl_call(fix.client, "m1/2", 0, &drop, on_answer, &fix));
		CHECK(wait_answers(&fix, 3));
		CHECK_INT(fix.status, STATUS_OK);
		CHECK_INT(fix.requests, 1);
	}
	stop(&fix);
}

static void commands_from_before_the_start_are_not_read(void)
{
	struct fixture fix;

	if (start(&fix, 600)) {
		fix.server = mem_deref(fix.server);
		CHECK(!call(&fix, 1, 0));
		redis_bed_idle(&fix.bed, 30);
		start_server(&fix, 203);
		redis_bed_idle(&fix.bed, 100);
		CHECK_INT(
			ctl_server_counts(fix.server)->refused[CTL_WRONG_EPOCH],
			0);
		/* its repeat is seen, and meant for no one */
		CHECK(wait_answers(&fix, 1));
		CHECK_INT(fix.status, STATUS_STALE_EPOCH);
	}
	stop(&fix);
}

static void without_redis_a_call_fails_at_once(void)
{
	struct fixture fix;

	if (start(&fix, 0)) {
		redis_server_kill(&fix.bed.server);
		redis_test_until(fix.bed.wheel, 3000, redis_test_is_down,
				 fix.bed.link);
		CHECK_INT(call(&fix, 1, 202), ENOTCONN);
		CHECK_INT(fix.answers, 0);
		CHECK(redis_server_start(&fix.bed.server));
		CHECK(redis_test_until(fix.bed.wheel, 6000, is_ready, &fix));
		CHECK(!call(&fix, 1, 202));
		CHECK(wait_answers(&fix, 1));
		CHECK_INT(fix.status, STATUS_OK);
	}
	stop(&fix);
}

static void a_frozen_redis_fails_what_waits_and_heals(void)
{
	struct fixture fix;

	if (start(&fix, 0)) {
		redis_server_freeze(&fix.bed.server);
		CHECK(!call(&fix, 1, 202));
		CHECK(wait_answers(&fix, 1));
		CHECK_INT(fix.err, ETIMEDOUT);
		redis_bed_idle(&fix.bed, 2500);
		CHECK(!ctl_client_ready(fix.client));
		CHECK_INT(call(&fix, 1, 202), ENOTCONN);
		redis_server_thaw(&fix.bed.server);
		CHECK(redis_test_until(fix.bed.wheel, 6000, is_ready, &fix));
		CHECK(!call(&fix, 1, 202));
		CHECK(wait_answers(&fix, 2));
		CHECK_INT(fix.err, 0);
		/* what was held back in the frozen server came too late */
		CHECK_INT(fix.requests, 1);
	}
	stop(&fix);
}

static void a_cancelled_call_is_silent(void)
{
	struct fixture fix;

	if (start(&fix, 300)) {
		CHECK(!call(&fix, 1, 202));
		CHECK(!call(&fix, 2, 202));
		ctl_cancel(fix.client, &fix);
		CHECK_INT(ctl_client_pending(fix.client), 0);
		CHECK(wait_requests(&fix, 2));
		redis_bed_idle(&fix.bed, 400);
		CHECK_INT(fix.answers, 0);
		CHECK_INT(ctl_client_counts(fix.client)->late, 2);
	}
	stop(&fix);
}

static void too_many_open_requests_are_refused(void)
{
	struct fixture fix;

	if (start(&fix, 3000)) {
		fix.later = true;
		for (int i = 0; i < 1024 + 6; i++)
			CHECK(!call(&fix, 1, 202));
		CHECK(wait_answers(&fix, 6));
		CHECK_INT(fix.status, STATUS_OVERLOAD);
		CHECK_INT(fix.requests, 1024);
		CHECK_INT(ctl_server_counts(fix.server)->overload, 6);
		for (int i = 0; i < 1024; i++)
			ctl_answer_status(fix.jobs[i], STATUS_OK);
		CHECK(wait_answers(&fix, 1030));
		CHECK_INT(fix.requests, 1024);
	}
	stop(&fix);
}

static void an_answer_that_cannot_be_said_is_internal(void)
{
	struct ctl_ans ans = {.status = STATUS_OK};
	struct fixture fix;

	if (start(&fix, 0)) {
		fix.later = true;
		CHECK(!call(&fix, 1, 202));
		CHECK(wait_requests(&fix, 1));
		pl_set_str(&ans.text, "two\r\nlines");
		ctl_answer(fix.jobs[0], &ans);
		CHECK(wait_answers(&fix, 1));
		CHECK_INT(fix.status, STATUS_INTERNAL);
	}
	stop(&fix);
}

static void wrong_questions_are_not_sent(void)
{
	struct ctl_req req = {.verb = CTL_SESSION_QUERY, .session = "x"};
	struct fixture fix;

	if (start(&fix, 0)) {
		CHECK_INT(call(&fix, 0, 202), EINVAL);
		CHECK_INT(ctl_call(fix.client, "m1/2", 0, &req, on_answer,
				   &fix),
			  EINVAL);
		strcpy(req.session, "0123456789abcdef");
		CHECK_INT(ctl_call(fix.client, "m1/2}:x", 0, &req, on_answer,
				   &fix),
			  EINVAL);
		CHECK_INT(ctl_client_pending(fix.client), 0);
	}
	stop(&fix);
}

static void beat_nothing(struct ctl_node *node, void *arg)
{
	(void)node;
	(void)arg;
}

static void hear_nothing(const struct ctl_event *event,
			 const struct ctl_env *env, const char *token,
			 void *arg)
{
	(void)event;
	(void)env;
	(void)token;
	(void)arg;
}

/* With no server: what is made must be whole or not there. */
static void the_parts_are_made_or_not_at_all(void)
{
	struct redis_cfg cfg = {.path = "/nonexistent/r.sock",
				.user = "u",
				.password = "p",
				.name = "n"};
	struct keyring *ring = ctl_sample_keys();
	struct ctl_peer peer = {.addr = "a1/1",
				.epoch = 1,
				.cfg = &cfg,
				.ring = ring};
	struct ctl_client *client = NULL;
	struct ctl_server *server = NULL;
	struct ctl_reporter *reporter = NULL;
	struct ctl_listener *listener = NULL;
	struct ctl_nodes *nodes = NULL;
	struct ctl_beat *beat = NULL;
	int err = wheel_alloc(&peer.wheel, 1000);

	if (!err)
		err = redis_link_alloc(&peer.link, &cfg, peer.wheel, NULL,
				       NULL);
	if (!err)
		err = ctl_client_alloc(&client, &peer, 0);
	if (!err)
		err = ctl_server_alloc(&server, &peer, on_request, NULL);
	if (!err)
		err = ctl_reporter_alloc(&reporter, &peer);
	if (!err)
		err = ctl_listener_alloc(&listener, &peer, hear_nothing, NULL);
	if (!err)
		err = ctl_nodes_alloc(&nodes, peer.link, peer.wheel);
	if (!err)
		err = ctl_beat_alloc(&beat, &peer, beat_nothing, NULL);
	CHECK_INT(err, 0);
	mem_deref(client);
	mem_deref(server);
	mem_deref(reporter);
	mem_deref(listener);
	mem_deref(nodes);
	mem_deref(beat);
	mem_deref(peer.link);
	if (!err)
		CHECK_INT(wheel_count(peer.wheel), 0);
	mem_deref(peer.wheel);
	mem_deref(ring);
}

static void a_worker_needs_address_and_epoch(void)
{
	struct redis_cfg cfg = {.path = "/nonexistent/r.sock"};
	struct ctl_peer peer = {.addr = "nobody", .epoch = 1, .cfg = &cfg};
	struct ctl_client *client = NULL;

	CHECK_INT(ctl_client_alloc(&client, &peer, 0), EINVAL);
	peer.addr = "a1/1";
	peer.epoch = 0;
	CHECK_INT(ctl_client_alloc(&client, &peer, 0), EINVAL);
	peer.epoch = 1;
	CHECK_INT(ctl_client_alloc(&client, &peer, CTL_TTL_MAX_MS + 1), EINVAL);
}

TEST_MAIN(TEST(a_question_is_answered), TEST(an_answer_may_come_later),
	  TEST(questions_are_served_in_the_order_asked),
	  TEST(nobody_there_is_a_timeout_after_one_repeat),
	  TEST(the_repeat_finds_the_answer_that_was_lost),
	  TEST(a_replayed_command_is_not_done_again),
	  TEST(altered_and_strange_commands_are_counted_and_ignored),
	  TEST(a_command_moved_to_another_worker_is_refused),
	  TEST(another_life_of_the_worker_says_so_at_once),
	  TEST(commands_from_before_the_start_are_not_read),
	  TEST(without_redis_a_call_fails_at_once),
	  TEST(a_frozen_redis_fails_what_waits_and_heals),
	  TEST(a_cancelled_call_is_silent),
	  TEST(too_many_open_requests_are_refused),
	  TEST(an_answer_that_cannot_be_said_is_internal),
	  TEST(wrong_questions_are_not_sent),
	  TEST_OOM(the_parts_are_made_or_not_at_all),
	  TEST(a_worker_needs_address_and_epoch))
