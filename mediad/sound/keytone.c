/*
 * keytone.c  Digits as tones, for who does not take telephone-events
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/rtp/feed.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/keytone.h"

enum {
	FRAME = CODEC_VOICE_RATE * KEYTONE_FRAME_MS / 1000,
	RAMP = 32, /* samples of the tone's edges */
	LATE_MAX_MS = 200,
	SILENT_MS = 200, /* an event without news is over */
	VOLUME_MIN = 6,  /* -dBm0; 0 says nothing of the level */
	VOLUME_MAX = 20, /* what is less loud may not be recognised */
	VOLUME_USUAL = 10,
};

/* ITU-T Q.23, in the order of RFC 4733's codes: 0-9 * # A-D. */
static const uint16_t low_hz[DIGIT_CODES] = {941, 697, 697, 697, 770, 770,
					     770, 852, 852, 852, 941, 941,
					     697, 770, 852, 941};
static const uint16_t high_hz[DIGIT_CODES] = {1336, 1209, 1336, 1477,
					      1209, 1336, 1477, 1209,
					      1336, 1477, 1209, 1477,
					      1633, 1633, 1633, 1633};

struct key {
	uint8_t code;
	uint8_t volume;
};

/* The tone that sounds. */
struct tone {
	double low, high; /* phases, turns */
	double peak_low, peak_high;
	uint8_t code;
	uint32_t ms;    /* that it has sounded */
	uint32_t pause; /* ms of silence behind it */
};

struct keytone {
	struct wheel *wheel;
	struct wheel_timer timer;
	const struct codec *codec;
	struct codec_enc *enc;
	uint8_t pt;
	struct feed feed;
	struct digit_way way;           /* for telling events apart */
	uint32_t gen;                   /* of the source that way is about */
	struct key keys[KEYTONE_QUEUE]; /* the first one sounds */
	uint8_t nkeys;
	bool held;        /* the latest key is still pressed */
	uint64_t news_ms; /* when it was last told of */
	struct tone tone;
	uint32_t ts;
	uint64_t due_ms;
	bool first; /* of what sounds */
	keytone_told_h *toldh; /* NULL: it sounds */
	void *arg;
	uint32_t told_ms; /* for how long the key is down */
};

static void keytone_destructor(void *data)
{
	struct keytone *kt = data;

	wheel_stop(&kt->timer);
	if (kt->feed.relay.out &&
	    kt->feed.relay.out->solo == &kt->feed.relay.map)
		kt->feed.relay.out->solo = NULL;
	mem_deref(kt->enc);
}

/* --- sound ----------------------------------------------------------------------- */

static double peak_of(const struct codec *codec, double dbm0)
{
	return codec->dbm0_peak * pow(10, dbm0 / 20);
}

/* The higher tone 2 dB over the lower, both together as loud as said. */
static void tone_begin(struct keytone *kt)
{
	uint8_t volume = kt->keys[0].volume;

	if (volume < VOLUME_MIN || volume > VOLUME_MAX)
		volume = VOLUME_USUAL;
	kt->tone = (struct tone){
		.code = kt->keys[0].code,
		.peak_low = peak_of(kt->codec, -volume - 4.1),
		.peak_high = peak_of(kt->codec, -volume - 2.1),
	};
}

static double edge(unsigned i, bool begin, bool end)
{
	if (begin && i < RAMP)
		return (i + 0.5) / RAMP;
	if (end && i >= FRAME - RAMP)
		return (FRAME - i - 0.5) / RAMP;
	return 1;
}

static void tone_frame(struct tone *tone, int16_t *pcm, bool end)
{
	for (unsigned i = 0; i < FRAME; i++) {
		double v = tone->peak_low * sin(2 * M_PI * tone->low) +
			   tone->peak_high * sin(2 * M_PI * tone->high);

		pcm[i] = (int16_t)lrint(v * edge(i, !tone->ms, end));
		tone->low += (double)low_hz[tone->code] / CODEC_VOICE_RATE;
		tone->high += (double)high_hz[tone->code] / CODEC_VOICE_RATE;
	}
	tone->low -= floor(tone->low);
	tone->high -= floor(tone->high);
	tone->ms += KEYTONE_FRAME_MS;
}

static void send_frame(struct keytone *kt, const int16_t *pcm, uint64_t now_ms)
{
	uint8_t buf[PKT_HDR + CODEC_PAYLOAD_MAX];
	struct feed_pkt pkt = {
		.now_ms = now_ms,
		.ts = kt->ts,
		.pt = kt->pt,
		.marker = kt->first,
	};
	size_t len = 0;

	kt->ts += kt->codec->clock / 1000 * KEYTONE_FRAME_MS;
	kt->first = false;
	if (kt->codec->encode(kt->enc, pcm, FRAME, buf + PKT_HDR, &len,
			      CODEC_PAYLOAD_MAX))
		return;
	pkt.paylen = (uint16_t)len;
	(void)feed_send(&kt->feed, &pkt, buf);
}

/* --- time ------------------------------------------------------------------------- */

/* Is this frame the tone's last? */
static bool tone_ends(const struct keytone *kt, uint64_t now_ms)
{
	uint32_t ms = kt->tone.ms + KEYTONE_FRAME_MS;

	if (ms >= KEYTONE_TONE_MAX_MS)
		return true;
	if (ms < KEYTONE_TONE_MIN_MS)
		return false;
	return kt->nkeys > 1 || !kt->held || now_ms - kt->news_ms > SILENT_MS;
}

/* Who comes after us is to know what was played. */
static void note(const struct keytone *kt)
{
	struct strm_out *out = kt->feed.relay.out;
	const struct strm_event event = {
		.code = kt->keys[0].code,
		.volume = kt->keys[0].volume,
		.known = true,
		.ts = out->ts,
	};

	strm_out_event(out, &event);
}

static void next_key(struct keytone *kt)
{
	kt->nkeys--;
	memmove(kt->keys, kt->keys + 1, kt->nkeys * sizeof(kt->keys[0]));
	if (kt->nkeys)
		tone_begin(kt);
}

/* One frame; false when there is nothing more to play. */
static bool play(struct keytone *kt, uint64_t now_ms)
{
	struct tone *tone = &kt->tone;
	int16_t pcm[FRAME] = {0};
	bool end;

	if (tone->pause >= KEYTONE_PAUSE_MS)
		next_key(kt);
	if (!kt->nkeys)
		return false;

	if (tone->pause) {
		tone->pause += KEYTONE_FRAME_MS;
	} else {
		end = tone_ends(kt, now_ms);
		tone_frame(tone, pcm, end);
		/* the first ms of the pause are in the next frame */
		tone->pause = end ? 1 : 0;
	}
	send_frame(kt, pcm, now_ms);
	if (tone->ms == KEYTONE_FRAME_MS && !tone->pause)
		note(kt);
	return true;
}

static void on_tick(void *arg)
{
	struct keytone *kt = arg;
	uint64_t now_ms = wheel_now(kt->wheel);

	if (now_ms - kt->due_ms > LATE_MAX_MS) /* left out, no burst */
		kt->due_ms = now_ms;
	while (kt->due_ms <= now_ms) {
		if (!play(kt, now_ms)) {
			kt->feed.relay.out->solo = NULL;
			return;
		}
		kt->due_ms += KEYTONE_FRAME_MS;
	}
	wheel_start(kt->wheel, &kt->timer, kt->due_ms - now_ms, on_tick, kt);
}

static void start(struct keytone *kt, uint64_t now_ms)
{
	kt->feed.relay.out->solo = &kt->feed.relay.map;
	feed_anew(&kt->feed);
	kt->first = true;
	kt->due_ms = now_ms;
	tone_begin(kt);
	on_tick(kt);
}

/* --- events ------------------------------------------------------------------------ */

/* The process before us played it: long enough to be heard as a digit. */
static bool was_played(const struct keytone *kt, const struct digit_step *step,
		       uint64_t now_ms)
{
	const struct strm_out *out = kt->feed.relay.out;
	const struct strm_pkt sp = {
		.now_ms = now_ms,
		.age = step->age,
		.code = step->digit.code,
	};

	return strm_out_told(out, &sp);
}

/* With the first key: few calls have one, and Opus takes 30 kB. */
static bool can_sound(struct keytone *kt)
{
	static const struct codec_voice voice = {.fec = false};

	return kt->enc || !kt->codec->voice_enc_alloc(&kt->enc, &voice);
}

static void press(struct keytone *kt, const struct digit *digit,
		  uint64_t now_ms)
{
	if (kt->nkeys == KEYTONE_QUEUE || !can_sound(kt))
		return;
	kt->keys[kt->nkeys++] = (struct key){digit->code, digit->volume};
	if (kt->nkeys == 1)
		start(kt, now_ms);
}

/* --- told instead of played -------------------------------------------------------- */

/* Once for each key: at its end, or when nothing more is heard of it. */
static void tell(struct keytone *kt)
{
	const struct key key = kt->keys[0];

	wheel_stop(&kt->timer);
	kt->nkeys = 0;
	kt->toldh(key.code, kt->told_ms, kt->arg);
}

static void on_no_news(void *arg)
{
	struct keytone *kt = arg;

	/* its end may still come, and is no other key */
	kt->way.over = true;
	tell(kt);
}

static void note_key(struct keytone *kt, const struct digit_step *step)
{
	if (step->first) {
		if (kt->nkeys)
			tell(kt);
		kt->keys[0] = (struct key){step->digit.code, 0};
		kt->nkeys = 1;
	}
	if (!kt->nkeys)
		return;
	kt->told_ms = max(1u, step->age / (kt->way.to.stream / 1000));
	if (step->over)
		tell(kt);
	else
		wheel_start(kt->wheel, &kt->timer, SILENT_MS, on_no_news, kt);
}

void keytone_event(struct keytone *kt, uint32_t ts, const struct digit *digit,
		   uint64_t now_ms)
{
	struct digit_step step;

	if (!digit_pass(&kt->way, ts, digit, &step))
		return;
	if (kt->toldh) {
		note_key(kt, &step);
		return;
	}
	kt->held = !step.over;
	kt->news_ms = now_ms;
	if (step.first && !was_played(kt, &step, now_ms))
		press(kt, digit, now_ms);
}

void keytone_take(const struct strm_in *in, const struct strm_pkt *sp,
		  uint8_t *pkt, void *arg)
{
	struct keytone *kt = arg;
	struct digit digit;

	if (kt->gen != in->gen)
		keytone_anew(kt);
	kt->gen = in->gen;
	if (!digit_read(&digit, pkt + sp->h.hdr, sp->h.paylen))
		keytone_event(kt, sp->h.ts, &digit, sp->now_ms);
}

void keytone_anew(struct keytone *kt)
{
	digit_way_anew(&kt->way);
	kt->held = false;
}

bool keytone_sounds(const struct keytone *kt)
{
	return kt->nkeys && !kt->toldh;
}

int keytone_alloc(struct keytone **ktp, const struct keytone_params *params)
{
	const struct digit_clock to = {params->codec->clock,
				       params->codec->clock};
	struct keytone *kt = mem_zalloc(sizeof(*kt), keytone_destructor);

	if (!kt)
		return ENOMEM;

	kt->wheel = params->wheel;
	kt->codec = params->codec;
	kt->pt = params->pt;
	kt->toldh = params->toldh;
	kt->arg = params->arg;
	digit_way_init(&kt->way, &params->from, &to, UINT16_MAX);
	feed_open(&kt->feed, params->out, params->path);
	*ktp = kt;
	return 0;
}
