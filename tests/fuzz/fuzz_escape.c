/*
 * fuzz_escape.c  Texts of strangers in a log line and in a JSON string
 *
 * Whatever the bytes: the line stays one line with balanced quotes, the string
 * stays one string, and both are free of control characters.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/jsonw.h"
#include "common/log.h"
#include "common/text.h"
#include "tests/lib/fuzz.h"

/* One level of quotes, closed at the end; no character that is unprintable. */
static bool sound(const char *text, size_t len)
{
	bool quoted = false;
	uint32_t code;

	for (size_t i = 0, n; i < len; i += n) {
		n = text_utf8(text + i, len - i, &code);
		if (!n || text_unprintable(code))
			return false;
		if (quoted && code == '\\')
			n++;
		else if (code == '"')
			quoted = !quoted;
	}
	return !quoted;
}

static void through_json(const char *text, size_t len)
{
	struct mbuf *mb = mbuf_alloc(64);
	struct jsonw json;

	jsonw_init(&json, mb);
	jsonw_strn(&json, NULL, text, len);
	if (mb && !jsonw_done(&json) &&
	    (!sound((char *)mb->buf, mb->end) || mb->buf[0] != '"' ||
	     mb->buf[mb->end - 1] != '"'))
		abort();
	mem_deref(mb);
}

static void through_log(const char *text, size_t len)
{
	char line[4096];
	ssize_t n;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds))
		return;
	log_fd_set(fds[1]);
	log_info(NULL, "x", "a=%.*s b=%.*s", (int)len, text, (int)len / 2,
		 text);
	log_fd_set(-1);
	n = recv(fds[0], line, sizeof(line), MSG_DONTWAIT);
	if (n < 2 || n > 2048 || line[n - 1] != '\n' ||
	    !sound(line, (size_t)n - 1))
		abort();
	close(fds[0]);
	close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4096)
		return 0;
	through_json((const char *)data, size);
	through_log((const char *)data, size);
	return 0;
}
