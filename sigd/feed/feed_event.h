/*
 * feed_event.h  What happened, as others get it: one line of JSON each
 *
 *	{"id": "cdr-3-1763700000123-0", "type": "call.ended",
 *	 "time": "2026-11-21T10:00:00.123Z", "tenant": "acme", "data": {...}}
 *
 * It comes from a stream of Redis: sixteen of CDRs (sigd/call/call_record.h),
 * one of news (sigd/proxy/news.h), one of alarms (sigd/guard/alarm.h), one of
 * what media workers know (docs/control-protocol.md, facts). The id is the same
 * however often the event is told. docs/events.md has the types.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_FEED_FEED_EVENT_H
#define SIGD_FEED_FEED_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/redis_link.h"

enum {
	FEED_SHARDS = 16,
	FEED_NEWS = FEED_SHARDS,
	FEED_ALARMS,
	FEED_FACTS,
	FEED_SOURCES,
	FEED_ID_MAX = 47,
	FEED_TYPE_MAX = 47,
	FEED_TENANT_MAX = 63,
	FEED_KEY_MAX = 31,
};

/* Several receivers may have the same one: it does not change. */
struct feed_event {
	unsigned source;
	char entry[FEED_ID_MAX + 1]; /* id of its entry in the stream */
	char id[FEED_ID_MAX + 1];
	char type[FEED_TYPE_MAX + 1];
	char tenant[FEED_TENANT_MAX + 1]; /* "": of none */
	char there[FEED_TENANT_MAX + 1];  /* of a call: whose the callee is */
	struct mbuf *json; /* an object, and a line feed */
};

void feed_source_key(char key[FEED_KEY_MAX + 1], unsigned source);

/* One of [id, [field, value ..], [field, value ..]], the last what mediad knew
 * of the call's media. The caller owns *eventp. EBADMSG: it is none, or
 * a fact that is not passed on; ENOMEM. */
int feed_event_read(struct feed_event **eventp, unsigned source,
		    const struct redis_val *entry);

/* The fields of this stream that are looked at, a space between: of the record of
 * a call a third. "": all of them. */
const char *feed_event_fields(unsigned source);

/* Whether it is told to who sees this tenant alone; "": all. */
bool feed_event_is_for(const struct feed_event *event, const char *only);

#endif
