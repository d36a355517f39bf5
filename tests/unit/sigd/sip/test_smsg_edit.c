/*
 * test_smsg_edit.c  Forwarding: edits applied while the bytes are copied
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/sip/smsg_edit.h"
#include "tests/unit/sigd/sip/view.h"

static const char invite[] =
	"INVITE sip:b@h.org SIP/2.0\r\n"
	"Via: SIP/2.0/UDP one;branch=z9hG4bK1;rport;x=\"y\", SIP/2.0/TCP "
	"two\r\n"
	"v: SIP/2.0/UDP three\r\n"
	"Max-Forwards: 10\r\n"
	"From : <sip:a@h.org>;tag=1\r\n"
	"To: <sip:b@h.org>\r\n"
	"X-Internal-A: 1\r\n"
	"Call-ID: c1\r\n"
	"CSeq: 1 INVITE\r\n"
	"x-internal-b: 2\r\n"
	"Route: <sip:r1;lr>, <sip:r2;lr>\r\n"
	"Route: <sip:r3;lr>\r\n"
	"Contact: <sip:a@c>\r\n"
	"Content-Type: application/sdp\r\n"
	"Content-Length: 4\r\n"
	"\r\n"
	"v=0\n";

struct edit {
	struct view v;
	struct smsg_edit ed;
	char out[4096];
	int err;
};

static void begin(struct edit *e, const char *s)
{
	view_text(&e->v, s);
	CHECK_INT(e->v.err, 0);
	smsg_edit_init(&e->ed, &e->v.msg);
}

/* Write and close; the result is a message again. */
static const char *end(struct edit *e)
{
	struct view v;
	size_t len = 0;

	e->err = smsg_edit_write(&e->ed, (uint8_t *)e->out, sizeof(e->out) - 1,
				 &len);
	e->out[e->err ? 0 : len] = 0;
	if (!e->err) {
		view_bytes(&v, e->out, len);
		if (!CHECK_INT(v.err, 0))
			re_printf("# %s\n", v.why.reason);
		view_close(&v);
	}
	view_close(&e->v);
	return e->out;
}

static bool has(const char *s, const char *part)
{
	if (strstr(s, part))
		return true;
	re_printf("# not in there: %s\n%s", part, s);
	return false;
}

static void without_edits_only_odd_spaces_go(void)
{
	char want[sizeof(invite)], *p;
	struct edit e;

	str_ncpy(want, invite, sizeof(want));
	p = strstr(want, "From :") + 4;
	memmove(p, p + 1, strlen(p));
	begin(&e, invite);
	CHECK_STR(end(&e), want);
}

static void a_typical_forward(void)
{
	struct pl uri = text("sip:200@pbx"),
		  via = text("SIP/2.0/TLS us;branch=z9hG4bKx");
	struct pl rr = text("<sip:us;lr>"), contact = text("<sip:tok@us>");
	struct pl host = text("192.0.2.9");
	struct edit e;

	begin(&e, invite);
	CHECK_INT(smsg_source_set(&e.v.msg, &host, 4000), 0);
	smsg_edit_init(&e.ed, &e.v.msg);
	smsg_edit_uri(&e.ed, &uri);
	smsg_edit_push(&e.ed, SHDR_VIA, &via);
	smsg_edit_push(&e.ed, SHDR_RECORD_ROUTE, &rr);
	smsg_edit_pop(&e.ed, SHDR_ROUTE);
	smsg_edit_replace_value(&e.ed, SHDR_CONTACT, 0, &contact);
	smsg_edit_hop(&e.ed);
	smsg_edit_remove_prefix(&e.ed, "X-Internal-");
	CHECK_STR(end(&e), "INVITE sip:200@pbx SIP/2.0\r\n"
			   "Via: SIP/2.0/TLS us;branch=z9hG4bKx\r\n"
			   "Via: SIP/2.0/UDP one;branch=z9hG4bK1;x=\"y\";"
			   "received=192.0.2.9;rport=4000, SIP/2.0/TCP two\r\n"
			   "v: SIP/2.0/UDP three\r\n"
			   "Max-Forwards: 9\r\n"
			   "Record-Route: <sip:us;lr>\r\n"
			   "From: <sip:a@h.org>;tag=1\r\n"
			   "To: <sip:b@h.org>\r\n"
			   "Call-ID: c1\r\n"
			   "CSeq: 1 INVITE\r\n"
			   "Route: <sip:r2;lr>\r\n"
			   "Route: <sip:r3;lr>\r\n"
			   "Contact: <sip:tok@us>\r\n"
			   "Content-Type: application/sdp\r\n"
			   "Content-Length: 4\r\n"
			   "\r\n"
			   "v=0\n");
}

static void values_go_over_field_borders(void)
{
	struct pl val = text("<sip:new;lr>");
	const char *out;
	struct edit e;

	begin(&e, invite);
	smsg_edit_remove_value(&e.ed, SHDR_ROUTE, 0);
	smsg_edit_remove_value(&e.ed, SHDR_ROUTE, 1);
	smsg_edit_replace_value(&e.ed, SHDR_ROUTE, 2, &val);
	out = end(&e);
	CHECK(has(out, "x-internal-b: 2\r\nRoute: <sip:new;lr>\r\nContact"));

	begin(&e, invite);
	smsg_edit_remove_value(&e.ed, SHDR_VIA, 2);
	out = end(&e);
	CHECK(has(out, "SIP/2.0/TCP two\r\nMax-Forwards"));

	begin(&e, invite);
	smsg_edit_remove_value(&e.ed, SHDR_ROUTE, 3);
	(void)end(&e);
	CHECK_INT(e.err, ENOENT);
}

static void last_push_stands_first(void)
{
	struct pl a = text("<sip:a;lr>"), b = text("<sip:b;lr>");
	struct pl v = text("SIP/2.0/UDP us");
	struct edit e;

	begin(&e, invite);
	smsg_edit_push(&e.ed, SHDR_ROUTE, &a);
	smsg_edit_push(&e.ed, SHDR_ROUTE, &b);
	smsg_edit_push(&e.ed, SHDR_VIA, &v);
	CHECK(has(end(&e), "Route: <sip:b;lr>\r\nRoute: <sip:a;lr>\r\n"
			   "Route: <sip:r1;lr>, <sip:r2;lr>\r\n"));
}

/* The Vias may be the last headers of a message. */
static void push_where_none_was(void)
{
	static const char s[] =
		"OPTIONS sip:b@h.org SIP/2.0\r\nf: sip:a@b\r\nt: sip:a@b\r\n"
		"i: c\r\nCSeq: 1 OPTIONS\r\nv: SIP/2.0/UDP h\r\n\r\n";
	struct pl r = text("<sip:r;lr>"), p = text("<sip:p;lr>");
	struct pl sub = text("hello");
	struct edit e;

	begin(&e, s);
	smsg_edit_push(&e.ed, SHDR_ROUTE, &r);
	smsg_edit_push(&e.ed, SHDR_PATH, &p);
	smsg_edit_push(&e.ed, SHDR_SUBJECT, &sub);
	smsg_edit_hop(&e.ed);
	CHECK(has(end(&e), "v: SIP/2.0/UDP h\r\nPath: <sip:p;lr>\r\n"
			   "Route: <sip:r;lr>\r\nSubject: hello\r\n"
			   "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"));
}

static void headers_are_set_added_and_removed(void)
{
	struct pl to = text("<sip:x@y>"), one = text("1"), name = text("X-New");
	struct pl type = text("content-TYPE"), mine = text("X-INTERNAL-A");
	const char *out;
	struct edit e;

	begin(&e, invite);
	smsg_edit_set(&e.ed, SHDR_TO, &to);
	smsg_edit_set(&e.ed, SHDR_EXPIRES, &one);
	smsg_edit_add(&e.ed, SHDR_CONTACT, &to);
	smsg_edit_add_named(&e.ed, &name, &one);
	smsg_edit_remove(&e.ed, SHDR_ROUTE);
	smsg_edit_remove_named(&e.ed, &type);
	smsg_edit_remove_named(&e.ed, &mine);
	out = end(&e);
	CHECK(has(out, "tag=1\r\nTo: <sip:x@y>\r\nCall-ID"));
	CHECK(has(out, "Contact: <sip:a@c>\r\nContent-Length: 4\r\n"
		       "Expires: 1\r\nContact: <sip:x@y>\r\nX-New: 1\r\n"));
	CHECK(!strstr(out, "Route") && !strstr(out, "sdp"));
	CHECK(!strstr(out, "X-Internal-A") && strstr(out, "x-internal-b"));
}

static void removed_content_length_comes_back(void)
{
	struct edit e;

	begin(&e, invite);
	smsg_edit_remove(&e.ed, SHDR_CONTENT_LENGTH);
	CHECK(has(end(&e), "Content-Length: 4\r\n\r\nv=0\n"));
}

static void another_body(void)
{
	struct pl type = text("text/plain"), body = text("hello");
	const char *out;
	struct edit e;

	begin(&e, invite);
	smsg_edit_body(&e.ed, &type, &body);
	out = end(&e);
	CHECK(has(out, "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
		       "hello"));
	CHECK(!strstr(out, "sdp"));

	begin(&e, invite);
	smsg_edit_body(&e.ed, &pl_null, &pl_null);
	out = end(&e);
	CHECK(has(out, "Content-Length: 0\r\n\r\n"));
	CHECK(!strstr(out, "Content-Type"));
}

static void octets_behind_the_body_stay_behind(void)
{
	char s[sizeof(invite) + 16];
	struct edit e;

	re_snprintf(s, sizeof(s), "%sINVITE sip:x", invite);
	begin(&e, s);
	CHECK(!strstr(end(&e), "sip:x"));
}

/* RFC 3581, RFC 3261 18.2.1 */
static void source_is_written_into_our_via(void)
{
	static const struct {
		const char *via, *src, *want;
	} v[] = {
		{"1.2.3.4", "1.2.3.4", "1.2.3.4"},
		{"1.2.3.4:5060", "1.2.3.5", "1.2.3.4:5060;received=1.2.3.5"},
		{"1.2.3.4;rport", "1.2.3.4",
		 "1.2.3.4;received=1.2.3.4;rport=9"},
		{"x.invalid;rport;a=b", "1.2.3.4",
		 "x.invalid;a=b;received=1.2.3.4;rport=9"},
		{"h.org;received=9.9.9.9;rport=1", "1.2.3.4",
		 "h.org;received=1.2.3.4;rport=9"},
		{"[2001:db8::1]", "2001:db8:0::1", "[2001:db8::1]"},
		{"[2001:db8::1];x", "2001:db8::2",
		 "[2001:db8::1];x;received=2001:db8::2"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct pl host = text(v[i].src);
		char s[512], want[256];
		struct edit e;

		re_snprintf(
			s, sizeof(s),
			"OPTIONS sip:b@h SIP/2.0\r\n"
			"Via: SIP/2.0/UDP %s\r\nf: sip:a@b\r\nt: sip:a@b\r\n"
			"i: c\r\nCSeq: 1 OPTIONS\r\n\r\n",
			v[i].via);
		re_snprintf(want, sizeof(want),
			    "Via: SIP/2.0/UDP %s\r\nf:", v[i].want);
		begin(&e, s);
		CHECK_INT(smsg_source_set(&e.v.msg, &host, 9), 0);
		smsg_edit_init(&e.ed, &e.v.msg);
		CHECK(has(end(&e), want));
	}
}

static void our_via_is_popped_from_a_response(void)
{
	static const char s[] =
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP us\r\n"
		"Via: SIP/2.0/UDP you;received=1.2.3.4\r\nf: sip:a@b\r\n"
		"t: sip:a@b\r\ni: c\r\nCSeq: 1 OPTIONS\r\n\r\n";
	const char *out;
	struct edit e;

	begin(&e, s);
	smsg_edit_pop(&e.ed, SHDR_VIA);
	smsg_edit_status(&e.ed, 503, NULL);
	out = end(&e);
	CHECK(has(out, "SIP/2.0 503 Service Unavailable\r\n"
		       "Via: SIP/2.0/UDP you;received=1.2.3.4\r\n"));
	CHECK(!strstr(out, "us\r\n"));
}

static void texts_cannot_break_a_line(void)
{
	struct pl evil = text("x\r\nEvil: 1"), name = text("X: y"),
		  ok = text("x");
	struct pl space = text("sip:a b");
	struct edit e;

	begin(&e, invite);
	smsg_edit_add(&e.ed, SHDR_SUBJECT, &evil);
	(void)end(&e);
	CHECK_INT(e.err, EINVAL);
	begin(&e, invite);
	smsg_edit_add_named(&e.ed, &name, &ok);
	(void)end(&e);
	CHECK_INT(e.err, EINVAL);
	begin(&e, invite);
	smsg_edit_replace_value(&e.ed, SHDR_CONTACT, 0, &evil);
	(void)end(&e);
	CHECK_INT(e.err, EINVAL);
	begin(&e, invite);
	smsg_edit_uri(&e.ed, &evil);
	(void)end(&e);
	CHECK_INT(e.err, EINVAL);
	begin(&e, invite);
	smsg_edit_uri(&e.ed, &space);
	(void)end(&e);
	CHECK_INT(e.err, EINVAL);
}

static void first_error_is_kept(void)
{
	struct pl x = text("x");
	struct edit e;

	begin(&e, invite);
	smsg_edit_status(&e.ed, 200, NULL);
	smsg_edit_pop(&e.ed, SHDR_PATH);
	(void)end(&e);
	CHECK_INT(e.err, EINVAL);

	begin(&e, invite);
	for (int i = 0; i <= SMSG_EDIT_OPS; i++)
		smsg_edit_add(&e.ed, SHDR_SUBJECT, &x);
	(void)end(&e);
	CHECK_INT(e.err, E2BIG);

	begin(&e, invite);
	smsg_edit_add(&e.ed, SHDR_OTHER, &x);
	(void)end(&e);
	CHECK_INT(e.err, EINVAL);
}

static void no_hop_is_left(void)
{
	static const char s[] =
		"OPTIONS sip:b@h.org SIP/2.0\r\nf: sip:a@b\r\nt: sip:a@b\r\n"
		"i: c\r\nCSeq: 1 OPTIONS\r\nv: SIP/2.0/UDP h\r\n"
		"Max-Forwards: 0\r\n\r\n";
	struct edit e;

	begin(&e, s);
	smsg_edit_hop(&e.ed);
	(void)end(&e);
	CHECK_INT(e.err, ELOOP);
}

static void made_texts_live_in_the_edit(void)
{
	struct edit e;
	struct pl a, b;

	begin(&e, invite);
	a = smsg_edit_text(&e.ed, "<sip:%s@%u>", "x", 7u);
	b = smsg_edit_text(&e.ed, "<sip:y>");
	smsg_edit_replace_value(&e.ed, SHDR_CONTACT, 0, &a);
	smsg_edit_push(&e.ed, SHDR_ROUTE, &b);
	CHECK(has(end(&e), "Contact: <sip:x@7>\r\n"));
	CHECK(has(e.out, "Route: <sip:y>\r\n"));

	begin(&e, invite);
	for (int i = 0; i < 50; i++)
		a = smsg_edit_text(&e.ed, "%0100u", 1u);
	CHECK(!a.p);
	(void)end(&e);
	CHECK_INT(e.err, EOVERFLOW);
}

static void a_small_buffer_is_not_overrun(void)
{
	for (size_t n = 0; n < sizeof(invite) + 10; n++) {
		uint8_t *buf = malloc(n ? n : 1);
		struct edit e;
		size_t len;

		begin(&e, invite);
		/* one space less than it came with */
		CHECK_INT(smsg_edit_write(&e.ed, buf, n, &len),
			  n < sizeof(invite) - 2 ? EOVERFLOW : 0);
		view_close(&e.v);
		free(buf);
	}
}

static void buffer_grows_as_needed(void)
{
	struct mbuf *mb = mbuf_alloc(16);
	struct pl body = text("hello");
	struct edit e;

	if (!mb)
		return;
	begin(&e, invite);
	smsg_edit_body(&e.ed, &pl_null, &body);
	(void)mbuf_write_str(mb, "ab");
	if (!smsg_edit_mbuf(&e.ed, mb)) {
		CHECK(!memcmp(mb->buf, "abINVITE", 8));
		CHECK(!memcmp(mb->buf + mb->end - 5, "hello", 5));
		CHECK_INT(mb->pos, 2);
	}
	view_close(&e.v);
	mem_deref(mb);
}

static void a_token_goes_and_its_neighbours_stay(void)
{
	struct edit e;
	const char *out;

	begin(&e, "OPTIONS sip:b@h.org SIP/2.0\r\n"
		  "Via: SIP/2.0/UDP one;branch=z9hG4bK1\r\n"
		  "From: <sip:a@h.org>;tag=1\r\nTo: <sip:b@h.org>\r\n"
		  "Supported: 100rel\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\n"
		  "k: timer,100REL , path\r\nSupported: ice\r\n\r\n");
	smsg_edit_remove_token(&e.ed, SHDR_SUPPORTED, "100rel");
	smsg_edit_remove_token(&e.ed, SHDR_REQUIRE, "100rel");
	out = end(&e);
	CHECK_INT(e.err, 0);
	CHECK(!strstr(out, "100"));
	CHECK(has(out, "\r\nk: timer, path\r\nSupported: ice\r\n"));
}

static void a_token_goes_wherever_it_stands(void)
{
	struct edit e;
	const char *out;

	begin(&e, "OPTIONS sip:b@h.org SIP/2.0\r\n"
		  "Via: SIP/2.0/UDP one;branch=z9hG4bK1\r\n"
		  "From: <sip:a@h.org>;tag=1\r\nTo: <sip:b@h.org>\r\n"
		  "Call-ID: c1\r\nCSeq: 1 OPTIONS\r\n"
		  "k: a,b,a\r\nk: a\r\nk: b, a,c\r\n\r\n");
	smsg_edit_remove_token(&e.ed, SHDR_SUPPORTED, "a");
	out = end(&e);
	CHECK_INT(e.err, 0);
	CHECK(has(out, "\r\nk: b\r\nk: b, c\r\n"));
}

TEST_MAIN(TEST(without_edits_only_odd_spaces_go), TEST(a_typical_forward),
	  TEST(values_go_over_field_borders), TEST(last_push_stands_first),
	  TEST(push_where_none_was), TEST(headers_are_set_added_and_removed),
	  TEST(removed_content_length_comes_back), TEST(another_body),
	  TEST(octets_behind_the_body_stay_behind),
	  TEST(source_is_written_into_our_via),
	  TEST(our_via_is_popped_from_a_response),
	  TEST(a_token_goes_wherever_it_stands),
	  TEST(texts_cannot_break_a_line), TEST(first_error_is_kept),
	  TEST(no_hop_is_left), TEST(made_texts_live_in_the_edit),
	  TEST(a_token_goes_and_its_neighbours_stay),
	  TEST(a_small_buffer_is_not_overrun), TEST_OOM(buffer_grows_as_needed))
