/*
 * dns_channel.h  Questions to DNS servers: c-ares behind the loop
 *
 * Each question is asked; resolve.h remembers answers. One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_DNS_CHANNEL_H
#define SIGD_TRANSPORT_DNS_CHANNEL_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "sigd/transport/dns_msg.h"

struct dns_channel;
struct wheel;

enum { DNS_ADDRS_MAX = 8 }; /* of one name; more are left out */

struct dns_addrs {
	size_t n;
	struct sa v[DNS_ADDRS_MAX]; /* without port */
};

struct dns_found {
	int err;      /* ENOENT: there is none; ETIMEDOUT: no server says */
	uint32_t ttl; /* seconds, an hour at most; without error */
	/* what was asked for */
	const struct dns_addrs *addrs;
	const struct dns_answer *answer;
};

/* Called once, unless the channel ends before; perhaps within the call that
 * asks. */
typedef void(dns_found_h)(const struct dns_found *found, void *arg);

/* servers: "addr[:port],..."; NULL: the system's. try_ms: for one server to
 * answer, twice. */
int dns_channel_alloc(struct dns_channel **channelp, struct wheel *wheel,
		      const char *servers, uint32_t try_ms);

/* A and AAAA, with the hosts file: those that the kernel knows a way to first,
 * of them those of IPv6 (RFC 6724). */
int dns_ask_addrs(struct dns_channel *channel, const char *host,
		  dns_found_h *h, void *arg);
int dns_ask_records(struct dns_channel *channel, const char *name,
		    enum dns_type type, dns_found_h *h, void *arg);

#endif
