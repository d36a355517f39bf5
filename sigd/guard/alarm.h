/*
 * alarm.h  What an operator should hear of: overload, floods, guessing,
 *          connections that come and go
 *
 * Each is a line in the log and an entry of the stream `cb:alarms`, that
 * /v1/alarms shows. The same about the same is said once in ALARM_EVERY_MS,
 * however often it happens; how often each kind happened is counted.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_GUARD_ALARM_H
#define SIGD_GUARD_ALARM_H

#include <stdint.h>
#include <re.h>

struct alarms;
struct redis_link;
struct wheel;

enum alarm_kind {
	ALARM_OVERLOAD,    /* new work is refused */
	ALARM_SOURCE_RATE, /* too much from one address */
	ALARM_TENANT_RATE, /* ... of one tenant */
	ALARM_USER_RATE,   /* ... of one user or connection */
	ALARM_GUESSING,    /* wrong credentials, again and again */
	ALARM_CONN_DOWN,   /* a connection does not answer its probes */
	ALARM_CONN_UP,     /* ... does so again */
	ALARM_CONN_BROKEN, /* calls to a connection fail */
	ALARM_CONN_MENDED, /* ... do not any more */
	ALARM_CONN_FORCED, /* an operator has taken one out, or back in */
	ALARM_CALL_LIMIT,  /* a tenant, user or connection has all its calls */
	ALARM_CALL_RATE,   /* ... more calls a second than it may */
	ALARM_KINDS
};

enum {
	ALARM_EVERY_MS = 10000,
	ALARM_TTL_MS = 7 * 24 * 3600 * 1000,
	ALARM_MAX = 1000, /* about so many are kept */
};

/* What is not known is unset. Borrowed texts. */
struct alarm_about {
	struct pl tenant, name, source;
	struct pl why; /* for people */
	uint32_t load; /* per mille, of an overload */
};

/* at: "node/slot", borrowed. redis may be NULL: the log alone. The caller owns
 * *alarmsp. */
int alarms_alloc(struct alarms **alarmsp, struct redis_link *redis,
		 struct wheel *wheel, const char *at);
void alarm_note(struct alarms *alarms, enum alarm_kind kind,
		const struct alarm_about *about);

/* "source-rate"; NULL behind the last kind. */
const char *alarm_name(enum alarm_kind kind);
/* How often each kind has happened: ALARM_KINDS of them. */
const uint64_t *alarm_counts(const struct alarms *alarms);

#endif
