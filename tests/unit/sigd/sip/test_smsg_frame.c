/*
 * test_smsg_frame.c  A stream cut anywhere gives the same pieces
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <stdio.h>
#include <re.h>

#include "sigd/sip/smsg_frame.h"
#include "tests/unit/sigd/sip/view.h"

#define MSG(len, body)                                      \
	"OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n" \
	"Content-Length: " len "\r\nCall-ID: c\r\n\r\n" body

/* All pieces of a stream, as one text that can be compared. */
struct pieces {
	uint8_t *buf;
	size_t len, count;
	int err;
	const char *why;
};

static void note(struct pieces *all, char kind, const uint8_t *data, size_t len)
{
	all->buf = realloc(all->buf, all->len + len + 2);
	if (!all->buf)
		abort();
	all->buf[all->len++] = (uint8_t)kind;
	if (len)
		memcpy(all->buf + all->len, data, len);
	all->len += len;
	all->buf[all->len++] = '|';
	all->count++;
}

static void drain(struct smsg_frame *frame, struct pieces *all)
{
	static const char kindv[] = "MC.";
	struct smsg_piece piece;
	int err;

	while (!(err = smsg_frame_next(frame, &piece)))
		note(all,
		     piece.kind == SMSG_PIECE_PING ? 'P' : kindv[piece.kind],
		     piece.data, piece.len);
	if (err == EBADMSG) {
		all->err = err;
		all->why = piece.why;
	}
}

static void feed(struct smsg_frame *frame, struct pieces *all,
		 const uint8_t *data, size_t len)
{
	if (all->err)
		return;
	CHECK_INT(smsg_frame_put(frame, data, len), 0);
	drain(frame, all);
}

/* The stream in two parts, cut at `cut`; in single bytes when that is 0. */
static struct pieces cut_at(const uint8_t *data, size_t len, size_t cut)
{
	struct smsg_frame *frame = NULL;
	struct pieces all = {0};

	if (!CHECK_INT(smsg_frame_alloc(&frame, 0), 0))
		return all;
	if (cut) {
		feed(frame, &all, data, cut);
		feed(frame, &all, data + cut, len - cut);
	} else {
		for (size_t i = 0; i < len; i++)
			feed(frame, &all, data + i, 1);
	}
	mem_deref(frame);
	return all;
}

static void same_however_cut(const void *data, size_t len, const char *name)
{
	struct pieces whole = cut_at(data, len, len);

	for (size_t cut = 0; cut < len; cut++) {
		struct pieces p = cut_at(data, len, cut);

		if (!CHECK(p.len == whole.len && p.err == whole.err &&
			   (!p.len || !memcmp(p.buf, whole.buf, p.len))) ||
		    !CHECK_STR(p.why, whole.why))
			re_printf("# %s cut at %zu\n", name, cut);
		free(p.buf);
	}
	free(whole.buf);
}

static void messages_and_line_breaks_in_a_row(void)
{
	static const char s[] = MSG("3", "abc")
		MSG("0", "") "\r\n\r\n" MSG("1",
					    "x") "\r\n" MSG("0",
							    "") "\r\n\r\n\r\n";
	struct pieces all = cut_at((const uint8_t *)s, strlen(s), strlen(s));

	note(&all, 0, NULL, 0);
	CHECK_STR((char *)all.buf,
		  "M" MSG("3", "abc") "|M" MSG("0", "") "|C\r\n|P\r\n|M" MSG(
			  "1", "x") "|C\r\n|M" MSG("0",
						   "") "|C\r\n|P\r\n|C\r\n|");
	free(all.buf);
	same_however_cut(s, strlen(s), "row");
}

static const char *const torturev[] = {
	"rfc4475/wsinv",
	"rfc4475/intmeth",
	"rfc4475/esc01",
	"rfc4475/escnull",
	"rfc4475/esc02",
	"rfc4475/lwsdisp",
	"rfc4475/longreq",
	"rfc4475/dblreq",
	"rfc4475/semiuri",
	"rfc4475/transports",
	"rfc4475/mpart01",
	"rfc4475/unreason",
	"rfc4475/noreason",
	"rfc4475/badinv01",
	"rfc4475/clerr",
	"rfc4475/ncl",
	"rfc4475/scalar02",
	"rfc4475/scalarlg",
	"rfc4475/quotbal",
	"rfc4475/ltgtruri",
	"rfc4475/lwsruri",
	"rfc4475/lwsstart",
	"rfc4475/trws",
	"rfc4475/escruri",
	"rfc4475/baddate",
	"rfc4475/regbadct",
	"rfc4475/badaspec",
	"rfc4475/baddn",
	"rfc4475/badvers",
	"rfc4475/mismatch01",
	"rfc4475/mismatch02",
	"rfc4475/bigcode",
	"rfc4475/badbranch",
	"rfc4475/insuf",
	"rfc4475/unkscm",
	"rfc4475/novelsc",
	"rfc4475/unksm2",
	"rfc4475/bext01",
	"rfc4475/invut",
	"rfc4475/regaut01",
	"rfc4475/multi01",
	"rfc4475/mcl01",
	"rfc4475/bcast",
	"rfc4475/zeromf",
	"rfc4475/cparam01",
	"rfc4475/cparam02",
	"rfc4475/regescrt",
	"rfc4475/sdp01",
	"rfc4475/inv2543",
	"rfc5118/ipv6-good",
	"rfc5118/ipv6-bad",
	"rfc5118/port-ambiguous",
	"rfc5118/port-unambiguous",
	"rfc5118/via-received-param-with-delim",
	"rfc5118/via-received-param-no-delim",
	"rfc5118/ipv6-in-sdp",
	"rfc5118/mult-ip-in-header",
	"rfc5118/mult-ip-in-sdp",
	"rfc5118/ipv4-mapped-ipv6",
	"rfc5118/ipv6-bug-abnf-3-colons",
	"rfc5118/ipv6-correct-abnf-2-colons",
};

static void torture_messages_are_the_same_however_cut(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(torturev); i++) {
		char path[128];
		uint8_t *data;
		size_t len = 0;

		re_snprintf(path, sizeof(path), "tests/data/%s.dat",
			    torturev[i]);
		data = test_read_file(path, &len);
		if (CHECK(data != NULL))
			same_however_cut(data, len, torturev[i]);
		mem_deref(data);
	}
	CHECK_INT(ARRAY_SIZE(torturev), 61);
}

static void recorded_streams(void)
{
	static const char *const filev[] = {
		"sip-flows/stream/lioneagle-sipparser.txt",
		"sip-flows/stream/generic.txt",
	};

	for (size_t i = 0; i < ARRAY_SIZE(filev); i++) {
		const char *path = test_suite_path(filev[i]);
		struct pieces whole, bytes;
		uint8_t *data;
		size_t len = 0, at = 0;

		if (!path) {
			test_skip("no suites/sip-flows");
			return;
		}
		data = test_read_file(path, &len);
		REQUIRE(data != NULL);
		/* messages without Content-Length end a stream: go on with
		 * the next message, found by its empty line */
		while (at < len) {
			uint8_t *e = memmem(data + at, len - at, "\r\n\r\n", 4);
			size_t n = e ? (size_t)(e - data) + 4 - at : len - at;

			whole = cut_at(data + at, n, n);
			bytes = cut_at(data + at, n, 0);
			CHECK(whole.len == bytes.len && whole.err == bytes.err);
			CHECK(!whole.len ||
			      !memcmp(whole.buf, bytes.buf, whole.len));
			free(whole.buf);
			free(bytes.buf);
			at += n;
		}
		mem_deref(data);
	}
}

/* As a person sees it: the messages that the stream holds, one by one. */
static void lengths_are_right_or_the_stream_ends(void)
{
	static const struct {
		const char *stream, *why;
		size_t count;
	} v[] = {
		{MSG("-1", ""), "Bad Content-Length", 0},
		{MSG("five", ""), "Bad Content-Length", 0},
		{MSG("", ""), "Bad Content-Length", 0},
		{MSG("1 2", ""), "Bad Content-Length", 0},
		{MSG("4294967328", ""), "Bad Content-Length", 0},
		{MSG("18446744073709551616", ""), "Bad Content-Length", 0},
		{MSG("65535", ""), "Message Too Large", 0},
		{MSG("0\r\nContent-Length: 0", ""), "Duplicate Content-Length",
		 0},
		{MSG("0\r\nl: 5", "hello"), "Duplicate Content-Length", 0},
		{MSG("0\r\nL \t: 0", ""), "Duplicate Content-Length", 0},
		{"OPTIONS sip:b@h SIP/2.0\r\nVia: x\r\n\r\n",
		 "Missing Content-Length", 0},
		{"OPTIONS sip:b@h SIP/2.0\r\nX: y\r\n Content-Length: "
		 "0\r\n\r\n",
		 "Missing Content-Length", 0},
		{"OPTIONS sip:b@h SIP/2.0\r\nX: y\nContent-Length: 0\r\n\r\n",
		 "Missing Content-Length", 0},
		{MSG("0", "") "\x16\x03\x01", "Not SIP", 1},
		{MSG("0", "") "\rX", "Not SIP", 1},
		{MSG("0", "") " ", "Not SIP", 1},
		{"OPTIONS sip:b@h SIP/2.0\r\nl\t:\r\n\t 2 \r\n \r\n\r\nab",
		 NULL, 1},
		{MSG("10", "abc"), NULL, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		const uint8_t *s = (const uint8_t *)v[i].stream;
		size_t len = strlen(v[i].stream);
		struct pieces all = cut_at(s, len, len);

		if (!CHECK_STR(all.why, v[i].why) ||
		    !CHECK_INT(all.count, v[i].count))
			re_printf("# %s\n", v[i].stream);
		free(all.buf);
		same_however_cut(s, len, v[i].stream);
	}
}

/* nf_conntrack_sip (CVE-2026-23457): a length cut to 32 bits made the rest of
 * the body a second message. */
static void a_huge_length_hides_no_second_message(void)
{
	static const char s[] =
		MSG("4294967328", "12345678901234567890123456789012")
			MSG("0", "");
	struct pieces all = cut_at((const uint8_t *)s, strlen(s), strlen(s));

	CHECK_INT(all.count, 0);
	CHECK_INT(all.err, EBADMSG);
	free(all.buf);
}

static void fault_can_be_answered(void)
{
	static const char s[] = MSG("-1", "rest");
	struct smsg_frame *frame = NULL;
	struct smsg_piece piece;
	struct smsg_err why;
	struct smsg msg;

	REQUIRE(!smsg_frame_alloc(&frame, 0));
	CHECK_INT(smsg_frame_put(frame, (const uint8_t *)s, strlen(s)), 0);
	CHECK_INT(smsg_frame_next(frame, &piece), EBADMSG);
	CHECK_INT(piece.len, strlen(s) - 4);
	CHECK_INT(smsg_decode(&msg, piece.data, piece.len, NULL, &why),
		  EBADMSG);
	CHECK_STR(why.reason, "Bad Content-Length");
	CHECK(why.answerable);
	/* and then never again */
	CHECK_INT(smsg_frame_next(frame, &piece), EBADMSG);
	CHECK_INT(smsg_frame_put(frame, (const uint8_t *)s, 1), EBADMSG);
	mem_deref(frame);
}

static void memory_is_bounded_and_goes_when_idle(void)
{
	static const char s[] = MSG("3", "abc");
	struct smsg_frame *frame = NULL;
	struct smsg_piece piece;
	char junk[512];
	int err = 0;

	REQUIRE(!smsg_frame_alloc(&frame, 300));
	CHECK_INT(smsg_frame_next(frame, &piece), EAGAIN);
	CHECK_INT(smsg_frame_put(frame, (const uint8_t *)s, 20), 0);
	CHECK_INT(smsg_frame_next(frame, &piece), EAGAIN);
	CHECK_INT(smsg_frame_held(frame), 20);
	CHECK_INT(smsg_frame_put(frame, (const uint8_t *)s + 20,
				 strlen(s) - 20),
		  0);
	CHECK_INT(smsg_frame_next(frame, &piece), 0);
	CHECK_INT(smsg_frame_next(frame, &piece), EAGAIN);
	CHECK_INT(smsg_frame_held(frame), 0);

	memset(junk, 'x', sizeof(junk));
	for (int i = 0; i < 10 && !err; i++) {
		err = smsg_frame_put(frame, (uint8_t *)junk, 100);
		if (!err && smsg_frame_next(frame, &piece) == EBADMSG)
			err = EBADMSG;
	}
	CHECK_INT(err, EBADMSG);
	CHECK_STR(piece.why, "Message Too Large");
	CHECK(smsg_frame_held(frame) <= 400);
	mem_deref(frame);
}

static void memory_runs_out_anywhere(void)
{
	static const char s[] = MSG("2000", "");
	struct smsg_frame *frame = NULL;
	struct smsg_piece piece;
	uint8_t body[2000] = {0};

	if (smsg_frame_alloc(&frame, 0))
		return;
	if (!smsg_frame_put(frame, (const uint8_t *)s, strlen(s)) &&
	    smsg_frame_next(frame, &piece) == EAGAIN &&
	    !smsg_frame_put(frame, body, sizeof(body)))
		CHECK_INT(smsg_frame_next(frame, &piece), 0);
	mem_deref(frame);
}

TEST_MAIN(TEST(messages_and_line_breaks_in_a_row),
	  TEST(torture_messages_are_the_same_however_cut),
	  TEST(recorded_streams), TEST(lengths_are_right_or_the_stream_ends),
	  TEST(a_huge_length_hides_no_second_message),
	  TEST(fault_can_be_answered),
	  TEST(memory_is_bounded_and_goes_when_idle),
	  TEST_OOM(memory_runs_out_anywhere))
