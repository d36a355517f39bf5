/*
 * test_lite_stun.c  STUN messages: the vectors of RFC 5769, and what is wrong
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <re.h>

#include "mediad/transport/lite_stun.h"
#include "tests/lib/test.h"

/* RFC 5769, 2.1 to 2.4. */
static const char request[] =
	"000100582112a442b7e7a701bc34d686fa87dfae802200105354554e20746573"
	"7420636c69656e74002400046e0001ff80290008932ff9b151263b3600060009"
	"6576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249"
	"c1b571a280280004e57a3bcf";
static const char response4[] =
	"0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563"
	"746f7220002000080001a147e112a643000800142b91f599fd9e90c38c7489f9"
	"2af9ba53f06be7d780280004c07d4c96";
static const char response6[] =
	"010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563"
	"746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014"
	"a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";
static const char long_term[] =
	"000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383"
	"aae38383e382afe382b900000015001c662f2f3439396b39353464364f4c3334"
	"6f4c394653547679363473410014000b6578616d706c652e6f72670000080014"
	"f67024656dd64a3e02b8e0712e85c9a28ca89666";
static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt";

static size_t hex(uint8_t *out, const char *text)
{
	size_t n = strlen(text) / 2;

	str_hex(out, n, text);
	return n;
}

static void the_request_of_rfc5769_is_read(void)
{
	struct pl local, remote;
	struct lite_stun st;
	uint8_t msg[256];
	size_t len = hex(msg, request);

	REQUIRE(!lite_stun_read(&st, msg, len));
	CHECK_INT(st.type, LITE_STUN_REQUEST);
	CHECK(st.fingerprint && st.controlled && !st.controlling);
	CHECK(!st.use_candidate);
	CHECK_INT(st.priority, 0x6e0001ff);
	CHECK_INT(st.nunknown, 0);
	REQUIRE(!lite_stun_user(&st, &local, &remote));
	CHECK(!pl_strcmp(&local, "evtj"));
	CHECK(!pl_strcmp(&remote, "h6vY"));
	CHECK(lite_stun_authentic(&st, msg, password));
	CHECK(!lite_stun_authentic(&st, msg, "VOkJxbRl1RmTxUk/WvJxBT"));
}

static void the_responses_of_rfc5769_are_read(void)
{
	const char *texts[] = {response4, response6};
	struct sa want[2];

	sa_set_str(&want[0], "192.0.2.1", 32853);
	sa_set_str(&want[1], "2001:db8:1234:5678:11:2233:4455:6677", 32853);
	for (unsigned i = 0; i < 2; i++) {
		struct lite_stun st;
		uint8_t msg[256];
		size_t len = hex(msg, texts[i]);

		REQUIRE(!lite_stun_read(&st, msg, len));
		CHECK_INT(st.type, LITE_STUN_SUCCESS);
		CHECK(sa_cmp(&st.mapped, &want[i], SA_ALL));
		CHECK(lite_stun_authentic(&st, msg, password));
	}
}

static void the_long_term_request_is_read(void)
{
	struct lite_stun st;
	uint8_t msg[256];
	size_t len = hex(msg, long_term);

	REQUIRE(!lite_stun_read(&st, msg, len));
	CHECK(!st.fingerprint);
	CHECK(st.username.l == 18 && st.mi);
	CHECK_INT(st.nunknown, 0);
}

static void every_flipped_bit_is_noticed(void)
{
	uint8_t msg[256];
	size_t len = hex(msg, request);

	for (size_t bit = 0; bit < len * 8; bit++) {
		struct lite_stun st;

		msg[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* a FINGERPRINT that is none any more is no proof */
		if (lite_stun_read(&st, msg, len) != EBADMSG) {
			CHECK(!st.fingerprint);
		}
		msg[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void every_cut_is_noticed(void)
{
	uint8_t msg[256];
	size_t len = hex(msg, request);
	struct lite_stun st;

	for (size_t n = 0; n < len; n++) {
		uint8_t *copy = malloc(n ? n : 1); /* ASan sees its end */

		memcpy(copy, msg, n);
		CHECK_INT(lite_stun_read(&st, copy, n), EBADMSG);
		if (n >= 20) { /* also when the header knows of it */
			copy[2] = (uint8_t)((n - 20) >> 8);
			copy[3] = (uint8_t)(n - 20);
			(void)!lite_stun_read(&st, copy, n);
		}
		free(copy);
	}
}

/* --- messages of our own ------------------------------------------------------ */

static const uint8_t tid[LITE_STUN_TID] = "transaction";

static int read_with(uint16_t type, const void *value, size_t len,
		     struct lite_stun *st)
{
	static uint8_t msg[1500];
	struct lite_stun_out out = {.msg = msg, .cap = sizeof(msg)};

	lite_stun_begin(&out, LITE_STUN_REQUEST, tid);
	lite_stun_attr(&out, type, value, len);
	return lite_stun_read(st, msg, lite_stun_end(&out, NULL));
}

static void attributes_of_wrong_length_are_refused(void)
{
	static const uint8_t zeros[600];
	struct lite_stun st;

	CHECK_INT(read_with(0x0024, zeros, 3, &st), EBADMSG); /* PRIORITY */
	CHECK_INT(read_with(0x0024, zeros, 4, &st), 0);
	CHECK_INT(read_with(0x0025, zeros, 1, &st), EBADMSG);
	CHECK_INT(read_with(0x0025, zeros, 0, &st), 0);
	CHECK_INT(read_with(0x8029, zeros, 4, &st), EBADMSG);
	CHECK_INT(read_with(0x802a, zeros, 9, &st), EBADMSG);
	CHECK_INT(read_with(0x0008, zeros, 19, &st), EBADMSG);
	CHECK_INT(read_with(0x0008, zeros, 32, &st), EBADMSG);
	CHECK_INT(read_with(0x0006, zeros, 0, &st), EBADMSG);
	CHECK_INT(read_with(0x0006, zeros, 513, &st), 0);
	CHECK_INT(read_with(0x0006, zeros, 514, &st), EBADMSG);
	CHECK_INT(read_with(0x0020, zeros, 4, &st), EBADMSG);
	CHECK_INT(read_with(0x0009, zeros, 3, &st),
		  EBADMSG); /* CVE-2021-37706 */
	CHECK_INT(read_with(0x0009, zeros, 4, &st), EBADMSG); /* class 0 */
}

static void unknown_attributes_are_noted_when_they_must(void)
{
	struct lite_stun st;

	CHECK_INT(read_with(0x7fff, "x", 1, &st), 0);
	CHECK_INT(st.nunknown, 1);
	CHECK_INT(st.unknown[0], 0x7fff);
	CHECK_INT(read_with(0x8000, "x", 1, &st), 0);
	CHECK_INT(st.nunknown, 0);
	CHECK_INT(read_with(0xc057, "x", 1, &st), 0); /* Chromium's own */
	CHECK_INT(st.nunknown, 0);
}

static void what_follows_the_integrity_does_not_count(void)
{
	uint8_t msg[256], mi[20] = {0};
	struct lite_stun_out out = {.msg = msg, .cap = sizeof(msg)};
	struct lite_stun st;

	lite_stun_begin(&out, LITE_STUN_REQUEST, tid);
	lite_stun_attr(&out, 0x0008, mi, sizeof(mi));
	lite_stun_attr(&out, 0x0025, NULL, 0);
	lite_stun_attr(&out, 0x0006, "a:b", 3);
	REQUIRE(!lite_stun_read(&st, msg, lite_stun_end(&out, NULL)));
	CHECK(!st.use_candidate && !st.username.p);
}

static void too_many_attributes_are_refused(void)
{
	uint8_t msg[1500];
	struct lite_stun_out out = {.msg = msg, .cap = sizeof(msg)};
	struct lite_stun st;

	lite_stun_begin(&out, LITE_STUN_REQUEST, tid);
	for (unsigned i = 0; i < LITE_STUN_ATTRS_MAX; i++)
		lite_stun_attr(&out, 0x0014, "x", 1);
	CHECK_INT(lite_stun_read(&st, msg, lite_stun_end(&out, NULL)), EBADMSG);
}

static void what_is_written_is_read_again(void)
{
	const char *addrs[] = {"10.1.2.3", "2001:db8::7", "::ffff:10.1.2.3"};

	for (unsigned i = 0; i < 3; i++) {
		uint8_t msg[256];
		struct lite_stun_out out = {.msg = msg, .cap = sizeof(msg)};
		struct lite_stun st;
		struct sa sa, want;
		size_t len;

		sa_set_str(&sa, addrs[i], 4711);
		sa_set_str(&want, addrs[i == 2 ? 0 : i], 4711);
		lite_stun_begin(&out, LITE_STUN_SUCCESS, tid);
		lite_stun_mapped(&out, &sa);
		len = lite_stun_end(&out, "secret");
		REQUIRE(!lite_stun_read(&st, msg, len));
		CHECK(sa_cmp(&st.mapped, &want, SA_ALL));
		CHECK(lite_stun_authentic(&st, msg, "secret"));
		CHECK(st.fingerprint);
	}
}

static void a_message_that_does_not_fit_is_none(void)
{
	uint8_t msg[64];

	for (size_t cap = 0; cap < 44; cap++) {
		struct lite_stun_out out = {.msg = msg, .cap = cap};

		lite_stun_begin(&out, LITE_STUN_ERROR, tid);
		lite_stun_error(&out, 401, "Unauthenticated");
		CHECK_INT(lite_stun_end(&out, NULL), 0);
	}
}

/* libre's codec as a second opinion. */
static void libre_reads_what_we_write(void)
{
	struct stun_unknown_attr ua;
	struct stun_msg *msg = NULL;
	struct mbuf *mb = mbuf_alloc(256);
	struct lite_stun_out out;
	struct stun_attr *attr;
	struct sa sa;

	REQUIRE(mb);
	out = (struct lite_stun_out){.msg = mb->buf, .cap = mb->size};
	sa_set_str(&sa, "192.0.2.7", 99);
	lite_stun_begin(&out, LITE_STUN_ERROR, tid);
	lite_stun_mapped(&out, &sa);
	lite_stun_error(&out, 487, "Role Conflict");
	mb->end = lite_stun_end(&out, "secret");
	CHECK(!stun_msg_decode(&msg, mb, &ua));
	CHECK(!stun_msg_chk_fingerprint(msg));
	CHECK(!stun_msg_chk_mi(msg, (const uint8_t *)"secret", 6));
	attr = stun_msg_attr(msg, STUN_ATTR_ERR_CODE);
	CHECK(attr && attr->v.err_code.code == 487);
	attr = stun_msg_attr(msg, STUN_ATTR_XOR_MAPPED_ADDR);
	CHECK(attr && sa_cmp(&attr->v.sa, &sa, SA_ALL));
	mem_deref(msg);
	mem_deref(mb);
}

/* Fuzzing seeds of other projects: read without harm. */
static void seeds_of_others_do_no_harm(void)
{
	const char *dir = test_suite_path("stun/pion/go-fuzz/FuzzMessage");
	DIR *d = dir ? opendir(dir) : NULL;
	char base[512];
	struct dirent *e;

	if (!d) {
		test_skip("no shared suites");
		return;
	}
	snprintf(base, sizeof(base), "%s", dir);
	while ((e = readdir(d))) {
		struct lite_stun st;
		char path[800];
		uint8_t *data;
		size_t len;

		snprintf(path, sizeof(path), "%s/%s", base, e->d_name);
		data = e->d_name[0] == '.' ? NULL : test_read_file(path, &len);
		if (data)
			(void)!lite_stun_read(&st, data, len & ~(size_t)3);
		mem_deref(data);
	}
	closedir(d);
}

/* Messages that real browsers sent (pion's collection, CC0). */
static void messages_of_browsers_are_read(void)
{
	const char *path = test_suite_path("stun/pion/frombrowsers.csv");
	char *text, *line, *next;
	unsigned n = 0;

	if (!path) {
		test_skip("no shared suites");
		return;
	}
	text = (char *)test_read_file(path, NULL);
	REQUIRE(text);
	for (line = text; line; line = next) {
		uint8_t msg[512];
		size_t size = sizeof(msg);
		struct lite_stun st;
		char *b64 = strchr(line, ','), *end;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		end = b64 ? strchr(b64 + 1, ',') : NULL;
		if (!end || line[0] < '0' || line[0] > '9')
			continue;
		CHECK(!base64_decode(b64 + 1, (size_t)(end - b64 - 1), msg,
				     &size));
		CHECK_INT(lite_stun_read(&st, msg, size), 0);
		++n;
	}
	CHECK(n >= 10);
	mem_deref(text);
}

TEST_MAIN(TEST(the_request_of_rfc5769_is_read),
	  TEST(the_responses_of_rfc5769_are_read),
	  TEST(the_long_term_request_is_read),
	  TEST(every_flipped_bit_is_noticed), TEST(every_cut_is_noticed),
	  TEST(attributes_of_wrong_length_are_refused),
	  TEST(unknown_attributes_are_noted_when_they_must),
	  TEST(what_follows_the_integrity_does_not_count),
	  TEST(too_many_attributes_are_refused),
	  TEST(what_is_written_is_read_again),
	  TEST(a_message_that_does_not_fit_is_none),
	  TEST(libre_reads_what_we_write), TEST(seeds_of_others_do_no_harm),
	  TEST(messages_of_browsers_are_read))
