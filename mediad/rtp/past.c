/*
 * past.c  The latest packets of an outgoing stream, to be sent again
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/rtp/past.h"

struct slot {
	uint64_t index;
	uint64_t pos;      /* in all bytes that were ever written */
	uint64_t again_ms; /* 0: it was not sent again */
	size_t len;        /* 0: empty */
};

struct past {
	uint64_t pos; /* where to write next */
	struct slot slots[PAST_PACKETS];
	uint8_t bytes[PAST_BYTES];
};

int past_alloc(struct past **pastp)
{
	/* pages of bytes that were never written take no memory */
	struct past *past = mem_alloc(sizeof(*past), NULL);

	if (!past)
		return ENOMEM;
	past->pos = 0;
	memset(past->slots, 0, sizeof(past->slots));
	*pastp = past;
	return 0;
}

void past_add(struct past *past, uint64_t index, const uint8_t *pkt, size_t len)
{
	struct slot *slot = &past->slots[index % PAST_PACKETS];
	size_t left = PAST_BYTES - past->pos % PAST_BYTES;

	if (len > PAST_BYTES || (slot->len && index < slot->index))
		return;
	if (left < len)
		past->pos += left; /* in one piece */
	*slot = (struct slot){.index = index, .pos = past->pos, .len = len};
	memcpy(past->bytes + past->pos % PAST_BYTES, pkt, len);
	past->pos += len;
}

int past_find(struct past *past, uint64_t index, uint64_t now_ms,
	      const uint8_t **pkt, size_t *len)
{
	struct slot *slot = &past->slots[index % PAST_PACKETS];

	if (!slot->len || slot->index != index ||
	    past->pos - slot->pos > PAST_BYTES)
		return ENOENT;
	if (slot->again_ms && now_ms - slot->again_ms < PAST_AGAIN_MS)
		return EALREADY;
	slot->again_ms = now_ms;
	*pkt = past->bytes + slot->pos % PAST_BYTES;
	*len = slot->len;
	return 0;
}
