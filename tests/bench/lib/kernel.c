/*
 * kernel.c  The kernel's share of a relayed packet
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/kernel.h"

enum {
	PEERS = 100,
	AT_ONCE_MAX = 64,
	PACKET = 128 /* Opus of 100 bytes, RTP and SRTP */
};

struct relay {
	int fd, peers[PEERS];
	struct sa addr, addrs[PEERS];
	struct mmsghdr msgs[AT_ONCE_MAX];
	struct iovec iov[AT_ONCE_MAX];
	struct sa names[AT_ONCE_MAX];
	uint8_t bufs[AT_ONCE_MAX][PACKET];
};

static int bound(struct sa *addr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int size = 4 << 20;

	sa_set_str(addr, "127.0.0.1", 0);
	if (fd < 0 || bind(fd, &addr->u.sa, addr->len) ||
	    getsockname(fd, &addr->u.sa, &addr->len))
		bench_die("no socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

static void prepare(struct relay *relay, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		relay->iov[i].iov_base = relay->bufs[i];
		relay->iov[i].iov_len = PACKET;
		relay->msgs[i].msg_hdr =
			(struct msghdr){.msg_name = &relay->names[i].u,
					.msg_namelen =
						sizeof(relay->names[i].u),
					.msg_iov = &relay->iov[i],
					.msg_iovlen = 1};
	}
}

/* Who has sent it is not who gets it. */
static void pass_on(struct relay *relay, unsigned n, unsigned *at)
{
	int got;

	prepare(relay, n);
	got = recvmmsg(relay->fd, relay->msgs, n, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++) {
		const struct sa *to = &relay->addrs[(*at)++ % PEERS];

		relay->iov[i].iov_len = relay->msgs[i].msg_len;
		relay->msgs[i].msg_hdr.msg_name = (void *)(uintptr_t)&to->u;
		relay->msgs[i].msg_hdr.msg_namelen = to->len;
	}
	if (got > 0 &&
	    sendmmsg(relay->fd, relay->msgs, (unsigned)got, 0) != got)
		bench_die("sendmmsg: %s", strerror(errno));
}

static double run(struct relay *relay, unsigned at_once, unsigned packets)
{
	uint8_t pkt[PACKET] = {0x80};
	unsigned from = 0, to = 50;
	double us = 0;

	for (unsigned n = 0; n < packets; n += at_once) {
		double begin;

		for (unsigned i = 0; i < at_once; i++)
			(void)!sendto(relay->peers[from++ % PEERS], pkt, PACKET,
				      0, &relay->addr.u.sa, relay->addr.len);
		begin = bench_cpu_us();
		pass_on(relay, at_once, &to);
		us += bench_cpu_us() - begin;
		for (unsigned i = 0; i < PEERS && n % 1000 < at_once; i++) {
			while (recv(relay->peers[i], pkt, PACKET, 0) > 0)
				;
		}
	}
	return us / packets;
}

double kernel_relay_us(unsigned at_once, unsigned packets)
{
	static struct relay relay;
	double us;

	memset(&relay, 0, sizeof(relay));
	relay.fd = bound(&relay.addr);
	for (unsigned i = 0; i < PEERS; i++)
		relay.peers[i] = bound(&relay.addrs[i]);
	us = run(&relay, at_once, packets);
	for (unsigned i = 0; i < PEERS; i++)
		close(relay.peers[i]);
	close(relay.fd);
	return us;
}
