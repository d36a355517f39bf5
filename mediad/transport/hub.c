/*
 * hub.c  The worker's sockets for plain RTP: a pair of ports for each leg
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "mediad/transport/hub.h"
#include "mediad/transport/path.h"
#include "mediad/transport/portset.h"
#include "mediad/transport/queue.h"

enum {
	RECV_CAP = 2048, /* more than any packet that is not dropped */
	BUSY_MAX = 32,   /* ports of others that are passed over in a row */
};

struct hub_iface_ports {
	struct hub_iface iface;
	struct portset *ports;
};

struct hub {
	struct hub_iface_ports ifaces[HUB_IFACES_MAX];
	size_t nifaces;
	struct list pairs;
	struct hub_stats stats;
	uint64_t turn; /* of the loop, in which something came last */
	uint8_t headroom[PATH_HEADROOM];
	uint8_t buf[RECV_CAP];
};

struct hub_sock {
	struct hub_pair *pair;
	struct loop_watch *watch;
	int fd;
	uint32_t lost; /* of its queue, counted by now */
	bool connected;
};

struct hub_pair {
	struct le le;
	struct hub *hub;
	struct hub_iface_ports *at;
	struct sa local;
	struct hub_sock socks[2]; /* RTP, RTCP */
	hub_recv_h *recvh;
	void *arg;
};

_Static_assert(offsetof(struct hub, buf) ==
		       offsetof(struct hub, headroom) + PATH_HEADROOM,
	       "headroom is before the buffer");

/* --- the hub ------------------------------------------------------------------ */

static void hub_destructor(void *data)
{
	struct hub *hub = data;

	for (size_t i = 0; i < hub->nifaces; i++)
		mem_deref(hub->ifaces[i].ports);
}

int hub_alloc(struct hub **hubp)
{
	struct hub *hub = mem_zalloc(sizeof(*hub), hub_destructor);

	if (!hub)
		return ENOMEM;
	*hubp = hub;
	return 0;
}

int hub_add(struct hub *hub, const struct hub_iface *iface)
{
	struct hub_iface_ports *at = &hub->ifaces[hub->nifaces];
	int err;

	if (hub->nifaces == HUB_IFACES_MAX)
		return ENOSPC;
	err = portset_alloc(&at->ports, iface->lo, iface->hi);
	if (err)
		return err;
	at->iface = *iface;
	++hub->nifaces;
	return 0;
}

size_t hub_ifaces(const struct hub *hub)
{
	return hub->nifaces;
}

struct hub_stats *hub_stats(struct hub *hub)
{
	return &hub->stats;
}

void hub_ports(const struct hub *hub, uint32_t *count, uint32_t *nfree)
{
	*count = *nfree = 0;
	for (size_t i = 0; i < hub->nifaces; i++) {
		*count += portset_count(hub->ifaces[i].ports);
		*nfree += portset_free(hub->ifaces[i].ports);
	}
}

/* --- packets in ------------------------------------------------------------------ */

static void count(struct hub *hub, size_t len)
{
	const uint64_t turn = loop_turn();

	++hub->stats.rx;
	hub->stats.rx_bytes += len;
	hub->stats.rx_turns += turn != hub->turn;
	hub->turn = turn;
}

/* The handler is the last act: it may free us. */
static bool read_one(struct hub_sock *hs)
{
	struct hub_pair *pair = hs->pair;
	struct hub *hub = pair->hub;
	struct hub_packet packet = {
		.pkt = hub->buf,
		.cap = RECV_CAP,
		.rtcp = hs != &pair->socks[0],
	};
	ssize_t n;

	packet.src.len = sizeof(packet.src.u);
	n = recvfrom(hs->fd, hub->buf, RECV_CAP, MSG_TRUNC, &packet.src.u.sa,
		     &packet.src.len);
	if (n < 0) {
		/* a packet of ours came back (ICMP) */
		hub->stats.unreachable += errno == ECONNREFUSED;
		return errno == ECONNREFUSED;
	}
	count(hub, (size_t)n);
	if (n > RECV_CAP) {
		++hub->stats.too_big;
		return true;
	}
	packet.len = (size_t)n;
	pair->recvh(&packet, pair->arg);
	return true;
}

static void on_ready(int flags, void *arg)
{
	(void)flags;
	(void)read_one(arg);
}

void hub_poll(struct hub *hub)
{
	struct le *le = list_head(&hub->pairs);

	while (le) {
		struct hub_pair *pair = mem_ref(le->data);
		bool there;

		for (size_t i = 0; i < 2; i++)
			while (mem_nrefs(pair) > 1 && read_one(&pair->socks[i]))
				;
		/* who was freed by a handler takes the place along */
		there = mem_nrefs(pair) > 1;
		mem_deref(pair);
		le = there ? le->next : list_head(&hub->pairs);
	}
}

/* --- packets out ------------------------------------------------------------------- */

int hub_pair_send(struct hub_pair *pair, bool rtcp, const struct sa *peer,
		  const uint8_t *pkt, size_t len)
{
	const struct hub_sock *hs = &pair->socks[rtcp];
	const struct sockaddr *to = hs->connected ? NULL : &peer->u.sa;
	const socklen_t tolen = hs->connected ? 0 : peer->len;
	struct hub_stats *stats = &pair->hub->stats;
	ssize_t n = sendto(hs->fd, pkt, len, MSG_NOSIGNAL, to, tolen);

	/* that was about an earlier packet, and is forgotten now */
	if (n < 0 && errno == ECONNREFUSED) {
		++stats->unreachable;
		n = sendto(hs->fd, pkt, len, MSG_NOSIGNAL, to, tolen);
	}
	if (n < 0) {
		++stats->unsent;
		return errno;
	}
	++stats->tx;
	stats->tx_bytes += len;
	return 0;
}

/* --- queues --------------------------------------------------------------------------- */

static uint32_t pair_look(struct hub_pair *pair)
{
	struct queue_state state;
	uint32_t most = 0;

	for (size_t i = 0; i < 2; i++) {
		struct hub_sock *hs = &pair->socks[i];

		if (!queue_look(&state, hs->fd))
			continue;
		pair->hub->stats.overflow += (uint32_t)(state.lost - hs->lost);
		hs->lost = state.lost;
		most = max(most, state.filled);
	}
	return most;
}

uint32_t hub_look(struct hub *hub)
{
	uint32_t most = 0;

	for (struct le *le = list_head(&hub->pairs); le; le = le->next)
		most = max(most, pair_look(le->data));
	return most;
}

/* --- pairs ---------------------------------------------------------------------------- */

static void sock_close(struct hub_sock *hs)
{
	hs->watch = mem_deref(hs->watch);
	if (hs->fd >= 0)
		close(hs->fd);
	hs->fd = -1;
}

static void pair_destructor(void *data)
{
	struct hub_pair *pair = data;

	list_unlink(&pair->le);
	(void)pair_look(pair);
	sock_close(&pair->socks[0]);
	sock_close(&pair->socks[1]);
	if (pair->at)
		portset_give(pair->at->ports, sa_port(&pair->local));
}

static int sock_open(struct hub_sock *hs, const struct sa *bind_to,
		     uint16_t port)
{
	struct sa addr = *bind_to;
	const int on = 1;

	sa_set_port(&addr, port);
	hs->fd = socket(sa_af(&addr), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);
	if (hs->fd < 0)
		return errno;
	if (sa_af(&addr) == AF_INET6 &&
	    setsockopt(hs->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
		return errno;
	if (bind(hs->fd, &addr.u.sa, addr.len))
		return errno;

	return loop_watch_alloc(&hs->watch, hs->fd, LOOP_READ, on_ready, hs);
}

static int socks_open(struct hub_pair *pair, uint16_t port)
{
	const struct sa *bind_to = &pair->at->iface.bind;
	int err = sock_open(&pair->socks[0], bind_to, port);

	if (!err)
		err = sock_open(&pair->socks[1], bind_to, (uint16_t)(port + 1));
	if (err) {
		sock_close(&pair->socks[0]);
		sock_close(&pair->socks[1]);
	}
	return err;
}

static int pair_make(struct hub_pair **pairp, struct hub *hub,
		     hub_recv_h *recvh, void *arg)
{
	struct hub_pair *pair = mem_zalloc(sizeof(*pair), pair_destructor);

	if (!pair)
		return ENOMEM;

	pair->hub = hub;
	pair->recvh = recvh;
	pair->arg = arg;
	for (size_t i = 0; i < 2; i++) {
		pair->socks[i].pair = pair;
		pair->socks[i].fd = -1;
	}
	list_append(&hub->pairs, &pair->le, pair);
	*pairp = pair;
	return 0;
}

/* The port is taken by now, and given back with the pair. */
static int pair_bind(struct hub_pair *pair, struct hub_iface_ports *at,
		     uint16_t port)
{
	pair->at = at;
	pair->local = at->iface.advertise;
	sa_set_port(&pair->local, port);
	return socks_open(pair, port);
}

static int iface_for(struct hub_iface_ports **atp, struct hub *hub,
		     const struct hub_want *want)
{
	const bool named = want->name && want->name[0];
	int err = named ? ENODEV : EAFNOSUPPORT;

	for (size_t i = 0; i < hub->nifaces; i++) {
		const struct hub_iface *iface = &hub->ifaces[i].iface;

		if (named && strcmp(iface->name, want->name))
			continue;
		if (want->af == AF_UNSPEC || sa_af(&iface->bind) == want->af) {
			*atp = &hub->ifaces[i];
			return 0;
		}
		err = EAFNOSUPPORT;
	}
	return err;
}

int hub_pair_open(struct hub_pair **pairp, struct hub *hub,
		  const struct hub_want *want, hub_recv_h *recvh, void *arg)
{
	struct hub_iface_ports *at = NULL;
	struct hub_pair *pair;
	uint16_t port;
	int err = iface_for(&at, hub, want);

	if (err)
		return err;
	err = pair_make(&pair, hub, recvh, arg);
	if (err)
		return err;

	err = EADDRINUSE;
	for (unsigned i = 0; i < BUSY_MAX && err == EADDRINUSE; i++) {
		if (portset_take(at->ports, &port))
			break;
		err = pair_bind(pair, at, port);
		if (!err)
			break;
		/* behind all others: it may be free by then */
		pair->at = NULL;
		portset_give(at->ports, port);
		hub->stats.busy += err == EADDRINUSE;
	}
	if (err)
		mem_deref(pair);
	else
		*pairp = pair;
	return err;
}

static struct hub_iface_ports *iface_of(struct hub *hub, const struct sa *local)
{
	for (size_t i = 0; i < hub->nifaces; i++)
		if (sa_cmp(&hub->ifaces[i].iface.advertise, local, SA_ADDR))
			return &hub->ifaces[i];

	return NULL;
}

int hub_pair_reopen(struct hub_pair **pairp, struct hub *hub,
		    const struct sa *local, hub_recv_h *recvh, void *arg)
{
	struct hub_iface_ports *at = iface_of(hub, local);
	struct hub_pair *pair;
	int err;

	if (!at)
		return ENOENT;
	err = pair_make(&pair, hub, recvh, arg);
	if (err)
		return err;

	err = portset_take_this(at->ports, sa_port(local));
	if (!err)
		err = pair_bind(pair, at, sa_port(local));
	if (err)
		mem_deref(pair);
	else
		*pairp = pair;
	return err;
}

const char *hub_pair_name(const struct hub_pair *pair)
{
	return pair->at->iface.name;
}

const struct sa *hub_pair_local(const struct hub_pair *pair)
{
	return &pair->local;
}

/* RFC 1122, 3.2.1.3 (g): all of 127/8; sa_is_loopback() knows 127.0.0.1. */
static bool is_loopback(const struct sa *addr)
{
	return sa_af(addr) == AF_INET ? sa_in(addr) >> 24 == 127
				      : sa_is_loopback(addr);
}

bool hub_pair_reaches(const struct hub_pair *pair, const struct sa *peer)
{
	const struct hub_iface *own = &pair->at->iface;

	if (sa_af(&own->bind) != sa_af(peer))
		return false;

	return !is_loopback(peer) || is_loopback(&own->bind) ||
	       is_loopback(&own->advertise);
}

void hub_pair_release(struct hub_pair *pair, bool rtcp)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct hub_sock *hs = &pair->socks[rtcp];

	if (hs->connected)
		(void)connect(hs->fd, &none, sizeof(none));
	hs->connected = false;
}

int hub_pair_connect(struct hub_pair *pair, bool rtcp, const struct sa *peer)
{
	struct hub_sock *hs = &pair->socks[rtcp];

	/* the source address would stay that for the peer before */
	hub_pair_release(pair, rtcp);
	if (connect(hs->fd, &peer->u.sa, peer->len))
		return errno;

	hs->connected = true;
	return 0;
}
