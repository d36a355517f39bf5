/*
 * jitter.c  Packets in the order of their sequence numbers, as soon as can be
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/sound/jitter.h"

enum {
	MARGIN_MS = 3, /* over what was measured */
};

void jitter_anew(struct jitter *jitter, uint64_t next)
{
	jitter->next = next;
	jitter->hurry = false;
	jitter->count = 0;
	jitter->used = 0;
	memset(jitter->gaps, 0, sizeof(jitter->gaps));
}

void jitter_init(struct jitter *jitter, uint64_t next)
{
	jitter->wait_ms = JITTER_WAIT_FIRST;
	jitter->worst_ms = 0;
	jitter->gap = 0;
	jitter->stats = (struct jitter_stats){0};
	jitter_anew(jitter, next);
}

/* --- how long to wait ------------------------------------------------------------ */

/* A packet came this long after the gap it belongs to was seen. */
static void learn(struct jitter *jitter, uint64_t late_ms)
{
	uint64_t wait_ms = late_ms + MARGIN_MS;

	if (late_ms >= JITTER_WAIT_MAX)
		return;
	if (wait_ms > JITTER_WAIT_MAX)
		wait_ms = JITTER_WAIT_MAX;
	if (wait_ms > jitter->worst_ms)
		jitter->worst_ms = (uint32_t)wait_ms;
	if (wait_ms > jitter->wait_ms)
		jitter->wait_ms = (uint32_t)wait_ms;
}

/* What was waited for did not come. Others that did since then, or shortly
 * before, tell how long it pays to wait. */
static void unlearn(struct jitter *jitter)
{
	uint32_t least = jitter->worst_ms;

	if (least < JITTER_WAIT_MIN)
		least = JITTER_WAIT_MIN;
	if (jitter->wait_ms > least)
		jitter->wait_ms -= (jitter->wait_ms - least + 7) / 8;
	jitter->worst_ms = jitter->worst_ms * 3 / 4;
}

static void came_late(struct jitter *jitter, const struct jitter_pkt *pkt)
{
	jitter->stats.late++;
	for (unsigned i = 0; i < JITTER_GAPS; i++) {
		const struct jitter_gap *gap = &jitter->gaps[i];

		if (pkt->ext >= gap->from && pkt->ext < gap->to)
			learn(jitter, pkt->at_ms - gap->since_ms);
	}
}

/* When the gap before the held packets was first seen. */
static uint64_t since(const struct jitter *jitter)
{
	uint64_t ms = UINT64_MAX;

	for (unsigned i = 0; i < jitter->count; i++)
		if (jitter->held[i].at_ms < ms)
			ms = jitter->held[i].at_ms;

	return ms;
}

static void came_in_time(struct jitter *jitter, const struct jitter_pkt *pkt)
{
	jitter->stats.reordered++;
	learn(jitter, pkt->at_ms - since(jitter));
}

/* --- in and out -------------------------------------------------------------------- */

static enum jitter_verdict hold(struct jitter *jitter,
				const struct jitter_pkt *pkt)
{
	unsigned at = jitter->count;

	if (jitter->count == JITTER_PACKETS ||
	    pkt->len > JITTER_BYTES - jitter->used) {
		jitter->hurry = true;
		return JITTER_FULL;
	}
	while (at && jitter->held[at - 1].ext > pkt->ext)
		at--;
	if (at < jitter->count)
		came_in_time(jitter, pkt);
	memmove(jitter->held + at + 1, jitter->held + at,
		(jitter->count - at) * sizeof(jitter->held[0]));
	jitter->held[at] = *pkt;
	jitter->held[at].data = jitter->store + jitter->used;
	memcpy(jitter->store + jitter->used, pkt->data, pkt->len);
	jitter->used = (uint16_t)(jitter->used + pkt->len);
	jitter->count++;
	return JITTER_HELD;
}

enum jitter_verdict jitter_put(struct jitter *jitter,
			       const struct jitter_pkt *pkt)
{
	if (pkt->ext < jitter->next) {
		came_late(jitter, pkt);
		return JITTER_LATE;
	}
	if (pkt->ext > jitter->next)
		return hold(jitter, pkt);

	if (jitter->count)
		came_in_time(jitter, pkt);
	jitter->next++;
	return JITTER_NOW;
}

uint64_t jitter_due(const struct jitter *jitter)
{
	const struct jitter_pkt *first = jitter->held;

	if (!jitter->count)
		return UINT64_MAX;
	if (jitter->hurry || first->ext - jitter->next > JITTER_GAP_MAX ||
	    first->ext == jitter->next)
		return 0;
	return since(jitter) + jitter->wait_ms;
}

/* The packets before the first one held are not waited for any more. */
static void give_up(struct jitter *jitter)
{
	jitter->gaps[jitter->gap] = (struct jitter_gap){
		.from = jitter->next,
		.to = jitter->held[0].ext,
		.since_ms = since(jitter),
	};
	jitter->gap = (uint8_t)((jitter->gap + 1) % JITTER_GAPS);
	unlearn(jitter);
}

bool jitter_next(struct jitter *jitter, uint64_t now_ms, struct jitter_pkt *pkt,
		 uint64_t *lost)
{
	if (now_ms < jitter_due(jitter)) /* none held: never due */
		return false;
	if (!jitter->count)
		return false;
	if (jitter->held[0].ext != jitter->next)
		give_up(jitter);
	*lost = jitter->held[0].ext - jitter->next;
	*pkt = jitter->held[0];
	jitter->next = pkt->ext + 1;
	jitter->count--;
	memmove(jitter->held, jitter->held + 1,
		jitter->count * sizeof(jitter->held[0]));
	if (!jitter->count) {
		jitter->used = 0;
		jitter->hurry = false;
	}
	return true;
}
