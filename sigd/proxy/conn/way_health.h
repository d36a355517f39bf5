/*
 * way_health.h  Addresses that failed this worker lately
 *
 * RFC 3263 4.3: who did not answer, could not be reached or said 503 is asked
 * after the others of its name for a while; at a 503 for as long as it wanted
 * (RFC 3261 21.5.4). It orders, it does not refuse: when all have failed they
 * are tried as before.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_WAY_HEALTH_H
#define SIGD_PROXY_CONN_WAY_HEALTH_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

struct way_health;

enum {
	WAY_FAILED_MS = 30000,
	WAY_FAILED_MAX_MS = 300000,
	WAYS_MAX = 1024, /* remembered */
};

int way_health_alloc(struct way_health **healthp);

/* health NULL: nothing is remembered. for_ms 0: WAY_FAILED_MS. */
void way_failed(struct way_health *health, const struct sa *addr,
		uint64_t now_ms, uint32_t for_ms);
/* It has answered. */
void way_answered(struct way_health *health, const struct sa *addr);
bool way_is_bad(const struct way_health *health, const struct sa *addr,
		uint64_t now_ms);

#endif
