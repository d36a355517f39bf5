/*
 * proxy.c  The SIP core of a worker: its life, and the doors to it
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/due.h"
#include "common/log.h"
#include "common/redis_link.h"
#include "sigd/auth/guess.h"
#include "sigd/guard/alarm.h"
#include "sigd/journal/journal.h"
#include "sigd/proxy/diary.h"
#include "sigd/proxy/conn/conn_figures.h"
#include "sigd/proxy/conn/conn_pins.h"
#include "sigd/proxy/conn/call_rate.h"
#include "sigd/proxy/conn/conn_rtt.h"
#include "sigd/proxy/conn/conn_way.h"
#include "sigd/proxy/conn/health.h"
#include "sigd/proxy/conn/live.h"
#include "sigd/proxy/conn/turns.h"
#include "sigd/proxy/conn/way_health.h"
#include "sigd/proxy/end/call_due.h"
#include "sigd/proxy/end/hangup.h"
#include "sigd/proxy/end/rebind.h"
#include "sigd/proxy/end/takeover.h"
#include "sigd/proxy/end/worker_due.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/indialog/indialog.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/move/media_watch.h"
#include "sigd/proxy/move/move.h"
#include "sigd/proxy/move/reinvite.h"
#include "sigd/proxy/news.h"
#include "sigd/proxy/orders.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/register/reg_expiry.h"
#include "sigd/proxy/relay/relay.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/refused.h"
#include "sigd/proxy/request.h"
#include "sigd/proxy/who/tokens.h"

const struct metric_bounds proxy_heard_bounds = {
	1000, 12,
	{10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 60000}};

enum { GUESSERS = 24576, POLL_MS_MAX = 1000, BEGUN_BUCKETS = 4096 };

static void defaults(struct proxy_cfg *cfg)
{
	reg_limits_default(&cfg->reg);
	if (!cfg->nonce_ms)
		cfg->nonce_ms = 300000;
	if (!cfg->timer_c_ms)
		cfg->timer_c_ms = 180000;
	if (!cfg->setup_ms)
		cfg->setup_ms = 210000;
	if (!cfg->takeover_ms)
		cfg->takeover_ms = 5000;
	if (!cfg->flow_grace_ms)
		cfg->flow_grace_ms = 30000;
	if (!cfg->call_s)
		cfg->call_s = 43200;
	if (!cfg->session.min)
		cfg->session.min = 90;
	if (!cfg->rtt_ms)
		cfg->rtt_ms = 60000;
	if (!cfg->retry_s)
		cfg->retry_s = 5;
}

/* Often enough for each of the times that are looked after so, and at least
 * once a second. */
static uint32_t poll_ms(const struct proxy_cfg *cfg)
{
	const uint32_t ms = min(cfg->takeover_ms / 5, cfg->flow_grace_ms / 8);

	return min(ms, (uint32_t)POLL_MS_MAX);
}

static void destructor(void *data)
{
	struct proxy *px = data;

	/* what ends here would say so, and the transport ended before us */
	px->deps.transport = NULL;
	px->orders = mem_deref(px->orders);
	list_flush(&px->jobs);
	list_flush(&px->dialogs);
	list_flush(&px->invites);
	hash_clear(px->begun);
	px->begun = mem_deref(px->begun);
	list_flush(&px->relays);
	list_flush(&px->tasks);
	list_flush(&px->hangups);
	px->media_watch = mem_deref(px->media_watch);
	list_flush(&px->moves);
	list_flush(&px->reinvites);
	list_flush(&px->byes);
	list_flush(&px->rtt_asks);
	list_flush(&px->rtt_calls);
	mem_deref(px->conn_rtts);
	list_flush(&px->looks);
	list_flush(&px->rebinds);
	redis_link_forget(px->deps.redis, px);
	mem_deref(px->setups);
	mem_deref(px->losses);
	mem_deref(px->calls);
	mem_deref(px->bindings);
	worker_due_stop(px);
	mem_deref(px->poll);
	mem_deref(px->txns);
	mem_deref(px->guess);
	mem_deref(px->gate);
	mem_deref(px->alarms);
	mem_deref(px->news);
	mem_deref(px->journal);
	mem_deref(px->diary);
	mem_deref(px->refusals);
	mem_deref(px->conns);
	mem_deref(px->turns);
	mem_deref(px->rates);
	mem_deref(px->live);
	mem_deref(px->health);
	mem_deref(px->pins);
	mem_deref(px->tokens);
	mem_deref(px->ways);
	mem_deref(px->buf);
}

static int on_send(const struct txn_dest *dest, const uint8_t *msg, size_t len,
		   void *arg)
{
	struct proxy *px = arg;
	struct flow_id id;
	int err = flow_of_dest(&id, dest);

	if (err)
		return err;
	err = transport_send(px->deps.transport, &id, msg, len, px->send_ref);
	return err == ENOTCONN ? conn_answer(px, &id, msg, len) : err;
}

/* Who guards the door: what comes in is counted there. */
static int guards_alloc(struct proxy *px)
{
	const struct proxy_deps *deps = &px->deps;
	int err = guess_alloc(&px->guess, GUESSERS);

	if (!err)
		err = alarms_alloc(&px->alarms, deps->redis, deps->wheel,
				   px->worker);
	if (!err)
		err = news_alloc(&px->news, deps->redis, deps->wheel,
				 px->cfg.told_s);
	if (!err && deps->redis && px->cfg.log.keep_s)
		err = call_log_writer_alloc(&px->diary, &px->cfg.log,
					    deps->redis, deps->wheel,
					    px->worker);
	if (!err)
		err = bucket_table_alloc(&px->refusals, REFUSED_TENANTS);
	if (!err)
		err = journal_alloc(&px->journal, deps->redis, deps->wheel);
	if (!err)
		err = gate_alloc(&px->gate, &px->cfg.gate, deps->wheel,
				 px->alarms);
	if (!err)
		err = tokens_alloc(&px->tokens, deps->wheel);
	if (!err)
		tokens_routes_set(px->tokens, deps->routes);
	return err;
}

/* What is seen to although nobody asks: calls and workers that are gone. */
static int watches_start(struct proxy *px)
{
	const struct proxy_deps *deps = &px->deps;
	int err = due_poll_alloc(&px->poll, deps->redis, deps->wheel,
				 poll_ms(&px->cfg));

	if (!err)
		err = takeover_start(px);
	if (!err)
		err = rebind_start(px);
	if (!err)
		err = call_due_start(px);
	if (!err)
		err = reg_expiry_start(px);
	if (!err)
		err = worker_due_start(px);
	if (!err && deps->redis)
		err = media_watch_alloc(&px->media_watch, px);
	if (!err && deps->redis)
		err = orders_alloc(&px->orders, px);
	return err;
}

/* What is known of connections, beside the table. */
static int connections_alloc(struct proxy *px)
{
	const struct proxy_deps *deps = &px->deps;
	int err = conn_figures_alloc(&px->conns, deps->redis, deps->wheel,
				     px->worker);

	if (!err)
		err = conn_pins_alloc(&px->pins, deps->redis, deps->wheel);
	if (!err)
		err = conn_rtts_alloc(&px->conn_rtts, px->journal, deps->wheel);
	if (!err && deps->redis)
		err = health_alloc(&px->health, deps->redis, deps->wheel);
	if (!err)
		err = live_alloc(&px->live, px);
	if (!err)
		err = call_rates_alloc(&px->rates, px);
	if (!err)
		err = turns_alloc(&px->turns);
	return err ? err : way_health_alloc(&px->ways);
}

int proxy_alloc(struct proxy **pxp, const struct proxy_cfg *cfg,
		const struct proxy_deps *deps)
{
	struct proxy *px = mem_zalloc(sizeof(*px), destructor);
	int err;

	if (!px)
		return ENOMEM;

	px->cfg	 = *cfg;
	px->deps = *deps;
	px->counts.heard.bounds = &proxy_heard_bounds;
	defaults(&px->cfg);
	re_snprintf(px->worker, sizeof(px->worker), "%s/%u", deps->node,
		    deps->slot);
	re_snprintf(px->at, sizeof(px->at), "%s/%u", px->worker, deps->epoch);
	px->buf = mem_alloc(SMSG_MAX, NULL);
	err = px->buf ? txn_table_alloc(&px->txns, &px->cfg.txn, deps->wheel,
					on_send, px)
		      : ENOMEM;
	err = err ? err : hash_alloc(&px->begun, BEGUN_BUCKETS);
	err = err ? err : guards_alloc(px);
	err = err ? err : connections_alloc(px);
	err = err ? err : watches_start(px);
	if (err)
		mem_deref(px);
	else
		*pxp = px;
	return err;
}

void proxy_drain(struct proxy *px)
{
	px->draining = true;
}

void proxy_undrain(struct proxy *px)
{
	px->draining = false;
}

uint32_t proxy_registered(const struct proxy *px)
{
	return px->registered;
}

void proxy_transport_set(struct proxy *px, struct transport *transport)
{
	px->deps.transport = transport;
}

void proxy_routes_set(struct proxy *px, const struct route_table *routes)
{
	px->deps.routes = routes;
	tokens_routes_set(px->tokens, routes);
}

void proxy_keyring_set(struct proxy *px, const struct keyring *keyring)
{
	px->deps.keyring = keyring;
}

enum { UDP_PORT_DEFAULT = 5060 };

/* Over UDP without rport: the port that the Via names (RFC 3261 18.2.2). Never
 * another address than that of the source. */
static void answer_to(struct txn_dest *dest, const struct transport_src *src,
		      const struct smsg *msg)
{
	struct flow_id id = src->id;

	if (id.kind == FLOW_UDP && msg->via.host.l && !msg->via.rport)
		sa_set_port(&id.remote,
			    msg->via.port ? msg->via.port : UDP_PORT_DEFAULT);
	dest_of_flow(dest, &id);
}

static void serve(struct proxy *px, const struct transport_src *src,
		  const struct smsg *msg, bool forwarded)
{
	struct request rq = {.px = px, .src = src, .msg = msg};

	if (!msg->request) {
		response_serve(px, src, msg, forwarded);
	} else if (forwarded && msg->method == SMSG_ACK) {
		indialog_acked(px, msg);
	} else {
		rq.passed = forwarded;
		answer_to(&rq.dest, src, msg);
		request_serve(&rq);
	}
}

static void refuse(struct proxy *px, const struct transport_src *src,
		   const struct smsg *msg, const struct smsg_err *err)
{
	struct request rq = {.px = px, .src = src, .msg = msg};

	answer_to(&rq.dest, src, msg);
	reply_stateless(px, &rq, err);
}

/* The bytes are the transport's: the view wants its own, to unfold header
 * lines in place. */
struct arrival {
	struct smsg view;
	uint8_t bytes[];
};

/* Answers and forwards tell where the request came from (RFC 3261 18.2.1,
 * RFC 3581). */
static void source_set(struct smsg *msg, const struct transport_src *src)
{
	char host[64];
	struct pl pl;

	if (!src->remote)
		return;

	re_snprintf(host, sizeof(host), "%j", src->remote);
	pl_set_str(&pl, host);
	(void)smsg_source_set(msg, &pl, sa_port(src->remote));
}

static void arrive(struct proxy *px, const struct transport_src *src,
		   const struct pl *raw, bool forwarded)
{
	struct arrival *in = mem_alloc(sizeof(*in) + raw->l, NULL);
	struct smsg_err err;
	int bad;

	if (!in)
		return;

	memcpy(in->bytes, raw->p, raw->l);
	bad = smsg_decode(&in->view, in->bytes, raw->l, NULL, &err);
	source_set(&in->view, src);
	if (!bad)
		serve(px, src, &in->view, forwarded);
	else if (!forwarded)
		refuse(px, src, &in->view, &err);
	mem_deref(in);
}

void proxy_recv(const struct transport_src *src, const uint8_t *data,
		size_t len, void *arg)
{
	const struct pl raw = {(const char *)data, len};

	arrive(arg, src, &raw, false);
}

/* A stream that lost its step (RFC 3261 18.3): said, when the head can be
 * answered, before it is closed. */
void proxy_broken(const struct transport_src *src,
		  const struct transport_piece *piece, void *arg)
{
	struct arrival *in = mem_alloc(sizeof(*in) + piece->len, NULL);
	struct smsg_err err;

	if (!in)
		return;

	memcpy(in->bytes, piece->data, piece->len);
	if (!smsg_decode(&in->view, in->bytes, piece->len, NULL, &err))
		err.answerable = in->view.request &&
				 in->view.method != SMSG_ACK;
	err.scode = 400;
	err.reason = piece->why;
	source_set(&in->view, src);
	refuse(arg, src, &in->view, &err);
	mem_deref(in);
}

void proxy_response(const struct transport_src *src, const uint8_t *data,
		    size_t len, void *arg)
{
	const struct pl raw = {(const char *)data, len};

	arrive(arg, src, &raw, true);
}

void proxy_send_failed(uint64_t ref, int err, void *arg)
{
	struct proxy *px = arg;

	log_debug(NULL, "a message did not reach its flow", "ref=%llu err=%d",
		  (unsigned long long)ref, err);
	invite_send_failed(px, ref, err);
	indialog_send_failed(px, ref, err);
	relay_send_failed(px, ref, err);
	reinvite_send_failed(px, ref, err);
}

void proxy_sample(struct proxy *px, const struct load_sample *sample)
{
	gate_sample(px->gate, sample);
}

const struct gate *proxy_gate(const struct proxy *px)
{
	return px->gate;
}

const uint64_t *proxy_alarm_counts(const struct proxy *px)
{
	return alarm_counts(px->alarms);
}

const struct call_log_counts *proxy_logged(const struct proxy *px)
{
	return px->diary ? call_log_counts(px->diary) : NULL;
}

const struct proxy_counts *proxy_counts(const struct proxy *px)
{
	return &px->counts;
}

uint32_t proxy_setups(const struct proxy *px)
{
	return invite_pending(px);
}

uint32_t proxy_busy(const struct proxy *px)
{
	return list_count(&px->jobs) + invite_pending(px) +
	       list_count(&px->relays) + list_count(&px->tasks) +
	       move_count(px) +
	       hangup_pending(px);
}

void proxy_txn_stats(const struct proxy *px, struct txn_stats *stats)
{
	txn_table_stats(px->txns, stats);
}
