/*
 * fuzz_crypto.c  An a=crypto line (RFC 4568): what is read is written alike
 *
 * Input: all that stands behind "a=crypto:".
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "mediad/sdp/sdp_sdes.h"
#include "mediad/sdp/sdp_text.h"
#include "tests/lib/fuzz.h"

#define MUST(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

static bool line_read(struct sdpm_crypto *crypto, struct pl rest)
{
	struct pl tag;

	if (!sdpm_word(&tag, &rest) ||
	    !sdpm_number(&crypto->tag, &tag, 999999999) ||
	    !sdpm_word(&crypto->suite, &rest))
		return false;
	crypto->params = rest;
	return true;
}

static void same_again(const struct sdpm_crypto_key *key, uint32_t tag)
{
	size_t len = sdpm_suite_key_len(key->suite) +
		     sdpm_suite_salt_len(key->suite);
	struct mbuf *mb = mbuf_alloc(128);
	struct sdpm_crypto_key again;
	struct sdpm_crypto crypto;
	struct pl text;

	MUST(mb && len >= 28 && len <= SDPM_SECRET_MAX);
	MUST(!sdpm_crypto_write(mb, tag, key->suite, key->secret));
	text.p = (char *)mb->buf + strlen("a=crypto:");
	text.l = mb->end - strlen("a=crypto:") - strlen("\r\n");
	MUST(line_read(&crypto, text) && sdpm_crypto_read(&again, &crypto));
	MUST(crypto.tag == tag && again.suite == key->suite &&
	     !memcmp(again.secret, key->secret, len));
	mem_deref(mb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pl text = {(const char *)data, size};
	struct sdpm_crypto crypto;
	struct sdpm_crypto_key key;

	if (!line_read(&crypto, text) || !sdpm_crypto_read(&key, &crypto))
		return 0;
	MUST(key.mki_len <= 8);
	same_again(&key, crypto.tag);
	return 0;
}
