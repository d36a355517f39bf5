/*
 * media_bed.h  A mediad worker without control and Redis, and browser pages
 *              that talk to its sessions
 *
 * Real sockets on loopback, a fake clock, mock browsers. The worker may die:
 * what it had is thrown away, but for what its state file held in that
 * moment, and a successor begins with that and with the same socket.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_MEDIA_BED_H
#define TESTS_LIB_MEDIA_BED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "mediad/session/session.h"
#include "mediad/transport/path_rtp.h"
#include "mediad/transport/path_web.h"
#include "tests/lib/mock_media.h"
#include "tests/lib/packet_check.h"

enum {
	MEDIA_PAGES_MAX = 220,
	MEDIA_LOST_MAX = 16,
	MEDIA_STEP_MS = 5
};

struct media_bed;
struct media_page;
struct codec;
struct codec_dec;

/* What a page says of feedback when nothing else is set. */
extern const char media_page_feedback[];

struct media_bed {
	struct wheel *wheel;
	struct cert *cert;
	struct path_web_env env;
	struct path_rtp_env rtp_env;
	uint16_t rtp_lo, rtp_hi; /* ports of plain RTP */
	int guard;               /* keeps other tests out of them */
	struct sound_bank *bank;
	const char *sounds; /* a folder; NULL: none, and no tones */
	struct jukebox *jukebox;
	struct recorder *recorder; /* the test's; may be NULL */
	struct forker *forker;
	unsigned nplayed; /* sounds that were over */
	struct codec_set *codecs; /* of the test; NULL: those built in */
	struct state_file *state;
	struct session_table *table;
	struct session_cfg cfg;
	char state_path[512]; /* empty: none */
	struct sa addr;
	int fd;
	uint64_t now_ms;
	struct media_page *pages[MEDIA_PAGES_MAX];
	struct list phones; /* media_phone.h */
	struct sa thief;    /* set: thief_fd takes this address in the moment */
	int thief_fd;       /* of the worker's death */
	struct {
		char session[SESSION_ID_LEN + 1];
		uint8_t leg;
		enum session_cause cause;
	} lost[MEDIA_LOST_MAX];
	unsigned nlost;
	session_lost_h *losth; /* is told of them, too; may be NULL */
	void *losth_arg;
	bool no_video; /* in no leg of a page */
	unsigned nup;
	uint8_t up_leg; /* the latest of those */
};

/* A call's side in a browser. */
struct media_page {
	struct media_bed *bed;
	struct mock_media *mock;
	struct packet_check check; /* of all that it hears */
	uint8_t pt;                /* to send with; from the SDP */
	uint8_t event;
	bool narrow; /* it has PCMA alone: media_page_narrow() */
	uint32_t ts;
	bool sending; /* a packet each 20 ms */
	uint32_t rate;
	const void *payload; /* of each; NULL: 80 bytes of this and that */
	size_t paylen;
	uint32_t heard, heard_rtcp;
	uint64_t heard_ms;  /* latest packet */
	uint8_t last[1500]; /* the latest RTCP compound */
	size_t lastlen;
	const struct codec *codec; /* set: what is heard is decoded */
	struct codec_dec *dec;
	int16_t *pcm;
	size_t npcm, pcmcap;
	unsigned undecodable;
	char sdp[8192];  /* latest of the worker's */
	const char *setup; /* of its SDP; NULL: it begins DTLS */
	char extra[512]; /* lines for the m-line of its own SDP */
	/* video: VP8, when it is set before the SDP is asked for */
	bool video;
	uint8_t vpt;                /* 0: refused */
	const char *vdir;           /* NULL: sendrecv */
	const char *vextra;         /* lines for its m-line; NULL: feedback */
	struct packet_check vcheck; /* of the video that it hears */
	uint32_t vheard;
	uint16_t lose;  /* this packet of it is lost ... */
	bool losing;    /* ... once */
	void (*videoh)(const uint8_t *pkt, size_t len, void *arg);
	void (*rtcph)(const uint8_t *pkt, size_t len, void *arg);
	/* hears all, too; may be NULL */
	void (*rtph)(const uint8_t *pkt, size_t len, void *arg);
	void *arg;
};

/* state: path of the state file, NULL: none. cfg may be set in bed before; all
 * else is zeroed. */
int media_bed_open(struct media_bed *bed, const char *state);
void media_bed_close(struct media_bed *bed);
/* SIGKILL, and a successor after `ms`; the number of sessions that live. */
int media_bed_die(struct media_bed *bed, unsigned ms, size_t *alive);
/* The same with the record `nr` being served. */
int media_bed_die_serving(struct media_bed *bed, uint32_t nr, size_t *alive);
/* An end in order instead: the worker frees all it has. */
int media_bed_succeed(struct media_bed *bed, size_t *alive);
/* Let time pass, in steps. */
void media_bed_run(struct media_bed *bed, unsigned ms);
/* Until all sending pages have keys; false after 5 s. */
bool media_bed_ready(struct media_bed *bed);

/* Ends with media_bed_close(). NULL: no memory or socket. */
struct media_page *media_page_open(struct media_bed *bed);
/* It has no Opus. Before its SDP is asked for. */
void media_page_narrow(struct media_page *page);
/* It insists on waiting for the worker's ClientHello. */
void media_page_passive(struct media_page *page);
/* Its offer, or its answer to what media_page_take() was given last. */
const char *media_page_sdp(struct media_page *page, bool answer);
/* The worker's SDP; connects. */
int media_page_take(struct media_page *page, const char *sdp, size_t len);

/* The whole exchange of one leg: the page offers, or the worker does. */
int media_page_calls(struct media_page *page, const char *session, uint8_t leg);
int media_page_called(struct media_page *page, const char *session,
		      uint8_t leg);
/* What it hears from now on is decoded and kept, up to `seconds`. */
int media_page_record(struct media_page *page, const struct codec *codec,
		      unsigned seconds);

/* Ids: "%016x". */
const char *media_id(unsigned nr);
/* A command with the call and tenant of the bed. */
int media_remote(struct media_bed *bed, const char *session, uint8_t leg,
		 bool answer, const char *sdp, struct sdpm_error *why);
int media_local(struct media_bed *bed, const char *session, uint8_t leg,
		bool answer, struct mbuf *mb, struct sdpm_error *why);

#endif
