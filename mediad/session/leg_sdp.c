/*
 * leg_sdp.c  Offer and answer of one leg (RFC 3264)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

#include "common/log.h"
#include "mediad/sdp/sdp_read.h"
#include "mediad/session/leg_form.h"
#include "mediad/session/leg_video.h"
#include "mediad/session/session_priv.h"

/* --- identity ------------------------------------------------------------------ */

/* Of a new association: RFC 8842, 4: at least 120 bits; and the certificate
 * may be another than when a leg was made that was resumed since. */
static void new_dtls(struct leg *leg)
{
	rand_str(leg->sdp.local.tls_id, 33);
	leg->sdp.local.print = leg->session->table->print;
}

void leg_sdp_init(struct leg *leg)
{
	struct sdpm_local *local = &leg->sdp.local;

	local->sess_id = rand_u64() >> 2;
	local->ssrc = leg->out.ssrc;
	rand_str(local->cname, 17);
	rand_str(local->msid, 17);
	new_dtls(leg);
}

void leg_sdp_close(struct leg *leg)
{
	struct leg_sdp *sdp = &leg->sdp;

	sdp->desc = mem_deref(sdp->desc);
	sdp->offer = mem_deref(sdp->offer);
	sdp->choice = mem_deref(sdp->choice);
	sdp->prior = mem_deref(sdp->prior);
	sdp->vprior = mem_deref(sdp->vprior);
}

void leg_sdp_follow(struct leg *leg, const struct pl *text)
{
	struct sdpm_local local = leg->sdp.local;
	struct sdpm_video video = {.nformats = 0};
	uint8_t hushed = 0;
	const struct leg_form form = {&local, leg_secret_choice(), &video,
				      &hushed};

	if (!form.choice || !text->l)
		goto out;
	if (leg_form_read(&form, text)) {
		log_warn(leg->session->call, "a leg's form cannot be read",
			 "leg=%u", leg->nr);
		goto out;
	}
	form.choice->profile = leg->profile;
	leg->sdp.local = local;
	leg->sdp.prior = leg_secret_keep(form.choice);
	leg->session->hushed |= hushed;
	if (video.nformats)
		leg_video_follow(leg, &video);
	leg_log(leg, "media.moved", NULL);
out:
	mem_deref(form.choice);
}

/* What the next offer or answer follows upon. */
static const struct sdpm_choice *before(const struct leg_sdp *sdp)
{
	return sdp->choice ? sdp->choice : sdp->prior;
}

/* ... and if that was at another worker, no transport of ours is replaced: the
 * far side may have its keys by the time that we read its answer. */
static void first_here(const struct leg_sdp *sdp, struct sdpm_choice *next)
{
	if (!sdp->choice)
		next->change.ice_restart = next->change.dtls_restart = false;
}

static void agreed(const struct leg *leg)
{
	const struct session_table *table = leg->session->table;

	if (table->agreedh)
		table->agreedh(leg->session->id, table->agreed_arg);
}

/* --- the far side speaks -------------------------------------------------------------- */

int leg_sdp_refuse(struct sdpm_error *why, int err, uint16_t sip,
		   const char *text)
{
	if (why) {
		*why = (struct sdpm_error){.sip = sip};
		str_ncpy(why->why, text, sizeof(why->why));
	}
	return err;
}

static int explain(struct sdpm_error *why, const struct sdpm_verdict *verdict,
		   int err)
{
	if (why)
		*why = verdict->error;
	return err;
}

/* Nothing follows from an offer before it is answered: it may be refused, and
 * then the far side, too, goes on as before (RFC 3264, 8). */
static int take_offer(struct leg *leg, struct sdpm_desc *desc,
		      struct sdpm_choice *next, struct sdpm_error *why)
{
	struct leg_sdp *sdp = &leg->sdp;
	struct sdpm_verdict verdict;
	struct sdpm_policy policy;
	int err;

	if (sdp->turn == LEG_OFFERED)
		return leg_sdp_refuse(why, EPROTO, 491,
				      "an offer of ours is open");

	leg_want(&policy, leg, false);
	err = sdpm_decide_offer(next, &verdict, desc, &policy, before(sdp));
	OPENSSL_cleanse(policy.own, sizeof(policy.own));
	if (err)
		return explain(why, &verdict, err);
	if (leg->kind->look)
		err = leg->kind->look(leg, next, why);
	if (err)
		return err;

	if (!sdp->choice)
		leg_note_formats(sdp, desc);
	leg_log_offer(leg, false);
	mem_deref(sdp->desc);
	sdp->desc = mem_ref(desc);
	sdp->open_dir = next->theirs;
	sdp->turn = LEG_TO_ANSWER;
	return 0;
}

/* FNV-1a: is it the answer we had? */
static uint64_t digest(const struct pl *text)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < text->l; i++)
		sum = (sum ^ (uint8_t)text->p[i]) * 0x100000001b3u;
	return sum;
}

static int take_answer(struct leg *leg, struct sdpm_desc *desc,
		       struct sdpm_choice *next, struct sdpm_error *why)
{
	struct leg_sdp *sdp = &leg->sdp;
	struct sdpm_verdict verdict;
	int err;

	err = sdpm_decide_answer(next, &verdict, desc, sdp->offer, before(sdp));
	if (err)
		return explain(why, &verdict, err);
	first_here(sdp, next);
	/* our half of ICE and DTLS was in the offer, and is used by now; without
	 * ICE another association is one with another address */
	if (sdp->turn == LEG_STABLE && next->profile == SDPM_BROWSER &&
	    (next->change.ice_restart || next->change.dtls_restart))
		return leg_sdp_refuse(why, EPROTO, 400,
				      "an answer of another peer came before");
	sdp->said = desc;
	leg_log_cands(leg, desc);
	err = leg->kind->hear(leg, next, why);
	sdp->said = NULL;
	if (err)
		return err;

	if (!next->dtls)
		leg_secret_taken(&next->peer.sdes, &sdp->offer->policy,
				 leg->out.next);
	leg_note_formats(sdp, desc);
	leg_note_why(leg, next, &verdict, true);
	leg_video_answer(leg, desc, next);
	mem_deref(sdp->choice);
	sdp->choice = leg_secret_keep(next);
	sdp->prior = mem_deref(sdp->prior);
	sdp->answered = false;
	sdp->turn = LEG_STABLE;
	leg_apply(leg);
	leg_log_agreed(leg, &verdict, true);
	return 0;
}

int leg_sdp_remote(struct leg *leg, const struct session_remote *remote,
		   struct sdpm_error *why)
{
	struct leg_sdp *sdp = &leg->sdp;
	struct sdpm_choice *next = NULL;
	struct sdpm_desc *desc = NULL;
	struct sdpm_error error;
	int err;

	if (remote->answer && sdp->turn != LEG_OFFERED) {
		bool again = sdp->turn == LEG_STABLE && sdp->choice;

		/* the 200 repeats what the 183 said, which may have changed
		 * since by an offer of theirs (RFC 3311): that stands */
		if (again && (!sdp->answered || sdp->offer) &&
		    sdp->far_answer == digest(&remote->sdp))
			return 0;
		/* or says it anew, because behind a PBX another one has picked
		 * up: the offer stays for that until the next one of ours */
		if (!again || !sdp->offer)
			return leg_sdp_refuse(why, EPROTO, 400,
					      "no offer of ours is open");
	}
	err = sdpm_read(&desc, remote->sdp.p, remote->sdp.l, &error);
	if (err) {
		if (why)
			*why = error;
		return err;
	}
	next = leg_secret_choice();
	if (!next)
		err = ENOMEM;
	else if (remote->answer)
		err = take_answer(leg, desc, next, why);
	else
		err = take_offer(leg, desc, next, why);
	mem_deref(next);
	mem_deref(desc);
	if (err)
		return err;

	if (!leg->at_ms[LEG_REMOTE])
		leg->at_ms[LEG_REMOTE] = wheel_now(leg->session->table->wheel);
	if (remote->answer)
		sdp->far_answer = digest(&remote->sdp);
	leg_store(leg);
	if (remote->answer)
		agreed(leg);
	return 0;
}

/* --- we speak ------------------------------------------------------------------------------- */

/* The offer is decided once more: the other leg may have agreed on a codec
 * since it came. */
static int decide_now(struct leg *leg, struct sdpm_error *why)
{
	struct leg_sdp *sdp = &leg->sdp;
	struct sdpm_choice *next = leg_secret_choice();
	struct sdpm_verdict verdict;
	struct sdpm_policy policy;
	int err;

	if (!next)
		return ENOMEM;

	leg_want(&policy, leg, false);
	err = sdpm_decide_offer(next, &verdict, sdp->desc, &policy,
				before(sdp));
	OPENSSL_cleanse(policy.own, sizeof(policy.own));
	if (err) {
		mem_deref(next);
		return explain(why, &verdict, err);
	}
	first_here(sdp, next);
	sdp->said = sdp->desc;
	leg_log_cands(leg, sdp->desc);
	err = leg->kind->hear(leg, next, why);
	sdp->said = NULL;
	if (!err)
		err = leg->kind->speak(leg);
	if (err) {
		mem_deref(next);
		return err;
	}
	if (next->change.dtls_restart)
		new_dtls(leg);
	leg_note_formats(sdp, sdp->desc);
	leg_note_why(leg, next, &verdict, false);
	leg_video_decide(leg, sdp->desc, next);
	mem_deref(sdp->choice);
	sdp->choice = leg_secret_keep(next);
	mem_deref(next);
	sdp->prior = mem_deref(sdp->prior);
	sdp->desc = mem_deref(sdp->desc);
	sdp->answered = true;
	sdp->turn = LEG_STABLE;
	leg_apply(leg);
	leg_log_agreed(leg, &verdict, false);
	return 0;
}

static int local_answer(struct leg *leg, struct mbuf *mb,
			struct sdpm_error *why)
{
	struct leg_sdp *sdp = &leg->sdp;
	struct sdpm_vlocal video;
	int err = 0;

	if (sdp->turn == LEG_TO_ANSWER)
		err = decide_now(leg, why);
	else if (sdp->turn != LEG_STABLE || !sdp->answered)
		err = leg_sdp_refuse(why, EPROTO, 400,
				     "there is no offer to answer");
	if (err)
		return err;
	return sdpm_write_answer_video(mb, &sdp->local, sdp->choice,
				       leg_video_local(leg, &video, false));
}

static int local_offer(struct leg *leg, struct mbuf *mb, struct sdpm_error *why)
{
	struct leg_sdp *sdp = &leg->sdp;
	struct sdpm_offer *offer = sdp->offer;
	struct sdpm_policy policy;
	struct sdpm_vlocal video;
	int err = 0;

	if (sdp->turn == LEG_TO_ANSWER)
		return leg_sdp_refuse(why, EPROTO, 491,
				      "the far side's offer is open");

	err = leg->kind->speak(leg);
	if (!err && sdp->turn == LEG_STABLE) {
		offer = leg_secret_offer();
		if (!offer)
			return ENOMEM;
		leg_want(&policy, leg, true);
		err = sdpm_offer_make(offer, &policy, before(sdp));
		OPENSSL_cleanse(policy.own, sizeof(policy.own));
		if (err)
			leg_sdp_refuse(why, err, 488, "no codec for both legs");
		else
			leg_video_offer(leg, offer);
	}
	if (!err)
		err = sdpm_write_offer_video(mb, &sdp->local, offer,
					     leg_video_local(leg, &video, true));
	if (err) {
		if (offer != sdp->offer)
			mem_deref(offer);
		return err;
	}
	if (offer != sdp->offer) {
		mem_deref(sdp->offer);
		sdp->offer = leg_secret_keep_offer(offer);
		mem_deref(offer);
		leg_log_offer(leg, true);
	}
	sdp->turn = LEG_OFFERED;
	return 0;
}

int leg_sdp_local(struct leg *leg, bool answer, struct mbuf *mb,
		  struct sdpm_error *why)
{
	int err;

	err = answer ? local_answer(leg, mb, why) : local_offer(leg, mb, why);
	if (err)
		return err;

	if (!leg->at_ms[LEG_LOCAL])
		leg->at_ms[LEG_LOCAL] = wheel_now(leg->session->table->wheel);
	leg_store(leg);
	if (answer)
		agreed(leg);
	return 0;
}

void leg_sdp_rollback(struct leg *leg)
{
	struct leg_sdp *sdp = &leg->sdp;

	/* an answered offer may have another answer yet */
	if (sdp->turn == LEG_STABLE)
		return;
	sdp->desc = mem_deref(sdp->desc);
	if (sdp->turn == LEG_OFFERED) {
		sdp->offer = mem_deref(sdp->offer);
		leg_video_rollback(leg);
	}
	sdp->turn = LEG_STABLE;
	leg_store(leg);
}

void leg_apply(struct leg *leg)
{
	const struct sdpm_choice *choice = leg->sdp.choice;
	uint64_t now_ms = wheel_now(leg->session->table->wheel);
	uint32_t clock = leg_codec(leg)->clock;

	strm_out_set_rate(&leg->out, clock, now_ms);
	strm_in_set_rate(&leg->in, clock);
	leg->hears = leg->odd = 0;
	leg->in.event =
		choice->event < 0 ? -1 : choice->maps[choice->event].rx_pt;
	leg->kind->agree(leg);
	leg_video_apply(leg);
	leg_wire(leg);
}
