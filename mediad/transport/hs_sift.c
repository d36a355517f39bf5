/*
 * hs_sift.c  What of a datagram a DTLS handshake should see
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/transport/hs_sift.h"

enum {
	REC_HDR = 13, /* RFC 6347, 4.1 */
	REC_VERSION = 1,
	REC_EPOCH = 3,
	REC_SEQ = 5,
	REC_LEN = 11,
	CHANGE_CIPHER_SPEC = 20,
	ALERT = 21,
	HANDSHAKE = 22,
	CLIENT_HELLO = 1,
	HELLO_VERIFY = 3,
	DTLS = 0xfe,
	DTLS_1_2 = 0xfd,
};

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* OpenSSL steps over the header alone of a record whose version is not the
 * one that was chosen, and takes its body for further records: so none is
 * passed. The first hello of each side may have an older one (4.1, 4.2.1). */
static bool is_sound(uint8_t *rec, size_t len)
{
	const bool hello = rec[0] == HANDSHAKE && len > REC_HDR &&
			   (rec[REC_HDR] == CLIENT_HELLO ||
			    rec[REC_HDR] == HELLO_VERIFY);

	if (rec[REC_VERSION + 1] == DTLS_1_2)
		return true;
	rec[REC_VERSION + 1] = DTLS_1_2;
	return hello && !get16(rec + REC_EPOCH);
}

static void count(struct hs_sieve *sieve, uint8_t *rec)
{
	uint64_t left = sieve->number++;

	for (unsigned i = REC_LEN; i-- > REC_SEQ; left >>= 8)
		rec[i] = (uint8_t)left;
}

static bool take(struct hs_sieve *sieve, uint8_t *rec, size_t len)
{
	const bool clear = !get16(rec + REC_EPOCH);

	if (clear && rec[0] == ALERT)
		sieve->alert = true;
	if (!is_sound(rec, len))
		return false;
	if (clear && rec[0] != HANDSHAKE && rec[0] != CHANGE_CIPHER_SPEC)
		return false;
	if (clear)
		count(sieve, rec);
	return true;
}

size_t hs_sift(struct hs_sieve *sieve, const uint8_t *pkt, size_t len)
{
	size_t used = 0;

	while (len >= REC_HDR && pkt[REC_VERSION] == DTLS) {
		const size_t n = REC_HDR + get16(pkt + REC_LEN);

		if (n > len || n > sieve->cap - used)
			break;
		memcpy(sieve->out + used, pkt, n);
		if (take(sieve, sieve->out + used, n))
			used += n;
		pkt += n;
		len -= n;
	}
	return used;
}
