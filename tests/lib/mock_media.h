/*
 * mock_media.h  The media side of a browser: full ICE, DTLS client, SRTP
 *
 * Made of other parts than the code under test: STUN by libre, SRTP by
 * libsrtp2 directly, its own index count. One UDP socket. Served by the loop,
 * or by mock_media_poll(); deadlines by the wheel that the test drives.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_MOCK_MEDIA_H
#define TESTS_LIB_MOCK_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct mock_media;
struct wheel;

/* A packet in clear, with the index (ROC and SEQ; SRTCP index: 0) under which
 * it was decrypted. */
typedef void(mock_packet_h)(const uint8_t *pkt, size_t len, uint64_t index,
			    void *arg);

struct mock_media_cfg {
	struct wheel *wheel;
	const char *ip;       /* NULL: 127.0.0.1 */
	const char *profiles; /* see mock_dtls.h */
	bool regular;         /* nominates after the first success, as Chromium
				 does with a lite peer; else always at once */
	bool no_loop;         /* only mock_media_poll() serves */
	mock_packet_h *rtph, *rtcph;
	/* true: this datagram of SRTP was lost; may be NULL */
	bool (*loseh)(const uint8_t *pkt, size_t len, void *arg);
	void *arg;
};

/* cfg is copied. Ends with mem_deref(), without a word to the peer. */
int mock_media_alloc(struct mock_media **mp, const struct mock_media_cfg *cfg);

/* For our SDP. */
const char *mock_media_ufrag(const struct mock_media *m);
const char *mock_media_pwd(const struct mock_media *m);
/* Its fingerprint is one by SHA-512. */
void mock_media_strong(struct mock_media *m);
const char *mock_media_fingerprint(const struct mock_media *m);
const struct sa *mock_media_addr(const struct mock_media *m);

/* It waits for the peer's ClientHello. Before mock_media_connect(). */
void mock_media_serve(struct mock_media *m);

/* From the peer's SDP; strings are copied. Checks begin at once, DTLS after
 * the first success; after a restart DTLS goes on as it is. */
struct mock_remote {
	const char *ufrag, *pwd;
	const char *fingerprint; /* "sha-256 AB:.." */
	struct sa addr;
};
int mock_media_connect(struct mock_media *m, const struct mock_remote *remote);

/* Read what has come (no_loop), and retransmit DTLS. */
void mock_media_poll(struct mock_media *m);

/* Nominated and the SRTP keys are there. */
bool mock_media_ready(const struct mock_media *m);
/* DTLS profile number, 0: not yet. */
uint16_t mock_media_suite(const struct mock_media *m);

/* For who moves RTP without us; NULL, -1: not yet. Its datagrams come to
 * cfg.loseh. */
struct mock_keys;
const struct mock_keys *mock_media_keys(const struct mock_media *m);
int mock_media_fd(const struct mock_media *m);
const struct sa *mock_media_peer(const struct mock_media *m);

/* RTP of our one SSRC: sequence number and ROC are kept here. */
int mock_media_send(struct mock_media *m, uint8_t pt, uint32_t ts,
		    const void *payload, size_t len);
/* Any packet of our SSRC in clear; RTCP likewise. ENOTCONN before the keys. */
int mock_media_send_rtp(struct mock_media *m, const uint8_t *pkt, size_t len);
int mock_media_send_rtcp(struct mock_media *m, const uint8_t *pkt, size_t len);
/* A datagram as it is. */
int mock_media_send_raw(struct mock_media *m, const void *pkt, size_t len);
/* The next RTP packet has this index; before the first one only. */
int mock_media_set_index(struct mock_media *m, uint64_t index);
/* A second stream, for mock_media_send_rtp(). */
uint32_t mock_media_video_ssrc(const struct mock_media *m);
uint32_t mock_media_ssrc(const struct mock_media *m);

/* New ufrag and password; mock_media_connect() follows. */
void mock_media_restart(struct mock_media *m);
/* Another association of the same certificate, to be told by SDP; until it
 * stands it says nothing. serve: it waits for the other one to begin. */
int mock_media_again(struct mock_media *m, bool serve);
/* Another local port, as after a change of network: checks go on from it. */
int mock_media_roam(struct mock_media *m);
/* Send no checks any more: consent runs out. */
void mock_media_silence(struct mock_media *m);
/* close_notify. */
void mock_media_close(struct mock_media *m);

struct mock_media_stats {
	uint64_t rtp, rtcp, tx;
	uint64_t bad_srtp;  /* not to be decrypted */
	uint64_t answers;   /* success answers to our checks */
	uint64_t refusals;  /* error answers, authentic or not */
	uint16_t last_code; /* of a refusal */
	struct sa mapped;   /* how the peer sees us */
	bool bad_fingerprint;
};
const struct mock_media_stats *mock_media_stats(const struct mock_media *m);

#endif
