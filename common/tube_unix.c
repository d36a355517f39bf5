/*
 * tube_unix.c  The tunnel in a box: unix sockets that keep packets whole
 *
 * A connection carries frames one way, from who made it. It is made when the
 * first frame is sent; connect() to a dead worker's path fails at once, and a
 * worker that dies ends its connections, so no frame waits for the dead. The
 * path is made under another name and renamed, so there is no moment without
 * a worker at it when a successor takes over.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "common/tube_priv.h"

/* BATCH: frames of one connection in one turn of the loop */
enum {
	BACKLOG = 64,
	BATCH = 32,
	SOCK_BUF = 512 * 1024
};

struct peer { /* we send to it */
	struct le le;
	struct tube_unix *end;
	struct loop_watch *watch;
	struct tube_queue queue;
	int fd;
	uint8_t slot;
};

struct inbound { /* we read from it */
	struct le le;
	struct tube_unix *end;
	struct loop_watch *watch;
	int fd;
};

struct tube_unix {
	struct tube *tube;
	struct tube_door door;
	struct list peers;
	struct list inbound;
	struct sockaddr_un path;
	dev_t dev;
	ino_t ino; /* of our path: a successor's is another */
};

/* --- out ---------------------------------------------------------------- */

static void peer_destructor(void *data)
{
	struct peer *peer = data;

	list_unlink(&peer->le);
	list_flush(&peer->queue.list);
	mem_deref(peer->watch);
	if (peer->fd >= 0)
		close(peer->fd);
}

static void peer_gone(struct peer *peer)
{
	struct tube *tube = peer->end->tube;
	struct tube_queue queue = peer->queue;

	/* First away with it: handlers may send to its successor */
	memset(&peer->queue, 0, sizeof(peer->queue));
	mem_deref(peer);
	tube_queue_lose(&queue, tube);
}

/* EAGAIN: later. Anything else: the peer is gone. */
static int send_now(int fd, const uint8_t *data, size_t len)
{
	ssize_t n;

	do {
		n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);

	if (n >= 0)
		return 0;
	return errno == EWOULDBLOCK || errno == ENOBUFS ? EAGAIN : errno;
}

static void flush(struct peer *peer)
{
	struct tube_out *out;

	while ((out = list_ledata(peer->queue.list.head))) {
		int err = send_now(peer->fd, out->data, out->len);

		if (err == EAGAIN)
			return;
		if (err) {
			peer_gone(peer);
			return;
		}
		tube_queue_drop_first(&peer->queue);
	}
	(void)loop_watch_set(peer->watch, LOOP_READ);
}

static void on_peer(int flags, void *arg)
{
	struct peer *peer = arg;
	uint8_t byte;

	/* It never writes: readable means that it has gone */
	if ((flags & LOOP_ERROR) ||
	    ((flags & LOOP_READ) &&
	     recv(peer->fd, &byte, 1, MSG_DONTWAIT) >= 0)) {
		peer_gone(peer);
		return;
	}
	if (flags & LOOP_WRITE)
		flush(peer);
}

static int peer_path(const struct tube_unix *end, uint8_t slot,
		     struct sockaddr_un *path, const char *suffix)
{
	int n;

	memset(path, 0, sizeof(*path));
	path->sun_family = AF_UNIX;
	n = snprintf(path->sun_path, sizeof(path->sun_path), "%s/%s-%u.sock%s",
		     end->tube->p.run_dir, end->tube->p.self.node, slot,
		     suffix);
	return n > 0 && (size_t)n < sizeof(path->sun_path) ? 0 : ENAMETOOLONG;
}

static int peer_connect(struct peer *peer)
{
	struct sockaddr_un path;
	int size = SOCK_BUF;
	int err = peer_path(peer->end, peer->slot, &path, "");

	if (err)
		return err;

	peer->fd = socket(AF_UNIX,
			  SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (peer->fd < 0)
		return ENOBUFS;

	/* Best effort: the kernel has a limit of its own */
	(void)setsockopt(peer->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (connect(peer->fd, (struct sockaddr *)&path, sizeof(path)))
		/* EAGAIN: its backlog is full */
		return errno == EAGAIN ? ENOBUFS : ECONNREFUSED;

	return loop_watch_alloc(&peer->watch, peer->fd, LOOP_READ, on_peer,
				peer);
}

static int peer_make(struct peer **peerp, struct tube_unix *end, uint8_t slot)
{
	struct peer *peer = mem_zalloc(sizeof(*peer), peer_destructor);
	int err;

	if (!peer)
		return ENOMEM;

	peer->end = end;
	peer->slot = slot;
	peer->fd = -1;
	list_append(&end->peers, &peer->le, peer);
	err = peer_connect(peer);
	if (err)
		mem_deref(peer);
	else
		*peerp = peer;
	return err;
}

static struct peer *peer_find(const struct tube_unix *end, uint8_t slot)
{
	for (struct le *le = end->peers.head; le; le = le->next) {
		struct peer *peer = le->data;

		if (peer->slot == slot)
			return peer;
	}
	return NULL;
}

static int peer_send(struct peer *peer, const uint8_t *data, size_t len)
{
	int err = EAGAIN;

	if (!peer->queue.bytes)
		err = send_now(peer->fd, data, len);
	if (err != EAGAIN)
		return err;

	err = tube_queue_add(&peer->queue, data, len);
	if (!err)
		err = loop_watch_set(peer->watch, LOOP_READ | LOOP_WRITE);
	return err;
}

int tube_unix_send(struct tube_unix *end, uint8_t slot, const uint8_t *data,
		   size_t len)
{
	struct peer *peer = peer_find(end, slot);
	int err;

	if (peer) {
		err = peer_send(peer, data, len);
		if (!err || err == ENOBUFS || err == ENOMEM || err == EMSGSIZE)
			return err;
		/* It died, unseen as yet: there may be a successor */
		peer_gone(peer);
	}
	err = peer_make(&peer, end, slot);
	if (err)
		return err;

	err = peer_send(peer, data, len);
	if (!err || err == ENOBUFS || err == ENOMEM || err == EMSGSIZE)
		return err;

	peer_gone(peer);
	return ECONNREFUSED;
}

/* --- in ----------------------------------------------------------------- */

static void inbound_destructor(void *data)
{
	struct inbound *in = data;

	list_unlink(&in->le);
	mem_deref(in->watch);
	if (in->fd >= 0)
		close(in->fd);
}

static void on_inbound(int flags, void *arg)
{
	struct inbound *in = arg;
	struct tube *tube = in->end->tube;

	(void)flags;
	mem_ref(in);
	/* The handler may free the tunnel, and with it the list's reference */
	for (int i = 0; i < BATCH && mem_nrefs(in) > 1; i++) {
		ssize_t n = recv(in->fd, tube->buf, TUBE_FRAME_MAX + 1,
				 MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 &&
		    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			break;
		if (n <= 0) {
			mem_deref(in);
			break;
		}
		if (n > TUBE_FRAME_MAX)
			++tube->counts.rx_bad;
		else
			tube_input(tube, tube->buf, (size_t)n, NULL, NULL);
	}
	mem_deref(in);
}

/* The folder keeps others out; this is for the day when it does not. */
static bool peer_trusted(int fd)
{
	socklen_t len = sizeof(struct ucred);
	struct ucred cred;

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) &&
	       (cred.uid == geteuid() || !cred.uid);
}

static int inbound_make(struct tube_unix *end, int fd)
{
	struct inbound *in = mem_zalloc(sizeof(*in), inbound_destructor);
	int err;

	if (!in) {
		close(fd);
		return ENOMEM;
	}
	in->end = end;
	in->fd = fd;
	list_append(&end->inbound, &in->le, in);
	err = loop_watch_alloc(&in->watch, fd, LOOP_READ, on_inbound, in);
	if (err)
		mem_deref(in);
	return err;
}

static void on_listen(int flags, void *arg)
{
	struct tube_unix *end = arg;

	(void)flags;
	for (int i = 0; i < BATCH; i++) {
		int fd = tube_door_accept(&end->door, end->tube->p.wheel);

		if (fd < 0)
			break;
		if (!peer_trusted(fd) ||
		    list_count(&end->inbound) >= TUBE_PEERS_MAX)
			close(fd);
		else
			(void)inbound_make(end, fd);
	}
}

/* --- the end ------------------------------------------------------------ */

static void end_destructor(void *data)
{
	struct tube_unix *end = data;
	struct stat st;

	if (end->ino && !stat(end->path.sun_path, &st) &&
	    st.st_dev == end->dev && st.st_ino == end->ino)
		(void)unlink(end->path.sun_path);
	list_flush(&end->inbound);
	list_flush(&end->peers);
	tube_door_close(&end->door);
	if (end->door.fd >= 0)
		close(end->door.fd);
}

static int bind_path(struct tube_unix *end)
{
	struct sockaddr_un made;
	struct stat st;
	char suffix[16];
	int err;

	snprintf(suffix, sizeof(suffix), ".%u", end->tube->p.self.epoch);
	err = peer_path(end, end->tube->p.self.slot, &made, suffix);
	if (!err)
		err = peer_path(end, end->tube->p.self.slot, &end->path, "");
	if (err)
		return err;

	(void)unlink(made.sun_path);
	/* fchmod() before bind() makes the path with this mode: nobody can
	 * slip in between */
	if (fchmod(end->door.fd, 0600) ||
	    bind(end->door.fd, (struct sockaddr *)&made, sizeof(made)) ||
	    chmod(made.sun_path, 0600) || listen(end->door.fd, BACKLOG) ||
	    stat(made.sun_path, &st) ||
	    rename(made.sun_path, end->path.sun_path)) {
		err = errno;
		(void)unlink(made.sun_path);
		return err;
	}
	end->dev = st.st_dev;
	end->ino = st.st_ino;
	return 0;
}

int tube_unix_alloc(struct tube_unix **endp, struct tube *tube)
{
	struct tube_unix *end = mem_zalloc(sizeof(*end), end_destructor);
	int err;

	if (!end)
		return ENOMEM;

	end->tube = tube;
	end->door.fd = socket(AF_UNIX,
			      SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	err = end->door.fd < 0 ? errno : bind_path(end);
	if (!err)
		err = loop_watch_alloc(&end->door.watch, end->door.fd,
				       LOOP_READ, on_listen, end);
	if (err)
		mem_deref(end);
	else
		*endp = end;
	return err;
}
