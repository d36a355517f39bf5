/*
 * figures.c  What a session can tell about itself
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/sdp/sdp_codec.h"
#include "mediad/sdp/sdp_sdes.h"
#include "mediad/session/leg_video.h"
#include "mediad/session/session_priv.h"
#include "mediad/tap/tap.h"

static uint32_t ticks_us(uint32_t ticks, uint32_t rate)
{
	return (uint32_t)((uint64_t)ticks * 1000000 / rate);
}

static void leg_stats(struct leg_stats *stats, const struct leg *leg)
{
	const struct path_stats *path = path_stats(leg->path);
	const struct report_far *far = &leg->report.far;
	const struct report_voip *voip = &leg->report.xr.voip;

	*stats = (struct leg_stats){
		.packets_in = leg->in.packets,
		.octets_in = leg->in.octets,
		.lost_in = strm_in_lost(&leg->in),
		.dups_in = leg->in.dups + path->replayed,
		.refused_in = leg->in.refused + leg->bad_rtp + path->bad_auth +
			      path->refused + path->strangers +
			      leg->report.counts.refused,
		.packets_out = leg->out.packets,
		.octets_out = leg->out.octets,
		.jitter_in_us = strm_in_jitter_us(&leg->in),
		.switches = leg->out.switches,
		.far_lost = far->lost,
		.far_fraction = far->fraction,
		.far_jitter_us = ticks_us(far->jitter, leg->out.rate),
		.rtt_us = leg_rtt_us(leg),
		.far_xr = voip->known,
		.far_xr_loss = voip->loss,
		.far_xr_discard = voip->discard,
		.far_xr_mos = voip->mos_cq == REPORT_XR_NONE ? 0 : voip->mos_cq,
		.concealed = leg->sound.concealed,
		.repaired = leg->sound.repaired,
		.late = leg->sound.late,
		.reordered = leg->sound.reordered,
		.restored = leg->restored,
	};
}

const struct transcode_stats *session_sound(const struct session_table *table)
{
	return &table->sound;
}

uint64_t session_restored(const struct session_table *table)
{
	return table->restored;
}

const uint64_t *session_quiets(const struct session_table *table)
{
	return table->quiets;
}

static void leg_voice(struct leg_voice *voice, const struct leg *leg)
{
	const struct leg_watch *watch = &leg->watch;

	*voice = (struct leg_voice){
		.level = watch->meter.level,
		.top = watch->meter.top,
		.clipped = watch->meter.clipped,
		.quiet = leg_quiet_name(watch->why),
		.quiet_ms = leg_watch_quiet_ms(leg),
	};
}

static void chosen(char *text, size_t size, const struct sdpm_map *map)
{
	const struct sdpm_codec_info *info;

	if (!map)
		return;
	info = sdpm_codec_info(map->codec);
	(void)re_snprintf(text, size, "%s/%u/%u", info->name, map->clock,
			  info->channels);
}

static const char *secured(const struct leg *leg)
{
	const struct sdpm_choice *choice = leg->sdp.choice;
	enum crypt_suite suite;

	if (!choice)
		return NULL;
	if (!choice->dtls)
		return sdpm_suite_name(choice->peer.sdes.suite);
	suite = leg->kind == &leg_kind_web ? path_web_suite(leg->path)
					   : path_rtp_suite(leg->path);
	return suite == CRYPT_NONE ? NULL : crypt_suite_name(suite);
}

static void sight(struct leg_sight *figs, const struct leg_video *v)
{
	if (!v)
		return;
	*figs = (struct leg_sight){
		.codec = sdpm_vcodec_name(
			(enum sdpm_vcodec)sdpm_video_format(&v->agreed)->codec),
		.packets_in = v->in.packets,
		.lost_in = strm_in_lost(&v->in),
		.packets_out = v->out.packets,
		.resent = v->again.all,
		.pictures = v->key.asked,
	};
}

void leg_figures_codec(struct leg_figures *figs, const struct leg *leg)
{
	str_ncpy(figs->offered, leg->sdp.offered, sizeof(figs->offered));
	str_ncpy(figs->why, leg->sdp.why, sizeof(figs->why));
	figs->chosen[0] = '\0';
	chosen(figs->chosen, sizeof(figs->chosen), leg_codec(leg));
}

void leg_figures_since(struct leg *leg)
{
	leg->before = (struct leg_before){
		.packets_in = leg->in.packets,
		.lost_in = strm_in_lost(&leg->in),
		.packets_out = leg->out.packets,
		.far_lost = leg->report.far.lost,
	};
}

static void leg_figures(struct leg_figures *figs, const struct leg *leg)
{
	*figs = (struct leg_figures){
		.leg = leg->nr,
		.peer = leg->peer ? leg->peer->nr : 0,
		.service = leg->service ? leg->service->name : NULL,
		.ssrc_out = leg->out.ssrc,
		.ssrc_in = leg->in.ssrc,
		.resumes = leg->resumes,
		.profile = leg->profile,
		.last_in_ms = leg->in.last_ms,
	};
	figs->secured = secured(leg);
	if (leg->nr == 1 && leg->session->tap) {
		figs->recorded = tap_records(leg->session->tap);
		figs->hushed = leg->session->hushed;
		figs->consumer = tap_consumer(leg->session->tap);
	}
	figs->way = leg_note_way(leg);
	leg_figures_codec(figs, leg);
	figs->before = leg->before;
	figs->not_authentic = path_stats(leg->path)->bad_auth;
	for (unsigned step = 0; step < LEG_STEPS; step++)
		figs->at_ms[step] = leg_at(leg, step);
	leg_stats(&figs->stats, leg);
	leg_voice(&figs->voice, leg);
	sight(&figs->video, leg_video_on(leg));
}

int session_query(const struct session_table *table, const char *id,
		  struct session_figures *figs)
{
	struct session *session;

	if (session_find(&session, table, id))
		return ENOENT;

	memcpy(figs->session, session->id, sizeof(figs->session));
	memcpy(figs->call, session->call, sizeof(figs->call));
	memcpy(figs->tenant, session->tenant, sizeof(figs->tenant));
	figs->nlegs = 0;
	for (size_t i = 0; i < COUNTOF(session->legs); i++)
		if (session->legs[i])
			leg_figures(&figs->legs[figs->nlegs++],
				    session->legs[i]);
	return 0;
}
