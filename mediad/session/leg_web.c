/*
 * leg_web.c  A leg to a browser: what ICE and DTLS need of offer and answer
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/sdp/sdp_codec.h"
#include "mediad/session/leg_video.h"
#include "mediad/session/session_priv.h"
#include "mediad/transport/reach.h"
#include "mediad/session/state_leg.h"

static int web_make(struct leg *leg, const struct session_terms *terms)
{
	const struct session_table *table = leg->session->table;

	int err = leg_terms_read(&leg->terms, NULL, terms);

	if (err)
		return err;
	return path_web_alloc(&leg->path, table->deps.env, leg->session->call,
			      &leg_path_handlers, leg);
}

/* Another browser's choice is followed, so that both can be relayed. */
static void web_want(struct sdpm_policy *policy, const struct leg *leg,
		     const struct leg *other, bool offering)
{
	(void)leg;
	if (!other || other->kind != &leg_kind_web)
		return;
	if (other->sdp.choice) {
		sdpm_policy_match(policy, other->sdp.choice);
		/* the other leg has one codec now: ask for no other */
		if (offering && sdpm_codec_speaks(policy->codecs[0])) {
			policy->codecs[1] = SDPM_EVENT;
			policy->ncodecs = 2;
		}
	} else if (other->sdp.desc) {
		sdpm_policy_limit(policy, other->sdp.desc);
	}
}

static enum cert_hash cert_hash_of(enum sdpm_hash hash)
{
	static const enum cert_hash hashes[] = {
		[SDPM_SHA1] = CERT_SHA1,
		[SDPM_SHA256] = CERT_SHA256,
		[SDPM_SHA384] = CERT_SHA384,
		[SDPM_SHA512] = CERT_SHA512,
	};

	return (size_t)hash < COUNTOF(hashes) ? hashes[hash] : 0;
}

size_t leg_prints(struct cert_fp *fps, const struct sdpm_peer *peer)
{
	size_t n = 0;

	for (size_t i = 0; i < peer->nprints; i++) {
		struct cert_fp *fp = &fps[n];

		fp->hash = cert_hash_of(peer->prints[i].hash);
		fp->len = peer->prints[i].len;
		memcpy(fp->md, peer->prints[i].bytes, sizeof(fp->md));
		n += fp->hash != 0;
	}
	return n;
}

static bool is_ours(const struct leg *leg, const struct sdpm_cand *cand)
{
	const struct session_deps *deps = &leg->session->table->deps;
	const struct reach *reach = deps->env->reach;
	const struct sa *own = &deps->hosts[0];

	if (cand->component != 1 ||
	    (cand->loopback &&
	     (sa_af(own) != AF_INET || sa_in(own) >> 24 != 127)))
		return false;
	return !(reach && reach->no_types >> cand->type & 1) &&
	       leg_may_reach(leg, &cand->addr);
}

/* A priority is to be one candidate's alone (RFC 8445, 5.1.2), but not all keep
 * to that: of two the one that is said first is better. than: may be NULL. */
static bool is_better(const struct sdpm_cand *cand,
		      const struct sdpm_cand *than)
{
	if (!than || cand->priority > than->priority)
		return true;
	return cand->priority == than->priority && cand < than;
}

/* Where a lite far side may be, best first. */
static size_t cands_sort(struct sa *addrs, size_t max, const struct leg *leg,
			 const struct sdpm_media *media)
{
	const struct sdpm_cand *best, *last = NULL;
	size_t n = 0;

	for (; n < max; last = best) {
		best = NULL;
		for (size_t i = 0; i < media->ncands; i++) {
			const struct sdpm_cand *cand = &media->cands[i];

			if ((!last || is_better(last, cand)) &&
			    is_better(cand, best) && is_ours(leg, cand))
				best = cand;
		}
		if (!best)
			break;
		addrs[n++] = best->addr;
	}
	return n;
}

/* RFC 8839, 5.3; *next alone is left of it after a worker's death. */
static void lite_read(struct path_web_remote *remote, struct sa *cands,
		      const struct leg *leg, const struct sdpm_choice *next)
{
	const struct sdpm_desc *said = leg->sdp.said;

	remote->lite = next->lite;
	pl_set_str(&remote->pwd, next->peer.pwd);
	if (!remote->lite || !said)
		return;
	remote->cands = cands;
	remote->ncands = cands_sort(cands, LITE_PAIRS_MAX, leg,
				    &said->media[next->layout.audio]);
}

static int web_hear(struct leg *leg, const struct sdpm_choice *next,
		    struct sdpm_error *why)
{
	const struct sdpm_peer *peer = &next->peer;
	struct cert_fp fps[SDPM_PRINTS_MAX];
	struct sa cands[LITE_PAIRS_MAX];
	struct path_web_remote remote = {
		.fps = fps,
		.new_dtls = next->change.dtls_restart,
		.dtls_client = next->dtls_client,
	};

	remote.nfps = leg_prints(fps, peer);
	pl_set_str(&remote.ufrag, peer->ufrag);
	lite_read(&remote, cands, leg, next);
	if (path_web_remote(leg->path, &remote))
		return leg_sdp_refuse(why, ENOTSUP, 488,
				      "no usable fingerprint");
	/* what was lost with its addresses is mended by others */
	if (next->change.ice_restart)
		leg_found(leg);
	return 0;
}

static int web_speak(struct leg *leg)
{
	const struct sdpm_hosts *hosts = &leg->session->table->hosts;
	const struct lite_creds *creds = path_web_creds(leg->path);
	struct sdpm_local *local = &leg->sdp.local;

	str_ncpy(local->ufrag, creds->ufrag, sizeof(local->ufrag));
	str_ncpy(local->pwd, creds->pwd, sizeof(local->pwd));
	local->nhosts = hosts->n;
	local->hosts = hosts->host;
	return 0;
}

/* From here on the page can come. Reports begin with the keys, see
 * on_rung(). */
static void web_agree(struct leg *leg)
{
	if (!path_rung_ms(leg->path, PATH_DTLS))
		leg_life(leg, leg->session->table->cfg.setup_ms);
}

static void web_overdue(struct leg *leg)
{
	const struct session_table *table = leg->session->table;
	uint64_t limit = (uint64_t)table->cfg.setup_ms * LEG_RINGING;
	uint64_t age = wheel_now(table->wheel) - leg->at_ms[LEG_MADE];

	if (leg->sdp.choice)
		leg_lose(leg, path_rung_ms(leg->path, PATH_STUN)
				      ? SESSION_NO_DTLS
				      : SESSION_NO_ICE);
	else if (age < limit)
		leg_life(leg, limit - age);
	else
		leg_lose(leg, SESSION_NO_ANSWER);
}

static int web_store(const struct leg *leg, struct state_leg *st)
{
	return path_web_export(leg->path, &st->path.web);
}

static int web_revive(struct leg *leg, struct state_leg *st)
{
	const struct session_table *table = leg->session->table;
	struct path_web_remote remote = {.lite = true};
	struct cert_fp fps[SDPM_PRINTS_MAX];
	int err;

	err = path_web_import(&leg->path, table->deps.env, leg->session->call,
			      &st->path.web, &leg_path_handlers, leg);
	if (!err)
		err = path_web_known(leg->path, fps,
				     leg_prints(fps, &st->choice.peer));
	if (err || !st->choice.lite)
		return err;
	pl_set_str(&remote.ufrag, st->choice.peer.ufrag);
	pl_set_str(&remote.pwd, st->choice.peer.pwd);
	return path_web_keep(leg->path, &remote);
}

/* All is on one transport. */
static int web_video(struct leg *leg, struct path **pathp, struct leg_video *v)
{
	(void)v;
	*pathp = mem_ref(leg->path);
	return 0;
}

const struct leg_kind leg_kind_web = {
	.make = web_make,
	.want = web_want,
	.hear = web_hear,
	.speak = web_speak,
	.agree = web_agree,
	.overdue = web_overdue,
	.store = web_store,
	.revive = web_revive,
	.video = web_video,
};
