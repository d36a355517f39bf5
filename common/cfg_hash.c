/*
 * cfg_hash.c  Whether two nodes run with the same configuration
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/cfg_hash.h"
#include "common/countof.h"
#include "common/keyring.h"

enum { TEXT_FIRST = 8192 };

/* Of each node alone, wherever it stands. */
static const char *const own[] = {
	"node",	   "bind",	"advertise",   "run_dir",     "state_dir",
	"path",	   "host",	"port",	       "certificate", "private_key",
	"ca",	   "client_ca", "web_root",    "keys",	      "routing",
	"file",	   "address",	"folder",      "rtp_ports",
	"browser_port_base",	"browser_tcp_port",
};

static bool is_own(const char *line, size_t len)
{
	size_t at = 0;

	while (at < len && (line[at] == ' ' || line[at] == '-'))
		++at;
	for (size_t i = 0; i < COUNTOF(own); i++) {
		size_t n = strlen(own[i]);

		if (len - at > n && line[at + n] == ':' &&
		    !memcmp(line + at, own[i], n))
			return true;
	}
	return false;
}

static void lines_add(struct fingerprint *print, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((nl ? nl : end) - text);

		if (!is_own(text, n))
			fingerprint_add(print, text, n);
		text += n + (nl != NULL);
	}
}

void cfg_hash(char text[FINGERPRINT_LEN + 1], const struct cfg_view *view,
	      const char *more)
{
	struct mbuf *mb = mbuf_alloc(TEXT_FIRST);
	struct fingerprint *print = NULL;

	text[0] = '\0';
	if (mb && !mbuf_printf(mb, "%H", cfg_print, view) &&
	    !fingerprint_alloc(&print)) {
		lines_add(print, (const char *)mb->buf, mb->end);
		fingerprint_add(print, more ? more : "",
				more ? strlen(more) : 0);
		fingerprint_text(print, text);
	}
	mem_deref(print);
	mem_deref(mb);
}

void cfg_hash_keys(char text[FINGERPRINT_LEN + 1], const struct keyring *ring)
{
	struct fingerprint *print = NULL;

	text[0] = '\0';
	if (fingerprint_alloc(&print))
		return;
	keyring_fingerprint(ring, print);
	fingerprint_text(print, text);
	mem_deref(print);
}
