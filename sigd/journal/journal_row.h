/*
 * journal_row.h  What happened to a device or a connection: an entry of its
 *                log, as text in Redis
 *
 *   <at> <since> <count> <rtt> <event> [key=value ...]
 *
 * at, since: unix ms; count: how often the same was said from since to at; rtt:
 * microseconds of the latest, 0: none. Values are percent-encoded (pairs.h).
 * The script of the registrar makes such a text as well (journal_lua.h). Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_JOURNAL_JOURNAL_ROW_H
#define SIGD_JOURNAL_JOURNAL_ROW_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

enum {
	JOURNAL_DEVICE_MAX = 256, /* as BINDING_DEVICE_MAX */
	JOURNAL_NAME_MAX = 128,
	JOURNAL_FROM_MAX = 63,
	JOURNAL_FLOW_MAX = 96, /* as FLOW_TEXT_MAX */
	JOURNAL_WHY_MAX = 96,
	JOURNAL_AGENT_MAX = 128, /* as BINDING_AGENT_MAX */
	JOURNAL_WORKER_MAX = 23,
	JOURNAL_ROW_MAX = 2500, /* bytes of a text */
};

enum journal_event {
	JOURNAL_REGISTERED,   /* a device that was not there */
	JOURNAL_REFRESHED,    /* ... that is there, as it was */
	JOURNAL_MOVED,        /* ... over another connection */
	JOURNAL_UNREGISTERED, /* it has said so, or an operator */
	JOURNAL_LOST,         /* its connection has ended */
	JOURNAL_EXPIRED,      /* it has not come back in time */
	JOURNAL_REFUSED,
	JOURNAL_FAILED,       /* ours: no answer, or not to be sent */
	JOURNAL_UP,           /* connections, from here */
	JOURNAL_DOWN,
	JOURNAL_BROKEN,
	JOURNAL_BUSY,
	JOURNAL_MENDED,
	JOURNAL_FORCED,
	JOURNAL_EVENTS
};

/* "registered"; NULL behind the last. */
const char *journal_event_name(enum journal_event event);

/* Plain data; what is empty or 0 is not known. */
struct journal_row {
	uint64_t at_ms, since_ms;
	uint64_t count;
	uint32_t rtt_us;
	enum journal_event event;
	uint16_t code;    /* of SIP */
	uint32_t expires; /* seconds that were granted */
	char device[JOURNAL_DEVICE_MAX + 1]; /* as in the bindings */
	char name[JOURNAL_NAME_MAX + 1];     /* who tried, when nobody's */
	char conn[JOURNAL_NAME_MAX + 1];     /* a user's line: where */
	char line[JOURNAL_NAME_MAX + 1];     /* a connection's: whose line */
	char from[JOURNAL_FROM_MAX + 1];     /* address and port */
	char flow[JOURNAL_FLOW_MAX + 1];     /* flow_id_text() */
	char worker[JOURNAL_WORKER_MAX + 1]; /* node/slot, when no flow says */
	char why[JOURNAL_WHY_MAX + 1];
	char agent[JOURNAL_AGENT_MAX + 1];
};

/* What stands behind the numbers: event and pairs. EOVERFLOW. */
int journal_row_said(char *text, size_t size, const struct journal_row *row);
/* All of it. */
int journal_row_print(char *text, size_t size, const struct journal_row *row);
/* EBADMSG: not one of ours. */
int journal_row_parse(struct journal_row *row, const struct pl *text);

#endif
