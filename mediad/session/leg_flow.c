/*
 * leg_flow.c  The way of a leg's packets to another leg: relay or transcode
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/log.h"
#include "mediad/rtp/red.h"
#include "mediad/sdp/sdp_codec.h"
#include "mediad/session/leg_ear.h"
#include "mediad/session/session_priv.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/keytone.h"

enum {
	ODD_MAX = 3 /* packets of another codec in a row: it is meant */
};

const struct sdpm_map *leg_event(const struct leg *leg)
{
	const struct sdpm_choice *choice = leg->sdp.choice;

	return choice && choice->event >= 0 ? &choice->maps[choice->event]
					    : NULL;
}

static bool same_codec(const struct leg *leg, const struct leg *to)
{
	return leg_hears(leg)->codec == leg_codec(to)->codec &&
	       leg_hears(leg)->clock == leg_codec(to)->clock;
}

/* What it agreed on for comfort noise; NULL: nothing. */
static const struct sdpm_map *noise_of(const struct leg *leg)
{
	const struct sdpm_choice *choice = leg->sdp.choice;

	return choice && choice->noise >= 0 ? &choice->maps[choice->noise]
					    : NULL;
}

/* The one pauses, and the other one is to hear noise meanwhile. */
static bool needs_noise(const struct leg *leg, const struct leg *to)
{
	return noise_of(leg) && !noise_of(to);
}

static struct digit_clock clock_of(const struct leg *leg)
{
	const struct sdpm_map *event = leg_event(leg);
	uint32_t stream = leg_codec(leg)->clock;

	return (struct digit_clock){stream, event ? event->clock : stream};
}

void leg_flow_stop(struct leg *leg)
{
	uint64_t now_ms = wheel_now(leg->session->table->wheel);

	/* nobody else will tell the far side */
	if (leg->transcode)
		transcode_end_event(leg->transcode, now_ms);
	else
		relay_end_event(&leg->relay, now_ms);
	leg_flow_close(leg);
}

void leg_flow_close(struct leg *leg)
{
	leg_glimpse_stop(leg);
	relay_close(&leg->relay);
	leg->transcode = mem_deref(leg->transcode);
	leg->keytone = mem_deref(leg->keytone);
	leg->ear = mem_deref(leg->ear);
}

/* --- digits ------------------------------------------------------------------- */

/* The leg sends events and the other one does not take them. */
static bool needs_tones(const struct leg *leg, const struct leg *to)
{
	return leg_event(leg) && !leg_event(to);
}

/* Who is not to hear of keys in its RTP is told of them. */
void leg_tell_key(const struct leg *to, uint8_t code, uint32_t ms)
{
	const struct session *session = to->session;
	const struct session_table *table = session->table;
	const struct session_heard heard = {
		.session = session->id,
		.call = session->call,
		.tenant = session->tenant,
		.leg = to->nr,
		.code = code,
		.ms = ms,
	};

	leg_log_key((struct leg *)(uintptr_t)to, false, "told", code);
	if (table->heardh)
		table->heardh(&heard, table->arg);
}

static void on_key(uint8_t code, uint32_t ms, void *arg)
{
	leg_tell_key(arg, code, ms);
}

/* Its far side hears of keys in its audio when it takes no events. */
static bool hears_tones(const struct leg *to)
{
	return to->terms.digits == SESSION_DIGITS_RTP ||
	       to->terms.digits == SESSION_DIGITS_TONES;
}

static void make_tones(struct leg *leg, struct leg *to)
{
	const struct keytone_params params = {
		.toldh = hears_tones(to) ? NULL : on_key,
		.arg = to,
		.wheel = leg->session->table->wheel,
		.codec = leg_codec_impl(to, leg_codec(to)->codec),
		.pt = leg_codec(to)->tx_pt,
		.from = clock_of(leg),
		.out = &to->out,
		.path = to->path,
	};
	int err;

	if (!needs_tones(leg, to))
		return;
	err = keytone_alloc(&leg->keytone, &params);
	if (err)
		log_warn(leg->session->call, "no tones for digits", "err=%d",
			 err);
}

/* Tones in its voice are keys to the other one. */
static void make_ear(struct leg *leg, struct leg *to, bool relayed)
{
	int err = 0;

	if (leg_ear_wanted(leg, to))
		err = leg_ear_make(leg, to, relayed);
	if (err)
		log_warn(leg->session->call, "tones are not heard", "err=%d",
			 err);
}

/* --- redundant audio --------------------------------------------------------- */

static const struct sdpm_map *red_of(const struct leg *leg)
{
	const struct sdpm_choice *choice = leg->sdp.choice;

	return choice && choice->red >= 0 ? &choice->maps[choice->red] : NULL;
}

struct strm_pkt leg_primary(const struct leg *leg, const struct strm_pkt *sp,
			    const uint8_t *pkt)
{
	struct strm_pkt bare = *sp;
	const struct red_block *last;
	struct red red;

	if (!red_of(leg) || red_of(leg)->rx_pt != sp->h.pt ||
	    red_read(&red, pkt + sp->h.hdr, sp->h.paylen))
		return bare;
	last = &red.blocks[red.count - 1];
	bare.h.pt = last->pt;
	bare.h.hdr = (uint16_t)(sp->h.hdr + last->at);
	bare.h.paylen = last->len;
	return bare;
}

/* passes: as it is, if the other side takes it. Said last. */
static void take_red(struct relay *relay, const struct leg *leg,
		     const struct leg *to, bool passes)
{
	const struct sdpm_map *in = red_of(leg), *out = red_of(to);

	if (in)
		relay_pass_red(relay, in->rx_pt,
			       passes && out ? out->tx_pt : RELAY_NO_PT);
}

/* --- relay ---------------------------------------------------------------------- */

static void open_relay(struct relay *relay, const struct leg *leg,
		       struct leg *to)
{
	const struct sdpm_map *event_in = leg_event(leg);
	const struct sdpm_map *event_out = leg_event(to);
	const struct digit_clock from = clock_of(leg), out = clock_of(to);
	struct digit_way way;

	relay_close(relay);
	relay_open(relay, &to->out, to->path);
	relay_pass(relay, leg_hears(leg)->rx_pt, leg_codec(to)->tx_pt);
	if (noise_of(leg) && noise_of(to))
		relay_pass(relay, noise_of(leg)->rx_pt, noise_of(to)->tx_pt);
	if (event_in && event_out) {
		digit_way_init(&way, &from, &out, to->sdp.choice->events);
		relay_pass_event(relay, event_in->rx_pt, event_out->tx_pt,
				 &way);
	} else if (event_in) {
		relay_take(relay, event_in->rx_pt, keytone_take, NULL);
	} else if (leg_ear_wanted(leg, to)) {
		relay_take(relay, leg_hears(leg)->rx_pt, leg_ear_take, NULL);
	}
	take_red(relay, leg, to, true);
}

static bool same_clock(const struct digit_clock *a, const struct digit_clock *b)
{
	return a->stream == b->stream && a->event == b->event;
}

static bool same_relay(const struct relay *a, const struct relay *b)
{
	const struct digit_way *x = &a->event.way, *y = &b->event.way;

	return a->out == b->out && a->to == b->to &&
	       !memcmp(a->pt, b->pt, sizeof(a->pt)) &&
	       a->red.in == b->red.in && a->red.out == b->red.out &&
	       a->event.in == b->event.in && a->event.out == b->event.out &&
	       same_clock(&x->from, &y->from) && same_clock(&x->to, &y->to) &&
	       x->takes == y->takes;
}

static void flow_by_relay(struct leg *leg, struct leg *to)
{
	struct relay relay;

	open_relay(&relay, leg, to);
	/* what goes on as it was goes on without a seam */
	if (!leg->transcode && same_relay(&relay, &leg->relay) &&
	    leg_ear_fits(leg, to))
		return;

	leg_flow_stop(leg);
	make_tones(leg, to);
	make_ear(leg, to, true);
	relay.arg = leg->ear ? (void *)leg->ear : leg->keytone;
	if (leg_ear_wanted(leg, to) && !leg->ear)
		relay_pass(&relay, leg_hears(leg)->rx_pt,
			   leg_codec(to)->tx_pt);
	if (needs_tones(leg, to) && !leg->keytone)
		relay.pt[leg_event(leg)->rx_pt] = RELAY_DROP;
	relay.dropped = leg->relay.dropped;
	leg->relay = relay;
}

/* --- transcode -------------------------------------------------------------------- */

static struct transcode_side side_of(const struct leg *leg, bool receiving)
{
	const struct sdpm_map *codec =
		receiving ? leg_hears(leg) : leg_codec(leg);
	const struct sdpm_map *event = leg_event(leg), *noise = noise_of(leg);
	struct transcode_side side = {
		.codec = leg_codec_impl(leg, codec->codec),
		.pt = receiving ? codec->rx_pt : codec->tx_pt,
		.event_pt = TRANSCODE_NO_PT,
		.event_clock = clock_of(leg).event,
	};

	if (event)
		side.event_pt = receiving ? event->rx_pt : event->tx_pt;
	if (noise)
		side.noise_pt = 1u + (receiving ? noise->rx_pt : noise->tx_pt);
	return side;
}

static void take_all(struct relay *relay, struct transcode *transcode)
{
	/* whatever it is, its number is to be known */
	for (uint8_t pt = 0; pt < RELAY_PTS; pt++)
		relay_take(relay, pt, transcode_take, transcode);
}

/* The voice of a leg that is transcoded. */
static void on_voice(const int16_t *pcm, size_t n, uint32_t rate, void *arg)
{
	leg_watch_voice(arg, pcm, n);
	leg_ear_hear(arg, pcm, n, rate);
}

static void flow_by_transcode(struct leg *leg, struct leg *to)
{
	struct session_table *table = leg->session->table;
	struct transcode_params params = {
		.wheel = table->wheel,
		.from = side_of(leg, true),
		.to = side_of(to, false),
		.ptime = to->sdp.choice->ptime,
		.takes = to->sdp.choice->events,
		.ease = &table->ease,
		.out = &to->out,
		.path = to->path,
		.far = &to->report.far,
		.serving = table->serving,
		.serve = leg->rec + 1, /* LEG_NO_RECORD + 1 is 0: nobody */
		.totals = {&leg->sound, &table->sound},
		.voiceh = on_voice,
		.voice_arg = leg,
	};
	int err;

	leg_policy_voice(&params.voice, to, leg);
	if (leg->transcode && transcode_same(leg->transcode, &params) &&
	    leg_ear_fits(leg, to)) {
		take_red(&leg->relay, leg, to, false);
		return;
	}

	leg_flow_stop(leg);
	make_tones(leg, to);
	make_ear(leg, to, false);
	params.keytone = leg->keytone;
	err = transcode_alloc(&leg->transcode, &params);
	if (err) {
		/* there is silence, and a call */
		log_warn(leg->session->call, "not transcoded", "err=%d", err);
		return;
	}
	relay_open(&leg->relay, &to->out, to->path);
	take_all(&leg->relay, leg->transcode);
	take_red(&leg->relay, leg, to, false);
}

void leg_flow(struct leg *leg, struct leg *to)
{
	if (same_codec(leg, to) && !needs_noise(leg, to))
		flow_by_relay(leg, to);
	else
		flow_by_transcode(leg, to);
}

/* --- another codec than agreed on ------------------------------------------------- */

const struct sdpm_map *leg_hears(const struct leg *leg)
{
	return leg->hears ? &leg->sdp.choice->maps[leg->hears - 1]
			  : leg_codec(leg);
}

/* Of the formats of an answer the far side should send the first, and may send
 * any (RFC 3264, 6.1). Other clocks are other streams, and are not meant. */
static bool may_come(const struct leg *leg, const struct sdpm_map *map,
		     uint8_t pt)
{
	return map->rx_pt == pt && sdpm_codec_speaks(map->codec) &&
	       map->clock == leg_codec(leg)->clock;
}

void leg_heard(struct leg *leg, uint8_t pt)
{
	const struct sdpm_choice *choice = leg->sdp.choice;

	if (!choice || pt == leg_hears(leg)->rx_pt ||
	    (red_of(leg) && pt == red_of(leg)->rx_pt)) {
		leg->odd = 0;
		return;
	}
	leg->odd = pt == leg->odd_pt ? leg->odd + 1 : 1;
	leg->odd_pt = pt;
	if (leg->odd < ODD_MAX)
		return;
	leg->odd = 0;
	for (uint8_t i = 0; i < choice->nmaps; i++) {
		if (!may_come(leg, &choice->maps[i], pt))
			continue;
		leg->hears = i == choice->codec ? 0 : (uint8_t)(i + 1);
		/* it may turn as often as it likes */
		log_debug(leg->session->call, "another codec comes",
			  "leg=%u pt=%u", leg->nr, pt);
		leg_log_codec(leg, leg_hears(leg));
		leg_wire(leg);
		return;
	}
}
