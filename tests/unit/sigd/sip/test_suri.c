/*
 * test_suri.c  URIs: parse, compare (RFC 3261 19.1.4), unescape
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/unit/sigd/sip/view.h"

static int decode(struct suri *uri, const char *s)
{
	struct pl pl = text(s);

	return suri_decode(uri, &pl);
}

static void all_parts_are_found(void)
{
	struct suri uri;
	struct pl val;

	CHECK_INT(decode(&uri, "sips:al%69ce:pw@[2001:db8::1]:5061;transport="
			       "tcp;lr;maddr=1.2.3.4?subject=x&to=y"),
		  0);
	CHECK_INT(uri.scheme, SURI_SIPS);
	CHECK(is(&uri.user, "al%69ce") && is(&uri.password, "pw"));
	CHECK(is(&uri.host, "2001:db8::1") && uri.ipv6);
	CHECK_INT(uri.port, 5061);
	CHECK(is(&uri.params, "transport=tcp;lr;maddr=1.2.3.4"));
	CHECK(is(&uri.headers, "subject=x&to=y"));
	CHECK(suri_param(&uri, "TRANSPORT", &val) && is(&val, "tcp"));
	CHECK(suri_param(&uri, "lr", &val) && !val.l);
	CHECK(suri_param(&uri, "maddr", NULL));
	CHECK(!suri_param(&uri, "ttl", &val) && !val.l);
	CHECK(!suri_param(&uri, "tr", NULL));
}

static void user_may_look_like_parameters(void)
{
	struct suri uri;

	CHECK_INT(decode(&uri, "sip:user;par=u%40example.net@example.com"), 0);
	CHECK(is(&uri.user, "user;par=u%40example.net"));
	CHECK(is(&uri.host, "example.com"));
	CHECK_INT(decode(&uri, "sip:example.com;x=1"), 0);
	CHECK(!uri.user.l && is(&uri.params, "x=1"));
}

static void other_schemes(void)
{
	struct suri uri;

	CHECK_INT(decode(&uri, "tel:+1-212-555-0101;phone-context=x.org"), 0);
	CHECK_INT(uri.scheme, SURI_TEL);
	CHECK(is(&uri.user, "+1-212-555-0101"));
	CHECK(is(&uri.params, "phone-context=x.org"));
	CHECK_INT(decode(&uri, "urn:service:sos"), 0);
	CHECK_INT(uri.scheme, SURI_OTHER);
	CHECK_INT(decode(&uri, "soap.beep://192.0.2.103:3002"), 0);
	CHECK(is(&uri.text, "soap.beep://192.0.2.103:3002"));
}

static void what_is_no_uri_is_refused(void)
{
	static const char *const badv[] = {
		"",
		"sip",
		"sip:",
		":a",
		"1sip:a",
		"sip:@a",
		"sip:a@",
		"sip:a@b@c",
		"sip:a b@c",
		"sip:a@b c",
		"sip:a@b:",
		"sip:a@b:0",
		"sip:a@b:65536",
		"sip:a@b:50601234567890",
		"sip:a@b:5x",
		"sip:[::1",
		"sip:[]",
		"sip:[::1]x",
		"sip:2001:db8::10",
		"sip:a@b;",
		"sip:a@b;;x",
		"sip:a@b;=x",
		"sip:a@b?",
		"sip:a@b?x",
		"sip:a@b?x=1&",
		"sip:a%4@b",
		"sip:a%zz@b",
		"sip:a@b;x=%",
		"sip:a@b%41",
		"sip:a\"b@c",
		"sip:a<b@c",
		"sip:a@b>",
		"tel:",
		"tel:+12x34",
		"tel:12;",
		"urn:",
		"urn:a b",
		"http:a\"b",
		"x:\x7f",
		"sip:a@b\r\n",
		"sip:a@b;x=\x01",
	};

	for (size_t i = 0; i < ARRAY_SIZE(badv); i++) {
		struct suri uri;

		if (!CHECK_INT(decode(&uri, badv[i]), EBADMSG))
			re_printf("# accepted \"%s\"\n", badv[i]);
	}
}

static bool equal(const char *a, const char *b)
{
	struct suri x, y;

	CHECK_INT(decode(&x, a), 0);
	CHECK_INT(decode(&y, b), 0);
	CHECK(suri_equal(&x, &y) == suri_equal(&y, &x));
	return suri_equal(&x, &y);
}

/* The examples of RFC 3261 19.1.4, and more. */
static void equal_uris_are_equal(void)
{
	CHECK(equal("sip:%61lice@atlanta.com;transport=TCP",
		    "sip:alice@AtLanTa.CoM;Transport=tcp"));
	CHECK(equal("sip:carol@chicago.com",
		    "sip:carol@chicago.com;newparam=5"));
	CHECK(equal("sip:carol@chicago.com;security=on",
		    "sip:carol@chicago.com;newparam=5"));
	CHECK(equal("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob"
		    "%40biloxi.com",
		    "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob"
		    "%40biloxi.com"));
	CHECK(equal("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
		    "sip:alice@atlanta.com?priority=urgent&subject="
		    "project%20x"));
	CHECK(equal("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0::01]"));
	CHECK(equal("tel:+1-212-555-0101", "tel:+1(212)5550101"));
	CHECK(equal("URN:service:sos", "urn:service:sos"));
	CHECK(equal("tel:1;x=1;x=2", "tel:1;x=1;x=2"));
}

static void different_uris_are_different(void)
{
	CHECK(!equal("SIP:ALICE@AtLanTa.CoM;Transport=udp",
		     "sip:alice@AtLanTa.CoM;Transport=UDP"));
	CHECK(!equal("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
	CHECK(!equal("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
	CHECK(!equal("sip:bob@biloxi.com",
		     "sip:bob@biloxi.com:6000;transport=tcp"));
	CHECK(!equal("sip:carol@chicago.com",
		     "sip:carol@chicago.com?Subject=next%20meeting"));
	CHECK(!equal("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"));
	CHECK(!equal("sip:carol@chicago.com;security=on",
		     "sip:carol@chicago.com;security=off"));
	CHECK(!equal("sip:a@b", "sips:a@b"));
	CHECK(!equal("sip:a%40c@b", "sip:a%3bc@b"));
	CHECK(!equal("sip:a@b", "sip:b"));
	CHECK(!equal("sip:a:x@b", "sip:a@b"));
	CHECK(!equal("tel:+12125550101", "tel:+12125550102"));
	CHECK(!equal("tel:12;phone-context=a.b", "tel:12"));
	CHECK(!equal("urn:service:sos", "urn:service:Sos"));
}

/* %3B in a user is not the ';' that may separate something there. */
static void escaped_reserved_characters_stay_apart(void)
{
	struct pl a = text("a%3Bb"), b = text("a;b"), c = text("a%3bb");

	CHECK(!suri_user_equal(&a, &b));
	CHECK(suri_user_equal(&a, &c));
}

static void nul_does_not_shorten_a_name(void)
{
	struct pl a = text("x%00y"), b = text("x");
	char buf[8];
	size_t len = 0;

	CHECK(!suri_user_equal(&a, &b));
	CHECK_INT(suri_unescape(buf, sizeof(buf), &len, &a), 0);
	CHECK(len == 3 && !memcmp(buf, "x\0y", 3));
}

static void escapes_are_undone_once(void)
{
	struct pl pl = text("%2541");
	char buf[4];
	size_t len = 0;

	CHECK_INT(suri_unescape(buf, sizeof(buf), &len, &pl), 0);
	CHECK(len == 3 && !memcmp(buf, "%41", 3));
	CHECK_INT(suri_unescape(buf, 2, &len, &pl), EOVERFLOW);
	pl = text("a%4");
	CHECK_INT(suri_unescape(buf, sizeof(buf), &len, &pl), EBADMSG);
}

static void printed_user_is_a_user_again(void)
{
	char raw[256], buf[1024];
	struct pl user = {raw, sizeof(raw)};
	char back[256];
	struct suri uri;
	size_t len = 0;

	for (unsigned i = 0; i < sizeof(raw); i++)
		raw[i] = (char)i;
	CHECK(re_snprintf(buf, sizeof(buf), "sip:%H@h", suri_print_user,
			  &user) > 0);
	CHECK_INT(decode(&uri, buf), 0);
	CHECK_INT(suri_unescape(back, sizeof(back), &len, &uri.user), 0);
	CHECK(len == sizeof(raw) && !memcmp(raw, back, len));
}

TEST_MAIN(TEST(all_parts_are_found), TEST(user_may_look_like_parameters),
	  TEST(other_schemes), TEST(what_is_no_uri_is_refused),
	  TEST(equal_uris_are_equal), TEST(different_uris_are_different),
	  TEST(escaped_reserved_characters_stay_apart),
	  TEST(nul_does_not_shorten_a_name), TEST(escapes_are_undone_once),
	  TEST(printed_user_is_a_user_again))
