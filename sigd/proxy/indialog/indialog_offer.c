/*
 * indialog_offer.c  Offers and answers within a dialog: mediad in between
 *
 * Each leg has an offer/answer exchange of its own (RFC 3264): what one side
 * offers is told to its leg, the other leg makes an offer for the other side;
 * and the answer the same way back.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/proxy/indialog/indialog_priv.h"
#include "sigd/sip/smsg_sdp.h"

int indialog_ask(struct indialog *in, unsigned slot, const struct ctl_req *req,
		 media_answer_h *h)
{
	struct ctl_req named = *req;

	str_ncpy(named.session, in->rec->session, sizeof(named.session));
	return media_client_ask(&in->asks[slot], in->px->deps.media,
				in->rec->media, &named, h, in);
}

/* Of the sender's leg, or of the other side's. */
static enum ctl_profile profile(const struct indialog *in, bool other)
{
	const unsigned side = indialog_side(in) ^ (other ? 1u : 0u);

	return (enum ctl_profile)in->rec->side[side].profile;
}

int indialog_tell_remote(struct indialog *in, bool other,
			 enum ctl_sdp_kind kind, media_answer_h *h)
{
	struct ctl_req req = {.verb = CTL_LEG_REMOTE};

	req.remote.leg	   = indialog_leg(in, other);
	req.remote.kind	   = kind;
	req.remote.profile = profile(in, other);
	(void)smsg_sdp(other ? in->answer : indialog_request(in),
		       &req.remote.sdp);
	str_ncpy(req.remote.call, in->rec->call, sizeof(req.remote.call));
	pl_set_str(&req.remote.tenant, in->rec->tenant);
	return indialog_ask(in, 0, &req, h);
}

int indialog_want_local(struct indialog *in, bool other,
			enum ctl_sdp_kind kind, media_answer_h *h)
{
	struct ctl_req req = {.verb = CTL_LEG_LOCAL};

	req.local.leg	  = indialog_leg(in, other);
	req.local.want	  = kind;
	req.local.profile = profile(in, other);
	return indialog_ask(in, 1, &req, h);
}

/* --- what is taken back ------------------------------------------------------ */

void indialog_rollback(struct indialog *in)
{
	for (unsigned i = 0; i < 2; i++) {
		struct ctl_req req = {.verb = CTL_LEG_ROLLBACK};

		if (!in->opened[i] || !in->rec)
			continue;
		in->opened[i]	 = false;
		req.rollback.leg = indialog_leg(in, i == 1);
		str_ncpy(req.session, in->rec->session, sizeof(req.session));
		(void)media_client_tell(in->px->deps.media, in->rec->media,
					&req);
	}
}

/* One that has not said anything may have done it. */
bool indialog_may_be_open(enum status code)
{
	return code == STATUS_OK || code == STATUS_TIMEOUT;
}

/* --- an offer ------------------------------------------------------------------ */

/* Both questions are out: what is to be taken back is known with the second
 * answer. offer-pending: an offer of the other side is under way, and both
 * get 491 (RFC 3261 14.1). */
static void on_remote(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;

	in->asks[0]   = mem_deref(in->asks[0]);
	in->opened[0] = indialog_may_be_open(ans->status);
	in->why	      = ans->status;
	if (ans->status != STATUS_OK && !in->asks[1])
		indialog_fail(in, ans->status);
}

static void on_offer(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;
	struct media_ask *done = in->asks[1];

	in->asks[1]   = NULL;
	in->opened[1] = indialog_may_be_open(ans->status);
	if (in->why != STATUS_OK || ans->status != STATUS_OK)
		indialog_fail(in, in->why != STATUS_OK ? in->why
						       : ans->status);
	else
		indialog_forward(in, &ans->sdp);
	mem_deref(done);
}

static void on_own_answer(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;
	struct media_ask *done = in->asks[1];

	in->asks[1]   = NULL;
	in->opened[0] = false;
	if (in->why != STATUS_OK || ans->status != STATUS_OK)
		indialog_fail(in, in->why != STATUS_OK ? in->why
						       : ans->status);
	else
		indialog_own_answer(in, &ans->sdp);
	mem_deref(done);
}

/* The far end is ours: our leg answers by itself. */
static int own(struct indialog *in)
{
	int err = indialog_tell_remote(in, false, CTL_OFFER, on_remote);

	return err ? err
		   : indialog_want_local(in, false, CTL_ANSWER, on_own_answer);
}

void indialog_offer(struct indialog *in)
{
	bool service = in->cookie.direction == COOKIE_TO_SERVICE;
	int err;

	in->offer = !service;
	if (service) {
		err = own(in);
	} else {
		err = indialog_tell_remote(in, false, CTL_OFFER, on_remote);
		if (!err)
			err = indialog_want_local(in, true, CTL_OFFER, on_offer);
	}
	if (err)
		indialog_fail(in, status_of_errno(err));
}

int indialog_sdp_keep(struct indialog *in, const struct pl *sdp)
{
	struct mbuf *mb = mbuf_alloc(sdp->l + 1);

	if (!mb || mbuf_write_pl(mb, sdp)) {
		mem_deref(mb);
		return ENOMEM;
	}
	mbuf_set_pos(mb, 0);
	in->sdp = mb;
	return 0;
}

static void on_answer_remote(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;

	in->asks[0] = mem_deref(in->asks[0]);
	if (ans->status != STATUS_OK)
		indialog_fail(in, ans->status);
	else
		in->opened[1] = false;
}

static void on_answer_back(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;
	struct media_ask *done = in->asks[1];

	in->asks[1] = NULL;
	if (ans->status != STATUS_OK) {
		indialog_fail(in, ans->status);
	} else if (indialog_sdp_keep(in, &ans->sdp)) {
		indialog_fail(in, STATUS_OVERLOAD);
	} else {
		in->opened[0] = false;
		indialog_back(in, in->answer, &ans->sdp);
	}
	mem_deref(done);
}

void indialog_answer(struct indialog *in)
{
	int err = indialog_tell_remote(in, true, CTL_ANSWER, on_answer_remote);

	if (!err)
		err = indialog_want_local(in, false, CTL_ANSWER,
					  on_answer_back);
	if (err)
		indialog_fail(in, status_of_errno(err));
}
