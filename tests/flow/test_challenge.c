/*
 * test_challenge.c  A PBX asks who we are: which realm is answered, how often
 *                   a nonce is, and what else shows our credentials
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "tests/lib/proxy_bed.h"

#define PBX_2XX                              \
	"Contact: <sip:pbx@127.0.0.1:1>\r\n" \
	"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
#define CHALLENGE(kind, realm, nonce)                                    \
	kind "-Authenticate: Digest realm=\"" realm "\", nonce=\"" nonce \
	     "\", algorithm=MD5, qop=\"auth\"\r\n"

/* `open` has credentials and no realm, `named` has one. */
static void routes_open_realm(const struct fixture *fix, char *text,
			      size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "    connections:\n"
		 "      open: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, username: gate, password: hush, probe: 0s}\n"
		 "      named: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, username: gate, password: hush, realm: pbx, "
		 "probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: open, match: {callee: '0.*'}, to: "
		 "{connection: open}}\n"
		 "      - {name: named, match: {callee: '1.*'}, to: "
		 "{connection: named}}\n",
		 sa_port(&fix->pbx[0].addr), sa_port(&fix->pbx[1].addr));
}

static bool begin(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 500,
					.routes = routes_open_realm};

	return start_cfg(fix, &cfg);
}

static void pbx_says(struct fixture *fix, unsigned nr, int code,
		     const char *extra)
{
	ua_answers(fix, &fix->pbx[nr], code, extra);
}

/* alice calls by INVITEs with CSeq from num on, challenged for the first. */
static void call_as(struct fixture *fix, const char *to, unsigned num)
{
	char uri[64], auth[1024];

	put_invite(fix, &fix->alice, to, num, "");
	CHECK_INT(answer(fix, &fix->alice), 407);
	snprintf(uri, sizeof(uri), "sip:%s@demo.test", to);
	credentials(&fix->alice, "INVITE", uri, "alice-secret", auth);
	put_ack_407(fix, &fix->alice, to, num);
	put_invite(fix, &fix->alice, to, num + 1, auth);
}

/* The realm of the first challenge is the only one, at each worker; it is not
 * learnt within a dialog. */
static void the_first_realm_is_the_only_one(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (!begin(&fix))
		goto out;
	call_as(&fix, "0123", 1);
	REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
	pbx_says(&fix, 0, 407, CHALLENGE("Proxy", "pbx", "n1"));
	REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
	CHECK(strstr(fix.pbx[0].req, "realm=\"pbx\""));
	/* a callee behind it asks under another name */
	pbx_says(&fix, 0, 401, CHALLENGE("WWW", "victim", "n2"));
	CHECK_INT(answer(&fix, &fix.alice), 480);
	CHECK(!strstr(fix.pbx[0].req, "victim"));

	call_as(&fix, "0124", 11);
	REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
	pbx_says(&fix, 0, 401, CHALLENGE("WWW", "pbx", "n3"));
	REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
	pbx_says(&fix, 0, 200, PBX_2XX);
	CHECK_INT(answer(&fix, &fix.alice), 200);
	strcpy(resp, fix.alice.resp);
	put_in_dialog(&fix, resp, "ACK", 12, 0);
	REQUIRE(expect(&fix, &fix.pbx[0], "ACK"));
	/* the other worker has not seen a challenge of it before */
	put_in_dialog(&fix, resp, "INFO", 13, 1);
	REQUIRE(expect(&fix, &fix.pbx[0], "INFO"));
	pass(&fix, 50);
	pbx_says(&fix, 0, 401, CHALLENGE("WWW", "victim", "n4"));
	CHECK_INT(answer(&fix, &fix.alice), 403);
	put_in_dialog(&fix, resp, "INFO", 14, 1);
	REQUIRE(expect(&fix, &fix.pbx[0], "INFO"));
	pbx_says(&fix, 0, 401, CHALLENGE("WWW", "pbx", "n5"));
	REQUIRE(expect(&fix, &fix.pbx[0], "INFO"));
	CHECK(strstr(fix.pbx[0].req, "nonce=\"n5\""));
	pbx_says(&fix, 0, 200, "");
	CHECK_INT(answer(&fix, &fix.alice), 200);
out:
	stop(&fix);
}

static void a_realm_is_not_learnt_within_a_dialog(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (!begin(&fix))
		goto out;
	call_as(&fix, "0123", 1);
	REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
	pbx_says(&fix, 0, 200, PBX_2XX);
	CHECK_INT(answer(&fix, &fix.alice), 200);
	strcpy(resp, fix.alice.resp);
	put_in_dialog(&fix, resp, "ACK", 2, 0);
	REQUIRE(expect(&fix, &fix.pbx[0], "ACK"));
	CHECK(!strstr(fix.pbx[0].req, "Authorization"));
	put_in_dialog(&fix, resp, "INFO", 3, 0);
	REQUIRE(expect(&fix, &fix.pbx[0], "INFO"));
	pbx_says(&fix, 0, 401, CHALLENGE("WWW", "any", "n4"));
	CHECK_INT(answer(&fix, &fix.alice), 403);
	CHECK(!strstr(fix.pbx[0].seen, "INFINF"));
out:
	stop(&fix);
}

/* RFC 3261 22.1: through whichever worker it comes. */
static void an_ack_shows_what_its_invite_showed(void)
{
	struct fixture fix;
	char resp[TEXT_MAX], auth[2048], val[2048];
	const char *req = fix.pbx[1].req;

	if (!begin(&fix))
		goto out;
	call_as(&fix, "1", 1);
	REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
	pbx_says(&fix, 1, 407, CHALLENGE("Proxy", "pbx", "n1"));
	REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
	header(req, "Proxy-Authorization", auth);
	pbx_says(&fix, 1, 200, PBX_2XX);
	CHECK_INT(answer(&fix, &fix.alice), 200);
	strcpy(resp, fix.alice.resp);
	put_in_dialog(&fix, resp, "ACK", 2, 1);
	REQUIRE(expect(&fix, &fix.pbx[1], "ACK"));
	CHECK(auth[0]);
	CHECK_STR(header(req, "Proxy-Authorization", val), auth);
	/* a re-INVITE that is not asked for any has no more of it */
	put_in_dialog_body(&fix, resp, "INVITE", 3, 1, SDP_OFFER);
	REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
	CHECK(!strstr(req, "Authorization"));
	pbx_says(&fix, 1, 200, PBX_2XX);
	CHECK_INT(answer(&fix, &fix.alice), 200);
	put_in_dialog(&fix, resp, "ACK", 3, 0);
	REQUIRE(expect(&fix, &fix.pbx[1], "ACK"));
	CHECK(!strstr(req, "Authorization"));
	/* one that is asked does */
	put_in_dialog_body(&fix, resp, "INVITE", 4, 0, SDP_OFFER);
	REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
	pbx_says(&fix, 1, 401, CHALLENGE("WWW", "pbx", "n2"));
	REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
	header(req, "Authorization", auth);
	pbx_says(&fix, 1, 200, PBX_2XX);
	CHECK_INT(answer(&fix, &fix.alice), 200);
	put_in_dialog(&fix, resp, "ACK", 4, 1);
	REQUIRE(expect(&fix, &fix.pbx[1], "ACK"));
	CHECK_STR(header(req, "Authorization", val), auth);
	CHECK(strstr(auth, "n2"));
out:
	stop(&fix);
}

/* The same nonce of another request is used for the second time. */
static void a_nonce_given_again_is_counted(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (!begin(&fix))
		goto out;
	call_as(&fix, "1", 1);
	REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
	pbx_says(&fix, 1, 407, CHALLENGE("Proxy", "pbx", "n1"));
	REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
	CHECK(strstr(fix.pbx[1].req, "nc=00000001"));
	pbx_says(&fix, 1, 200, PBX_2XX);
	CHECK_INT(answer(&fix, &fix.alice), 200);
	strcpy(resp, fix.alice.resp);
	put_in_dialog(&fix, resp, "ACK", 2, 0);
	REQUIRE(expect(&fix, &fix.pbx[1], "ACK"));
	put_in_dialog(&fix, resp, "BYE", 3, 0);
	REQUIRE(expect(&fix, &fix.pbx[1], "BYE"));
	pbx_says(&fix, 1, 407, CHALLENGE("Proxy", "pbx", "n1"));
	REQUIRE(expect(&fix, &fix.pbx[1], "BYE"));
	CHECK(strstr(fix.pbx[1].req, "nc=00000002"));
	pbx_says(&fix, 1, 200, "");
	CHECK_INT(answer(&fix, &fix.alice), 200);
out:
	stop(&fix);
}

static void on_keys(int err, const struct redis_val *val, void *arg)
{
	if (!err && val->type == REDIS_ARRAY && val->len == 1 &&
	    val->el[0].len > 16)
		str_ncpy(arg, val->el[0].str + val->el[0].len - 16, 17);
}

static bool has_text(void *arg)
{
	return *(const char *)arg;
}

/* Else the call would stay up at the PBX. */
static void a_bye_of_ours_says_who_we_are(void)
{
	struct fixture fix;
	struct proxy_loss loss = {.reason = STATUS_MEDIA_LOST, .token = "t"};
	const struct redis_arg keys[] = {redis_str("KEYS"),
					 redis_str("cb:{c:?}:rec:*")};
	char resp[TEXT_MAX], val[64], first[64], id[17] = "";
	const char *req = fix.pbx[1].req;
	struct proxy *px;

	if (!begin(&fix))
		goto out;
	call_as(&fix, "1", 1);
	REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
	pbx_says(&fix, 1, 200, PBX_2XX);
	CHECK_INT(answer(&fix, &fix.alice), 200);
	strcpy(resp, fix.alice.resp);
	put_in_dialog(&fix, resp, "ACK", 2, 0);
	REQUIRE(expect(&fix, &fix.pbx[1], "ACK"));
	px = fix.nodes[1].proxy;
	CHECK(!redis_link_send(fix.nodes[0].redis, keys, 2, on_keys, id));
	CHECK(redis_test_until(fix.wheel, 5000, has_text, id));
	loss.call = id;
	proxy_media_lost(px, &loss);
	REQUIRE(expect(&fix, &fix.pbx[1], "BYE"));
	header(req, "CSeq", first);
	pbx_says(&fix, 1, 401, CHALLENGE("WWW", "pbx", "n1"));
	REQUIRE(expect(&fix, &fix.pbx[1], "BYE"));
	CHECK_INT(atoi(header(req, "CSeq", val)), atoi(first) + 1);
	CHECK(strstr(req, "\r\nAuthorization: Digest username=\"gate\""));
	/* once */
	pbx_says(&fix, 1, 401, CHALLENGE("WWW", "pbx", "n2"));
	pass(&fix, 100);
	CHECK(!fix.pbx[1].requests);
out:
	stop(&fix);
}

TEST_MAIN(TEST(the_first_realm_is_the_only_one),
	  TEST(a_realm_is_not_learnt_within_a_dialog),
	  TEST(an_ack_shows_what_its_invite_showed),
	  TEST(a_nonce_given_again_is_counted),
	  TEST(a_bye_of_ours_says_who_we_are))
