/*
 * accept.c  Takes TCP connections of a listener, with limits before TLS
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "sigd/transport/accept.h"
#include "sigd/transport/transport.h"

/* BATCH: connections of one listener in one turn; its queue waits in the
 * kernel. PAUSE_MS: without descriptors, try again after that. */
enum {
	BUCKETS = 1024,
	BATCH = 32,
	PAUSE_MS = 100
};

struct source {
	struct le le;
	uint8_t key[9]; /* family, then 4 or 8 bytes of the address */
	uint32_t count;
};

struct accept_gate {
	const struct transport_limits *limits;
	struct transport_counts *counts;
	accept_full_h *fullh;
	void *arg;
	struct hash *sources;
	uint32_t count;
};

struct accept_listener {
	struct accept_gate *gate;
	struct loop_watch *watch;
	struct wheel *wheel;
	struct wheel_timer pause;
	accept_h *accepth;
	void *arg;
	int fd;
};

/* --- the gate ----------------------------------------------------------- */

static void source_destructor(void *data)
{
	struct source *source = data;

	hash_unlink(&source->le);
}

static void gate_destructor(void *data)
{
	struct accept_gate *gate = data;

	hash_flush(gate->sources);
	mem_deref(gate->sources);
}

int accept_gate_alloc(struct accept_gate **gatep,
		      const struct transport_limits *limits,
		      struct transport_counts *counts, accept_full_h *fullh,
		      void *arg)
{
	struct accept_gate *gate;
	int err;

	if (!gatep || !limits || !counts)
		return EINVAL;

	gate = mem_zalloc(sizeof(*gate), gate_destructor);
	if (!gate)
		return ENOMEM;

	gate->limits = limits;
	gate->counts = counts;
	gate->fullh = fullh;
	gate->arg = arg;
	err = hash_alloc(&gate->sources, BUCKETS);
	if (err)
		mem_deref(gate);
	else
		*gatep = gate;
	return err;
}

/* One who has an IPv6 address has its /64. */
static void source_key(uint8_t key[9], const struct sa *remote)
{
	uint8_t in6[16];
	uint32_t in;

	memset(key, 0, 9);
	if (sa_af(remote) == AF_INET6) {
		sa_in6(remote, in6);
		key[0] = 6;
		memcpy(key + 1, in6, 8);
		/* ::ffff:0:0/96 is IPv4 (RFC 4291 2.5.5.2) */
		if (!memcmp(in6, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12)) {
			key[0] = 4;
			memcpy(key + 1, in6 + 12, 4);
		}
	} else {
		in = htonl(sa_in(remote));
		key[0] = 4;
		memcpy(key + 1, &in, 4);
	}
}

static bool source_is(struct le *le, void *arg)
{
	struct source *source = le->data;

	return !memcmp(source->key, arg, sizeof(source->key));
}

static struct source *source_find(const struct accept_gate *gate,
				  uint8_t key[9])
{
	return list_ledata(
		hash_lookup(gate->sources, hash_joaat(key, 9), source_is, key));
}

static struct source *source_get(struct accept_gate *gate,
				 const struct sa *remote)
{
	struct source *source;
	uint8_t key[9];

	source_key(key, remote);
	source = source_find(gate, key);
	if (source)
		return source;

	source = mem_zalloc(sizeof(*source), source_destructor);
	if (!source)
		return NULL;

	memcpy(source->key, key, sizeof(key));
	hash_append(gate->sources, hash_joaat(key, 9), &source->le, source);
	return source;
}

int accept_gate_enter(struct accept_gate *gate, const struct sa *remote)
{
	struct source *source = source_get(gate, remote);

	if (!source)
		return ENOMEM;
	if (source->count >= gate->limits->conns_source) {
		++gate->counts->limit_source;
		return EDQUOT;
	}
	if (gate->count >= gate->limits->conns) {
		++gate->counts->limit_conns;
		/* The one that is ended is still inside until it has left */
		if (!gate->fullh || !gate->fullh(gate->arg)) {
			if (!source->count)
				mem_deref(source);
			return ENFILE;
		}
	}
	++source->count;
	++gate->count;
	return 0;
}

void accept_gate_leave(struct accept_gate *gate, const struct sa *remote)
{
	struct source *source;
	uint8_t key[9];

	source_key(key, remote);
	source = source_find(gate, key);
	assert(source && source->count && gate->count);
	--gate->count;
	if (!--source->count)
		mem_deref(source);
}

uint32_t accept_gate_inside(const struct accept_gate *gate,
			    const struct sa *remote)
{
	struct source *source;
	uint8_t key[9];

	if (!remote)
		return gate->count;

	source_key(key, remote);
	source = source_find(gate, key);
	return source ? source->count : 0;
}

/* --- the listener ------------------------------------------------------- */

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
		wheel_start(listener->wheel, &listener->pause, PAUSE_MS, resume,
			    listener);
}

/* The queue of the listener stays ready, so watching it would spin. */
static void pause_accept(struct accept_listener *listener)
{
	++listener->gate->counts->limit_fds;
	(void)loop_watch_set(listener->watch, 0);
	wheel_start(listener->wheel, &listener->pause, PAUSE_MS, resume,
		    listener);
}

static bool accept_one(struct accept_listener *listener)
{
	struct sa remote = {.len = sizeof(remote.u)};
	int fd;

	fd = accept4(listener->fd, &remote.u.sa, &remote.len,
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
	if (accept_gate_enter(listener->gate, &remote)) {
		close(fd);
		return true;
	}
	++listener->gate->counts->accepted;
	socket_options(fd, listener->gate->limits);
	listener->accepth(fd, &remote, listener->arg);
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
}

int accept_listener_alloc(struct accept_listener **listenerp, int fd,
			  struct accept_gate *gate, struct wheel *wheel,
			  accept_h *accepth, void *arg)
{
	struct accept_listener *listener;
	int err;

	if (!listenerp || !gate || !wheel || !accepth)
		return EINVAL;

	listener = mem_zalloc(sizeof(*listener), listener_destructor);
	if (!listener)
		return ENOMEM;

	listener->fd = fd;
	listener->gate = gate;
	listener->wheel = wheel;
	listener->accepth = accepth;
	listener->arg = arg;
	err = loop_watch_alloc(&listener->watch, fd, LOOP_READ, on_ready,
			       listener);
	if (err)
		mem_deref(listener);
	else
		*listenerp = listener;
	return err;
}
