/*
 * test_call_record.c  The record of a call in a real Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/countof.h"
#include "common/loop.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "routing/route_service.h"
#include "sigd/call/call_fields.h"
#include "sigd/call/call_record.h"
#include "sigd/call/call_setup.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

struct fixture {
	struct redis_server server;
	struct wheel *wheel;
	struct redis_link *link;
	struct call_ask *ask;
	struct call_record rec;
	enum status code;
	bool has_rec, keep, untold, media_gone;
	int answers;
};

static const struct call_record sample = {
	.call = "0123456789abcdef",
	.session = "fedcba9876543210",
	.tenant = "demo",
	.there = "branch",
	.asked = 4000000000u,
	.media = "m1/2",
	.callid = "a b\r\nc@d",
	.service = "",
	.state = CALL_UP,
	.record = ROUTE_RECORD_NEVER,
	.leg = 3,
	.start_ms = 1790000000000,
	.up_ms = 1790000001000,
	.side = {{.user = "alice", .tag = "t1", .target = "sip:a@x.invalid",
		  .uri = "sip:alice@demo", .far = "sip:100@pbx.example",
		  .profile = 1, .cseq = 17, .flow_len = 3,
		  .flow = {1, 0, 255}},
		 {.user = "bob", .tag = "t2", .target = "sip:b@y.invalid",
		  .uri = "sip:bob@demo", .conn = "pbx", .shift = 2,
		  .routes = "<sip:p1;lr>, <sip:p2;lr>"}},
};

static bool start(struct fixture *fix)
{
	struct redis_cfg cfg = {.name = "test"};

	*fix = (struct fixture){.answers = 0};
	if (!redis_server_start(&fix->server))
		return false;
	cfg.path = fix->server.sock;
	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix->wheel, loop_now_ms()));
	loop_drive(fix->wheel);
	CHECK(!redis_link_alloc(&fix->link, &cfg, fix->wheel, NULL, NULL));
	return CHECK(redis_test_until(fix->wheel, 5000, redis_test_is_up,
				      fix->link));
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->ask);
	mem_deref(fix->link);
	if (fix->wheel) {
		loop_drive(NULL);
		mem_deref(fix->wheel);
		loop_close();
	}
	redis_server_kill(&fix->server);
}

static void on_answer(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct fixture *fix = arg;

	fix->code    = code;
	fix->has_rec = rec != NULL;
	if (rec)
		fix->rec = *rec;
	fix->answers++;
	fix->ask = mem_deref(fix->ask);
}

static bool answered(void *arg)
{
	const struct fixture *fix = arg;

	return fix->answers > 0;
}

static enum status wait_code(struct fixture *fix, int err)
{
	CHECK_INT(err, 0);
	CHECK(redis_test_until(fix->wheel, 5000, answered, fix));
	fix->answers = 0;
	return fix->code;
}

static enum status save(struct fixture *fix)
{
	return wait_code(fix, call_record_save(&fix->ask, fix->link, &sample,
					       60, on_answer, fix));
}

static enum status load(struct fixture *fix)
{
	return wait_code(fix, call_record_load(&fix->ask, fix->link,
					       sample.call, on_answer, fix));
}

static enum status end(struct fixture *fix)
{
	const struct call_end how = {.call = sample.call,
				     .reason = STATUS_HANGUP,
				     .who = "s1/1",
				     .keep = fix->keep,
				     .cdr_s = fix->untold ? 0 : 604800,
				     .media_gone = fix->media_gone};

	return wait_code(fix, call_record_end(&fix->ask, fix->link, &how,
					      on_answer, fix));
}

static int last(struct fixture *fix)
{
	return wait_code(fix, call_record_last(&fix->ask, fix->link,
					       sample.call, on_answer, fix));
}

static void a_record_reads_back(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(save(&fix), STATUS_OK);
		CHECK_INT(load(&fix), STATUS_OK);
		CHECK(fix.has_rec);
		CHECK(!memcmp(&fix.rec, &sample, sizeof(sample)));
	}
	stop(&fix);
}

static void on_done(int err, const struct redis_val *val, void *arg)
{
	struct fixture *fix = arg;

	CHECK(!err && val->type == REDIS_INT);
	fix->answers++;
}

static void record_is(struct fixture *fix, const char *command,
		      const char *value)
{
	const struct redis_arg argv[] = {
		redis_str(command),
		redis_str("cb:{c:0}:rec:0123456789abcdef"),
		redis_str("record"), redis_str(value)};

	fix->answers = 0;
	CHECK(!redis_link_send(fix->link, argv, *value ? 4 : 3, on_done, fix));
	CHECK(redis_test_until(fix->wheel, 5000, answered, fix));
	fix->answers = 0;
}

static void a_record_of_before_says_nothing_of_recording(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(save(&fix), STATUS_OK);
		record_is(&fix, "HSET", "always");
		CHECK_INT(load(&fix), STATUS_OK);
		CHECK_INT(fix.rec.record, ROUTE_RECORD_ALWAYS);
		record_is(&fix, "HSET", "perhaps");
		CHECK_INT(load(&fix), STATUS_INTERNAL);
		record_is(&fix, "HDEL", "");
		CHECK_INT(load(&fix), STATUS_OK);
		CHECK_INT(fix.rec.record, ROUTE_RECORD_DEFAULT);
	}
	stop(&fix);
}

static void a_shift_is_kept_while_the_call_lives(void)
{
	struct fixture fix;

	if (start(&fix)) {
		call_record_shift(fix.link, sample.call,
				  &(struct call_shift){CALL_CALLEE, 7, 3, ""});
		CHECK_INT(load(&fix), STATUS_UNKNOWN_DIALOG);
		CHECK_INT(save(&fix), STATUS_OK);
		call_record_shift(fix.link, sample.call,
				  &(struct call_shift){CALL_CALLEE, 7, 3, ""});
		call_record_shift(fix.link, sample.call,
				  &(struct call_shift){CALL_CALLER, 1, 3, ""});
		CHECK_INT(load(&fix), STATUS_OK);
		CHECK_INT(fix.rec.side[CALL_CALLEE].shift, 7);
		CHECK_INT(fix.rec.side[CALL_CALLER].shift, 1);
	}
	stop(&fix);
}

static void what_is_not_there_is_an_unknown_dialog(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(load(&fix), STATUS_UNKNOWN_DIALOG);
		CHECK(!fix.has_rec);
	}
	stop(&fix);
}

static void on_count(int err, const struct redis_val *val, void *arg)
{
	struct fixture *fix = arg;

	fix->answers++;
	fix->rec.up_ms = err ? 99 : (uint64_t)val->num;
}

static uint64_t number_of(struct fixture *fix, const char *command,
			  const char *key)
{
	const struct redis_arg argv[] = {redis_str(command), redis_str(key)};

	fix->answers = 0;
	CHECK(!redis_link_send(fix->link, argv, 2, on_count, fix));
	CHECK(redis_test_until(fix->wheel, 5000, answered, fix));
	fix->answers = 0;
	return fix->rec.up_ms;
}

static void a_call_stands_in_the_list_until_it_ends(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(save(&fix), STATUS_OK);
		CHECK_INT(save(&fix), STATUS_OK);
		CHECK_INT(number_of(&fix, "ZCARD", "cb:{c:0}:calls"), 1);
		CHECK(number_of(&fix, "TTL", "cb:{c:0}:calls") <= 120);
		CHECK_INT(end(&fix), STATUS_OK);
		CHECK_INT(number_of(&fix, "EXISTS", "cb:{c:0}:calls"), 0);
	}
	stop(&fix);
}

static void a_record_that_expired_leaves_the_list(void)
{
	const struct redis_arg old[] = {
		redis_str("ZADD"), redis_str("cb:{c:0}:calls"),
		redis_str("1000"), redis_str("0000000000000000/demo")};
	struct fixture fix;

	if (start(&fix)) {
		CHECK(!redis_link_send(fix.link, old, 4, on_count, &fix));
		CHECK(redis_test_until(fix.wheel, 5000, answered, &fix));
		fix.answers = 0;
		CHECK_INT(save(&fix), STATUS_OK);
		CHECK_INT(number_of(&fix, "ZCARD", "cb:{c:0}:calls"), 1);
	}
	stop(&fix);
}

/* One that is being set up has a shorter time than one that is up. */
static void a_short_record_does_not_take_the_list_away(void)
{
	struct call_record other = sample;
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(wait_code(&fix, call_record_save(&fix.ask, fix.link,
							   &sample, 3600,
							   on_answer, &fix)),
			  STATUS_OK);
		other.call[15] ^= 1;
		CHECK_INT(wait_code(&fix, call_record_save(&fix.ask, fix.link,
							   &other, 60,
							   on_answer, &fix)),
			  STATUS_OK);
		CHECK(number_of(&fix, "TTL", "cb:{c:0}:calls") > 3600);
	}
	stop(&fix);
}

/* Nobody may ever collect them. */
static void cdrs_stay_for_a_week_at_most(void)
{
	const struct redis_arg old[] = {
		redis_str("XADD"), redis_str("cb:{c:0}:cdr"), redis_str("1-1"),
		redis_str("reason"), redis_str("hangup")};
	struct fixture fix;
	uint64_t ttl;

	if (start(&fix)) {
		CHECK(!redis_link_send(fix.link, old, 5, on_count, &fix));
		CHECK(redis_test_until(fix.wheel, 5000, answered, &fix));
		fix.answers = 0;
		CHECK_INT(save(&fix), STATUS_OK);
		CHECK_INT(end(&fix), STATUS_OK);
		CHECK_INT(number_of(&fix, "XLEN", "cb:{c:0}:cdr"), 1);
		ttl = number_of(&fix, "TTL", "cb:{c:0}:cdr");
		CHECK(ttl > 604700 && ttl <= 604800);
	}
	stop(&fix);
}

static void a_call_ends_once_with_one_cdr(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(save(&fix), STATUS_OK);
		CHECK_INT(end(&fix), STATUS_OK);
		CHECK_INT(end(&fix), STATUS_UNKNOWN_DIALOG);
		CHECK_INT(load(&fix), STATUS_UNKNOWN_DIALOG);
		CHECK_INT(number_of(&fix, "XLEN", "cb:{c:0}:cdr"), 1);
	}
	stop(&fix);
}

#define SHEET "cb:{c:0}:media:0123456789abcdef"
#define KEPT "cb:{c:0}:cdr:media"

static void sheet_say(struct fixture *fix, const char *session,
		      const char *state)
{
	const struct redis_arg hset[] = {
		redis_str("HSET"), redis_str(SHEET), redis_str("session"),
		redis_str(session), redis_str("state"), redis_str(state),
		redis_str("leg.1"), redis_str("profile=rtp"),
		redis_str("form.1"), redis_str("x")};

	CHECK(!redis_link_send(fix->link, hset, 10, on_count, fix));
	CHECK(redis_test_until(fix->wheel, 5000, answered, fix));
	fix->answers = 0;
}

/* Whoever is told of the call much later is told how its media was: of most
 * mediad puts it there when it reads that the call has ended. */
static void how_the_media_was_is_kept_with_the_cdr(void)
{
	static const struct {
		const char *session, *state;
		bool gone, untold;
		uint64_t kept, marks; /* HLEN of the sheet, beside it */
	} of[] = {
		{"fedcba9876543210", "ended", false, false, 1, 4},
		{"fedcba9876543210", "up", false, false, 0, 5},
		{"fedcba9876543210", "up", true, false, 1, 5},
		{"fedcba9876543210", "ended", false, true, 0, 4},
		{"fedcba9876543210", "up", false, true, 0, 4},
		/* of a session that the call was moved away from */
		{"0000000000000001", "ended", false, false, 0, 5},
		/* none yet */
		{NULL, NULL, false, false, 0, 1},
	};
	struct fixture fix;

	if (start(&fix)) {
		for (size_t i = 0; i < COUNTOF(of); i++) {
			if (of[i].state)
				sheet_say(&fix, of[i].session, of[i].state);
			fix.media_gone = of[i].gone;
			fix.untold = of[i].untold;
			CHECK_INT(save(&fix), STATUS_OK);
			CHECK_INT(end(&fix), STATUS_OK);
			CHECK_INT(number_of(&fix, "XLEN", KEPT), of[i].kept);
			CHECK_INT(number_of(&fix, "HLEN", SHEET), of[i].marks);
			if (of[i].kept)
				CHECK(number_of(&fix, "TTL", KEPT) > 604700);
			if (!of[i].state)
				CHECK(number_of(&fix, "TTL", SHEET) <= 60);
			(void)number_of(&fix, "DEL", KEPT);
			(void)number_of(&fix, "DEL", SHEET);
		}
	}
	stop(&fix);
}

static void with_redis_away_it_says_so(void)
{
	struct fixture fix;

	if (start(&fix)) {
		redis_server_kill(&fix.server);
		CHECK(redis_test_until(fix.wheel, 5000, redis_test_is_down,
				       fix.link));
		CHECK_INT(call_record_load(&fix.ask, fix.link, sample.call,
					   on_answer, &fix),
			  ENOTCONN);
		CHECK(!fix.ask);
	}
	stop(&fix);
}

static void who_must_tell_the_sides_finds_what_was_kept(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.keep = true;
		CHECK_INT(save(&fix), STATUS_OK);
		CHECK_INT(last(&fix), STATUS_OK);
		CHECK_INT(end(&fix), STATUS_OK);
		CHECK_INT(end(&fix), STATUS_UNKNOWN_DIALOG);
		CHECK_INT(load(&fix), STATUS_UNKNOWN_DIALOG);
		CHECK_INT(last(&fix), STATUS_OK);
		CHECK_STR(fix.rec.side[CALL_CALLEE].conn, "pbx");
		CHECK(number_of(&fix, "TTL",
				"cb:{c:0}:over:0123456789abcdef") > 0);
		call_record_forget(fix.link, sample.call);
		CHECK_INT(last(&fix), STATUS_UNKNOWN_DIALOG);
		CHECK_INT(number_of(&fix, "XLEN", "cb:{c:0}:cdr"), 1);
	}
	stop(&fix);
}

/* Scripts know some of them by their place (call_dialog.c). */
static void names_in_scripts_are_those_written_in_their_order(void)
{
	struct call_fields *fields = mem_zalloc(sizeof(*fields), NULL);
	char text[1024] = "";
	size_t n = 0;

	REQUIRE(fields);
	call_fields_write(fields, &sample);
	CHECK_INT(fields->argc, 2 * CALL_FIELDS);
	for (size_t i = 0; i < CALL_FIELDS; i++) {
		const char *name = fields->argv[2 * i].data;

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s'%s'",
				      i ? "," : "",
				      strcmp(name, "why") ? name : "-");
	}
	CHECK_STR(text, CALL_FIELDS_LUA);
	CHECK_STR(fields->argv[2 * 20].data, "b.tag");
	CHECK_STR(fields->argv[2 * 28].data, "a.icseq");
	CHECK_STR(fields->argv[2 * 32].data, "b.icseq");
	CHECK_STR(fields->argv[2 * 36].data, "state");
	CHECK_STR(fields->argv[2 * 41].data, "a.cseq");
	CHECK_STR(fields->argv[2 * 46].data, "b.shift");
	mem_deref(fields);
}

static void each_side_has_its_tenant(void)
{
	struct call_record rec = {.tenant = "demo"};

	CHECK_STR(call_tenant(&sample, CALL_CALLER), "demo");
	CHECK_STR(call_tenant(&sample, CALL_CALLEE), "branch");
	CHECK(call_is_between(&sample));
	CHECK_STR(call_tenant(&rec, CALL_CALLEE), "demo");
	CHECK(!call_is_between(&rec));
	/* sent on, and back */
	str_ncpy(rec.there, "demo", sizeof(rec.there));
	CHECK(!call_is_between(&rec));
}

/* Two calls of one Call-ID, as begun for one INVITE by two workers, the first
 * of which has died. */
static void twins_save(struct fixture *fix, struct call_record twins[2],
		       const char *conn)
{
	static const char *const ids[] = {"0000000000000001",
					  "0000000000000002"};

	for (unsigned i = 0; i < 2; i++) {
		twins[i] = sample;
		twins[i].state = CALL_SETUP;
		str_ncpy(twins[i].call, ids[i], sizeof(twins[i].call));
		if (i)
			str_ncpy(twins[i].side[CALL_CALLER].conn, conn,
				 sizeof(twins[i].side[CALL_CALLER].conn));
		CHECK_INT(wait_code(fix, call_record_save(&fix->ask, fix->link,
							  &twins[i], 60,
							  on_answer, fix)),
			  STATUS_OK);
	}
}

static enum status twin_save(struct fixture *fix,
			     const struct call_record *rec)
{
	return wait_code(fix, call_record_save(&fix->ask, fix->link, rec, 60,
					       on_answer, fix));
}

static void twin_end(struct fixture *fix, const struct call_record *rec,
		     enum status reason)
{
	const struct call_end how = {
		.call = rec->call, .reason = reason, .who = "s1/1",
		.cdr_s = 604800};

	CHECK_INT(wait_code(fix, call_record_end(&fix->ask, fix->link, &how,
						 on_answer, fix)),
		  STATUS_OK);
}

static void cdrs_are(struct fixture *fix, uint64_t want)
{
	CHECK_INT(number_of(fix, "XLEN", "cb:{c:0}:cdr"), want);
	(void)number_of(fix, "DEL", "cb:{c:0}:cdr");
}

static void an_invite_that_was_begun_again_has_one_cdr(void)
{
	struct call_record twins[2];
	struct fixture fix;
	const char *same = sample.side[CALL_CALLER].conn;

	if (!start(&fix)) {
		stop(&fix);
		return;
	}
	/* the first is found dead while the second one lives, */
	twins_save(&fix, twins, same);
	twin_end(&fix, &twins[0], STATUS_KILLED);
	twin_end(&fix, &twins[1], STATUS_HANGUP);
	cdrs_are(&fix, 1);
	/* or after that has ended, */
	twins_save(&fix, twins, same);
	twin_end(&fix, &twins[1], STATUS_BUSY);
	twin_end(&fix, &twins[0], STATUS_KILLED);
	cdrs_are(&fix, 1);
	/* or both died. */
	twins_save(&fix, twins, same);
	twin_end(&fix, &twins[0], STATUS_KILLED);
	twin_end(&fix, &twins[1], STATUS_KILLED);
	cdrs_are(&fix, 1);
	/* The one that lives may have said more in its dialog. */
	twins_save(&fix, twins, same);
	twins[1].state = CALL_UP;
	twins[1].side[CALL_CALLER].invite_cseq += 9;
	CHECK_INT(twin_save(&fix, &twins[1]), STATUS_OK);
	twin_end(&fix, &twins[0], STATUS_KILLED);
	twin_end(&fix, &twins[1], STATUS_HANGUP);
	cdrs_are(&fix, 1);
	/* A call that comes back to us by a PBX is another one. */
	twins_save(&fix, twins, "otherpbx");
	twin_end(&fix, &twins[0], STATUS_KILLED);
	twin_end(&fix, &twins[1], STATUS_KILLED);
	cdrs_are(&fix, 2);
	/* What ended otherwise was a call of its own. */
	twins_save(&fix, twins, same);
	twin_end(&fix, &twins[0], STATUS_BUSY);
	twin_end(&fix, &twins[1], STATUS_BUSY);
	cdrs_are(&fix, 2);
	stop(&fix);
}

/* A proxy before us that forks one INVITE to two of our users has made two
 * calls of it, of one Call-ID and From tag. */
static void a_forked_invite_is_several_calls_whoever_dies(void)
{
	struct call_record twins[2];
	struct fixture fix;

	if (start(&fix)) {
		twins_save(&fix, twins, sample.side[CALL_CALLER].conn);
		twins[1].asked = sample.asked + 1;
		CHECK_INT(twin_save(&fix, &twins[1]), STATUS_OK);
		twin_end(&fix, &twins[0], STATUS_KILLED);
		twin_end(&fix, &twins[1], STATUS_KILLED);
		cdrs_are(&fix, 2);
	}
	stop(&fix);
}

/* Begins a call; whether it was told that it was begun before. */
static bool begun_before(struct fixture *fix, const char *call, const char *at,
			 uint32_t asked)
{
	const struct call_try try = {.leg = 1, .head = PL("INVITE")};
	struct call_record rec = sample;

	rec.state = CALL_SETUP;
	str_ncpy(rec.call, call, sizeof(rec.call));
	str_ncpy(rec.at, at, sizeof(rec.at));
	rec.asked = asked;
	CHECK_INT(wait_code(fix, call_setup_begin(&fix->ask, fix->link, &rec,
						  &try, 60, on_answer, fix)),
		  STATUS_OK);
	return fix->has_rec;
}

static void an_invite_that_is_begun_again_is_told_what_it_was(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK(!begun_before(&fix, "0000000000000001", "s1/1/7", 5));
		/* forked before us, by one worker or by two */
		CHECK(!begun_before(&fix, "0000000000000002", "s1/1/7", 6));
		CHECK(!begun_before(&fix, "0000000000000003", "s1/2/7", 7));
		CHECK(!begun_before(&fix, "0000000000000004", "s1/1/7", 5));
		/* by a successor */
		CHECK(begun_before(&fix, "0000000000000005", "s1/2/7", 5));
		CHECK_STR(fix.rec.call, "0000000000000001");
	}
	stop(&fix);
}

static void where_nobody_is_told_there_is_no_cdr(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.untold = true;
		CHECK_INT(save(&fix), STATUS_OK);
		CHECK_INT(end(&fix), STATUS_OK);
		CHECK(fix.has_rec);
		cdrs_are(&fix, 0);
		CHECK_INT(end(&fix), STATUS_UNKNOWN_DIALOG);
	}
	stop(&fix);
}

TEST_MAIN(TEST(a_forked_invite_is_several_calls_whoever_dies),
	  TEST(an_invite_that_is_begun_again_is_told_what_it_was),
	  TEST(an_invite_that_was_begun_again_has_one_cdr),
	  TEST(each_side_has_its_tenant),
	  TEST(names_in_scripts_are_those_written_in_their_order),
	  TEST(a_record_reads_back),
	  TEST(a_record_of_before_says_nothing_of_recording),
	  TEST(who_must_tell_the_sides_finds_what_was_kept),
	  TEST(a_shift_is_kept_while_the_call_lives),
	  TEST(what_is_not_there_is_an_unknown_dialog),
	  TEST(a_call_stands_in_the_list_until_it_ends),
	  TEST(a_record_that_expired_leaves_the_list),
	  TEST(a_short_record_does_not_take_the_list_away),
	  TEST(a_call_ends_once_with_one_cdr),
	  TEST(where_nobody_is_told_there_is_no_cdr),
	  TEST(cdrs_stay_for_a_week_at_most),
	  TEST(how_the_media_was_is_kept_with_the_cdr),
	  TEST(with_redis_away_it_says_so))
