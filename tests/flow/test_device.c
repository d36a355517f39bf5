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
	const struct fixture_cfg cfg = {.t1 = 20, .routes = routes_devices};

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

TEST_MAIN(TEST(rtp_of_a_telephone_behind_nat_is_learnt_from_its_host),
	  TEST(a_caller_behind_nat_is_known_by_its_via_as_well),
	  TEST(a_tenant_may_insist_on_one_way))
