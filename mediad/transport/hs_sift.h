/*
 * hs_sift.h  What of a datagram a DTLS handshake should see
 *
 * Before there are keys a record is whoever's forges an address. An alert in
 * clear would end the handshake, which RFC 6347, 4.1.2.7 lets a receiver
 * ignore: so it does not come to OpenSSL. Nor does the number that a record in
 * clear has: a high one would move the window that OpenSSL keeps of them (4.1.2.6),
 * and the peer's own would be taken for old. They are counted here instead. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_HS_SIFT_H
#define MEDIAD_HS_SIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copies the whole records of a datagram that are of a handshake; what does
 * not fit into cap, or has no sound header, is dropped with all behind it.
 * alert is set when one in clear was among it, else left as it is. number is
 * of the next record in clear. Gives the bytes of out.
 */
struct hs_sieve {
	uint8_t *out;
	size_t cap;
	uint64_t number;
	bool alert;
};
size_t hs_sift(struct hs_sieve *sieve, const uint8_t *pkt, size_t len);

#endif
