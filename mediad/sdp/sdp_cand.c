/*
 * sdp_cand.c  ICE candidate lines (RFC 8839 5.1), read and filtered
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/sdp/sdp_cand.h"
#include "mediad/sdp/sdp_text.h"

static bool ip4_usable(uint32_t ip)
{
	if (ip >> 24 == 0 || ip >> 24 == 127)
		return false; /* this network, loopback */
	if (ip >> 16 == 0xa9fe)
		return false; /* 169.254/16 link-local, metadata services */

	return ip < 0xe0000000; /* multicast, reserved, broadcast */
}

static uint32_t ip4_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static bool ip6_usable(const uint8_t ip[16])
{
	static const uint8_t zero[16];
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};

	if (ip[0] == 0xff || (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80))
		return false; /* multicast, link-local */
	if (ip[0] == 0x20 && ip[1] == 0x02)
		return ip4_usable(ip4_at(ip + 2)); /* 6to4 */
	if (!memcmp(ip, nat64, sizeof(nat64)))
		return ip4_usable(ip4_at(ip + 12));
	if (!memcmp(ip, zero, 10) && ip[10] == 0xff && ip[11] == 0xff)
		return ip4_usable(ip4_at(ip + 12)); /* mapped */
	if (!memcmp(ip, zero, 12))
		/* compatible, and with it :: and ::1 */
		return ip4_usable(ip4_at(ip + 12));

	return true;
}

bool sdpm_addr_usable(const struct sa *addr)
{
	if (!sa_port(addr))
		return false;

	if (sa_af(addr) == AF_INET)
		return ip4_usable(sa_in(addr));
	if (sa_af(addr) == AF_INET6) {
		uint8_t ip[16];

		sa_in6(addr, ip);
		return ip6_usable(ip);
	}
	return false;
}

static bool type_read(enum sdpm_cand_type *type, const struct pl *word)
{
	static const char *const names[] = {
		[SDPM_HOST] = "host",
		[SDPM_SRFLX] = "srflx",
		[SDPM_PRFLX] = "prflx",
		[SDPM_RELAY] = "relay",
	};

	for (int i = SDPM_HOST; i <= SDPM_RELAY; i++) {
		if (sdpm_is_nocase(word, names[i])) {
			*type = (enum sdpm_cand_type)i;
			return true;
		}
	}
	return false;
}

bool sdpm_cand_read(struct sdpm_cand *cand, const struct pl *text)
{
	enum {
		FOUNDATION,
		COMPONENT,
		TRANSPORT,
		PRIORITY,
		ADDRESS,
		PORT,
		TYP,
		TYPE,
		WORDS
	};
	struct pl rest = *text, word[WORDS];
	uint32_t component, priority, port;

	for (int i = 0; i < WORDS; i++) {
		if (!sdpm_word(&word[i], &rest))
			return false;
	}

	if (!sdpm_number(&component, &word[COMPONENT], 2) || !component ||
	    !sdpm_is_nocase(&word[TRANSPORT], "udp") ||
	    !sdpm_number(&priority, &word[PRIORITY], UINT32_MAX) ||
	    !sdpm_number(&port, &word[PORT], 65535) ||
	    !sdpm_is_nocase(&word[TYP], "typ") ||
	    !type_read(&cand->type, &word[TYPE]))
		return false;

	/* a name, mDNS or not, is no error: nothing is ever looked up */
	if (sa_set(&cand->addr, &word[ADDRESS], (uint16_t)port))
		return false;
	cand->loopback = port && sa_af(&cand->addr) == AF_INET &&
			 sa_in(&cand->addr) >> 24 == 127;
	if (!cand->loopback && !sdpm_addr_usable(&cand->addr))
		return false;

	cand->foundation = word[FOUNDATION];
	cand->component = (uint8_t)component;
	cand->priority = priority;
	return true;
}
