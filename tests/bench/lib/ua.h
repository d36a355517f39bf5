/*
 * ua.h  A SIP endpoint that makes load: registers, calls, answers
 *
 * Speaks as a page with JsSIP does, over WSS, UDP or TCP, with a browser's media
 * (tests/lib/mock_media.h) when it is in a call. Served by common/loop. One
 * call at a time. What is not as it should be ends the benchmark.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_UA_H
#define TESTS_BENCH_LIB_UA_H

#include <stdbool.h>
#include <re.h>

struct ua;
struct mock_media;
struct wheel;

enum ua_event {
	UA_OPEN, /* WSS alone: the WebSocket is open */
	UA_REGISTERED,
	UA_UP,   /* of the caller: answered, and acknowledged */
	UA_DONE, /* of who asked: INFO was answered */
	UA_DOWN  /* of both: BYE */
};

typedef void(ua_event_h)(struct ua *ua, enum ua_event event, void *arg);

struct ua_cfg {
	struct sa server;
	bool wss;            /* else UDP, or */
	bool tcp;
	const void *session; /* of ua_session(): TLS is resumed */
	unsigned nr;         /* of the user, see stack.h */
	struct wheel *wheel; /* of its media; NULL: it has none, and may not
				be called */
	uint16_t rtp;        /* not 0: no page, but a phone with plain RTP on
				this port of 127.0.0.1 */
	bool pcma;           /* a page without Opus */
	ua_event_h *eventh;
	void *arg;
};

/* cfg is copied. mem_deref() drops the connection without a word. */
int ua_alloc(struct ua **uap, const struct ua_cfg *cfg);

/* With the nonce of the last challenge, else (or fresh) without credentials
 * first, as pages do it. */
void ua_register(struct ua *ua, bool fresh);

/* The other one answers at once. */
void ua_call(struct ua *ua, unsigned callee);
void ua_info(struct ua *ua);
void ua_bye(struct ua *ua);

/* NULL: not in a call. */
struct mock_media *ua_media(const struct ua *ua);
/* Packets of RTP that it has heard since it began. */
unsigned ua_heard(const struct ua *ua);
/* A packet of 60 bytes, as Opus of 24 kbit/s has it. */
void ua_speak(struct ua *ua);

/* See ws_client_session(). */
const void *ua_session(const struct ua *ua);
bool ua_resumed(const struct ua *ua);

#endif
