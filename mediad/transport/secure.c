/*
 * secure.c  SRTP of one far side, both directions
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

#include "mediad/transport/secure.h"

/* A key of theirs. */
struct lock {
	struct crypt *rx; /* NULL: none */
	enum crypt_suite suite;
	uint8_t mki[SECURE_MKI_MAX];
	uint8_t mki_len;
	struct replay_state replay;
};

/* One that is to be forgotten soon. */
struct former {
	struct lock lock;
	uint64_t until_ms;
};

struct secure {
	const struct crypt_impl *impl;
	struct secure_keys keys;
	struct crypt *tx;
	struct lock now;
	struct former *was; /* NULL: none */
};

static void former_destructor(void *arg)
{
	struct former *was = arg;

	mem_deref(was->lock.rx);
}

static void destructor(void *arg)
{
	struct secure *s = arg;

	mem_deref(s->was);
	mem_deref(s->now.rx);
	mem_deref(s->tx);
	OPENSSL_cleanse(&s->keys, sizeof(s->keys));
}

/* --- keys --------------------------------------------------------------------- */

static int crypt_make(struct crypt **cp, const struct secure *s,
		      enum crypt_suite suite, const uint8_t *secret)
{
	return crypt_alloc(cp, s->impl, suite, secret,
			   secret + crypt_key_len(suite));
}

static int lock_make(struct lock *lock, const struct secure *s,
		     const struct secure_keys *keys)
{
	memset(lock, 0, sizeof(*lock));
	lock->suite = keys->suite;
	lock->mki_len = keys->mki_len;
	for (unsigned i = 0; i < keys->mki_len && i < sizeof(keys->mki); i++)
		lock->mki[keys->mki_len - 1 - i] =
			(uint8_t)(keys->mki >> 8 * i);
	return crypt_make(&lock->rx, s, keys->suite, keys->rx);
}

static bool are_sound(const struct secure_keys *keys)
{
	return crypt_key_len(keys->suite) && keys->mki_len <= SECURE_MKI_MAX &&
	       !(keys->base & 0xffff);
}

int secure_alloc(struct secure **sp, const struct crypt_impl *impl,
		 const struct secure_keys *keys)
{
	struct secure *s;
	int err;

	if (!are_sound(keys))
		return EINVAL;
	s = mem_zalloc(sizeof(*s), destructor);
	if (!s)
		return ENOMEM;

	s->impl = impl ? impl : &crypt_openssl;
	s->keys = *keys;
	err = lock_make(&s->now, s, keys);
	if (!err)
		err = crypt_make(&s->tx, s, keys->suite, keys->tx);
	if (err)
		mem_deref(s);
	else
		*sp = s;
	return err;
}

static bool same_rx(const struct secure_keys *a, const struct secure_keys *b)
{
	return a->suite == b->suite && a->mki == b->mki &&
	       a->mki_len == b->mki_len &&
	       !CRYPTO_memcmp(a->rx, b->rx, sizeof(a->rx));
}

static bool same_tx(const struct secure_keys *a, const struct secure_keys *b)
{
	return a->suite == b->suite && a->base == b->base &&
	       !CRYPTO_memcmp(a->tx, b->tx, sizeof(a->tx));
}

static int rx_change(struct secure *s, const struct secure_keys *keys,
		     uint64_t now_ms)
{
	struct former *was = mem_zalloc(sizeof(*was), former_destructor);
	struct lock next;
	int err;

	if (!was)
		return ENOMEM;
	err = lock_make(&next, s, keys);
	if (err) {
		mem_deref(was);
		return err;
	}
	was->lock = s->now;
	was->until_ms = now_ms + SECURE_WAS_MS;
	mem_deref(s->was);
	s->was = was;
	s->now = next;
	return 0;
}

int secure_change(struct secure *s, const struct secure_keys *keys,
		  uint64_t now_ms)
{
	struct crypt *tx = NULL;
	int err = are_sound(keys) ? 0 : EINVAL;

	if (!err && !same_tx(&s->keys, keys))
		err = crypt_make(&tx, s, keys->suite, keys->tx);
	if (!err && !same_rx(&s->keys, keys))
		err = rx_change(s, keys, now_ms);
	if (err) {
		mem_deref(tx);
		return err;
	}
	if (tx) {
		mem_deref(s->tx);
		s->tx = tx;
	}
	s->keys = *keys;
	return 0;
}

/* --- packets in ----------------------------------------------------------------- */

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* The MKI stands before the tag (RFC 3711, 3.1), which is part of GCM's
 * ciphertext: there it ends the packet (RFC 7714, 8.2, 9.3). It is not
 * authentic, and only tells which key is meant. */
static int mki_take(const struct lock *lock, struct path_packet *packet,
		    bool rtcp)
{
	const size_t tag = crypt_rtcp_end(lock->suite)
				   ? (rtcp ? crypt_rtcp_end(lock->suite)
					   : crypt_tag_len(lock->suite))
				   : 0;
	uint8_t *mki;

	if (packet->len < tag + lock->mki_len)
		return EBADMSG;
	mki = packet->pkt + packet->len - tag - lock->mki_len;
	if (memcmp(mki, lock->mki, lock->mki_len))
		return EBADE;
	memmove(mki, mki + lock->mki_len, tag);
	packet->len -= lock->mki_len;
	return 0;
}

static int open_rtp(struct lock *lock, struct path_packet *packet, bool *is_new)
{
	const uint32_t ssrc = get32(packet->pkt + 8);
	const uint16_t seq = (uint16_t)get32(packet->pkt);
	int err = replay_rtp_check(&lock->replay, ssrc, seq, &packet->index);

	if (!err)
		err = crypt_rtp_unprotect(lock->rx, packet->pkt, &packet->len,
					  packet->index);
	if (!err)
		*is_new = replay_rtp_accept(&lock->replay, ssrc, packet->index);
	return err;
}

static int open_rtcp(struct lock *lock, struct path_packet *packet,
		     bool *is_new)
{
	const uint32_t ssrc = get32(packet->pkt + 4);
	uint32_t index = 0;
	int err = crypt_rtcp_unprotect(lock->rx, packet->pkt, &packet->len,
				       &index);

	if (!err)
		err = replay_rtcp_check(&lock->replay, ssrc, index);
	if (!err)
		*is_new = replay_rtcp_accept(&lock->replay, ssrc, index);
	packet->index = index;
	return err;
}

static int open_by(struct lock *lock, struct path_packet *packet, bool rtcp,
		   bool *is_new)
{
	int err = 0;

	if (packet->len < 12)
		return EBADMSG;
	if (lock->mki_len)
		err = mki_take(lock, packet, rtcp);
	if (err)
		return err;
	return rtcp ? open_rtcp(lock, packet, is_new)
		    : open_rtp(lock, packet, is_new);
}

/* By the new key; else, from a copy, by the former one. */
static int open_by_either(struct secure *s, struct path_packet *packet,
			  bool rtcp, bool *is_new)
{
	uint8_t copy[SECURE_MTU];
	const size_t len = packet->len;
	int err;

	memcpy(copy, packet->pkt, len);
	err = open_by(&s->now, packet, rtcp, is_new);
	if (!err) {
		s->was = mem_deref(s->was);
		return 0;
	}
	memcpy(packet->pkt, copy, len);
	packet->len = len;
	return open_by(&s->was->lock, packet, rtcp, is_new);
}

int secure_open(struct secure *s, struct path_packet *packet, bool rtcp,
		bool *is_new)
{
	*is_new = false;
	if (packet->len > SECURE_MTU)
		return EMSGSIZE;
	if (s->was && packet->now_ms >= s->was->until_ms)
		s->was = mem_deref(s->was);
	return s->was ? open_by_either(s, packet, rtcp, is_new)
		      : open_by(&s->now, packet, rtcp, is_new);
}

/* --- packets out ------------------------------------------------------------------- */

int secure_close(struct secure *s, uint8_t *pkt, size_t *len, size_t cap,
		 uint64_t index)
{
	/* one of before this key wraps round and is out of range */
	return crypt_rtp_protect(s->tx, pkt, len, cap, index - s->keys.base);
}

int secure_close_rtcp(struct secure *s, uint8_t *pkt, size_t *len, size_t cap,
		      uint32_t index)
{
	return crypt_rtcp_protect(s->tx, pkt, len, cap, index);
}

enum crypt_suite secure_suite(const struct secure *s)
{
	return s->keys.suite;
}

const struct replay_state *secure_replay(const struct secure *s)
{
	return &s->now.replay;
}

void secure_replay_set(struct secure *s, const struct replay_state *replay)
{
	s->now.replay = *replay;
}
