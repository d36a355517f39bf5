/*
 * secure.h  SRTP of one far side, both directions, by keys that are signalled
 *           (RFC 4568) or come from DTLS (RFC 5764)
 *
 * Keys may change while packets flow: what still comes under the former one
 * is heard until a first packet under the new one has come, for SECURE_WAS_MS
 * at most (RFC 4568, 7.1.4). An MKI is taken off what comes (RFC 3711, 3.1),
 * ours have none. One thread. No allocation per packet.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SECURE_H
#define MEDIAD_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/transport/crypt.h"
#include "mediad/transport/path.h"
#include "mediad/transport/replay.h"

struct secure;

enum {
	SECURE_MKI_MAX = 8,
	SECURE_WAS_MS = 5000,
	/* the longest packet under keys that is taken or made */
	SECURE_MTU = PATH_MTU + CRYPT_GROWTH + SECURE_MKI_MAX,
};

/* Key and salt, one behind the other. Zeroed: no suite, which is plain RTP. */
struct secure_keys {
	enum crypt_suite suite;
	uint32_t mki;    /* of what comes */
	uint8_t mki_len; /* 0: none */
	uint8_t rx[CRYPT_KEY_MAX + CRYPT_SALT_MAX];
	uint8_t tx[CRYPT_KEY_MAX + CRYPT_SALT_MAX];
	uint64_t base; /* index that ROC 0 under tx stands for */
};

/* The caller owns *sp. EINVAL: no suite, an MKI that is too long, or a base
 * that is no whole ROC. */
int secure_alloc(struct secure **sp, const struct crypt_impl *impl,
		 const struct secure_keys *keys);
/* Other keys, or the same again: then nothing changes. On failure the former
 * ones serve. */
int secure_change(struct secure *s, const struct secure_keys *keys,
		  uint64_t now_ms);

/*
 * Take off what secures a packet, in place; fills len and index. EBADE: not
 * authentic; EALREADY: replayed; others: malformed. *is_new: its SSRC is.
 */
int secure_open(struct secure *s, struct path_packet *packet, bool rtcp,
		bool *is_new);
/* Secure a packet with room for cap bytes. index as in path_send_rtp(). */
int secure_close(struct secure *s, uint8_t *pkt, size_t *len, size_t cap,
		 uint64_t index);
int secure_close_rtcp(struct secure *s, uint8_t *pkt, size_t *len, size_t cap,
		      uint32_t index);

enum crypt_suite secure_suite(const struct secure *s);
/* What was received under the present key; plain data for the state file. */
const struct replay_state *secure_replay(const struct secure *s);
void secure_replay_set(struct secure *s, const struct replay_state *replay);

#endif
