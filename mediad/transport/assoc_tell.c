/*
 * assoc_tell.c  What the log of a call is told of its DTLS
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>
#include <openssl/ssl.h>

#include "mediad/transport/assoc_priv.h"

enum {
	PRINT_SHOWN = 8, /* bytes of a fingerprint */
	PRINT_TEXT = 40,
	DTLS_ALERT = 21,
	DTLS_HDR = 13,
};

static void tell(const struct assoc *assoc, const struct path_note *note)
{
	if (assoc->h->note)
		assoc->h->note(note, assoc->arg);
}

void assoc_tell_shaken(const struct assoc *assoc, enum crypt_suite suite)
{
	const struct path_note note = {
		.event = PATH_EV_SHAKEN,
		.text = hs_version(assoc->hs),
		.more = hs_cipher(assoc->hs),
		.suite = suite,
	};

	tell(assoc, &note);
}

void assoc_tell_hello(const struct assoc *assoc, const char *what)
{
	const struct path_note note = {.event = PATH_EV_HELLO,
				       .text = what,
				       .n = assoc->tries + 1u};

	tell(assoc, &note);
}

void assoc_tell_broken(const struct assoc *assoc)
{
	const struct path_note note = {
		.event = PATH_EV_BROKEN,
		.text = assoc->what,
		.n = assoc->tries + 1u,
	};

	tell(assoc, &note);
}

static void print_text(char text[PRINT_TEXT], enum cert_hash hash,
		       const uint8_t *md)
{
	static const char *const names[] = {
		[CERT_SHA1] = "sha-1",
		[CERT_SHA256] = "sha-256",
		[CERT_SHA384] = "sha-384",
		[CERT_SHA512] = "sha-512",
	};

	(void)re_snprintf(text, PRINT_TEXT, "%s:%w", names[hash], md,
			  (size_t)PRINT_SHOWN);
}

/* False: it is the one announced, and something else is wrong with it. */
static bool tell_print(const struct assoc *assoc, bool other)
{
	char announced[PRINT_TEXT], shown[PRINT_TEXT];
	const struct path_note note = {
		.event = PATH_EV_PRINT,
		.text = announced,
		.more = shown,
		.other = other,
	};
	uint8_t md[32];

	if (!assoc->hs || !assoc->nfps || hs_peer_md(assoc->hs, md))
		return false;
	for (size_t i = 0; i < assoc->nfps; i++)
		if (assoc->fps[i].hash == CERT_SHA256 &&
		    !memcmp(assoc->fps[i].md, md, sizeof(md)))
			return false;
	print_text(announced, assoc->fps[0].hash, assoc->fps[0].md);
	print_text(shown, CERT_SHA256, md);
	tell(assoc, &note);
	return true;
}

void assoc_tell_lost(const struct assoc *assoc, enum path_why why, bool other)
{
	struct path_note note = {
		.event = PATH_EV_FAILED,
		.text = "time-out",
		.more = assoc->what,
		.n = assoc->tries,
		.other = other,
	};

	if (why == PATH_LOST_CLOSED || why == PATH_LOST_CONSENT ||
	    (why == PATH_LOST_FINGERPRINT && tell_print(assoc, other)))
		return;
	if (why == PATH_LOST_FINGERPRINT)
		note.text = "certificate";
	else if (assoc->alert && !assoc->tries)
		note.text = "alert";
	else if (why == PATH_LOST_HANDSHAKE)
		note.text = "broken";
	if (assoc->alert)
		note.more = SSL_alert_desc_string_long(assoc->alert - 1);
	tell(assoc, &note);
}

void assoc_see_alert(struct assoc *assoc, const uint8_t *pkt, size_t len)
{
	struct path_note note = {.event = PATH_EV_ALERT};

	if (len < DTLS_HDR + 2 || pkt[0] != DTLS_ALERT || pkt[3] || pkt[4] ||
	    assoc->alert || !assoc_shakes(assoc) ||
	    pkt[DTLS_HDR + 1] == UINT8_MAX)
		return;
	note.n = pkt[DTLS_HDR + 1];
	note.text = SSL_alert_desc_string_long(pkt[DTLS_HDR + 1]);
	assoc->alert = (uint8_t)(1 + note.n);
	tell(assoc, &note);
}
