/*
 * sdp_write.h  Session descriptions of ours: choice or offer to text
 *
 * Deterministic: the same input gives the same bytes. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_WRITE_H
#define MEDIAD_SDP_WRITE_H

#include "mediad/sdp/sdp_decide.h"
#include "mediad/sdp/sdp_video.h"

struct mbuf;

enum {
	SDPM_HOSTS_MAX = 8 /* of UDP, and as many of TCP */
};

/* A host candidate of ours. */
struct sdpm_host {
	struct sa addr;
	bool tcp; /* passive (RFC 6544) */
	uint32_t priority;
	uint32_t foundation;
};

struct sdpm_hosts {
	uint8_t n;
	struct sdpm_host host[2 * SDPM_HOSTS_MAX];
};

/* Appends a host candidate with the priority of RFC 8445 5.1.2.1, each lower
 * than the one before; ENOSPC when full. */
int sdpm_host_add(struct sdpm_hosts *hosts, const struct sa *addr);
/* The same of TCP, behind all of UDP (RFC 6544 4.2). */
int sdpm_host_add_tcp(struct sdpm_hosts *hosts, const struct sa *addr);

/*
 * Who we are on one leg, kept by the leg for its life. All strings are
 * of the characters that their attribute allows; none is checked here.
 */
struct sdpm_local {
	uint64_t sess_id; /* of o=; below 2^63, never changes in a session */
	uint64_t version; /* of o=, of the last description written */
	uint64_t digest;  /* of the last description written; 0: none yet */
	uint32_t ssrc;
	uint8_t nhosts;                /* 1.. */
	const struct sdpm_host *hosts; /* the first one, of UDP, stands in m=
					  and c=; borrowed */
	char ufrag[33]; /* new at an ICE restart, with pwd */
	char pwd[65];
	char tls_id[65]; /* 20 characters or more; new with a new DTLS
			     association */
	char cname[33];
	char msid[65];           /* stream id and track id are the same */
	struct sdpm_print print; /* of our certificate */
};

/* Our side of the video. */
struct sdpm_vlocal {
	const struct sdpm_video *video; /* in force, or offered */
	const struct sdpm_own *own;     /* keys to be told: */
	size_t nown;                    /* may be 0 */
	uint32_t tag;                   /* of the first */
	uint32_t ssrc;
	struct sa addr; /* not SDPM_BROWSER: of its own port */
};

/*
 * Append the 0-free text to mb. local->version grows by one when the text
 * differs from the last one written by the same local (RFC 3264 8).
 * Errors: ENOMEM, EINVAL (no host).
 */
int sdpm_write_answer(struct mbuf *mb, struct sdpm_local *local,
		      const struct sdpm_choice *choice)
	__attribute__((warn_unused_result));
int sdpm_write_offer(struct mbuf *mb, struct sdpm_local *local,
		     const struct sdpm_offer *offer)
	__attribute__((warn_unused_result));
/* The same with video; vlocal NULL: without. */
int sdpm_write_answer_video(struct mbuf *mb, struct sdpm_local *local,
			    const struct sdpm_choice *choice,
			    const struct sdpm_vlocal *vlocal)
	__attribute__((warn_unused_result));
int sdpm_write_offer_video(struct mbuf *mb, struct sdpm_local *local,
			   const struct sdpm_offer *offer,
			   const struct sdpm_vlocal *vlocal)
	__attribute__((warn_unused_result));

#endif
