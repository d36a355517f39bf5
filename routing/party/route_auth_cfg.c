/*
 * route_auth_cfg.c  The description of what proves who somebody is
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "routing/route_auth.h"

/* What is fetched decides who may log in. */
static bool check_url(const char *text, char *why, size_t size)
{
	static const char *const starts[] = {"https://", "http://127.0.0.1:",
					     "http://localhost:",
					     "http://[::1]:"};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		if (!strncmp(text, starts[i], strlen(starts[i])) &&
		    text[strlen(starts[i])] && !strpbrk(text, " \"<>\\@"))
			return true;
	}
	str_ncpy(why, "https://..., or http:// to this machine with a port",
		 size);
	return false;
}

/* It stands between quotes in a challenge. */
static bool check_quoted(const char *text, char *why, size_t size)
{
	if (!strpbrk(text, "\"\\"))
		return true;
	str_ncpy(why, "a text without \" and \\", size);
	return false;
}

/* clang-format off */
static const struct cfg_choice algorithms[] = {
	{"MD5", ROUTE_ALG_MD5, "What old telephones know."},
	{"SHA-256", ROUTE_ALG_SHA256, "RFC 8760."},
	{NULL, 0, NULL},
};

#define JWT(member) CFG_AT(struct route_jwt, member)
static const struct cfg_field jwt_fields[] = {
	{.type = CFG_POS, JWT(pos)},
	{"keys", CFG_STRING, JWT(keys), .min = 1, .max = 1024,
	 .help = "A file with a JWK Set, relative to this one; read at the "
		 "start and at a reload.",
	 .example = "jwks.json"},
	{"url", CFG_STRING, JWT(url), .min = 1, .max = 1024,
	 .check = check_url,
	 .help = "Instead of `keys`: where the set is fetched from. Shared "
		 "secrets (HS256) are not taken from there.",
	 .example = "https://id.example.com/.well-known/jwks.json"},
	{"issuer", CFG_STRING, JWT(issuer), .min = 1, .max = 255,
	 .flags = CFG_F_REQUIRED, .help = "`iss` must be this.",
	 .example = "https://id.example.com"},
	{"audience", CFG_STRING, JWT(audience), .min = 1, .max = 255,
	 .flags = CFG_F_REQUIRED,
	 .help = "`aud` must be this, or have it in its list.",
	 .example = "phone.example.com"},
	{"claim", CFG_STRING, JWT(claim), .min = 1, .max = 64, .def = "sub",
	 .help = "The claim with the user's name, `name@domain` or "
		 "`sip:name@domain`; or with an array of such."},
	{"server", CFG_STRING, JWT(server), .min = 1, .max = 255,
	 .check = check_quoted, .pattern = "^[^\"\\\\]*$",
	 .help = "Where clients get tokens: `authz_server` of our Bearer "
		 "challenges (RFC 8898)."},
	{"skew", CFG_DURATION, JWT(skew_ms), .max = 300000, .def = "30s",
	 .help = "By how much its clock and ours may differ: a token is good "
		 "for so long after its `exp`, and so long before its "
		 "`nbf`."},
	{"refresh", CFG_DURATION, JWT(refresh_ms), .min = 10000,
	 .max = 86400000, .def = "10m",
	 .help = "`url`: how often it is fetched; also when a token names a "
		 "key that is not known, every 30 s at most."},
	CFG_END,
};
/* clang-format on */

const struct cfg_table route_jwt_table = {
	sizeof(struct route_jwt), "tokens", jwt_fields,
	"Who shows a token (JWT) of this issuer is the user that it names: in "
	"the URL of the WebSocket (`access_token`), in its Authorization "
	"header, or in SIP as Bearer (RFC 8898). HS256, RS256, ES256 and EdDSA; "
	"each key has one of them. Users need no password then.",
	0};

const struct cfg_field route_alg_item = {
	.type = CFG_ENUM,
	.size = sizeof(enum route_alg),
	.choices = algorithms,
};

int route_jwt_check(const struct route_jwt *jwt, struct cfg_errors *errs)
{
	if (!jwt || !jwt->keys != !jwt->url)
		return 0;
	cfg_errors_add(errs, &jwt->pos, "tokens have %s, expected one of keys "
					"and url",
		       jwt->url ? "both" : "neither");
	return EINVAL;
}

uint8_t route_algs_of(const struct route_algs *given, uint8_t other)
{
	uint8_t bits = 0;

	for (uint32_t i = 0; i < given->count; i++)
		bits |= (uint8_t)given->item[i];
	return bits ? bits : other;
}
