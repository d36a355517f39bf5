/*
 * transport.c  Bytes in and out of a sigd worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/loop.h"
#include "sigd/transport/accept.h"
#include "sigd/transport/edge_ws.h"
#include "sigd/transport/flow_priv.h"
#include "sigd/transport/sock_stream.h"
#include "sigd/transport/sock_udp.h"
#include "sigd/transport/transport_pack.h"
#include "sigd/transport/transport_priv.h"
#include "sigd/transport/web_files.h"

enum {
	FLOW_BUCKETS = 4096
};

static void set_limits(struct transport_limits *out,
		       const struct transport_limits *in)
{
	*out = (struct transport_limits){
		.conns = 10000,
		.conns_source = 500,
		.handshake_ms = 5000,
		.message = 65536,
		.queue = 262144,
		.ping_ms = 30000,
		.pong_ms = 10000,
		.close_ms = 2000,
		.unacked_ms = 20000,
		.idle_ms = 30000,
		.connect_ms = 4000,
		.whole_ms = 10000,
		.unread_ms = 10000,
		.silent_ms = 600000,
	};
#define SET(name)                             \
	do {                                  \
		if (in->name)                 \
			out->name = in->name; \
	} while (0)
	SET(conns);
	SET(conns_source);
	SET(handshake_ms);
	SET(message);
	SET(queue);
	SET(ping_ms);
	SET(pong_ms);
	SET(close_ms);
	SET(unacked_ms);
	SET(idle_ms);
	SET(connect_ms);
	SET(whole_ms);
	SET(unread_ms);
	SET(silent_ms);
#undef SET
	/* What the tunnel can carry */
	out->message = min(out->message, 65536u);
}

/* --- from below --------------------------------------------------------- */

static struct transport_src src_of(struct flow *flow, uint8_t listener)
{
	return (struct transport_src){
		.id = stream_is(flow) ? *stream_id(flow) : *flow_id_of(flow),
		.flow = flow,
		.local = flow_local(flow),
		.remote = flow_remote(flow),
		.listener = listener,
	};
}

static void tap_in(struct transport *transport, enum flow_kind kind,
		   const struct transport_src *src, const uint8_t *data,
		   size_t len)
{
	const struct transport_tap tap = {false, kind, src->local,
					  src->remote, data, len};

	if (transport->h.taph)
		transport->h.taph(&tap, transport->h.tap_arg);
}

static void on_recv(struct flow *flow, uint8_t listener,
			 const uint8_t *data, size_t len, void *arg)
{
	struct transport *transport = arg;
	const struct transport_src src = src_of(flow, listener);

	tap_in(transport, (enum flow_kind)flow_id_of(flow)->kind, &src, data,
	       len);
	transport->h.recvh(&src, data, len, transport->h.arg);
}

static void on_broken(struct flow *flow, uint8_t listener,
		      const struct transport_piece *piece, void *arg)
{
	struct transport *transport = arg;
	const struct transport_src src = src_of(flow, listener);

	if (transport->h.brokenh)
		transport->h.brokenh(&src, piece, transport->h.arg);
}

static void on_lost_peer(const struct flow_id *peer, int err, void *arg)
{
	struct transport *transport = arg;

	if (transport->h.losth)
		transport->h.losth(peer, err, transport->h.arg);
}

static void on_open(struct flow *flow, void *arg)
{
	struct transport *transport = arg;

	if (transport->h.openh)
		transport->h.openh(flow, transport->h.arg);
}

static void on_gone(struct flow *flow, void *arg)
{
	struct transport *transport = arg;
	const struct flow_ask *ask;

	for (size_t i = 0; (ask = flow_ask_get(flow, i)); i++)
		transport_tell_failed(transport, &ask->src, ask->ref, ENOTCONN);
	if (transport->h.goneh)
		transport->h.goneh(flow, transport->h.arg);
}

static void on_pong(struct flow *flow, uint32_t us, void *arg)
{
	struct transport *transport = arg;

	if (transport->h.pongh)
		transport->h.pongh(flow, us, transport->h.arg);
}

static void on_left(const struct sa *remote, void *arg)
{
	struct transport *transport = arg;

	accept_gate_leave(transport->gate, remote);
}

static void on_accept(int fd, const struct sa *remote, void *arg)
{
	struct listener *on = arg;
	const bool sip = on->cfg->kind == FLOW_TCP || on->cfg->kind == FLOW_TLS;

	if (sip ? stream_take(on->transport->streams, on->index, fd, remote)
		: edge_take(on->transport->edge, on->index, fd, remote))
		accept_gate_leave(on->transport->gate, remote);
}

static bool on_full(void *arg)
{
	struct transport *transport = arg;

	struct edge *edge = transport->edge;
	struct stream_set *streams = transport->streams;

	if ((edge && edge_evict(edge)) || (streams && stream_evict(streams)))
		return true;
	if (!(edge && edge_evict_idle(edge)) &&
	    !(streams && stream_evict_idle(streams)))
		return false;
	++transport->counts.evicted;
	return true;
}

static void on_udp(const struct sa *local, const struct sa *remote,
		   const uint8_t *data, size_t len, void *arg)
{
	struct listener *on = arg;
	struct transport *transport = on->transport;
	struct transport_src src = {
		.id = transport->self,
		.local = local,
		.remote = remote,
		.listener = on->index,
	};

	src.id.kind = FLOW_UDP;
	src.id.listener = on->index;
	src.id.remote = *remote;
	tap_in(transport, FLOW_UDP, &src, data, len);
	transport->h.recvh(&src, data, len, transport->h.arg);
}

bool transport_flow_named(const struct flow *flow, const char *name)
{
	return stream_named(flow, name);
}

/* --- from above --------------------------------------------------------- */

static void tap_out(struct transport *transport, const struct flow_id *dst,
		    const struct flow *flow, const uint8_t *data, size_t len)
{
	struct transport_tap tap = {true, (enum flow_kind)dst->kind, NULL,
				    &dst->remote, data, len};

	if (flow) {
		tap.local = flow_local(flow);
		tap.remote = flow_remote(flow);
	} else if (dst->kind == FLOW_UDP) {
		tap.local = sock_udp_local(transport->on[dst->listener].udp);
	}
	if (transport->h.taph)
		transport->h.taph(&tap, transport->h.tap_arg);
}

static int send_udp(struct transport *transport, const struct flow_id *dst,
		    const uint8_t *data, size_t len)
{
	if (dst->listener >= transport->nlisteners ||
	    !transport->on[dst->listener].udp)
		return ENOTCONN;
	return sock_udp_send(transport->on[dst->listener].udp, &dst->remote,
			     data, len);
}

static int send_peer(struct transport *transport, const struct flow_id *dst,
		     struct flow **flowp, const uint8_t *data, size_t len)
{
	return transport->streams ? stream_send_peer(transport->streams, flowp,
						     dst, data, len)
				  : EHOSTUNREACH;
}

/* A flow of this worker, or a UDP peer that any worker of the box can reach:
 * the sockets of a listener share one address. */
int transport_send_here(struct transport *transport, const struct flow_id *dst,
		     const uint8_t *data, size_t len)
{
	struct flow *flow = NULL;
	int err;

	if (dst->kind == FLOW_UDP) {
		err = send_udp(transport, dst, data, len);
	} else if (flow_id_addressed(dst)) {
		err = send_peer(transport, dst, &flow, data, len);
	} else {
		flow = flow_table_find(transport->flows, dst);
		err = flow ? flow->ops->send(flow, data, len) : ENOTCONN;
	}
	if (!err)
		tap_out(transport, dst, flow, data, len);
	return err;
}

int transport_send(struct transport *transport, const struct flow_id *dst,
		   const uint8_t *data, size_t len, uint64_t ref)
{
	struct tube_frame frame = {.type = FRAME_SEND, .ref = ref};
	uint8_t head[TRANSPORT_PACK_MAX];
	struct tube_addr to = {.slot = 0};
	struct pl h, b;
	size_t n;

	if (!transport || !data || !flow_id_isset(dst))
		return EINVAL;
	if (!len || len > transport->limits.message)
		return EMSGSIZE;

	if (!strcmp(dst->node, transport->self.node) &&
	    (flow_id_addressed(dst) || dst->slot == transport->self.slot))
		return transport_send_here(transport, dst, data, len);

	if (transport_pack_send(head, &n, dst))
		return EINVAL;
	memcpy(to.node, dst->node, sizeof(to.node));
	to.slot = dst->slot;
	to.epoch = dst->epoch;
	h = (struct pl){(const char *)head, n};
	b = (struct pl){(const char *)data, len};
	return transport_send_away(transport, &to, &frame, &h, &b);
}

void transport_alias(struct transport *transport, struct flow *flow,
		     const struct flow_id *peer)
{
	if (transport && transport->streams)
		stream_alias(transport->streams, flow, peer);
}

void transport_close(struct transport *transport, struct flow *flow,
		     uint16_t code)
{
	if (transport && flow)
		flow->ops->close(flow, code);
}

/* Those that have not come so far as to be flows. */
static void idle_close(struct transport *transport)
{
	while (transport->edge && edge_evict(transport->edge))
		;
	while (transport->streams && stream_evict(transport->streams))
		;
}

void transport_drain(struct transport *transport)
{
	if (!transport)
		return;

	for (size_t i = 0; i < transport->nlisteners; i++)
		transport->on[i].tcp = mem_deref(transport->on[i].tcp);
	idle_close(transport);
}

void transport_shut(struct transport *transport, bool shut)
{
	if (!transport)
		return;

	accept_gate_shut(transport->gate, shut);
	if (shut)
		idle_close(transport);
}

int transport_renew(struct transport *transport, char *errbuf, size_t errlen)
{
	if (!transport || !errbuf || !errlen)
		return EINVAL;

	errbuf[0] = '\0';
	return transport->tube ? tube_renew(transport->tube, errbuf, errlen)
			       : 0;
}

int transport_check(const struct transport_listener *listener, char *errbuf,
		    size_t errlen)
{
	struct web_files *files = NULL;
	int err = 0;

	if (!listener || !errbuf || !errlen)
		return EINVAL;

	errbuf[0] = '\0';
	if (listener->web_root)
		err = web_files_load(&files, listener->web_root, errbuf,
				     errlen);
	mem_deref(files);
	return err;
}

void transport_tls_set(struct transport *transport, struct certs *certs,
		       struct keyring *ring)
{
	if (!transport)
		return;

	edge_tls_certs(transport->tls, certs);
	if (transport->streams)
		stream_renew(transport->streams);
	(void)edge_tls_keys(transport->tls, ring);
}

struct flow_table *transport_flows(const struct transport *transport)
{
	return transport ? transport->flows : NULL;
}

const struct transport_counts *
transport_counts(const struct transport *transport)
{
	return transport ? &transport->counts : NULL;
}

struct tube *transport_tube(const struct transport *transport)
{
	return transport ? transport->tube : NULL;
}

/* --- life --------------------------------------------------------------- */

static void transport_destructor(void *data)
{
	struct transport *transport = data;

	for (size_t i = 0; i < transport->nlisteners; i++) {
		mem_deref(transport->on[i].tcp);
		mem_deref(transport->on[i].udp);
	}
	mem_deref(transport->edge);
	mem_deref(transport->streams);
	mem_deref(transport->gate);
	mem_deref(transport->tube);
	mem_deref(transport->flows);
	mem_deref(transport->tls);
}

static int start_edge(struct transport *transport)
{
	const struct edge_params params = {
		.wheel = transport->wheel,
		.flows = transport->flows,
		.limits = &transport->limits,
		.counts = &transport->counts,
		.tls = transport->tls,
		.recvh = on_recv,
		.tokenh = transport->h.tokenh,
		.tokenarg = transport->h.arg,
		.openh = on_open,
		.goneh = on_gone,
		.pongh = on_pong,
		.lefth = on_left,
		.arg = transport,
	};

	return transport->edge ? 0 : edge_alloc(&transport->edge, &params);
}

static int start_accept(struct listener *on)
{
	struct transport *transport = on->transport;
	const struct accept_params params = {
		.fd = on->cfg->fd,
		.gate = transport->gate,
		.limits = &transport->limits,
		.counts = &transport->counts,
		.wheel = transport->wheel,
		.balancers = on->cfg->balancers,
		.nbalancers = on->cfg->nbalancers,
		.accepth = on_accept,
		.arg = on,
	};

	return accept_listener_alloc(&on->tcp, &params);
}

static int start_web(struct listener *on, char *errbuf, size_t errlen)
{
	int err = start_edge(on->transport);

	return err ? err
		   : edge_listen(on->transport->edge, on->cfg, on->index,
				 errbuf, errlen);
}

static int start_streams(struct transport *transport)
{
	const struct stream_params params = {
		.wheel = transport->wheel,
		.flows = transport->flows,
		.limits = &transport->limits,
		.counts = &transport->counts,
		.framer = transport->framer,
		.tls = transport->tls,
		.recvh = on_recv,
		.brokenh = on_broken,
		.openh = on_open,
		.goneh = on_gone,
		.lefth = on_left,
		.losth = on_lost_peer,
		.peerh = transport->h.peerh,
		.peer_arg = transport->h.arg,
		.arg = transport,
	};

	return transport->streams
		       ? 0
		       : stream_set_alloc(&transport->streams, &params);
}

static int start_stream(struct listener *on)
{
	int err = start_streams(on->transport);

	return err ? err
		   : stream_listen(on->transport->streams, on->cfg, on->index);
}

static int start_listener(struct transport *transport, uint8_t index,
			  char *errbuf, size_t errlen)
{
	struct listener *on = &transport->on[index];
	int err;

	if (on->cfg->kind == FLOW_UDP)
		return sock_udp_alloc(&on->udp, on->cfg->fd, &transport->counts,
				      on_udp, on);
	if (!flow_kind_reliable(on->cfg->kind))
		return EINVAL;

	if (on->cfg->kind == FLOW_TCP || on->cfg->kind == FLOW_TLS)
		err = start_stream(on);
	else
		err = start_web(on, errbuf, errlen);
	if (!err)
		err = start_accept(on);
	return err;
}

static int start(struct transport *transport,
		 const struct transport_params *params, char *errbuf,
		 size_t errlen)
{
	int err;

	err = flow_table_alloc(&transport->flows, params->node, params->slot,
			       params->epoch, FLOW_BUCKETS);
	if (!err)
		err = edge_tls_alloc(&transport->tls, params->certs,
				     params->ring);
	if (!err)
		err = accept_gate_alloc(&transport->gate, &transport->limits,
					&transport->counts, on_full, transport);
	for (size_t i = 0; i < params->nlisteners && !err; i++) {
		transport->on[i] = (struct listener){
			.transport = transport,
			.cfg = &params->listeners[i],
			.index = (uint8_t)i,
		};
		transport->nlisteners = i + 1;
		err = start_listener(transport, (uint8_t)i, errbuf, errlen);
	}
	/* Last: peers may send as soon as it is there */
	return err ? err : transport_tube_start(transport, params);
}

int transport_alloc(struct transport **tp,
		    const struct transport_params *params, char *errbuf,
		    size_t errlen)
{
	struct transport *transport;
	int err;

	if (!tp || !params || !params->node || !params->wheel ||
	    !params->h.recvh || !errbuf || !errlen ||
	    params->nlisteners > TRANSPORT_LISTENERS_MAX ||
	    strlen(params->node) > NODE_NAME_MAX)
		return EINVAL;

	errbuf[0] = '\0';
	transport = mem_zalloc(sizeof(*transport), transport_destructor);
	if (!transport)
		return ENOMEM;

	strcpy(transport->self.node, params->node);
	transport->self.slot = params->slot;
	transport->wheel = params->wheel;
	transport->h = params->h;
	transport->framer = params->framer;
	set_limits(&transport->limits, &params->limits);
	err = start(transport, params, errbuf, errlen);
	if (err && !errbuf[0])
		snprintf(errbuf, errlen, "transport: %s", strerror(err));
	if (err)
		mem_deref(transport);
	else
		*tp = transport;
	return err;
}
