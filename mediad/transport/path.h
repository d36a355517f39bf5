/*
 * path.h  The packet path of one leg, whatever secures it
 *
 * What the streams above see: RTP and RTCP in clear, in and out. How a
 * path finds and trusts its peer is the matter of its variant (path_web.h: a
 * browser by ICE and DTLS-SRTP; path_rtp.h: a PBX by plain RTP). One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_PATH_H
#define MEDIAD_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/transport/path_note.h"

struct path;

enum {
	PATH_MTU = 1500,    /* larger RTP or RTCP packets are dropped */
	PATH_HEADROOM = 32, /* bytes before an incoming packet that are free */
	PATH_STREAMS_MAX = 2, /* sent: audio, and video on the same transport */
};

/* How far a path has come. Each step is reported once, in this order but for
 * PATH_PAIR, which may come late; those that a variant does not know
 * never. */
enum path_rung {
	PATH_NEW,
	PATH_STUN,  /* a first authentic ICE check came */
	PATH_PAIR,  /* a pair was nominated */
	PATH_DTLS,  /* handshake done, fingerprint right, keys in use */
	PATH_MEDIA, /* a first authentic RTP or RTCP packet came */
	PATH_RUNGS
};

enum path_why {
	PATH_LOST_CONSENT,     /* 30 s without a valid check (RFC 7675) */
	PATH_LOST_HANDSHAKE,   /* DTLS failed */
	PATH_LOST_TIMEOUT,     /* DTLS did not end within its time */
	PATH_LOST_FINGERPRINT, /* not the certificate of the signalling */
	PATH_LOST_CLOSED,      /* the peer closed (authentic alert) */
	PATH_LOST_N
};

/*
 * An authentic packet in clear. pkt is the receive buffer's and valid during
 * the call; it may be written, with PATH_HEADROOM bytes before it and up to
 * cap bytes from it. The header is not checked beyond what SRTP needs.
 */
struct path_packet {
	uint8_t *pkt;
	size_t len;
	size_t cap;
	uint64_t index;  /* RTP: ROC and sequence number. RTCP: SRTCP index.
			    Of plain RTP: 0 */
	uint64_t now_ms; /* the wheel's, one value a batch */
};

/* One that is sent. */
struct path_stream {
	uint32_t ssrc;
	uint64_t next; /* the lowest index that was never used */
};

/*
 * All optional. A handler is the last act of the path: it may free it.
 * changed: what path_web_export() gives has changed in a way that a
 * successor needs; at most once for each packet, about every 5 s of media.
 */
struct path_handlers {
	void (*rtp)(const struct path_packet *packet, void *arg);
	void (*rtcp)(const struct path_packet *packet, void *arg);
	void (*rung)(enum path_rung rung, uint64_t at_ms, void *arg);
	void (*lost)(enum path_why why, void *arg);
	void (*changed)(void *arg);
	/* The streams that are sent on the path, at most PATH_STREAMS_MAX, the
	 * first of them its own: asked when there are new keys, whose first
	 * ROC is 0 for each. Gives their number. */
	size_t (*streams)(struct path_stream *streams, void *arg);
	path_note_h *note; /* never the last act */
};

/*
 * Send one packet in clear, copied at once: pkt stays the caller's, unchanged.
 * It leaves at the end of the turn at the latest. index is the caller's to
 * keep, and never used twice for one SSRC of a path (RFC 3711, 9.1): RTP
 * 2^16 * ROC + SEQ; RTCP from 1, 31 bits. ENOTCONN: no peer yet, or lost
 * (counted, not logged); EMSGSIZE: over PATH_MTU; EBADMSG: no sound header;
 * ERANGE: not the index of this sequence number.
 */
int path_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
		  uint64_t index);
int path_send_rtcp(struct path *path, const uint8_t *pkt, size_t len,
		   uint32_t index);

/* True when a packet would be sent now. */
bool path_ready(const struct path *path);

struct path_stats {
	uint64_t rx, rx_bytes; /* authentic RTP, bytes in clear */
	uint64_t tx, tx_bytes; /* RTP handed over for sending */
	uint64_t rx_rtcp, tx_rtcp;
	uint64_t bad_auth;   /* not authentic */
	uint64_t replayed;   /* seen before, or too old */
	uint64_t refused;    /* malformed, too big, of an SSRC that went */
	uint64_t strangers;  /* plain RTP: from a source not agreed on */
	uint64_t early;      /* media before there were keys */
	uint64_t unsent;     /* to send, but no peer or no room */
	uint64_t checks;     /* authentic ICE checks */
	uint64_t bad_checks; /* others that named this path */
	uint32_t moves;      /* the selected pair changed */
};
const struct path_stats *path_stats(const struct path *path);
/* When a rung was reached, by the wheel; 0: not yet. */
uint64_t path_rung_ms(const struct path *path, enum path_rung rung);

#endif
