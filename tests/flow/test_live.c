/*
 * test_live.c  Who lets calls fail gets none for a while, then a single one
 *
 * Two workers. pbx[0] fails, pbx[1] is behind it. alice is at the first
 * worker, bob at the second.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "sigd/proxy/conn/health.h"
#include "sigd/proxy/conn/live.h"
#include "tests/lib/bob_calls.h"

enum { OPEN_MS = 400 };

static void routes_two(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "      bob: {password: bob-secret}\n"
		 "      u0: {password: u0-secret}\n"
		 "      u1: {password: u1-secret}\n"
		 "      u2: {password: u2-secret}\n"
		 "      u3: {password: u3-secret}\n"
		 "    connections:\n"
		 "      one: {kind: trunk, address: '127.0.0.1:%u', probe: 0s, "
		 "answer_within: 200ms, breaker: {failures: 2, open: %ums}}\n"
		 "      two: {kind: trunk, address: '127.0.0.1:%u', probe: "
		 "0s, breaker: {failures: 0, percent: 0}}\n"
		 "    routes:\n"
		 "      - {name: out, match: {callee: '0.*'}, to: "
		 "{connections: [one, two]}}\n"
		 "      - {name: two, match: {callee: '2.*'}, to: "
		 "{connection: two}}\n"
		 "      - {name: alone, match: {callee: '4.*'}, to: "
		 "{connection: one}}\n"
		 "      - {name: hang, match: {callee: '3.*'}, to: "
		 "{connections: [one, two]}, failover: {try_within: 1s}}\n",
		 sa_port(&fix->pbx[0].addr), OPEN_MS,
		 sa_port(&fix->pbx[1].addr));
}

struct stage {
	struct fixture fix;
	unsigned cseq; /* of bob */
};

static bool begin(struct stage *st)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_two};

	memset(st, 0, sizeof(*st));
	st->cseq = 2;
	return start_cfg(&st->fix, &cfg);
}

static enum route_state state_at(struct stage *st, unsigned nr)
{
	const struct proxy *px = st->fix.nodes[nr].proxy;
	struct pl id = PL("demo"), name = PL("one");
	struct route_health is;

	health_of(&is, px->health,
		  route_connection_find(
			  route_tenant_by_id(px->deps.routes, &id), &name));
	return is.state;
}

struct wait {
	struct stage *st;
	unsigned nr;
	enum route_state state;
};

static bool is_so(void *arg)
{
	const struct wait *wait = arg;

	return state_at(wait->st, wait->nr) == wait->state;
}

static bool becomes(struct stage *st, unsigned nr, enum route_state state)
{
	struct wait wait = {st, nr, state};

	return CHECK(redis_test_until(st->fix.wheel, 5000, is_so, &wait));
}

/* It says no with that, and the other one is asked; the call ends there. */
static void fails_as(struct stage *st, const char *user, const char *to,
		     int code, const char *lines)
{
	struct fixture *fix = &st->fix;

	calls_as(fix, user, to, st->cseq);
	st->cseq += 2;
	REQUIRE(expect(fix, &fix->pbx[0], "INVITE"));
	if (code)
		ua_answers(fix, &fix->pbx[0], code, lines);
	REQUIRE(expect(fix, &fix->pbx[1], "INVITE"));
	ua_answers(fix, &fix->pbx[1], 486, "");
	CHECK_INT(answer(fix, &fix->bob), 486);
}

/* Each time another user, and another number. */
static void fails(struct stage *st, int code, const char *lines)
{
	char user[8], to[16];

	snprintf(user, sizeof(user), "u%u", st->cseq / 2 % 4);
	snprintf(to, sizeof(to), "0%u", st->cseq);
	fails_as(st, user, to, code, lines);
}

/* The other one is asked at once. */
static void passes_by(struct stage *st)
{
	struct fixture *fix = &st->fix;

	fix->pbx[0].seen[0] = '\0';
	bob_calls(fix, "0123", st->cseq);
	st->cseq += 2;
	REQUIRE(expect(fix, &fix->pbx[1], "INVITE"));
	CHECK(!strstr(fix->pbx[0].seen, "INV"));
	ua_answers(fix, &fix->pbx[1], 486, "");
	CHECK_INT(answer(fix, &fix->bob), 486);
}

static void who_fails_twice_is_left_alone_by_all_workers(void)
{
	struct stage st;

	if (begin(&st)) {
		fails(&st, 500, "");
		CHECK_INT(state_at(&st, 1), ROUTE_STATE_UP);
		fails(&st, 502, "");
		CHECK_INT(state_at(&st, 1), ROUTE_STATE_BROKEN);
		passes_by(&st);
		CHECK_INT(proxy_alarm_counts(st.fix.nodes[1].proxy)
				  [ALARM_CONN_BROKEN],
			  1);
	}
	stop(&st.fix);
}

/* Whatever one user dials; and a number that cannot be served, whoever dials
 * it. */
static void one_user_and_one_number_break_nothing(void)
{
	static const char *const users[] = {"u0", "u1", "u2", "u3"};
	struct stage st;
	char to[16];

	if (begin(&st)) {
		for (unsigned i = 0; i < 4; i++) {
			snprintf(to, sizeof(to), "01%u", i);
			fails_as(&st, "bob", to, 500, "");
		}
		for (unsigned i = 0; i < COUNTOF(users); i++)
			fails_as(&st, users[i], "010", 500, "");
		CHECK_INT(state_at(&st, 1), ROUTE_STATE_UP);
		fails_as(&st, "u1", "02", 500, "");
		CHECK_INT(state_at(&st, 1), ROUTE_STATE_BROKEN);
	}
	stop(&st.fix);
}

/* What calls say may be of a few numbers. */
static void the_only_one_is_tried_although_it_is_broken(void)
{
	struct stage st;
	struct fixture *fix = &st.fix;

	if (begin(&st)) {
		fails(&st, 500, "");
		fails(&st, 500, "");
		CHECK_INT(state_at(&st, 1), ROUTE_STATE_BROKEN);
		passes_by(&st);
		bob_calls(fix, "4", st.cseq);
		st.cseq += 2;
		REQUIRE(expect(fix, &fix->pbx[0], "INVITE"));
		ua_answers(fix, &fix->pbx[0], 486, "");
		CHECK_INT(answer(fix, &fix->bob), 486);
	}
	stop(&st.fix);
}

/* Nobody keeps it broken by himself. */
/* What is too long for their PBX, or for anybody, is a matter of who calls. */
static void long_calls_of_one_user_break_nothing(void)
{
	struct stage st;
	struct fixture *fix = &st.fix;
	char uri[64], auth[1024], lines[3000];

	if (begin(&st)) {
		for (unsigned i = 0; i < 4; i++, st.cseq += 2) {
			put_as(fix, "bob", "0123", st.cseq - 1, "");
			CHECK_INT(answer(fix, &fix->bob), 407);
			snprintf(uri, sizeof(uri), "sip:0123@demo.test");
			credentials(&fix->bob, "INVITE", uri, "bob-secret",
				    auth);
			snprintf(lines, sizeof(lines), "%sSubject: %01400d\r\n",
				 auth, 0);
			put_as(fix, "bob", "0123", st.cseq, lines);
			/* silent */
			REQUIRE(expect(fix, &fix->pbx[0], "INVITE"));
			REQUIRE(expect(fix, &fix->pbx[1], "INVITE"));
			ua_answers(fix, &fix->pbx[1], 486, "");
			CHECK(expect(fix, &fix->pbx[1], "ACK"));
			fix->pbx[0].seen[0] = '\0';
		}
		CHECK_INT(state_at(&st, 1), ROUTE_STATE_UP);
	}
	stop(&st.fix);
}

static void a_trial_of_the_same_user_makes_it_no_longer(void)
{
	struct stage st;
	const struct health_row *row;
	struct pl id = PL("demo"), name = PL("one");

	if (begin(&st)) {
		const struct proxy *px = st.fix.nodes[1].proxy;

		fails_as(&st, "bob", "01", 500, "");
		fails_as(&st, "u1", "02", 500, "");
		REQUIRE(becomes(&st, 1, ROUTE_STATE_TRIAL));
		fails_as(&st, "bob", "03", 500, "");
		CHECK_INT(state_at(&st, 1), ROUTE_STATE_BROKEN);
		row = health_broken(
			px->health,
			route_connection_find(
				route_tenant_by_id(px->deps.routes, &id),
				&name));
		CHECK(row && !row->times);
	}
	stop(&st.fix);
}

static void silence_is_a_failure_too(void)
{
	struct stage st;

	if (begin(&st)) {
		fails(&st, 0, "");
		fails(&st, 0, "");
		passes_by(&st);
	}
	stop(&st.fix);
}

/* It is on the way, it says, again and again. */
static void trying_for_ever_is_a_failure_too(void)
{
	char invite[TEXT_MAX];
	struct stage st;
	struct fixture *fix = &st.fix;

	if (begin(&st)) {
		for (unsigned i = 0; i < 2; i++) {
			calls_as(fix, i ? "u0" : "u1", i ? "30" : "31",
				 st.cseq);
			st.cseq += 2;
			REQUIRE(expect(fix, &fix->pbx[0], "INVITE"));
			strcpy(invite, fix->pbx[0].req);
			ua_answers(fix, &fix->pbx[0], 100, "");
			REQUIRE(expect(fix, &fix->pbx[0], "CANCEL"));
			ua_answers(fix, &fix->pbx[0], 200, "");
			strcpy(fix->pbx[0].req, invite);
			ua_answers(fix, &fix->pbx[0], 487, "");
			REQUIRE(expect(fix, &fix->pbx[1], "INVITE"));
			ua_answers(fix, &fix->pbx[1], 486, "");
			CHECK(expect(fix, &fix->pbx[1], "ACK"));
		}
		CHECK_INT(state_at(&st, 1), ROUTE_STATE_BROKEN);
	}
	stop(&st.fix);
}

static void who_is_busy_has_answered(void)
{
	struct stage st;
	struct fixture *fix = &st.fix;

	if (begin(&st)) {
		for (unsigned i = 0; i < 3; i++) {
			fails(&st, 500, "");
			bob_calls(fix, "0123", st.cseq);
			st.cseq += 2;
			REQUIRE(expect(fix, &fix->pbx[0], "INVITE"));
			ua_answers(fix, &fix->pbx[0], 486, "");
			CHECK_INT(answer(fix, &fix->bob), 486);
		}
		CHECK_INT(state_at(&st, 1), ROUTE_STATE_UP);
	}
	stop(&st.fix);
}

static void when_the_time_is_over_one_call_finds_out(void)
{
	struct stage st;
	struct fixture *fix = &st.fix;

	if (begin(&st)) {
		fails(&st, 500, "");
		fails(&st, 500, "");
		REQUIRE(becomes(&st, 0, ROUTE_STATE_TRIAL));
		REQUIRE(becomes(&st, 1, ROUTE_STATE_TRIAL));
		/* alice's does */
		call(fix, "0123");
		REQUIRE(expect(fix, &fix->pbx[0], "INVITE"));
		/* and bob's is none */
		passes_by(&st);
		ua_answers(fix, &fix->pbx[0], 486, "");
		CHECK_INT(answer(fix, &fix->alice), 486);
		CHECK_INT(state_at(&st, 0), ROUTE_STATE_UP);
		REQUIRE(becomes(&st, 1, ROUTE_STATE_UP));
		fails(&st, 500, "");
	}
	stop(&st.fix);
}

static void a_trial_that_fails_makes_it_longer(void)
{
	struct stage st;
	struct fixture *fix = &st.fix;
	const struct health_row *row;
	struct pl id = PL("demo"), name = PL("one");
	uint64_t now;

	if (begin(&st)) {
		const struct proxy *px = fix->nodes[1].proxy;

		fails(&st, 500, "");
		fails(&st, 500, "");
		REQUIRE(becomes(&st, 1, ROUTE_STATE_TRIAL));
		fails(&st, 500, "");
		CHECK_INT(state_at(&st, 1), ROUTE_STATE_BROKEN);
		row = health_broken(
			px->health,
			route_connection_find(
				route_tenant_by_id(px->deps.routes, &id),
				&name));
		REQUIRE(row && redis_link_time(px->deps.redis, &now));
		CHECK_INT(row->times, 1);
		CHECK(row->until_ms > now + OPEN_MS);
		/* and is tried again then */
		REQUIRE(becomes(&st, 1, ROUTE_STATE_TRIAL));
		fails(&st, 500, "");
	}
	stop(&st.fix);
}

/* The longer of both times, and then it is tried again. */
static void a_trial_that_gets_busy_is_one_that_fails(void)
{
	struct stage st;
	const struct health_row *row;
	struct pl id = PL("demo"), name = PL("one");
	uint64_t now;

	if (begin(&st)) {
		const struct proxy *px = st.fix.nodes[1].proxy;

		fails(&st, 500, "");
		fails(&st, 500, "");
		REQUIRE(becomes(&st, 1, ROUTE_STATE_TRIAL));
		fails(&st, 503, "Retry-After: 2\r\n");
		CHECK_INT(state_at(&st, 1), ROUTE_STATE_BROKEN);
		row = health_broken(
			px->health,
			route_connection_find(
				route_tenant_by_id(px->deps.routes, &id),
				&name));
		REQUIRE(row && redis_link_time(px->deps.redis, &now));
		CHECK_INT(row->times, 1);
		CHECK(row->until_ms > now + 1500);
		REQUIRE(becomes(&st, 1, ROUTE_STATE_TRIAL));
		fails(&st, 500, "");
	}
	stop(&st.fix);
}

/* RFC 3261 21.5.4 */
static void who_wants_to_be_left_alone_is(void)
{
	struct stage st;

	if (begin(&st)) {
		fails(&st, 503, "Retry-After: 2\r\n");
		CHECK_INT(state_at(&st, 1), ROUTE_STATE_BUSY);
		passes_by(&st);
		REQUIRE(becomes(&st, 0, ROUTE_STATE_BUSY));
		REQUIRE(becomes(&st, 1, ROUTE_STATE_UP));
		fails(&st, 500, "");
	}
	stop(&st.fix);
}

static void what_an_operator_says_counts_more(void)
{
	static const char row[] = "state=forced since=1 until=0 times=0 by=ops "
				  "why=works";
	static const char up[] = "state=up since=1 until=0 times=0 by=ops "
				 "why=ok";
	struct stage st;
	struct redis_arg set[] = {redis_str("HSET"),
				  redis_str(HEALTH_FORCED_KEY),
				  redis_str("demo/one"), redis_str(row)};

	if (begin(&st)) {
		struct redis_link *redis = st.fix.nodes[0].redis;

		CHECK(!redis_link_send(redis, set, 4, NULL, NULL));
		REQUIRE(becomes(&st, 1, ROUTE_STATE_FORCED));
		passes_by(&st);
		set[3] = redis_str(up);
		CHECK(!redis_link_send(redis, set, 4, NULL, NULL));
		REQUIRE(becomes(&st, 1, ROUTE_STATE_UP));
		for (unsigned i = 0; i < 3; i++)
			fails(&st, 500, "");
	}
	stop(&st.fix);
}

static void who_shall_not_break_does_not(void)
{
	struct stage st;
	struct fixture *fix = &st.fix;

	if (begin(&st)) {
		for (unsigned i = 0; i < 8; i++) {
			bob_calls(fix, "2", st.cseq);
			st.cseq += 2;
			REQUIRE(expect(fix, &fix->pbx[1], "INVITE"));
			ua_answers(fix, &fix->pbx[1], 500, "");
			CHECK_INT(answer(fix, &fix->bob), 500);
		}
	}
	stop(&st.fix);
}

TEST_MAIN(TEST(long_calls_of_one_user_break_nothing),
	  TEST(who_fails_twice_is_left_alone_by_all_workers),
	  TEST(one_user_and_one_number_break_nothing),
	  TEST(the_only_one_is_tried_although_it_is_broken),
	  TEST(a_trial_of_the_same_user_makes_it_no_longer),
	  TEST(silence_is_a_failure_too),
	  TEST(trying_for_ever_is_a_failure_too), TEST(who_is_busy_has_answered),
	  TEST(when_the_time_is_over_one_call_finds_out),
	  TEST(a_trial_that_fails_makes_it_longer),
	  TEST(a_trial_that_gets_busy_is_one_that_fails),
	  TEST(who_wants_to_be_left_alone_is),
	  TEST(what_an_operator_says_counts_more),
	  TEST(who_shall_not_break_does_not))
