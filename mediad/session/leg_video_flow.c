/*
 * leg_video_flow.c  The packets of a leg's video, and its feedback
 *
 * RTCP is terminated leg by leg, feedback crosses: who cannot decode asks us,
 * and we ask whoever is the source. What we have sent lately we send again
 * ourselves. Estimates of bandwidth (REMB, TWCC) pass from end to end, because
 * the numbers that they are about do.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/log.h"
#include "mediad/rtp/feedback.h"
#include "mediad/rtp/past.h"
#include "mediad/rtp/relay.h"
#include "mediad/session/leg_video.h"
#include "mediad/session/session_priv.h"

enum {
	KEY_MS = 500,      /* a picture is not asked for sooner again */
	SILENT_MS = 1000,  /* then another stream may take the place */
	AGAIN_MS = 100,    /* packets that are sent again within so much */
	AGAIN_MAX = 200,
	REPORT_MS = 1000,  /* video wants to hear sooner how it is doing */
};

/* --- feedback out ------------------------------------------------------------- */

static uint32_t source_of(const struct leg_video *v)
{
	return v->in.gen ? v->in.ssrc : v->agreed.ssrc;
}

static struct feedback_pen pen_of(struct leg_video *v)
{
	return (struct feedback_pen){
		.rep = &v->report,
		.about = source_of(v),
		.rsize = v->agreed.rsize,
	};
}

static bool send_rtcp(struct leg_video *v, const uint8_t *buf, size_t len)
{
	uint32_t index;

	return len && report_claim(&v->report, &index) &&
	       !path_send_rtcp(v->path, buf, len, index);
}

/* Who has agreed on neither may know PLI all the same, and may skip it (RFC
 * 3550, 6.1). */
static void ask_key(struct leg_video *v, uint64_t now_ms)
{
	const struct feedback_pen pen = pen_of(v);
	uint8_t buf[FEEDBACK_SIZE_MAX];
	bool fir = (v->agreed.feedback & (SDPM_FB_PLI | SDPM_FB_FIR)) ==
		   SDPM_FB_FIR;
	size_t len;

	if (!pen.about || !path_ready(v->path) ||
	    (v->key.asked_ms && now_ms - v->key.asked_ms < KEY_MS))
		return;
	len = fir ? feedback_write_fir(&pen, buf, ++v->key.fir)
		  : feedback_write_pli(&pen, buf);
	if (!send_rtcp(v, buf, len))
		return;
	v->key.due = false;
	v->key.asked_ms = now_ms;
	v->key.asked++;
}

void leg_video_want_key(struct leg_video *v, uint64_t now_ms)
{
	v->key.due = true;
	ask_key(v, now_ms);
}

/* --- who gets what ---------------------------------------------------------------- */

/* Where the leg's video is to go now; NULL: nowhere. */
static struct leg_video *target_of(const struct leg *leg)
{
	const struct leg *other =
		leg->service && leg->service->reflects ? leg : leg->peer;
	struct leg_video *v = leg_video_on(leg);
	struct leg_video *to = other ? leg_video_on(other) : NULL;

	if (!v || !to || !(v->agreed.dir & SDPM_RECVONLY) ||
	    !(to->agreed.dir & SDPM_SENDONLY) ||
	    !sdpm_vformat_same(sdpm_video_format(&v->agreed),
			       sdpm_video_format(&to->agreed)))
		return NULL;
	return to;
}

static struct video_way way_to(const struct leg_video *v, struct leg_video *to)
{
	struct video_way way = {
		.out = &to->out,
		.to = to->path,
		.past = to->past,
		.in_pt = sdpm_video_format(&v->agreed)->rx_pt,
		.out_pt = sdpm_video_format(&to->agreed)->tx_pt,
		.dropped = v->way.dropped,
	};

	for (unsigned i = 0; i < SDPM_VEXTS; i++) {
		way.in_exts.id[i] = v->agreed.ext[i];
		way.out_exts.id[i] = to->agreed.ext[i];
	}
	return way;
}

static bool same_way(const struct video_way *a, const struct video_way *b)
{
	return a->out == b->out && a->to == b->to && a->past == b->past &&
	       a->in_pt == b->in_pt && a->out_pt == b->out_pt &&
	       !memcmp(&a->in_exts, &b->in_exts, sizeof(a->in_exts)) &&
	       !memcmp(&a->out_exts, &b->out_exts, sizeof(a->out_exts));
}

static void wire(struct leg *leg)
{
	struct leg_video *v = leg->video, *to;
	struct video_way way;

	if (!v)
		return;
	to = target_of(leg);
	if (!to) {
		v->way = (struct video_way){.dropped = v->way.dropped};
		v->key.due = false;
		return;
	}
	way = way_to(v, to);
	/* what goes on as it was goes on without a seam */
	if (same_way(&v->way, &way))
		return;
	v->way = way;
	leg_video_want_key(v, wheel_now(leg->session->table->wheel));
}

void leg_video_wire(struct leg *leg)
{
	wire(leg);
	if (leg->peer)
		wire(leg->peer);
}

void leg_video_unwire(struct leg *leg)
{
	if (leg->video)
		leg->video->way = (struct video_way){
			.dropped = leg->video->way.dropped};
	if (leg->peer && leg->peer->video)
		leg->peer->video->way = (struct video_way){
			.dropped = leg->peer->video->way.dropped};
}

/* --- packets in --------------------------------------------------------------------- */

/* One stream is passed on: of several layers that come in spite of our answer
 * (simulcast) the first, until it is silent. */
static bool is_meant(const struct leg_video *v, const struct strm_pkt *sp)
{
	if (!v->in.gen)
		return !v->agreed.ssrc || sp->h.ssrc == v->agreed.ssrc ||
		       sp->now_ms - v->since_ms >= SILENT_MS;
	return sp->h.ssrc == v->in.ssrc ||
	       sp->now_ms - v->in.last_ms >= SILENT_MS;
}

void leg_video_rtp(struct leg_video *v, const struct path_packet *packet)
{
	uint32_t gen = v->in.gen;
	struct strm_pkt sp = {.now_ms = packet->now_ms};

	if (pkt_read(&sp.h, packet->pkt, packet->len) || !v->on ||
	    sp.h.pt != sdpm_video_format(&v->agreed)->rx_pt ||
	    !is_meant(v, &sp)) {
		v->bad++;
		return;
	}
	if (!strm_in_packet(&v->in, &sp))
		return;
	if (v->way.out)
		(void)video_forward(&v->way, &v->in, &sp, packet->pkt);
	/* a new stream, too, begins with what nobody can decode */
	if (v->key.due || (gen && gen != v->in.gen))
		leg_video_want_key(v, packet->now_ms);
}

/* --- feedback in ---------------------------------------------------------------------- */

/* Whose picture goes out as our stream; NULL: nobody's. */
static struct leg_video *feeder_of(const struct leg_video *v)
{
	const struct leg *leg = v->leg;
	const struct leg *from = leg->service ? leg : leg->peer;

	return from && from->video && from->video->way.out == &v->out
		       ? from->video
		       : NULL;
}

void leg_video_ready(struct leg *leg)
{
	struct leg_video *from = leg->video ? feeder_of(leg->video) : NULL;

	if (from)
		leg_video_want_key(from,
				   wheel_now(leg->session->table->wheel));
}

static bool may_again(struct leg_again *again, uint64_t now_ms)
{
	if (now_ms - again->from_ms >= AGAIN_MS) {
		again->from_ms = now_ms;
		again->packets = 0;
	}
	return again->packets++ < AGAIN_MAX;
}

/* What we have is sent again, byte by byte under the same index; what we do
 * not have was lost before us. True: it is to be asked for. */
static bool send_again(struct leg_video *v, uint64_t index, uint64_t now_ms)
{
	const uint8_t *pkt;
	size_t len;
	int err;

	if (!v->past)
		return true;
	err = past_find(v->past, index, now_ms, &pkt, &len);
	if (!err && may_again(&v->again, now_ms) &&
	    !path_send_rtp(v->path, pkt, len, index))
		v->again.all++;
	return err == ENOENT;
}

static void take_nack(struct leg_video *v, const struct feedback *fb,
		      uint64_t now_ms)
{
	struct leg_video *from = feeder_of(v);
	uint16_t lost[FEEDBACK_NACKS], ask[FEEDBACK_NACKS];
	uint8_t buf[FEEDBACK_SIZE_MAX];
	size_t n = feedback_lost(lost, FEEDBACK_NACKS, fb), nask = 0;
	struct feedback_pen pen;

	for (size_t i = 0; i < n; i++) {
		uint64_t index = video_index(&v->out, lost[i]);

		if (send_again(v, index, now_ms) && from &&
		    video_source_seq(&from->way, &from->in, index,
				     &ask[nask]) &&
		    video_may_ask(&from->asks, &from->in, ask[nask], now_ms))
			nask++;
	}
	if (!nask || !(from->agreed.feedback & SDPM_FB_NACK))
		return;
	pen = pen_of(from);
	(void)send_rtcp(from, buf, feedback_write_nack(&pen, buf, ask, nask));
}

/* An estimate of bandwidth goes to who asked for that kind. */
static void pass(struct leg_video *v, const struct feedback *fb)
{
	struct leg_video *from = feeder_of(v);
	uint8_t buf[FEEDBACK_SIZE_MAX];
	uint8_t bit = fb->kind == FEEDBACK_REMB ? SDPM_FB_REMB : SDPM_FB_TWCC;
	struct feedback_pen pen;

	if (!from || !(from->agreed.feedback & v->agreed.feedback & bit) ||
	    !source_of(from))
		return;
	pen = pen_of(from);
	(void)send_rtcp(from, buf, feedback_write_passed(&pen, buf, fb));
}

static void take_feedback(struct leg_video *v, const struct feedback *fb,
			  uint64_t now_ms)
{
	struct leg_video *from;

	switch (fb->kind) {
	case FEEDBACK_NACK:
		take_nack(v, fb, now_ms);
		break;
	case FEEDBACK_PLI:
	case FEEDBACK_FIR:
		from = feeder_of(v);
		if (from)
			leg_video_want_key(from, now_ms);
		break;
	case FEEDBACK_REMB:
	case FEEDBACK_TWCC:
		pass(v, fb);
		break;
	}
}

void leg_video_rtcp(struct leg_video *v, const struct path_packet *packet)
{
	const struct session_table *table = v->leg->session->table;
	const struct report_time now = {packet->now_ms,
					table->wall_ms + packet->now_ms};
	struct feedback fbs[FEEDBACK_MAX];
	size_t n;

	if (!v->on)
		return;
	v->report.theirs = v->in.gen ? v->in.ssrc : UINT32_MAX;
	if (report_read(&v->report, packet->pkt, packet->len, &now))
		return;
	n = feedback_read(fbs, v->out.ssrc, packet->pkt, packet->len);
	for (size_t i = 0; i < n; i++)
		take_feedback(v, &fbs[i], packet->now_ms);
}

/* --- reports ------------------------------------------------------------------------------ */

static void on_report(void *arg)
{
	struct leg_video *v = arg;
	const struct session_table *table = v->leg->session->table;
	uint64_t now_ms = wheel_now(table->wheel);
	const struct report_time now = {now_ms, table->wall_ms + now_ms};
	uint8_t buf[REPORT_SIZE_MAX];
	uint32_t index;
	size_t len = 0;

	if (path_ready(v->path))
		len = report_write(&v->report, &v->in, &v->out, &now, buf,
				   &index);
	if (len)
		(void)path_send_rtcp(v->path, buf, len, index);
	if (v->key.due)
		ask_key(v, now_ms);
	leg_video_report_start(v);
}

void leg_video_report_start(struct leg_video *v)
{
	struct session_table *table = v->leg->session->table;
	uint32_t ms = report_interval(&v->report, REPORT_MS, rand_u32());

	wheel_start(table->wheel, &v->report_due, ms, on_report, v);
}

/* --- a path of its own --------------------------------------------------------------------- */

static void on_rtp(const struct path_packet *packet, void *arg)
{
	struct leg_video *v = arg;
	uint32_t *serving = v->leg->session->table->serving;

	*serving = v->leg->rec + 1;
	v->leg->heard_ms = packet->now_ms;
	leg_video_rtp(v, packet);
	*serving = 0;
}

static void on_rtcp(const struct path_packet *packet, void *arg)
{
	struct leg_video *v = arg;
	uint32_t *serving = v->leg->session->table->serving;

	*serving = v->leg->rec + 1;
	v->leg->heard_ms = packet->now_ms;
	leg_video_rtcp(v, packet);
	*serving = 0;
}

static void on_changed(void *arg)
{
	leg_video_store(arg);
}

/* Keys by DTLS: what was sent before has gone nowhere. */
static void on_rung(enum path_rung rung, uint64_t at_ms, void *arg)
{
	struct leg_video *v = arg;

	if (rung != PATH_DTLS)
		return;
	leg_video_ready(v->leg);
	if (leg_video_on(v->leg))
		leg_video_want_key(v, at_ms);
}

/* There is a call without it. */
static void on_lost(enum path_why why, void *arg)
{
	struct leg_video *v = arg;

	log_info(v->leg->session->call, "no video: dtls failed",
		 "leg=%u why=%d", v->leg->nr, why);
	leg_video_store(v);
}

static size_t on_streams(struct path_stream *streams, void *arg)
{
	const struct leg_video *v = arg;

	streams[0].ssrc = v->out.ssrc;
	streams[0].next = v->out.next;
	return 1;
}

const struct path_handlers leg_video_handlers = {
	.rtp = on_rtp,
	.rtcp = on_rtcp,
	.rung = on_rung,
	.lost = on_lost,
	.changed = on_changed,
	.streams = on_streams,
};
