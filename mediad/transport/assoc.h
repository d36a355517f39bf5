/*
 * assoc.h  A leg's DTLS association: who it is with, its handshakes, its keys
 *
 * Shared by paths, whatever carries the datagrams: each tells what has come
 * from an address that it trusts so far, and where to send. At most one
 * handshake at a time, as server or as client; one that breaks is begun anew
 * within limits. Keys are given only after the certificate was found to be
 * the one of the signalling (RFC 8122). A part of a path, no object of its
 * own: zeroed memory is closed. One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_ASSOC_H
#define MEDIAD_ASSOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wheel.h"
#include "mediad/transport/cert.h"
#include "mediad/transport/hello.h"
#include "mediad/transport/hs.h"
#include "mediad/transport/path.h"

/* keys: the handshake is done and its certificate right; *keys are wiped
 * after the call. Non-zero: they are of no use. keys and lost are the last act
 * of the association: they may free it. */
struct assoc_handlers {
	void (*send)(const uint8_t *pkt, size_t len, void *arg);
	int (*keys)(const struct hs_keys *keys, void *arg);
	void (*lost)(enum path_why why, void *arg);
	/* Several in a row broke: true when the owner lets others begin now.
	 * May be NULL. */
	bool (*broken)(void *arg);
	/* For the call's log; may be NULL. */
	path_note_h *note;
};

/* All outlive the association. */
struct assoc_params {
	struct wheel *wheel;
	struct hs_ctx *hs_ctx;
	uint32_t handshake_ms; /* over all tries; 0: 10000 */
	const char *call;      /* for logs */
	bool doubt; /* no check has shown that the peer is where it says: who
		       forges its address may refuse in its name, so a hello
		       has to bring back a cookie that was sent there */
};

struct assoc {
	struct assoc_params params;
	const struct assoc_handlers *h;
	void *arg;
	struct hs *hs;
	struct wheel_timer giveup, soon;
	struct cert_fp *fps; /* of the far SDP; NULL: not known yet */
	size_t nfps;
	uint8_t random[HELLO_RANDOM_LEN]; /* of the hello it began with */
	uint8_t md[32]; /* SHA-256 of the certificate that we have seen */
	struct cert_fp *held; /* of the keys in use, beside md; NULL: there
				 are none */
	size_t nheld;
	bool seen;    /* md is of the association of now */
	bool another; /* the keys in use are of another certificate than the
			 far SDP tells, as far as its hashes show that */
	bool named;  /* random is known */
	bool asks;   /* a hello has to bring its cookie */
	bool asked;  /* one that had none was told of */
	bool wanted; /* a handshake may begin */
	bool resumed; /* the next to be told are those of the peer we have */
	bool client; /* it is ours to begin it */
	bool heard;  /* as client: of the peer, what nobody else can know */
	uint8_t tries; /* handshakes that broke */
	uint8_t alert; /* 1 + code of the first one in clear; 0: none */
	const char *what; /* broke the latest one; NULL: nothing yet */
};

void assoc_init(struct assoc *assoc, const struct assoc_params *params,
		const struct assoc_handlers *handlers, void *arg);
void assoc_close(struct assoc *assoc);

/*
 * What the far SDP announces: 1 to CERT_FPS_MAX fingerprints, the strongest
 * hash counts (RFC 8122, 5). Ones that the peer's certificate does not match,
 * the other role, or `anew` (RFC 8842, 5.1), ask for a new association; the
 * former keys are the owner's to serve until then. Calls no handler.
 */
struct assoc_remote {
	const struct cert_fp *fps;
	size_t nfps;
	bool anew;
	bool client; /* we are to begin */
};
bool assoc_fps_ok(const struct assoc_remote *remote);
int assoc_remote(struct assoc *assoc, const struct assoc_remote *remote);
/*
 * With the one whose certificate this is there is one: of a state file. What
 * assoc_remote() is told next is what the far SDP said to the process before:
 * of an open one it may be of another peer, else it is this one's, by whatever
 * hash (the SHA-256 that is kept says nothing of a SHA-512). Where that is not
 * so, `anew` says it.
 */
struct assoc_record {
	const uint8_t *md; /* SHA-256, 32 bytes */
	bool client;
	bool open; /* another was awaited */
};
int assoc_resume(struct assoc *assoc, const struct assoc_record *record);

/* There is somebody to send to: as client, begin. In a while, not at once:
 * the owner is in the middle of something. */
void assoc_ready(struct assoc *assoc);
/* The peer is elsewhere now: as client, begin anew what it has not answered. */
void assoc_moved(struct assoc *assoc);
/* What became of a datagram. */
enum assoc_took {
	ASSOC_NOTHING, /* of no use, or not for this association */
	ASSOC_ASKED,   /* a hello: its sender was asked for a cookie, no more */
	ASSOC_TOOK
};
struct assoc_packet {
	const uint8_t *pkt;
	size_t len;
	const struct sa *src; /* send() goes there */
	uint16_t at;          /* which port of ours it came to */
};
/* After ASSOC_TOOK the owner may be gone, by a handler; else none was called
 * but `send` and `note`. */
enum assoc_took assoc_recv(struct assoc *assoc, const struct assoc_packet *in);
/* A ClientHello beside a handshake that goes on with somebody else: does it bring
 * the cookie of where it comes from? If not it is asked for it, by send(), and
 * nothing else comes of it. */
bool assoc_brings(struct assoc *assoc, const struct assoc_packet *in);
/* As client: nobody has answered it yet who could be shown to have got it. Where
 * such a datagram came from says nothing of where the peer is. */
bool assoc_unanswered(const struct assoc *assoc);
/* A handshake goes on. */
bool assoc_shakes(const struct assoc *assoc);
/* Tell the log why there is none; within or before `lost`, as long as nothing
 * was stopped. other: it was not with whom the SDP names. */
void assoc_tell_lost(const struct assoc *assoc, enum path_why why, bool other);
/* Let go of the handshake that goes on, if any. */
void assoc_stop(struct assoc *assoc);
/* The keys that it gave are in use no more, and no others are awaited. */
void assoc_end(struct assoc *assoc);

#endif
