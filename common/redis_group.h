/*
 * redis_group.h  A member of a consumer group: each entry to one of us
 *
 * An entry is this member's until it is acknowledged. What a member left
 * behind is given again: to itself when it starts anew under its name, and to
 * any other after claim_ms. So an entry is acted upon at least once, and
 * exactly once when it is acknowledged within claim_ms.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_REDIS_GROUP_H
#define COMMON_REDIS_GROUP_H

#include <stdint.h>

#include "common/redis_stream.h"

struct redis_group;

struct redis_group_params {
	const struct redis_cfg *cfg; /* for a connection of its own; copied */
	struct redis_link *link;     /* for what need not wait; referenced */
	struct wheel *wheel;
	const char *key;
	const char *group;
	const char *consumer; /* stays the same when the process starts anew */
	uint32_t claim_ms;    /* 0: 10000 */
	redis_entry_h *entryh;
	void *arg;
};

/* The group is made when it is not there, from the oldest entry on. */
int redis_group_alloc(struct redis_group **groupp,
		      const struct redis_group_params *params);
/* Done with this entry. ENOTCONN: it will be given again. */
int redis_group_ack(struct redis_group *group, const struct pl *id);
/* The same, and nobody is to read it any more: it is taken out. */
int redis_group_forget(struct redis_group *group, const struct pl *id);

#endif
