/*
 * sock_udp.c  SIP over UDP: datagrams of one socket of this slot
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <re.h>

#include "common/loop.h"
#include "sigd/transport/sock_udp.h"
#include "sigd/transport/transport.h"

/* What one UDP datagram over IPv4 can carry is all that can come. BATCHES:
 * of one turn; the rest waits in the kernel. */
enum {
	BATCH = 16,
	BATCHES = 4,
	DATAGRAM_MAX = 65535,
	UDP_PAYLOAD_MAX = 65507,
	CONTROL_SIZE = 64,
	TRIES = 3
};

/* The buffers of one batch: 1 MB of addresses, of which only the pages that
 * datagrams have touched are memory. */
struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sa remote[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL_SIZE];
	uint8_t data[BATCH][DATAGRAM_MAX + 1];
};

struct sock_udp {
	struct loop_watch *watch;
	struct transport_counts *counts;
	struct batch *batch;
	struct sa local;
	sock_udp_recv_h *recvh;
	void *arg;
	uint32_t drops; /* of the kernel, as last told */
	int fd;
};

/* The kernel's count now: the socket is older than we are, and what was
 * dropped in a predecessor's time is not ours. */
static uint32_t drops_before(int fd)
{
	uint32_t mem[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(mem);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &len))
		return 0;
	return mem[SK_MEMINFO_DROPS];
}

/* SO_RXQ_OVFL: the kernel tells with each datagram how many it has dropped
 * since the socket was made (mod 2^32). */
static void count_drops(struct sock_udp *sock, struct msghdr *hdr)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c;
	     c = CMSG_NXTHDR(hdr, c)) {
		uint32_t drops;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&drops, CMSG_DATA(c), sizeof(drops));
		/* what waited when we began tells of less than we know */
		if ((int32_t)(drops - sock->drops) < 0)
			continue;
		sock->counts->udp_drops += drops - sock->drops;
		sock->drops = drops;
	}
}

/* RFC 5626 4.4.1 knows CRLF keep-alives on streams alone; over UDP they only
 * hold a NAT open, and get no answer. So do single zero bytes. */
static bool keepalive(const uint8_t *data, size_t len)
{
	if (len > 4)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\r' && data[i] != '\n' && data[i])
			return false;
	}
	return true;
}

static void take(struct sock_udp *sock, struct mmsghdr *msg,
		 const uint8_t *data, struct sa *remote)
{
	count_drops(sock, &msg->msg_hdr);
	remote->len = msg->msg_hdr.msg_namelen;
	/* An answer to port 0 cannot be sent */
	if ((msg->msg_hdr.msg_flags & MSG_TRUNC) || !sa_port(remote) ||
	    keepalive(data, msg->msg_len)) {
		++sock->counts->udp_rx_ignored;
		return;
	}
	++sock->counts->udp_rx;
	sock->recvh(&sock->local, remote, data, msg->msg_len, sock->arg);
}

static int read_batch(struct sock_udp *sock)
{
	struct batch *batch = sock->batch;
	int n;

	for (int i = 0; i < BATCH; i++) {
		batch->iov[i] = (struct iovec){batch->data[i], DATAGRAM_MAX};
		batch->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->remote[i].u,
			.msg_namelen = sizeof(batch->remote[i].u),
			.msg_iov = &batch->iov[i],
			.msg_iovlen = 1,
			.msg_control = batch->control[i],
			.msg_controllen = CONTROL_SIZE,
		};
	}
	n = recvmmsg(sock->fd, batch->msg, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n && mem_nrefs(sock) > 1; i++)
		take(sock, &batch->msg[i], batch->data[i], &batch->remote[i]);
	return n;
}

/* The handler may free the socket: it is then held by us alone. */
static void on_ready(int flags, void *arg)
{
	struct sock_udp *sock = arg;

	(void)flags;
	mem_ref(sock);
	/* An error is that of an earlier sending (ICMP): it is read away */
	for (int i = 0; i < BATCHES && mem_nrefs(sock) > 1; i++) {
		int n = read_batch(sock);

		if (n >= 0 && n < BATCH)
			break;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
	}
	mem_deref(sock);
}

static void udp_destructor(void *data)
{
	struct sock_udp *sock = data;

	mem_deref(sock->watch);
	mem_deref(sock->batch);
}

int sock_udp_alloc(struct sock_udp **sockp, int fd,
		   struct transport_counts *counts, sock_udp_recv_h *recvh,
		   void *arg)
{
	struct sock_udp *sock;
	int on = 1, err = 0;

	if (!sockp || !counts || !recvh)
		return EINVAL;

	sock = mem_zalloc(sizeof(*sock), udp_destructor);
	if (!sock)
		return ENOMEM;

	sock->fd = fd;
	sock->counts = counts;
	sock->recvh = recvh;
	sock->arg = arg;
	sock->drops = drops_before(fd);
	sock->local.len = sizeof(sock->local.u);
	if (getsockname(fd, &sock->local.u.sa, &sock->local.len))
		err = errno;
	/* Not zeroed: that would touch every page */
	sock->batch = mem_alloc(sizeof(*sock->batch), NULL);
	if (!sock->batch)
		err = ENOMEM;
	(void)setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	if (!err)
		err = loop_watch_alloc(&sock->watch, fd, LOOP_READ, on_ready,
				       sock);
	if (err)
		mem_deref(sock);
	else
		*sockp = sock;
	return err;
}

int sock_udp_send(struct sock_udp *sock, const struct sa *remote,
		  const uint8_t *data, size_t len)
{
	ssize_t n = -1;

	if (!len || len > UDP_PAYLOAD_MAX)
		return EMSGSIZE;

	/* The error of an earlier datagram (ICMP) is told once, in place of
	 * sending this one */
	for (int i = 0; i < TRIES; i++) {
		n = sendto(sock->fd, data, len, MSG_DONTWAIT, &remote->u.sa,
			   remote->len);
		if (n >= 0 || (errno != EINTR && errno != ECONNREFUSED))
			break;
	}

	if (n >= 0) {
		++sock->counts->udp_tx;
		return 0;
	}
	++sock->counts->udp_tx_errors;
	return errno == EAGAIN || errno == EWOULDBLOCK ? ENOBUFS : errno;
}

const struct sa *sock_udp_local(const struct sock_udp *sock)
{
	return &sock->local;
}

uint32_t sock_udp_queued(int fd)
{
	uint32_t mem[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(mem);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &len) ||
	    !mem[SK_MEMINFO_RCVBUF])
		return 0;
	return (uint32_t)((uint64_t)mem[SK_MEMINFO_RMEM_ALLOC] * 1000 /
			  mem[SK_MEMINFO_RCVBUF]);
}
