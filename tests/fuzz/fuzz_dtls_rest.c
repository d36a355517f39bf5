/*
 * fuzz_dtls_rest.c  Datagrams to a DTLS association whose handshake is over
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>

#include "mediad/transport/hs_rest.h"
#include "tests/lib/fuzz.h"

/* The first byte chooses the cipher and whether there is one. Nobody has the
 * key: no datagram ends the association, and few are answered. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t lens[] = {0, 16, 32};
	struct hs_rest rest = {.key = {1, 2, 3}, .iv = {4}};
	unsigned again = 0;

	if (!size)
		return 0;
	rest.key_len = lens[data[0] % 3];
	for (unsigned i = 0; i < 2 * HS_AGAIN_MAX; i++) {
		enum hs_news news = hs_rest_read(&rest, data + 1, size - 1);

		assert(news != HS_NEWS_CLOSED);
		again += news == HS_NEWS_AGAIN;
	}
	assert(again == 0 || again == HS_AGAIN_MAX);
	hs_rest_wipe(&rest);
	return 0;
}
