/*
 * leg_watch.h  Who is not heard, and why
 *
 * From a call's answer on, a leg whose far side says that it sends and hears
 * (who only sends is holding the other) is expected to be heard by its peer.
 * When nothing of use has come for LEG_QUIET_MS the reason is told, what comes
 * instead or what is missing; once more when the reason turns out to be
 * another one, and when it is heard again. Every leg is looked at each
 * LEG_LOOK_MS, so it is named within 3 s.
 *
 * A pause that the far side has told of (DTX, comfort noise) is none. Silence
 * in full packets is one, but people are silent: it has to be digital, and the
 * next one of a leg has to be twice as long as the former.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_LEG_WATCH_H
#define MEDIAD_SESSION_LEG_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/session/leg_glimpse.h"
#include "mediad/sound/meter.h"

struct leg;
struct session_table;
struct strm_pkt;

enum {
	LEG_LOOK_MS = 500,
	LEG_QUIET_MS = 2400,
	LEG_SILENT_MS = 2400,     /* of digital silence; then twice as long, */
	LEG_SILENT_MAX_MS = 60000, /* up to this */
	LEG_PAUSE_MAX_MS = 60000, /* that comfort noise may last, unless the far
				     side tells by RTCP that it is there */
	LEG_FULL = 5, /* packets of use from look to look: fewer are a pause */
	LEG_TELL_MAX = 64,        /* events of a leg */
	LEG_AROUND_MS = 1000, /* without a packet: does another one send? */
};

enum leg_quiet {
	LEG_HEARD,
	LEG_NO_PACKETS,   /* nothing comes, and nothing says why */
	LEG_NO_ICE,       /* no pair was nominated */
	LEG_NO_DTLS,      /* there are no keys yet */
	LEG_DTLS_REFUSED, /* ... and an alert in clear says that it does not
			     want any, which anybody could send */
	LEG_ICE_GONE,     /* neither packets nor checks come any more */
	LEG_ELSEWHERE,    /* packets come from another source */
	LEG_WRONG_FORMAT, /* of a payload type not agreed on */
	LEG_NOT_AUTHENTIC,
	LEG_MALFORMED,
	LEG_SILENT, /* packets come, and there is nothing in them */
	LEG_QUIETS
};

/* What has come, good and bad. */
struct leg_counts {
	uint64_t elsewhere, format, authentic, malformed, checks;
};

struct leg_watch {
	struct meter meter;
	struct leg_glimpse glimpse;
	uint64_t since_ms; /* it is expected to be heard; 0: it is not */
	uint64_t used_ms;  /* latest packet of use */
	uint64_t format;   /* packets of a payload type not agreed on */
	uint16_t packets;  /* of use, since the latest look */
	bool pauses;       /* the latest one begins a pause, */
	bool noise;        /* of comfort noise */
	bool around;       /* we look who else sends */
	struct leg_counts then; /* when the latest packet of use came */
	enum leg_quiet why;
	uint64_t why_ms;     /* since when */
	uint64_t quiet_ms;   /* in all, before that; without LEG_SILENT */
	uint32_t silent_ms;  /* that it has to be now */
	uint16_t told;
};

void leg_watch_open(struct leg *leg);
/* A packet that the leg takes, before it goes anywhere. */
void leg_watch_packet(struct leg *leg, const struct strm_pkt *sp,
		      const uint8_t *pkt);
/* Its voice, where it is decoded. */
void leg_watch_voice(struct leg *leg, const int16_t *pcm, size_t n);
/* Look at all legs from now on, until there are none. */
void leg_watch_start(struct session_table *table);
uint64_t leg_watch_quiet_ms(const struct leg *leg);

/* "no-packets" ...; LEG_HEARD: "". */
const char *leg_quiet_name(enum leg_quiet why);

#endif
