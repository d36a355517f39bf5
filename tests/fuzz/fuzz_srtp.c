/*
 * fuzz_srtp.c  Unprotect with a fixed key, replay window against a model
 *
 * Input: first byte odd: steps of two bytes for the replay window. Else a
 * packet: it goes as it is, and signed by us, through both implementations and
 * suites, which have to agree in all.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "mediad/transport/crypt.h"
#include "mediad/transport/replay.h"
#include "tests/lib/fuzz.h"

enum {
	CAP = 1600,
	SEEN = 1 << 16
};

static const uint8_t key[16] = "0123456789abcdef";
static const uint8_t salt[14] = "saltsaltsalts";

struct both {
	struct crypt *a, *b;
};

static bool is_rtcp(const uint8_t *pkt, size_t len)
{
	return len > 1 && pkt[1] >= 192 && pkt[1] <= 223;
}

static uint64_t index_of(const uint8_t *pkt, size_t len)
{
	return len > 3 ? (uint64_t)pkt[2] << 8 | pkt[3] : 0;
}

static int open_one(struct crypt *c, uint8_t *pkt, size_t *len)
{
	uint32_t index;

	return is_rtcp(pkt, *len)
		       ? crypt_rtcp_unprotect(c, pkt, len, &index)
		       : crypt_rtp_unprotect(c, pkt, len, index_of(pkt, *len));
}

static int seal_one(struct crypt *c, uint8_t *pkt, size_t *len)
{
	return is_rtcp(pkt, *len) ? crypt_rtcp_protect(c, pkt, len, CAP, 7)
				  : crypt_rtp_protect(c, pkt, len, CAP,
						      index_of(pkt, *len));
}

/* The same error, or the same bytes. EPROTO is libsrtp's word for what it
 * finds wrong by itself. */
static void compare(int ea, int eb, const uint8_t *a, const uint8_t *b,
		    size_t len)
{
	assert(!ea == !eb);
	assert(ea || !memcmp(a, b, len));
}

static void packet(const struct both *both, const uint8_t *data, size_t size)
{
	uint8_t *a = malloc(CAP), *b = malloc(CAP);
	size_t la = size, lb = size;
	int ea, eb;

	memcpy(a, data, size);
	memcpy(b, data, size);
	ea = open_one(both->a, a, &la);
	eb = open_one(both->b, b, &lb);
	compare(ea, eb, a, b, la);
	assert(la == lb);

	la = lb = size;
	memcpy(a, data, size);
	memcpy(b, data, size);
	ea = seal_one(both->a, a, &la);
	eb = seal_one(both->b, b, &lb);
	compare(ea, eb, a, b, la);
	if (!ea) {
		assert(la == lb && la > size);
		assert(!open_one(both->a, a, &la) && la == size);
		assert(!memcmp(a, data, size));
		assert(!open_one(both->b, b, &lb) && lb == size);
		assert(!memcmp(b, data, size));
	}
	free(a);
	free(b);
}

static void packets(const uint8_t *data, size_t size)
{
	static const enum crypt_suite suites[] = {CRYPT_AES_CM_128_SHA1_80,
						  CRYPT_AEAD_AES_128_GCM};

	if (size > CAP - CRYPT_GROWTH - 4)
		return;
	for (unsigned i = 0; i < 2; i++) {
		struct both both = {NULL, NULL};

		if (!crypt_alloc(&both.a, &crypt_openssl, suites[i], key,
				 salt) &&
		    !crypt_alloc(&both.b, &crypt_libsrtp, suites[i], key, salt))
			packet(&both, data, size);
		mem_deref(both.a);
		mem_deref(both.b);
	}
}

/* The model: all indices ever taken, and the highest. */
static void replay(const uint8_t *data, size_t size)
{
	struct replay_state st = {0};
	uint64_t *taken = calloc(size + 1, sizeof(*taken)), high = 0, truth;
	size_t n = 0;

	for (; size >= 2; data += 2, size -= 2) {
		int16_t move = (int16_t)(data[0] << 8 | data[1]);
		bool dup = false, old;
		uint64_t index;
		int err;

		/* no jump of half the range: there is no right answer then */
		move = (int16_t)(move / 2);
		truth = move < 0 && high < (uint64_t)-move
				? 0
				: high + (uint64_t)(int64_t)move;
		if (!n && truth > 0x7fff)
			truth &= 0x7fff;
		old = n && truth < high && high - truth >= REPLAY_WINDOW;
		for (size_t i = 0; i < n && !dup; i++)
			dup = taken[i] == truth;
		err = replay_rtp_check(&st, 1, (uint16_t)truth, &index);
		assert(!n || index == truth);
		assert(err == (dup || old ? EALREADY : 0));
		if (err)
			continue;
		replay_rtp_accept(&st, 1, index);
		taken[n++] = index;
		if (index > high)
			high = index;
	}
	assert(replay_sound(&st));
	free(taken);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] & 1)
		replay(data + 1, size - 1 > 4000 ? 4000 : size - 1);
	else if (size)
		packets(data + 1, size - 1);
	return 0;
}
