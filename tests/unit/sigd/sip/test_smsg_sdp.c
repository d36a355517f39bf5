/*
 * test_smsg_sdp.c  Which session description a message carries
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/sip/smsg_sdp.h"
#include "tests/unit/sigd/sip/view.h"

#define CORE                                         \
	"INVITE sip:b@h.org SIP/2.0\r\n"             \
	"Via: SIP/2.0/UDP h.org;branch=z9hG4bK1\r\n" \
	"From: <sip:a@h.org>;tag=1\r\n"              \
	"To: <sip:b@h.org>\r\n"                      \
	"Call-ID: c1\r\n"                            \
	"CSeq: 1 INVITE\r\nContact: <sip:a@h>\r\n"
#define MIXED "Content-Type: multipart/mixed;boundary=\"b 1\"\r\n"
#define SDP_PART "--b 1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n"

/* want NULL: none may be in it. */
static void carries_err(const char *head, const char *body, const char *want,
			int err)
{
	char all[8192];
	struct view v;
	struct pl sdp;

	re_snprintf(all, sizeof(all), CORE "%sContent-Length: %zu\r\n\r\n%s",
		    head, strlen(body), body);
	view_text(&v, all);
	REQUIRE(!v.err);
	if (!CHECK_INT(smsg_sdp(&v.msg, &sdp), err))
		re_printf("# %s\n", body);
	CHECK(want ? is(&sdp, want) : !sdp.l);
	view_close(&v);
}

static void carries(const char *head, const char *body, const char *want)
{
	carries_err(head, body, want, 0);
}

static void refuses(const char *head, const char *body)
{
	carries_err(head, body, NULL, EPROTO);
}

static void the_whole_body_is_one(void)
{
	carries("", "", NULL);
	carries("Content-Type: application/sdp\r\n", "v=0\r\n", "v=0\r\n");
	carries("c: Application/SDP; charset=utf-8\r\n", "v=0", "v=0");
	carries("Content-Type: application/sdp\r\n"
		"Content-Disposition: session;handling=required\r\n"
		"Content-Encoding: identity\r\n",
		"v=0", "v=0");
}

static void what_is_none_is_refused(void)
{
	refuses("", "v=0");
	refuses("Content-Type: text/plain\r\n", "v=0");
	refuses("Content-Type: application/sdpx\r\n", "v=0");
	refuses("Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n",
		"v=0");
	/* RFC 3959 */
	refuses("Content-Type: application/sdp\r\n"
		"Content-Disposition: early-session\r\n",
		"v=0");
}

static void it_is_found_among_parts(void)
{
	carries(MIXED, SDP_PART "--b 1--\r\n", "v=0\r\n");
	carries(MIXED,
		"preamble\r\n--b 1\r\nContent-Type: application/isup\r\n\r\n"
		"\x01\x02\r\n" SDP_PART "--b 1--",
		"v=0\r\n");
	carries(MIXED,
		"--b 1 \r\nc: x\r\ncontent-type:Application/SDP;a=b\r\n"
		"Content-Disposition: session\r\n"
		"Content-Transfer-Encoding: binary\r\n\r\nv=1\r\n" SDP_PART
		"--b 1--",
		"v=1");
	carries(MIXED,
		"--b 1\r\nContent-Type: multipart/alternative; boundary=in\r\n"
		"\r\n--in\r\nContent-Type: text/plain\r\n\r\nx\r\n"
		"--in\r\nContent-Type: application/sdp\r\n\r\nv=2\r\n--in--\r\n"
		"--b 1--",
		"v=2");
}

static void parts_without_one_are_refused(void)
{
	refuses(MIXED, "--b 1\r\nContent-Type: text/plain\r\n\r\nx\r\n--b 1--");
	refuses(MIXED, "no mark");
	refuses(MIXED, "--b 1--\r\n" SDP_PART);
	refuses(MIXED, "--b 1");
	refuses(MIXED, "--b 1\r\nContent-Type: application/sdp\r\n\r\nv=0");
	refuses("Content-Type: multipart/mixed\r\n", SDP_PART "--b 1--");
	refuses("Content-Type: multipart/mixed;boundary=\r\n",
		"--\r\n\r\nv=0\r\n----");
	refuses(MIXED,
		"--b 1\r\nContent-Type: application/sdp\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\ndj0w\r\n--b 1--");
	refuses(MIXED,
		"--b 1\r\nContent-Type: application/x\r\nContent-Disposition: "
		"signal;handling=required\r\n\r\nx\r\n" SDP_PART "--b 1--");
}

static void one_in_the_other_has_an_end(void)
{
	char body[4096] = "";
	size_t len = 0;

	for (unsigned i = 0; i < 5; i++)
		len += (size_t)re_snprintf(
			body + len, sizeof(body) - len,
			"--b %u\r\nContent-Type: "
			"multipart/mixed;boundary=\"b %u\"\r\n\r\n",
			i + 1, i + 2);
	re_snprintf(body + len, sizeof(body) - len,
		    "--b 6\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"
		    "--b 6--\r\n--b 5--\r\n--b 4--\r\n--b 3--\r\n"
		    "--b 2--\r\n--b 1--");
	refuses(MIXED, body);
}

TEST_MAIN(TEST(the_whole_body_is_one), TEST(what_is_none_is_refused),
	  TEST(it_is_found_among_parts), TEST(parts_without_one_are_refused),
	  TEST(one_in_the_other_has_an_end))
