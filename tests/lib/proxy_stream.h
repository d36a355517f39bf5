/*
 * proxy_stream.h  Endpoints of the bed that speak SIP over TCP
 *
 * One is a struct ua as any other: put(), answer() and expect() serve it, once
 * it has a connection.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_PROXY_TCP_H
#define TESTS_LIB_PROXY_TCP_H

#include <fcntl.h>

#include "sigd/sip/smsg_frame.h"
#include "tests/lib/proxy_bed.h"

struct stream_ua {
	struct ua ua;
	int listener; /* 0: none */
	struct loop_watch *watch;
	struct smsg_frame *frame;
	bool ended;
	unsigned accepted;
};

static inline void sua_readable(int flags, void *arg)
{
	struct stream_ua *tcp = arg;
	struct smsg_piece piece;
	char buf[TEXT_MAX];
	ssize_t n;
	(void)flags;

	while ((n = recv(tcp->ua.fd, buf, sizeof(buf) - 1, MSG_DONTWAIT)) > 0) {
		CHECK(!smsg_frame_put(tcp->frame, (uint8_t *)buf, (size_t)n));
		while (!smsg_frame_next(tcp->frame, &piece)) {
			if (piece.kind != SMSG_PIECE_MSG)
				continue;
			memcpy(buf, piece.data, piece.len);
			buf[piece.len] = '\0';
			ua_take(&tcp->ua, buf);
		}
	}
	if (!n || errno != EAGAIN) {
		tcp->ended = true;
		tcp->ua.watch = mem_deref(tcp->ua.watch);
	}
}

static inline void sua_hang_up(struct stream_ua *tcp)
{
	tcp->ua.watch = mem_deref(tcp->ua.watch);
	tcp->frame = mem_deref(tcp->frame);
	if (tcp->ua.fd > 0)
		close(tcp->ua.fd);
	tcp->ua.fd = 0;
}

static inline void sua_begin(struct stream_ua *tcp, int fd)
{
	sua_hang_up(tcp);
	tcp->ua.fd = fd;
	tcp->ended = false;
	CHECK(!smsg_frame_alloc(&tcp->frame, 0));
	CHECK(!loop_watch_alloc(&tcp->ua.watch, fd, LOOP_READ, sua_readable,
				tcp));
}

static inline void sua_acceptable(int flags, void *arg)
{
	struct stream_ua *tcp = arg;
	int fd = accept4(tcp->listener, NULL, NULL,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	(void)flags;

	if (fd < 0)
		return;
	tcp->accepted++;
	sua_begin(tcp, fd);
}

/* A PBX that takes connections at this address, and speaks over the latest of
 * them. */
static inline void sua_listen_at(struct stream_ua *tcp, const struct sa *addr)
{
	memset(tcp, 0, sizeof(*tcp));
	tcp->ua.addr = *addr;
	tcp->listener = socket(AF_INET,
			       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK(!bind(tcp->listener, &addr->u.sa, addr->len) &&
	      !listen(tcp->listener, 16));
	CHECK(!loop_watch_alloc(&tcp->watch, tcp->listener, LOOP_READ,
				sua_acceptable, tcp));
}

/* A client, connected to this worker. */
static inline void sua_connect(struct stream_ua *tcp, struct fixture *fix,
			       unsigned worker)
{
	const struct sa *to = &fix->nodes[worker].tcp_addr;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(!connect(fd, &to->u.sa, to->len));
	tcp->ua.addr.len = sizeof(tcp->ua.addr.u);
	CHECK(!getsockname(fd, &tcp->ua.addr.u.sa, &tcp->ua.addr.len));
	sua_begin(tcp, fd);
}

static inline void sua_close(struct stream_ua *tcp)
{
	sua_hang_up(tcp);
	tcp->watch = mem_deref(tcp->watch);
	if (tcp->listener)
		close(tcp->listener);
	tcp->listener = 0;
}

#endif
