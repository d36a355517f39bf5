/*
 * reach.h  Where media may be sent because a far side has said so
 *
 * An SDP or a candidate names any address it likes, also those of the
 * operator's own networks: a packet of ours there is somebody else's packet
 * from inside (SSRF). Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_REACH_H
#define MEDIAD_REACH_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"

enum {
	REACH_NETS_MAX = 32
};

/* Zeroed: nothing is said. */
struct reach {
	uint8_t ndeny, nallow;
	uint8_t no_types; /* bit n: candidates of this enum sdpm_cand_type */
	struct cfg_cidr deny[REACH_NETS_MAX];
	struct cfg_cidr allow[REACH_NETS_MAX]; /* whatever else is said */
};

enum reach_word {
	REACH_UNSAID,
	REACH_DENIED,
	REACH_ALLOWED,
};

/* What the lists say of an address, of an IPv6 one that has an IPv4 one inside
 * (mapped, compatible, 6to4, NAT64) also of that. reach may be NULL. */
enum reach_word reach_ask(const struct reach *reach, const struct sa *addr);

#endif
