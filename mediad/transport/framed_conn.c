/*
 * framed_conn.c  A framed connection: bytes to frames, frames to bytes
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <re.h>

#include "mediad/transport/framed_priv.h"
#include "mediad/transport/pass.h"

/* --- in ------------------------------------------------------------------------- */

/* To the sibling whose path the first frame names, with all that was read. */
static bool pass_on(struct framed_conn *conn, const uint8_t *bytes, size_t len,
		    uint8_t slot)
{
	struct framed *set = conn->set;
	struct pass_msg msg;

	if (conn->adopted || !set->params.pass || len > PASS_BYTES_MAX)
		return false;
	memset(&msg, 0, sizeof(msg));
	msg.src = conn->src;
	msg.sock = set->params.sock;
	msg.len = (uint16_t)len;
	memcpy(msg.bytes, bytes, len);
	if (pass_send(set->params.pass, slot, conn->fd, &msg))
		return false;
	++set->stats.passed;
	return true;
}

/* The first frame: is it ours to read on? bytes: all there are. */
static bool first_ok(struct framed_conn *conn, const uint8_t *bytes, size_t len,
		     size_t frame_len)
{
	struct framed *set = conn->set;
	uint8_t slot = 0;

	switch (set->params.h->whose(bytes + FRAMED_HEAD, frame_len, &slot,
				     set->params.arg)) {
	case FRAMED_OURS:
		conn->named = true;
		return true;
	case FRAMED_SIBLINGS:
		if (pass_on(conn, bytes, len, slot))
			return false;
		break;
	case FRAMED_NOBODYS:
		break;
	}
	++set->stats.refused;
	return false;
}

static bool keep_part(struct framed_conn *conn, const uint8_t *bytes,
		      size_t len)
{
	if (!len) {
		conn->part = mem_deref(conn->part);
		conn->npart = 0;
		return true;
	}
	if (!conn->part)
		conn->part = mem_alloc(FRAMED_HEAD + FRAMED_FRAME_MAX, NULL);
	if (!conn->part)
		return false;
	memmove(conn->part, bytes, len);
	conn->npart = len;
	return true;
}

/* One whole frame of bytes is handed out: what it takes of them. 0: there is
 * none yet; -1: the connection is to end. */
static ssize_t frame_take(struct framed_conn *conn, const uint8_t *bytes,
			  size_t len)
{
	struct framed *set = conn->set;
	size_t n;

	if (len < FRAMED_HEAD)
		return 0;
	n = (size_t)bytes[0] << 8 | bytes[1];
	if (n > FRAMED_FRAME_MAX) {
		++set->stats.broken;
		return -1;
	}
	if (len < FRAMED_HEAD + n)
		return 0;
	if (!n) /* RFC 4571 2: it says nothing */
		return FRAMED_HEAD;
	if (!conn->named && !first_ok(conn, bytes, len, n))
		return -1;
	memcpy(set->frame, bytes + FRAMED_HEAD, n);
	set->params.h->frame(set->frame, n, &conn->src, set->params.arg);
	return (ssize_t)(FRAMED_HEAD + n);
}

void framed_conn_feed(struct framed_conn *conn, const uint8_t *bytes,
		      size_t len)
{
	size_t at = 0;
	ssize_t n;

	while ((n = frame_take(conn, bytes + at, len - at)) > 0)
		at += (size_t)n;
	if (n < 0 || !keep_part(conn, bytes + at, len - at))
		mem_deref(conn);
}

void framed_conn_read(struct framed_conn *conn)
{
	struct framed *set = conn->set;
	/* of who has named nobody yet no more than can be passed on */
	size_t room = conn->named ? sizeof(set->in)
				  : FRAMED_HEAD + FRAMED_FRAME_MAX;
	ssize_t n;

	n = recv(conn->fd, set->in + conn->npart, room - conn->npart,
		 MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		mem_deref(conn);
		return;
	}
	if (conn->npart)
		memcpy(set->in, conn->part, conn->npart);
	framed_conn_feed(conn, set->in, conn->npart + (size_t)n);
}

/* --- out ------------------------------------------------------------------------ */

void framed_conn_drain(struct framed_conn *conn)
{
	ssize_t n = send(conn->fd, conn->waiting, conn->nwaiting,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			mem_deref(conn);
		return;
	}
	conn->nwaiting -= (size_t)n;
	memmove(conn->waiting, conn->waiting + n, conn->nwaiting);
	if (conn->nwaiting)
		return;
	conn->waiting = mem_deref(conn->waiting);
	(void)loop_watch_set(conn->watch, LOOP_READ);
}

/* The rest of a frame that has begun, or a whole one behind it. */
static int wait_for_reader(struct framed_conn *conn, const struct iovec *iov,
			   size_t sent)
{
	if (!conn->waiting)
		conn->waiting = mem_alloc(FRAMED_WAITING_MAX, NULL);
	if (!conn->waiting) {
		/* behind half a frame nobody finds the next one. The loop
		 * ends it: this may be within framed_conn_feed() of the same */
		if (sent)
			(void)shutdown(conn->fd, SHUT_RDWR);
		return ENOMEM;
	}
	for (unsigned i = 0; i < 2; i++) {
		size_t skip = sent < iov[i].iov_len ? sent : iov[i].iov_len;

		memcpy(conn->waiting + conn->nwaiting,
		       (uint8_t *)iov[i].iov_base + skip,
		       iov[i].iov_len - skip);
		conn->nwaiting += iov[i].iov_len - skip;
		sent -= skip;
	}
	return loop_watch_set(conn->watch, LOOP_READ | LOOP_WRITE);
}

int framed_conn_send(struct framed_conn *conn, const uint8_t *pkt, size_t len)
{
	uint8_t head[FRAMED_HEAD] = {(uint8_t)(len >> 8), (uint8_t)len};
	const struct iovec iov[2] = {{head, sizeof(head)},
				     {(void *)(uintptr_t)pkt, len}};
	struct msghdr hdr = {.msg_iov = (struct iovec *)(uintptr_t)iov,
			     .msg_iovlen = 2};
	ssize_t n = 0;

	if (len > UINT16_MAX)
		return EMSGSIZE;
	if (conn->nwaiting + FRAMED_HEAD + len > FRAMED_WAITING_MAX)
		return ENOBUFS;
	if (!conn->nwaiting)
		n = sendmsg(conn->fd, &hdr, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		n = 0;
	if (n < 0)
		return errno; /* the loop will say so, too */
	if ((size_t)n == FRAMED_HEAD + len)
		return 0;
	return wait_for_reader(conn, iov, (size_t)n);
}
