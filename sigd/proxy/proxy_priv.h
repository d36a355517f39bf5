/*
 * proxy_priv.h  The proxy's root: what its stations share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_PROXY_PRIV_H
#define SIGD_PROXY_PROXY_PRIV_H

#include <stdbool.h>
#include <re.h>

#include "common/status.h"
#include "sigd/call/call_record.h"
#include "sigd/call/cookie.h"
#include "sigd/proxy/proxy.h"
#include "sigd/sip/smsg.h"
#include "sigd/sip/smsg_edit.h"

struct alarms;
struct journal;
struct bucket_table;
struct call_log_writer;
struct news;
struct conn_figures;
struct conn_pins;
struct conn_rtts;
struct due;
struct due_poll;
struct guess;
struct health;
struct call_rates;
struct live;
struct media_watch;
struct orders;
struct turns;
struct tokens;
struct way_health;
struct worker_due;

struct proxy {
	struct proxy_cfg cfg;
	struct proxy_deps deps;
	struct txn_table *txns;
	struct guess *guess;   /* wrong passwords of late */
	struct alarms *alarms;
	struct news *news;
	struct journal *journal; /* of devices and connections */
	struct bucket_table *refusals; /* that were told of (refused.h) */
	struct call_log_writer *diary; /* diary.h; NULL: no Redis */
	struct gate *gate;
	struct list jobs;      /* requests under way (struct job) */
	struct list dialogs;   /* ... within dialogs (struct indialog) */
	struct list invites;   /* calls being set up (struct invite) */
	struct hash *begun;    /* ... by their call */
	struct list relays;    /* ... that are no calls (struct relay) */
	struct list rebinds;   /* flows that come and go (struct rebind) */
	struct list tasks;     /* things to finish on our own (struct task) */
	struct list hangups;   /* ends of calls (struct hangup) */
	struct list byes;      /* of ours (struct bye) */
	struct list moves;     /* calls on their way to other media workers */
	struct list reinvites; /* what these are told (struct reinvite) */
	struct conn_rtts *conn_rtts; /* round trips of connections' calls */
	struct list rtt_asks;  /* round trips of calls (call_rtt.c) */
	struct list rtt_calls; /* that are up and were answered here */
	uint32_t rtt_watched;  /* ... as many */
	struct list looks;     /* for devices that did not come back */
	struct media_watch *media_watch; /* who of these is gone */
	struct orders *orders; /* of operators, for us */
	bool draining;
	uint32_t registered;   /* users over connections of ours */
	uint32_t branch_num;   /* last one used */
	uint64_t send_ref;     /* of what is being sent; 0: none */
	struct proxy_counts counts;
	struct conn_figures *conns; /* what each connection has done */
	struct health *health; /* how connections are doing */
	struct live *live;     /* what calls to them have come to */
	struct call_rates *rates; /* how many a second may come */
	struct turns *turns;   /* of groups */
	struct conn_pins *pins; /* what their challenges have shown */
	struct tokens *tokens; /* whose keys are known */
	struct way_health *ways; /* which addresses failed us lately */
	char worker[COOKIE_MEDIA_MAX + 1]; /* "node/slot" of ours */
	char at[CALL_AT_MAX + 1];          /* "node/slot/epoch" */
	struct due_poll *poll; /* for all these: */
	struct due *setups;    /* calls without an answer (takeover.c) */
	struct due *losses;    /* calls of flows that ended (rebind.c) */
	struct due *calls;     /* that are up, or ending (call_due.c) */
	struct due *bindings;  /* that end (reg_expiry.c) */
	struct worker_due *life; /* of this worker, and of others */
	uint32_t restored;     /* INVITEs of other workers, being ended */
	uint8_t *buf;          /* for one message, SMSG_MAX bytes */
};

/* Unix time. */
uint64_t proxy_unix_ms(void);

#endif
