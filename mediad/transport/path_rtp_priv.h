/*
 * path_rtp_priv.h  The parts of a PBX's path
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_PATH_RTP_PRIV_H
#define MEDIAD_PATH_RTP_PRIV_H

#include "mediad/transport/hub.h"
#include "mediad/transport/path_priv.h"
#include "mediad/transport/path_rtp.h"

struct path_rtp {
	struct path base;
	const struct path_rtp_env *env;
	struct hub_pair *pair; /* NULL: not open */
	struct source_rule rule;
	struct source_lock rtp, rtcp;
	struct secure *secure;  /* NULL: plain */
	uint32_t since_changed; /* packets */
	uint32_t taken;         /* ... within the second that began then: */
	uint64_t taken_ms;
	uint64_t pts[2];
	bool agreed;
	bool mux;
	bool mute; /* nothing is sent */
};

static inline struct path_rtp *path_rtp_self(const struct path *path)
{
	return (struct path_rtp *)(uintptr_t)path;
}

int path_rtp_make(struct path_rtp **prp, const struct path_rtp_env *env,
		  const struct path_handlers *handlers, void *arg);
void path_rtp_recv(const struct hub_packet *packet, void *arg);
/* Connect the sockets as far as one peer is settled. */
void path_rtp_tie(struct path_rtp *pr);

#endif
