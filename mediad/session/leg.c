/*
 * leg.c  One side of a call: its life, and what its path brings
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/log.h"
#include "mediad/session/leg_video.h"
#include "mediad/session/session_priv.h"

/* --- life -------------------------------------------------------------------- */

static void leg_destructor(void *data)
{
	struct leg *leg = data;

	wheel_stop(&leg->life);
	wheel_stop(&leg->report_due);
	leg_unjoin(leg);
	leg_glimpse_stop(leg);
	leg->player = mem_deref(leg->player);
	leg->keys = mem_deref(leg->keys);
	leg->video = mem_deref(leg->video);
	leg->path = mem_deref(leg->path);
	leg_sdp_close(leg);
	if (leg->session->legs[leg->nr - 1] == leg)
		leg->session->legs[leg->nr - 1] = NULL;
}

int leg_find(struct leg **legp, const struct session_table *table,
	     const char *id, uint8_t nr)
{
	struct session *session;

	if (!nr || nr > SESSION_LEGS_MAX)
		return EINVAL;
	if (session_find(&session, table, id) || !session->legs[nr - 1])
		return ENOENT;
	*legp = session->legs[nr - 1];
	return 0;
}

int leg_alloc(struct leg **legp, struct session *session, uint8_t nr)
{
	struct leg *leg = mem_zalloc(sizeof(*leg), leg_destructor);

	if (!leg)
		return ENOMEM;

	leg->session = session;
	leg->nr = nr;
	leg->rec = LEG_NO_RECORD;
	relay_close(&leg->relay);
	strm_in_init(&leg->in, 48000);
	leg_watch_open(leg);
	*legp = leg;
	return 0;
}

/* An index of its own in the state file, from the first packet on. */
static int take_record(struct leg *leg, struct strm_slot **slotp)
{
	struct state_file *state = leg->session->table->deps.state;
	int err;

	*slotp = NULL;
	if (!state)
		return 0;
	err = state_rec_take(state, &leg->rec);
	if (err) {
		leg->rec = LEG_NO_RECORD;
		log_warn(leg->session->call, "no room in the state file",
			 "err=%d", err);
		return EUSERS;
	}
	*slotp = &state_rec_hot(state, leg->rec)->slot;
	return 0;
}

static void free_record(struct leg *leg)
{
	if (leg->rec == LEG_NO_RECORD)
		return;
	state_rec_free(leg->session->table->deps.state, leg->rec);
	leg->rec = LEG_NO_RECORD;
	leg->out.slot = leg->report.slot = NULL;
}

const struct leg_kind *leg_kind_find(enum sdpm_profile profile)
{
	return profile == SDPM_BROWSER ? &leg_kind_web : &leg_kind_rtp;
}

int leg_make(struct leg **legp, struct session *session,
	     const struct leg_make_params *params)
{
	struct session_table *table = session->table;
	struct strm_slot *slot;
	struct leg *leg;
	int err = leg_alloc(&leg, session, params->nr);

	if (err)
		return err;
	leg->profile = params->profile;
	leg->kind = leg_kind_find(leg->profile);
	err = leg->kind->make(leg, params->terms);
	if (!err)
		err = take_record(leg, &slot);
	if (err) {
		free_record(leg);
		mem_deref(leg);
		return err;
	}
	strm_out_init(&leg->out, rand_u32(), 48000, rand_u32(), slot);
	leg_sdp_init(leg);
	report_init(&leg->report, leg->out.ssrc, leg->sdp.local.cname, slot);
	leg->at_ms[LEG_MADE] = wheel_now(table->wheel);
	session->legs[leg->nr - 1] = leg;
	wheel_stop(&session->empty);
	leg_life(leg, table->cfg.setup_ms);
	leg_watch_start(table);
	leg_store(leg);
	*legp = leg;
	return 0;
}

void leg_drop(struct leg *leg)
{
	struct session *session = leg->session;

	session_rows_end(leg);
	if (leg->nr == 1)
		session_tap_end(session);
	leg_video_drop(leg);
	free_record(leg);
	mem_deref(leg);
	session_check_empty(session);
}

int session_leg_drop(struct session_table *table, const char *session,
		     uint8_t nr)
{
	struct leg *leg;
	int err = leg_find(&leg, table, session, nr);

	if (!err)
		leg_drop(leg);
	return err;
}

void leg_lose(struct leg *leg, enum session_cause cause)
{
	struct session *session = leg->session;
	struct session_table *table = session->table;
	struct session_lost lost = {
		.session = session->id,
		.call = session->call,
		.tenant = session->tenant,
		.leg = leg->nr,
		.cause = cause,
	};

	if (leg->lost)
		return;
	leg->lost = true;
	leg_store(leg);
	wheel_stop(&leg->report_due);
	leg_life(leg, table->cfg.grace_ms);
	log_info(session->call, "leg lost", "session=%s leg=%u cause=%s",
		 session->id, leg->nr, session_cause_name(cause));
	if (table->losth)
		table->losth(&lost, table->arg);
}

void leg_found(struct leg *leg)
{
	if (!leg->lost)
		return;
	leg->lost = false;
	log_info(leg->session->call, "leg found again", "session=%s leg=%u",
		 leg->session->id, leg->nr);
	if (!path_rung_ms(leg->path, PATH_DTLS)) {
		leg_life(leg, leg->session->table->cfg.setup_ms);
		return;
	}
	wheel_stop(&leg->life);
	leg_report_start(leg);
}

static void on_life(void *arg)
{
	struct leg *leg = arg;

	if (leg->lost)
		leg_drop(leg);
	else
		leg->kind->overdue(leg);
}

void leg_life(struct leg *leg, uint64_t ms)
{
	wheel_start(leg->session->table->wheel, &leg->life, ms, on_life, leg);
}

const char *leg_there(const struct leg *leg)
{
	return leg->terms.owner[0] || !leg->peer ? leg->terms.owner
						 : leg->peer->terms.owner;
}

uint64_t leg_at(const struct leg *leg, enum leg_step step)
{
	static const enum path_rung rungs[LEG_STEPS] = {
		[LEG_STUN] = PATH_STUN,
		[LEG_NOMINATED] = PATH_PAIR,
		[LEG_DTLS] = PATH_DTLS,
	};

	if (leg->at_ms[step])
		return leg->at_ms[step];
	if (step == LEG_RTP_IN)
		return leg->in.first_ms;
	if (step == LEG_RTP_OUT)
		return leg->out.first_ms;
	return rungs[step] ? path_rung_ms(leg->path, rungs[step]) : 0;
}

/* --- reports ------------------------------------------------------------------ */

static struct report_time time_of(const struct leg *leg, uint64_t now_ms)
{
	return (struct report_time){
		.now_ms = now_ms,
		.wall_ms = leg->session->table->wall_ms + now_ms,
	};
}

static void on_report(void *arg)
{
	struct leg *leg = arg;
	struct session_table *table = leg->session->table;
	struct report_time now = time_of(leg, wheel_now(table->wheel));
	uint8_t buf[REPORT_SIZE_MAX];
	uint32_t index;
	size_t len = 0;

	if (path_ready(leg->path))
		len = report_write(&leg->report, &leg->in, &leg->out, &now, buf,
				   &index);
	if (len)
		len += leg_xr_write(leg, &now, buf + len);
	/* not sent: the next one says it again */
	if (len)
		(void)path_send_rtcp(leg->path, buf, len, index);
	if (leg->kind->idle && leg->reported == leg->out.next)
		leg->kind->idle(leg);
	leg->reported = leg->out.next;
	leg_report_start(leg);
}

void leg_report_start(struct leg *leg)
{
	struct session_table *table = leg->session->table;
	uint32_t ms =
		report_interval(&leg->report, table->cfg.report_ms, rand_u32());

	wheel_start(table->wheel, &leg->report_due, ms, on_report, leg);
}

/* --- what the path brings --------------------------------------------------------- */

static void tell_up(struct leg *leg)
{
	const struct session *session = leg->session;
	const struct session_table *table = session->table;
	struct session_up up = {
		.session = session->id,
		.call = session->call,
		.tenant = session->tenant,
		.leg = leg->nr,
	};

	/* a successor is not to tell it again */
	leg_store(leg);
	if (table->uph)
		table->uph(&up, table->arg);
}

/* For those who are no receivers; pkt is left as it is. */
static void look_on(struct leg *leg, const struct strm_pkt *sp,
		    const uint8_t *pkt)
{
	const struct strm_pkt bare = leg_primary(leg, sp, pkt);

	leg_watch_packet(leg, &bare, pkt);
	if (leg->in.event == bare.h.pt)
		leg_log_event(leg, &bare, pkt);
	if (leg->session->tap)
		session_tap_packet(leg, &bare, pkt);
}

static void pass_on(struct leg *leg, struct strm_pkt *sp, uint8_t *pkt)
{
	const uint64_t before = leg->relay.red.filled;

	relay_forward(&leg->relay, &leg->in, sp, pkt);
	leg->restored += leg->relay.red.filled - before;
	leg->session->table->restored += leg->relay.red.filled - before;
}

static void on_rtp(const struct path_packet *packet, void *arg)
{
	struct leg *leg = arg;
	uint32_t *serving = leg->session->table->serving;
	bool first = !leg->in.packets;
	struct strm_pkt sp;

	/* LEG_NO_RECORD + 1 is 0: nobody */
	*serving = leg->rec + 1;
	leg->heard_ms = packet->now_ms;
	/* video with ports of its own has a source and keys of its own */
	if (leg->video && leg->video->path == leg->path &&
	    leg_video_takes(leg->video, packet->pkt[1] & 0x7f)) {
		leg_video_rtp(leg->video, packet);
		*serving = 0;
		return;
	}
	if (relay_read(&leg->in, &sp, packet, &leg->bad_rtp)) {
		leg_heard(leg, sp.h.pt);
		look_on(leg, &sp, packet->pkt);
		pass_on(leg, &sp, packet->pkt);
	}
	*serving = 0;
	if (first && leg->in.packets) {
		leg_log_rtp_in(leg, sp.h.pt);
		tell_up(leg);
	}
}

static void on_rtcp(const struct path_packet *packet, void *arg)
{
	struct leg *leg = arg;
	uint32_t *serving = leg->session->table->serving;
	struct report_time now = time_of(leg, packet->now_ms);

	*serving = leg->rec + 1;
	leg->heard_ms = packet->now_ms;
	leg->report.theirs = leg->video ? leg->in.ssrc : 0;
	if (!leg->log.rtcp_in)
		leg_log_rtcp_in(leg);
	/* what is refused is counted there */
	(void)report_read(&leg->report, packet->pkt, packet->len, &now);
	if (leg->video && leg->video->path == leg->path)
		leg_video_rtcp(leg->video, packet);
	*serving = 0;
}

static void on_rung(enum path_rung rung, uint64_t at_ms, void *arg)
{
	struct leg *leg = arg;

	(void)at_ms;
	if (rung == PATH_DTLS) {
		/* of others life is the time that they may be silent */
		if (!leg->lost && leg->kind == &leg_kind_web)
			wheel_stop(&leg->life);
		leg_report_start(leg);
		leg_video_ready(leg);
	} else if (rung == PATH_MEDIA) {
		leg_store(leg);
	}
}

static void on_lost(enum path_why why, void *arg)
{
	static const enum session_cause causes[PATH_LOST_N] = {
		[PATH_LOST_CONSENT] = SESSION_SILENT,
		[PATH_LOST_HANDSHAKE] = SESSION_DTLS_FAIL,
		[PATH_LOST_TIMEOUT] = SESSION_NO_DTLS,
		[PATH_LOST_FINGERPRINT] = SESSION_DTLS_FAIL,
		[PATH_LOST_CLOSED] = SESSION_CLOSED,
	};

	leg_lose(arg, causes[why]);
}

static void on_changed(void *arg)
{
	leg_store(arg);
}

static size_t on_streams(struct path_stream *streams, void *arg)
{
	const struct leg *leg = arg;
	const struct leg_video *v = leg->video;

	streams[0].ssrc = leg->out.ssrc;
	streams[0].next = leg->out.next;
	if (!v || v->path != leg->path)
		return 1;
	streams[1].ssrc = v->out.ssrc;
	streams[1].next = v->out.next;
	return 2;
}

const struct path_handlers leg_path_handlers = {
	.rtp = on_rtp,
	.rtcp = on_rtcp,
	.rung = on_rung,
	.lost = on_lost,
	.changed = on_changed,
	.streams = on_streams,
	.note = leg_log_path,
};
