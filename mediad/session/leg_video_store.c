/*
 * leg_video_store.c  The video of a leg to the state file, and back
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

#include "common/log.h"
#include "mediad/session/leg_video.h"
#include "mediad/session/session_priv.h"
#include "mediad/session/state_video.h"

void leg_video_store(struct leg_video *v)
{
	const struct leg *leg = v->leg;
	uint8_t buf[STATE_VIDEO_MAX];
	struct state_video st;
	int err = 0;

	/* what never was agreed on need not come back */
	if (v->rec == LEG_NO_RECORD || leg->lost || (!v->on && !v->stored))
		return;
	memset(&st, 0, sizeof(st));
	st.leg = leg->nr;
	st.on = v->on;
	memcpy(st.session, leg->session->id, sizeof(st.session));
	st.ssrc = v->out.ssrc;
	st.next = v->out.next;
	st.packets = v->out.packets;
	st.octets = v->out.octets;
	st.in_packets = v->in.packets;
	st.in_octets = v->in.octets;
	st.in_lost = strm_in_lost(&v->in);
	st.agreed = v->agreed;
	if (v->path != leg->path)
		err = path_rtp_export(v->path, &st.rtp);
	/* what there was is over: no successor is to send by it */
	if (err == EAGAIN && v->stored) {
		memset(&st.rtp, 0, sizeof(st.rtp));
		st.on = false;
		err = 0;
	}
	if (!err)
		err = state_rec_write(leg->session->table->deps.state, v->rec,
				      buf, state_video_pack(buf, &st));
	OPENSSL_cleanse(&st, sizeof(st));
	OPENSSL_cleanse(buf, sizeof(buf));
	/* not agreed on yet, or never to be */
	if (err == EAGAIN)
		return;
	v->stored = true;
	if (err)
		log_warn(leg->session->call, "video not stored", "err=%d",
			 err);
}

/* --- and back --------------------------------------------------------------------- */

static int revive_path(struct leg_video *v, struct state_video *st)
{
	struct leg *leg = v->leg;
	struct secure_keys keys;
	const struct path_rtp_record record = {&st->rtp, &keys,
					       leg->session->call};
	int err;

	if (leg->profile == SDPM_BROWSER)
		return leg->kind->video(leg, &v->path, v);
	leg_secret_keys_of(&keys, &st->agreed.sdes);
	err = path_rtp_import(&v->path, leg->session->table->deps.rtp, &record,
			      &leg_video_handlers, v);
	OPENSSL_cleanse(&keys, sizeof(keys));
	/* it has been: nothing begins anew by what is told again */
	st->agreed.anew = false;
	if (!err)
		path_rtp_said(&st->rtp, &st->agreed.rtp, &st->agreed.rtcp);
	return err;
}

static int revive_media(struct leg_video *v, const struct state_video *st)
{
	const struct leg *leg = v->leg;
	const struct session_table *table = leg->session->table;
	struct strm_slot *slot = &state_rec_hot(table->deps.state, v->rec)->slot;
	uint64_t since = slot->next - st->next;

	/* indices that were used would be used again (RFC 3711, 9.1) */
	if (slot->next < st->next)
		return EBADMSG;
	strm_out_resume(&v->out, st->ssrc, VIDEO_CLOCK, slot,
			wheel_now(table->wheel));
	v->out.packets = st->packets + since;
	v->out.octets = st->octets +
			(st->packets ? since * st->octets / st->packets : 0);
	v->in.packets = st->in_packets;
	v->in.octets = st->in_octets;
	v->in.lost_before = st->in_lost;
	report_init(&v->report, st->ssrc, leg->sdp.local.cname, slot);
	v->agreed = st->agreed;
	v->on = st->on;
	v->stored = true;
	return 0;
}

int leg_video_revive(struct leg *leg, uint32_t rec, struct state_video *st)
{
	struct leg_video *v;
	int err;

	if (leg->video || !leg->kind->video ||
	    (leg->profile != SDPM_BROWSER && !leg->session->table->deps.rtp))
		return EBADMSG;
	if (st->agreed.line >= leg->sdp.choice->layout.nlines)
		return EBADMSG;
	err = leg_video_alloc(&v, leg);
	if (err)
		return err;
	v->rec = rec;
	err = revive_path(v, st);
	if (!err)
		err = revive_media(v, st);
	if (err) {
		/* it stays the caller's */
		v->rec = LEG_NO_RECORD;
		mem_deref(v);
		return err;
	}
	leg->video = v;
	leg_video_apply(leg);
	leg_video_wire(leg);
	return 0;
}
