/*
 * path_note.h  What happens on a path, for the log of its call
 *
 * Told at the change and never per packet, but for what strangers send: who
 * listens keeps count, and forgets what it has heard before.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_PATH_NOTE_H
#define MEDIAD_PATH_NOTE_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "mediad/transport/crypt.h"

enum path_event {
	PATH_EV_CHECK,     /* ICE: a first valid check from addr; text: "udp",
			      "tcp" */
	PATH_EV_BAD_CHECK, /* one that was refused: text why, n the code */
	PATH_EV_CONFLICT,  /* one of a controlled agent, as we are (487) */
	PATH_EV_SELECTED,  /* addr and local are the pair; text as above */
	PATH_EV_RESTART,   /* new credentials, ours and theirs */
	PATH_EV_HELLO,     /* DTLS: text "seen", "sent", "asked" (for a
			      cookie); n: which try */
	PATH_EV_ALERT,     /* in clear, so of anybody: n its code, text */
	PATH_EV_BROKEN,    /* a handshake; text why, n which try */
	PATH_EV_SHAKEN,    /* text version, more cipher, suite */
	PATH_EV_FAILED,    /* there is no association: text "time-out", "alert",
			      "broken", "certificate"; more: what was last */
	PATH_EV_PRINT,     /* it shows another certificate than was announced:
			      text announced, more shown */
	PATH_EV_SOURCE,    /* RTP: packets are taken from addr now */
	PATH_EV_STRANGER,  /* a packet of addr was refused */
	PATH_EVENTS
};

/* Valid during the call. */
struct path_note {
	enum path_event event;
	const struct sa *addr, *local; /* NULL: not known */
	const char *text, *more;       /* NULL: none */
	enum crypt_suite suite;
	uint32_t n;
	bool rtcp;  /* about RTCP on a port of its own */
	bool other; /* about a peer that is not where the SDP says */
};

/* May free nothing. */
typedef void(path_note_h)(const struct path_note *note, void *arg);

#endif
