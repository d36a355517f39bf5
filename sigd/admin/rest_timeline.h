/*
 * rest_timeline.h  All that happened to a call, in one order: for its answer
 *
 * Writers have clocks of their own. Each entry of the log has the writer's time
 * and, as its id, that of Redis, which is later by what it waited (some ms) or
 * by as much as the two clocks differ: the smallest difference of a writer's
 * entries is taken for that. SIP messages have their worker's time alone, and
 * are moved by the same.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_TIMELINE_H
#define SIGD_ADMIN_REST_TIMELINE_H

#include "sigd/admin/call_facts.h"
#include "sigd/admin/rest_trace.h"
#include "sigd/call/call_record.h"

enum {
	TIMELINE_ENTRIES = 1000, /* of the log, which is kept shorter */
	TIMELINE_CLOCKS = 32,
	TIMELINE_ITEMS = 2000,   /* of an answer: the first and last half */
	TIMELINE_TEXTS = 4 * 1024 * 1024, /* bytes of SIP messages */
	TIMELINE_SAME_MS = 25,   /* clocks that differ no more are the same: an
				    entry waits CALL_LOG_WRITER_MS */
};

struct timeline_entry {
	uint64_t id_ms;
	struct call_log_entry entry; /* its texts lie in the answer of Redis */
};

struct timeline_clock {
	char by[NODE_ADDR_MAX + 1];
	bool known;       /* it has an entry in the log */
	int64_t later_ms; /* Redis' time less the writer's; the smallest */
};

/* One or the other. */
struct timeline_item {
	uint64_t us; /* unix, by Redis' clock */
	const struct timeline_entry *entry;
	const struct trace_msg *msg;
};

/* mem_deref() it; valid until the next question to Redis. */
struct timeline {
	char call[ID_LEN + 1];
	char callid[CALL_TEXT_MAX + 1]; /* "": not known */
	bool there;              /* it has a record */
	bool off;                /* no logs are kept */
	struct call_record rec;
	char why[CALL_WHY_MAX + 1];
	struct rest_told *told;  /* NULL: there is no trace */
	uint64_t messages_cut;   /* that the trace had no room for */
	struct timeline_entry entries[TIMELINE_ENTRIES];
	size_t nentries;
	struct timeline_clock clocks[TIMELINE_CLOCKS];
	size_t nclocks;
	struct timeline_item *items;
	size_t nitems;
	struct call_facts facts;
	struct callv verdict;
};

/* id: of a call, or a SIP Call-ID; only: this tenant must be allowed to
 * see it (rest_call_is_of()), NULL: all. NULL: resp is an error. */
struct timeline *timeline_read(struct admin *admin, struct admin_resp *resp,
			       const char *id, const char *only);
/* The last call with this Call-ID that a token of this tenant (NULL: of all)
 * sees: another tenant's may have the same. False: resp is a 404, or a 503. */
bool timeline_by_callid(char call[ID_LEN + 1], struct admin *admin,
			struct admin_resp *resp, const char *callid,
			const char *only);
/* Of who called; "": not known. */
const char *timeline_tenant(const struct timeline *tl);
/* Of who is called, when it is another one; "": it is not. */
const char *timeline_there(const struct timeline *tl);

/* What came of a call that has ended, by its log alone, and whose it was. */
struct timeline_end {
	struct callv verdict;
	char tenant[CALLV_NAME_MAX], there[CALLV_NAME_MAX];
};
/* False: there is no log, or Redis is away. */
bool timeline_end(struct timeline_end *end, struct admin *admin,
		  const char *call);

#endif
