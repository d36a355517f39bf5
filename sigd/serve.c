/*
 * serve.c  A sigd worker's parts, put together
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_client.h"
#include "common/control/ctl_event.h"
#include "common/control/ctl_node.h"
#include "common/countof.h"
#include "common/epoch.h"
#include "common/fault.h"
#include "common/keyring.h"
#include "common/log.h"
#include "common/publish.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/media/media_client.h"
#include "sigd/proxy/framer.h"
#include "sigd/proxy/proxy.h"
#include "sigd/registrar/registrar.h"
#include "sigd/table/routes_loader.h"
#include "sigd/sampler.h"
#include "sigd/serve_priv.h"
#include "sigd/sigd_metric.h"
#include "sigd/trace/trace.h"
#include "sigd/transport/certs.h"
#include "sigd/transport/resolve.h"
#include "sigd/upstream/upstream.h"

enum {
	DRAIN_CHECK_MS = 50,
	FIRST_SAY_MS = 1000,  /* Redis is away: said after so long */
	SAY_AGAIN_MS = 30000, /* and again */
};

_Static_assert((int)ROUTE_DEVICES_MAX <= (int)REGISTRAR_BINDINGS_MAX,
	       "what a user may have must fit an answer");

static void destructor(void *data)
{
	struct sigd *sigd = data;

	wheel_stop(&sigd->drain);
	wheel_stop(&sigd->say);
	mem_deref(sigd->wish);
	mem_deref(sigd->leave);
	mem_deref(sigd->standing);
	mem_deref(sigd->publish);
	mem_deref(sigd->vitals);
	mem_deref(sigd->metrics);
	mem_deref(sigd->sampler);
	mem_deref(sigd->upstream);
	/* flows tell the proxy that they end, so they go first */
	mem_deref(sigd->transport);
	mem_deref(sigd->proxy);
	mem_deref(sigd->trace);
	mem_deref(sigd->resolver);
	mem_deref(sigd->media);
	mem_deref(sigd->listener);
	mem_deref(sigd->nodes);
	mem_deref(sigd->ctl);
	mem_deref(sigd->epoch);
	mem_deref(sigd->redis);
	mem_deref(sigd->loader);
	sigd_files_drop(&sigd->next);
	sigd_files_drop(&sigd->files);
	mem_deref(sigd->listeners);
	mem_deref(sigd->sockets);
}

/* --- the parts --------------------------------------------------------------------- */

static void on_ended(const char *token, void *arg)
{
	struct sigd *sigd = arg;

	(void)FAULT("sigd.event.ended");
	ctl_event_done(sigd->listener, token);
}

/* One that comes again, as its worker died, would be heard twice: it is done
 * before it is told. */
static void key_heard(struct sigd *sigd, const struct ctl_event *event,
		      const char *token)
{
	const struct proxy_key key = {.call = event->call,
				      .leg = event->leg,
				      .code = (uint8_t)event->digit,
				      .ms = event->ms};

	ctl_event_forget(sigd->listener, token);
	proxy_key_heard(sigd->proxy, &key);
}

static void on_event(const struct ctl_event *event, const struct ctl_env *env,
		     const char *token, void *arg)
{
	struct sigd *sigd = arg;
	const bool played = event->kind == CTL_EV_LEG_PLAYED;
	const struct proxy_loss loss = {
		.call = event->call,
		.session = event->session,
		.reason = played	    ? STATUS_HANGUP
			  : event->why == STATUS_OK ? STATUS_MEDIA_LOST
						    : event->why,
		.played = played,
		.token = token,
		.endedh = on_ended,
		.arg = sigd};
	(void)env;

	if (event->kind == CTL_EV_LEG_DIGIT) {
		key_heard(sigd, event, token);
		return;
	}
	(void)FAULT("sigd.event.taken");
	/* a call without one of its legs is over: the other side is told */
	log_info(event->call, played ? "announcement over" : "media lost", "leg=%u why=%s", event->leg,
		 status_text(event->why));
	proxy_media_lost(sigd->proxy, &loss);
}

static int control_start(struct sigd *sigd, uint32_t epoch)
{
	const struct ctl_peer peer = {
		.addr = sigd->addr, .epoch = epoch, .link = sigd->redis,
		.cfg = &sigd->redis_cfg, .ring = sigd->files.ring,
		.wheel = sigd->worker->wheel};
	int err;

	err = ctl_client_alloc(&sigd->ctl, &peer, 0);
	if (!err)
		err = ctl_nodes_alloc(&sigd->nodes, sigd->redis,
				      sigd->worker->wheel);
	if (!err)
		err = media_client_alloc(&sigd->media, sigd->ctl,
					 sigd->nodes);
	return err ? err
		   : ctl_listener_alloc(&sigd->listener, &peer, on_event,
					sigd);
}

static void listener_fill(struct transport_listener *to,
			  const struct sigd_listener_cfg *from, int fd)
{
	*to = (struct transport_listener){
		.name = from->name, .kind = (enum flow_kind)from->kind,
		.fd = fd, .cert = from->certificate,
		.client_ca = from->client_ca,
		.balancers = from->balancers, .nbalancers = from->nbalancers,
		.norigins = from->norigins, .web_root = from->web_root};
	for (uint32_t i = 0; i < from->norigins; i++)
		to->origins[i] = from->origins[i];
}

/* The peers are those of the last reload. */
static int peer_find(struct sa *addr, const char *node, void *arg)
{
	const struct sigd *sigd = arg;
	const struct sigd_tunnel_cfg *tunnel = sigd->files.cfg->tunnel;

	for (uint32_t i = 0; tunnel && i < tunnel->npeers; i++) {
		if (strcmp(tunnel->peers[i].node, node))
			continue;
		*addr = tunnel->peers[i].address;
		return 0;
	}
	return ENOENT;
}

static const struct tube_tls_cfg *tunnel_fill(struct tube_tls_cfg *tls,
					      struct sigd *sigd)
{
	const struct worker_sock *sock =
		worker_sock_find(sigd->worker, SIGD_TUNNEL_SOCK);

	if (!sigd->cfg->tunnel)
		return NULL;

	sigd_tunnel_tls(tls, sigd->cfg->tunnel);
	tls->fd	     = sock ? sock->fd : -1;
	tls->lookuph = peer_find;
	tls->arg     = sigd;
	return tls;
}

static int transport_start(struct sigd *sigd, uint32_t epoch)
{
	const struct sigd_cfg *cfg = sigd->cfg;
	struct tube_tls_cfg tls;
	const struct sigd_websocket_cfg *ws = &cfg->websocket;
	struct transport_listener *l;
	struct transport_params params = {
		.node = sigd->worker->node, .slot = sigd->worker->slot,
		.epoch = epoch, .wheel = sigd->worker->wheel,
		.run_dir = cfg->run_dir, .nlisteners = cfg->nlisteners,
		.tube_tls = tunnel_fill(&tls, sigd),
		.certs = sigd->files.certs, .ring = sigd->files.ring,
		.framer = &proxy_framer,
		.limits = {.conns = ws->conns,
			   .conns_source = ws->conns_source,
			   .handshake_ms = ws->handshake_ms,
			   .message = ws->message, .queue = ws->queue,
			   .ping_ms = ws->ping_ms, .pong_ms = ws->pong_ms,
			   .idle_ms = ws->idle_ms,
			   .connect_ms = cfg->stream.connect_ms,
			   .whole_ms = cfg->stream.whole_ms,
			   .unread_ms = cfg->stream.unread_ms,
			   .silent_ms = cfg->stream.silent_ms},
		.h = {.taph = trace_tap, .tap_arg = sigd->trace,
		      .recvh = proxy_recv, .tokenh = proxy_token, .goneh = proxy_flow_gone, .pongh = proxy_pong,
		      .failedh = proxy_send_failed,
		      .responseh = proxy_response,
		      .brokenh = proxy_broken,
		      .losth = proxy_peer_lost,
		      .peerh = proxy_peer_terms, .arg = sigd->proxy}};
	char why[256] = "";
	int err;

	l = mem_zalloc(cfg->nlisteners * sizeof(*l), NULL);
	if (!l)
		return ENOMEM;
	for (uint32_t i = 0; i < cfg->nlisteners; i++)
		listener_fill(&l[i], &cfg->listeners[i],
			      sigd->worker->socks[i].fd);
	params.listeners = sigd->sockets = l;
	err = transport_alloc(&sigd->transport, &params, why, sizeof(why));
	if (err)
		log_error(NULL, "the listeners cannot serve", "why=%s err=%s",
			  why, strerror(err));
	return err;
}

static int trace_start(struct sigd *sigd)
{
	const struct sigd_trace_cfg *cfg = &sigd->cfg->trace;
	const struct sigd_homer_cfg *homer = cfg->homer;
	struct trace_cfg tc = {.store = {.keep_ms = cfg->keep_ms,
					 .call_bytes = cfg->call_size,
					 .bytes = cfg->size,
					 .memory = cfg->memory},
			       .keys = cfg->keys};

	if (homer) {
		tc.homer = homer->address;
		tc.homer_tcp = homer->transport == FLOW_TCP;
		tc.homer_id = homer->id;
		tc.homer_key = homer->key;
	}
	return trace_alloc(&sigd->trace, &tc, sigd->addr, sigd->redis,
			   sigd->worker->wheel);
}

static int proxy_start(struct sigd *sigd, uint32_t epoch)
{
	const struct sigd_cfg *cfg = sigd->cfg;
	const struct sigd_sip_cfg *sip = &cfg->sip;
	struct proxy_cfg pc = {
		.txn = {.t1 = sip->t1_ms, .t2 = sip->t2_ms,
			.t4 = sip->t4_ms, .max = sip->transactions,
			.mem = sip->transaction_memory / 1024},
		.reg = {.expires_min = cfg->registrar.min_ms / 1000,
			.expires_max = cfg->registrar.max_ms / 1000,
			.expires_default = cfg->registrar.default_ms / 1000,
			.devices_max = cfg->registrar.devices},
		.nonce_ms = sip->nonce_ms,
		.timer_c_ms = sip->timer_c_ms,
		.setup_ms = sip->setup_ms,
		.takeover_ms = sip->takeover_ms,
		.flow_grace_ms = sip->flow_grace_ms,
		.call_s = sip->call_ms / 1000,
		.session = {.expires = sip->session_ms / 1000,
			    .min = sip->min_se_ms / 1000},
		.retry_s = sip->retry_ms / 1000,
		.gate = cfg->limits,
		.told_s = (cfg->events.keep_ms + 999) / 1000};
	const struct proxy_deps deps = {
		.node = sigd->worker->node, .slot = sigd->worker->slot,
		.epoch = epoch, .wheel = sigd->worker->wheel,
		.keyring = sigd->files.ring, .routes = sigd->files.routes,
		.redis = sigd->redis, .media = sigd->media,
		.resolver = sigd->resolver, .trace = sigd->trace,
		.listeners = sigd->listeners,
		.nlisteners = cfg->nlisteners};

	sigd_cfg_call_log(&pc.log, cfg);
	return proxy_alloc(&sigd->proxy, &pc, &deps);
}

static int sampler_start(struct sigd *sigd)
{
	struct sampler_params params = {
		.proxy = sigd->proxy, .redis = sigd->redis,
		.wheel = sigd->worker->wheel,
		.transactions = sigd->cfg->sip.transactions};
	int udp[SAMPLER_SOCKS_MAX];

	params.udp = udp;
	for (uint32_t i = 0;
	     i < sigd->cfg->nlisteners && params.nudp < COUNTOF(udp); i++) {
		if (sigd->cfg->listeners[i].kind == FLOW_UDP)
			udp[params.nudp++] = sigd->worker->socks[i].fd;
	}
	return sampler_alloc(&sigd->sampler, &params);
}

/* What operators want is known, too: whoever is to be empty takes nothing. */
void sigd_begin(struct sigd *sigd)
{
	const uint32_t epoch = sigd->life;
	int err = control_start(sigd, epoch);

	if (!err)
		err = trace_start(sigd);
	if (!err)
		err = proxy_start(sigd, epoch);
	if (!err)
		err = transport_start(sigd, epoch);
	if (!err)
		err = sampler_start(sigd);
	if (err) {
		log_error(NULL, "the worker cannot serve", "err=%s",
			  strerror(err));
		worker_quit(sigd->worker, WORKER_EXIT_CONFIG);
		return;
	}
	proxy_transport_set(sigd->proxy, sigd->transport);
	if (upstream_alloc(&sigd->upstream, sigd->proxy))
		log_error(NULL, "no registration at a PBX is kept here", NULL);
	if (sigd_figures_start(sigd))
		log_warn(NULL, "figures are not published", NULL);
	sigd_routes_tell(sigd);
	log_info(NULL, "serving", "epoch=%u", epoch);
	sigd->events.readyh(sigd->events.arg);
}

static void on_epoch(uint32_t epoch, void *arg)
{
	struct sigd *sigd = arg;

	sigd->life = epoch;
	if (sigd_node_start(sigd)) {
		log_error(NULL, "the worker cannot serve", "err=%s",
			  strerror(ENOMEM));
		worker_quit(sigd->worker, WORKER_EXIT_CONFIG);
	}
}

/* --- Redis ------------------------------------------------------------------------------- */

static const char *redis_where(const struct sigd *sigd)
{
	const struct sigd_redis_cfg *redis = &sigd->cfg->redis;

	return redis->path ? redis->path : redis->host;
}

/* At the start the link tells nothing until it is up for the first time. */
static void on_say(void *arg)
{
	struct sigd *sigd = arg;

	if (redis_link_up(sigd->redis))
		return;

	log_warn(NULL, "redis cannot be used: retrying", "redis=%s why=%s",
		 redis_where(sigd), redis_link_why(sigd->redis));
	wheel_start(sigd->worker->wheel, &sigd->say, SAY_AGAIN_MS, on_say,
		    sigd);
}

static void on_redis(bool up, void *arg)
{
	struct sigd *sigd = arg;

	if (up) {
		log_info(NULL, "redis reached", "redis=%s", redis_where(sigd));
		wheel_stop(&sigd->say);
		return;
	}
	log_warn(NULL, "redis lost: calls go on, new ones are refused",
		 "redis=%s why=%s", redis_where(sigd),
		 redis_link_why(sigd->redis));
	wheel_start(sigd->worker->wheel, &sigd->say, SAY_AGAIN_MS, on_say,
		    sigd);
}

static void redis_fill(struct redis_cfg *to, const struct sigd_redis_cfg *from)
{
	to->path     = from->path;
	to->host     = from->host;
	to->port     = from->port;
	to->user     = from->user;
	to->password = from->password;
	to->name     = "sigd";
}

/* How others reach a listener: as configured, or as bound. */
static int listeners_fill(struct sigd *sigd)
{
	const struct sigd_cfg *cfg = sigd->cfg;
	size_t size = sizeof(struct proxy_listener) + 64;
	char *text;

	sigd->listeners = mem_zalloc(cfg->nlisteners * size, NULL);
	if (!sigd->listeners)
		return ENOMEM;

	text = (char *)(sigd->listeners + cfg->nlisteners);
	for (uint32_t i = 0; i < cfg->nlisteners; i++, text += 64) {
		const struct sigd_listener_cfg *l = &cfg->listeners[i];

		re_snprintf(text, 64, "%J", &l->bind);
		sigd->listeners[i] = (struct proxy_listener){
			(enum flow_kind)l->kind,
			l->advertise ? l->advertise : text, l->name,
			sa_af(&l->bind)};
	}
	return 0;
}

int sigd_alloc(struct sigd **sigdp, struct worker *worker,
	       const struct sigd_events *events)
{
	struct sigd *sigd = mem_zalloc(sizeof(*sigd), destructor);
	const struct sigd_setup *setup = worker->cfg;
	int err;

	if (!sigd)
		return ENOMEM;

	sigd->cfg    = setup->cfg;
	sigd->worker = worker;
	sigd->events = *events;
	re_snprintf(sigd->addr, sizeof(sigd->addr), "%s/%u", worker->node,
		    worker->slot);
	redis_fill(&sigd->redis_cfg, &sigd->cfg->redis);
	sigd->files.ring   = mem_ref(setup->files.ring);
	sigd->files.routes = mem_ref(setup->files.routes);
	sigd->files.certs  = mem_ref(setup->files.certs);
	sigd->files.cfg	   = mem_ref(setup->files.cfg);
	err = listeners_fill(sigd);
	if (!err)
		err = routes_loader_alloc(&sigd->loader, worker->wheel,
					  sigd->cfg->routing,
					  sigd_on_routes, sigd);
	if (!err)
		err = resolver_alloc(&sigd->resolver, worker->wheel,
				     &(struct resolver_cfg){.servers = NULL});
	if (!err)
		err = redis_link_alloc(&sigd->redis, &sigd->redis_cfg,
				       worker->wheel, on_redis, sigd);
	if (!err)
		err = epoch_alloc(&sigd->epoch, sigd->redis, worker->wheel,
				  on_epoch, sigd);
	if (err) {
		mem_deref(sigd);
		return err;
	}
	wheel_start(worker->wheel, &sigd->say, FIRST_SAY_MS, on_say, sigd);
	*sigdp = sigd;
	return 0;
}

/* --- drain ----------------------------------------------------------------------------------- */

static void on_drain(void *arg)
{
	struct sigd *sigd = arg;

	if (sigd->proxy && wheel_now(sigd->worker->wheel) >= sigd->drain_end_ms)
		proxy_give_up(sigd->proxy);
	if (sigd->proxy && proxy_busy(sigd->proxy))
		wheel_start(sigd->worker->wheel, &sigd->drain, DRAIN_CHECK_MS,
			    on_drain, sigd);
	else
		sigd->events.drainedh(sigd->events.arg);
}

void sigd_drain(struct sigd *sigd)
{
	if (sigd->transport)
		transport_drain(sigd->transport);
	if (sigd->proxy)
		proxy_drain(sigd->proxy);
	sigd->drain_end_ms =
		wheel_now(sigd->worker->wheel) + sigd->cfg->drain_ms;
	/* it says so, before it may be gone */
	publish_now(sigd->publish);
	wheel_start(sigd->worker->wheel, &sigd->drain, DRAIN_CHECK_MS, on_drain,
		    sigd);
}
