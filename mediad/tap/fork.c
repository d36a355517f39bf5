/*
 * fork.c  The audio of a call as RTP to a consumer
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "mediad/rtp/pkt.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/halfband.h"
#include "mediad/tap/fork.h"

enum {
	SIDES = 2,
	PTIME_MAX = 60,
	FRAME_MAX = 16000 / 1000 * PTIME_MAX,
	PAYLOAD_MAX = 2 * FRAME_MAX,
	PIECE = 160, /* samples at a time; even */
};

struct forker {
	int fd[2]; /* IPv4, IPv6; -1: none */
	unsigned count;
	struct fork_consumer consumers[FORK_CONSUMERS_MAX];
	struct forker_figures figures;
};

struct side {
	struct codec_enc *enc;
	struct halfband down;
	int16_t pcm[FRAME_MAX];
	size_t fill;
	struct pkt h; /* of the next packet */
};

struct fork {
	struct forker *forker;
	const struct fork_consumer *to;
	uint32_t rate, enc_rate; /* Hz */
	size_t frame;            /* samples of a packet */
	struct side sides[SIDES];
};

/* --- the consumers ------------------------------------------------------------------ */

static void forker_destructor(void *data)
{
	struct forker *forker = data;

	for (unsigned i = 0; i < 2; i++)
		if (forker->fd[i] >= 0)
			close(forker->fd[i]);
}

int forker_alloc(struct forker **forkerp)
{
	struct forker *forker = mem_zalloc(sizeof(*forker), forker_destructor);

	if (!forker)
		return ENOMEM;
	forker->fd[0] = forker->fd[1] = -1;
	*forkerp = forker;
	return 0;
}

int forker_add(struct forker *forker, const struct fork_consumer *consumer)
{
	const bool six = sa_af(&consumer->addr) == AF_INET6;

	if (forker->count == FORK_CONSUMERS_MAX)
		return EUSERS;
	if (forker->fd[six] < 0)
		forker->fd[six] = socket(six ? AF_INET6 : AF_INET,
					 SOCK_DGRAM | SOCK_NONBLOCK |
						 SOCK_CLOEXEC,
					 0);
	if (forker->fd[six] < 0)
		return errno;
	forker->consumers[forker->count++] = *consumer;
	return 0;
}

const struct forker_figures *forker_figures(const struct forker *forker)
{
	return &forker->figures;
}

static const struct fork_consumer *find(const struct forker *forker,
					const char *name)
{
	for (unsigned i = 0; forker && i < forker->count; i++)
		if (!strcmp(forker->consumers[i].name, name))
			return &forker->consumers[i];
	return NULL;
}

bool forker_has(const struct forker *forker, const char *consumer)
{
	return find(forker, consumer) != NULL;
}

/* --- one call ------------------------------------------------------------------------ */

static void fork_destructor(void *data)
{
	struct fork *fk = data;

	for (unsigned i = 0; i < SIDES; i++)
		mem_deref(fk->sides[i].enc);
}

static int sides_make(struct fork *fk)
{
	const struct codec *codec = fk->to->codec;
	const struct codec_voice voice = {.rate = fk->enc_rate,
					  .complexity = 1};
	const uint32_t ssrc = rand_u32() & ~1u;
	int err = 0;

	for (unsigned i = 0; i < SIDES && !err; i++) {
		struct side *side = &fk->sides[i];

		err = codec->voice_enc_alloc(&side->enc, &voice);
		side->h = (struct pkt){.ssrc = ssrc | i,
				       .ts = rand_u32(),
				       .seq = (uint16_t)(rand_u32() & 0x7fff),
				       .pt = fk->to->pt,
				       .marker = true};
	}
	return err;
}

int fork_alloc(struct fork **fkp, struct forker *forker, const char *consumer,
	       uint32_t rate)
{
	const struct fork_consumer *to = find(forker, consumer);
	struct fork *fk;
	int err;

	if (!to)
		return ENOENT;
	fk = mem_zalloc(sizeof(*fk), fork_destructor);
	if (!fk)
		return ENOMEM;
	fk->forker = forker;
	fk->to = to;
	fk->rate = rate;
	fk->enc_rate = min(rate, to->codec->voice_rate);
	fk->frame = (size_t)to->codec->voice_frame(to->ptime) *
		    (fk->enc_rate / 1000);
	err = sides_make(fk);
	if (err) {
		mem_deref(fk);
		return err;
	}
	forker->figures.forks++;
	*fkp = fk;
	return 0;
}

const char *fork_consumer(const struct fork *fk)
{
	return fk->to->name;
}

static void send_packet(struct fork *fk, struct side *side)
{
	struct forker *forker = fk->forker;
	const struct sa *to = &fk->to->addr;
	const int fd = forker->fd[sa_af(to) == AF_INET6];
	uint8_t buf[PKT_HDR + PAYLOAD_MAX];
	size_t len = 0;

	if (!fk->to->codec->encode(side->enc, side->pcm, fk->frame,
				   buf + PKT_HDR, &len, PAYLOAD_MAX) &&
	    len) {
		pkt_write(buf, &side->h);
		if (sendto(fd, buf, PKT_HDR + len, 0, &to->u.sa, to->len) < 0)
			forker->figures.unsent++;
		else
			forker->figures.packets++;
	}
	side->h.seq++;
	side->h.marker = false;
	side->h.ts += codec_ticks(fk->to->codec, fk->enc_rate,
				  (int64_t)fk->frame);
}

static void side_put(struct fork *fk, struct side *side, const int16_t *pcm,
		     size_t count)
{
	while (count) {
		size_t n = min(count, fk->frame - side->fill);

		memcpy(side->pcm + side->fill, pcm, n * sizeof(*pcm));
		side->fill += n;
		pcm += n;
		count -= n;
		if (side->fill < fk->frame)
			continue;
		send_packet(fk, side);
		side->fill = 0;
	}
}

/* count is even when the rate is halved. */
static void put_piece(struct fork *fk, unsigned nr, const int16_t *pcm,
		      size_t count)
{
	struct side *side = &fk->sides[nr];
	int16_t own[PIECE];

	for (size_t i = 0; i < count; i++)
		own[i] = pcm[SIDES * i + nr];
	if (fk->enc_rate != fk->rate) {
		count /= 2;
		halfband_down(&side->down, own, own, count);
	}
	side_put(fk, side, own, count);
}

void fork_put(struct fork *fk, const int16_t *pcm, size_t count)
{
	while (count) {
		size_t n = min(count, (size_t)PIECE);

		for (unsigned nr = 0; nr < SIDES; nr++)
			put_piece(fk, nr, pcm, n);
		pcm += SIDES * n;
		count -= n;
	}
}
