/*
 * proxy.h  The SIP core of a worker: what happens to a message
 *
 * A proxy, not a phone: transactions are kept, dialogs are not (docs/
 * architecture.md). The one place that joins transactions, authentication,
 * routing, the registrar, call records and media.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_PROXY_H
#define SIGD_PROXY_PROXY_H

#include <stddef.h>
#include <stdint.h>

#include "common/call_log_store.h"
#include "common/metric.h"
#include "common/status.h"
#include "sigd/proxy/gate.h"
#include "sigd/call/session_timer.h"
#include "sigd/registrar/reg_request.h"
#include "sigd/transport/transport.h"
#include "sigd/txn/txn.h"

struct keyring;
struct media_client;
struct call_log_counts;
struct proxy;
struct redis_link;
struct resolver;
struct route_table;
struct trace;

/* Zero: the default. */
struct proxy_cfg {
	struct txn_cfg txn;
	struct reg_limits reg;
	uint32_t nonce_ms;    /* life of a nonce; 300,000 */
	uint32_t timer_c_ms;  /* RFC 3261 16.6 step 11; 180,000 */
	uint32_t setup_ms;    /* of all tries of a call; 210,000 */
	uint32_t takeover_ms; /* after which the set-ups of a dead worker are
				 ended by another one; 5,000 */
	uint32_t flow_grace_ms; /* for a device in a call to come back; 30,000 */
	uint32_t call_s;      /* ... and after it: the longest call; 43,200 */
	struct session_limits session; /* expires 0: off; min 0: 90 */
	uint32_t rtt_ms;      /* from one look at a call's round trips to the
				 next; 60,000 */
	uint32_t retry_s;     /* Retry-After of a 503: at least; 5 */
	struct gate_cfg gate; /* zero: no limit */
	uint32_t told_s; /* CDRs and news wait so long for receivers; 0: there
			    are none */
	struct call_log_cfg log; /* keep_s 0: calls have no logs */
};

/* How a listener appears in our Via, Record-Route and Contact. */
struct proxy_listener {
	enum flow_kind kind;
	const char *advertise; /* "host[:port]" */
	const char *name;      /* as in the configuration */
	int af;                /* of its sockets; AF_UNSPEC: of both */
};

/* All stays the caller's, and outlives the proxy. */
struct proxy_deps {
	const char *node;
	uint8_t slot;
	uint32_t epoch;
	struct wheel *wheel;
	const struct keyring *keyring;
	const struct route_table *routes;
	struct transport *transport;
	struct redis_link *redis;
	struct media_client *media;
	struct resolver *resolver; /* NULL: connections by address alone */
	struct trace *trace; /* NULL: nothing is traced */
	const struct proxy_listener *listeners; /* as in the transport */
	size_t nlisteners;
};

/* Requests that are no calls, by method. */
enum proxy_relay {
	PROXY_MESSAGE,
	PROXY_SUBSCRIBE,
	PROXY_NOTIFY,
	PROXY_PUBLISH,
	PROXY_REFER,
	PROXY_OPTIONS,
	PROXY_INFO,
	PROXY_RELAYS
};

struct proxy_relayed {
	uint64_t passed;  /* 2xx */
	uint64_t refused; /* by whom they were for */
	uint64_t failed;  /* nobody was there, or no answer came */
};

struct proxy_counts {
	uint64_t requests, responses;
	uint64_t malformed;    /* answered 400 and the like, or dropped */
	uint64_t strays;       /* responses of nothing of ours */
	uint64_t forwarded;    /* responses passed on to their worker */
	uint64_t auth_failed;
	uint64_t auth_locked;  /* too many wrong ones: not looked at */
	uint64_t refused_redis;/* 503: Redis was away */
	uint64_t calls;        /* INVITEs taken on */
	uint64_t answered;     /* ... that got a 2xx */
	uint64_t moved;        /* ... and went to another media worker */
	uint64_t unmoved;      /* ... or should have, and did not */
	struct proxy_relayed relayed[PROXY_RELAYS];
	uint64_t ended[STATUS_COUNT]; /* calls whose end we recorded */
	struct metric_hist heard; /* from an INVITE to the first answer that
				     its caller hears of: 18x or 2xx; ms */
};

/* Of `heard`. */
extern const struct metric_bounds proxy_heard_bounds;

int proxy_alloc(struct proxy **pxp, const struct proxy_cfg *cfg,
		const struct proxy_deps *deps);

/* The transport and the proxy need each other: made first, told here. */
void proxy_transport_set(struct proxy *px, struct transport *transport);
/* After a reload: the tables of new requests. */
void proxy_routes_set(struct proxy *px, const struct route_table *routes);
void proxy_keyring_set(struct proxy *px, const struct keyring *keyring);

/* Handlers for the transport (struct transport_handlers), arg is the proxy. */
void proxy_recv(const struct transport_src *src, const uint8_t *data,
		size_t len, void *arg);
void proxy_response(const struct transport_src *src, const uint8_t *data,
		    size_t len, void *arg);
void proxy_broken(const struct transport_src *src,
		  const struct transport_piece *piece, void *arg);
void proxy_peer_lost(const struct flow_id *peer, int err, void *arg);
int proxy_peer_terms(struct transport_peer *terms, const struct flow_id *peer,
		     void *arg);
void proxy_flow_gone(struct flow *flow, void *arg);
void proxy_pong(struct flow *flow, uint32_t us, void *arg);
void proxy_send_failed(uint64_t ref, int err, void *arg);
int proxy_token(struct flow *flow, const struct pl *token, void *arg);

/* No new calls or registrations from now on (503); what is within a dialog
 * goes on. */
void proxy_drain(struct proxy *px);
/* As before. */
void proxy_undrain(struct proxy *px);
/* The time for that is over: what still rings is refused and stops ringing. */
void proxy_give_up(struct proxy *px);

/* The call has ended, its session and record are gone. */
typedef void(proxy_ended_h)(const char *token, void *arg);

/* Texts are copied. */
struct proxy_loss {
	const char *call; /* our call id */
	const char *session; /* NULL: whichever it has */
	enum status reason;
	bool played; /* no loss: what was to be heard has been, and the call
			ends if it is answered */
	const char *token; /* of the event, up to PROXY_TOKEN_MAX bytes */
	proxy_ended_h *endedh;
	void *arg;
};

enum { PROXY_TOKEN_MAX = 47 };

/*
 * Media of a call is lost: end it on both sides, unless another session serves
 * it by now. endedh is called once it has
 * ended, by us or before; not when that failed: the event is to be given to
 * somebody again.
 */
void proxy_media_lost(struct proxy *px, const struct proxy_loss *loss);

/* Every LOAD_SAMPLE_MS: how busy this worker is. */
void proxy_sample(struct proxy *px, const struct load_sample *sample);

/* Plain data. */
struct proxy_key {
	const char *call; /* our call id */
	uint8_t leg;      /* whose far side is to be told of the key */
	uint8_t code;     /* 0..15 as in RFC 4733 */
	uint32_t ms;
};

/* mediad has heard a key for who hears of keys by INFO. */
void proxy_key_heard(struct proxy *px, const struct proxy_key *key);

const struct proxy_counts *proxy_counts(const struct proxy *px);
/* Of the logs of calls; NULL: there is no Redis. */
const struct call_log_counts *proxy_logged(const struct proxy *px);
const struct gate *proxy_gate(const struct proxy *px);
/* ALARM_KINDS of them. */
const uint64_t *proxy_alarm_counts(const struct proxy *px);
/* Users that are registered over connections of this worker. */
uint32_t proxy_registered(const struct proxy *px);
/* Calls being set up here. */
uint32_t proxy_setups(const struct proxy *px);
/* ... and requests under way. */
uint32_t proxy_busy(const struct proxy *px);
void proxy_txn_stats(const struct proxy *px, struct txn_stats *stats);

#endif
