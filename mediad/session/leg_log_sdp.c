/*
 * leg_log_sdp.c  Offers and answers, for the log of the call
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "mediad/sdp/sdp_sdes.h"
#include "mediad/sdp/sdp_write_priv.h"
#include "mediad/session/leg_log.h"
#include "mediad/session/leg_video.h"
#include "mediad/session/session_priv.h"

enum {
	LIST_MAX = 300
};

static const char *const profiles[SDPM_PROFILES] = {
	[SDPM_BROWSER] = "browser", [SDPM_RTP] = "rtp",   [SDPM_SDES] = "sdes",
	[SDPM_OSRTP] = "osrtp",     [SDPM_DTLS] = "dtls",
};

void leg_log_offer(struct leg *leg, bool ours)
{
	struct call_log_data data;

	call_log_begin(&data);
	call_log_text(&data, "dir", ours ? "out" : "in");
	call_log_text(&data, "profile", profiles[leg->profile]);
	leg_log(leg, "sdp.offer", &data);
}

void leg_log_cands(struct leg *leg, const struct sdpm_desc *desc)
{
	struct leg_log *log = &leg->log;
	const struct sdpm_media *audio = NULL;

	for (size_t i = 0; i < desc->nmedia && !audio; i++)
		if (desc->media[i].kind == SDPM_AUDIO)
			audio = &desc->media[i];
	log->ncands = 0;
	for (size_t i = 0; audio && i < audio->ncands; i++) {
		const struct sdpm_cand *cand = &audio->cands[i];

		if (cand->component != 1 || log->ncands == LEG_LOG_CANDS)
			continue;
		log->cands[log->ncands].hash = sa_hash(&cand->addr, SA_ALL);
		log->cands[log->ncands++].type = (uint8_t)cand->type;
	}
}

/* --- what was agreed on ------------------------------------------------------------ */

/* "G722/8000:not preferred,..": of m-lines, or of formats. */
static void add_refused(struct call_log_data *data, const char *name,
			const struct sdpm_verdict *verdict, bool lines)
{
	char list[LIST_MAX] = "";
	size_t n = 0;

	for (unsigned i = 0; i < verdict->nitems; i++) {
		const struct sdpm_item *item = &verdict->items[i];
		char text[96];
		int len;

		if (item->why == SDPM_CHOSEN ||
		    item->why == SDPM_NOT_PREFERRED || (item->pt < 0) != lines)
			continue;
		len = lines ? re_snprintf(text, sizeof(text), "%s%s:%s",
					  n ? "," : "", item->name,
					  sdpm_why_text(item->why))
			    : re_snprintf(text, sizeof(text), "%s%s/%u:%s",
					  n ? "," : "", item->name, item->clock,
					  sdpm_why_text(item->why));
		if (len < 0 || n + (size_t)len >= sizeof(list))
			break;
		memcpy(list + n, text, (size_t)len + 1);
		n += (size_t)len;
	}
	call_log_text(data, name, list);
}

static void add_transport(struct call_log_data *data, const struct leg *leg,
			  const struct sdpm_choice *choice)
{
	call_log_text(data, "secured",
		      choice->dtls              ? "dtls"
		      : choice->peer.sdes.suite ? "sdes"
						: "no");
	if (!choice->dtls)
		call_log_text(data, "srtp",
			      sdpm_suite_name(choice->peer.sdes.suite));
	if (leg->kind == &leg_kind_web) {
		call_log_text(data, "ice", choice->lite ? "full" : "lite");
		call_log_num(data, "cands", leg->log.ncands);
		return;
	}
	if (path_rtp_local(leg->path))
		call_log_addr(data, "local", path_rtp_local(leg->path));
	call_log_addr(data, "remote", &choice->peer.rtp);
}

static void add_codec(struct call_log_data *data, const struct leg *leg)
{
	struct leg_figures figs;

	leg_figures_codec(&figs, leg);
	call_log_text(data, "offered", figs.offered);
	call_log_text(data, "chosen", figs.chosen);
	call_log_text(data, "why", figs.why);
}

void leg_log_agreed(struct leg *leg, const struct sdpm_verdict *verdict,
		    bool answered)
{
	const struct sdpm_choice *choice = leg->sdp.choice;
	struct call_log_data data;

	call_log_begin(&data);
	call_log_text(&data, "offer", answered ? "out" : "in");
	call_log_text(&data, "profile", profiles[leg->profile]);
	add_codec(&data, leg);
	call_log_text(&data, "dir", sdpm_dir_name(choice->dir));
	if (choice->theirs != SDPM_SENDRECV)
		call_log_text(&data, "theirs", sdpm_dir_name(choice->theirs));
	add_transport(&data, leg, choice);
	call_log_text(&data, "dtmf", choice->event < 0 ? "no" : "rtp");
	if (leg_video_on(leg))
		call_log_text(&data, "video", "yes");
	add_refused(&data, "lines", verdict, true);
	add_refused(&data, "refused", verdict, false);
	leg_log(leg, "sdp.agreed", &data);
}

void session_log_refused(struct session_table *table,
			 const struct session_remote *remote, int err,
			 const struct sdpm_error *why)
{
	struct call_log_data data;
	struct session *session;
	const struct session_note note = {
		.session = remote->session,
		.call = remote->call,
		.leg = remote->leg,
		.kind = "sdp.refused",
		.data = &data,
	};

	call_log_begin(&data);
	call_log_text(&data, "what", remote->answer ? "answer" : "offer");
	if (why && why->sip)
		call_log_num(&data, "sip", why->sip);
	if (why)
		call_log_text(&data, "why", why->why);
	if (!why || !why->why[0])
		call_log_num(&data, "err", err);
	if (!remote->leg || remote->leg > SESSION_LEGS_MAX)
		return;
	/* one that is gone again has no count of its notes */
	if (session_find(&session, table, remote->session)) {
		if (table->noteh && remote->call)
			table->noteh(&note, table->note_arg);
	} else if (session->legs[remote->leg - 1]) {
		leg_log(session->legs[remote->leg - 1], note.kind, &data);
	} else {
		session_log(session, note.kind, &data);
	}
}
