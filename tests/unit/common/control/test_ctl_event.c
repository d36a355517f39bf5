/*
 * test_ctl_event.c  Events reach exactly one worker, and none is lost
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_event.h"
#include "tests/lib/ctl_sample.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

struct side {
	struct ctl_listener *listener;
	bool leave; /* do not say that it is done */
	bool forget;
	int events;
	struct ctl_event last;
	char tenant[32], there[32], text[64], from[CTL_ADDR_MAX + 1];
	uint64_t age;
};

struct fixture {
	struct redis_bed bed;
	struct keyring *ring;
	struct ctl_reporter *reporter;
	struct side a, b;
	int want;
};

static void note(struct side *side, const struct ctl_event *event,
		 const struct ctl_env *env)
{
	side->events++;
	side->last = *event;
	side->age = event->figures ? event->figures->age_ms : 0;
	strcpy(side->from, env->from);
	(void)pl_strcpy(&event->tenant, side->tenant, sizeof(side->tenant));
	if (event->there.l)
		(void)pl_strcpy(&event->there, side->there,
				sizeof(side->there));
	(void)pl_strcpy(&event->text, side->text, sizeof(side->text));
}

static void on_event(const struct ctl_event *event, const struct ctl_env *env,
		     const char *token, void *arg)
{
	struct side *side = arg;

	note(side, event, env);
	if (side->forget)
		ctl_event_forget(side->listener, token);
	else if (!side->leave)
		ctl_event_done(side->listener, token);
}

static void on_fact(const struct ctl_event *fact, const struct ctl_env *env,
		    void *arg)
{
	note(arg, fact, env);
}

static bool has_events(void *arg)
{
	const struct fixture *fix = arg;

	return fix->a.events + fix->b.events >= fix->want;
}

static bool is_empty(void *arg)
{
	const struct fixture *fix = arg;

	return !ctl_reporter_kept(fix->reporter);
}

static struct ctl_peer peer_of(struct fixture *fix, const char *addr)
{
	return (struct ctl_peer){.addr = addr,
				 .epoch = 5,
				 .link = fix->bed.link,
				 .cfg = &fix->bed.cfg,
				 .ring = fix->ring,
				 .wheel = fix->bed.wheel};
}

static bool start(struct fixture *fix)
{
	struct ctl_peer peer;

	memset(fix, 0, sizeof(*fix));
	if (!redis_bed_start(&fix->bed))
		return false;

	fix->ring = ctl_sample_keys();
	peer = peer_of(fix, "m1/2");
	CHECK(!ctl_reporter_alloc(&fix->reporter, &peer));
	return true;
}

static void listen_on(struct fixture *fix, struct side *side, const char *addr)
{
	struct ctl_peer peer = peer_of(fix, addr);

	CHECK(!ctl_listener_alloc(&side->listener, &peer, on_event, side));
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->a.listener);
	mem_deref(fix->b.listener);
	mem_deref(fix->reporter);
	mem_deref(fix->ring);
	redis_bed_stop(&fix->bed);
}

static struct ctl_event lost(uint8_t leg)
{
	struct ctl_event event = {.kind = CTL_EV_LEG_LOST,
				  .session = "0123456789abcdef",
				  .call = "fedcba9876543210",
				  .leg = leg,
				  .why = STATUS_MEDIA_LOST};

	pl_set_str(&event.tenant, "acme");
	pl_set_str(&event.text, "no packet for 20 s");
	return event;
}

static bool wait_events(struct fixture *fix, int want, uint64_t ms)
{
	fix->want = want;
	return redis_test_until(fix->bed.wheel, ms, has_events, fix);
}

static void each_event_goes_to_one_worker(void)
{
	struct ctl_event event = lost(2);
	struct fixture fix;

	if (start(&fix)) {
		listen_on(&fix, &fix.a, "a1/1");
		listen_on(&fix, &fix.b, "a1/2");
		for (int i = 0; i < 50; i++)
			CHECK(!ctl_report(fix.reporter, &event));
		CHECK(wait_events(&fix, 50, 5000));
		redis_bed_idle(&fix.bed, 100);
		CHECK_INT(fix.a.events + fix.b.events, 50);
		CHECK_INT(ctl_reporter_kept(fix.reporter), 0);
		CHECK_INT(redis_bed_say(&fix.bed, "XLEN cb:events").num, 50);
		CHECK(redis_bed_say(&fix.bed, "PTTL cb:events").num > 0);
	}
	stop(&fix);
}

static void an_event_says_what_was_reported(void)
{
	struct ctl_event event = lost(2);
	char there[] = "branch"; /* of who reports, and not for long */
	struct fixture fix;

	if (start(&fix)) {
		pl_set_str(&event.there, there);
		CHECK(!ctl_report(fix.reporter, &event));
		memset(there, 'x', sizeof(there) - 1);
		listen_on(&fix, &fix.a, "a1/1"); /* it was there before us */
		CHECK(wait_events(&fix, 1, 5000));
		CHECK_INT(fix.a.last.kind, CTL_EV_LEG_LOST);
		CHECK_STR(fix.a.last.session, event.session);
		CHECK_STR(fix.a.last.call, event.call);
		CHECK_INT(fix.a.last.leg, 2);
		CHECK_INT(fix.a.last.why, STATUS_MEDIA_LOST);
		CHECK_STR(fix.a.tenant, "acme");
		CHECK_STR(fix.a.there, "branch");
		CHECK_STR(fix.a.text, "no packet for 20 s");
		CHECK_STR(fix.a.from, "m1/2");
	}
	stop(&fix);
}

/* Keys of a telephone may be somebody's PIN. */
static void a_secret_does_not_stay(void)
{
	struct ctl_event event = lost(2);
	struct fixture fix;

	if (start(&fix)) {
		event.kind = CTL_EV_LEG_DIGIT;
		event.digit = CTL_DIGIT_HASH;
		event.ms = 100;
		fix.a.forget = true;
		listen_on(&fix, &fix.a, "a1/1");
		CHECK(!ctl_report(fix.reporter, &event));
		CHECK(wait_events(&fix, 1, 5000));
		redis_bed_idle(&fix.bed, 100);
		CHECK_INT(redis_bed_say(&fix.bed, "XLEN cb:events").num, 0);
		CHECK_INT(fix.a.events, 1);
	}
	stop(&fix);
}

static void an_event_left_behind_is_found_by_the_next_life(void)
{
	struct ctl_event event = lost(2);
	struct fixture fix;

	if (start(&fix)) {
		fix.a.leave = true;
		listen_on(&fix, &fix.a, "a1/1");
		CHECK(!ctl_report(fix.reporter, &event));
		CHECK(wait_events(&fix, 1, 5000));
		fix.a.listener = mem_deref(fix.a.listener);
		listen_on(&fix, &fix.b, "a1/1");
		CHECK(wait_events(&fix, 2, 5000));
		CHECK_INT(fix.b.events, 1);
	}
	stop(&fix);
}

static void reports_outlive_an_absence_of_redis(void)
{
	struct ctl_event event = lost(2);
	struct fixture fix;

	if (start(&fix)) {
		listen_on(&fix, &fix.a, "a1/1");
		redis_server_kill(&fix.bed.server);
		for (int i = 0; i < 3; i++)
			CHECK(!ctl_report(fix.reporter, &event));
		CHECK(redis_test_until(fix.bed.wheel, 3000, redis_test_is_down,
				       fix.bed.link));
		CHECK(!ctl_report(fix.reporter, &event));
		CHECK_INT(ctl_reporter_kept(fix.reporter), 4);
		CHECK(redis_server_start(&fix.bed.server));
		CHECK(wait_events(&fix, 4, 8000));
		CHECK(redis_test_until(fix.bed.wheel, 1000, is_empty, &fix));
		redis_bed_idle(&fix.bed, 100);
		CHECK_INT(fix.a.events, 4);
	}
	stop(&fix);
}

static void the_oldest_go_when_redis_is_away_too_long(void)
{
	struct ctl_event event = lost(2);
	struct fixture fix;

	if (start(&fix)) {
		redis_server_kill(&fix.bed.server);
		CHECK(redis_test_until(fix.bed.wheel, 3000, redis_test_is_down,
				       fix.bed.link));
		for (int i = 0; i < CTL_EVENTS_KEPT + 5; i++)
			CHECK(!ctl_report(fix.reporter, &event));
		CHECK_INT(ctl_reporter_kept(fix.reporter), CTL_EVENTS_KEPT);
		CHECK_INT(ctl_reporter_counts(fix.reporter)->dropped, 5);
	}
	stop(&fix);
}

static void a_forged_event_is_put_away(void)
{
	struct fixture fix;

	if (start(&fix)) {
		listen_on(&fix, &fix.a, "a1/1");
		redis_bed_say(&fix.bed,
			      "XADD cb:events * v 1 key 1 event leg.lost "
			      "mac 00000000000000000000000000000000");
		redis_bed_idle(&fix.bed, 100);
		CHECK_INT(fix.a.events, 0);
		CHECK_INT(ctl_listener_counts(fix.a.listener)
				  ->refused[CTL_BAD_MAC],
			  1);
		/* not pending any more: nobody has to see it again */
		CHECK_INT(redis_bed_say(&fix.bed, "XPENDING cb:events sigd - "
						  "+ 10")
				  .num,
			  0);
	}
	stop(&fix);
}

static int pending(struct fixture *fix)
{
	return (int)redis_bed_say(&fix->bed, "XPENDING cb:events sigd - + 10")
		.num;
}

/* Each call writes the very same report. */
static void add_report(struct fixture *fix, const struct keyring *ring)
{
	struct redis_arg argv[3 + 2 * CTL_FIELDS_MAX] = {redis_str("XADD"),
							 redis_str("cb:events"),
							 redis_str("*")};
	struct ctl_msg msg = ctl_sample(CTL_EVENT);
	struct ctl_wire *wire = NULL;

	strcpy(msg.env.to, "events");
	msg.env.to_epoch = 0;
	msg.env.ttl_ms = CTL_EVENT_TTL_MS;
	CHECK(redis_link_time(fix->bed.link, &msg.env.at_ms));
	msg.event = lost(1);
	REQUIRE(!ctl_encode(&wire, &msg, ring));
	memcpy(&argv[3], wire->fields, wire->count * sizeof(argv[0]));
	CHECK(!redis_link_send(fix->bed.link, argv, 3 + wire->count, NULL,
			       NULL));
	mem_deref(wire);
}

/* As a media worker does whose connection broke before Redis answered. */
static void a_report_that_was_written_twice_is_acted_upon_once(void)
{
	struct fixture fix;

	if (start(&fix)) {
		listen_on(&fix, &fix.a, "a1/1");
		add_report(&fix, fix.ring);
		CHECK(wait_events(&fix, 1, 5000));
		add_report(&fix, fix.ring);
		redis_bed_idle(&fix.bed, 200);
		CHECK_INT(fix.a.events, 1);
		CHECK_INT(pending(&fix), 0);
		CHECK_INT(ctl_listener_counts(fix.a.listener)->repeated, 1);
	}
	stop(&fix);
}

static void what_is_under_way_is_not_begun_again(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.a.leave = true;
		listen_on(&fix, &fix.a, "a1/1");
		add_report(&fix, fix.ring);
		add_report(&fix, fix.ring);
		CHECK(wait_events(&fix, 1, 5000));
		redis_bed_idle(&fix.bed, 200);
		CHECK_INT(fix.a.events, 1);
		CHECK_INT(pending(&fix), 2); /* until it is done */
	}
	stop(&fix);
}

/* One that has the newer key or release may, as long as it holds. */
static void what_one_cannot_read_is_left_to_others(void)
{
	static const char text[] = "2 - 202122232425262728292a2b2c2d2e2f\n";
	struct keyring *ring = NULL;
	struct fixture fix;
	char why[128];

	if (start(&fix)) {
		const uint64_t *refused;

		CHECK(!keyring_parse(&ring, text, strlen(text), why,
				     sizeof(why)));
		listen_on(&fix, &fix.a, "a1/1");
		refused = ctl_listener_counts(fix.a.listener)->refused;
		redis_bed_say(&fix.bed, "XADD cb:events 1-1 v 2 event x");
		redis_bed_idle(&fix.bed, 100);
		CHECK_INT(refused[CTL_BAD_VERSION], 1);
		CHECK_INT(pending(&fix), 0); /* of 1970: nobody may any more */
		redis_bed_say(&fix.bed, "XADD cb:events * v 2 event x");
		add_report(&fix, ring);
		redis_bed_idle(&fix.bed, 100);
		CHECK_INT(refused[CTL_BAD_VERSION], 2);
		CHECK_INT(refused[CTL_NO_KEY], 1);
		CHECK_INT(pending(&fix), 2);
		mem_deref(ring);
	}
	stop(&fix);
}

/* The old key is taken out when the longest call is over: from then on
 * whoever kept it would refuse all that the others say. */
static void keys_change_while_events_go_on(void)
{
	static const char text[] = "2 - 202122232425262728292a2b2c2d2e2f\n";
	struct ctl_event event = lost(2);
	struct keyring *ring = NULL;
	struct fixture fix;
	char why[128];

	if (start(&fix)) {
		CHECK(!keyring_parse(&ring, text, strlen(text), why,
				     sizeof(why)));
		listen_on(&fix, &fix.a, "a1/1");
		ctl_reporter_keys(fix.reporter, ring);
		ctl_listener_keys(fix.a.listener, ring);
		CHECK(!ctl_report(fix.reporter, &event));
		CHECK(wait_events(&fix, 1, 5000));
		mem_deref(ring);
	}
	stop(&fix);
}

static void facts_are_followed_and_are_no_events(void)
{
	struct ctl_figures figures = {.age_ms = 61000};
	struct ctl_event fact = lost(0);
	struct ctl_follower *follower = NULL;
	struct ctl_peer peer;
	struct fixture fix;

	if (start(&fix)) {
		peer = peer_of(&fix, "a1/1");
		listen_on(&fix, &fix.a, "a1/1");
		CHECK(!ctl_follower_alloc(&follower, &peer, on_fact, &fix.b));
		redis_bed_idle(&fix.bed, 100);
		fact.kind = CTL_FACT_SESSION_ENDED;
		fact.figures = &figures;
		CHECK(!ctl_report(fix.reporter, &fact));
		CHECK(wait_events(&fix, 1, 5000));
		CHECK_INT(fix.b.events, 1);
		CHECK_INT(fix.b.age, 61000);
		CHECK_INT(fix.a.events, 0);
		mem_deref(follower);
	}
	stop(&fix);
}

static void wrong_reports_are_refused(void)
{
	struct ctl_event event = lost(0); /* a leg is lost, but which? */
	char longer[CTL_TENANT_MAX + 2];
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(ctl_report(fix.reporter, &event), EINVAL);
		event.leg = 1;
		memset(longer, 'a', sizeof(longer));
		event.tenant = (struct pl){longer, CTL_TENANT_MAX + 1};
		CHECK_INT(ctl_report(fix.reporter, &event), EINVAL);
		CHECK_INT(ctl_reporter_kept(fix.reporter), 0);
	}
	stop(&fix);
}

TEST_MAIN(TEST(each_event_goes_to_one_worker),
	  TEST(an_event_says_what_was_reported),
	  TEST(a_secret_does_not_stay),
	  TEST(an_event_left_behind_is_found_by_the_next_life),
	  TEST(reports_outlive_an_absence_of_redis),
	  TEST(the_oldest_go_when_redis_is_away_too_long),
	  TEST(a_forged_event_is_put_away),
	  TEST(a_report_that_was_written_twice_is_acted_upon_once),
	  TEST(what_is_under_way_is_not_begun_again),
	  TEST(what_one_cannot_read_is_left_to_others),
	  TEST(keys_change_while_events_go_on),
	  TEST(facts_are_followed_and_are_no_events),
	  TEST(wrong_reports_are_refused))
