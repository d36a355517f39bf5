/*
 * mux_tcp.c  The mux's browsers that come over TCP
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/transport/classify.h"
#include "mediad/transport/framed.h"
#include "mediad/transport/lite.h"
#include "mediad/transport/mux_priv.h"
#include "mediad/transport/pass.h"

static uint8_t sock_nr(const struct mux_sock *ms)
{
	return (uint8_t)(ms - ms->mux->socks);
}

static enum framed_whose nobodys(struct mux *mux, uint64_t *why)
{
	++mux->stats.rx;
	++*why;
	return FRAMED_NOBODYS;
}

static enum framed_whose on_first(const uint8_t *frame, size_t len,
				  uint8_t *slot, void *arg)
{
	const struct mux_sock *ms = arg;
	struct mux *mux = ms->mux;
	struct pl ufrag;
	int at;

	if (classify_packet(frame, len) != CLASSIFY_STUN ||
	    lite_route(&ufrag, frame, len))
		return nobodys(mux, &mux->stats.other);
	if (mux_name_find(mux, &ufrag))
		return FRAMED_OURS;
	at = lite_slot(&ufrag);
	if (at <= 0 || !mux->pass || at == pass_slot(mux->pass))
		return nobodys(mux, &mux->stats.no_ufrag);
	*slot = (uint8_t)at;
	return FRAMED_SIBLINGS;
}

static void on_frame(uint8_t *frame, size_t len, const struct sa *src,
		     void *arg)
{
	struct mux_sock *ms = arg;
	struct mux_packet packet = {.pkt = frame,
				    .len = len,
				    .cap = FRAMED_FRAME_MAX,
				    .src = *src,
				    .sock = sock_nr(ms)};

	++ms->mux->stats.rx;
	ms->mux->stats.rx_bytes += len;
	mux_hand_out(ms->mux, &packet);
}

static bool on_claimed(const struct sa *src, void *arg)
{
	const struct mux_sock *ms = arg;

	return mux_is_claimed(ms->mux, src, sock_nr(ms));
}

static const struct framed_handlers handlers = {
	.whose = on_first,
	.frame = on_frame,
	.claimed = on_claimed,
};

int mux_add_tcp(struct mux *mux, const struct mux_tcp *tcp, uint8_t *sock)
{
	struct mux_sock *ms = &mux->socks[mux->nsocks];
	const struct framed_params params = {
		.fd = tcp->fd,
		.sock = mux->nsocks,
		.max = tcp->max,
		.wheel = tcp->wheel,
		.pass = tcp->pass,
		.h = &handlers,
		.arg = ms,
	};
	int err;

	if (mux->nsocks == MUX_SOCKS_MAX)
		return ENOSPC;
	ms->mux = mux;
	ms->fd = tcp->fd;
	err = framed_alloc(&ms->framed, &params);
	if (err)
		return err;
	mux->pass = tcp->pass;
	*sock = mux->nsocks++;
	return 0;
}

bool mux_adopt(struct mux *mux, int fd, const struct pass_msg *msg)
{
	if (msg->sock >= mux->nsocks || !mux->socks[msg->sock].framed)
		return false;
	framed_adopt(mux->socks[msg->sock].framed, fd, msg);
	return true;
}

void mux_tcp_stats(const struct mux *mux, struct mux_tcp_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	for (uint8_t i = 0; i < mux->nsocks; i++) {
		const struct framed *framed = mux->socks[i].framed;
		const struct framed_stats *st;

		if (!framed)
			continue;
		st = framed_stats(framed);
		stats->connections += framed_count(framed);
		stats->taken += st->taken;
		stats->passed += st->passed;
		stats->refused += st->refused;
		stats->broken += st->broken;
		stats->lost += st->lost;
	}
}

bool mux_is_tcp(const struct mux *mux, uint8_t sock)
{
	return sock < mux->nsocks && mux->socks[sock].framed;
}
