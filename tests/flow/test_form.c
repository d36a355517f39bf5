/*
 * test_form.c  What the routes make of a request, on the wire: numbers, name,
 *              headers, and where it is told to go
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_bed.h"

static void routes_form(const struct fixture *fix, char *text, size_t size)
{
	const unsigned port = sa_port(&fix->pbx[0].addr);

	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret, display: Alice}\n"
		 "      bob: {password: bob-secret}\n"
		 "    connections:\n"
		 "      own: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, trusted: true, probe: 0s}\n"
		 "      cid: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, trusted: true, probe: 0s, caller_id: {number: "
		 "'+49300', allowed: ['+49301']}}\n"
		 "    routes:\n"
		 "      - name: out\n"
		 "        match: {callee: '1(.*)'}\n"
		 "        rewrite:\n"
		 "          callee: {set: '+49${1}'}\n"
		 "          caller: {set: '+4930'}\n"
		 "          display: 'Desk \"1\"'\n"
		 "          headers: {remove: X-Mine, add: {X-Line: 'to "
		 "${1}'}}\n"
		 "        to: {connection: own}\n"
		 "      - {name: bad, match: {callee: '2(.*)'}, rewrite: "
		 "{caller: {set: '+4999'}}, to: {connection: cid}}\n"
		 "      - {name: good, match: {callee: '3(.*)'}, rewrite: "
		 "{caller: {set: '+49301'}}, to: {connection: cid}}\n"
		 "      - {name: hide, match: {callee: '4.*'}, rewrite: "
		 "{caller_id: withhold}, to: {connection: own}}\n"
		 "      - {name: moved, match: {callee: '5(.*)'}, to: "
		 "{redirect: {contact: 'sip:${1}@else.test', code: 301}}}\n"
		 "      - {name: later, match: {callee: '6.*'}, to: {reject: "
		 "{code: 503, retry_after: 20s}}}\n"
		 "      - {name: head, match: {callee: '7.*', header: {X-Go: "
		 "'y.*'}}, rewrite: {callee: {set: '+49'}}, to: {connection: "
		 "own}}\n"
		 "      - {name: desk, match: {callee: '8'}, to: {device: "
		 "{user: bob, instance: 'urn:uuid:2'}}}\n"
		 "      - {name: name, match: {callee: '9'}, rewrite: "
		 "{display: Front, caller: {set: '77'}}, to: {user: bob}}\n",
		 port, port);
}

static bool begin(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_form};

	return start_cfg(fix, &cfg);
}

static void put_alice(struct fixture *fix, const char *method, const char *to,
		      unsigned cseq, const char *lines)
{
	const unsigned port = sa_port(&fix->alice.addr);

	put(fix, &fix->alice, 0,
	    "%s sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%s%s%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: \"Al\" <sip:alice@demo.test>;tag=af\r\n"
	    "To: <sip:%s@demo.test>\r\nCall-ID: %s-1\r\n"
	    "CSeq: %u %s\r\nContact: <sip:alice@127.0.0.1:%u>\r\n%s"
	    "Content-Length: 0\r\n\r\n",
	    method, to, port, method, to, cseq, to, method, cseq, method, port,
	    lines);
}

/* ... challenged, and again. */
static void ask(struct fixture *fix, const char *method, const char *to,
		const char *lines)
{
	char uri[64], auth[1024], all[2048];

	put_alice(fix, method, to, 1, lines);
	CHECK_INT(answer(fix, &fix->alice), 407);
	snprintf(uri, sizeof(uri), "sip:%s@demo.test", to);
	credentials(&fix->alice, method, uri, "alice-secret", auth);
	snprintf(all, sizeof(all), "%s%s", lines, auth);
	put_alice(fix, method, to, 2, all);
}

static void header_is(const char *text, const char *name, const char *want)
{
	char val[512];

	header(text, name, val);
	if (strchr(val, ';') && strchr(want, '<'))
		val[strcspn(val, ";")] = '\0';
	CHECK_STR(val, want);
}

static void numbers_name_and_headers_are_on_the_wire(void)
{
	static const char *const methods[] = {"INVITE", "MESSAGE"};

	for (unsigned i = 0; i < COUNTOF(methods); i++) {
		struct fixture fix;
		struct ua *pbx = &fix.pbx[0];

		if (begin(&fix)) {
			ask(&fix, methods[i], "155",
			    "X-Mine: a\r\nx-mine: b\r\n");
			CHECK(expect(&fix, pbx, methods[i]));
			CHECK(strstr(pbx->req, " sip:+4955@"));
			header_is(pbx->req, "To", "<sip:+4955@pbx.test>");
			header_is(pbx->req, "From",
				  "\"Desk \\\"1\\\"\" <sip:+4930@pbx.test>");
			header_is(pbx->req, "P-Asserted-Identity",
				  "\"Desk \\\"1\\\"\" <sip:+4930@pbx.test>");
			header_is(pbx->req, "X-Line", "to 55");
			CHECK(!strstr(pbx->req, "X-Mine") &&
			      !strstr(pbx->req, "x-mine"));
			CHECK(!strstr(pbx->req, "alice"));
		}
		stop(&fix);
	}
}

static void what_a_connection_allows_goes_first(void)
{
	struct fixture fix;
	struct ua *pbx = &fix.pbx[0];

	if (begin(&fix)) {
		ask(&fix, "MESSAGE", "21", "");
		CHECK(expect(&fix, pbx, "MESSAGE"));
		header_is(pbx->req, "From", "\"Al\" <sip:+49300@pbx.test>");
	}
	stop(&fix);
	if (begin(&fix)) {
		ask(&fix, "MESSAGE", "31", "");
		CHECK(expect(&fix, pbx, "MESSAGE"));
		header_is(pbx->req, "From", "\"Al\" <sip:+49301@pbx.test>");
	}
	stop(&fix);
}

static void who_calls_can_be_withheld(void)
{
	struct fixture fix;
	struct ua *pbx = &fix.pbx[0];

	if (begin(&fix)) {
		ask(&fix, "INVITE", "4", "");
		CHECK(expect(&fix, pbx, "INVITE"));
		header_is(pbx->req, "From",
			  "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
		header_is(pbx->req, "Privacy", "id");
		CHECK(strstr(pbx->req, "P-Asserted-Identity: "));
	}
	stop(&fix);
}

static void redirections_and_times_are_answers(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		ask(&fix, "INVITE", "5a", "");
		CHECK_INT(answer(&fix, &fix.alice), 301);
		header_is(fix.alice.resp, "Contact", "<sip:a@else.test>");
	}
	stop(&fix);
	if (begin(&fix)) {
		ask(&fix, "MESSAGE", "61", "");
		CHECK_INT(answer(&fix, &fix.alice), 503);
		header_is(fix.alice.resp, "Retry-After", "20");
	}
	stop(&fix);
}

static void headers_decide(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		ask(&fix, "MESSAGE", "71", "X-Go: no\r\nx-go: yes\r\n");
		CHECK(expect(&fix, &fix.pbx[0], "MESSAGE"));
		CHECK(strstr(fix.pbx[0].req, " sip:+49@"));
	}
	stop(&fix);
	if (begin(&fix)) {
		ask(&fix, "MESSAGE", "72", "X-Go: no\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 404);
	}
	stop(&fix);
}

/* bob's device of this instance. */
static void register_bob(struct fixture *fix, struct ua *ua, const char *nr)
{
	char lines[256];

	snprintf(lines, sizeof(lines),
		 "Contact: <sip:bob@127.0.0.1:%u>;+sip.instance="
		 "\"<urn:uuid:%s>\"\r\nExpires: 300\r\n",
		 sa_port(&ua->addr), nr);
	CHECK_INT(register_lines(fix, ua, "bob-secret", lines), 200);
}

static void one_device_of_a_user_is_called(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		register_bob(&fix, &fix.bob, "1");
		register_bob(&fix, &fix.pbx[1], "2");
		ask(&fix, "MESSAGE", "8", "");
		CHECK(expect(&fix, &fix.pbx[1], "MESSAGE"));
		CHECK(!strstr(fix.bob.req, "MESSAGE"));
		call(&fix, "8");
		CHECK(expect(&fix, &fix.pbx[1], "INVITE"));
		CHECK(!strstr(fix.bob.req, "INVITE"));
	}
	stop(&fix);
}

static void devices_are_told_as_well(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		register_bob(&fix, &fix.bob, "1");
		call(&fix, "9");
		CHECK(expect(&fix, &fix.bob, "INVITE"));
		header_is(fix.bob.req, "From", "\"Front\" <sip:77@demo.test>");
	}
	stop(&fix);
}

TEST_MAIN(TEST(numbers_name_and_headers_are_on_the_wire),
	  TEST(what_a_connection_allows_goes_first),
	  TEST(who_calls_can_be_withheld),
	  TEST(redirections_and_times_are_answers), TEST(headers_decide),
	  TEST(one_device_of_a_user_is_called),
	  TEST(devices_are_told_as_well))
