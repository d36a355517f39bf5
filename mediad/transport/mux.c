/*
 * mux.c  The slot's sockets for all browsers: who gets a datagram
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <re.h>

#include "common/fault.h"
#include "common/loop.h"
#include "mediad/transport/classify.h"
#include "mediad/transport/framed.h"
#include "mediad/transport/lite.h"
#include "mediad/transport/mux_priv.h"
#include "mediad/transport/queue.h"

enum {
	BATCHES = 4,    /* in one go: others want their turn, too */
	CLAIMS_MAX = 8, /* on one address, that are asked */
	DEFAULT_PATHS = 1024,
};

static void on_turn_end(void *arg);

static void destructor(void *arg)
{
	struct mux *mux = arg;

	loop_after_cancel(on_turn_end, mux);
	for (uint8_t i = 0; i < mux->nsocks; i++) {
		mem_deref(mux->socks[i].watch);
		mem_deref(mux->socks[i].framed);
	}
	if (mux->names)
		hash_clear(mux->names);
	if (mux->tuples)
		hash_clear(mux->tuples);
	mem_deref(mux->names);
	mem_deref(mux->tuples);
	mem_deref(mux->recv);
	mem_deref(mux->send);
}

/* Once; a batch puts back what the kernel has changed. */
static void prepare(struct mux *mux)
{
	for (unsigned i = 0; i < MUX_BATCH; i++) {
		mux->iov[i].iov_base = mux->recv[i].buf;
		mux->iov[i].iov_len = MUX_RECV_CAP;
		mux->msgs[i] = (struct mmsghdr){
			.msg_hdr = {.msg_name = &mux->src[i].u,
				    .msg_namelen = sizeof(mux->src[i].u),
				    .msg_iov = &mux->iov[i],
				    .msg_iovlen = 1,
				    .msg_control = mux->cmsg[i],
				    .msg_controllen = MUX_CMSG_CAP}};
	}
}

int mux_alloc(struct mux **muxp, uint32_t max)
{
	struct mux *mux = mem_zalloc(sizeof(*mux), destructor);
	int err;

	if (!mux)
		return ENOMEM;
	mux->recv = mem_alloc(MUX_BATCH * sizeof(*mux->recv), NULL);
	mux->send = mem_alloc(MUX_BATCH * sizeof(*mux->send), NULL);
	err = mux->recv && mux->send ? 0 : ENOMEM;
	if (!max)
		max = DEFAULT_PATHS;
	if (!err)
		err = hash_alloc(&mux->names, hash_valid_size(max));
	if (!err)
		err = hash_alloc(&mux->tuples, hash_valid_size(2 * max));
	if (err) {
		mem_deref(mux);
		return err;
	}
	prepare(mux);
	*muxp = mux;
	return 0;
}

/* --- who is who ------------------------------------------------------------ */

struct mux_name *mux_name_find(const struct mux *mux, const struct pl *ufrag)
{
	uint32_t key = hash_joaat((const uint8_t *)ufrag->p, ufrag->l);
	struct le *le;

	for (le = list_head(hash_list(mux->names, key)); le; le = le->next) {
		struct mux_name *name = le->data;

		if (!pl_strcmp(ufrag, name->ufrag))
			return name;
	}
	return NULL;
}

int mux_name_add(struct mux *mux, struct mux_name *name)
{
	struct pl ufrag = {.p = name->ufrag, .l = strlen(name->ufrag)};

	if (mux_name_find(mux, &ufrag))
		return EEXIST;
	hash_append(mux->names, hash_joaat_str(name->ufrag), &name->le, name);
	return 0;
}

void mux_name_del(struct mux_name *name)
{
	hash_unlink(&name->le);
}

static uint32_t tuple_key(const struct sa *src, uint8_t sock)
{
	return sa_hash(src, SA_ALL) * 2654435761u ^ sock;
}

static struct list *bucket_of(const struct mux *mux,
			      const struct mux_packet *packet)
{
	return hash_list(mux->tuples, tuple_key(&packet->src, packet->sock));
}

/* The first claim on the packet's source from here on. */
static struct mux_tuple *tuple_find(struct le *le,
				    const struct mux_packet *packet)
{
	for (; le; le = le->next) {
		struct mux_tuple *tuple = le->data;

		if (tuple->sock == packet->sock &&
		    sa_cmp(&tuple->src, &packet->src, SA_ALL))
			return tuple;
	}
	return NULL;
}

bool mux_is_claimed(const struct mux *mux, const struct sa *src, uint8_t sock)
{
	const struct mux_packet packet = {.src = *src, .sock = sock};

	return tuple_find(list_head(bucket_of(mux, &packet)), &packet) != NULL;
}

void mux_tuple_add(struct mux *mux, struct mux_tuple *tuple)
{
	hash_append(mux->tuples, tuple_key(&tuple->src, tuple->sock),
		    &tuple->le, tuple);
}

void mux_tuple_del(struct mux_tuple *tuple)
{
	hash_unlink(&tuple->le);
}

bool mux_tuple_here(const struct mux_tuple *tuple)
{
	return tuple->le.list != NULL;
}

/* --- sending ---------------------------------------------------------------- */

/* Packets of one socket. What the kernel does not take is lost, as on any
 * network; the rest of the batch still goes. */
static void send_run(struct mux *mux, struct mmsghdr *msgs, unsigned n, int fd)
{
	unsigned done = 0;

	while (done < n) {
		int sent = sendmmsg(fd, msgs + done, n - done, 0);

		if (sent > 0) {
			done += (unsigned)sent;
			mux->stats.tx += (unsigned)sent;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS) {
			mux->stats.tx_dropped += n - done;
			return;
		}
		++mux->stats.tx_dropped;
		++done;
	}
}

/* The same over TCP, each to its own connection. */
static void send_framed(struct mux *mux, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct send_slot *slot = &mux->send[i];

		if (framed_send(mux->socks[slot->sock].framed, &slot->dst,
				slot->buf, slot->len))
			++mux->stats.tx_dropped;
		else
			++mux->stats.tx;
	}
}

void mux_flush(struct mux *mux)
{
	struct mmsghdr msgs[MUX_BATCH];
	struct iovec iov[MUX_BATCH];
	size_t i, from = 0;

	if (!mux->queued)
		return;
	/* the index of each is in the state file now */
	(void)FAULT("mediad.packets.stored");
	++mux->stats.tx_batches;
	for (i = 0; i < mux->queued; i++) {
		struct send_slot *slot = &mux->send[i];

		iov[i].iov_base = slot->buf;
		iov[i].iov_len = slot->len;
		msgs[i] = (struct mmsghdr){
			.msg_hdr = {.msg_name = &slot->dst.u,
				    .msg_namelen = slot->dst.len,
				    .msg_iov = &iov[i],
				    .msg_iovlen = 1}};
	}
	for (i = 1; i <= mux->queued; i++) {
		uint8_t sock = mux->send[from].sock;

		if (i < mux->queued && mux->send[i].sock == sock)
			continue;
		if (mux->socks[sock].framed)
			send_framed(mux, from, i);
		else
			send_run(mux, msgs + from, (unsigned)(i - from),
				 mux->socks[sock].fd);
		from = i;
	}
	mux->queued = 0;
}

static void on_turn_end(void *arg)
{
	mux_flush(arg);
}

int mux_sock_of(const struct mux *mux, int af, unsigned n, uint8_t *sock)
{
	for (uint8_t i = 0; i < mux->nsocks; i++) {
		if (mux->socks[i].framed || mux->socks[i].af != af || n--)
			continue;
		*sock = i;
		return 0;
	}
	return ENOENT;
}

int mux_local(const struct mux *mux, uint8_t sock, struct sa *local)
{
	*local = (struct sa){.len = sizeof(local->u)};
	if (sock >= mux->nsocks)
		return ENOENT;
	return getsockname(mux->socks[sock].fd, &local->u.sa, &local->len)
		       ? errno
		       : 0;
}

uint8_t *mux_slot(struct mux *mux, size_t *cap)
{
	*cap = MUX_SEND_CAP;
	return mux->send[mux->queued].buf;
}

void mux_push(struct mux *mux, uint8_t sock, const struct sa *dst, size_t len)
{
	struct send_slot *slot = &mux->send[mux->queued];

	if (sock >= mux->nsocks || len > MUX_SEND_CAP) {
		++mux->stats.tx_dropped;
		return;
	}
	slot->sock = sock;
	slot->dst = *dst;
	slot->len = len;
	mux->stats.tx_bytes += len;
	if (!mux->queued++ && loop_after(on_turn_end, mux))
		mux_flush(mux);
	else if (mux->queued == MUX_BATCH)
		mux_flush(mux);
}

/* --- receiving -------------------------------------------------------------- */

/* It may be gone, and is not looked at unless it is still in the list. */
static void to_front(struct list *bucket, const struct mux_tuple *tuple)
{
	for (struct le *le = list_head(bucket); le; le = le->next) {
		if (le->data != tuple)
			continue;
		list_unlink(le);
		list_prepend(bucket, le, le->data);
		return;
	}
}

/* A try at decryption may spoil the packet: the next one gets a copy. */
static void ask_all(struct mux *mux, struct mux_packet *packet,
		    struct mux_tuple *tuple)
{
	struct list *bucket = bucket_of(mux, packet);

	memcpy(mux->copy, packet->pkt, packet->len);
	for (unsigned n = 0; tuple && n < CLAIMS_MAX; n++) {
		if (n)
			memcpy(packet->pkt, mux->copy, packet->len);
		if (tuple->recvh(packet, tuple->arg)) {
			if (n)
				to_front(bucket, tuple);
			return;
		}
		tuple = tuple_find(tuple->le.next, packet);
	}
}

static void by_source(struct mux *mux, struct mux_packet *packet)
{
	struct mux_tuple *tuple =
		tuple_find(list_head(bucket_of(mux, packet)), packet);

	if (!tuple)
		++mux->stats.no_tuple;
	else if (tuple_find(tuple->le.next, packet))
		ask_all(mux, packet, tuple);
	else
		(void)tuple->recvh(packet, tuple->arg);
}

void mux_hand_out(struct mux *mux, struct mux_packet *packet)
{
	const struct mux_name *name;
	struct pl ufrag;

	packet->kind = (uint8_t)classify_packet(packet->pkt, packet->len);
	switch ((enum classify)packet->kind) {
	case CLASSIFY_STUN:
		/* always by name: a new call may come from an address that
		 * an older one has shown */
		name = lite_route(&ufrag, packet->pkt, packet->len)
			       ? NULL
			       : mux_name_find(mux, &ufrag);
		if (name)
			(void)name->recvh(packet, name->arg);
		else
			++mux->stats.no_ufrag;
		break;
	case CLASSIFY_DTLS:
	case CLASSIFY_RTP:
	case CLASSIFY_RTCP:
		by_source(mux, packet);
		break;
	case CLASSIFY_OTHER:
	case CLASSIFY_N:
		++mux->stats.other;
		break;
	}
}

/* SO_RXQ_OVFL: what the kernel had dropped since the socket was made (mod 2^32)
 * when this datagram came; it does not tell of none. */
static bool overflow_of(uint32_t *count, struct msghdr *hdr)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(hdr);

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
		return false;
	memcpy(count, CMSG_DATA(c), sizeof(*count));
	return true;
}

static void note_overflow(struct mux *mux, struct mux_sock *ms,
			  struct msghdr *hdr)
{
	uint32_t count;

	if (!overflow_of(&count, hdr))
		return;
	mux->stats.overflow += count - ms->overflow;
	ms->overflow = count;
}

/* The socket is the parent's, and older than we are: what it lost before the
 * first datagram that we find was our predecessor's. Its counter now would be
 * ahead of what waits, and have what was lost while nobody read. */
static void first_read(struct mux_sock *ms, struct msghdr *hdr)
{
	ms->read = true;
	(void)overflow_of(&ms->overflow, hdr);
}

static void take(struct mux *mux, struct mux_sock *ms, unsigned i)
{
	struct msghdr *hdr = &mux->msgs[i].msg_hdr;
	struct mux_packet packet = {
		.pkt = mux->recv[i].buf,
		.len = mux->msgs[i].msg_len,
		.cap = MUX_RECV_CAP,
		.sock = (uint8_t)(ms - mux->socks),
	};

	mux->src[i].len = hdr->msg_namelen;
	packet.src = mux->src[i];
	++mux->stats.rx;
	mux->stats.rx_bytes += packet.len;
	if (hdr->msg_controllen)
		note_overflow(mux, ms, hdr);
	hdr->msg_namelen = sizeof(mux->src[i].u);
	hdr->msg_controllen = MUX_CMSG_CAP;
	if (hdr->msg_flags & MSG_TRUNC)
		++mux->stats.too_big;
	else
		mux_hand_out(mux, &packet);
}

/* True when there may be more. */
static bool read_batch(struct mux *mux, struct mux_sock *ms)
{
	int n;

	n = recvmmsg(ms->fd, mux->msgs, MUX_BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return false;

	++mux->stats.rx_batches;
	if (!ms->read)
		first_read(ms, &mux->msgs[0].msg_hdr);
	for (int i = 0; i < n; i++)
		take(mux, ms, (unsigned)i);
	return n == MUX_BATCH;
}

static void read_sock(struct mux_sock *ms)
{
	for (unsigned i = 0; i < BATCHES; i++) {
		if (!read_batch(ms->mux, ms))
			break;
	}
}

static void on_ready(int flags, void *arg)
{
	(void)flags;
	read_sock(arg);
}

void mux_poll(struct mux *mux)
{
	for (uint8_t i = 0; i < mux->nsocks; i++) {
		if (!mux->socks[i].framed)
			read_sock(&mux->socks[i]);
	}
}

int mux_add(struct mux *mux, int fd, uint8_t *sock)
{
	struct mux_sock *ms = &mux->socks[mux->nsocks];
	struct sa addr = {.len = sizeof(addr.u)};
	int on = 1, err;

	if (mux->nsocks == MUX_SOCKS_MAX)
		return ENOSPC;
	/* only a figure: served without it, too */
	(void)setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	if (getsockname(fd, &addr.u.sa, &addr.len))
		return errno;
	ms->mux = mux;
	ms->fd = fd;
	ms->af = sa_af(&addr);
	err = loop_watch_alloc(&ms->watch, fd, LOOP_READ, on_ready, ms);
	if (err)
		return err;
	*sock = mux->nsocks++;
	return 0;
}

const struct mux_stats *mux_stats(const struct mux *mux)
{
	return &mux->stats;
}

uint32_t mux_queued(const struct mux *mux)
{
	struct queue_state state;
	uint32_t most = 0;

	for (uint8_t i = 0; i < mux->nsocks; i++) {
		if (!mux->socks[i].framed &&
		    queue_look(&state, mux->socks[i].fd))
			most = max(most, state.filled);
	}
	return most;
}
