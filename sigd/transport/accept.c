/*
 * accept.c  Takes TCP connections of a listener, with limits before TLS
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/loop.h"
#include "common/wheel.h"
#include "sigd/transport/accept.h"
#include "sigd/transport/lb_wait.h"
#include "sigd/transport/transport.h"

/* BATCH: connections of one listener in one turn; its queue waits in the
 * kernel. PAUSE_MS: without descriptors, try again after that. */
enum {
	BATCH = 32,
	PAUSE_MS = 100
};

struct accept_listener {
	struct accept_params p;
	struct list waits; /* struct lb_wait: each is inside the gate, as
			      nobody yet */
	struct loop_watch *watch;
	struct wheel_timer pause;
};

static void socket_options(int fd, const struct transport_limits *limits)
{
	int on = 1;
	unsigned ms = limits->unacked_ms;

	/* Best effort: without them a connection is slower to notice, not
	 * wrong */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

static void resume(void *arg)
{
	struct accept_listener *listener = arg;

	if (loop_watch_set(listener->watch, LOOP_READ))
		wheel_start(listener->p.wheel, &listener->pause, PAUSE_MS,
			    resume, listener);
}

/* The queue of the listener stays ready, so watching it would spin. */
static void pause_accept(struct accept_listener *listener)
{
	++listener->p.counts->limit_fds;
	(void)loop_watch_set(listener->watch, 0);
	wheel_start(listener->p.wheel, &listener->pause, PAUSE_MS, resume,
		    listener);
}

static void admit(struct accept_listener *listener, int fd,
		  const struct sa *remote)
{
	if (accept_gate_enter(listener->p.gate, remote)) {
		close(fd);
		return;
	}
	++listener->p.counts->accepted;
	socket_options(fd, listener->p.limits);
	listener->p.accepth(fd, remote, listener->p.arg);
}

/* --- behind a load balancer ------------------------------------------------- */

static bool is_balancer(const struct accept_listener *listener,
			const struct sa *remote)
{
	for (size_t i = 0; i < listener->p.nbalancers; i++) {
		if (cfg_cidr_has(&listener->p.balancers[i], remote))
			return true;
	}
	return false;
}

static void on_header(int fd, const struct sa *remote, void *arg)
{
	struct accept_listener *listener = arg;

	accept_gate_leave(listener->p.gate, NULL);
	admit(listener, fd, remote);
}

static void on_no_header(void *arg)
{
	struct accept_listener *listener = arg;

	accept_gate_leave(listener->p.gate, NULL);
}

/* Whose connection it is stands in the header; until then it counts as one of
 * all. */
static void wait_for_header(struct accept_listener *listener, int fd,
			    const struct sa *remote)
{
	const struct lb_wait_params params = {
		.wheel = listener->p.wheel,
		.counts = listener->p.counts,
		.wait_ms = listener->p.limits->handshake_ms,
		.doneh = on_header,
		.goneh = on_no_header,
		.arg = listener,
	};

	if (accept_gate_enter(listener->p.gate, NULL)) {
		close(fd);
		return;
	}
	if (lb_wait_add(&listener->waits, fd, remote, &params)) {
		accept_gate_leave(listener->p.gate, NULL);
		close(fd);
	}
}

/* --- the listener ----------------------------------------------------------- */

static bool accept_one(struct accept_listener *listener)
{
	struct sa remote = {.len = sizeof(remote.u)};
	int fd;

	fd = accept4(listener->p.fd, &remote.u.sa, &remote.len,
		     SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			pause_accept(listener);
		/* ECONNABORTED and the errors of the network (accept(2)): the
		 * next one may be well */
		return errno == ECONNABORTED || errno == EINTR ||
		       errno == EPROTO;
	}
	if (is_balancer(listener, &remote))
		wait_for_header(listener, fd, &remote);
	else
		admit(listener, fd, &remote);
	return true;
}

static void on_ready(int flags, void *arg)
{
	struct accept_listener *listener = arg;

	(void)flags;
	for (int i = 0; i < BATCH; i++) {
		if (!accept_one(listener))
			break;
	}
}

static void listener_destructor(void *data)
{
	struct accept_listener *listener = data;

	wheel_stop(&listener->pause);
	mem_deref(listener->watch);
	for (struct le *le = listener->waits.head; le; le = le->next)
		accept_gate_leave(listener->p.gate, NULL);
	list_flush(&listener->waits);
}

int accept_listener_alloc(struct accept_listener **listenerp,
			  const struct accept_params *params)
{
	struct accept_listener *listener;
	int err;

	if (!listenerp || !params || !params->gate || !params->wheel ||
	    !params->limits || !params->counts || !params->accepth)
		return EINVAL;

	listener = mem_zalloc(sizeof(*listener), listener_destructor);
	if (!listener)
		return ENOMEM;

	listener->p = *params;
	err = loop_watch_alloc(&listener->watch, params->fd, LOOP_READ,
			       on_ready, listener);
	if (err)
		mem_deref(listener);
	else
		*listenerp = listener;
	return err;
}
