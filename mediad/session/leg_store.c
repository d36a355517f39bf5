/*
 * leg_store.c  A leg to the state file
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

#include "common/fault.h"
#include "common/log.h"
#include "mediad/session/leg_video.h"
#include "mediad/session/session_priv.h"
#include "mediad/session/state_leg.h"

static void fill_ids(struct state_leg *st, const struct leg *leg)
{
	const struct session *session = leg->session;

	memcpy(st->session, session->id, sizeof(st->session));
	memcpy(st->call, session->call, sizeof(st->call));
	memcpy(st->tenant, session->tenant, sizeof(st->tenant));
	st->leg = leg->nr;
	st->peer = leg->peer ? leg->peer->nr : 0;
	if (leg->service)
		str_ncpy(st->service, leg->service->name, sizeof(st->service));
}

static void fill_services(struct state_leg *st, const struct leg *leg)
{
	memcpy(st->music, leg->terms.music, sizeof(st->music));
	memcpy(st->fork, leg->terms.fork, sizeof(st->fork));
	memcpy(st->owner, leg->terms.owner, sizeof(st->owner));
	st->record = (uint8_t)leg->terms.record;
	memcpy(st->play, leg->play.name, sizeof(st->play));
	st->play_times = leg->play.times;
	st->play_ms = leg->play.at_ms;
	st->play_over = leg->play.over;
	st->tape = leg->session->tape;
	st->tape_unix_s = leg->session->tape_unix_s;
	st->hushed = leg->session->hushed;
	st->up = leg->session->answered;
}

static void fill_media(struct state_leg *st, const struct leg *leg)
{
	st->ssrc = leg->out.ssrc;
	st->next = leg->out.next;
	st->packets = leg->out.packets;
	st->octets = leg->out.octets;
	st->in_packets = leg->in.packets;
	st->in_octets = leg->in.octets;
	st->in_lost = strm_in_lost(&leg->in);
	st->resumes = leg->resumes;
	st->local = leg->sdp.local;
	st->local.hosts = NULL;
	st->local.nhosts = 0;
	sdpm_choice_copy(&st->choice, leg->sdp.choice);
	/* an open offer dies with us, and what was answered before is no
	 * answer to it */
	st->answered = leg->sdp.answered && leg->sdp.turn != LEG_TO_ANSWER;
	st->far_answer = leg->sdp.far_answer;
	str_ncpy(st->offered, leg->sdp.offered, sizeof(st->offered));
	st->ptime = leg->terms.ptime;
	st->ncodecs = leg->terms.ncodecs;
	for (unsigned i = 0; i < leg->terms.ncodecs; i++)
		st->codecs[i] = (uint8_t)leg->terms.codecs[i];
	st->nsuites = leg->terms.nsuites;
	for (unsigned i = 0; i < leg->terms.nsuites; i++)
		st->suites[i] = (uint8_t)leg->terms.suites[i];
	st->digits = (uint8_t)leg->terms.digits;
	st->video = leg->terms.video;
	memcpy(st->policy, leg->terms.policy, sizeof(st->policy));
	st->order = (uint8_t)leg->terms.order;
	st->noise = leg->terms.noise;
	st->narrow = leg->terms.opus.narrow;
	st->dtx = (uint8_t)leg->terms.opus.dtx;
	st->effort = leg->terms.opus.effort;
	st->bitrate = leg->terms.opus.bitrate;
	fill_services(st, leg);
	for (unsigned step = 0; step < LEG_STEPS; step++)
		st->at_ms[step] = leg_at(leg, step);
}

int leg_try_store(struct leg *leg)
{
	uint8_t buf[STATE_LEG_MAX];
	struct state_leg st;
	size_t len;
	int err;

	if (leg->rec == LEG_NO_RECORD)
		return 0;

	memset(&st, 0, sizeof(st));
	fill_ids(&st, leg);
	if (leg->sdp.choice && !leg->lost)
		st.resumable = !leg->kind->store(leg, &st);
	if (st.resumable)
		fill_media(&st, leg);
	else if (leg->stored && !leg->lost)
		return EAGAIN;

	len = state_leg_pack(buf, &st);
	err = FAULT("mediad.leg.store");
	if (!err)
		err = state_rec_write(leg->session->table->deps.state, leg->rec,
				      buf, len);
	(void)FAULT("mediad.leg.stored");
	leg->stored = true;
	OPENSSL_cleanse(&st, sizeof(st));
	OPENSSL_cleanse(buf, sizeof(buf));
	if (err)
		log_warn(leg->session->call, "state not stored", "err=%d", err);
	if (leg->video)
		leg_video_store(leg->video);
	return err;
}

void leg_store(struct leg *leg)
{
	(void)leg_try_store(leg);
}
