/*
 * news.h  What this worker tells on its own: legs and sessions that are
 *           lost, and facts for people
 *
 * Made before the sessions, because those that cannot be resumed are lost
 * before Redis is reached: what is told is kept in order, and leaves at a
 * measured pace once a reporter is attached (ctl_event.h, which has a bound
 * of its own).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CONTROL_NEWS_H
#define MEDIAD_CONTROL_NEWS_H

#include <stdint.h>

#include "common/control/ctl_msg.h"
#include "mediad/session/session.h"

struct ctl_reporter;
struct diary;
struct news;
struct wheel;

enum {
	NEWS_FACTS_MAX = 1024,  /* kept; more are left out */
	NEWS_EVENTS_MAX = 8192, /* kept of all; more are left out */
};

/* The caller owns *newsp. */
int news_alloc(struct news **newsp, struct wheel *wheel);
/* Where it goes; referenced. NULL: keep. */
void news_attach(struct news *news, struct ctl_reporter *reporter);
/* The logs of calls hear of it, too, when it goes there; outlives the news, or
 * is taken back by NULL. */
void news_diary(struct news *news, struct diary *diary);

/* event is copied. */
void news_event(struct news *news, const struct ctl_event *event);
/* A session_lost_h and a session_up_h; arg is the news. */
void news_lost(const struct session_lost *lost, void *arg);
void news_up(const struct session_up *up, void *arg);
/* A session_played_h. */
void news_played(const struct session_up *played, void *arg);
/* A session_heard_h and a session_quiet_h. */
void news_digit(const struct session_heard *heard, void *arg);
void news_quiet(const struct session_quiet *quiet, void *arg);

/* All sessions of the table live again: a fact of each. */
void news_resumed(struct news *news, const struct session_table *table);

struct news_stats {
	uint64_t events, facts; /* told */
	uint64_t left_out;      /* no room or no memory */
	uint32_t kept;          /* now */
};
const struct news_stats *news_stats(const struct news *news);

#endif
