/*
 * player.c  A loop as a source of packets, one each 20 ms or so
 *
 * The packets go through the same mapping as those of a leg: to the stream,
 * a player is a source like any other.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/rtp/feed.h"
#include "mediad/sound/bank.h"
#include "mediad/sound/codec.h"

enum {
	LATE_MAX_MS = 200
};

struct player {
	struct wheel *wheel;
	struct wheel_timer timer;
	struct sound *sound;
	const struct sound_clip *clip;
	uint64_t due_ms;
	uint64_t nr;   /* of the frame since the begin */
	uint64_t end;  /* the frame behind the last; UINT64_MAX: none */
	unsigned join; /* frames of a packet */
	uint8_t pt;
	struct feed feed;
	player_done_h *doneh;
	void *arg;
};

static void player_destructor(void *data)
{
	struct player *player = data;

	wheel_stop(&player->timer);
	mem_deref(player->sound);
}

static void play(struct player *player, uint64_t now_ms)
{
	uint32_t step = player->feed.in.rate * CODEC_FRAME_MS / 1000;
	uint8_t buf[PKT_HDR + SERVICE_JOIN_MAX * SERVICE_FRAME_MAX];
	struct feed_pkt pkt = {
		.now_ms = now_ms,
		.ts = (uint32_t)player->nr * step,
		.pt = player->pt,
	};

	for (unsigned i = 0; i < player->join; i++, player->nr++) {
		const struct sound_clip *clip = player->clip;
		const uint32_t nr = (uint32_t)(player->nr % clip->nframes);
		const uint32_t len = clip->at[nr + 1] - clip->at[nr];

		if (player->nr >= player->end)
			break;
		memcpy(buf + PKT_HDR + pkt.paylen, clip->bytes + clip->at[nr],
		       len);
		pkt.paylen = (uint16_t)(pkt.paylen + len);
	}
	(void)feed_send(&player->feed, &pkt, buf);
}

static void done(struct player *player)
{
	player_done_h *doneh = player->doneh;

	if (doneh)
		doneh(player->arg);
}

static void on_tick(void *arg)
{
	struct player *player = arg;
	uint64_t now_ms = wheel_now(player->wheel);

	if (now_ms >= player->due_ms + LATE_MAX_MS) {
		/* a gap, of which the sequence shows nothing */
		player->nr += (now_ms - player->due_ms) / CODEC_FRAME_MS;
		player->due_ms += (now_ms - player->due_ms) / CODEC_FRAME_MS *
				  CODEC_FRAME_MS;
		feed_anew(&player->feed);
	}
	do {
		if (player->nr >= player->end) {
			done(player);
			return;
		}
		play(player, now_ms);
		player->due_ms += CODEC_FRAME_MS * player->join;
	} while (player->due_ms <= now_ms);

	wheel_start(player->wheel, &player->timer, player->due_ms - now_ms,
		    on_tick, player);
}

static unsigned join_of(const struct player_params *params)
{
	/* of no codec a packet is larger than one of transcoding */
	const unsigned most = params->codec->voice_frame(
				      SERVICE_JOIN_MAX * CODEC_FRAME_MS) /
			      CODEC_FRAME_MS;
	unsigned join = params->ptime / CODEC_FRAME_MS;

	if (!params->codec->joins || join < 1)
		return 1;
	return join < most ? join : most;
}

int player_alloc(struct player **playerp, const struct player_params *params)
{
	const struct sound_clip *clip =
		params->sound && params->codec
			? sound_clip_of(params->sound, params->codec)
			: NULL;
	struct player *player;

	if (!clip)
		return EINVAL;
	player = mem_zalloc(sizeof(*player), player_destructor);
	if (!player)
		return ENOMEM;

	player->wheel = params->wheel;
	player->sound = mem_ref(params->sound);
	player->clip = clip;
	player->pt = params->pt;
	player->nr = params->played_ms / CODEC_FRAME_MS;
	player->end = params->times ? (uint64_t)params->times * clip->nframes
				    : UINT64_MAX;
	player->doneh = params->doneh;
	player->arg = params->arg;
	player->join = join_of(params);
	player->due_ms =
		wheel_now(params->wheel) + CODEC_FRAME_MS * player->join;
	feed_open(&player->feed, params->out, params->path);
	wheel_start(player->wheel, &player->timer,
		    CODEC_FRAME_MS * player->join, on_tick, player);
	*playerp = player;
	return 0;
}
