/*
 * transcode.c  From one leg to another that has another codec: one direction
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/sound/keytone.h"
#include "mediad/sound/transcode_priv.h"

/* --- life -------------------------------------------------------------------------- */

static void transcode_destructor(void *data)
{
	struct transcode *t = data;

	wheel_stop(&t->gap);
	wheel_stop(&t->pause.timer);
	wheel_stop(&t->event.timer);
	for (unsigned i = 0; i < TRANSCODE_TOTALS; i++)
		if (t->params.totals[i])
			t->params.totals[i]->running--;
	packer_close(&t->packer);
	mem_deref(t->dec);
}

static int open_packer(struct transcode *t,
		       const struct transcode_params *params)
{
	struct codec_voice voice = params->voice;
	const struct packer_params pp = {
		.codec = params->to.codec,
		.voice = &voice,
		.pt = params->to.pt,
		.ptime = params->ptime,
		.out = params->out,
		.path = params->path,
		.far = params->far,
		.ease = params->ease,
	};

	voice.rate = t->rate;
	return packer_open(&t->packer, &pp);
}

/* What one side cannot say or hear is not worth the work. */
static uint32_t rate_of(const struct transcode_params *params)
{
	uint32_t rate = min(params->from.codec->voice_rate,
			    params->to.codec->voice_rate);

	return params->voice.rate && params->voice.rate < rate
		       ? CODEC_VOICE_RATE
		       : rate;
}

int transcode_alloc(struct transcode **tp,
		    const struct transcode_params *params)
{
	struct transcode *t = mem_zalloc(sizeof(*t), transcode_destructor);
	int err;

	if (!t)
		return ENOMEM;

	t->params = *params;
	for (unsigned i = 0; i < TRANSCODE_TOTALS; i++)
		if (params->totals[i])
			params->totals[i]->running++;
	t->rate = rate_of(params);
	err = params->from.codec->voice_dec_alloc(&t->dec, t->rate);
	if (!err)
		err = open_packer(t, params);
	if (err) {
		mem_deref(t);
		return err;
	}
	tc_event_open(t);
	jitter_init(&t->jitter, 0);
	*tp = t;
	return 0;
}

static bool same_side(const struct transcode_side *a,
		      const struct transcode_side *b)
{
	return a->codec == b->codec && a->pt == b->pt &&
	       a->event_pt == b->event_pt && a->event_clock == b->event_clock && a->noise_pt == b->noise_pt;
}

static bool same_voice(const struct codec_voice *a, const struct codec_voice *b)
{
	return a->rate == b->rate && a->bitrate == b->bitrate && a->complexity == b->complexity &&
	       a->fec == b->fec && a->cbr == b->cbr && a->dtx == b->dtx;
}

bool transcode_same(const struct transcode *t,
		    const struct transcode_params *params)
{
	const struct transcode_params *own = &t->params;

	return same_side(&own->from, &params->from) &&
	       same_side(&own->to, &params->to) &&
	       same_voice(&own->voice, &params->voice) &&
	       own->ptime == params->ptime && own->takes == params->takes &&
	       own->out == params->out && own->path == params->path;
}

/* --- figures ------------------------------------------------------------------------ */

/* What came since it was told last. */
static void add(struct transcode_stats *total,
		const struct transcode_stats *now,
		const struct transcode_stats *told)
{
	total->concealed += now->concealed - told->concealed;
	total->repaired += now->repaired - told->repaired;
	total->skipped += now->skipped - told->skipped;
	total->late += now->late - told->late;
	total->reordered += now->reordered - told->reordered;
	total->unusable += now->unusable - told->unusable;
	total->filled += now->filled - told->filled;
}

void tc_tally(struct transcode *t)
{
	t->stats.late = t->jitter.stats.late;
	t->stats.reordered = t->jitter.stats.reordered;
	for (unsigned i = 0; i < TRANSCODE_TOTALS; i++)
		if (t->params.totals[i])
			add(t->params.totals[i], &t->stats, &t->told);
	t->told = t->stats;
}

const struct transcode_stats *transcode_stats(const struct transcode *t)
{
	return &t->stats;
}

void tc_serve(const struct transcode *t, bool begin)
{
	if (t->params.serving)
		*t->params.serving = begin ? t->params.serve : 0;
}

/* --- packets -------------------------------------------------------------------------- */

static void deliver(struct transcode *t, const struct jitter_pkt *pkt,
		    uint64_t lost, uint64_t now_ms)
{
	t->line.missing += lost;
	if (pkt->pt == t->params.from.pt)
		tc_audio(t, pkt, now_ms);
	else if (pkt->pt == t->params.from.event_pt)
		tc_event(t, pkt, now_ms);
	else if (t->params.from.noise_pt == pkt->pt + 1u)
		tc_noise(t, pkt, now_ms);
	else
		t->stats.unusable++;
}

static void on_gap(void *arg);

/* What can go goes; for the rest there is a deadline. */
static void drain(struct transcode *t, uint64_t now_ms)
{
	struct jitter_pkt pkt;
	uint64_t lost, due_ms;

	while (jitter_next(&t->jitter, now_ms, &pkt, &lost))
		deliver(t, &pkt, lost, now_ms);

	due_ms = jitter_due(&t->jitter);
	if (due_ms == UINT64_MAX)
		wheel_stop(&t->gap);
	else
		wheel_start(t->params.wheel, &t->gap, due_ms - now_ms, on_gap,
			    t);
}

static void on_gap(void *arg)
{
	struct transcode *t = arg;

	tc_serve(t, true);
	drain(t, wheel_now(t->params.wheel));
	tc_tally(t);
	tc_serve(t, false);
}

static void source_anew(struct transcode *t, const struct strm_in *in,
			const struct jitter_pkt *pkt)
{
	jitter_anew(&t->jitter, pkt->ext);
	tc_pause_stop(t);
	/* what was on before the first source is the process' before us: its
	 * event may go on */
	if (t->line.gen)
		transcode_end_event(t, pkt->at_ms);
	digit_way_anew(&t->event.way);
	packer_anew(&t->packer);
	if (t->params.keytone)
		keytone_anew(t->params.keytone);
	t->line.gen = in->gen;
	t->line.begun = false;
	t->line.missing = 0;
}

void transcode_take(const struct strm_in *in, const struct strm_pkt *sp,
		    uint8_t *pkt, void *arg)
{
	struct transcode *t = arg;
	const struct jitter_pkt jp = {
		.ext = sp->ext,
		.at_ms = sp->now_ms,
		.ts = sp->h.ts,
		.pt = sp->h.pt,
		.len = sp->h.paylen,
		.data = pkt + sp->h.hdr,
	};
	enum jitter_verdict verdict;

	if (t->line.gen != in->gen)
		source_anew(t, in, &jp);
	verdict = jitter_put(&t->jitter, &jp);
	if (verdict == JITTER_FULL) {
		drain(t, jp.at_ms);
		verdict = jitter_put(&t->jitter, &jp);
	}
	if (verdict == JITTER_NOW)
		deliver(t, &jp, 0, jp.at_ms);
	drain(t, jp.at_ms);
	tc_tally(t);
}
