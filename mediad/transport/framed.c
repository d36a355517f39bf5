/*
 * framed.c  Framed connections: taken, claimed, left, closed
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "mediad/transport/framed_priv.h"
#include "mediad/transport/pass.h"

enum {
	ACCEPTS = 16,      /* at a wake-up */
	SWEEP_MS = 1000,   /* how often it is looked who claims what */
	SILENT_MS = 15000, /* no acknowledgement: the far side is gone */
	V6_HOST = 8,       /* bytes of an address that tell a host: /64 */
};

/* --- one ------------------------------------------------------------------------- */

static void conn_destructor(void *arg)
{
	struct framed_conn *conn = arg;

	if (conn->le.list)
		--conn->set->count;
	hash_unlink(&conn->le);
	list_unlink(&conn->new_le);
	mem_deref(conn->watch);
	mem_deref(conn->part);
	mem_deref(conn->waiting);
	close(conn->fd);
}

static void on_ready(int flags, void *arg)
{
	struct framed_conn *conn = arg;

	mem_ref(conn);
	if (flags & LOOP_WRITE && conn->waiting)
		framed_conn_drain(conn);
	if (flags & (LOOP_READ | LOOP_ERROR) && mem_nrefs(conn) > 1)
		framed_conn_read(conn);
	mem_deref(conn);
}

static struct framed_conn *conn_find(const struct framed *set,
				     const struct sa *src)
{
	struct le *le;

	for (le = list_head(hash_list(set->conns, sa_hash(src, SA_ALL))); le;
	     le = le->next) {
		struct framed_conn *conn = le->data;

		if (sa_cmp(&conn->src, src, SA_ALL))
			return conn;
	}
	return NULL;
}

static bool same_host(const struct sa *a, const struct sa *b)
{
	if (sa_af(a) == AF_INET6 && sa_af(b) == AF_INET6)
		return !memcmp(&a->u.in6.sin6_addr, &b->u.in6.sin6_addr,
			       V6_HOST);
	return sa_cmp(a, b, SA_ADDR);
}

/* A path claims it: it is no new one any more. */
static bool is_claimed(struct framed_conn *conn)
{
	struct framed *set = conn->set;

	if (!set->params.h->claimed(&conn->src, set->params.arg))
		return false;
	conn->since_ms = wheel_now(set->params.wheel);
	list_unlink(&conn->new_le);
	return true;
}

/* The oldest of those that nobody has claimed gives way: it had its time. */
static void oldest_new_close(struct framed *set)
{
	while (!list_isempty(&set->fresh)) {
		struct framed_conn *conn = list_head(&set->fresh)->data;

		if (is_claimed(conn))
			continue;
		++set->stats.refused;
		mem_deref(conn);
		return;
	}
}

/* Room for one more from there? */
static bool room_for(struct framed *set, const struct sa *src)
{
	unsigned host = 0;

	if (set->count >= set->params.max || conn_find(set, src))
		return false;
	for (struct le *le = list_head(&set->fresh); le; le = le->next) {
		const struct framed_conn *conn = le->data;

		host += same_host(&conn->src, src);
	}
	if (host >= FRAMED_NEW_HOST_MAX)
		return false;
	if (list_count(&set->fresh) >= FRAMED_NEW_MAX)
		oldest_new_close(set);
	return true;
}

static void tune(int fd)
{
	unsigned silent = SILENT_MS;
	int on = 1;

	/* one that cannot be tuned works, too */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silent,
			 sizeof(silent));
}

/* Takes fd over. NULL: it was closed. */
static struct framed_conn *conn_take(struct framed *set, int fd,
				     const struct sa *src)
{
	struct framed_conn *conn = NULL;

	if (room_for(set, src))
		conn = mem_zalloc(sizeof(*conn), conn_destructor);
	if (!conn) {
		++set->stats.refused;
		close(fd);
		return NULL;
	}
	conn->set = set;
	conn->fd = fd;
	conn->src = *src;
	conn->since_ms = wheel_now(set->params.wheel);
	tune(fd);
	if (loop_watch_alloc(&conn->watch, fd, LOOP_READ, on_ready, conn)) {
		++set->stats.refused;
		return mem_deref(conn);
	}
	hash_append(set->conns, sa_hash(src, SA_ALL), &conn->le, conn);
	list_append(&set->fresh, &conn->new_le, conn);
	++set->count;
	++set->stats.taken;
	return conn;
}

/* --- all ------------------------------------------------------------------------- */

/* Whose time is over? True ends a walk through the hash, which a removal would
 * spoil: it begins again. */
static bool is_left(struct le *le, void *arg)
{
	struct framed_conn *conn = le->data;
	struct framed *set = arg;
	uint64_t now = wheel_now(set->params.wheel);

	if (is_claimed(conn))
		return false;
	return now - conn->since_ms >=
	       (conn->new_le.list ? FRAMED_NEW_MS : FRAMED_LEFT_MS);
}

static void on_sweep(void *arg)
{
	struct framed *set = arg;
	struct le *le;

	while ((le = hash_apply(set->conns, is_left, set))) {
		struct framed_conn *conn = le->data;

		set->stats.refused += conn->new_le.list != NULL;
		mem_deref(conn);
	}
	wheel_start(set->params.wheel, &set->sweep, SWEEP_MS, on_sweep, set);
}

static bool accept_one(struct framed *set)
{
	struct sa src;
	int fd;

	src.len = sizeof(src.u);
	fd = accept4(set->params.fd, &src.u.sa, &src.len,
		     SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return errno == EINTR || errno == ECONNABORTED;
	(void)conn_take(set, fd, &src);
	return true;
}

static void on_accept(int flags, void *arg)
{
	(void)flags;
	for (unsigned i = 0; i < ACCEPTS && accept_one(arg); i++)
		;
}

static void destructor(void *arg)
{
	struct framed *set = arg;

	wheel_stop(&set->sweep);
	mem_deref(set->watch);
	if (set->conns)
		hash_flush(set->conns);
	mem_deref(set->conns);
}

int framed_alloc(struct framed **framedp, const struct framed_params *params)
{
	struct framed *set = mem_zalloc(sizeof(*set), destructor);
	int err;

	if (!set)
		return ENOMEM;
	set->params = *params;
	err = hash_alloc(&set->conns, hash_valid_size(params->max));
	if (!err)
		err = loop_watch_alloc(&set->watch, params->fd, LOOP_READ,
				       on_accept, set);
	if (err) {
		mem_deref(set);
		return err;
	}
	wheel_start(params->wheel, &set->sweep, SWEEP_MS, on_sweep, set);
	*framedp = set;
	return 0;
}

void framed_adopt(struct framed *framed, int fd, const struct pass_msg *msg)
{
	struct framed_conn *conn = conn_take(framed, fd, &msg->src);

	if (!conn)
		return;
	conn->adopted = true;
	framed_conn_feed(conn, msg->bytes, msg->len);
}

int framed_send(struct framed *framed, const struct sa *dst,
		const uint8_t *pkt, size_t len)
{
	struct framed_conn *conn = conn_find(framed, dst);
	int err = conn ? framed_conn_send(conn, pkt, len) : ENOTCONN;

	framed->stats.lost += err == ENOBUFS;
	return err;
}

const struct framed_stats *framed_stats(const struct framed *framed)
{
	return &framed->stats;
}

uint32_t framed_count(const struct framed *framed)
{
	return framed->count;
}
