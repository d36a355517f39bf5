/*
 * leg_watch.c  Who is not heard, and why
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "common/log.h"
#include "mediad/session/leg_watch.h"
#include "mediad/session/session_priv.h"
#include "mediad/sound/codec.h"

enum {
	PT_NOISE = 13, /* RFC 3389 */
	OPUS_DTX = 2,  /* bytes at most: the sender pauses (RFC 6716, 3.1) */
};

static const char *const names[LEG_QUIETS] = {
	[LEG_HEARD] = "",
	[LEG_NO_PACKETS] = "no-packets",
	[LEG_NO_ICE] = "no-ice",
	[LEG_NO_DTLS] = "no-dtls",
	[LEG_DTLS_REFUSED] = "dtls-refused",
	[LEG_ICE_GONE] = "ice-gone",
	[LEG_ELSEWHERE] = "wrong-source",
	[LEG_WRONG_FORMAT] = "wrong-payload-type",
	[LEG_NOT_AUTHENTIC] = "not-authentic",
	[LEG_MALFORMED] = "malformed",
	[LEG_SILENT] = "silence",
};

const char *leg_quiet_name(enum leg_quiet why)
{
	return (unsigned)why < LEG_QUIETS ? names[why] : "?";
}

void leg_watch_open(struct leg *leg)
{
	meter_open(&leg->watch.meter);
	leg->watch.silent_ms = LEG_SILENT_MS;
}

/* --- packets -------------------------------------------------------------------- */

static const struct sdpm_map *map_of(const struct leg *leg, uint8_t pt)
{
	const struct sdpm_choice *choice = leg->sdp.choice;

	if (pt == leg_hears(leg)->rx_pt)
		return leg_hears(leg);
	for (uint8_t i = 0; i < choice->nmaps; i++)
		if (choice->maps[i].rx_pt == pt)
			return &choice->maps[i];
	return NULL;
}

static enum meter_kind kind_of(enum sdpm_codec codec)
{
	static const enum meter_kind kinds[SDPM_CODECS] = {
		[SDPM_OPUS] = METER_OPAQUE,
		[SDPM_PCMU] = METER_ULAW,
		[SDPM_PCMA] = METER_ALAW,
		[SDPM_L16] = METER_LINEAR,
	};

	return kinds[codec];
}

/* Of a loaded codec nothing but that: its pauses bring no packets at all, as
 * those of comfort noise (G.729 Annex B). */
static bool begins_pause(const struct leg *leg, const struct strm_pkt *sp,
			 const uint8_t *payload)
{
	const struct codec *codec = leg_codec_impl(leg, SDPM_G729);

	return codec && codec->voice_pauses(payload, sp->h.paylen);
}

/* A relay decodes nothing: some payloads are looked at. */
static void look_into(struct leg *leg, const struct strm_pkt *sp,
		      const uint8_t *payload)
{
	const enum meter_kind kind = kind_of(leg_hears(leg)->codec);

	if (sp->h.pt != leg_hears(leg)->rx_pt)
		return;
	leg->watch.pauses = kind == METER_OPAQUE && sp->h.paylen <= OPUS_DTX;
	if (leg_hears(leg)->codec == SDPM_G729) {
		leg->watch.noise = begins_pause(leg, sp, payload);
		leg->watch.pauses = leg->watch.noise;
	}
	if (leg->transcode)
		return;
	if (kind == METER_OPAQUE || kind == METER_BLIND)
		leg_glimpse_packet(leg, sp, payload);
	else if (sp->ext % METER_SPARSE)
		return;
	meter_payload(&leg->watch.meter, kind, payload, sp->h.paylen,
		      sp->now_ms);
}

void leg_watch_packet(struct leg *leg, const struct strm_pkt *sp,
		      const uint8_t *pkt)
{
	struct leg_watch *watch = &leg->watch;
	const struct sdpm_map *map;

	if (!leg->sdp.choice)
		return;
	map = map_of(leg, sp->h.pt);
	watch->noise =
		sp->h.pt == PT_NOISE || (map && map->codec == SDPM_NOISE);
	if (!map && !watch->noise) {
		watch->format++;
		return;
	}
	watch->used_ms = sp->now_ms;
	watch->packets++;
	if (watch->noise)
		watch->pauses = true;
	else
		look_into(leg, sp, pkt + sp->h.hdr);
}

void leg_watch_voice(struct leg *leg, const int16_t *pcm, size_t n)
{
	meter_samples(&leg->watch.meter, pcm, n, leg->watch.used_ms);
}

/* --- why ------------------------------------------------------------------------- */

static struct leg_counts counts_of(const struct leg *leg)
{
	const struct path_stats *path = path_stats(leg->path);

	return (struct leg_counts){
		.elsewhere = path->strangers,
		.format = leg->watch.format,
		.authentic = path->bad_auth,
		.malformed = path->refused + leg->bad_rtp,
		.checks = path->checks,
	};
}

/* What has not been reached on the way to a packet. */
static enum leg_quiet never(const struct leg *leg)
{
	const bool web = leg->kind == &leg_kind_web;

	if (web && !leg_at(leg, LEG_STUN))
		return LEG_NO_ICE;
	if (web ? !leg_at(leg, LEG_DTLS)
		: leg->sdp.choice->dtls && !path_rtp_keyed(leg->path))
		return leg->log.events[PATH_EV_ALERT] ? LEG_DTLS_REFUSED
						      : LEG_NO_DTLS;
	return LEG_HEARD;
}

/* Nothing of use comes: what does? */
static enum leg_quiet why_no_packets(const struct leg *leg)
{
	const struct leg_watch *watch = &leg->watch;
	const struct leg_counts now = counts_of(leg);
	enum leg_quiet why;

	if (now.format != watch->then.format)
		return LEG_WRONG_FORMAT;
	if (now.authentic != watch->then.authentic)
		return LEG_NOT_AUTHENTIC;
	if (now.elsewhere != watch->then.elsewhere)
		return LEG_ELSEWHERE;
	if (now.malformed != watch->then.malformed)
		return LEG_MALFORMED;
	why = never(leg);
	if (why != LEG_HEARD)
		return why;
	/* RTCP is as good as a check */
	return leg->kind == &leg_kind_web &&
			       now.checks == watch->then.checks &&
			       leg->heard_ms <= watch->used_ms
		       ? LEG_ICE_GONE
		       : LEG_NO_PACKETS;
}

/* It has said that it pauses, and is still there. */
static bool pausing(const struct leg *leg, uint64_t now_ms)
{
	const struct leg_watch *watch = &leg->watch;
	uint64_t heard_ms = max(leg->heard_ms, watch->used_ms);

	return watch->pauses && watch->noise &&
	       now_ms - heard_ms < LEG_PAUSE_MAX_MS;
}

static enum leg_quiet look(const struct leg *leg, uint64_t now_ms)
{
	const struct leg_watch *watch = &leg->watch;
	const struct meter *meter = &watch->meter;
	uint64_t from_ms = max(watch->since_ms, watch->used_ms);

	if (now_ms - from_ms >= LEG_QUIET_MS)
		return pausing(leg, now_ms) ? LEG_HEARD : why_no_packets(leg);
	/* it is over with the first packet of use */
	if (watch->used_ms < watch->since_ms)
		return watch->why;
	from_ms = max(watch->since_ms, meter->sound_ms);
	if (meter->known && !watch->pauses &&
	    now_ms - from_ms >= watch->silent_ms)
		return LEG_SILENT;
	return LEG_HEARD;
}

/* --- telling ---------------------------------------------------------------------- */

static void tell(struct leg *leg, enum leg_quiet why)
{
	const struct session *session = leg->session;
	struct session_table *table = session->table;
	const struct session_quiet quiet = {
		.session = session->id,
		.call = session->call,
		.tenant = session->tenant,
		.there = leg_there(leg),
		.leg = leg->nr,
		.why = names[why],
	};

	if (leg->watch.told >= LEG_TELL_MAX)
		return;
	leg->watch.told++;
	table->quiets[why]++;
	log_info(session->call, why ? "leg is not heard" : "leg is heard",
		 "session=%s leg=%u why=%s", session->id, leg->nr,
		 why ? names[why] : "-");
	if (table->quieth)
		table->quieth(&quiet, table->arg);
}

uint64_t leg_watch_quiet_ms(const struct leg *leg)
{
	const struct leg_watch *watch = &leg->watch;
	uint64_t now_ms = wheel_now(leg->session->table->wheel);

	return watch->quiet_ms +
	       (watch->why != LEG_HEARD && watch->why != LEG_SILENT
			? now_ms - watch->why_ms
			: 0);
}

static void turn(struct leg *leg, enum leg_quiet why, uint64_t now_ms)
{
	struct leg_watch *watch = &leg->watch;

	if (why == watch->why)
		return;
	watch->quiet_ms = leg_watch_quiet_ms(leg);
	if (watch->why == LEG_SILENT && why == LEG_HEARD)
		watch->silent_ms =
			min(2 * watch->silent_ms, (uint32_t)LEG_SILENT_MAX_MS);
	watch->why = why;
	watch->why_ms = now_ms;
	tell(leg, why);
}

/* --- looking ----------------------------------------------------------------------- */

static bool expected(const struct leg *leg)
{
	const struct sdpm_choice *choice = leg->sdp.choice;
	const struct leg *peer = leg->peer;

	return leg->session->answered && !leg->lost && choice && peer &&
	       choice->theirs == SDPM_SENDRECV &&
	       choice->dir & SDPM_RECVONLY && peer->sdp.choice &&
	       peer->sdp.choice->dir & SDPM_SENDONLY;
}

/* A connected socket hears of its peer alone. */
static void look_around(struct leg *leg, uint64_t now_ms, bool wanted)
{
	struct leg_watch *watch = &leg->watch;
	bool around = wanted && now_ms - max(watch->since_ms, watch->used_ms) >=
					LEG_AROUND_MS;

	if (around == watch->around || leg->kind == &leg_kind_web)
		return;
	watch->around = around;
	path_rtp_look_around(leg->path, around);
}

static void leg_look(struct leg *leg, uint64_t now_ms)
{
	struct leg_watch *watch = &leg->watch;

	if (!watch->packets)
		meter_forget(&watch->meter);
	/* what comes now and then is noise of a pause (DTX), not silence */
	if (watch->packets < LEG_FULL)
		watch->meter.sound_ms = now_ms;
	watch->packets = 0;
	/* half a second says little of a voice */
	if (now_ms / LEG_LOOK_MS % 2)
		meter_read(&watch->meter);
	if (!expected(leg)) {
		look_around(leg, now_ms, false);
		turn(leg, LEG_HEARD, now_ms);
		watch->since_ms = 0;
		return;
	}
	if (!watch->since_ms)
		watch->since_ms = now_ms;
	if (watch->used_ms + LEG_LOOK_MS > now_ms || watch->since_ms == now_ms)
		watch->then = counts_of(leg);
	look_around(leg, now_ms, true);
	turn(leg, look(leg, now_ms), now_ms);
}

static void look_at(struct leg *leg, uint64_t now_ms)
{
	leg_look(leg, now_ms);
	leg_log_look(leg);
}

static bool on_session(struct le *le, void *arg)
{
	struct session *session = le->data;
	const uint64_t *now_ms = arg;

	for (size_t i = 0; i < COUNTOF(session->legs); i++)
		if (session->legs[i])
			look_at(session->legs[i], *now_ms);
	session_rows_look(session, *now_ms);
	return false;
}

static void on_look(void *arg)
{
	struct session_table *table = arg;
	uint64_t now_ms = wheel_now(table->wheel);

	(void)hash_apply(table->sessions, on_session, &now_ms);
	if (table->count)
		wheel_start(table->wheel, &table->look, LEG_LOOK_MS, on_look,
			    table);
}

void leg_watch_start(struct session_table *table)
{
	if (!wheel_runs(&table->look))
		wheel_start(table->wheel, &table->look, LEG_LOOK_MS, on_look,
			    table);
}
