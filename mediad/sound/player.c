/*
 * player.c  A loop as a source of packets, one each 20 ms
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
	const struct sound_loop *loop;
	uint64_t due_ms;
	uint64_t nr; /* of the frame since the begin */
	uint8_t pt;
	struct feed feed;
};

static void player_destructor(void *data)
{
	struct player *player = data;

	wheel_stop(&player->timer);
}

static void play(struct player *player, uint64_t now_ms)
{
	const struct sound_frame *frame =
		&player->loop->frames[player->nr % SERVICE_FRAMES];
	uint32_t step = player->feed.in.rate * CODEC_FRAME_MS / 1000;
	uint8_t buf[PKT_HDR + SERVICE_FRAME_MAX];
	const struct feed_pkt pkt = {
		.now_ms = now_ms,
		.ts = (uint32_t)player->nr * step,
		.pt = player->pt,
		.paylen = (uint16_t)frame->len,
	};

	memcpy(buf + PKT_HDR, frame->data, frame->len);
	(void)feed_send(&player->feed, &pkt, buf);
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
		play(player, now_ms);
		player->nr++;
		player->due_ms += CODEC_FRAME_MS;
	} while (player->due_ms <= now_ms);

	wheel_start(player->wheel, &player->timer, player->due_ms - now_ms,
		    on_tick, player);
}

int player_alloc(struct player **playerp, const struct player_params *params)
{
	struct player *player;
	const struct sound_loop *loop;

	loop = sound_bank_loop(params->bank, params->service, params->codec);
	if (!loop)
		return EINVAL;
	player = mem_zalloc(sizeof(*player), player_destructor);
	if (!player)
		return ENOMEM;

	player->wheel = params->wheel;
	player->loop = loop;
	player->pt = params->pt;
	player->due_ms = wheel_now(params->wheel) + CODEC_FRAME_MS;
	feed_open(&player->feed, params->out, params->path);
	wheel_start(player->wheel, &player->timer, CODEC_FRAME_MS, on_tick,
		    player);
	*playerp = player;
	return 0;
}
