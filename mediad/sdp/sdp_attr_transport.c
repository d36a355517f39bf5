/*
 * sdp_attr_transport.c  Attributes of ICE and DTLS, of session or m-line
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "mediad/sdp/sdp_cand.h"
#include "mediad/sdp/sdp_read_priv.h"
#include "mediad/sdp/sdp_text.h"

static struct sdpm_transport *transport(struct sdpm_reader *r)
{
	return r->media ? &r->media->transport : &r->session.transport;
}

static int on_ufrag(struct sdpm_reader *r, const struct pl *val)
{
	if (!sdpm_ice_chars(val, 4, SDPM_UFRAG_MAX))
		return sdpm_bad(r, "ice-ufrag is not 4 to 256 ice-chars");

	return sdpm_set_once(r, &transport(r)->ufrag, val, "two ice-ufrags");
}

static int on_pwd(struct sdpm_reader *r, const struct pl *val)
{
	if (!sdpm_ice_chars(val, 22, SDPM_PWD_MAX))
		return sdpm_bad(r, "ice-pwd is not 22 to 256 ice-chars");

	return sdpm_set_once(r, &transport(r)->pwd, val, "two ice-pwds");
}

static int on_ice_options(struct sdpm_reader *r, const struct pl *val)
{
	transport(r)->ice_options = *val;
	return 0;
}

static int on_ice_lite(struct sdpm_reader *r, const struct pl *val)
{
	(void)val;

	/* RFC 8839 5.3; left out it would mean that nobody checks */
	if (r->media)
		return sdpm_bad(r, "ice-lite below an m-line");

	r->desc->ice_lite = true;
	return 0;
}

static int on_tls_id(struct sdpm_reader *r, const struct pl *val)
{
	if (!sdpm_token(val, SDPM_TLS_ID_MAX, "/"))
		return sdpm_bad(r, "tls-id is no token");

	return sdpm_set_once(r, &transport(r)->tls_id, val, "two tls-ids");
}

static int on_setup(struct sdpm_reader *r, const struct pl *val)
{
	static const char *const names[] = {
		[SDPM_ACTIVE] = "active",
		[SDPM_PASSIVE] = "passive",
		[SDPM_ACTPASS] = "actpass",
		[SDPM_HOLDCONN] = "holdconn",
	};

	for (int i = SDPM_ACTIVE; i <= SDPM_HOLDCONN; i++) {
		if (sdpm_is_nocase(val, names[i])) {
			transport(r)->setup = (enum sdpm_setup)i;
			return 0;
		}
	}
	return sdpm_bad(r, "unknown setup role");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;

	return -1;
}

/* "AB:CD:..." of exactly len bytes */
static bool hex_read(uint8_t *bytes, size_t len, const struct pl *text)
{
	if (text->l != len * 3 - 1)
		return false;

	for (size_t i = 0; i < len; i++) {
		const char *p = text->p + i * 3;
		int hi = hex_digit(p[0]), lo = hex_digit(p[1]);

		if (hi < 0 || lo < 0 || (i + 1 < len && p[2] != ':'))
			return false;
		bytes[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

static bool hash_find(struct sdpm_print *print, const struct pl *name)
{
	static const struct {
		const char *name;
		uint8_t len;
	} hashes[] = {
		[SDPM_SHA1] = {"sha-1", 20},
		[SDPM_SHA224] = {"sha-224", 28},
		[SDPM_SHA256] = {"sha-256", 32},
		[SDPM_SHA384] = {"sha-384", 48},
		[SDPM_SHA512] = {"sha-512", 64},
	};

	for (int i = SDPM_SHA1; i <= SDPM_SHA512; i++) {
		if (sdpm_is_nocase(name, hashes[i].name)) {
			print->hash = (enum sdpm_hash)i;
			print->len = hashes[i].len;
			return true;
		}
	}
	return false;
}

static int on_fingerprint(struct sdpm_reader *r, const struct pl *val)
{
	struct sdpm_transport *tp = transport(r);
	struct pl rest = *val, name, hex;
	struct sdpm_print print;

	if (!sdpm_word(&name, &rest) || !sdpm_word(&hex, &rest))
		return sdpm_bad(r, "fingerprint without hash or value");

	/* of a hash that we do not have: another one may follow */
	if (!hash_find(&print, &name))
		return 0;

	memset(print.bytes, 0, sizeof(print.bytes));
	if (!hex_read(print.bytes, print.len, &hex))
		return sdpm_bad(r, "fingerprint does not fit its hash");

	if (tp->nprints < SDPM_PRINTS_MAX)
		tp->prints[tp->nprints++] = print;
	return 0;
}

static int on_candidate(struct sdpm_reader *r, const struct pl *val)
{
	struct sdpm_media *media = r->media;

	if (media->cand_lines < UINT16_MAX)
		++media->cand_lines;
	if (media->cand_lines > SDPM_CANDS_READ ||
	    media->ncands == SDPM_CANDS_MAX)
		return 0;

	if (sdpm_cand_read(&media->cands[media->ncands], val))
		++media->ncands;
	return 0;
}

const struct sdpm_attr sdpm_attrs_transport[] = {
	{"candidate", SDPM_AT_MEDIA_ONLY, on_candidate},
	{"ice-lite", SDPM_AT_BOTH, on_ice_lite},
	{"ice-ufrag", SDPM_AT_BOTH, on_ufrag},
	{"ice-pwd", SDPM_AT_BOTH, on_pwd},
	{"ice-options", SDPM_AT_BOTH, on_ice_options},
	{"fingerprint", SDPM_AT_BOTH, on_fingerprint},
	{"setup", SDPM_AT_BOTH, on_setup},
	{"tls-id", SDPM_AT_BOTH, on_tls_id},
	{NULL, SDPM_AT_BOTH, NULL},
};
