/*
 * transcode_event.c  Telephone-events of the source, in their place in the
 *                    audio
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/sound/keytone.h"
#include "mediad/sound/transcode_priv.h"

enum {
	OFF_MAX_MS = 1000, /* from where the audio is */
	SILENT_MS = 200,            /* an event without news is over */
	ENDS = 3,                   /* RFC 4733, 2.5.1.4 */
	ENDS_MS = 120,              /* the others are waited for so long */
};

void tc_event_open(struct transcode *t)
{
	const struct transcode_side *from = &t->params.from;
	const struct transcode_side *to = &t->params.to;
	const struct digit_clock clock_in = {from->codec->clock,
					     from->event_clock};
	const struct digit_clock clock_out = {to->codec->clock,
					      to->event_clock};

	if (from->event_pt == TRANSCODE_NO_PT ||
	    to->event_pt == TRANSCODE_NO_PT)
		return;
	digit_way_init(&t->event.way, &clock_in, &clock_out, t->params.takes);
	relay_pass_event(&t->packer.feed.relay, from->event_pt, to->event_pt,
			 &t->event.way);
}

void transcode_end_event(struct transcode *t, uint64_t now_ms)
{
	wheel_stop(&t->event.timer);
	t->event.on = false;
	relay_end_event(&t->packer.feed.relay, now_ms);
}

static void on_silent(void *arg)
{
	struct transcode *t = arg;

	/* what may still come is not told (RFC 4733, 2.5.2.2) */
	t->event.way.over = true;
	transcode_end_event(t, wheel_now(t->params.wheel));
}

static void begin(struct transcode *t, uint32_t ts, uint64_t now_ms)
{
	struct tc_line *line = &t->line;
	const int32_t clock = (int32_t)t->params.from.codec->clock;
	int32_t off_ms = (int32_t)(ts - line->want) / (clock / 1000);
	int64_t passed = (int64_t)(now_ms - line->at_ms);

	/* the former one was not ended: this one does it */
	if (t->event.on)
		transcode_end_event(t, now_ms);
	/* not where time is: then it is now, and the audio with it */
	if (!line->begun || off_ms - passed > OFF_MAX_MS ||
	    off_ms - passed < -OFF_MAX_MS) {
		packer_anew(&t->packer);
		line->begun = true;
		line->want = ts;
	}
	line->at_ms = now_ms;
	t->event.on = true;
	t->event.beside = false;
	t->event.ends = 0;
	t->event.begin = packer_ts(&t->packer) +
			 (uint32_t)((int64_t)(int32_t)(ts - line->want) *
				    t->params.to.codec->clock / clock);
	/* audio that has begun a packet goes before it */
	line->want += tc_ticks(t, packer_flush(&t->packer, now_ms));
	/* our timestamps do not go back */
	if ((int32_t)(t->event.begin - t->packer.sent_ts) < 0)
		t->event.begin = t->packer.sent_ts;
}

static void pass_event(struct transcode *t, const struct jitter_pkt *pkt,
		       const struct digit *digit, uint64_t now_ms)
{
	struct tc_event *event = &t->event;
	struct digit_step step;

	if (!digit_pass(&event->way, pkt->ts, digit, &step))
		return;
	if (step.first)
		begin(t, pkt->ts, now_ms);
	/* between packets of audio its timestamp would go back */
	if (!event->on || (step.over && !digit->end))
		return;

	event->ends += digit->end;
	packer_event(&t->packer, t->params.to.event_pt,
		     event->begin + step.since, &step, now_ms);
	if (event->ends < ENDS) {
		wheel_start(t->params.wheel, &event->timer,
			    event->ends ? ENDS_MS : SILENT_MS, on_silent, t);
		return;
	}
	event->on = false;
	wheel_stop(&event->timer);
}

void tc_event_audio(struct transcode *t)
{
	struct tc_event *event = &t->event;

	if (!event->on)
		return;
	event->beside |= !event->ends;
	if (!event->ends || event->beside)
		return;
	event->on = false;
	wheel_stop(&event->timer);
}

void tc_event(struct transcode *t, const struct jitter_pkt *pkt,
	      uint64_t now_ms)
{
	struct digit digit;

	if (digit_read(&digit, pkt->data, pkt->len)) {
		t->stats.unusable++;
		return;
	}
	tc_pause_stop(t);
	t->event.had = true;
	if (t->params.keytone)
		keytone_event(t->params.keytone, pkt->ts, &digit, now_ms);
	else if (t->params.to.event_pt != TRANSCODE_NO_PT)
		pass_event(t, pkt, &digit, now_ms);
}
