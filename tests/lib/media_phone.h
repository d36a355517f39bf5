/*
 * media_phone.h  The media side of a PBX or a phone: RTP or SRTP, G.711
 *
 * A pair of sockets on loopback, served by the bed's clock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_MEDIA_PHONE_H
#define TESTS_LIB_MEDIA_PHONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "mediad/session/session.h"
#include "tests/lib/packet_check.h"
#include "tests/lib/phone_dtls.h"
#include "tests/lib/phone_keys.h"

struct media_bed;

typedef void(media_rtp_h)(const uint8_t *pkt, size_t len, void *arg);

struct media_phone {
	struct le le;
	struct media_bed *bed;
	int fd[2];         /* RTP, RTCP */
	struct sa addr[2]; /* ours */
	struct sa peer[2]; /* from the worker's SDP */
	struct session_terms terms;
	enum sdpm_profile profile; /* SDPM_BROWSER: SDPM_RTP */
	struct phone_keys keys;    /* with a suite: SRTP */
	struct phone_dtls dtls;    /* with a role: the keys come by it */
	struct packet_check check; /* of all that it hears */
	uint64_t high;             /* extended sequence heard */
	uint32_t ssrc, ts;
	uint16_t seq;
	uint8_t pt, event;
	bool sending;        /* a packet each 20 ms */
	const void *payload; /* of each; NULL: silence */
	size_t paylen;
	uint32_t empty; /* datagrams of no bytes on its port of RTP */
	uint32_t heard, heard_rtcp, foreign; /* foreign: not the worker's */
	uint64_t heard_ms;
	uint8_t last[1500]; /* the latest RTCP compound */
	size_t lastlen;
	const char *formats; /* of its m-line; NULL: "8 0 101" */
	const char *conn;    /* of its c=; NULL: 127.0.0.1 */
	const char *dir;     /* NULL: sendrecv */
	const char *extra;   /* more lines of its m-line */
	const char *form;    /* of the leg, at another worker; NULL: none */
	unsigned version;    /* of its SDP */
	char sdp[2048];      /* latest of the worker's */
	media_rtp_h *rtph;   /* hears all, too; may be NULL */
	void *arg;
};

/* Ends with media_bed_close(), or mem_deref(). NULL: no memory or socket. */
struct media_phone *media_phone_open(struct media_bed *bed);
/* Its offer or answer. */
const char *media_phone_sdp(struct media_phone *phone);
/* The worker's SDP. */
int media_phone_take(struct media_phone *phone, const char *sdp, size_t len);
/* Another pair of ports, to be told by SDP, or not. */
int media_phone_move(struct media_phone *phone);

/* One half of an exchange each; they say what they have. */
int media_phone_offers(struct media_phone *phone, const char *session,
		       uint8_t leg);
int media_phone_answers(struct media_phone *phone, const char *session,
			uint8_t leg);
int media_phone_gets(struct media_phone *phone, const char *session,
		     uint8_t leg, bool answer);
/* A whole exchange: the phone offers, or the worker does. */
int media_phone_calls(struct media_phone *phone, const char *session,
		      uint8_t leg);
int media_phone_called(struct media_phone *phone, const char *session,
		       uint8_t leg);

/* One packet, to the worker's port. */
void media_phone_send(struct media_phone *phone, uint8_t pt,
		      const void *payload, size_t len);
/* An RTCP compound, secured when it has keys. */
void media_phone_report(struct media_phone *phone, const void *pkt, size_t len);
void media_phone_send_raw(struct media_phone *phone, bool rtcp, const void *pkt,
			  size_t len);
/* For the bed. */
void media_phone_tick(struct media_phone *phone);
void media_phone_poll(struct media_phone *phone);

#endif
