/*
 * reach.c  Where media may be sent because a far side has said so
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/transport/reach.h"

static uint32_t ip4_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* False: there is none inside. */
static bool inner(struct sa *in, const struct sa *addr)
{
	static const uint8_t zero[12];
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	uint8_t ip[16];

	if (sa_af(addr) != AF_INET6)
		return false;
	sa_in6(addr, ip);
	if (ip[0] == 0x20 && ip[1] == 0x02)
		sa_set_in(in, ip4_at(ip + 2), sa_port(addr));
	else if (!memcmp(ip, nat64, 12) || !memcmp(ip, mapped, 12) ||
		 !memcmp(ip, zero, 12))
		sa_set_in(in, ip4_at(ip + 12), sa_port(addr));
	else
		return false;
	return true;
}

static bool has(const struct cfg_cidr *nets, uint8_t count,
		const struct sa *addr)
{
	struct sa in;
	bool is_in = false;

	for (uint8_t i = 0; i < count && !is_in; i++)
		is_in = cfg_cidr_has(&nets[i], addr) ||
			(inner(&in, addr) && cfg_cidr_has(&nets[i], &in));
	return is_in;
}

enum reach_word reach_ask(const struct reach *reach, const struct sa *addr)
{
	if (!reach)
		return REACH_UNSAID;
	if (has(reach->allow, reach->nallow, addr))
		return REACH_ALLOWED;
	return has(reach->deny, reach->ndeny, addr) ? REACH_DENIED
						    : REACH_UNSAID;
}
