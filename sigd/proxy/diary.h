/*
 * diary.h  What sigd tells of a call, for whoever asks what happened to it
 *
 * Entries of the call log (common/call_log.h); docs/timeline.md has the kinds
 * and what stands with each. A note is a copy into memory that is there
 * already; nothing waits for it, and with Redis away it is dropped.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_DIARY_H
#define SIGD_PROXY_DIARY_H

#include "common/call_log_writer.h"
#include "sigd/proxy/proxy_priv.h"

struct route_connection;
struct route_plan;

/* data NULL: none. leg 0: of none. */
void diary(struct proxy *px, const char *call, uint8_t leg, const char *kind,
	   const struct call_log_data *data);

/* How a call comes: who calls whom. */
struct diary_begin {
	const struct route_connection *from; /* NULL: a user */
	const struct route_plan *plan;       /* NULL: it did not get there */
	const struct sa *source;             /* NULL: not known */
	const char *transport;               /* NULL: not known */
	const char *tenant;
	struct pl caller;                    /* user */
	struct pl callee;                    /* number */
	struct pl callid;
	const char *media;                   /* worker; NULL: none */
	const char *why;                     /* it goes where it goes; NULL:
						not known */
	uint16_t code; /* that the table answers; 0: it does not */
	bool brief;    /* it never is a call: its log is kept for an hour */
};
void diary_begin(struct proxy *px, const char *call,
		 const struct diary_begin *begin);
/* The caller is refused: for this reason. */
void diary_refused(struct proxy *px, const char *call, enum status why);
/* ... and it has begun as a brief one. */
void diary_refused_brief(struct proxy *px, const char *call, enum status why);
/* It is up. */
void diary_up(struct proxy *px, const struct call_record *rec);
/* It has ended, and this is its record. by: the side that hung up, or
 * CALL_SIDES: neither. */
void diary_ended(struct proxy *px, const struct call_record *rec,
		 enum status reason, unsigned by);
/* Something that one side did, or that happened to it; why NULL: nothing more
 * is to be said. */
void diary_side(struct proxy *px, const char *call, const char *kind,
		unsigned side, const char *why);

/* A request within the dialog that changes it has its final answer. code 0:
 * none came. */
struct diary_change {
	unsigned side; /* that asked */
	const char *method;
	uint16_t code;
};
void diary_changed(struct proxy *px, const char *call,
		   const struct diary_change *change);

/* Its media goes from one worker to another: "media.moving", .moved,
 * .not-moved. */
struct diary_move {
	const char *kind, *from, *to;
	const char *why; /* NULL: it did */
};
void diary_moved(struct proxy *px, const char *call,
		 const struct diary_move *move);

#endif
