/*
 * ctl_peer_priv.h  Between client, server, heartbeats and events
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_PEER_PRIV_H
#define COMMON_CONTROL_CTL_PEER_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "common/control/ctl_peer.h"
#include "common/node.h"
#include "common/redis_stream.h"

enum {
	CTL_STREAM_LEN = 2000,     /* commands or answers kept, about */
	CTL_STREAM_TTL_MS = 60000, /* after the last one */
	CTL_REPORT_LEN = 10000,    /* events or facts kept, about */
	CTL_REPORT_TTL_MS = 86400000,
};

/* A peer of our own: zeroed memory is empty. */
struct ctl_own {
	char addr[NODE_ADDR_MAX + 1];
	uint32_t epoch;
	struct redis_link *link;
	struct keyring *ring;
	struct wheel *wheel;
};

/* EINVAL: no address or epoch. */
int ctl_own_init(struct ctl_own *own, const struct ctl_peer *peer);
void ctl_own_drop(struct ctl_own *own);
void ctl_own_keys(struct ctl_own *own, struct keyring *ring);
/* Redis' clock, 0 when it was never known. */
uint64_t ctl_own_now(const struct ctl_own *own);
/* From us, now. id is left alone. */
void ctl_own_env(const struct ctl_own *own, struct ctl_env *env, const char *to,
		 uint32_t to_epoch, uint32_t ttl_ms);
/* Decode and check what came for us (own address and epoch). */
enum ctl_refusal ctl_own_open(const struct ctl_own *own, struct ctl_msg *msg,
			      const struct redis_entry *entry);

/* "cb:{n:a1/2}:cmd" */
enum {
	CTL_KEY_MAX = 64
};
void ctl_stream_key(char key[CTL_KEY_MAX], const char *addr, const char *what);

/* Streams of many workers, by their address, the least used forgotten. */
struct ctl_outbox;
int ctl_outbox_alloc(struct ctl_outbox **boxp, const struct ctl_own *own,
		     const char *what);
/* EINVAL: addr is none. */
int ctl_outbox_send(struct ctl_outbox *box, const char *addr,
		    const struct ctl_wire *wire, redis_reply_h *replyh,
		    void *arg);

#endif
