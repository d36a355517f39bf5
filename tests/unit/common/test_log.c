/*
 * test_log.c  logfmt lines: form, quoting, injection, limits
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/lib/test.h"

enum {
	HEAD_TO_LVL = 28
}; /* "ts=2026-11-20T10:00:00.123Z " */

static char got[4096];
static size_t got_len;

static int pipe_open(int fds[2])
{
	if (pipe2(fds, O_NONBLOCK))
		return errno;
	log_init("sigd/1", LOG_L_INFO);
	log_fd_set(fds[1]);
	return 0;
}

/* What was written since the last call. */
static const char *pipe_read(int fds[2])
{
	ssize_t n = read(fds[0], got, sizeof(got) - 1);

	got_len = n > 0 ? (size_t)n : 0;
	got[got_len] = '\0';
	return got;
}

static void pipe_close(int fds[2])
{
	log_fd_set(-1);
	close(fds[0]);
	close(fds[1]);
}

/* The pairs behind msg=x, without the newline. */
static const char *pairs(int fds[2])
{
	char *p = strstr((char *)pipe_read(fds), " msg=x");

	if (!p || !got_len || got[got_len - 1] != '\n')
		return "no line";
	got[got_len - 1] = '\0';
	p += strlen(" msg=x");
	return *p == ' ' ? p + 1 : p;
}

static void line_has_time_level_process_call_and_pairs(void)
{
	const char *line;
	int fds[2], year, month, day, hour, min, sec, ms, end = 0;

	REQUIRE(!pipe_open(fds));
	log_warn("0123456789abcdef", "leg lost", "leg=%u why=%s", 2u, "ice");
	line = pipe_read(fds);
	CHECK_INT(sscanf(line, "ts=%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &year,
			 &month, &day, &hour, &min, &sec, &ms, &end),
		  7);
	CHECK_INT(end, HEAD_TO_LVL);
	CHECK(year >= 2024 && month >= 1 && month <= 12 && day <= 31);
	CHECK_STR(line + end, "lvl=warn proc=sigd/1 call=0123456789abcdef "
			      "msg=\"leg lost\" leg=2 why=ice\n");
	pipe_close(fds);
}

static void levels_below_the_set_one_are_not_written(void)
{
	enum log_level level = LOG_L_INFO;
	int fds[2];

	REQUIRE(!pipe_open(fds));
	log_debug(NULL, "x", NULL);
	CHECK_STR(pipe_read(fds), "");
	CHECK(log_level_parse(&level, "debug"));
	log_level_set(level);
	log_debug(NULL, "x", NULL);
	CHECK_STR(pairs(fds), "");
	CHECK(log_level_parse(&level, "error"));
	log_level_set(level);
	log_warn(NULL, "x", NULL);
	CHECK_STR(pipe_read(fds), "");
	log_error(NULL, "x", NULL);
	CHECK_STR(pairs(fds), "");
	CHECK(!log_level_parse(&level, "verbose"));
	CHECK(!log_level_parse(&level, NULL));
	CHECK_INT(level, LOG_L_ERROR);
	pipe_close(fds);
}

static void every_conversion_takes_its_own_argument(void)
{
	const char *volatile null = NULL; /* unseen by the compiler */
	int fds[2];

	REQUIRE(!pipe_open(fds));
	log_info(NULL, "x",
		 "a=%s b=%u c=%d d=%zu e=%llu f=%lu g=%x h=%" PRIu64
		 " i=%" PRId64 " j=%.*s k=%c l=%02x m=%.1f n=%hhu o=%5.3s"
		 " p=%%",
		 "s", 4000000000u, -5, (size_t)-1, 18446744073709551615ull,
		 (unsigned long)7, 0xbeef, UINT64_MAX, INT64_MIN, 3, "abcdef",
		 'z', 10, 1.25, (unsigned char)200, "wxyz");
	CHECK_STR(pairs(fds),
		  "a=s b=4000000000 c=-5 d=18446744073709551615 "
		  "e=18446744073709551615 f=7 g=beef h=18446744073709551615 "
		  "i=-9223372036854775808 j=abc k=z l=0a m=1.2 n=200 o=wxy "
		  "p=%");
	errno = ENOENT;
	log_info(NULL, "x", "why=%m addr=%s:%u", "192.0.2.1", 5060);
	CHECK_STR(pairs(fds), "why=\"No such file or directory\" "
			      "addr=192.0.2.1:5060");
	CHECK_INT(errno, ENOENT);
	log_info(NULL, "x", "null=%s empty=%s none=%.*s last=%d", null, "", 0,
		 null, 1);
	CHECK_STR(pairs(fds), "null=- empty=\"\" none=\"\" last=1");
	pipe_close(fds);
}

static void values_are_quoted_when_needed(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"plain", "v=plain"},
		{"sip:a@b;x", "v=sip:a@b;x"},
		{"two words", "v=\"two words\""},
		{"a=b", "v=\"a=b\""},
		{"ends=", "v=\"ends=\""},
		{"say \"hi\"", "v=\"say \\\"hi\\\"\""},
		{"back\\slash", "v=\"back\\\\slash\""},
		{"J\xc3\xb6rg", "v=\"J\xc3\xb6rg\""},
		{"\xe2\x82\xac \xf0\x9f\x98\x80",
		 "v=\"\xe2\x82\xac \xf0\x9f\x98\x80\""},
	};
	int fds[2];

	REQUIRE(!pipe_open(fds));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log_info(NULL, "x", "v=%s", rows[i].in);
		CHECK_STR(pairs(fds), rows[i].out);
	}
	pipe_close(fds);
}

static void nothing_hostile_reaches_the_line(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"a\nts=2026 lvl=error msg=forged",
		 "v=\"a\\nts=2026 lvl=error msg=forged\""},
		{"a\r\n\tb", "v=\"a\\r\\n\\tb\""},
		{"\x1b[2J\x07", "v=\"\\u001b[2J\\u0007\""},
		{"\x7f", "v=\"\\u007f\""},
		{"\xc2\x9b", "v=\"\\u009b\""}, /* C1: CSI */
		{"\xe2\x80\xae"
		 "txt",
		 "v=\"\\u202etxt\""}, /* RLO */
		{"\xe2\x80\xa8", "v=\"\\u2028\""},
		{"\xef\xbb\xbf", "v=\"\\ufeff\""},
		{"\xff\xfe", "v=\"\\xff\\xfe\""},
		{"\x80", "v=\"\\x80\""},
		{"\xc0\xaf", "v=\"\\xc0\\xaf\""}, /* overlong */
		{"\xe0\x80\xaf", "v=\"\\xe0\\x80\\xaf\""},
		{"\xed\xa0\x80", "v=\"\\xed\\xa0\\x80\""}, /* surrogate */
		{"\xf4\x90\x80\x80", "v=\"\\xf4\\x90\\x80\\x80\""},
		{"\xf8\x88\x80\x80\x80", "v=\"\\xf8\\x88\\x80\\x80\\x80\""},
		{"cut \xe2\x82", "v=\"cut \\xe2\\x82\""},
		{"\" k=v \"", "v=\"\\\" k=v \\\"\""},
		{"%s%n%d", "v=%s%n%d"},
	};
	int fds[2];

	REQUIRE(!pipe_open(fds));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log_info(NULL, "x", "v=%s", rows[i].in);
		CHECK_STR(pairs(fds), rows[i].out);
	}
	log_info("id\nmsg=forged", "x", NULL);
	CHECK(strstr(pipe_read(fds), " call=\"id\\nmsg=forged\" msg=x\n"));
	log_init("a b\n", LOG_L_INFO);
	log_info(NULL, "x", NULL);
	CHECK(strstr(pipe_read(fds), " proc=\"a b\\n\" msg=x\n"));
	pipe_close(fds);
}

/* Balanced quotes, one newline at the end, printable, not too long. */
static bool well_formed(const char *line, size_t len)
{
	bool quoted = false;

	if (!len || len > 2048 || line[len - 1] != '\n')
		return false;
	for (size_t i = 0; i + 1 < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if (c < ' ' || c == 0x7f)
			return false;
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
	}
	return !quoted;
}

static void long_values_and_lines_are_cut_and_say_so(void)
{
	char big[5000];
	int fds[2];

	REQUIRE(!pipe_open(fds));
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_info(NULL, "x", "v=%s after=%d", big, 1);
	CHECK(strstr(pipe_read(fds), "aaa after=1 cut=1\n"));
	CHECK(well_formed(got, got_len) && got_len < 700);

	log_info(NULL, "x", "a=%s b=%s c=%s d=%s e=%s", big, big, big, big,
		 big);
	CHECK(strstr(pipe_read(fds), " cut=1\n"));
	CHECK(well_formed(got, got_len));
	CHECK(got_len > 2000);

	for (size_t len = 300; len < 600; len++) { /* every place of the cut */
		memset(big, '\n', len);
		big[len] = '\0';
		log_info(NULL, "x", "a=%s b=%s c=%s", big, big, big);
		pipe_read(fds);
		CHECK(well_formed(got, got_len));
	}
	pipe_close(fds);
}

static void random_bytes_leave_every_line_well_formed(void)
{
	uint32_t seed = 7;
	char bytes[80];
	int fds[2];

	REQUIRE(!pipe_open(fds));
	for (int round = 0; round < 20000; round++) {
		int len = (int)(seed >> 8) % 80;

		for (int i = 0; i < len; i++) {
			seed = seed * 1664525u + 1013904223u;
			bytes[i] = (char)(seed >> 16);
		}
		log_info(NULL, "x", "a=%.*s b=%.*s", len, bytes, len / 2,
			 bytes);
		pipe_read(fds);
		if (!test_check(well_formed(got, got_len), "well formed",
				__FILE__, __LINE__))
			break;
		seed += 13;
	}
	pipe_close(fds);
}

static void unterminated_text_is_read_within_its_precision(void)
{
	char *exact = malloc(4);
	int fds[2];

	REQUIRE(exact && !pipe_open(fds));
	memcpy(exact, "abcd", 4);
	log_info(NULL, "x", "v=%.*s", 4, exact);
	CHECK_STR(pairs(fds), "v=abcd");
	free(exact);
	pipe_close(fds);
}

static void secret_is_told_by_its_length_only(void)
{
	int fds[2];

	REQUIRE(!pipe_open(fds));
	log_info(NULL, "x", "password=%s", log_secret(12).text);
	CHECK_STR(pairs(fds), "password=\"<12 bytes>\"");
	pipe_close(fds);
}

static void full_pipe_loses_the_line_and_not_the_process(void)
{
	int fds[2];

	REQUIRE(!pipe_open(fds));
	for (int i = 0; i < 5000; i++)
		log_info(NULL, "x", "i=%d", i);
	CHECK(read(fds[0], got, sizeof(got)) > 0);
	pipe_close(fds);
}

static void on_blocked(int signo)
{
	static const char text[] = "not ok - the log blocks\n";

	(void)signo;
	(void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
	_exit(1);
}

/* stderr is seldom non-blocking: a service manager's pipe that nobody reads
 * must not stop a worker, nor the parent of all. */
static void reader_that_stands_still_stops_nobody(void)
{
	int fds[2];

	REQUIRE(!pipe_open(fds));
	CHECK(!fcntl(fds[1], F_SETFL, 0));
	signal(SIGALRM, on_blocked);
	alarm(10);
	for (int i = 0; i < 5000; i++)
		log_info(NULL, "x", "i=%d", i);
	alarm(0);
	while (read(fds[0], got, sizeof(got)) == sizeof(got))
		;
	/* and how many were lost is told as soon as somebody reads */
	log_info(NULL, "x", "i=1");
	CHECK(!strncmp(pairs(fds), "i=1 lost=", 9));
	log_info(NULL, "x", "i=2");
	CHECK_STR(pairs(fds), "i=2");
	pipe_close(fds);
}

TEST_MAIN(TEST(line_has_time_level_process_call_and_pairs),
	  TEST(levels_below_the_set_one_are_not_written),
	  TEST(every_conversion_takes_its_own_argument),
	  TEST(values_are_quoted_when_needed),
	  TEST(nothing_hostile_reaches_the_line),
	  TEST(long_values_and_lines_are_cut_and_say_so),
	  TEST(random_bytes_leave_every_line_well_formed),
	  TEST(unterminated_text_is_read_within_its_precision),
	  TEST(secret_is_told_by_its_length_only),
	  TEST(full_pipe_loses_the_line_and_not_the_process),
	  TEST(reader_that_stands_still_stops_nobody))
