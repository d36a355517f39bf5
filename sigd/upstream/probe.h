/*
 * probe.h  OPTIONS to one connection, again and again: is it there?
 *
 * RFC 3261 section 11. Each `probe` of the connection, with a tenth of jitter;
 * after a first failure once more within a second. One that has not answered
 * within `answer_within` has not answered. Each address of a name is asked: the
 * connection is there when one of them answers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_UPSTREAM_PROBE_H
#define SIGD_UPSTREAM_PROBE_H

#include "routing/route_conn.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/upstream/probe_state.h"

struct probe;

struct probe_handlers {
	/* A probe has ended; changed: with another phase. */
	void (*endh)(const struct probe *probe, bool changed, void *arg);
	void (*senth)(void *arg);
	/* One of several addresses is down, still; or up again. */
	void (*wayh)(const struct probe *probe, const struct sa *addr,
		     bool down, void *arg);
	void *arg;
};

/* conn outlives it or its probe_follow(). was: what a former worker knew;
 * NULL: nothing. The first goes out within first_ms. */
int probe_alloc(struct probe **probep, struct proxy *px,
		const struct route_connection *conn,
		const struct probe_state *was, uint32_t first_ms,
		const struct probe_handlers *h);
/* After a reload. At another address nothing is known of it. */
void probe_follow(struct probe *probe, const struct route_connection *conn);

const struct route_connection *probe_conn(const struct probe *probe);
const struct probe_state *probe_state(const struct probe *probe);
/* How long what a probe said counts, at most: milliseconds. */
uint32_t probe_valid_ms(const struct probe *probe);

/* Whether this one is probed: `probe` is not 0. One that registers with us is
 * asked where it is, while it is registered. */
bool probe_wanted(const struct route_connection *conn);

#endif
