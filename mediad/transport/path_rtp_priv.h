/*
 * path_rtp_priv.h  The parts of a PBX's path
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_PATH_RTP_PRIV_H
#define MEDIAD_PATH_RTP_PRIV_H

#include "common/wheel.h"
#include "mediad/transport/assoc.h"
#include "mediad/transport/hub.h"
#include "mediad/transport/path_priv.h"
#include "mediad/transport/path_rtp.h"

struct path_rtp;

/* DTLS on one of the two ports. */
struct path_guard {
	struct assoc assoc;
	struct path_rtp *pr;
	struct sa to; /* with whom; unset: nobody yet */
	uint64_t heard_ms;
	struct secure_keys keys; /* in use; no suite: there are none */
	uint8_t strangers; /* handshakes with others than the peer */
	bool rtcp;
};

/* A ClientHello that came before there was an agreement. */
struct path_hello {
	struct sa src;
	size_t len;
	uint8_t pkt[];
};

struct path_rtp {
	struct path base;
	const struct path_rtp_env *env;
	struct hub_pair *pair; /* NULL: not open */
	char iface[HUB_NAME_MAX + 1]; /* whose it has to be; empty: any */
	struct source_lock rtp, rtcp;
	/* NULL: plain, or not yet. The other one is that of RTCP with an
	 * association of its own. */
	struct secure *secure[2];
	struct path_guard *guard[2]; /* NULL: none */
	struct path_hello *hello[2];
	struct wheel_timer kept;
	const char *call;
	uint32_t since_changed; /* packets */
	uint32_t taken;         /* ... within the second that began then: */
	uint64_t taken_ms;
	uint32_t per_s;
	uint64_t pts[2];
	bool agreed;
	bool mux;
	bool mute; /* nothing is sent */
	bool dtls; /* nothing is in clear */
	bool hellos; /* early ones are kept */
	struct source_rule rule; /* the last member: nets in use */
};

static inline struct path_rtp *path_rtp_self(const struct path *path)
{
	return (struct path_rtp *)(uintptr_t)path;
}

/* With room for a rule of so many nets. */
int path_rtp_make(struct path_rtp **prp, const struct path_rtp_env *env,
		  uint8_t nnets, const struct path_handlers *handlers,
		  void *arg);
void path_rtp_recv(const struct hub_packet *packet, void *arg);
void path_rtp_tell(const struct path_rtp *pr, enum path_event event,
		   const struct hub_packet *in);
/* A source is the one now. */
void path_rtp_settle(struct path_rtp *pr, bool rtcp);
/* These keys from now on. */
int path_rtp_secure(struct path_rtp *pr, bool rtcp,
		    const struct secure_keys *keys);
/* Connect the sockets as far as one peer is settled. */
void path_rtp_tie(struct path_rtp *pr);

/* --- path_rtp_dtls.c --- */
int path_guard_make(struct path_rtp *pr, bool rtcp);
void path_guard_end(struct path_rtp *pr, bool rtcp);
int path_guard_agree(struct path_rtp *pr, const struct path_rtp_terms *terms);
bool path_guard_keyed(const struct path_rtp *pr);
/* The peer's address is known by now. */
void path_guard_begin(struct path_rtp *pr);
void path_guard_recv(struct path_rtp *pr, const struct hub_packet *in);
void path_guard_keep(struct path_rtp *pr, const struct hub_packet *in);

#endif
