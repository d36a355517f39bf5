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
#include "sigd/transport/edge_tls.h"
#include "sigd/transport/edge_ws.h"
#include "sigd/transport/flow_priv.h"
#include "sigd/transport/sock_udp.h"
#include "sigd/transport/transport_pack.h"
#include "sigd/transport/web_files.h"

enum {
	FLOW_BUCKETS = 4096
};

struct listener {
	struct transport *transport;
	const struct transport_listener *cfg;
	struct accept_listener *tcp; /* NULL when drained */
	struct sock_udp *udp;
	uint8_t index;
};

struct transport {
	struct flow_id self; /* node and slot */
	struct wheel *wheel;
	struct transport_limits limits;
	struct transport_counts counts;
	struct transport_handlers h;
	struct flow_table *flows;
	struct accept_gate *gate;
	struct edge *edge;
	struct tube *tube;
	struct listener on[TRANSPORT_LISTENERS_MAX];
	size_t nlisteners;
	struct edge_tls *tls;
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
#undef SET
	/* What the tunnel can carry */
	out->message = min(out->message, 65536u);
}

/* --- from below --------------------------------------------------------- */

static void on_edge_recv(struct flow *flow, uint8_t listener,
			 const uint8_t *data, size_t len, void *arg)
{
	struct transport *transport = arg;
	const struct transport_src src = {
		.id = *flow_id_of(flow),
		.flow = flow,
		.local = flow_local(flow),
		.remote = flow_remote(flow),
		.listener = listener,
	};

	transport->h.recvh(&src, data, len, transport->h.arg);
}

static void on_edge_open(struct flow *flow, void *arg)
{
	struct transport *transport = arg;

	if (transport->h.openh)
		transport->h.openh(flow, transport->h.arg);
}

static void tell_failed(struct transport *transport, const struct tube_addr *to,
			uint64_t ref, int err)
{
	const struct tube_frame back = {
		.type = FRAME_FAILED,
		.flags = transport_fail_of(err),
		.ref = ref,
	};

	if (ref && tube_send(transport->tube, to, &back))
		++transport->counts.tube_errors;
}

static void on_edge_gone(struct flow *flow, void *arg)
{
	struct transport *transport = arg;
	const struct flow_ask *ask;

	for (size_t i = 0; (ask = flow_ask_get(flow, i)); i++)
		tell_failed(transport, &ask->src, ask->ref, ENOTCONN);
	if (transport->h.goneh)
		transport->h.goneh(flow, transport->h.arg);
}

static void on_edge_left(const struct sa *remote, void *arg)
{
	struct transport *transport = arg;

	accept_gate_leave(transport->gate, remote);
}

static void on_accept(int fd, const struct sa *remote, void *arg)
{
	struct listener *on = arg;

	if (edge_take(on->transport->edge, on->index, fd, remote))
		accept_gate_leave(on->transport->gate, remote);
}

static bool on_full(void *arg)
{
	struct transport *transport = arg;

	if (edge_evict(transport->edge))
		return true;
	if (!edge_evict_idle(transport->edge))
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
	transport->h.recvh(&src, data, len, transport->h.arg);
}

/* --- the tunnel --------------------------------------------------------- */

static int send_here(struct transport *transport, const struct flow_id *dst,
		     const uint8_t *data, size_t len);

static int take_send(struct transport *transport,
		     const struct tube_frame *frame)
{
	struct flow *flow;
	struct flow_id id;
	size_t used;
	int err = transport_unpack_send(&id, &used, frame->payload, frame->len);

	if (err)
		return err;

	err = strcmp(id.node, transport->self.node)
		      ? ENOTCONN
		      : send_here(transport, &id, frame->payload + used,
				  frame->len - used);
	flow = err || !frame->ref ? NULL
				  : flow_table_find(transport->flows, &id);
	if (flow)
		flow_ask_note(flow, &frame->src, frame->ref);
	else if (err)
		tell_failed(transport, &frame->src, frame->ref, err);
	return 0;
}

static int take_response(struct transport *transport,
			 const struct tube_frame *frame)
{
	struct transport_src src = {.listener = 0};
	struct sa addr[2];
	size_t used;
	int err = transport_unpack_response(&src, addr, &used, frame->payload,
					    frame->len);

	if (!err && used == frame->len)
		err = EBADMSG;
	if (!err && transport->h.responseh)
		transport->h.responseh(&src, frame->payload + used,
				       frame->len - used, transport->h.arg);
	return err;
}

static void on_frame(const struct tube_frame *frame, void *arg)
{
	struct transport *transport = arg;
	int err = 0;

	++transport->counts.tube_rx;
	switch ((enum transport_frame)frame->type) {
	case FRAME_SEND:
		err = take_send(transport, frame);
		break;
	case FRAME_FAILED:
		if (frame->ref && transport->h.failedh)
			transport->h.failedh(frame->ref,
					     transport_fail_errno(frame->flags),
					     transport->h.arg);
		break;
	case FRAME_RESPONSE:
		err = take_response(transport, frame);
		break;
	default:
		err = EBADMSG;
		break;
	}
	if (err)
		++transport->counts.tube_refused;
}

/* For a predecessor of ours: its flows died with it, and its transactions; but
 * who answers one would wait. */
static void on_stale(const struct tube_frame *frame, void *arg)
{
	struct transport *transport = arg;

	++transport->counts.tube_refused;
	if (frame->type == FRAME_SEND)
		tell_failed(transport, &frame->src, frame->ref, ENOTCONN);
	else if (frame->type == FRAME_RESPONSE)
		(void)take_response(transport, frame);
}

static void on_lost(const struct tube_addr *dst, uint8_t type, uint64_t ref,
		    void *arg)
{
	struct transport *transport = arg;

	(void)dst;
	++transport->counts.tube_errors;
	if (type == FRAME_SEND && ref && transport->h.failedh)
		transport->h.failedh(ref, EHOSTUNREACH, transport->h.arg);
}

static int send_away(struct transport *transport, const struct tube_addr *dst,
		     struct tube_frame *frame, const struct pl *head,
		     const struct pl *body)
{
	uint8_t *buf;
	int err;

	if (!transport->tube)
		return EHOSTUNREACH;

	buf = mem_alloc(head->l + body->l, NULL);
	if (!buf)
		return ENOMEM;

	memcpy(buf, head->p, head->l);
	memcpy(buf + head->l, body->p, body->l);
	frame->payload = buf;
	frame->len = head->l + body->l;
	err = tube_send(transport->tube, dst, frame);
	mem_deref(buf);
	if (!err)
		++transport->counts.tube_tx;
	else
		++transport->counts.tube_errors;
	return err == ECONNREFUSED || err == ENAMETOOLONG ? EHOSTUNREACH : err;
}

/* --- from above --------------------------------------------------------- */

/* A flow of this worker, or a UDP peer that any worker of the box can reach:
 * the sockets of a listener share one address. */
static int send_here(struct transport *transport, const struct flow_id *dst,
		     const uint8_t *data, size_t len)
{
	struct flow *flow;

	if (dst->kind == FLOW_UDP) {
		if (dst->listener >= transport->nlisteners ||
		    !transport->on[dst->listener].udp)
			return ENOTCONN;
		return sock_udp_send(transport->on[dst->listener].udp,
				     &dst->remote, data, len);
	}
	flow = flow_table_find(transport->flows, dst);
	return flow ? edge_send(flow, data, len) : ENOTCONN;
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
	    (dst->kind == FLOW_UDP || dst->slot == transport->self.slot))
		return send_here(transport, dst, data, len);

	if (transport_pack_send(head, &n, dst))
		return EINVAL;
	memcpy(to.node, dst->node, sizeof(to.node));
	to.slot = dst->slot;
	to.epoch = dst->epoch;
	h = (struct pl){(const char *)head, n};
	b = (struct pl){(const char *)data, len};
	return send_away(transport, &to, &frame, &h, &b);
}

int transport_forward_response(struct transport *transport,
			       const struct tube_addr *dst,
			       const struct transport_src *src,
			       const uint8_t *data, size_t len)
{
	struct tube_frame frame = {.type = FRAME_RESPONSE};
	uint8_t head[TRANSPORT_PACK_MAX];
	struct pl h, b;
	size_t n;

	if (!transport || !dst || !src || !data ||
	    transport_pack_response(head, &n, src))
		return EINVAL;
	if (!len || len > 65536)
		return EMSGSIZE;

	h = (struct pl){(const char *)head, n};
	b = (struct pl){(const char *)data, len};
	return send_away(transport, dst, &frame, &h, &b);
}

void transport_close(struct transport *transport, struct flow *flow,
		     uint16_t code)
{
	if (transport && flow)
		edge_close(flow, code);
}

void transport_drain(struct transport *transport)
{
	if (!transport)
		return;

	for (size_t i = 0; i < transport->nlisteners; i++)
		transport->on[i].tcp = mem_deref(transport->on[i].tcp);
	while (transport->edge && edge_evict(transport->edge))
		;
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
		.recvh = on_edge_recv,
		.openh = on_edge_open,
		.goneh = on_edge_gone,
		.lefth = on_edge_left,
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

	err = start_edge(transport);
	if (!err)
		err = edge_listen(transport->edge, on->cfg, index, errbuf,
				  errlen);
	if (!err)
		err = start_accept(on);
	return err;
}

static int start_tube(struct transport *transport,
		      const struct transport_params *params)
{
	struct tube_params tp = {
		.run_dir = params->run_dir,
		.tls = params->tube_tls,
		.wheel = params->wheel,
		.recvh = on_frame,
		.staleh = on_stale,
		.losth = on_lost,
		.arg = transport,
	};

	if (!params->run_dir && !params->tube_tls)
		return 0;

	memcpy(tp.self.node, transport->self.node, sizeof(tp.self.node));
	tp.self.slot = params->slot;
	tp.self.epoch = params->epoch;
	return tube_alloc(&transport->tube, &tp);
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
	return err ? err : start_tube(transport, params);
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
