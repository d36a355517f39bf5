/*
 * transport_tube.c  What goes between the workers: messages for flows of
 *                   others, responses for their transactions
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/transport/flow_priv.h"
#include "sigd/transport/transport_pack.h"
#include "sigd/transport/transport_priv.h"

void transport_tell_failed(struct transport *transport, const struct tube_addr *to,
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
		      : transport_send_here(transport, &id, frame->payload + used,
				  frame->len - used);
	flow = err || !frame->ref ? NULL
				  : flow_table_find(transport->flows, &id);
	if (flow)
		flow_ask_note(flow, &frame->src, frame->ref);
	else if (err)
		transport_tell_failed(transport, &frame->src, frame->ref, err);
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
		transport_tell_failed(transport, &frame->src, frame->ref, ENOTCONN);
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

int transport_send_away(struct transport *transport, const struct tube_addr *dst,
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
	return transport_send_away(transport, dst, &frame, &h, &b);
}

int transport_tube_start(struct transport *transport,
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
