/*
 * test_shdr.c  Header names, and the values of headers
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/unit/sigd/sip/view.h"

/* --- names ---------------------------------------------------------------- */

static void every_name_is_found_in_any_case(void)
{
	for (unsigned id = SHDR_OTHER + 1; id < SHDR_COUNT; id++) {
		const char *name = shdr_name(id);
		char buf[64];

		str_ncpy(buf, name, sizeof(buf));
		if (!CHECK_INT(shdr_id(buf, strlen(buf)), id))
			re_printf("# %s\n", name);
		for (char *p = buf; *p; p++)
			*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
		CHECK_INT(shdr_id(buf, strlen(buf)), id);
		if (shdr_compact(id)) {
			buf[0] = shdr_compact(id);
			CHECK_INT(shdr_id(buf, 1), id);
			buf[0] = (char)(buf[0] - 32);
			CHECK_INT(shdr_id(buf, 1), id);
		}
	}
	CHECK(!shdr_name(SHDR_OTHER) && !shdr_name(SHDR_COUNT));
}

/* A name that a hash of names took for another is another. */
static void similar_names_are_not_taken_for_known_ones(void)
{
	static const char *const namev[] = {
		"jzba",
		"Fron",
		"Fro",
		"Froms",
		"Via-",
		"Vi",
		"q",
		"z",
		"",
		"Call-IDs",
		"Call_ID",
		"Content-Lengti",
		"X-From",
		"Tp",
		"C%6Fntact",
		"Too",
		"Cseqx",
		"RAcl",
		"Max-Forwardz",
	};

	for (size_t i = 0; i < ARRAY_SIZE(namev); i++)
		CHECK_INT(shdr_id(namev[i], strlen(namev[i])), SHDR_OTHER);
	CHECK_INT(shdr_id("Via\0", 4), SHDR_OTHER);
}

/* Every one-letter change of every name, by brute force. */
static void one_letter_makes_another_name(void)
{
	for (unsigned id = SHDR_OTHER + 1; id < SHDR_COUNT; id++) {
		char buf[64];
		size_t len;

		str_ncpy(buf, shdr_name(id), sizeof(buf));
		len = strlen(buf);
		for (size_t i = 0; i < len; i++) {
			char was = buf[i];

			for (int c = '!'; c < 127; c++) {
				buf[i] = (char)c;
				if ((c | 0x20) != (was | 0x20) &&
				    shdr_id(buf, len) == id)
					CHECK(!"taken for a known name");
			}
			buf[i] = was;
		}
	}
}

static void methods_have_case(void)
{
	struct pl pl = text("INVITE");

	CHECK_INT(smsg_method_id(&pl), SMSG_INVITE);
	CHECK_STR(smsg_method_name(SMSG_INVITE), "INVITE");
	pl = text("Invite");
	CHECK_INT(smsg_method_id(&pl), SMSG_OTHER);
	pl = text("INVITEX");
	CHECK_INT(smsg_method_id(&pl), SMSG_OTHER);
	CHECK_INT(smsg_method_id(&pl_null), SMSG_OTHER);
	CHECK_STR(smsg_method_name(SMSG_OTHER), "?");
}

/* --- parameters, lists, numbers ------------------------------------------- */

static void parameters_one_by_one(void)
{
	struct pl rest = text("a ;b = 1; c=\"x;\\\"y\" ;d=[::1]:5");
	struct shdr_param p;
	char buf[16];

	CHECK_INT(shdr_param_next(&p, &rest), 0);
	CHECK(is(&p.name, "a") && !p.val.p);
	CHECK_INT(shdr_param_next(&p, &rest), 0);
	CHECK(is(&p.name, "b") && is(&p.val, "1") && !p.quoted);
	CHECK_INT(shdr_param_next(&p, &rest), 0);
	CHECK(is(&p.name, "c") && p.quoted);
	CHECK_INT(shdr_unquote(buf, sizeof(buf), &p.val), 0);
	CHECK_STR(buf, "x;\"y");
	CHECK_INT(shdr_unquote(buf, 4, &p.val), EOVERFLOW);
	CHECK_INT(shdr_unquote(buf, 0, &pl_null), EOVERFLOW);
	CHECK_INT(shdr_unquote(buf, 5, &p.val), 0);
	CHECK_INT(shdr_param_next(&p, &rest), 0);
	CHECK(is(&p.val, "[::1]:5"));
	CHECK_INT(shdr_param_next(&p, &rest), ENOENT);

	rest = text("a;;b");
	CHECK_INT(shdr_param_next(&p, &rest), 0);
	CHECK_INT(shdr_param_next(&p, &rest), EBADMSG);
	rest = text("a=\"x");
	CHECK_INT(shdr_param_next(&p, &rest), EBADMSG);
	rest = text("a=");
	CHECK_INT(shdr_param_next(&p, &rest), EBADMSG);
	rest = text("a b");
	CHECK_INT(shdr_param_next(&p, &rest), EBADMSG);
}

static void parameter_by_name(void)
{
	struct pl params = text("expires=60;Q=0.5;lr"), val;

	CHECK(shdr_param(&params, "q", &val) && is(&val, "0.5"));
	CHECK(shdr_param(&params, "LR", &val) && !val.l);
	CHECK(!shdr_param(&params, "x", &val));
	CHECK(!shdr_param(&pl_null, "x", NULL));
}

static void commas_in_quotes_and_brackets_do_not_separate(void)
{
	struct pl rest = text(" \"a,b\" <sip:x,y@z>;p=\"1,2\" , c,,d ,"), val;

	CHECK_INT(shdr_list_next(&val, &rest), 0);
	CHECK(is(&val, "\"a,b\" <sip:x,y@z>;p=\"1,2\""));
	CHECK_INT(shdr_list_next(&val, &rest), 0);
	CHECK(is(&val, "c"));
	CHECK_INT(shdr_list_next(&val, &rest), 0);
	CHECK(is(&val, ""));
	CHECK_INT(shdr_list_next(&val, &rest), 0);
	CHECK(is(&val, "d"));
	CHECK_INT(shdr_list_next(&val, &rest), ENOENT);

	rest = text("timer, 100rel ,path");
	CHECK(shdr_list_has(&rest, "100REL"));
	CHECK(!shdr_list_has(&rest, "100"));
}

static void numbers_never_wrap(void)
{
	static const struct {
		const char *text;
		uint32_t max;
		int err;
		uint32_t num;
	} v[] = {
		{"0", 9, 0, 0},
		{"0009", 9, 0, 9},
		{"10", 9, ERANGE, 0},
		{"4294967295", UINT32_MAX, 0, UINT32_MAX},
		{"4294967296", UINT32_MAX, ERANGE, 0},
		{"4294967328", 65535, ERANGE, 0},
		{"18446744073709551616", UINT32_MAX, ERANGE, 0},
		{"36893488147419103232", UINT32_MAX, ERANGE, 0},
		{"", 9, EBADMSG, 0},
		{"-1", 9, EBADMSG, 0},
		{"+1", 9, EBADMSG, 0},
		{" 1", 9, EBADMSG, 0},
		{"1 ", 9, EBADMSG, 0},
		{"0x1", 9, EBADMSG, 0},
		{"five", 9, EBADMSG, 0},
	};
	struct pl big = text("99999999999999999999999"), bad = text("-");
	uint32_t num;

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct pl pl = text(v[i].text);

		num = 0;
		CHECK_INT(shdr_number(&num, &pl, v[i].max), v[i].err);
		CHECK_INT(num, v[i].num);
	}
	CHECK_INT(shdr_seconds(&num, &big), 0);
	CHECK_INT(num, UINT32_MAX);
	CHECK_INT(shdr_seconds(&num, &bad), EBADMSG);
}

static void q_is_in_thousandths(void)
{
	static const struct {
		const char *text;
		int q;
	} v[] = {
		{"0", 0},        {"1", 1000},    {"0.5", 500},   {"0.05", 50},
		{"1.000", 1000}, {"0.123", 123}, {"1.", 1000},   {"0.", 0},
		{"1.001", -1},   {"2", -1},      {"0.1234", -1}, {".5", -1},
		{"", -1},        {"0,5", -1},    {"0.x", -1},    {"-0", -1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct pl pl = text(v[i].text);
		uint16_t q = 0;
		int err = shdr_q(&q, &pl);

		CHECK_INT(err ? -1 : q, v[i].q);
	}
}

/* --- Via ------------------------------------------------------------------ */

static int via(struct shdr_via *v, const char *s)
{
	struct pl pl = text(s);

	return shdr_via_decode(v, &pl);
}

static void via_is_taken_apart(void)
{
	struct shdr_via v;

	CHECK_INT(via(&v, "SIP/2.0/WSS x.invalid:443 ; branch=z9hG4bK1;rport;"
			  "alias"),
		  0);
	CHECK_INT(v.tp, SHDR_TP_WSS);
	CHECK(is(&v.sentby, "x.invalid:443") && is(&v.host, "x.invalid"));
	CHECK_INT(v.port, 443);
	CHECK(is(&v.branch, "z9hG4bK1") && v.rport && !v.rport_num);
	CHECK(shdr_via_rfc3261(&v));

	CHECK_INT(via(&v, "SIP / 2.0 / UDP [::1] : 5070;received=[::2];"
			  "rport=77;branch=Z9HG4BKa;ttl=1;maddr=224.0.1.75"),
		  0);
	CHECK(is(&v.host, "::1") && is(&v.received, "::2"));
	CHECK(is(&v.sentby, "[::1] : 5070"));
	CHECK_INT(v.port, 5070);
	CHECK_INT(v.rport_num, 77);
	CHECK(shdr_via_rfc3261(&v));

	CHECK_INT(via(&v, "SIP/2.0/XYZ h"), 0);
	CHECK_INT(v.tp, SHDR_TP_OTHER);
	CHECK(is(&v.transport, "XYZ") && !shdr_via_rfc3261(&v));
	CHECK_INT(via(&v, "SIP/2.0/UDP h;branch=z9hG4bK"), 0);
	CHECK(!shdr_via_rfc3261(&v));
}

static void broken_vias_are_refused(void)
{
	static const char *const badv[] = {
		"",
		"SIP",
		"SIP/2.0",
		"SIP/2.0/UDP",
		"SIP/2.0/UDP ",
		"SIP/2.0/UDPhost",
		"SIP/2.0/UDP h:",
		"SIP/2.0/UDP h:x",
		"SIP/2.0/UDP h:65536",
		"SIP/2.0/UDP h;",
		"SIP/2.0/UDP h;;x",
		"SIP/2.0/UDP h;branch",
		"SIP/2.0/UDP h;branch=",
		"SIP/2.0/UDP h;branch=a;branch=b",
		"SIP/2.0/UDP h;rport=x",
		"SIP/2.0/UDP h;rport=65536",
		"SIP/2.0/UDP h,",
		"SIP/2.0/UDP h x",
		"SIP/2.0/UDP h,,SIP/2.0/UDP g",
		"SIP/2.0/UDP [::1",
		"SIP/2.0/UDP []",
		"SIP//UDP h",
		"SIP/2.0/UDP h,SIP/2.0/UDP g",
		"SIP/2.0/UDP h;x=\"",
		"SIP/2.0/UDP h;branch=\"a\"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(badv); i++) {
		struct shdr_via v;

		if (!CHECK_INT(via(&v, badv[i]), EBADMSG))
			re_printf("# accepted \"%s\"\n", badv[i]);
	}
}

static void several_vias_in_one_field(void)
{
	struct pl rest =
		text("SIP/2.0/UDP a;x , SIP/2.0/TCP b:1,SIP/2.0/TLS c");
	struct shdr_via v;

	CHECK_INT(shdr_via_next(&v, &rest), 0);
	CHECK(is(&v.val, "SIP/2.0/UDP a;x"));
	CHECK_INT(shdr_via_next(&v, &rest), 0);
	CHECK(is(&v.val, "SIP/2.0/TCP b:1"));
	CHECK_INT(shdr_via_next(&v, &rest), 0);
	CHECK_INT(v.tp, SHDR_TP_TLS);
	CHECK_INT(shdr_via_next(&v, &rest), ENOENT);
}

/* --- addresses ------------------------------------------------------------ */

static int addr(struct shdr_addr *a, const char *s)
{
	struct pl pl = text(s);

	return shdr_addr_decode(a, &pl);
}

static void addresses_in_all_forms(void)
{
	struct shdr_addr a;

	CHECK_INT(addr(&a, "\"A \\\"x\\\", B\" <sip:a@b;lr>;tag=1;x"), 0);
	CHECK(is(&a.dname, "A \\\"x\\\", B") && a.quoted && a.angle);
	CHECK(is(&a.uri.user, "a") && is(&a.uri.params, "lr"));
	CHECK(is(&a.tag, "1") && is(&a.params, "tag=1;x"));

	CHECK_INT(addr(&a, "A. B  <sip:a@b>"), 0);
	CHECK(is(&a.dname, "A. B") && !a.quoted && !a.tag.l);

	CHECK_INT(addr(&a, "J\xc3\xb6rg<sip:j@b>;Tag=2"), 0);
	CHECK(is(&a.dname, "J\xc3\xb6rg") && is(&a.tag, "2"));

	CHECK_INT(addr(&a, "<tel:+123>"), 0);
	CHECK_INT(a.uri.scheme, SURI_TEL);
	CHECK(!a.dname.l);

	/* without <> the parameters are the header's (RFC 4475 3.3.12) */
	CHECK_INT(addr(&a, "sip:a@b ; tag = 3"), 0);
	CHECK(!a.uri.params.l && !a.angle && is(&a.tag, "3"));

	CHECK_INT(addr(&a, "*"), 0);
	CHECK(a.star);
	CHECK_INT(addr(&a, "* <sip:a@b>"), 0);
	CHECK(!a.star && is(&a.dname, "*"));
}

static void broken_addresses_are_refused(void)
{
	static const char *const badv[] = {
		"",
		"x",
		"\"a",
		"\"a\"",
		"\"a\" sip:a@b",
		"<sip:a@b",
		"<>",
		"< sip:a@b>",
		"<sip:a@b >",
		"a, b <sip:a@b>",
		"a@b <sip:a@b>",
		"sip:a@b?x=1",
		"sip:a b@c",
		"<sip:a@b> x",
		"<sip:a@b>;",
		"<sip:a@b>;;",
		"<sip:a@b>;tag=1;tag=2",
		"<sip:a@b>;tag",
		"<sip:a@b>;tag=",
		"<sip:a@b>,",
		"sip:a@b,",
		";tag=1",
		"**",
		"<sip:a@b>;tag=\"1\"",
		"a<b <sip:a@b>",
		"* x",
	};

	for (size_t i = 0; i < ARRAY_SIZE(badv); i++) {
		struct shdr_addr a;

		if (!CHECK_INT(addr(&a, badv[i]), EBADMSG))
			re_printf("# accepted \"%s\"\n", badv[i]);
	}
}

static void several_addresses_in_one_field(void)
{
	struct pl rest = text("<sip:a@b;x=1>;q=1 , \"c,d\" <sip:c@d>,sip:e@f");
	struct shdr_addr a;

	CHECK_INT(shdr_addr_next(&a, &rest), 0);
	CHECK(is(&a.val, "<sip:a@b;x=1>;q=1"));
	CHECK_INT(shdr_addr_next(&a, &rest), 0);
	CHECK(is(&a.uri.user, "c"));
	CHECK_INT(shdr_addr_next(&a, &rest), 0);
	CHECK(is(&a.uri.host, "f"));
	CHECK_INT(shdr_addr_next(&a, &rest), ENOENT);
}

/* --- CSeq, RAck, credentials ---------------------------------------------- */

static void cseq_and_rack(void)
{
	static const char *const badv[] = {"",          "1",
					   "1 ",        "INVITE",
					   "1INVITE",   "1 INVITE x",
					   "-1 INVITE", "4294967296 INVITE",
					   "1 IN(VITE"};
	struct shdr_cseq c;
	struct shdr_rack r;
	struct pl pl = text("0009   INVITE");

	CHECK_INT(shdr_cseq_decode(&c, &pl), 0);
	CHECK_INT(c.num, 9);
	CHECK_INT(c.method, SMSG_INVITE);
	pl = text("4294967295 FOO");
	CHECK_INT(shdr_cseq_decode(&c, &pl), 0);
	CHECK_INT(c.num, UINT32_MAX);
	CHECK_INT(c.method, SMSG_OTHER);
	CHECK(is(&c.name, "FOO"));
	for (size_t i = 0; i < ARRAY_SIZE(badv); i++) {
		pl = text(badv[i]);
		CHECK_INT(shdr_cseq_decode(&c, &pl), EBADMSG);
	}

	pl = text("776656 1 INVITE");
	CHECK_INT(shdr_rack_decode(&r, &pl), 0);
	CHECK_INT(r.rseq, 776656);
	CHECK_INT(r.cseq.num, 1);
	pl = text("776656 INVITE");
	CHECK_INT(shdr_rack_decode(&r, &pl), EBADMSG);
}

static void replaces_names_a_dialog(void)
{
	static const char *const badv[] = {
		"", "a@b", "a;to-tag=1", "a;from-tag=1", ";to-tag=1;from-tag=2",
		"a;to-tag=1;to-tag=2;from-tag=3", "a;to-tag;from-tag=2",
		"a;to-tag=\"1\";from-tag="};
	struct shdr_replaces rep;
	char buf[64];
	struct pl pl = text("a@b ;from-tag=F;x=y;to-tag=T");

	CHECK_INT(shdr_replaces_decode(&rep, &pl), 0);
	CHECK(is(&rep.callid, "a@b") && is(&rep.to_tag, "T") &&
	      is(&rep.from_tag, "F") && !rep.early_only);
	pl = text("a;TO-TAG=T;Early-Only;from-tag=0");
	CHECK_INT(shdr_replaces_decode(&rep, &pl), 0);
	CHECK(rep.early_only);
	for (size_t i = 0; i < ARRAY_SIZE(badv); i++) {
		pl = text(badv[i]);
		CHECK_INT(shdr_replaces_decode(&rep, &pl), EBADMSG);
	}

	pl = text("Require=replaces&replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag=2");
	CHECK_INT(shdr_replaces_of_uri(&rep, buf, sizeof(buf), &pl), 0);
	CHECK(is(&rep.callid, "a@b") && is(&rep.from_tag, "2"));
	pl = text("Replaces=a%4");
	CHECK_INT(shdr_replaces_of_uri(&rep, buf, sizeof(buf), &pl), EBADMSG);
	CHECK_INT(shdr_replaces_of_uri(&rep, buf, 2, &pl), EBADMSG);
	pl = text("X=Replaces=a");
	CHECK_INT(shdr_replaces_of_uri(&rep, buf, sizeof(buf), &pl), ENOENT);
}

static void digest_is_taken_apart(void)
{
	struct pl pl = text("Digest username=\"Mu\\\"fasa\",\trealm=\"t.org\", "
			    "nonce=\"abc==\" , uri=\"sip:a,b@c\", qop=auth, "
			    "nc=00000001, cnonce=\"\", response=\"6629\", "
			    "opaque=\"5ccc\", algorithm=SHA-256, unknown=1");
	struct shdr_digest d;
	char buf[16];

	CHECK_INT(shdr_digest_decode(&d, &pl), 0);
	CHECK_INT(shdr_unquote(buf, sizeof(buf), &d.username), 0);
	CHECK_STR(buf, "Mu\"fasa");
	CHECK(is(&d.realm, "t.org") && is(&d.nonce, "abc=="));
	CHECK(is(&d.uri, "sip:a,b@c") && is(&d.qop, "auth"));
	CHECK(is(&d.nc, "00000001") && is(&d.response, "6629"));
	CHECK(is(&d.opaque, "5ccc") && is(&d.algorithm, "SHA-256"));
	CHECK(d.cnonce.p && !d.cnonce.l);
	CHECK(!d.stale.p && !d.userhash.p);
}

static void broken_credentials_are_refused(void)
{
	static const struct {
		const char *text;
		int err;
	} v[] = {
		{"", EBADMSG},
		{"Digest", EBADMSG},
		{"Digest ", EBADMSG},
		{"Digest a", EBADMSG},
		{"Digest a=1,", EBADMSG},
		{"Digest a=1,,b=2", EBADMSG},
		{"Digest a=\"1", EBADMSG},
		{"Digest nonce=1, nonce=2", EBADMSG},
		{"Digest =1", EBADMSG},
		{"Digest a=1 b=2", EBADMSG},
		{"Digest a=1;b=2", EBADMSG},
		{"Bearer abc", EPROTO},
		{"digest a=1", 0},
	};
	struct shdr_digest d;
	struct shdr_auth a;
	struct pl pl;

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		pl = text(v[i].text);
		CHECK_INT(shdr_digest_decode(&d, &pl), v[i].err);
	}
	pl = text("Bearer  abc.def-ghi==");
	CHECK_INT(shdr_auth_decode(&a, &pl), 0);
	CHECK(is(&a.scheme, "Bearer") && is(&a.params, "abc.def-ghi=="));
}

TEST_MAIN(TEST(every_name_is_found_in_any_case),
	  TEST(similar_names_are_not_taken_for_known_ones),
	  TEST(one_letter_makes_another_name), TEST(methods_have_case),
	  TEST(parameters_one_by_one), TEST(parameter_by_name),
	  TEST(commas_in_quotes_and_brackets_do_not_separate),
	  TEST(numbers_never_wrap), TEST(q_is_in_thousandths),
	  TEST(via_is_taken_apart), TEST(broken_vias_are_refused),
	  TEST(several_vias_in_one_field), TEST(addresses_in_all_forms),
	  TEST(broken_addresses_are_refused),
	  TEST(several_addresses_in_one_field), TEST(cseq_and_rack),
	  TEST(replaces_names_a_dialog),
	  TEST(digest_is_taken_apart), TEST(broken_credentials_are_refused))
