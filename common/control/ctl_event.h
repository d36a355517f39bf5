/*
 * ctl_event.h  What media workers report: to be acted upon, and to be known
 *
 * Events (leg.lost, session.lost) go to the stream `cb:events`, which sigd
 * workers read as one group: each event goes to one of them, and to another
 * one when that dies before it is done. Facts go to `cb:facts`, which anybody
 * may follow. While Redis is away the latest are kept and sent afterwards.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_EVENT_H
#define COMMON_CONTROL_CTL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/control/ctl_msg.h"
#include "common/control/ctl_peer.h"

enum {
	CTL_EVENTS_KEPT = 1024
}; /* while Redis is away; the oldest go first */

/* ---- the media worker ------------------------------------------------------ */

struct ctl_reporter;

int ctl_reporter_alloc(struct ctl_reporter **reporterp,
		       const struct ctl_peer *peer);
/* Its kind says where it goes. event is copied, its text cut at CTL_TEXT_MAX.
 * EINVAL, ENOMEM. */
int ctl_report(struct ctl_reporter *reporter, const struct ctl_event *event);
/* Not taken by Redis yet. */
uint32_t ctl_reporter_kept(const struct ctl_reporter *reporter);
const struct ctl_counts *
ctl_reporter_counts(const struct ctl_reporter *reporter);
/* After a reload of keys. */
void ctl_reporter_keys(struct ctl_reporter *reporter, struct keyring *ring);

/* ---- the signalling worker -------------------------------------------------- */

struct ctl_listener;

/* token: for ctl_event_done(), to be copied if that comes later. An event that
 * is not done within CTL_EVENT_CLAIM_MS may be given again, to this worker or
 * to another one: what it causes must be fit for that. One that was done here
 * is not given here again. */
enum {
	CTL_EVENT_CLAIM_MS = 10000,
	CTL_EVENT_TOKEN_MAX = 41
};
typedef void(ctl_event_h)(const struct ctl_event *event,
			  const struct ctl_env *env, const char *token,
			  void *arg);

int ctl_listener_alloc(struct ctl_listener **listenerp,
		       const struct ctl_peer *peer, ctl_event_h *eventh,
		       void *arg);
void ctl_event_done(struct ctl_listener *listener, const char *token);
/* The same, and it is taken out of the stream: it may have told a secret. */
void ctl_event_forget(struct ctl_listener *listener, const char *token);
const struct ctl_counts *
ctl_listener_counts(const struct ctl_listener *listener);
/* After a reload of keys. */
void ctl_listener_keys(struct ctl_listener *listener, struct keyring *ring);

/* Follow cb:facts from now on; nothing needs to be done with them. */
struct ctl_follower;
typedef void(ctl_fact_h)(const struct ctl_event *fact,
			 const struct ctl_env *env, void *arg);
int ctl_follower_alloc(struct ctl_follower **followerp,
		       const struct ctl_peer *peer, ctl_fact_h *facth,
		       void *arg);

#endif
