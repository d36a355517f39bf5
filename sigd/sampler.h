/*
 * sampler.h  Ten times a second: how busy is this worker? (guard/load.h)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SAMPLER_H
#define SIGD_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

struct proxy;
struct redis_link;
struct sampler;
struct wheel;

enum { SAMPLER_SOCKS_MAX = 32 };

/* All stays the caller's, and outlives the sampler. */
struct sampler_params {
	struct proxy *proxy; /* is told */
	struct redis_link *redis;
	struct wheel *wheel;
	uint32_t transactions; /* their limit */
	const int *udp;        /* sockets; copied */
	size_t nudp;           /* the first SAMPLER_SOCKS_MAX count */
};

/* Begins at once; ends with mem_deref(). */
int sampler_alloc(struct sampler **samplerp,
		  const struct sampler_params *params);

#endif
