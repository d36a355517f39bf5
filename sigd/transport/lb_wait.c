/*
 * lb_wait.c  Connections of load balancers whose header has not come yet
 *
 * TLS or HTTP follow the header on the same connection and are read by
 * others, so not a byte behind it may be taken: what is there is looked at
 * first, and what belongs to the header is then read.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "sigd/transport/lb_header.h"
#include "sigd/transport/lb_wait.h"
#include "sigd/transport/transport.h"

struct lb_wait {
	struct le le;
	struct lb_wait_params p;
	struct loop_watch *watch;
	struct wheel_timer timer;
	struct sa peer;
	int fd; /* -1: given away */
	size_t len;
	uint8_t buf[LB_HEADER_MAX];
};

static void destructor(void *data)
{
	struct lb_wait *wait = data;

	list_unlink(&wait->le);
	wheel_stop(&wait->timer);
	mem_deref(wait->watch);
	if (wait->fd >= 0)
		close(wait->fd);
}

static void give_up(struct lb_wait *wait, uint64_t *count)
{
	const struct lb_wait_params p = wait->p;

	++*count;
	mem_deref(wait);
	p.goneh(p.arg);
}

static void on_late(void *arg)
{
	struct lb_wait *wait = arg;

	give_up(wait, &wait->p.counts->limit_handshake);
}

static void done(struct lb_wait *wait, const struct lb_header *header)
{
	const struct lb_wait_params p = wait->p;
	const struct sa remote = header->known ? header->remote : wait->peer;
	int fd = wait->fd;

	++p.counts->lb_headers;
	wait->fd = -1;
	mem_deref(wait);
	p.doneh(fd, &remote, p.arg);
}

/* The bytes are there: they were looked at. */
static bool take(struct lb_wait *wait, size_t n)
{
	ssize_t got = recv(wait->fd, wait->buf + wait->len, n, 0);

	wait->len += n;
	return got == (ssize_t)n;
}

static void on_ready(int flags, void *arg)
{
	struct lb_wait *wait = arg;
	struct lb_header header;
	ssize_t n;
	int err;

	(void)flags;
	n = recv(wait->fd, wait->buf + wait->len, LB_HEADER_MAX - wait->len,
		 MSG_PEEK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	err = n > 0 ? lb_header_decode(&header, wait->buf,
				       wait->len + (size_t)n)
		    : EBADMSG;
	if (err == EAGAIN && take(wait, (size_t)n))
		return;
	if (!err && take(wait, header.used - wait->len))
		done(wait, &header);
	else
		give_up(wait, &wait->p.counts->lb_errors);
}

int lb_wait_add(struct list *list, int fd, const struct sa *peer,
		const struct lb_wait_params *params)
{
	struct lb_wait *wait = mem_alloc(sizeof(*wait), destructor);
	int err;

	if (!wait)
		return ENOMEM;

	/* not the buffer: that would touch its pages */
	memset(wait, 0, offsetof(struct lb_wait, buf));
	wait->p = *params;
	wait->peer = *peer;
	wait->fd = fd;
	err = loop_watch_alloc(&wait->watch, fd, LOOP_READ, on_ready, wait);
	if (err) {
		wait->fd = -1;
		mem_deref(wait);
		return err;
	}
	list_append(list, &wait->le, wait);
	wheel_start(params->wheel, &wait->timer, params->wait_ms, on_late,
		    wait);
	/* it mostly comes with the connection */
	on_ready(LOOP_READ, wait);
	return 0;
}
