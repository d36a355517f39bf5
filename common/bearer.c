/*
 * bearer.c  Tokens that open the admin interface (RFC 6750)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "common/bearer.h"

enum {
	RANDOM_LEN = 32,
	DAY_S = 86400,
};

#define PREFIX "cb_" /* so that scanners for secrets find it */

int bearer_add(struct bearer_set *set, const struct bearer *bearer)
{
	if (set->n == BEARER_MAX)
		return ENOSPC;

	set->tokens[set->n++] = *bearer;
	return 0;
}

static bool hash_of(uint8_t hash[BEARER_HASH_LEN], const char *token)
{
	unsigned len = 0;

	return EVP_Digest(token, strlen(token), hash, &len, EVP_sha256(),
			  NULL) == 1 &&
	       len == BEARER_HASH_LEN;
}

const struct bearer *bearer_find(const struct bearer_set *set,
				 const char *token)
{
	const struct bearer *found = NULL;
	uint8_t hash[BEARER_HASH_LEN];

	if (!*token || strlen(token) > BEARER_LEN_MAX || !hash_of(hash, token))
		return NULL;
	for (size_t i = 0; i < set->n; i++) {
		if (!CRYPTO_memcmp(set->tokens[i].hash, hash, sizeof(hash)))
			found = &set->tokens[i];
	}
	return found;
}

/* b64token; the scheme without regard to case (RFC 9110 section 11.1) */
const char *bearer_read(const char *authorization)
{
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~+/";
	const char *token;
	size_t len;

	if (!authorization || strncasecmp(authorization, "Bearer", 6))
		return NULL;
	if (!authorization[6])
		return "";
	if (authorization[6] != ' ')
		return NULL;

	token = authorization + 6 + strspn(authorization + 6, " ");
	len = strspn(token, chars);
	len += len ? strspn(token + len, "=") : 0;
	return token[len] ? "" : token;
}

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

int bearer_hash_read(uint8_t hash[BEARER_HASH_LEN], const char *hex)
{
	if (strlen(hex) != 2 * BEARER_HASH_LEN)
		return EBADMSG;

	for (size_t i = 0; i < BEARER_HASH_LEN; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return EBADMSG;
		hash[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

uint64_t bearer_until(const char *date)
{
	struct tm tm = {0}, again;
	int end = 0;
	time_t at;

	if (strlen(date) != 10 || strspn(date, "0123456789-") != 10 ||
	    sscanf(date, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &end) != 3 ||
	    end != 10 || tm.tm_year < 1970)
		return 0;

	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	again = tm;
	at = timegm(&again);
	/* what timegm() put right was no date */
	if (again.tm_mon != tm.tm_mon || again.tm_mday != tm.tm_mday)
		return 0;
	return (uint64_t)at + DAY_S;
}

/* base64url without padding (RFC 4648 section 5) */
static void text_of(char *out, const uint8_t *data, size_t len)
{
	char *p = out;

	(void)EVP_EncodeBlock((unsigned char *)out, data, (int)len);
	for (; *p && *p != '='; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	*p = '\0';
}

int bearer_make(char token[BEARER_TOKEN_LEN + 1],
		char hex[2 * BEARER_HASH_LEN + 1])
{
	char text[4 * (RANDOM_LEN + 2) / 3 + 4];
	uint8_t data[RANDOM_LEN], hash[BEARER_HASH_LEN];

	if (RAND_bytes(data, sizeof(data)) != 1)
		return EIO;

	text_of(text, data, sizeof(data));
	memcpy(token, PREFIX, sizeof(PREFIX));
	memcpy(token + sizeof(PREFIX) - 1, text,
	       BEARER_TOKEN_LEN + 1 - (sizeof(PREFIX) - 1));
	if (!hash_of(hash, token))
		return EIO;
	for (size_t i = 0; i < sizeof(hash); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return 0;
}
