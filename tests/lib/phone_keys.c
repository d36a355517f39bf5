/*
 * phone_keys.c  SRTP of a media_phone, by keys in its SDP (RFC 4568)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "mediad/transport/crypt.h"
#include "tests/lib/phone_keys.h"

static enum crypt_suite suite_of(const struct phone_keys *keys)
{
	static const enum crypt_suite suites[] = {CRYPT_AES_CM_128_SHA1_80,
						  CRYPT_AES_CM_128_SHA1_32,
						  CRYPT_AES_256_CM_SHA1_80,
						  CRYPT_AES_256_CM_SHA1_32,
						  CRYPT_AEAD_AES_128_GCM,
						  CRYPT_AEAD_AES_256_GCM};

	for (size_t i = 0; i < 6; i++)
		if (!strcmp(keys->suite, crypt_suite_name(suites[i])))
			return suites[i];
	return CRYPT_NONE;
}

static size_t secret_len(const struct phone_keys *keys)
{
	return crypt_key_len(suite_of(keys)) + crypt_salt_len(suite_of(keys));
}

static void use(struct crypt **cp, const struct phone_keys *keys,
		const uint8_t *secret)
{
	enum crypt_suite suite = suite_of(keys);

	*cp = mem_deref(*cp);
	(void)!crypt_alloc(cp, &crypt_libsrtp, suite, secret,
			   secret + crypt_key_len(suite));
}

void phone_keys_renew(struct phone_keys *keys)
{
	rand_bytes(keys->secret, sizeof(keys->secret));
}

const char *phone_keys_line(struct phone_keys *keys)
{
	char key[100];
	size_t len = sizeof(key);

	if (!keys->suite)
		return "";
	(void)base64_encode(keys->secret, secret_len(keys), key, &len);
	snprintf(keys->text, sizeof(keys->text),
		 "a=crypto:%u %s inline:%.*s%s\r\n", keys->tag ? keys->tag : 1,
		 keys->suite, (int)len, key, keys->params ? keys->params : "");
	return keys->text;
}

int phone_keys_take(struct phone_keys *keys, const char *sdp)
{
	char want[64], text[128];
	uint8_t secret[96] = {0};
	size_t len = sizeof(secret);
	const char *line = sdp, *at = NULL;
	unsigned tag = 0;

	if (!keys->suite)
		return 0;
	snprintf(want, sizeof(want), " %s inline:", keys->suite);
	while (!at && (line = strstr(line, "a=crypto:"))) {
		line += strlen("a=crypto:");
		tag = (unsigned)atoi(line);
		line = strchr(line, ' ');
		if (line && !strncmp(line, want, strlen(want)))
			at = line + strlen(want);
	}
	if (!at || sscanf(at, "%127[^|\r\n ]", text) != 1 ||
	    base64_decode(text, strlen(text), secret, &len) ||
	    len != secret_len(keys))
		return EBADMSG;

	keys->tag = tag;
	if (keys->rx && !memcmp(secret, keys->theirs, sizeof(keys->theirs)))
		return 0;
	memcpy(keys->theirs, secret, sizeof(keys->theirs));
	keys->high = 0;
	++keys->changes;
	use(&keys->rx, keys, keys->theirs);
	return 0;
}

void phone_keys_settle(struct phone_keys *keys)
{
	static const uint8_t none[46];

	if (!keys->suite)
		return;
	if (!memcmp(keys->secret, none, sizeof(none)))
		phone_keys_renew(keys);
	if (keys->tx && !memcmp(keys->secret, keys->used, sizeof(keys->used)))
		return;
	memcpy(keys->used, keys->secret, sizeof(keys->used));
	keys->sent = keys->reports = 0;
	use(&keys->tx, keys, keys->secret);
}

void phone_keys_set(struct phone_keys *keys, const char *suite,
		    const uint8_t *ours, const uint8_t *theirs)
{
	keys->suite = suite;
	keys->sent = keys->reports = 0;
	keys->high = 0;
	++keys->changes;
	use(&keys->tx, keys, ours);
	use(&keys->rx, keys, theirs);
}

void phone_keys_close(struct phone_keys *keys)
{
	keys->tx = mem_deref(keys->tx);
	keys->rx = mem_deref(keys->rx);
}

bool phone_keys_seal(struct phone_keys *keys, bool rtcp, uint8_t *pkt,
		     size_t *len)
{
	uint16_t seq = (uint16_t)(pkt[2] << 8 | pkt[3]);

	if (!keys->suite)
		return true;
	if (!keys->tx)
		return false;
	if (rtcp)
		return !crypt_rtcp_protect(keys->tx, pkt, len, *len + 32,
					   ++keys->reports);
	/* the first under this key has ROC 0 */
	keys->sent =
		keys->sent ? keys->sent + (uint16_t)(seq - (uint16_t)keys->sent)
			   : seq;
	return !crypt_rtp_protect(keys->tx, pkt, len, *len + 32, keys->sent);
}

/* RFC 3711, appendix A. */
static uint64_t guess(const struct phone_keys *keys, uint16_t seq)
{
	int16_t step = (int16_t)(seq - (uint16_t)keys->high);

	if (!keys->high)
		return seq;
	return step < 0 && keys->high < (uint64_t)-step
		       ? seq
		       : keys->high + (uint64_t)(int64_t)step;
}

bool phone_keys_open(struct phone_keys *keys, bool rtcp, uint8_t *pkt,
		     size_t *len)
{
	uint64_t index = guess(keys, (uint16_t)(pkt[2] << 8 | pkt[3]));
	uint32_t count;
	int err = EBADE;

	if (!keys->suite)
		return true;
	if (keys->rx)
		err = rtcp ? crypt_rtcp_unprotect(keys->rx, pkt, len, &count)
			   : crypt_rtp_unprotect(keys->rx, pkt, len, index);
	if (err) {
		++keys->unreadable;
		return false;
	}
	if (!rtcp && index > keys->high)
		keys->high = index;
	return true;
}
