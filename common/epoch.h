/*
 * epoch.h  The number of one incarnation of a worker
 *
 * From the counter `cb:epoch`: larger than any given before, even when Redis
 * has lost its data since, because it is never behind the time in seconds, nor
 * behind those who live.
 * Records and commands carry it; what an older epoch says is refused.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_EPOCH_H
#define COMMON_EPOCH_H

#include <stdint.h>

struct epoch;
struct redis_link;
struct wheel;

/* Called once. */
typedef void(epoch_h)(uint32_t number, void *arg);

/*
 * Asks as soon as Redis is up, and each second until it has answered. The
 * caller owns *epochp and ends it with mem_deref(), also inside the handler.
 * Kept, it tells its number to a server that comes back without it.
 */
int epoch_alloc(struct epoch **epochp, struct redis_link *link,
		struct wheel *wheel, epoch_h *epochh, void *arg);

#endif
