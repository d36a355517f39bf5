/*
 * leg_keys.c  Digits that we send to a leg's far side ourselves
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/rtp/feed.h"
#include "mediad/sdp/sdp_codec.h"
#include "mediad/session/leg_keys.h"
#include "mediad/session/session_priv.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/keytone.h"

enum {
	STEP_MS = 20,
	ENDS = 3, /* RFC 4733, 2.5.1.4 */
	PAUSE_MS = 60,
	VOLUME = 10,
	TONE_CLOCK = 8000, /* of events that only a tone hears of */
};

struct key {
	uint8_t code;
	bool held; /* ms is the most that it may be */
	uint32_t ms;
};

struct leg_keys {
	struct leg *leg;
	struct wheel_timer timer;
	struct feed feed;
	struct keytone *tone; /* NULL: events */
	struct key keys[LEG_KEYS_MAX]; /* the first one is down */
	uint8_t nkeys;
	uint8_t ends;    /* of it that were told */
	uint32_t ms;     /* for how long it is down */
	uint32_t ts;     /* since when: the feed's clock, or the tone's */
	uint8_t latest;  /* that was pressed, */
	uint64_t at_ms;  /* and when; 0: none, or it was asked for */
};

static void release(struct leg_keys *keys)
{
	struct strm_out *out = &keys->leg->out;

	if (out->solo == &keys->feed.relay.map)
		out->solo = NULL;
}

static void destructor(void *data)
{
	struct leg_keys *keys = data;

	wheel_stop(&keys->timer);
	release(keys);
	mem_deref(keys->tone);
}

static uint64_t now(const struct leg_keys *keys)
{
	return wheel_now(keys->leg->session->table->wheel);
}

static bool hears_us(const struct leg *leg)
{
	return leg->sdp.choice && leg->sdp.choice->dir & SDPM_SENDONLY;
}

/* --- one packet, or one word to the tone ------------------------------------------ */

static void tell_event(struct leg_keys *keys, const struct sdpm_map *event)
{
	const uint32_t rate = keys->leg->out.rate;
	const uint32_t ticks = keys->ms * (event->clock / 1000);
	const struct digit_step step = {
		.digit = {.code = keys->keys[0].code,
			  .volume = VOLUME,
			  .end = keys->ends > 0,
			  .duration = (uint16_t)min(ticks, DIGIT_SEGMENT)},
		.begin = keys->ts,
		.age = keys->ms * (rate / 1000),
		.first = keys->ms == STEP_MS && !keys->ends,
		.over = keys->ends > 0,
	};
	const struct feed_pkt pkt = {
		.now_ms = now(keys), .ts = keys->ts, .pt = event->tx_pt};

	keys->feed.relay.event.out = event->tx_pt;
	(void)feed_send_event(&keys->feed, &pkt, &step);
}

static void tell_tone(struct leg_keys *keys)
{
	const uint32_t ticks = keys->ms * (TONE_CLOCK / 1000);
	const struct digit digit = {.code = keys->keys[0].code,
				    .volume = VOLUME,
				    .end = keys->ends > 0,
				    .duration = (uint16_t)ticks};

	keytone_event(keys->tone, keys->ts, &digit, now(keys));
}

static void tell(struct leg_keys *keys)
{
	const struct sdpm_map *event = leg_event(keys->leg);

	if (keys->tone)
		tell_tone(keys);
	else if (event && hears_us(keys->leg))
		tell_event(keys, event);
}

/* --- time ------------------------------------------------------------------------------ */

static void on_tick(void *arg);

static void wait(struct leg_keys *keys, uint32_t ms)
{
	wheel_start(keys->leg->session->table->wheel, &keys->timer, ms,
		    on_tick, keys);
}

static void down(struct leg_keys *keys)
{
	struct strm_out *out = &keys->leg->out;
	const uint32_t rate = keys->tone ? TONE_CLOCK : out->rate;

	keys->ms = keys->ends = 0;
	keys->ts = (uint32_t)(now(keys) * (rate / 1000));
	if (keys->tone)
		return;
	feed_anew(&keys->feed);
	out->solo = &keys->feed.relay.map;
}

static void up(struct leg_keys *keys)
{
	keys->nkeys--;
	memmove(keys->keys, keys->keys + 1,
		keys->nkeys * sizeof(keys->keys[0]));
	keys->ms = keys->ends = 0;
	/* between keys the audio is what they sounded like */
	if (!keys->nkeys)
		release(keys);
	wait(keys, PAUSE_MS);
}

static void on_tick(void *arg)
{
	struct leg_keys *keys = arg;

	if (!keys->nkeys)
		return;
	if (!keys->ms)
		down(keys);
	if (keys->ms < keys->keys[0].ms)
		keys->ms += STEP_MS;
	if (keys->ms >= keys->keys[0].ms)
		keys->ends++;
	tell(keys);
	if (keys->ends >= ENDS)
		up(keys);
	else
		wait(keys, STEP_MS);
}

/* --- keys ------------------------------------------------------------------------------- */

static int tone_make(struct leg_keys *keys)
{
	struct leg *leg = keys->leg;
	const struct sdpm_map *map = leg_codec(leg);
	const struct keytone_params params = {
		.wheel = leg->session->table->wheel,
		.codec = leg_codec_impl(leg, map->codec),
		.pt = map->tx_pt,
		.from = {TONE_CLOCK, TONE_CLOCK},
		.out = &leg->out,
		.path = leg->path,
	};

	return params.codec ? keytone_alloc(&keys->tone, &params) : ENOTSUP;
}

/* What was agreed on may have changed since the last key. */
static int make(struct leg *leg, bool tones)
{
	const struct digit_clock clock = {leg->out.rate, leg->out.rate};
	struct leg_keys *keys;
	struct digit_way way;
	int err;

	if (leg->keys && leg->keys->nkeys)
		return 0;
	leg->keys = mem_deref(leg->keys);
	keys = mem_zalloc(sizeof(*keys), destructor);
	if (!keys)
		return ENOMEM;
	keys->leg = leg;
	if (leg_event(leg)) {
		feed_open(&keys->feed, &leg->out, leg->path);
		digit_way_init(&way, &clock, &clock, UINT16_MAX);
		relay_pass_event(&keys->feed.relay, 0, leg_event(leg)->tx_pt,
				 &way);
		err = 0;
	} else {
		err = tones ? tone_make(keys) : ENOTSUP;
	}
	if (err)
		mem_deref(keys);
	else
		leg->keys = keys;
	return err;
}

static uint32_t key_ms(const struct leg *leg, uint32_t ms)
{
	const struct sdpm_map *event = leg_event(leg);
	const uint32_t clock = event ? event->clock : TONE_CLOCK;
	const uint32_t longest = DIGIT_SEGMENT / (clock / 1000);

	ms = max(min(ms, LEG_KEY_MAX_MS), LEG_KEY_MIN_MS);
	ms = min(ms, longest);
	return ms / STEP_MS * STEP_MS;
}

static int add(struct leg *leg, const struct key *key, bool tones)
{
	struct leg_keys *keys;
	int err;

	if (!hears_us(leg))
		return ENOTCONN;
	err = make(leg, tones);
	if (err)
		return err;
	keys = leg->keys;
	if (keys->nkeys == LEG_KEYS_MAX)
		return EBUSY;

	keys->keys[keys->nkeys++] = *key;
	if (!wheel_runs(&keys->timer))
		on_tick(keys);
	return 0;
}

int leg_keys_press(struct leg *leg, uint8_t code, uint32_t ms, bool tones)
{
	const struct key key = {.code = code, .ms = key_ms(leg, ms)};
	int err = add(leg, &key, tones);

	if (err)
		return err;
	leg->keys->latest = code;
	leg->keys->at_ms = now(leg->keys);
	return 0;
}

int leg_keys_hold(struct leg *leg, uint8_t code)
{
	const struct key key = {
		.code = code, .held = true, .ms = key_ms(leg, LEG_KEY_MAX_MS)};

	return add(leg, &key, false);
}

void leg_keys_release(struct leg *leg, uint32_t ms)
{
	struct leg_keys *keys = leg->keys;

	for (unsigned i = 0; keys && i < keys->nkeys; i++) {
		struct key *key = &keys->keys[i];

		if (!key->held)
			continue;
		key->held = false;
		key->ms = min(key->ms, key_ms(leg, ms + STEP_MS / 2));
		if (!i)
			key->ms = max(key->ms, keys->ms);
	}
}

bool leg_keys_pressed(const struct leg *leg, uint8_t code, uint32_t within_ms)
{
	struct leg_keys *keys = leg->keys;

	if (!keys || !keys->at_ms || keys->latest != code ||
	    now(keys) - keys->at_ms > within_ms)
		return false;
	keys->at_ms = 0;
	return true;
}
