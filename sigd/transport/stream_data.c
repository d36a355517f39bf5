/*
 * stream_data.c  What goes through a byte stream: messages in, bytes out
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <re.h>

#include "common/loop.h"
#include "sigd/transport/stream_priv.h"

/* READS: of one stream in one turn; the rest waits in the kernel. */
enum {
	READS = 4,
	PONGS_MAX = 32, /* answers to what was read at once */
	COMPACT = 65536
};

/* --- plain bytes ------------------------------------------------------------ */

static int plain_read(struct stream *stream, uint8_t *buf, size_t *len)
{
	ssize_t n = recv(stream->fd, buf, *len, 0);

	if (n < 0)
		return errno == EINTR || errno == EWOULDBLOCK ? EAGAIN : errno;
	*len = (size_t)n;
	return 0;
}

static int plain_write(struct stream *stream, const uint8_t *buf, size_t *len)
{
	ssize_t n = send(stream->fd, buf, *len, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EINTR || errno == EWOULDBLOCK ? EAGAIN : errno;
	*len = (size_t)n;
	return 0;
}

static void plain_finish(struct stream *stream)
{
	(void)shutdown(stream->fd, SHUT_WR);
}

const struct stream_io stream_plain = {.read = plain_read,
				       .write = plain_write,
				       .finish = plain_finish};

/* --- out -------------------------------------------------------------------- */

size_t stream_waits(const struct stream *stream)
{
	return stream->txq ? mbuf_get_left(stream->txq) : 0;
}

static void on_stall(void *arg)
{
	struct stream *stream = arg;

	++stream->set->p.counts->limit_unread;
	stream_end(stream, ETIMEDOUT);
}

static void stall_start(struct stream *stream)
{
	wheel_start(stream->set->p.wheel, &stream->stall,
		    stream->set->p.limits->unread_ms, on_stall, stream);
}

static void flushed(struct stream *stream)
{
	stream->txq = mem_deref(stream->txq);
	wheel_stop(&stream->stall);
	if (stream->state != STREAM_CLOSING || stream->finished)
		return;
	/* the peer may still be sending: a close now would reset what we have
	 * just said */
	stream->finished = true;
	stream->io->finish(stream);
}

void stream_writable(struct stream *stream)
{
	int err = 0;

	if (stream->state < STREAM_NEW || stream->state == STREAM_ENDED)
		return;

	while (stream->txq) {
		size_t n = mbuf_get_left(stream->txq);

		err = n ? stream->io->write(stream, mbuf_buf(stream->txq), &n)
			: 0;
		if (err)
			break;
		mbuf_advance(stream->txq, (ssize_t)n);
		stall_start(stream);
		if (!mbuf_get_left(stream->txq))
			break;
	}
	if (!err)
		flushed(stream);
	else if (err == EAGAIN && !wheel_runs(&stream->stall))
		stall_start(stream);
	if (!err || err == EAGAIN)
		err = stream_watch(stream);
	if (err)
		stream_end(stream, err);
}

static int queue(struct stream *stream, const uint8_t *data, size_t len)
{
	struct mbuf *txq = stream->txq;
	size_t pos;
	int err;

	/* The first one always finds room: a limit below the size of a
	 * message is none on readers */
	if (stream_waits(stream) &&
	    stream_waits(stream) + len > stream->set->p.limits->queue) {
		++stream->set->p.counts->limit_queue;
		return ENOBUFS;
	}
	if (!txq) {
		txq = stream->txq = mbuf_alloc(len);
		if (!txq)
			return ENOMEM;
		if (stream->state >= STREAM_NEW)
			stall_start(stream);
	}
	if (txq->pos >= COMPACT) {
		memmove(txq->buf, txq->buf + txq->pos, mbuf_get_left(txq));
		txq->end -= txq->pos;
		txq->pos = 0;
	}
	pos = txq->pos;
	mbuf_skip_to_end(txq);
	err = mbuf_write_mem(txq, data, len);
	txq->pos = pos;
	return err;
}

/* At once when nothing waits. */
static int push(struct stream *stream, const uint8_t *data, size_t len)
{
	size_t n = 0;
	int err = 0;

	if (!stream->txq && stream->state >= STREAM_NEW) {
		n = len;
		err = stream->io->write(stream, data, &n);
		if (err)
			n = 0;
		if (err == EAGAIN)
			err = 0;
	}
	if (!err && n < len)
		err = queue(stream, data + n, len - n);
	if (!err && n < len)
		err = stream_watch(stream);
	if (err)
		stream_end(stream, err);
	return err;
}

int stream_send(struct flow *flow, const uint8_t *data, size_t len)
{
	struct stream *stream = (struct stream *)flow;
	struct transport_counts *counts = stream->set->p.counts;
	int err;

	if (stream->state > STREAM_HALF ||
	    (!stream->ours && stream->state < STREAM_NEW))
		return ENOTCONN;
	if (!len || len > stream->set->p.limits->message)
		return EMSGSIZE;

	err = push(stream, data, len);
	if (err)
		return err == ENOBUFS || err == ENOMEM ? err : ENOTCONN;

	++counts->tx_messages;
	counts->tx_bytes += len;
	stream->tx_ms = loop_now_ms();
	return 0;
}

void stream_say(struct stream *stream, const char *text)
{
	(void)push(stream, (const uint8_t *)text, strlen(text));
}

/* --- in ---------------------------------------------------------------------- */

static bool takes(const struct stream *stream)
{
	return stream->state == STREAM_NEW || stream->state == STREAM_OPEN;
}

/* It has shown that it speaks. */
static void arrived(struct stream *stream)
{
	struct stream_set *set = stream->set;

	stream->flow.rx_ms = loop_now_ms();
	if (stream->state != STREAM_NEW)
		return;
	stream->state = STREAM_OPEN;
	list_unlink(&stream->le);
	list_append(&set->open, &stream->le, stream);
	stream_live(stream);
}

static void deliver(struct stream *stream, const struct transport_piece *piece)
{
	struct stream_params *p = &stream->set->p;

	arrived(stream);
	switch (piece->kind) {
	case TRANSPORT_MESSAGE:
		++p->counts->rx_messages;
		p->counts->rx_bytes += piece->len;
		p->recvh(&stream->flow, stream->flow.listener, piece->data,
			 piece->len, p->arg);
		break;
	case TRANSPORT_PING:
		++p->counts->keepalives;
		stream->pings += stream->pings < PONGS_MAX;
		break;
	case TRANSPORT_CRLF:
		/* the answer to a ping of ours, or the first half of one */
		stream->flow.pong_ms = stream->flow.rx_ms;
		stream->pongs |= stream->ping_ms != 0;
		break;
	}
}

static void broken(struct stream *stream, const struct transport_piece *piece)
{
	struct stream_params *p = &stream->set->p;

	++p->counts->framing_errors;
	if (piece->len && p->brokenh)
		p->brokenh(&stream->flow, stream->flow.listener, piece, p->arg);
	stream_close(stream);
}

/* A message that comes in parts has its time from the first of them. */
static void part(struct stream *stream)
{
	const struct transport_framer *framer = stream->set->p.framer;

	if (!framer->held(stream->framer)) {
		stream->begun_ms = 0;
	} else if (!stream->begun_ms) {
		stream->begun_ms = loop_now_ms();
		stream_live(stream);
	}
}

/* Together: who sends a flood of pings must not have one system call, and with
 * TLS one record, for each. Who keeps a flow alive has one at a time. */
static void answer_pings(struct stream *stream)
{
	char text[2 * PONGS_MAX + 1] = "";

	for (unsigned i = 0; i < stream->pings; i++)
		memcpy(text + 2 * i, "\r\n", 3);
	stream->pings = 0;
	if (text[0] && takes(stream))
		stream_say(stream, text);
}

static void input(struct stream *stream, const uint8_t *data, size_t len)
{
	const struct transport_framer *framer = stream->set->p.framer;
	struct transport_piece piece;
	int err = framer->put(stream->framer, data, len);

	if (err) {
		stream_end(stream, err);
		return;
	}
	while (!(err = framer->next(stream->framer, &piece))) {
		/* what follows a whole one has begun now, at the earliest */
		stream->begun_ms = 0;
		/* in their order */
		if (piece.kind == TRANSPORT_MESSAGE)
			answer_pings(stream);
		if (takes(stream))
			deliver(stream, &piece);
		if (!takes(stream))
			return;
	}
	if (err == EAGAIN)
		part(stream);
	else
		broken(stream, &piece);
}

/* It says no more. One with a user was a device that is gone; who has only
 * asked something may wait for the answer. */
static void ended(struct stream *stream)
{
	if (stream->state == STREAM_CLOSING || stream->ours ||
	    stream->peer.kind || flow_user(&stream->flow) ||
	    stream->state == STREAM_NEW) {
		stream_end(stream, ECONNRESET);
		return;
	}
	stream->state = STREAM_HALF;
	stream_deadline(stream, stream->set->p.limits->whole_ms);
	if (stream_watch(stream))
		stream_end(stream, ECONNRESET);
}

void stream_readable(struct stream *stream)
{
	uint8_t *buf = stream->set->rx;

	for (int i = 0; i < READS; i++) {
		size_t n = STREAM_READ;
		int err = 0;

		if (stream->state == STREAM_HALF ||
		    stream->state == STREAM_ENDED)
			return;
		err = stream->io->read(stream, buf, &n);
		if (err == EAGAIN)
			break;
		if (err) {
			stream_end(stream, err);
			return;
		}
		if (!n) {
			ended(stream);
			return;
		}
		if (takes(stream)) {
			input(stream, buf, n);
			answer_pings(stream);
		}
	}
	if (stream->state != STREAM_ENDED && stream_watch(stream))
		stream_end(stream, ENOMEM);
}
