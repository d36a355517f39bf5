/*
 * test_tcp.c  SIP over TCP: devices that register and call, PBXs that are
 *             called, both bridged with UDP
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_stream.h"

#define PBX_2XX                              \
	"Contact: <sip:pbx@127.0.0.1:1>\r\n" \
	"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"

#define CONTACT                                          \
	"Contact: <sip:u@127.0.0.1:1;transport=tcp>\r\n" \
	"Expires: 600\r\nContent-Length: 0\r\n"

/* The PBX listens over TCP; set before the routes are written. */
struct bed {
	struct fixture fix; /* first */
	struct stream_ua pbx, alice, bob;
};

static uint16_t pbx_port(const struct fixture *fix)
{
	return sa_port(&((const struct bed *)fix)->pbx.ua.addr);
}

static void routes_tcp(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "      bob: {password: bob-secret, numbers: ['77']}\n"
		 "    connections:\n"
		 "      one: {kind: trunk, address: '127.0.0.1:%u', "
		 "transport: tcp, domain: pbx.test, sources: [127.0.0.1/32], listener: tcp, "
		 "answer_within: 10s, probe: 0s}\n"
		 "      two: {kind: trunk, address: '127.0.0.1:%u', "
		 "answer_within: 10s, probe: 0s}\n"
		 "      long: {kind: trunk, address: '127.0.0.1:%u', "
		 "transport: auto, answer_within: 10s, probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: long, match: {callee: '9.*'}, to: "
		 "{connection: long}}\n"
		 "      - {name: in, match: {from: [one]}, to: {user: bob}}\n"
		 "      - {name: out, match: {callee: '0.*'}, to: "
		 "{connections: [one, two]}}\n"
		 "      - {name: echo, match: {callee: \"^echo$\"}, "
		 "to: {service: echo}}\n",
		 pbx_port(fix), sa_port(&fix->pbx[1].addr),
		 sa_port(&fix->pbx[2].addr));
}

/* The loop must be there before the PBX listens: its socket first. */
static bool start_bed(struct bed *bed)
{
	struct fixture_cfg cfg = {.t1 = 500, .routes = routes_tcp,
				  .tcp = true};
	int fd;

	memset(bed, 0, sizeof(*bed));
	fd = listen_socket(&bed->pbx.ua.addr);
	if (!start_cfg(&bed->fix, &cfg))
		return false;
	bed->pbx.listener = fd;
	CHECK(!loop_watch_alloc(&bed->pbx.watch, fd, LOOP_READ, sua_acceptable,
				&bed->pbx));
	return true;
}

static void stop_bed(struct bed *bed)
{
	sua_close(&bed->pbx);
	sua_close(&bed->alice);
	sua_close(&bed->bob);
	stop(&bed->fix);
}

static bool has_ended(void *arg)
{
	return ((struct stream_ua *)arg)->ended;
}

static void a_device_registers_over_tcp(void)
{
	struct bed bed;
	char val[1024];

	if (start_bed(&bed)) {
		sua_connect(&bed.alice, &bed.fix, 0);
		CHECK_INT(register_lines(&bed.fix, &bed.alice.ua,
					 "alice-secret", CONTACT),
			  200);
		CHECK(strstr(header(bed.alice.ua.resp, "Via", val),
			     "received=127.0.0.1"));
	}
	stop_bed(&bed);
}

/* A device that registered over TCP is called over that connection, and its
 * answers come back from UDP. */
static void a_device_is_called_over_its_connection(void)
{
	struct bed bed;
	char val[1024];

	if (start_bed(&bed)) {
		sua_connect(&bed.bob, &bed.fix, 1);
		CHECK_INT(register_lines(&bed.fix, &bed.bob.ua, "bob-secret",
					 CONTACT),
			  200);
		call(&bed.fix, "bob");
		REQUIRE(expect(&bed.fix, &bed.bob.ua, "INVITE"));
		CHECK(!strncmp(header(bed.bob.ua.req, "Via", val),
			       "SIP/2.0/TCP ", 12));
		CHECK(strstr(header(bed.bob.ua.req, "Contact", val),
			     "transport=tcp"));
		CHECK(strstr(header(bed.bob.ua.req, "Record-Route", val),
			     "transport=tcp"));
		CHECK_INT(bed.fix.media.leg[2].profile, CTL_RTP);
		ua_answers(&bed.fix, &bed.bob.ua, 200, PBX_2XX);
		CHECK_INT(answer(&bed.fix, &bed.fix.alice), 200);
		put_in_dialog(&bed.fix, bed.fix.alice.resp, "ACK", 2, 0);
		CHECK(expect(&bed.fix, &bed.bob.ua, "ACK"));
		put_in_dialog(&bed.fix, bed.fix.alice.resp, "BYE", 3, 0);
		CHECK(expect(&bed.fix, &bed.bob.ua, "BYE"));
		ua_answers(&bed.fix, &bed.bob.ua, 200,
			   "Content-Length: 0\r\n\r\n");
		CHECK_INT(answer(&bed.fix, &bed.fix.alice), 200);
	}
	stop_bed(&bed);
}

static void a_pbx_is_called_over_tcp(void)
{
	struct bed bed;
	char val[1024], resp[TEXT_MAX];

	if (start_bed(&bed)) {
		call(&bed.fix, "0123");
		REQUIRE(expect(&bed.fix, &bed.pbx.ua, "INVITE"));
		CHECK(!strncmp(bed.pbx.ua.req,
			       "INVITE sip:0123@pbx.test SIP/2.0\r\n", 34));
		CHECK(!strncmp(header(bed.pbx.ua.req, "Via", val),
			       "SIP/2.0/TCP ", 12));
		CHECK(strstr(header(bed.pbx.ua.req, "Record-Route", val),
			     "transport=tcp"));
		ua_answers(&bed.fix, &bed.pbx.ua, 200, PBX_2XX);
		CHECK_INT(answer(&bed.fix, &bed.fix.alice), 200);
		strcpy(resp, bed.fix.alice.resp);
		put_in_dialog(&bed.fix, resp, "ACK", 2, 0);
		CHECK(expect(&bed.fix, &bed.pbx.ua, "ACK"));
		CHECK_INT(bed.pbx.accepted, 1);
		/* the connection is gone; the call is not */
		sua_hang_up(&bed.pbx);
		pass(&bed.fix, 50);
		put_in_dialog(&bed.fix, resp, "BYE", 3, 0);
		CHECK(expect(&bed.fix, &bed.pbx.ua, "BYE"));
		CHECK_INT(bed.pbx.accepted, 2);
		ua_answers(&bed.fix, &bed.pbx.ua, 200,
			   "Content-Length: 0\r\n\r\n");
		CHECK_INT(answer(&bed.fix, &bed.fix.alice), 200);
	}
	stop_bed(&bed);
}

static void bob_hangs_up(struct fixture *fix, const char *invite)
{
	char from[512], to[512], rr[512], contact[512];

	header(invite, "To", from);
	header(invite, "From", to);
	header(invite, "Record-Route", rr);
	header(invite, "Contact", contact);
	contact[strcspn(contact, ">")] = '\0';
	put(fix, &fix->bob, 0,
	    "BYE %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKb\r\n"
	    "Max-Forwards: 70\r\nRoute: %s\r\nFrom: %s;tag=bt\r\nTo: %s\r\n"
	    "Call-ID: call-p\r\nCSeq: 5 BYE\r\nContent-Length: 0\r\n\r\n",
	    contact + 1, sa_port(&fix->bob.addr), rr, from, to);
}

/* A call of the PBX: what is sent to it later finds it although the connection
 * that it came on is gone. */
static void a_pbx_calls_over_tcp(void)
{
	struct stream_ua in;
	struct bed bed;
	char val[1024], invite[TEXT_MAX];

	for (int alias = 0; alias < 2; alias++) {
		memset(&in, 0, sizeof(in));
		if (!start_bed(&bed))
			break;
		CHECK_INT(register_user(&bed.fix, &bed.fix.bob, 1,
					"bob-secret"),
			  200);
		sua_connect(&in, &bed.fix, 0);
		put(&bed.fix, &in.ua, 0,
		    "INVITE sip:77@demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/TCP 127.0.0.1:%u;branch=z9hG4bKp%s\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:+49@10.0.0.1>;tag=pf\r\n"
		    "To: <sip:77@10.0.0.2>\r\nCall-ID: call-p\r\n"
		    "CSeq: 7 INVITE\r\nContact: <sip:c@127.0.0.1:1>\r\n"
		    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n"
		    "\r\n%s",
		    pbx_port(&bed.fix), alias ? ";alias" : "",
		    strlen(SDP_OFFER), SDP_OFFER);
		REQUIRE(expect(&bed.fix, &bed.fix.bob, "INVITE"));
		strcpy(invite, bed.fix.bob.req);
		bob_answers(&bed.fix, 200, BOB_2XX);
		CHECK_INT(answer(&bed.fix, &in.ua), 200);
		CHECK(strstr(header(in.ua.resp, "Record-Route", val),
			     "transport=tcp"));
		if (alias == 0)
			sua_hang_up(&in);
		bob_hangs_up(&bed.fix, invite);
		CHECK(expect(&bed.fix, alias ? &in.ua : &bed.pbx.ua, "BYE"));
		CHECK_INT(bed.pbx.accepted, !alias);
		sua_close(&in);
		stop_bed(&bed);
	}
}

/* RFC 3261 18.2.2: a PBX whose connection ends while it waits gets its answer
 * over another one, to where its Via says that it listens. */
static void an_answer_finds_a_pbx_whose_connection_is_gone(void)
{
	struct stream_ua in;
	struct bed bed;

	memset(&in, 0, sizeof(in));
	if (start_bed(&bed)) {
		CHECK_INT(register_user(&bed.fix, &bed.fix.bob, 1,
					"bob-secret"),
			  200);
		sua_connect(&in, &bed.fix, 0);
		put(&bed.fix, &in.ua, 0,
		    "INVITE sip:77@demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/TCP pbx.invalid:%u;branch=z9hG4bKp\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:+49@10.0.0.1>;tag=pf\r\n"
		    "To: <sip:77@10.0.0.2>\r\nCall-ID: call-p\r\n"
		    "CSeq: 7 INVITE\r\nContact: <sip:c@127.0.0.1:1>\r\n"
		    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n"
		    "\r\n%s",
		    pbx_port(&bed.fix), strlen(SDP_OFFER), SDP_OFFER);
		REQUIRE(expect(&bed.fix, &bed.fix.bob, "INVITE"));
		sua_hang_up(&in);
		pass(&bed.fix, 50);
		bob_answers(&bed.fix, 200, BOB_2XX);
		/* it may have shut down only its own half: so this one shows
		 * that it is gone */
		pass(&bed.fix, 50);
		bob_answers(&bed.fix, 200, BOB_2XX);
		CHECK_INT(answer(&bed.fix, &bed.pbx.ua), 200);
		CHECK(strstr(bed.pbx.ua.resp, "\r\nCall-ID: call-p\r\n"));
		CHECK_INT(bed.pbx.accepted, 1);
		sua_close(&in);
	}
	stop_bed(&bed);
}

/* It refuses: the next target has the call at once, long before answer_within
 * and Timer B. */
static void a_pbx_that_refuses_is_passed_by(void)
{
	struct bed bed;

	if (start_bed(&bed)) {
		bed.pbx.watch = mem_deref(bed.pbx.watch);
		close(bed.pbx.listener);
		bed.pbx.listener = 0;
		call(&bed.fix, "0123");
		REQUIRE(expect(&bed.fix, &bed.fix.pbx[1], "INVITE"));
	}
	stop_bed(&bed);
}

static void a_pbx_that_hangs_up_unheard_is_passed_by(void)
{
	struct bed bed;

	if (start_bed(&bed)) {
		call(&bed.fix, "0123");
		REQUIRE(expect(&bed.fix, &bed.pbx.ua, "INVITE"));
		sua_hang_up(&bed.pbx);
		REQUIRE(expect(&bed.fix, &bed.fix.pbx[1], "INVITE"));
	}
	stop_bed(&bed);
}

static void long_call(struct fixture *fix, const char *to)
{
	char uri[64], auth[1024], lines[3000];

	put_invite(fix, &fix->alice, to, 1, "");
	CHECK_INT(answer(fix, &fix->alice), 407);
	snprintf(uri, sizeof(uri), "sip:%s@demo.test", to);
	credentials(&fix->alice, "INVITE", uri, "alice-secret", auth);
	put_ack_407(fix, &fix->alice, to, 1);
	snprintf(lines, sizeof(lines), "%sSubject: %01000d\r\n", auth, 0);
	put_invite(fix, &fix->alice, to, 2, lines);
}

/* RFC 3261 18.1.1 */
static void what_is_too_long_for_udp_goes_over_tcp(void)
{
	for (int tcp = 0; tcp < 2; tcp++) {
		struct stream_ua both;
		struct bed bed;
		struct ua *pbx;

		memset(&both, 0, sizeof(both));
		if (!start_bed(&bed))
			break;
		pbx = tcp ? &both.ua : &bed.fix.pbx[2];
		if (tcp)
			sua_listen_at(&both, &bed.fix.pbx[2].addr);
		long_call(&bed.fix, "911");
		REQUIRE(expect(&bed.fix, pbx, "INVITE"));
		CHECK(strstr(pbx->req, tcp ? "Via: SIP/2.0/TCP"
					   : "Via: SIP/2.0/UDP"));
		ua_answers(&bed.fix, pbx, 200, PBX_2XX);
		CHECK_INT(answer(&bed.fix, &bed.fix.alice), 200);
		put_in_dialog(&bed.fix, bed.fix.alice.resp, "BYE", 3, 0);
		CHECK(expect(&bed.fix, pbx, "BYE"));
		CHECK_INT(strcmp(bed.fix.pbx[2].seen, tcp ? "" : "INVBYE"), 0);
		sua_close(&both);
		stop_bed(&bed);
	}
}

/* A list of presences, say. */
static void put_long_message(struct fixture *fix, unsigned cseq,
			     const char *auth)
{
	put(fix, &fix->alice, 0,
	    "MESSAGE sip:911@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKm%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=af\r\n"
	    "To: <sip:911@demo.test>\r\nCall-ID: call-m\r\nCSeq: %u MESSAGE\r\n"
	    "%sContent-Type: text/plain\r\nContent-Length: 1200\r\n\r\n%01200d",
	    sa_port(&fix->alice.addr), cseq, cseq, auth, 0);
}

static void what_is_no_call_and_too_long_does_so_too(void)
{
	for (int tcp = 0; tcp < 2; tcp++) {
		struct stream_ua both;
		char auth[1024];
		struct bed bed;
		struct fixture *fix = &bed.fix;
		struct ua *pbx;

		memset(&both, 0, sizeof(both));
		if (!start_bed(&bed))
			break;
		pbx = tcp ? &both.ua : &fix->pbx[2];
		if (tcp)
			sua_listen_at(&both, &fix->pbx[2].addr);
		put_long_message(fix, 1, "");
		CHECK_INT(answer(fix, &fix->alice), 407);
		credentials(&fix->alice, "MESSAGE", "sip:911@demo.test",
			    "alice-secret", auth);
		put_long_message(fix, 2, auth);
		REQUIRE(expect(fix, pbx, "MESSAGE"));
		CHECK(strstr(pbx->req, tcp ? "Via: SIP/2.0/TCP"
					   : "Via: SIP/2.0/UDP"));
		ua_answers(fix, pbx, 200, "Content-Length: 0\r\n");
		CHECK_INT(answer(fix, &fix->alice), 200);
		sua_close(&both);
		stop_bed(&bed);
	}
}

static void what_has_no_end_is_told_400_and_closed(void)
{
	static const struct {
		const char *lines, *phrase;
	} rows[] = {
		{"", "400 Missing Content-Length"},
		{"Content-Length: -1\r\n", "400 Bad Content-Length"},
		{"Content-Length: 4294967328\r\n", "400 Bad Content-Length"},
		{"Content-Length: 0\r\nContent-Length: 3\r\n",
		 "400 Duplicate Content-Length"},
		{"l: 0\r\nContent-Length: 0\r\n",
		 "400 Duplicate Content-Length"},
		{"Content-Length: 65000\r\nX: y\r\nX-Long: 1\r\n", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed bed;

		if (start_bed(&bed)) {
			sua_connect(&bed.alice, &bed.fix, 0);
			put(&bed.fix, &bed.alice.ua, 0,
			    "OPTIONS sip:demo.test SIP/2.0\r\n"
			    "Via: SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bKa\r\n"
			    "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=f\r\n"
			    "To: <sip:demo.test>\r\nCall-ID: c\r\n"
			    "CSeq: 1 OPTIONS\r\n%s\r\n",
			    rows[i].lines);
			if (!rows[i].phrase) {
				pass(&bed.fix, 50);
				CHECK(!bed.alice.ended);
				stop_bed(&bed);
				continue;
			}
			CHECK_INT(answer(&bed.fix, &bed.alice.ua), 400);
			if (!CHECK(strstr(bed.alice.ua.resp, rows[i].phrase)))
				printf("# %s\n", bed.alice.ua.resp);
			CHECK(redis_test_until(bed.fix.wheel, 5000, has_ended,
					       &bed.alice));
		}
		stop_bed(&bed);
	}
}

TEST_MAIN(TEST(a_device_registers_over_tcp),
	  TEST(a_device_is_called_over_its_connection),
	  TEST(a_pbx_is_called_over_tcp),
	  TEST(a_pbx_calls_over_tcp),
	  TEST(an_answer_finds_a_pbx_whose_connection_is_gone), TEST(a_pbx_that_refuses_is_passed_by),
	  TEST(a_pbx_that_hangs_up_unheard_is_passed_by),
	  TEST(what_is_too_long_for_udp_goes_over_tcp),
	  TEST(what_is_no_call_and_too_long_does_so_too),
	  TEST(what_has_no_end_is_told_400_and_closed))
