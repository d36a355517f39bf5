/*
 * news.h  What happens to calls and registrations, for whoever listens
 *
 * An entry of the stream `cb:news` each, with `type`, `tenant` and what it is
 * about; the collectors (sigd/feed/) pass it on. That a call has ended stands
 * with its CDR alone (call_record.h): one of each.
 *
 *	call.started      call, call_id, caller, connection, callee
 *	call.restarted    the same, and was: its id until then
 *	call.answered     call
 *	all three         callee_tenant, when that is another one
 *	registration.added, .removed, .lost, .expired   user, flow
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_NEWS_H
#define SIGD_PROXY_NEWS_H

#include "sigd/call/call_record.h"
#include "sigd/proxy/proxy_priv.h"

struct news;

enum {
	NEWS_MAX = 100000, /* about so many are kept */
};

enum news_registration {
	NEWS_ADDED,
	NEWS_REMOVED,
	NEWS_LOST,
	NEWS_EXPIRED
};

/* redis may be NULL, or keep_s 0: nothing is said. The caller owns *newsp. */
int news_alloc(struct news **newsp, struct redis_link *redis,
	       struct wheel *wheel, uint32_t keep_s);

/* With Redis away nobody is told. */
void news_call_started(struct news *news, const struct call_record *rec,
		       const char *number);
/* By another worker, as the first one died: was is what the call was told as. */
void news_call_restarted(struct news *news, const struct call_record *rec,
			 const char *number, const char *was);
void news_call_answered(struct news *news, const struct call_record *rec);
void news_registration(struct news *news, enum news_registration what,
		       const char *tenant, const char *user,
		       const struct flow_id *flow);

#endif
