/*
 * fuzz_sdp.c  SDP: read, decide, write, and read what we wrote
 *
 * Input: three characters of policy, then descriptions of the peer parted by
 * 0 bytes: each is an offer upon the agreement before it, and an answer to an
 * offer of ours; with video, as an offer of the other leg that was before it
 * has it. What we write must always be readable, keep the peer's m-lines in
 * place, and be the same when written again.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "mediad/sdp/sdp_codec.h"
#include "mediad/sdp/sdp_read.h"
#include "mediad/sdp/sdp_write.h"
#include "tests/lib/fuzz.h"

#define MUST(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

struct leg {
	struct sdpm_policy policy;
	struct sdpm_choice choice;
	bool agreed;
	struct sdpm_local local;
	struct sdpm_vpolicy vpolicy; /* no formats: no video */
	struct sdpm_video video;
	bool has_video;
};

static void policy_read(struct sdpm_policy *policy, const uint8_t *data)
{
	unsigned bits = data[0], order = data[1], clocks = data[2];

	/* bits that no digit has: profiles with keys */
	sdpm_policy_init(policy, (bits & 192) == 192 ? SDPM_DTLS
				 : bits & 64    ? SDPM_SDES
				 : bits & 128 ? SDPM_OSRTP
				 : bits & 1   ? SDPM_RTP
					      : SDPM_BROWSER);
	policy->nown = bits & 192 ? SDPM_SUITES - 1 : 0;
	for (uint8_t i = 0; i < policy->nown; i++) {
		policy->own[i].suite = (enum sdpm_suite)(i + 1);
		memset(policy->own[i].secret, 'a' + i, SDPM_SECRET_MAX);
	}
	policy->dir = (enum sdpm_dir)((bits >> 1 & 3) ^ SDPM_SENDRECV);
	policy->ncodecs = (uint8_t)(order % 5);
	sdpm_policy_prefer(policy, (enum sdpm_codec)(order / 5 % SDPM_CODECS));
	/* bits that no digit has, either */
	if (order & 64)
		policy->codecs[policy->ncodecs++] = SDPM_G729;
	if (order & 128)
		policy->codecs[policy->ncodecs++] = SDPM_NOISE;
	policy->event_clocks = clocks & 7;
	policy->opus.stereo = clocks & 4;
}

static void local_make(struct sdpm_local *local)
{
	static struct sdpm_host host;

	memset(local, 0, sizeof(*local));
	sa_set_str(&host.addr, "192.0.2.1", 4000);
	local->nhosts = 1;
	local->hosts = &host;
	str_ncpy(local->ufrag, "abcd", sizeof(local->ufrag));
	str_ncpy(local->pwd, "abcdefghijklmnopqrstuv", sizeof(local->pwd));
	str_ncpy(local->tls_id, "abcdefghijklmnopqrst", sizeof(local->tls_id));
	str_ncpy(local->cname, "cname", sizeof(local->cname));
	str_ncpy(local->msid, "msid", sizeof(local->msid));
	local->print.hash = SDPM_SHA256;
	local->print.len = 32;
}

/* Has the m-line a port: our audio, our video (-1: none), and whatever
 * carries its bundle. */
static bool is_open(const struct sdpm_layout *layout, size_t i, bool off,
		    int video)
{
	if ((int)i == video)
		return true;
	if (layout->carrier.on && i == layout->carrier.line)
		return true;
	return i == layout->audio && !off;
}

static void ours_check(const struct mbuf *mb, const struct sdpm_layout *layout,
		       bool off, int video)
{
	struct sdpm_desc *desc = NULL;
	struct sdpm_error error;

	MUST(!sdpm_read(&desc, (const char *)mb->buf, mb->end, &error));
	MUST(desc->nmedia == layout->nlines);
	for (size_t i = 0; i < desc->nmedia; i++) {
		const struct sdpm_line *line = &layout->lines[i];

		MUST(!pl_strcmp(&desc->media[i].type, line->type));
		MUST(!pl_strcmp(&desc->media[i].proto, line->proto));
		MUST(!pl_strcmp(&desc->media[i].mid, line->mid) ||
		     !line->mid[0]);
		MUST(!desc->media[i].port == !is_open(layout, i, off, video));
	}
	mem_deref(desc);
}

static void choice_check(const struct sdpm_choice *choice)
{
	MUST(choice->codec >= 0 && choice->codec < choice->nmaps);
	MUST(choice->event < choice->nmaps);
	MUST(sdpm_codec_speaks(choice->maps[choice->codec].codec));
	MUST(choice->noise < choice->nmaps);
	MUST(choice->noise < 0 ||
	     (choice->maps[choice->noise].codec == SDPM_NOISE &&
	      choice->maps[choice->noise].clock ==
		      choice->maps[choice->codec].clock));
	MUST(choice->event < 0 ||
	     choice->maps[choice->event].codec == SDPM_EVENT);
	MUST(choice->ptime > 0 && choice->ptime <= 400);
	MUST(choice->layout.audio < choice->layout.nlines);
	MUST(choice->profile != SDPM_BROWSER || choice->peer.nprints > 0);
	MUST(choice->profile != SDPM_SDES || choice->off ||
	     choice->peer.sdes.suite != SDPM_NO_SUITE);
	MUST(choice->profile != SDPM_RTP ||
	     choice->peer.sdes.suite == SDPM_NO_SUITE);
	for (size_t i = 0; i < choice->nmaps; i++)
		MUST(choice->maps[i].rx_pt < 128 &&
		     choice->maps[i].tx_pt < 128);
}

static struct sdpm_vlocal vlocal_make(const struct sdpm_video *video)
{
	struct sdpm_vlocal vlocal = {.video = video, .ssrc = 4711};

	sa_set_str(&vlocal.addr, "192.0.2.1", 4002);
	return vlocal;
}

static void as_offer(struct leg *leg, const struct sdpm_desc *desc)
{
	struct sdpm_verdict verdict;
	struct sdpm_choice next;
	struct sdpm_vlocal vlocal;
	struct sdpm_video video;
	struct mbuf *one, *two;
	bool has_video;

	if (sdpm_decide_offer(&next, &verdict, desc, &leg->policy,
			      leg->agreed ? &leg->choice : NULL)) {
		MUST(verdict.error.sip == 400 || verdict.error.sip == 488);
		MUST(verdict.error.why[0]);
		return;
	}
	choice_check(&next);
	has_video = sdpm_video_offered(&video, desc, &next, &leg->vpolicy,
				       leg->has_video ? &leg->video : NULL);
	MUST(!has_video || sdpm_video_sound(&video));
	MUST(!has_video || (video.line < next.layout.nlines &&
			    video.line != next.layout.audio));
	vlocal = vlocal_make(&video);
	one = mbuf_alloc(1024);
	two = mbuf_alloc(1024);
	MUST(one && two);
	MUST(!sdpm_write_answer_video(one, &leg->local, &next,
				      has_video ? &vlocal : NULL));
	MUST(!sdpm_write_answer_video(two, &leg->local, &next,
				      has_video ? &vlocal : NULL));
	MUST(one->end == two->end && !memcmp(one->buf, two->buf, one->end));
	ours_check(one, &next.layout, next.off, has_video ? video.line : -1);
	leg->video = video;
	leg->has_video = has_video;
	leg->choice = next;
	leg->agreed = true;
	mem_deref(one);
	mem_deref(two);
}

static void as_answer(struct leg *leg, const struct sdpm_desc *desc)
{
	const struct sdpm_choice *prev = leg->agreed ? &leg->choice : NULL;
	struct sdpm_verdict verdict;
	struct sdpm_choice next;
	struct sdpm_voffer voffer;
	struct sdpm_offer offer;
	struct sdpm_vlocal vlocal;
	struct mbuf *mb;
	bool has_video;

	sdpm_policy_limit(&leg->policy, desc);
	if (sdpm_offer_make(&offer, &leg->policy, prev))
		return;

	has_video = sdpm_video_offer(&voffer, &offer, &leg->vpolicy,
				     leg->has_video ? &leg->video : NULL);
	vlocal = vlocal_make(&voffer.video);
	mb = mbuf_alloc(1024);
	MUST(mb);
	MUST(!sdpm_write_offer_video(mb, &leg->local, &offer,
				     has_video ? &vlocal : NULL));
	ours_check(mb, &offer.layout, false,
		   has_video ? voffer.video.line : -1);
	mem_deref(mb);
	if (sdpm_decide_answer(&next, &verdict, desc, &offer, prev)) {
		MUST(verdict.error.sip == 400 || verdict.error.sip == 488);
		return;
	}
	choice_check(&next);
	sdpm_policy_match(&leg->policy, &next);
	leg->has_video = has_video && sdpm_video_answered(&leg->video, desc,
							  &next, &voffer);
	MUST(!leg->has_video || sdpm_video_sound(&leg->video));
	leg->choice = next;
	leg->agreed = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct leg leg;
	struct pl rest;
	bool answer;

	if (size < 3)
		return 0;

	memset(&leg, 0, sizeof(leg));
	policy_read(&leg.policy, data);
	answer = data[0] & 8;
	local_make(&leg.local);
	rest.p = (const char *)data + 3;
	rest.l = size - 3;
	for (;;) {
		const char *end = memchr(rest.p, 0, rest.l);
		size_t len = end ? (size_t)(end - rest.p) : rest.l;
		struct sdpm_desc *desc = NULL;
		struct sdpm_error error;

		if (!sdpm_read(&desc, rest.p, len, &error)) {
			if (answer)
				as_answer(&leg, desc);
			else
				as_offer(&leg, desc);
			answer = !answer;
			/* the next one is for a leg beside this one */
			sdpm_vpolicy_init(&leg.vpolicy, leg.policy.profile);
			leg.vpolicy.line = leg.policy;
			sdpm_vpolicy_like(&leg.vpolicy, desc,
					  leg.policy.profile);
			if (data[0] & 16)
				sdpm_vpolicy_all(&leg.vpolicy);
			if (leg.has_video && (data[0] & 32))
				sdpm_vpolicy_match(&leg.vpolicy, &leg.video);
		}
		mem_deref(desc);
		if (!end)
			return 0;
		pl_advance(&rest, (ssize_t)len + 1);
	}
}
