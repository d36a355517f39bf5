/*
 * nets.h  Which of many networks an address is in: all of them, the
 *         narrowest first
 *
 * Filled, sealed, const from then on. IPv4-mapped IPv6 addresses count as
 * IPv4 (RFC 4291 section 2.5.5.2).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_WHERE_NETS_H
#define ROUTING_WHERE_NETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"

struct nets;

enum {
	NETS_NONE = UINT32_MAX
};

/* mem_deref() frees. */
int nets_alloc(struct nets **netsp);

/* id: the caller's, not NETS_NONE; the same network may have several. */
int nets_add(struct nets *nets, const struct cfg_cidr *cidr, uint32_t id);
/* Before it nothing is found, behind it nothing is added. */
void nets_seal(struct nets *nets);

/*
 * The narrowest network that the address is in, as a place in nets; then,
 * with nets_next(), the wider ones. NETS_NONE: in no more.
 */
uint32_t nets_find(const struct nets *nets, const struct sa *addr);
uint32_t nets_next(const struct nets *nets, uint32_t place);
uint32_t nets_id(const struct nets *nets, uint32_t place);

size_t nets_bytes(const struct nets *nets);

#endif
