/*
 * leg_ear.c  Keys that a leg's far side sends as tones in its voice
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/sdp/sdp_codec.h"
#include "mediad/session/leg_ear.h"
#include "mediad/session/leg_keys.h"
#include "mediad/session/session_priv.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/keyear.h"

enum {
	SAME_MS = 1500, /* an INFO so late is of the key that was heard */
	LEAP_MAX_MS = 200,
	REST_MS = 200, /* without a packet: no key is down any more */
	NONE = 0xff,
};

struct leg_ear {
	struct leg *leg, *to;
	struct wheel_timer rest; /* while a key is down */
	const struct codec *codec; /* on a relay; NULL: others decode */
	struct codec_dec *dec;
	uint8_t pt;      /* that it goes out with */
	uint8_t ignored; /* a key that is down, and was told otherwise */
	uint8_t latest;  /* that was heard; NONE: none, or it was asked for */
	uint64_t at_ms;  /* when it was */
	uint32_t gen;    /* of the source */
	uint32_t want;   /* its next timestamp */
	struct keyear ear;
};

static void destructor(void *data)
{
	struct leg_ear *ear = data;

	wheel_stop(&ear->rest);
	if (keyear_down(&ear->ear))
		leg_keys_release(ear->to, 0);
	mem_deref(ear->dec);
}

/* Of keys in its RTP the other one hears as events. */
static bool by_events(const struct leg *to)
{
	return leg_event(to) != NULL;
}

bool leg_ear_wanted(const struct leg *leg, const struct leg *to)
{
	if (leg == to || leg->kind == &leg_kind_web ||
	    to->kind == &leg_kind_web || leg_event(leg) ||
	    leg->terms.digits == SESSION_DIGITS_TOLD)
		return false;
	if (by_events(to))
		return true;
	/* who may send INFOs, too, is not told of twice */
	return leg->terms.digits == SESSION_DIGITS_TONES &&
	       (to->terms.digits == SESSION_DIGITS_TOLD ||
		to->terms.digits == SESSION_DIGITS_AUTO);
}

static const struct codec *codec_heard(const struct leg *leg)
{
	return leg_codec_impl(leg, leg_hears(leg)->codec);
}

bool leg_ear_fits(const struct leg *leg, const struct leg *to)
{
	const struct leg_ear *ear = leg->ear;

	if (!leg_ear_wanted(leg, to))
		return !ear;
	return ear && ear->to == to &&
	       (!ear->codec || (ear->codec == codec_heard(leg) &&
				ear->pt == leg_codec(to)->tx_pt));
}

/* --- keys ------------------------------------------------------------------------ */

static struct wheel *wheel_of(const struct leg_ear *ear)
{
	return ear->leg->session->table->wheel;
}

static void on_rest(void *arg)
{
	struct leg_ear *ear = arg;
	uint64_t heard_ms = ear->leg->in.last_ms;

	if (!keyear_down(&ear->ear))
		return;
	if (wheel_now(wheel_of(ear)) - heard_ms >= REST_MS)
		keyear_anew(&ear->ear);
	else
		wheel_start(wheel_of(ear), &ear->rest, REST_MS, on_rest, ear);
}

static void key_down(struct leg_ear *ear, uint8_t code)
{
	wheel_start(wheel_of(ear), &ear->rest, REST_MS, on_rest, ear);
	ear->ignored = NONE;
	if (leg_keys_pressed(ear->to, code, SAME_MS)) {
		ear->ignored = code;
		return;
	}
	leg_log_key(ear->leg, true, "tone", code);
	ear->latest = code;
	ear->at_ms = wheel_now(wheel_of(ear));
	/* one that cannot be told is one that is not heard */
	if (by_events(ear->to))
		(void)leg_keys_hold(ear->to, code);
}

static void on_key(uint8_t code, bool down, uint32_t ms, void *arg)
{
	struct leg_ear *ear = arg;

	if (down) {
		key_down(ear, code);
		return;
	}
	if (ear->ignored == code)
		return;
	ear->at_ms = wheel_now(wheel_of(ear));
	if (by_events(ear->to))
		leg_keys_release(ear->to, ms);
	else
		leg_tell_key(ear->to, code, ms);
}

bool leg_ear_heard(struct leg *leg, uint8_t code)
{
	struct leg_ear *ear = leg->ear;

	if (!ear || ear->latest != code ||
	    wheel_now(leg->session->table->wheel) - ear->at_ms > SAME_MS)
		return false;
	ear->latest = NONE;
	return true;
}

/* --- sound ----------------------------------------------------------------------- */

void leg_ear_hear(struct leg *leg, const int16_t *pcm, size_t n, uint32_t rate)
{
	struct leg_ear *ear = leg->ear;

	if (!ear)
		return;
	if (ear->ear.rate != rate) {
		keyear_anew(&ear->ear);
		keyear_open(&ear->ear, rate, on_key, ear);
	}
	keyear_hear(&ear->ear, pcm, n);
}

/* Samples that are missing before this packet; -1: it is late. */
static int32_t missing(const struct leg_ear *ear, const struct strm_pkt *sp)
{
	int32_t ticks = (int32_t)(sp->h.ts - ear->want);
	int32_t most = (int32_t)ear->codec->clock * LEAP_MAX_MS / 1000;

	if (ticks > most)
		ticks = most;
	return ticks < 0 ? -1
			 : (int32_t)codec_samples(ear->codec, CODEC_VOICE_RATE,
						  (uint32_t)ticks);
}

static void decode(struct leg_ear *ear, const struct strm_in *in,
		   const struct strm_pkt *sp, const uint8_t *pkt)
{
	const struct codec *codec = ear->codec;
	const uint8_t *payload = pkt + sp->h.hdr;
	size_t n = codec->voice_span(payload, sp->h.paylen, CODEC_VOICE_RATE);
	int16_t pcm[CODEC_VOICE_MAX];
	int32_t lost;

	if (ear->gen != in->gen) {
		keyear_anew(&ear->ear);
		ear->gen = in->gen;
		ear->want = sp->h.ts;
	}
	lost = missing(ear, sp);
	if (!n || lost < 0 ||
	    codec->decode(ear->dec, payload, sp->h.paylen, pcm, &n))
		return;
	if (lost)
		keyear_miss(&ear->ear, (uint32_t)lost);
	ear->want = sp->h.ts + codec_ticks(codec, CODEC_VOICE_RATE, (int64_t)n);
	keyear_hear(&ear->ear, pcm, n);
}

void leg_ear_take(const struct strm_in *in, const struct strm_pkt *sp,
		  uint8_t *pkt, void *arg)
{
	struct leg_ear *ear = arg;
	struct relay *relay = &ear->leg->relay;
	struct strm_pkt on = *sp;

	/* first, so that what makes the key sure goes no further */
	decode(ear, in, sp, pkt);
	on.h.pt = ear->pt;
	if (!relay_send(relay, in, &on, pkt))
		relay->dropped++;
}

int leg_ear_make(struct leg *leg, struct leg *to, bool relayed)
{
	struct leg_ear *ear = mem_zalloc(sizeof(*ear), destructor);
	int err = 0;

	if (!ear)
		return ENOMEM;
	ear->leg = leg;
	ear->to = to;
	ear->latest = ear->ignored = NONE;
	ear->pt = leg_codec(to)->tx_pt;
	keyear_open(&ear->ear, CODEC_VOICE_RATE, on_key, ear);
	if (relayed) {
		ear->codec = codec_heard(leg);
		err = ear->codec->voice_dec_alloc(&ear->dec, CODEC_VOICE_RATE);
	}
	if (err)
		mem_deref(ear);
	else
		leg->ear = ear;
	return err;
}
