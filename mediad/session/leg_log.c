/*
 * leg_log.c  What happens to a leg, for the log of its call
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/sdp/sdp_codec.h"
#include "mediad/session/leg_log.h"
#include "mediad/session/session_priv.h"

/* --- telling -------------------------------------------------------------------- */

static void say(struct session *session, struct session_note *note)
{
	struct session_table *table = session->table;

	if (!table->noteh || session->notes > LEG_LOG_NOTES)
		return;
	if (session->notes++ == LEG_LOG_NOTES) {
		note->kind = "log.full";
		note->data = NULL;
	}
	note->session = session->id;
	note->call = session->call;
	table->noteh(note, table->note_arg);
}

void session_log(struct session *session, const char *kind,
		 const struct call_log_data *data)
{
	struct session_note note = {.kind = kind, .data = data};

	say(session, &note);
}

void leg_log(struct leg *leg, const char *kind,
	     const struct call_log_data *data)
{
	struct session_note note = {.leg = leg->nr, .kind = kind, .data = data};

	say(leg->session, &note);
}

static void leg_log_at(struct leg *leg, const char *kind, uint64_t at_ms,
		       const struct call_log_data *data)
{
	struct session_note note = {.leg = leg->nr,
				    .kind = kind,
				    .data = data,
				    .at_ms = at_ms};

	say(leg->session, &note);
}

void leg_log_revived(struct leg *leg)
{
	leg->log.rtp_out = leg_at(leg, LEG_RTP_OUT) != 0;
	leg->log.rtcp_in = true;
}

/* --- the path ------------------------------------------------------------------- */

static void add_pair(struct call_log_data *data, const struct leg *leg,
		     const struct path_note *note)
{
	static const char *const types[] = {
		[SDPM_HOST] = "host",
		[SDPM_SRFLX] = "srflx",
		[SDPM_PRFLX] = "prflx",
		[SDPM_RELAY] = "relay",
	};
	const struct sdpm_hosts *hosts = &leg->session->table->hosts;
	const uint32_t hash = note->addr ? sa_hash(note->addr, SA_ALL) : 0;
	/* no candidate of its SDP: what a check alone has shown */
	unsigned type = SDPM_PRFLX;

	for (unsigned i = 0; i < leg->log.ncands; i++)
		if (leg->log.cands[i].hash == hash)
			type = leg->log.cands[i].type;
	call_log_text(data, "type", types[type]);
	/* ours is the one that stands in SDP, not what is bound */
	for (unsigned i = 0; note->local && i < hosts->n; i++) {
		const struct sdpm_host *host = &hosts->host[i];

		if (sa_af(&host->addr) != sa_af(note->local) ||
		    sa_port(&host->addr) != sa_port(note->local) ||
		    host->tcp != !strcmp(note->text, "tcp"))
			continue;
		call_log_addr(data, "local", &host->addr);
		break;
	}
}

static bool knows(struct leg_log *log, const struct sa *addr)
{
	for (unsigned i = 0; i < log->nstrangers; i++)
		if (sa_cmp(&log->strangers[i], addr, SA_ALL))
			return true;
	if (log->nstrangers == LEG_LOG_STRANGERS)
		return true;
	log->strangers[log->nstrangers++] = *addr;
	return false;
}

/* How the log has it. */
static const struct path_kind {
	const char *kind;
	const char *text, *more, *n; /* names of these; NULL: left out */
} kinds[PATH_EVENTS] = {
	[PATH_EV_CHECK] = {"ice.check", "over", NULL, NULL},
	[PATH_EV_BAD_CHECK] = {"ice.refused", "why", NULL, "code"},
	[PATH_EV_CONFLICT] = {"ice.conflict", NULL, NULL, NULL},
	[PATH_EV_SELECTED] = {"ice.nominated", "over", NULL, NULL},
	[PATH_EV_RESTART] = {"ice.restart", NULL, NULL, NULL},
	[PATH_EV_HELLO] = {"dtls.hello", "hello", NULL, "try"},
	[PATH_EV_ALERT] = {"dtls.alert", "alert", NULL, "code"},
	[PATH_EV_BROKEN] = {"dtls.broken", "why", NULL, "try"},
	[PATH_EV_SHAKEN] = {"dtls.done", "version", "cipher", NULL},
	[PATH_EV_FAILED] = {"dtls.failed", "why", "detail", "tries"},
	[PATH_EV_PRINT] = {"dtls.fingerprint", "announced", "shown", NULL},
	[PATH_EV_SOURCE] = {"rtp.source", NULL, NULL, NULL},
	[PATH_EV_STRANGER] = {"rtp.stranger", NULL, NULL, NULL},
};

static void fill(struct call_log_data *data, const struct path_note *note)
{
	const struct path_kind *kind = &kinds[note->event];

	call_log_begin(data);
	if (note->addr)
		call_log_addr(data, "from", note->addr);
	if (kind->text)
		call_log_text(data, kind->text, note->text);
	if (kind->more)
		call_log_text(data, kind->more, note->more);
	if (kind->n && note->n)
		call_log_num(data, kind->n, note->n);
	if (note->suite != CRYPT_NONE)
		call_log_text(data, "srtp", crypt_suite_name(note->suite));
	if (note->rtcp)
		call_log_text(data, "stream", "rtcp");
	if (note->other)
		call_log_text(data, "other", "yes");
}

void leg_log_path(const struct path_note *note, void *arg)
{
	struct leg *leg = arg;
	uint8_t *told = &leg->log.events[note->event];
	struct call_log_data data;

	if (*told >= LEG_LOG_SAME ||
	    (note->event == PATH_EV_STRANGER && knows(&leg->log, note->addr)))
		return;
	++*told;
	fill(&data, note);
	if (note->event == PATH_EV_SELECTED)
		add_pair(&data, leg, note);
	leg_log(leg, kinds[note->event].kind, &data);
}

/* --- media ------------------------------------------------------------------------ */

static bool peer_of(const struct leg *leg, struct sa *peer)
{
	return leg->kind == &leg_kind_web ? !path_web_peer(leg->path, peer)
					  : path_rtp_peer(leg->path, peer);
}

static void add_peer(struct call_log_data *data, const char *name,
		     const struct leg *leg)
{
	struct sa peer;

	if (peer_of(leg, &peer))
		call_log_addr(data, name, &peer);
}

static const char *name_of(const struct sdpm_map *map)
{
	return map ? sdpm_codec_info(map->codec)->name : NULL;
}

void leg_log_rtp_in(struct leg *leg, uint8_t pt)
{
	const struct sdpm_choice *choice = leg->sdp.choice;
	const struct sdpm_map *map = NULL;
	struct call_log_data data;

	for (unsigned i = 0; choice && i < choice->nmaps; i++)
		if (choice->maps[i].rx_pt == pt)
			map = &choice->maps[i];
	call_log_begin(&data);
	add_peer(&data, "from", leg);
	call_log_num(&data, "pt", pt);
	call_log_text(&data, "codec", name_of(map));
	call_log_num(&data, "ssrc", leg->in.ssrc);
	leg_log(leg, "rtp.in", &data);
}

void leg_log_rtcp_in(struct leg *leg)
{
	leg->log.rtcp_in = true;
	leg_log(leg, "rtcp.in", NULL);
}

void leg_log_codec(struct leg *leg, const struct sdpm_map *map)
{
	struct call_log_data data;

	if (leg->log.codecs++ >= LEG_LOG_CODECS) {
		leg->log.codecs = LEG_LOG_CODECS;
		return;
	}
	call_log_begin(&data);
	call_log_text(&data, "codec", name_of(map));
	call_log_text(&data, "agreed", name_of(leg_codec(leg)));
	leg_log(leg, "codec", &data);
}

void leg_log_way(struct leg *leg)
{
	struct leg_log *log = &leg->log;
	const uint8_t peer = leg->peer ? leg->peer->nr : 0;
	const char *service = leg->service ? leg->service->name : NULL;
	const char *way = leg_note_way(leg);
	const bool told = log->way || log->service;
	struct call_log_data data;

	if (log->peer == peer && log->service == service && log->way == way)
		return;
	log->peer = peer;
	log->service = service;
	log->way = way;
	/* joined before there is anything to send on */
	if (!told && !way && !service)
		return;
	call_log_begin(&data);
	if (peer)
		call_log_num(&data, "peer", peer);
	call_log_text(&data, "service", service);
	call_log_text(&data, "way", way);
	if (leg->transcode && leg->peer) {
		call_log_text(&data, "codec", name_of(leg_hears(leg)));
		call_log_text(&data, "to", name_of(leg_codec(leg->peer)));
	}
	leg_log(leg, "way", &data);
}

/* --- looking ---------------------------------------------------------------------- */

static void look_out(struct leg *leg)
{
	const uint64_t at_ms = leg_at(leg, LEG_RTP_OUT);
	struct call_log_data data;

	if (leg->log.rtp_out || !at_ms)
		return;
	leg->log.rtp_out = true;
	call_log_begin(&data);
	add_peer(&data, "to", leg);
	call_log_text(&data, "codec", name_of(leg_codec(leg)));
	leg_log_at(leg, "rtp.out", at_ms, &data);
}

static void look_auth(struct leg *leg)
{
	const uint64_t n = path_stats(leg->path)->bad_auth;
	struct call_log_data data;

	if (leg->log.not_authentic || !n)
		return;
	leg->log.not_authentic = true;
	call_log_begin(&data);
	call_log_num(&data, "packets", (int64_t)n);
	leg_log(leg, "srtp.failed", &data);
}

static void look_effort(struct leg *leg)
{
	const uint8_t ease = leg->transcode ? leg->session->table->ease : 0;
	struct call_log_data data;

	if (leg->log.ease == ease)
		return;
	leg->log.ease = ease;
	call_log_begin(&data);
	call_log_num(&data, "lowered", ease);
	leg_log(leg, "effort", &data);
}

void leg_log_look(struct leg *leg)
{
	look_out(leg);
	look_auth(leg);
	look_effort(leg);
}
