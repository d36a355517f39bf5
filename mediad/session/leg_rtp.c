/*
 * leg_rtp.c  A leg of RTP, plain, with keys in its SDP or by DTLS: its ports,
 *            its agreements, its silence
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
#include "mediad/session/state_leg.h"
#include "mediad/transport/assoc.h"

static int rtp_make(struct leg *leg, const struct session_terms *terms)
{
	const struct session_table *table = leg->session->table;
	struct source_rule rule;
	int err;

	if (!table->deps.rtp)
		return ENOTSUP;
	err = leg_terms_read(&leg->terms, &rule, terms);
	if (!err)
		err = path_rtp_alloc(&leg->path, table->deps.rtp, &rule,
				     &leg_path_handlers, leg);
	if (!err && path_rtp_by(leg->path, &terms->iface))
		err = EINVAL;
	if (err)
		return err;
	path_rtp_expect(leg->path, leg->session->call,
			leg->profile == SDPM_DTLS);
	return 0;
}

static void rtp_want(struct sdpm_policy *policy, const struct leg *leg,
		     const struct leg *other, bool offering)
{
	(void)other;
	(void)offering;
	if (leg->profile == SDPM_SDES || leg->profile == SDPM_OSRTP)
		leg_secret_make(policy, leg, leg->out.next);
}

/* An interface that this node does not have has no port free. */
static int no_port(const struct leg *leg, int err)
{
	if (err != ENODEV)
		return err;
	log_warn(leg->session->call, "no interface of this name here",
		 "leg=%u", leg->nr);
	return EADDRINUSE;
}

static int rtp_hear(struct leg *leg, const struct sdpm_choice *next,
		    struct sdpm_error *why)
{
	const struct sa *peer = &next->peer.rtp;
	int err = path_rtp_open(leg->path, sa_af(peer));

	if (err == EAFNOSUPPORT)
		return leg_sdp_refuse(why, ENOTSUP, 488,
				      "audio: no interface of this family");
	if (err)
		return no_port(leg, err);
	if (sa_isset(peer, SA_ADDR) &&
	    (!leg_rtp_reaches(leg, leg->path, peer) ||
	     !leg_rtp_reaches(leg, leg->path, &next->peer.rtcp)))
		return leg_sdp_refuse(why, ENOTSUP, 488,
				      "audio: no usable address");
	return 0;
}

static int rtp_speak(struct leg *leg)
{
	struct sdpm_local *local = &leg->sdp.local;
	/* what was heard or said before has opened it: in that family */
	int err = path_rtp_local(leg->path)
			  ? 0
			  : path_rtp_open(leg->path, leg->terms.af);

	if (err == EAFNOSUPPORT)
		err = path_rtp_open(leg->path, AF_UNSPEC);
	if (err)
		return no_port(leg, err);
	leg->sdp.own.addr = *path_rtp_local(leg->path);
	local->nhosts = 1;
	local->hosts = &leg->sdp.own;
	return 0;
}

/* --- silence ---------------------------------------------------------------------- */

/* The far side says that it sends, and we want to hear it. */
static bool hears(const struct leg *leg)
{
	const struct sdpm_choice *choice = leg->sdp.choice;

	return choice && choice->theirs & SDPM_SENDONLY &&
	       choice->dir & SDPM_RECVONLY;
}

/* Nothing of what was agreed on can come or go. Who is on hold, by whatever way,
 * needs no keys. */
static bool lacks_keys(const struct leg *leg)
{
	const struct sdpm_choice *choice = leg->sdp.choice;

	return choice && choice->dtls && choice->dir != SDPM_INACTIVE &&
	       sa_isset(&choice->peer.rtp, SA_ALL) &&
	       !path_rtp_keyed(leg->path);
}

static void watch(struct leg *leg)
{
	const uint64_t now_ms = wheel_now(leg->session->table->wheel);

	if (leg->lost)
		return;
	if (!lacks_keys(leg))
		leg->keyless_ms = 0;
	else if (!leg->keyless_ms || leg->sdp.choice->change.dtls_restart)
		leg->keyless_ms = now_ms;
	if (!hears(leg))
		leg->heard_ms = 0;
	else if (!leg->heard_ms || !wheel_runs(&leg->life))
		leg->heard_ms = now_ms;
	if (leg->heard_ms || leg->keyless_ms)
		leg_life(leg, 0);
	else
		wheel_stop(&leg->life);
}

static uint64_t time_left(const struct leg *leg, uint64_t since_ms,
			  uint64_t limit_ms)
{
	uint64_t now_ms = wheel_now(leg->session->table->wheel);

	return now_ms - since_ms < limit_ms ? limit_ms - (now_ms - since_ms)
					    : 0;
}

/* How long the leg may still be silent. */
static uint64_t silence_left(const struct leg *leg)
{
	const struct session_cfg *cfg = &leg->session->table->cfg;
	const uint64_t ringing = (uint64_t)cfg->setup_ms * LEG_RINGING;
	const uint64_t media = cfg->media_ms;

	if (!leg->sdp.choice)
		return time_left(leg, leg->at_ms[LEG_MADE], ringing);
	if (!hears(leg))
		return UINT64_MAX;
	return time_left(leg, leg->heard_ms,
			 leg_at(leg, LEG_RTP_IN) ? media : max(ringing, media));
}

/* How long the leg may still be without keys. As long as nobody has answered it
 * may ring for long, but who has begins DTLS at once, whichever way the sound
 * goes (RFC 5763, 5): who has not by now knows no HelloVerifyRequest, or does
 * not get ours. */
static uint64_t keyless_left(const struct leg *leg)
{
	const struct session *session = leg->session;
	const uint64_t limit = session->table->cfg.setup_ms;

	if (!leg->keyless_ms || !lacks_keys(leg))
		return UINT64_MAX;
	return session->answered ? time_left(leg,
					     max(leg->keyless_ms,
						 session->answered_ms),
					     limit)
				 : limit;
}

static enum session_cause cause_of_end(const struct leg *leg)
{
	if (!leg->sdp.choice)
		return SESSION_NO_ANSWER;
	return leg->session->answered && lacks_keys(leg)
		       ? SESSION_NO_DTLS
		       : SESSION_MEDIA_TIMEOUT;
}

static void rtp_overdue(struct leg *leg)
{
	const uint64_t media = leg->session->table->cfg.media_ms;
	const uint64_t left = min(silence_left(leg), keyless_left(leg));

	if (!lacks_keys(leg))
		leg->keyless_ms = 0;
	/* looked at again in between: a first packet shortens the limit */
	if (!left)
		leg_lose(leg, cause_of_end(leg));
	else if (left != UINT64_MAX)
		leg_life(leg, min(left, media));
}

/* --- agreements --------------------------------------------------------------------- */

static void rtp_agree(struct leg *leg)
{
	const struct sdpm_choice *choice = leg->sdp.choice;
	struct cert_fp fps[SDPM_PRINTS_MAX];
	const struct assoc_remote dtls = {
		.fps = fps,
		.nfps = leg_prints(fps, &choice->peer),
		.anew = choice->change.dtls_restart,
		.client = choice->dtls_client,
	};
	struct secure_keys keys;
	struct path_rtp_terms terms = {
		.rtp = choice->peer.rtp,
		.rtcp = choice->peer.rtcp,
		.mux = choice->rtcp_mux,
		.keys = &keys,
		.dtls = choice->dtls ? &dtls : NULL,
	};
	int err;

	for (unsigned i = 0; i < choice->nmaps; i++) {
		uint8_t pt = choice->maps[i].rx_pt;

		terms.pts[pt >> 6] |= 1ull << (pt & 63);
	}
	leg_secret_keys(&keys, choice);
	err = path_rtp_agree(leg->path, &terms);
	OPENSSL_cleanse(&keys, sizeof(keys));
	if (err)
		log_warn(leg->session->call, "no media: keys not in use",
			 "leg=%u err=%d", leg->nr, err);
	watch(leg);
	if (!wheel_runs(&leg->report_due))
		leg_report_start(leg);
}

static void rtp_idle(struct leg *leg)
{
	path_rtp_keepalive(leg->path);
}

static int rtp_store(const struct leg *leg, struct state_leg *st)
{
	return path_rtp_export(leg->path, &st->path.rtp);
}

static int rtp_revive(struct leg *leg, struct state_leg *st)
{
	const struct session_table *table = leg->session->table;
	struct secure_keys keys;
	const struct path_rtp_record record = {&st->path.rtp, &keys,
					       leg->session->call};
	int err;

	if (!table->deps.rtp)
		return ENOTSUP;
	leg_secret_keys(&keys, &st->choice);
	err = path_rtp_import(&leg->path, table->deps.rtp, &record,
			      &leg_path_handlers, leg);
	OPENSSL_cleanse(&keys, sizeof(keys));
	/* it has been: nothing begins anew by what is told again */
	st->choice.change = (struct sdpm_change){0};
	if (!err)
		path_rtp_said(&st->path.rtp, &st->choice.peer.rtp,
			      &st->choice.peer.rtcp);
	return err;
}

/* --- video -------------------------------------------------------------------------- */

enum {
	VIDEO_PER_S = 5000 /* packets */
};

/* A pair of ports of its own, by the same rule, of the same family. */
static int rtp_video(struct leg *leg, struct path **pathp, struct leg_video *v)
{
	const struct sa *local = path_rtp_local(leg->path);
	struct path *path;
	int err = local ? 0 : ENOTCONN;

	if (!err)
		err = path_rtp_alloc(&path, leg->session->table->deps.rtp,
				     path_rtp_rule(leg->path),
				     &leg_video_handlers, v);
	if (err)
		return err;
	path_rtp_beside(path, leg->path);
	path_rtp_expect(path, leg->session->call, leg->profile == SDPM_DTLS);
	err = path_rtp_open(path, sa_af(local));
	if (err)
		mem_deref(path);
	else
		*pathp = path;
	return err;
}

static void rtp_see(struct leg *leg, struct leg_video *v)
{
	uint8_t pt = sdpm_video_format(&v->agreed)->rx_pt;
	struct cert_fp fps[SDPM_PRINTS_MAX];
	const struct assoc_remote dtls = {
		.fps = fps,
		.nfps = leg_prints(fps, &leg->sdp.choice->peer),
		.anew = v->agreed.anew,
		.client = v->agreed.client,
	};
	struct secure_keys keys;
	struct path_rtp_terms terms = {
		.rtp = v->agreed.rtp,
		.rtcp = v->agreed.rtcp,
		.mux = v->agreed.mux,
		.keys = &keys,
		.dtls = v->agreed.dtls ? &dtls : NULL,
		.per_s = VIDEO_PER_S,
	};
	int err;

	terms.pts[pt >> 6] = 1ull << (pt & 63);
	leg_video_keys(&keys, v);
	err = path_rtp_agree(v->path, &terms);
	v->agreed.anew = false;
	OPENSSL_cleanse(&keys, sizeof(keys));
	if (err)
		log_warn(leg->session->call, "no video: keys not in use",
			 "leg=%u err=%d", leg->nr, err);
}

const struct leg_kind leg_kind_rtp = {
	.make = rtp_make,
	.want = rtp_want,
	.look = rtp_hear,
	.hear = rtp_hear,
	.speak = rtp_speak,
	.agree = rtp_agree,
	.idle = rtp_idle,
	.overdue = rtp_overdue,
	.store = rtp_store,
	.revive = rtp_revive,
	.video = rtp_video,
	.see = rtp_see,
};
