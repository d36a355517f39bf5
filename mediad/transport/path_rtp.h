/*
 * path_rtp.h  The path to a PBX: RTP and RTCP on ports of its own, plain, with
 *             keys from the signalling or by DTLS
 *
 * Order of events: alloc -> open, when the family is known or does not
 * matter; path_rtp_local() goes into our SDP -> path_rtp_agree() with each
 * agreement (RFC 3264) -> media. Before the first agreement nobody is heard
 * and nothing is sent. Whose packets are taken is the matter of
 * source_lock.h; the payload type is checked for a new source alone. With
 * keys nothing is looked at before it is authentic, and a source needs no
 * second packet to be believed.
 *
 * By DTLS nothing is heard or sent before the certificate was found to be that
 * of the signalling.
 *
 * Rungs: PATH_MEDIA, and by DTLS PATH_DTLS. `changed` is called when the source
 * or keys of DTLS have changed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_PATH_RTP_H
#define MEDIAD_PATH_RTP_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "mediad/transport/path.h"
#include "mediad/transport/secure.h"
#include "mediad/transport/source_lock.h"

struct assoc_remote;
struct hs_ctx;
struct hub;
struct wheel;

/* Packets of a leg in a second, and no more are taken: five times what there
 * may be (10 ms), and the end of what runs in circles, because the far side
 * of a leg of ours is another leg of ours. */
enum {
	PATH_RTP_PER_S = 500
};

/* The pointers outlive the paths. */
struct path_rtp_env {
	struct hub *hub;
	struct wheel *wheel;
	const struct crypt_impl *impl; /* NULL: crypt_openssl */
	struct hs_ctx *hs_ctx;         /* NULL: no DTLS */
	uint32_t handshake_ms;         /* 0: 10000 */
};

/* rule is copied; handlers and env must outlive the path. The caller owns
 * *pathp and ends the path with mem_deref(). */
int path_rtp_alloc(struct path **pathp, const struct path_rtp_env *env,
		   const struct source_rule *rule,
		   const struct path_handlers *handlers, void *arg);

/* Keys may come by DTLS. call: for logs, outlives the path. early: a
 * ClientHello before the first agreement is waited with for it. */
void path_rtp_expect(struct path *path, const char *call, bool early);

/* Ports are to be those of the interface of this name; empty: of any. Before
 * path_rtp_open(). ENODEV: no name. */
int path_rtp_by(struct path *path, const struct pl *name);
/* Of the same one as this path, which is open. */
void path_rtp_beside(struct path *path, const struct path *other);
/* Take ports. Again is no error when the family is the same or AF_UNSPEC.
 * EAFNOSUPPORT: no interface of the family, or it has others; ENODEV: none of
 * the name; EADDRINUSE: no port is free. */
int path_rtp_open(struct path *path, int af);
/* Our address in SDP, with the port of RTP; NULL before path_rtp_open(). */
const struct sa *path_rtp_local(const struct path *path);
/* That of path_rtp_alloc(). */
const struct source_rule *path_rtp_rule(const struct path *path);
/* May we send there at all? (see hub_pair_reaches()) */
bool path_rtp_reaches(const struct path *path, const struct sa *peer);

/* What was agreed on. */
struct path_rtp_terms {
	struct sa rtp;   /* unset: c=0.0.0.0, nothing is sent and who was */
	struct sa rtcp;  /* heard before is heard on (RFC 3264, 8.4) */
	bool mux;        /* RFC 5761 */
	uint64_t pts[2]; /* bit n: payload type n may come */
	uint32_t per_s;  /* packets that are taken; 0: PATH_RTP_PER_S */
	const struct secure_keys *keys; /* copied; NULL or no suite: plain */
	const struct assoc_remote *dtls; /* copied; they come by DTLS */
};
/* On failure (ENOMEM, EINVAL) nobody is heard and nothing is sent. */
int path_rtp_agree(struct path *path, const struct path_rtp_terms *terms)
	__attribute__((warn_unused_result));

/* Where RTP is sent to; false: nowhere. */
bool path_rtp_peer(const struct path *path, struct sa *peer);
/* While no RTP is to be sent: an empty datagram from its port, so that what is
 * between us lets the peer's in (RFC 6263, 4.1). Where RTCP comes from that
 * port it does so. */
void path_rtp_keepalive(struct path *path);
/* While its peer is silent: see (and count, and drop) what others send to its
 * port of RTP, which the system else keeps from us. Until this is called with
 * false, or something new is agreed on. */
void path_rtp_look_around(struct path *path, bool around);
/* The suite in use; CRYPT_NONE: plain, or no keys yet. */
enum crypt_suite path_rtp_suite(const struct path *path);
/* What was agreed on has its keys, or needs none. Not so while those in use are
 * of another certificate than the far SDP's. */
bool path_rtp_keyed(const struct path *path);

/* Plain data for the state file. */
struct path_rtp_addr {
	uint8_t family; /* 4, 6; 0: unset */
	uint8_t addr[16];
	uint16_t port;
};
struct path_rtp_net {
	struct path_rtp_addr addr;
	uint8_t bits;
};
struct path_rtp_state {
	struct path_rtp_addr local;
	struct path_rtp_addr said[2], from[2]; /* RTP, RTCP */
	struct path_rtp_net nets[SOURCE_NETS_MAX];
	uint8_t policy, nnets;
	uint8_t mux, mute;
	uint8_t secure; /* keys are needed, which are no part of this */
	uint8_t dtls; /* these are, no suite: still awaited: 1, or 2 with
			 others for RTCP */
	uint8_t client;
	uint8_t open; /* bit 0, 1: of RTP, of RTCP another was awaited */
	uint8_t peer_md[32]; /* SHA-256 of the peer's certificate */
	struct secure_keys keys[2];
	uint64_t pts[2];
	struct replay_state replay;
};
/* EAGAIN before the first agreement, or when DTLS has failed. */
int path_rtp_export(const struct path *path, struct path_rtp_state *state);
/* A path that serves at once, on the same ports. keys: those of the last
 * agreement, NULL: none. EBADMSG: not a sound state, or not that of these
 * keys; ENOENT, EADDRINUSE: the ports are not to be had. */
struct path_rtp_record {
	const struct path_rtp_state *state;
	const struct secure_keys *keys;
	const char *call; /* as for path_rtp_expect() */
};
int path_rtp_import(struct path **pathp, const struct path_rtp_env *env,
		    const struct path_rtp_record *record,
		    const struct path_handlers *handlers, void *arg);
/* Of a sound state: what the far side's SDP said. */
void path_rtp_said(const struct path_rtp_state *state, struct sa *rtp,
		   struct sa *rtcp);

#endif
