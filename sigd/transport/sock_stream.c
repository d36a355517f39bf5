/*
 * sock_stream.c  Byte streams that carry messages: life and deadlines
 *
 * What goes through is in stream_data.c, what we connect in stream_peer.c,
 * TLS in sock_tls.c. Nothing that is called from above calls a handler: an end
 * is told in the next turn of the loop.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "sigd/transport/stream_priv.h"

enum {
	PEER_BUCKETS = 256,
	EVICT_LOOKS = 64,
	/* a peer that is gone without a word is noticed after about 100 s */
	ALIVE_IDLE_S = 60,
	ALIVE_INTERVAL_S = 10,
	ALIVE_PROBES = 4
};

/* --- the end ------------------------------------------------------------- */

static void stream_destructor(void *data)
{
	struct stream *stream = data;

	wheel_stop(&stream->timer);
	wheel_stop(&stream->stall);
	list_unlink(&stream->le);
	hash_unlink(&stream->peer_le);
	flow_table_remove(stream->set->p.flows, &stream->flow);
	mem_deref(stream->watch);
	stream_tls_free(stream);
	if (stream->fd >= 0)
		close(stream->fd);
	mem_deref(stream->framer);
	mem_deref(stream->txq);
	mem_deref(stream->flow.asks);
}

static void on_ended(void *arg)
{
	struct stream *stream = arg;
	struct stream_params *p = &stream->set->p;

	if (stream->flow.id.num) {
		--p->counts->flows;
		if (p->goneh)
			p->goneh(&stream->flow, p->arg);
	}
	flow_user_clear(&stream->flow);
	if (stream->peer.kind && p->losth)
		p->losth(&stream->peer, stream->err, p->arg);
	if (stream->ours) {
		--p->counts->peers;
	} else {
		--p->counts->conns;
		if (p->lefth)
			p->lefth(&stream->flow.remote, p->arg);
	}
	mem_deref(stream);
}

void stream_end(struct stream *stream, int err)
{
	if (stream->state == STREAM_ENDED)
		return;

	if (stream->state == STREAM_HANDSHAKE && stream->ssl)
		++stream->set->p.counts->tls_failed;
	stream->state = STREAM_ENDED;
	stream->err = err ? err : ENOTCONN;
	hash_unlink(&stream->peer_le);
	flow_table_remove(stream->set->p.flows, &stream->flow);
	wheel_stop(&stream->stall);
	stream->watch = mem_deref(stream->watch);
	stream_tls_free(stream);
	close(stream->fd);
	stream->fd = -1;
	wheel_start(stream->set->p.wheel, &stream->timer, 0, on_ended, stream);
}

/* --- deadlines ----------------------------------------------------------- */

static void on_deadline(void *arg);

void stream_deadline(struct stream *stream, uint32_t ms)
{
	wheel_start(stream->set->p.wheel, &stream->timer, ms, on_deadline,
		    stream);
}

static uint64_t last_ms(const struct stream *stream)
{
	return max(max(stream->flow.opened_ms, stream->flow.rx_ms),
		   stream->tx_ms);
}

static uint64_t ping_due(const struct stream *stream)
{
	const struct transport_limits *limits = stream->set->p.limits;

	if (!stream->ping_ms || stream->flow.pong_ms >= stream->ping_ms)
		return max(last_ms(stream), stream->ping_ms) + limits->ping_ms;
	return stream->ping_ms +
	       (stream->pongs ? limits->pong_ms : limits->ping_ms);
}

static void ping(struct stream *stream)
{
	const bool waits = stream->ping_ms > stream->flow.pong_ms;

	if (waits && stream->pongs) {
		++stream->set->p.counts->limit_pong;
		stream_end(stream, ETIMEDOUT);
		return;
	}
	stream->ping_ms = loop_now_ms();
	/* RFC 5626 4.4.1: by who has opened the connection */
	stream_say(stream, "\r\n\r\n");
}

static bool is_used(const struct stream *stream)
{
	return flow_user(&stream->flow) || stream_waits(stream);
}

/* What comes first of all that may happen to one that is open. */
void stream_live(struct stream *stream)
{
	const struct transport_limits *limits = stream->set->p.limits;
	const uint64_t now_ms = loop_now_ms();
	uint64_t due_ms = last_ms(stream) + limits->silent_ms;

	if (stream->state != STREAM_OPEN)
		return;
	/* one that has a user stays: to look again is enough */
	if (due_ms <= now_ms)
		due_ms = now_ms + limits->silent_ms;
	if (stream->begun_ms)
		due_ms = min(due_ms, stream->begun_ms + limits->whole_ms);
	if (stream->ours)
		due_ms = min(due_ms, ping_due(stream));
	due_ms = due_ms > now_ms ? due_ms - now_ms : 0;
	stream_deadline(stream, (uint32_t)min(due_ms, (uint64_t)INT32_MAX));
}

static void open_deadline(struct stream *stream)
{
	const struct transport_limits *limits = stream->set->p.limits;
	struct transport_counts *counts = stream->set->p.counts;
	const uint64_t now_ms = loop_now_ms();

	if (stream->begun_ms && now_ms >= stream->begun_ms + limits->whole_ms) {
		++counts->limit_slow;
		stream_end(stream, ETIMEDOUT);
	} else if (now_ms >= last_ms(stream) + limits->silent_ms &&
		   !is_used(stream)) {
		++counts->limit_silent;
		stream_close(stream);
	} else if (stream->ours && now_ms >= ping_due(stream)) {
		ping(stream);
	}
	stream_live(stream);
}

static void on_deadline(void *arg)
{
	struct stream *stream = arg;
	struct transport_counts *counts = stream->set->p.counts;

	switch ((enum stream_state)stream->state) {
	case STREAM_CONNECTING:
		stream_end(stream, ETIMEDOUT);
		break;
	case STREAM_HANDSHAKE:
	case STREAM_NEW:
		++counts->limit_handshake;
		stream_end(stream, ETIMEDOUT);
		break;
	case STREAM_OPEN:
		open_deadline(stream);
		break;
	case STREAM_HALF:
	case STREAM_CLOSING:
		stream_end(stream, 0);
		break;
	case STREAM_ENDED:
		break;
	}
}

/* --- from the socket ------------------------------------------------------ */

int stream_watch(struct stream *stream)
{
	int flags = LOOP_READ;

	if (stream->state == STREAM_HALF)
		flags = 0;
	if (stream->state == STREAM_CONNECTING)
		flags = LOOP_WRITE;
	if (stream->want_write || (stream->txq && stream->state >= STREAM_NEW))
		flags |= LOOP_WRITE;
	return loop_watch_set(stream->watch, flags);
}

static void opened(struct stream *stream)
{
	struct stream_params *p = &stream->set->p;

	stream->state = stream->ours ? STREAM_OPEN : STREAM_NEW;
	stream->flow.opened_ms = loop_now_ms();
	flow_table_add(p->flows, &stream->flow,
		       stream->ssl ? FLOW_TLS : FLOW_TCP);
	++p->counts->flows;
	++p->counts->flows_opened;
	if (stream->ours)
		stream_live(stream);
	else
		stream_deadline(stream, p->limits->handshake_ms);
	if (p->openh)
		p->openh(&stream->flow, p->arg);
}

void stream_shake(struct stream *stream)
{
	int err = stream->io->handshake ? stream->io->handshake(stream) : 0;

	if (err == EAGAIN) {
		err = stream_watch(stream);
		if (err)
			stream_end(stream, err);
		return;
	}
	if (err) {
		stream_end(stream, err);
		return;
	}
	opened(stream);
	/* what waits for this goes, and the peer may already have spoken */
	stream_writable(stream);
	stream_readable(stream);
}

static void on_ready(int flags, void *arg)
{
	struct stream *stream = arg;

	switch ((enum stream_state)stream->state) {
	case STREAM_CONNECTING:
		stream_connected(stream);
		break;
	case STREAM_HANDSHAKE:
		stream_shake(stream);
		break;
	case STREAM_HALF:
		/* more than half: it has been reset */
		if (flags & ~LOOP_WRITE)
			stream_end(stream, ECONNRESET);
		else
			stream_writable(stream);
		break;
	case STREAM_NEW:
	case STREAM_OPEN:
	case STREAM_CLOSING:
		if (flags & LOOP_WRITE || stream->want_write)
			stream_writable(stream);
		if (flags & ~LOOP_WRITE || stream->want_write)
			stream_readable(stream);
		break;
	case STREAM_ENDED:
		break;
	}
}

void stream_close(struct stream *stream)
{
	if (stream->state < STREAM_NEW) {
		stream_end(stream, 0);
		return;
	}
	if (stream->state > STREAM_HALF)
		return;

	stream->state = STREAM_CLOSING;
	hash_unlink(&stream->peer_le);
	flow_table_remove(stream->set->p.flows, &stream->flow);
	stream_deadline(stream, stream->set->p.limits->close_ms);
	stream_writable(stream);
}

/* --- life ------------------------------------------------------------------ */

static void on_close(struct flow *flow, uint16_t code)
{
	(void)code;
	stream_close((struct stream *)flow);
}

static const struct flow_ops stream_flow_ops = {.send = stream_send,
						.close = on_close};

/* Best effort: without them it is later that a dead one is noticed. */
static void socket_options(int fd, const struct transport_limits *limits)
{
	const int on = 1, idle = ALIVE_IDLE_S, interval = ALIVE_INTERVAL_S,
		  probes = ALIVE_PROBES;
	const unsigned ms = limits->unacked_ms;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval,
			 sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

int stream_alloc(struct stream **sp, struct stream_set *set, int fd,
		 uint8_t listener)
{
	struct stream *stream = mem_zalloc(sizeof(*stream), stream_destructor);
	int err;

	if (!stream) {
		close(fd);
		return ENOMEM;
	}
	stream->set = set;
	stream->fd = fd;
	stream->flow.listener = listener;
	stream->io = &stream_plain;
	stream->flow.ops = &stream_flow_ops;
	stream->state = STREAM_HANDSHAKE;
	list_append(&set->open, &stream->le, stream);
	socket_options(fd, set->p.limits);
	err = set->p.framer->alloc(&stream->framer, set->p.limits->message);
	if (!err)
		err = loop_watch_alloc(&stream->watch, fd, LOOP_READ, on_ready,
				       stream);
	if (err)
		mem_deref(stream);
	else
		*sp = stream;
	return err;
}

int stream_take(struct stream_set *set, uint8_t listener, int fd,
		const struct sa *remote)
{
	struct stream_listener *on = &set->on[listener];
	struct stream *stream;
	int err = stream_alloc(&stream, set, fd, listener);

	if (err)
		return err;

	stream->flow.remote = *remote;
	stream->flow.local.len = sizeof(stream->flow.local.u);
	if (getsockname(fd, &stream->flow.local.u.sa, &stream->flow.local.len))
		err = errno;
	if (!err && on->tls)
		err = stream_tls_accept(stream, on->tls);
	if (err) {
		mem_deref(stream);
		return err;
	}
	list_unlink(&stream->le);
	list_append(&set->opening, &stream->le, stream);
	++set->p.counts->conns;
	stream_deadline(stream, set->p.limits->handshake_ms);
	stream_shake(stream);
	return 0;
}

const struct flow_id *stream_id(const struct flow *flow)
{
	const struct stream *stream = (const struct stream *)flow;

	return stream->ours ? &stream->peer : &flow->id;
}

bool stream_is(const struct flow *flow)
{
	return flow->ops == &stream_flow_ops;
}

/* --- when the worker is full ------------------------------------------------- */

bool stream_evict(struct stream_set *set)
{
	struct le *le;

	LIST_FOREACH(&set->opening, le)
	{
		struct stream *stream = le->data;

		if (stream->state > STREAM_NEW)
			continue;
		stream_end(stream, ECONNABORTED);
		return true;
	}
	return false;
}

bool stream_evict_idle(struct stream_set *set)
{
	const uint64_t now_ms = loop_now_ms();

	/* as edge_evict_idle(): each look moves one to the end */
	for (int i = 0; i < EVICT_LOOKS; i++) {
		struct stream *stream = list_ledata(set->open.head);

		if (!stream)
			return false;
		list_unlink(&stream->le);
		list_append(&set->open, &stream->le, stream);
		if (stream->state == STREAM_OPEN && !stream->ours &&
		    !is_used(stream) &&
		    now_ms - last_ms(stream) >= set->p.limits->idle_ms) {
			stream_end(stream, ECONNABORTED);
			return true;
		}
	}
	return false;
}

/* --- all of them -------------------------------------------------------------- */

static void set_destructor(void *data)
{
	struct stream_set *set = data;
	struct list *lists[] = {&set->opening, &set->open};

	for (int i = 0; i < 2; i++) {
		while (lists[i]->head) {
			struct stream *stream = lists[i]->head->data;

			flow_user_clear(&stream->flow);
			mem_deref(stream);
		}
	}
	mem_deref(set->peers);
	stream_tls_forget(set);
	for (size_t i = 0; i < TRANSPORT_LISTENERS_MAX; i++)
		stream_tls_listener_free(&set->on[i]);
}

int stream_set_alloc(struct stream_set **setp,
		     const struct stream_params *params)
{
	struct stream_set *set;
	int err;

	if (!setp || !params || !params->wheel || !params->flows ||
	    !params->limits || !params->counts || !params->framer ||
	    !params->recvh)
		return EINVAL;

	set = mem_zalloc(sizeof(*set), set_destructor);
	if (!set)
		return ENOMEM;

	set->p = *params;
	err = hash_alloc(&set->peers, PEER_BUCKETS);
	if (err)
		mem_deref(set);
	else
		*setp = set;
	return err;
}

int stream_listen(struct stream_set *set, const struct transport_listener *cfg,
		  uint8_t listener)
{
	struct stream_listener *on;

	if (!set || !cfg || listener >= TRANSPORT_LISTENERS_MAX)
		return EINVAL;

	on = &set->on[listener];
	on->cfg = cfg;
	on->local.len = sizeof(on->local.u);
	if (getsockname(cfg->fd, &on->local.u.sa, &on->local.len))
		return errno;
	return cfg->kind == FLOW_TLS ? stream_tls_listen(set, on) : 0;
}

void stream_renew(struct stream_set *set)
{
	stream_tls_forget(set);
}
