/*
 * sse_priv.h  The parts of what looks on
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SSE_SSE_PRIV_H
#define SIGD_SSE_SSE_PRIV_H

#include <re.h>

#include "common/bearer.h"
#include "common/bucket.h"
#include "common/redis_link.h"
#include "sigd/feed/feed_event.h"
#include "sigd/sse/sse.h"

struct admin_conf;
struct sse_events;
struct sse_figures;

/* Totals since it began to look; a reader sees what they grow by. */
struct sse_ends {
	uint64_t ended;
	uint64_t failed; /* of these, for a reason that is nobody's wish */
};

/* --- events: the streams of feed_event.h, from now on ------------------------- */

typedef void(sse_event_h)(const struct feed_event *event, void *arg);

int sse_events_alloc(struct sse_events **eventsp, struct redis_link *redis,
		      struct wheel *wheel, sse_event_h *eventh, void *arg);
/* Look from now on, or no more. */
void sse_events_run(struct sse_events *events, bool run);
const struct sse_ends *sse_events_ends(const struct sse_events *events);
/* An entry of XRANGE, without media. As feed_event_read(). */
int sse_event_read(struct feed_event **eventp, unsigned source,
		    const struct redis_val *entry);
/* Whether a call that ended so is a failure. */
bool sse_is_failure(const char *reason);

/* --- figures: one look at all workers ----------------------------------------- */

/* An object of JSON, valid during the call. */
typedef void(sse_figures_h)(const struct mbuf *json, void *arg);

int sse_figures_alloc(struct sse_figures **figuresp, struct redis_link *redis,
		       sse_figures_h *figuresh, void *arg);
/* Tells soon; not when the last look is still under way, or Redis away. */
void sse_figures_look(struct sse_figures *figures,
		       const struct sse_ends *ends);

/* The fields that it asks sigd's workers for; NULL behind the last. */
const char *sse_figures_field(size_t i);

/* --- what has happened (sse_backlog.c) ---------------------------------------- */

/* Collects events of all streams, and keeps the newest that SSE_BACKLOG_MAX
 * bytes hold. */
struct sse_backlog;

/* tenant: whose alone, NULL or "": all. The caller owns *backlogp. */
int sse_backlog_alloc(struct sse_backlog **backlogp, const char *tenant);
/* An entry of a stream, told from its newest on. False: it is older than what
 * there is room for, and so are those behind it. */
bool sse_backlog_take(struct sse_backlog *backlog, unsigned source,
		      const struct redis_val *entry);
/* Some are left out that are not after time_ms, unix time. */
void sse_backlog_cut(struct sse_backlog *backlog, uint64_t time_ms);
/* The oldest first; if some are left out `cut` before all. */
int sse_backlog_write(const struct sse_backlog *backlog, struct mbuf *mb);
/* An event as it is sent. */
int sse_event_frame(struct mbuf *mb, const struct feed_event *event);
/* Unix ms of an id of Redis; 0: it is none. */
uint64_t sse_entry_ms(const struct redis_val *entry);

/* --- room for one more (sse_room.c) -------------------------------------------- */

/* Nobody takes the room of others: neither one token, nor all those of a
 * tenant, nor one address. */
struct sse_caps {
	uint32_t token, tenant, source;
};

struct sse_who {
	char by[BEARER_NAME_MAX + 1];	  /* name of the token */
	char tenant[BEARER_NAME_MAX + 1]; /* the only one it opens; "": all */
	char source[BUCKET_SOURCE_MAX];	  /* bucket_source(): its octets */
	size_t source_len;
};

/* Those that look on already, and how many of them are as who comes. */
struct sse_tally {
	uint32_t all, token, tenant, source;
};

/* tenant NULL: all. */
void sse_who_set(struct sse_who *who, const char *by, const char *tenant,
		 const struct sa *source);
void sse_caps_set(struct sse_caps *caps, const struct admin_conf *conf);
void sse_tally_add(struct sse_tally *tally, const struct sse_who *is,
		   const struct sse_who *comes);
/* Why who comes has to wait; NULL: he need not. */
const char *sse_tally_over(const struct sse_tally *tally,
			   const struct sse_caps *caps);

/* --- what is sent -------------------------------------------------------------- */

/* One server-sent event (HTML, 9.2.6); id and name may be NULL. data has no
 * line feed but one at its end. */
int sse_frame(struct mbuf *mb, const char *id, const char *name,
	       const struct mbuf *data);

#endif
