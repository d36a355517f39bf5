/*
 * trace_homer.c  Sends packets to a capture server over UDP or TCP
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "sigd/trace/trace_homer.h"

enum {
	BATCH = 32, /* datagrams */
};

struct trace_homer {
	struct sa server;
	struct wheel *wheel;
	struct wheel_timer retry, soon;
	struct loop_watch *watch; /* TCP */
	struct mbuf *queue;       /* what waits, from pos on */
	size_t lens[BATCH];       /* UDP: of each of those */
	struct trace_homer_counts counts;
	uint64_t waiting; /* packets in the queue */
	bool tcp, up;
	int fd;
};

static void connect_now(void *arg);
static void waiting_send(void *arg);

static void socket_close(struct trace_homer *homer)
{
	homer->watch = mem_deref(homer->watch);
	if (homer->fd >= 0)
		(void)close(homer->fd);
	homer->fd = -1;
	homer->up = false;
}

static void destructor(void *data)
{
	struct trace_homer *homer = data;

	/* which may find that the server has gone, and start a timer */
	if (homer->waiting)
		waiting_send(homer);
	if (homer->wheel) {
		wheel_stop(&homer->retry);
		wheel_stop(&homer->soon);
	}
	socket_close(homer);
	mem_deref(homer->queue);
	mem_deref(homer->wheel);
}

/* A packet that went in part cannot be gone on with: all that waits is lost. */
static void lost(struct trace_homer *homer)
{
	homer->counts.lost += homer->waiting;
	homer->waiting = 0;
	mbuf_rewind(homer->queue);
	socket_close(homer);
	wheel_start(homer->wheel, &homer->retry, TRACE_HOMER_RETRY_MS,
		    connect_now, homer);
}

static void queue_send(struct trace_homer *homer)
{
	struct mbuf *queue = homer->queue;

	while (mbuf_get_left(queue)) {
		ssize_t n =
			send(homer->fd, mbuf_buf(queue), mbuf_get_left(queue),
			     MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
			lost(homer);
			return;
		}
		if (n < 0)
			break;
		mbuf_advance(queue, n);
	}
	if (!mbuf_get_left(queue)) {
		homer->counts.sent += homer->waiting;
		homer->waiting = 0;
		mbuf_rewind(queue);
	}
	(void)loop_watch_set(homer->watch,
			     LOOP_READ |
				     (mbuf_get_left(queue) ? LOOP_WRITE : 0));
}

/* A capture server says nothing; what it does say is thrown away. */
static bool still_there(struct trace_homer *homer)
{
	uint8_t junk[1024];
	ssize_t n = recv(homer->fd, junk, sizeof(junk), MSG_DONTWAIT);

	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK ||
				   errno == EINTR));
}

static void on_ready(int flags, void *arg)
{
	struct trace_homer *homer = arg;
	int err = 0;
	socklen_t len = sizeof(err);

	if (!homer->up) {
		(void)getsockopt(homer->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err) {
			lost(homer);
			return;
		}
		homer->up = true;
	} else if ((flags & (LOOP_READ | LOOP_ERROR)) && !still_there(homer)) {
		lost(homer);
		return;
	}
	queue_send(homer);
}

static int socket_open(struct trace_homer *homer)
{
	int type = homer->tcp ? SOCK_STREAM : SOCK_DGRAM;

	homer->fd = socket(sa_af(&homer->server),
			   type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (homer->fd < 0)
		return errno;
	if (connect(homer->fd, &homer->server.u.sa, homer->server.len) &&
	    errno != EINPROGRESS)
		return errno;
	return homer->tcp ? loop_watch_alloc(&homer->watch, homer->fd,
					     LOOP_WRITE, on_ready, homer)
			  : 0;
}

static void connect_now(void *arg)
{
	struct trace_homer *homer = arg;

	if (socket_open(homer))
		lost(homer);
}

int trace_homer_alloc(struct trace_homer **homerp, const struct sa *server,
		      bool tcp, struct wheel *wheel)
{
	struct trace_homer *homer = mem_zalloc(sizeof(*homer), destructor);
	int err = 0;

	if (!homer)
		return ENOMEM;
	homer->fd = -1;
	homer->server = *server;
	homer->tcp = tcp;
	homer->wheel = mem_ref(wheel);
	homer->queue = mbuf_alloc(4096);
	if (!homer->queue)
		err = ENOMEM;
	else if (tcp)
		connect_now(homer);
	else
		err = socket_open(homer);
	if (err)
		mem_deref(homer);
	else
		*homerp = homer;
	return err;
}

/* How many of these the kernel has taken, from the first on; 0: not even that,
 * and it is lost. */
static unsigned some_send(const struct trace_homer *homer,
			  struct mmsghdr *msgs, unsigned n)
{
	int sent = sendmmsg(homer->fd, msgs, n, MSG_DONTWAIT);

	/* the error of an earlier one (ICMP) is told once, in its place */
	if (sent < 0 && (errno == ECONNREFUSED || errno == EINTR))
		sent = sendmmsg(homer->fd, msgs, n, MSG_DONTWAIT);
	return sent > 0 ? (unsigned)sent : 0;
}

static void datagrams_send(struct trace_homer *homer)
{
	const unsigned n = (unsigned)homer->waiting;
	struct mmsghdr msgs[BATCH] = {{.msg_len = 0}};
	struct iovec parts[BATCH];
	uint8_t *at = homer->queue->buf;

	for (unsigned i = 0; i < n; i++) {
		parts[i] = (struct iovec){at, homer->lens[i]};
		msgs[i].msg_hdr.msg_iov = &parts[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
		at += homer->lens[i];
	}
	for (unsigned i = 0; i < n;) {
		const unsigned sent = some_send(homer, msgs + i, n - i);

		homer->counts.sent += sent;
		homer->counts.lost += !sent;
		i += sent ? sent : 1;
	}
	homer->waiting = 0;
	mbuf_rewind(homer->queue);
}

static void waiting_send(void *arg)
{
	struct trace_homer *homer = arg;

	if (!homer->tcp)
		datagrams_send(homer);
	else if (homer->up)
		queue_send(homer);
}

static int queue_add(struct mbuf *queue, const uint8_t *data, size_t len)
{
	size_t at = queue->pos;
	int err;

	if (mbuf_get_left(queue) + len > TRACE_HOMER_QUEUE)
		return ENOBUFS;
	/* a server that is always a little behind never empties it */
	if (at > TRACE_HOMER_QUEUE) {
		memmove(queue->buf, queue->buf + at, queue->end - at);
		queue->end -= at;
		queue->pos = at = 0;
	}
	queue->pos = queue->end;
	err = mbuf_write_mem(queue, data, len);
	queue->pos = at;
	return err;
}

void trace_homer_send(struct trace_homer *homer, const uint8_t *data,
		      size_t len)
{
	if (!homer->tcp && homer->queue->end + len > TRACE_HOMER_QUEUE)
		datagrams_send(homer);
	if (queue_add(homer->queue, data, len)) {
		++homer->counts.lost;
		return;
	}
	if (!homer->tcp)
		homer->lens[homer->waiting] = len;
	++homer->waiting;
	if (!homer->tcp && homer->waiting == BATCH) {
		wheel_stop(&homer->soon);
		datagrams_send(homer);
	} else if (!wheel_runs(&homer->soon)) {
		wheel_start(homer->wheel, &homer->soon, TRACE_HOMER_WAIT_MS,
			    waiting_send, homer);
	}
}

const struct trace_homer_counts *
trace_homer_counts(const struct trace_homer *homer)
{
	return &homer->counts;
}
