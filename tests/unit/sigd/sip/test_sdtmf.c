/*
 * test_sdtmf.c  A key in the body of an INFO
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/sip/sdtmf.h"
#include "tests/unit/sigd/sip/view.h"

#define CORE                                         \
	"INFO sip:b@h.org SIP/2.0\r\n"               \
	"Via: SIP/2.0/UDP h.org;branch=z9hG4bK1\r\n" \
	"From: <sip:a@h.org>;tag=1\r\n"              \
	"To: <sip:b@h.org>;tag=2\r\n"                \
	"Call-ID: c1\r\nCSeq: 1 INFO\r\n"
#define RELAY "application/dtmf-relay"

static int read_key(struct sdtmf *key, const char *type, const char *body)
{
	char all[1024];
	struct view v;
	int err;

	re_snprintf(all, sizeof(all),
		    CORE "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
		    type, strlen(body), body);
	view_text(&v, all);
	CHECK(!v.err);
	err = sdtmf_read(key, &v.msg);
	view_close(&v);
	return err;
}

static void is_key(const char *type, const char *body, unsigned code,
		   unsigned ms)
{
	struct sdtmf key;

	CHECK_INT(read_key(&key, type, body), 0);
	CHECK_INT(key.code, code);
	CHECK_INT(key.ms, ms);
}

static void both_forms_are_read(void)
{
	is_key(RELAY, "Signal=5\r\nDuration=250\r\n", 5, 250);
	is_key(RELAY, "Signal= #\nDuration= 100", 11, 100);
	is_key("Application/DTMF-Relay;x=y", "duration=80\r\nSIGNAL=*", 10, 80);
	is_key(RELAY, "Signal=10\r\n", 10, SDTMF_MS);
	is_key(RELAY, "Signal=11\r\nDuration=0\r\n", 11, SDTMF_MS);
	is_key(RELAY, "Signal=d\r\nDuration=99999999\r\n", 15, SDTMF_MS);
	is_key("application/dtmf", "7", 7, SDTMF_MS);
	is_key("application/dtmf", " A\r\n", 12, SDTMF_MS);
}

static void what_is_no_key_is_none(void)
{
	static const char *const bad[][2] = {
		{RELAY, ""}, {RELAY, "Signal=\r\n"}, {RELAY, "Duration=160"},
		{RELAY, "Signal=16\r\n"}, {RELAY, "Signal=12\r\n"},
		{RELAY, "Signal=E\r\n"}, {RELAY, "Signal=55"},
		{"application/dtmf", "12"}, {"application/dtmf", ""},
		{"text/plain", "5"}, {"application/dtmfx", "5"},
	};
	struct sdtmf key;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!CHECK_INT(read_key(&key, bad[i][0], bad[i][1]), EBADMSG))
			re_printf("# %s: %s\n", bad[i][0], bad[i][1]);
	}
}

static void what_is_written_is_read(void)
{
	char body[SDTMF_BODY_MAX];

	for (uint8_t code = 0; code < 16; code++) {
		const struct sdtmf key = {code, 40u + code};

		const size_t len = sdtmf_write(body, &key);

		CHECK_INT(len, strlen(body));
		is_key(RELAY, body, code, 40u + code);
	}
}

TEST_MAIN(TEST(both_forms_are_read), TEST(what_is_no_key_is_none),
	  TEST(what_is_written_is_read))
