/*
 * test_device.c  A user's devices: behind NAT, several at once, in their order
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_bed.h"

/* Users of a tenant with this line of its own. */
static const char *devices_line;

static void routes_devices(const struct fixture *fix, char *text, size_t size)
{
	(void)fix;
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    %s\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "      bob: {password: bob-secret}\n",
		 devices_line);
}

static bool start_devices(struct fixture *fix, const char *line)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_devices};

	devices_line = line;
	return start_cfg(fix, &cfg);
}

/* --- NAT ------------------------------------------------------------------- */

/* Both have plain RTP; alice is where she says, bob's Contact is private. */
static void call_bob_behind_nat(struct fixture *fix)
{
	CHECK_INT(register_lines(fix, &fix->bob, "bob-secret",
				 "Contact: <sip:bob@10.0.0.5:5060>\r\n"),
		  200);
	call(fix, "bob");
	CHECK(request(fix, &fix->bob, "INVITE"));
}

static void rtp_of_a_telephone_behind_nat_is_learnt_from_its_host(void)
{
	struct fixture fix;

	if (start_devices(&fix, "devices: {}")) {
		call_bob_behind_nat(&fix);
		CHECK_INT(fix.media.leg[1].source, CTL_STRICT);
		CHECK_STR(fix.media.leg[1].networks, "");
		CHECK_INT(fix.media.leg[2].source, CTL_LEARN_ONCE);
		CHECK_STR(fix.media.leg[2].networks, "127.0.0.1/32");
	}
	stop(&fix);
}

static void a_caller_behind_nat_is_known_by_its_via_as_well(void)
{
	struct fixture fix;
	char auth[1024];

	if (start_devices(&fix, "")) {
		put_invite(&fix, &fix.alice, "bob", 1, "");
		CHECK_INT(answer(&fix, &fix.alice), 407);
		credentials(&fix.alice, "INVITE", "sip:bob@demo.test",
			    "alice-secret", auth);
		put_ack_407(&fix, &fix.alice, "bob", 1);
		put(&fix, &fix.alice, 0,
		    "INVITE sip:bob@demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 192.168.1.7:5060;branch=z9hG4bKn;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=af\r\n"
		    "To: <sip:bob@demo.test>\r\nCall-ID: call-1\r\n"
		    "CSeq: 2 INVITE\r\nContact: <sip:alice@127.0.0.1:9>\r\n"
		    "%sContent-Type: application/sdp\r\n\r\nv=0\r\n",
		    auth);
		CHECK_INT(answer(&fix, &fix.alice), 480);
		CHECK_INT(fix.media.leg[1].source, CTL_LEARN_ONCE);
		CHECK_STR(fix.media.leg[1].networks, "127.0.0.1/32");
	}
	stop(&fix);
}

static void a_tenant_may_insist_on_one_way(void)
{
	struct fixture fix;

	if (start_devices(&fix, "devices: {media_source: strict}")) {
		call_bob_behind_nat(&fix);
		CHECK_INT(fix.media.leg[2].source, CTL_STRICT);
	}
	stop(&fix);
	if (start_devices(&fix, "devices: {media_source: learn-once}")) {
		call_bob_behind_nat(&fix);
		CHECK_INT(fix.media.leg[1].source, CTL_LEARN_ONCE);
		CHECK_STR(fix.media.leg[1].networks, "127.0.0.1/32");
	}
	stop(&fix);
}

/* --- several of them -------------------------------------------------------- */

static void bind_at(struct fixture *fix, struct ua *ua, const char *params)
{
	char lines[512];

	snprintf(lines, sizeof(lines), "Contact: <sip:bob@127.0.0.1:%u>%s\r\n",
		 sa_port(&ua->addr), params);
	CHECK_INT(register_lines(fix, ua, "bob-secret", lines), 200);
}

#define FLOW(n) ";+sip.instance=\"<urn:uuid:1>\";reg-id=" n

/* RFC 5626 section 5.3 */
static void a_device_with_two_flows_rings_once(void)
{
	struct fixture fix;
	struct ua *first, *second;

	if (start_devices(&fix, "")) {
		bind_at(&fix, &fix.bob, FLOW("1"));
		bind_at(&fix, &fix.desk, FLOW("2"));
		call(&fix, "bob");
		round_trip(&fix, &fix.pbx[0], 0);
		pass(&fix, 50);
		CHECK_INT(fix.bob.requests + fix.desk.requests, 1);
		first = fix.bob.requests ? &fix.bob : &fix.desk;
		second = fix.bob.requests ? &fix.desk : &fix.bob;
		/* the flow has failed: the other one */
		ua_answers(&fix, first, 430, "");
		CHECK(request(&fix, second, "INVITE"));
		ua_answers(&fix, second, 200, BOB_2XX);
		fix.alice.code = 0;
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

static void a_device_whose_flows_have_all_failed_is_away(void)
{
	struct fixture fix;

	if (start_devices(&fix, "")) {
		bind_at(&fix, &fix.bob, FLOW("1"));
		bind_at(&fix, &fix.desk, FLOW("2"));
		call(&fix, "bob");
		pass(&fix, 50);
		ua_answers(&fix, fix.bob.requests ? &fix.bob : &fix.desk, 430,
			   "");
		pass(&fix, 50);
		CHECK(fix.bob.requests && fix.desk.requests);
		/* the first one again is but a repeat */
		ua_answers(&fix, &fix.bob, 430, "");
		ua_answers(&fix, &fix.desk, 430, "");
		fix.alice.code = 0;
		CHECK_INT(answer(&fix, &fix.alice), 430);
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
	}
	stop(&fix);
}

/* RFC 3261 16.6 */
static void the_highest_q_rings_first(void)
{
	struct fixture fix;

	if (start_devices(&fix, "devices: {ring_within: 300ms}")) {
		bind_at(&fix, &fix.bob, ";q=0.9");
		bind_at(&fix, &fix.desk, ";q=0.2");
		call(&fix, "bob");
		CHECK(request(&fix, &fix.bob, "INVITE"));
		ua_answers(&fix, &fix.bob, 180, "");
		CHECK_INT(fix.desk.requests, 0);
		/* nobody answers there */
		CHECK(expect(&fix, &fix.bob, "CANCEL"));
		CHECK(request(&fix, &fix.desk, "INVITE"));
		ua_answers(&fix, &fix.desk, 200, BOB_2XX);
		fix.alice.code = 0;
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

static void who_is_busy_speaks_for_one_device_and_who_declines_for_all(void)
{
	struct fixture fix;

	if (start_devices(&fix, "")) {
		bind_at(&fix, &fix.bob, ";q=0.9");
		bind_at(&fix, &fix.desk, ";q=0.2");
		call(&fix, "bob");
		CHECK(request(&fix, &fix.bob, "INVITE"));
		ua_answers(&fix, &fix.bob, 486, "");
		CHECK(request(&fix, &fix.desk, "INVITE"));
		ua_answers(&fix, &fix.desk, 480, "");
		fix.alice.code = 0;
		CHECK_INT(answer(&fix, &fix.alice), 486);
	}
	stop(&fix);
	if (start_devices(&fix, "")) {
		bind_at(&fix, &fix.bob, ";q=0.9");
		bind_at(&fix, &fix.desk, ";q=0.2");
		call(&fix, "bob");
		CHECK(request(&fix, &fix.bob, "INVITE"));
		ua_answers(&fix, &fix.bob, 603, "");
		fix.alice.code = 0;
		CHECK_INT(answer(&fix, &fix.alice), 603);
		CHECK_INT(fix.desk.requests, 0);
	}
	stop(&fix);
}

static void a_tenant_may_have_all_ring(void)
{
	struct fixture fix;

	if (start_devices(&fix, "devices: {ring: all}")) {
		bind_at(&fix, &fix.bob, ";q=0.9");
		bind_at(&fix, &fix.desk, ";q=0.2");
		call(&fix, "bob");
		CHECK(request(&fix, &fix.bob, "INVITE"));
		CHECK(request(&fix, &fix.desk, "INVITE"));
	}
	stop(&fix);
}

TEST_MAIN(TEST(rtp_of_a_telephone_behind_nat_is_learnt_from_its_host),
	  TEST(a_caller_behind_nat_is_known_by_its_via_as_well),
	  TEST(a_tenant_may_insist_on_one_way),
	  TEST(a_device_with_two_flows_rings_once),
	  TEST(a_device_whose_flows_have_all_failed_is_away),
	  TEST(the_highest_q_rings_first),
	  TEST(who_is_busy_speaks_for_one_device_and_who_declines_for_all),
	  TEST(a_tenant_may_have_all_ring))
