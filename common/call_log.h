/*
 * call_log.h  What happened to one call, told by both daemons: key, entries
 *
 * The stream `cb:{c:<x>}:log:<call>` (x: first digit of the call id, as the
 * keys of the call record) has one entry for each thing that happened:
 *
 *   by       "node/slot" of the worker that tells it
 *   ms       unix ms, by its clock
 *   session  the first CALL_LOG_SESSION digits of the media session's id;
 *            empty: not of a session
 *   leg      its number; empty: not of a leg
 *   kind     a stable word, e.g. "ice.nominated" (docs/timeline.md has all)
 *   data     `key=value` pairs with spaces between; values percent-encoded;
 *            empty: there is none
 *
 * All six are always there, in this order: then Redis keeps their names once
 * for many entries. It keeps about CALL_LOG_ENTRIES entries, for a while after
 * the last (call_log_store.h); CALL_LOG_BRIEF_S at most, where a call was
 * refused at once.
 *
 * Here is what both ends of it share; who writes uses call_log_writer.h. Pure:
 * no memory is asked for.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CALL_LOG_H
#define COMMON_CALL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/id.h"
#include "common/node.h"
#include "common/redis_link.h"

enum {
	CALL_LOG_BRIEF_S = 3600, /* of a call that never was one */
	CALL_LOG_ENTRIES = 400,
	CALL_LOG_SESSION = 8,
	CALL_LOG_LEG_MAX = 16,
	CALL_LOG_KIND_MAX = 24,   /* [a-z0-9.-] */
	CALL_LOG_NAME_MAX = 24,   /* of a key in data: [a-z0-9.-] */
	CALL_LOG_VALUE_MAX = 600, /* bytes of a value that are written */
	CALL_LOG_DATA_MAX = 1400, /* bytes of data, encoded */
	CALL_LOG_WHY_MAX = 1500,
	CALL_LOG_FIELDS = 12,     /* names and values of an entry */
	CALL_LOG_KEY = sizeof("cb:{c:x}:log:") + ID_LEN,
};

/* call: an id (common/id.h). */
void call_log_key(char key[CALL_LOG_KEY], const char *call);

/* --- data, as it is put together ------------------------------------------------ */

/* In the caller's memory. What does not fit is cut, and `cut` says so. */
struct call_log_data {
	size_t len;
	bool cut;
	char text[CALL_LOG_DATA_MAX + 1];
};

void call_log_begin(struct call_log_data *data);
/* Text of anybody, NULL and "" are left out; at most CALL_LOG_VALUE_MAX. */
void call_log_text(struct call_log_data *data, const char *name,
		   const char *value);
void call_log_pl(struct call_log_data *data, const char *name,
		 const struct pl *value);
void call_log_num(struct call_log_data *data, const char *name, int64_t value);
/* "192.0.2.1:5060"; left out when it is not set. */
void call_log_addr(struct call_log_data *data, const char *name,
		   const struct sa *addr);

/* --- an entry --------------------------------------------------------------------- */

struct call_log_entry {
	char by[NODE_ADDR_MAX + 1];
	uint64_t ms;
	char session[CALL_LOG_SESSION + 1]; /* "": of none */
	uint8_t leg;                        /* 0: of none */
	char kind[CALL_LOG_KIND_MAX + 1];
	struct pl data; /* may be empty; where it was read from, or the
			   writer's */
};

/* As fields of XADD; valid as long as the entry, which is not looked at. */
struct call_log_args {
	struct redis_arg argv[CALL_LOG_FIELDS];
	char ms[24], leg[8];
};
void call_log_args(struct call_log_args *args,
		   const struct call_log_entry *entry);

/* fields: array [name, value, name ...] of an entry of the stream, in whatever
 * order; others are passed over. EBADMSG: not an entry of ours. */
int call_log_read(struct call_log_entry *entry, const struct redis_val *fields);

/* One pair of data after the other; *rest becomes what is behind it. */
struct call_log_pair {
	char name[CALL_LOG_NAME_MAX + 1];
	char value[CALL_LOG_DATA_MAX + 1]; /* decoded, without a 0 byte */
};
/* ENOENT: there are no more. EBADMSG: this one is none, *rest is behind it. */
int call_log_next(struct call_log_pair *pair, struct pl *rest);
/* The value of a pair, decoded; EBADMSG: absent, or too long. */
int call_log_value(char *out, size_t size, const struct call_log_entry *entry,
		   const char *name);

#endif
