/*
 * leg_video.c  The video of a leg: its life, and what is agreed on
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

#include "common/log.h"
#include "mediad/rtp/past.h"
#include "mediad/session/leg_video.h"
#include "mediad/session/session_priv.h"

/* --- life -------------------------------------------------------------------- */

static void offer_destructor(void *data)
{
	struct sdpm_voffer *offer = data;

	OPENSSL_cleanse(&offer->policy, sizeof(offer->policy));
	OPENSSL_cleanse(&offer->video.sdes, sizeof(offer->video.sdes));
}

static void destructor(void *data)
{
	struct leg_video *v = data;

	wheel_stop(&v->report_due);
	mem_deref(v->past);
	mem_deref(v->path);
	mem_deref(v->offer);
	OPENSSL_cleanse(&v->agreed.sdes, sizeof(v->agreed.sdes));
}

int leg_video_alloc(struct leg_video **vp, struct leg *leg)
{
	struct leg_video *v = mem_zalloc(sizeof(*v), destructor);

	if (!v)
		return ENOMEM;
	v->leg = leg;
	v->rec = LEG_NO_RECORD;
	strm_in_init(&v->in, VIDEO_CLOCK);
	*vp = v;
	return 0;
}

void leg_video_drop(struct leg *leg)
{
	struct leg_video *v = leg->video;

	if (!v)
		return;
	leg_video_unwire(leg);
	if (v->rec != LEG_NO_RECORD)
		state_rec_free(leg->session->table->deps.state, v->rec);
	leg->video = mem_deref(v);
}

static int make(struct leg *leg)
{
	struct state_file *state = leg->session->table->deps.state;
	struct strm_slot *slot = NULL;
	struct leg_video *v;
	int err = leg_video_alloc(&v, leg);

	if (err)
		return err;
	err = leg->kind->video(leg, &v->path, v);
	if (!err && state)
		err = state_rec_take(state, &v->rec);
	if (err) {
		v->rec = LEG_NO_RECORD;
		mem_deref(v);
		return err;
	}
	if (state)
		slot = &state_rec_hot(state, v->rec)->slot;
	strm_out_init(&v->out, rand_u32(), VIDEO_CLOCK, rand_u32(), slot);
	report_init(&v->report, v->out.ssrc, leg->sdp.local.cname, slot);
	leg->video = v;
	return 0;
}

/* False: there can be none. */
static bool have(struct leg *leg)
{
	int err;

	if (leg->video)
		return true;
	err = leg->kind->video ? make(leg) : ENOTSUP;
	if (err)
		log_warn(leg->session->call, "no video", "leg=%u err=%d",
			 leg->nr, err);
	return !err;
}

struct leg_video *leg_video_on(const struct leg *leg)
{
	return leg->video && leg->video->on ? leg->video : NULL;
}

/* What an agreement follows upon; NULL: none. */
static const struct sdpm_video *before(const struct leg *leg)
{
	return leg_video_on(leg) ? &leg->video->agreed : leg->sdp.vprior;
}

/* --- what is wanted ------------------------------------------------------------ */

static enum sdpm_dir far_dir(const struct leg *other)
{
	if (other->sdp.turn == LEG_TO_ANSWER)
		return sdpm_video_said(other->sdp.desc, other->profile);
	if (other->sdp.vprior)
		return (enum sdpm_dir)other->sdp.vprior->theirs;
	return other->video ? (enum sdpm_dir)other->video->agreed.theirs
			    : SDPM_SENDRECV;
}

/* As with audio, hold passes from side to side, and a first answer asks for
 * both directions. */
static enum sdpm_dir dir_wanted(const struct leg *leg, const struct leg *other,
				bool offering)
{
	if (!offering && (!leg_video_on(leg) || other != leg->peer))
		return SDPM_SENDRECV;
	return far_dir(other);
}

static void want(struct sdpm_vpolicy *policy, const struct leg *leg,
		 bool offering)
{
	const struct leg *other = leg_beside(leg);

	sdpm_vpolicy_init(policy, leg->profile);
	if (!leg->terms.video)
		return;
	if (leg->service && leg->service->reflects && !offering)
		sdpm_vpolicy_all(policy);
	/* it was a service's, which has what the far side has */
	if (!other && offering && before(leg))
		sdpm_vpolicy_match(policy, before(leg));
	if (!other || !other->terms.video)
		return;
	policy->line.dir = dir_wanted(leg, other, offering);
	if (other->sdp.turn == LEG_TO_ANSWER)
		sdpm_vpolicy_like(policy, other->sdp.desc, other->profile);
	else if (before(other))
		sdpm_vpolicy_match(policy, before(other));
}

/* Keys of its own: one key for two streams would do, but SDP has no way to
 * say so. */
static void keys_make(struct sdpm_policy *policy, const struct leg *leg)
{
	if (leg->profile != SDPM_SDES && leg->profile != SDPM_OSRTP)
		return;
	leg_secret_make(policy, leg, leg->video ? leg->video->out.next : 0);
}

/* --- agreements ------------------------------------------------------------------ */

static void turn_off(struct leg *leg)
{
	leg->sdp.vprior = mem_deref(leg->sdp.vprior);
	if (leg->video)
		leg->video->on = false;
}

static void turn_on(struct leg *leg, const struct sdpm_video *next)
{
	struct leg_video *v = leg->video;

	v->agreed = *next;
	/* an m-line that comes back is another association (RFC 8842, 5.1) */
	v->agreed.anew |= !v->on;
	if (!v->on)
		v->since_ms = wheel_now(leg->session->table->wheel);
	v->on = true;
	leg->sdp.vprior = mem_deref(leg->sdp.vprior);
}

/* Can we send where it wants to hear? */
static bool reaches(const struct leg *leg, const struct sdpm_video *next)
{
	const struct path *path = leg->video->path;

	if (leg->profile == SDPM_BROWSER || !sa_isset(&next->rtp, SA_ADDR))
		return true;
	return leg_rtp_reaches(leg, path, &next->rtp) &&
	       leg_rtp_reaches(leg, path, &next->rtcp);
}

void leg_video_follow(struct leg *leg, const struct sdpm_video *agreed)
{
	struct sdpm_video *prior = mem_alloc(sizeof(*prior), NULL);

	if (!prior)
		return;
	*prior = *agreed;
	mem_deref(leg->sdp.vprior);
	leg->sdp.vprior = prior;
}

void leg_video_decide(struct leg *leg, const struct sdpm_desc *offer,
		      const struct sdpm_choice *next)
{
	struct sdpm_vpolicy policy;
	struct sdpm_video video;
	bool agreed;

	want(&policy, leg, false);
	if (policy.nformats)
		keys_make(&policy.line, leg);
	agreed = sdpm_video_offered(&video, offer, next, &policy, before(leg));
	if (agreed && have(leg) && reaches(leg, &video))
		turn_on(leg, &video);
	else
		turn_off(leg);
	OPENSSL_cleanse(&policy.line, sizeof(policy.line));
	OPENSSL_cleanse(&video.sdes, sizeof(video.sdes));
}

void leg_video_offer(struct leg *leg, struct sdpm_offer *offer)
{
	struct sdpm_voffer *voffer = NULL;
	struct sdpm_vpolicy policy;

	want(&policy, leg, true);
	if (policy.nformats && have(leg)) {
		keys_make(&policy.line, leg);
		voffer = mem_zalloc(sizeof(*voffer), offer_destructor);
	}
	if (voffer && !sdpm_video_offer(voffer, offer, &policy, before(leg)))
		voffer = mem_deref(voffer);
	if (leg->video) {
		mem_deref(leg->video->offer);
		leg->video->offer = voffer;
	}
	OPENSSL_cleanse(&policy.line, sizeof(policy.line));
}

void leg_video_answer(struct leg *leg, const struct sdpm_desc *answer,
		      const struct sdpm_choice *next)
{
	struct sdpm_voffer *offer = leg->video ? leg->video->offer : NULL;
	struct sdpm_video video;

	if (offer && sdpm_video_answered(&video, answer, next, offer) &&
	    reaches(leg, &video)) {
		leg_secret_taken(&video.sdes, &offer->policy,
				 leg->video->out.next);
		turn_on(leg, &video);
		OPENSSL_cleanse(&video.sdes, sizeof(video.sdes));
	} else {
		turn_off(leg);
	}
}

void leg_video_rollback(struct leg *leg)
{
	if (leg->video)
		leg->video->offer = mem_deref(leg->video->offer);
}

const struct sdpm_vlocal *leg_video_local(const struct leg *leg,
					  struct sdpm_vlocal *vlocal,
					  bool offer)
{
	const struct leg_video *v = leg->video;
	const struct sa *addr;

	memset(vlocal, 0, sizeof(*vlocal));
	if (!v || (offer ? !v->offer : !v->on))
		return NULL;
	vlocal->ssrc = v->out.ssrc;
	addr = leg->profile == SDPM_BROWSER ? NULL : path_rtp_local(v->path);
	if (addr)
		vlocal->addr = *addr;
	if (offer) {
		vlocal->video = &v->offer->video;
		vlocal->own = v->offer->policy.own;
		vlocal->nown = v->offer->policy.nown;
		vlocal->tag = 1;
	} else {
		vlocal->video = &v->agreed;
		vlocal->own = &v->agreed.sdes.ours;
		vlocal->nown = v->agreed.sdes.suite != SDPM_NO_SUITE;
		vlocal->tag = v->agreed.sdes.tag;
	}
	return vlocal;
}

/* --- in force ------------------------------------------------------------------------ */

void leg_video_keys(struct secure_keys *keys, const struct leg_video *v)
{
	if (v->leg->profile == SDPM_BROWSER)
		memset(keys, 0, sizeof(*keys));
	else
		leg_secret_keys_of(keys, &v->agreed.sdes);
}

/* On a shared transport all that is not audio's is video's, agreed on or
 * not: it would be taken for another source of audio. */
static void types_share(struct leg_video *v)
{
	const struct sdpm_choice *choice = v->leg->sdp.choice;

	v->mine[0] = v->mine[1] = UINT64_MAX;
	for (unsigned i = 0; i < choice->nmaps; i++) {
		uint8_t pt = choice->maps[i].rx_pt;

		v->mine[pt >> 6] &= ~(UINT64_C(1) << (pt & 63));
	}
}

void leg_video_apply(struct leg *leg)
{
	struct leg_video *v = leg->video;

	if (!v)
		return;
	types_share(v);
	if (!v->on) {
		wheel_stop(&v->report_due);
		v->past = mem_deref(v->past);
		return;
	}
	if (!v->past && v->agreed.feedback & SDPM_FB_NACK)
		(void)past_alloc(&v->past);
	if (leg->kind->see)
		leg->kind->see(leg, v);
	if (!wheel_runs(&v->report_due))
		leg_video_report_start(v);
}
