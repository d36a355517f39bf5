/*
 * suri.h  SIP, SIPS and tel URIs: zero-copy parse, compare, unescape
 *
 * RFC 3261 section 19.1, RFC 3966. A URI of another scheme is kept opaque.
 * Pure: no allocation, no state; every pl points into the caller's text.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SURI_H
#define SIGD_SIP_SURI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

enum suri_scheme {
	SURI_OTHER,
	SURI_SIP,
	SURI_SIPS,
	SURI_TEL
};

/* Escapes stay as they came: compare with suri_user_equal(), copy with
 * suri_unescape(). */
struct suri {
	enum suri_scheme scheme;
	bool ipv6;      /* host stood in brackets */
	uint16_t port;  /* 0: not given */
	struct pl text; /* the whole URI */
	struct pl user; /* sip, sips: the user; tel: the number */
	struct pl password;
	struct pl host;    /* without brackets; sip and sips only */
	struct pl params;  /* "a=b;c", without the first ';' */
	struct pl headers; /* "a=b&c=d", without the '?' */
};

/* The whole of `text` must be one URI. EBADMSG when it is none. */
int suri_decode(struct suri *uri, const struct pl *text);

/*
 * Equal by RFC 3261 19.1.4 (sip and sips never equal each other); tel by
 * RFC 3966 section 4 (visual separators ignored); others byte by byte but for
 * the scheme's case.
 */
bool suri_equal(const struct suri *a, const struct suri *b);

/* Same user part, escapes taken into account, case kept. */
bool suri_user_equal(const struct pl *a, const struct pl *b);

/*
 * Value of a parameter of the URI (name without case). True when present;
 * *val (may be NULL) is unset for a parameter without a value.
 */
bool suri_param(const struct suri *uri, const char *name, struct pl *val);

/*
 * Undo %HH once. Writes at most size bytes, not 0-terminated, as the result
 * may hold any byte; *len is its length. EOVERFLOW, EBADMSG (bad escape).
 */
int suri_unescape(char *dst, size_t size, size_t *len, const struct pl *src);

/* "%H": a user part (const struct pl *) with what may not stand in a user
 * part escaped; existing % signs are escaped too. */
int suri_print_user(struct re_printf *pf, const struct pl *user);

#endif
