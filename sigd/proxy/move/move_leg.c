/*
 * move_leg.c  One side of a call that goes to another media worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/media/media_client.h"
#include "sigd/proxy/invite/device_media.h"
#include "sigd/proxy/move/move_leg.h"
#include "sigd/proxy/move/reinvite.h"
#include "sigd/proxy/service_name.h"

struct move_leg {
	struct proxy *px;
	struct move_leg_params params;
	struct media_ask *ask, *join;
	struct reinvite *reinvite;
	uint32_t session_s;
};

static void destructor(void *data)
{
	struct move_leg *leg = data;

	mem_deref(leg->ask);
	mem_deref(leg->join);
	reinvite_drop(leg->reinvite);
}

static void done(struct move_leg *leg, enum status code)
{
	leg->params.h(code, leg->session_s, leg->params.arg);
}

static uint8_t number(const struct move_leg_params *params)
{
	return params->side == CALL_CALLER ? 1 : params->rec->leg;
}

static int ask(struct move_leg *leg, struct media_ask **askp,
	       struct ctl_req *req, media_answer_h *h)
{
	const struct call_record *rec = leg->params.rec;

	str_ncpy(req->session, rec->session, sizeof(req->session));
	return media_client_ask(askp, leg->px->deps.media, rec->media, req, h,
				leg);
}

/* --- the answer ------------------------------------------------------------------- */

static void on_remote(const struct ctl_ans *ans, void *arg)
{
	struct move_leg *leg = arg;

	leg->ask = mem_deref(leg->ask);
	done(leg, ans->status);
}

static void on_answer(enum status code, const struct reinvite_answer *answer,
		      void *arg)
{
	struct move_leg *leg = arg;
	const struct call_record *rec = leg->params.rec;
	struct ctl_req req = {.verb = CTL_LEG_REMOTE};
	int err;

	leg->reinvite = NULL;
	if (code != STATUS_OK) {
		done(leg, code);
		return;
	}
	leg->session_s = answer->session_s;
	req.remote.leg = number(&leg->params);
	req.remote.kind = CTL_ANSWER;
	req.remote.profile =
		(enum ctl_profile)rec->side[leg->params.side].profile;
	req.remote.sdp = answer->sdp;
	str_ncpy(req.remote.call, rec->call, sizeof(req.remote.call));
	pl_set_str(&req.remote.tenant, rec->tenant);
	err = ask(leg, &leg->ask, &req, on_remote);
	if (err)
		done(leg, status_of_errno(err));
}

/* --- the offer --------------------------------------------------------------------- */

static void on_joined(const struct ctl_ans *ans, void *arg)
{
	struct move_leg *leg = arg;

	leg->join = mem_deref(leg->join);
	if (ans->status != STATUS_OK)
		done(leg, ans->status);
}

/* Both legs are there by now. */
static int legs_join(struct move_leg *leg)
{
	const struct call_record *rec = leg->params.rec;
	struct ctl_req req = {.verb = CTL_LEG_JOIN, .join = {.leg = 1, .up = true}};

	if (!leg->params.join)
		return 0;
	if (!service_name_read(&req.join, rec->service))
		req.join.peer = rec->leg;
	return ask(leg, &leg->join, &req, on_joined);
}

static void on_offer(const struct ctl_ans *ans, void *arg)
{
	struct move_leg *leg = arg;
	const struct reinvite_params params = {.call = leg->params.rec->call,
					       .side = leg->params.side,
					       .sdp = ans->sdp,
					       .h = on_answer,
					       .arg = leg};
	struct media_ask *done_ask = leg->ask;
	int err = 0;

	leg->ask = NULL;
	if (ans->status == STATUS_OK) {
		err = legs_join(leg);
		err = err ? err
			  : reinvite_start(&leg->reinvite, leg->px, &params);
	}
	if (ans->status != STATUS_OK || err)
		done(leg, err ? status_of_errno(err) : ans->status);
	mem_deref(done_ask);
}

static void offer_fill(struct ctl_req *req, char net[DEVICE_NET_MAX],
		       const struct proxy *px,
		       const struct move_leg_params *params)
{
	const struct call_record *rec = params->rec;

	req->verb = CTL_LEG_LOCAL;
	str_ncpy(req->session, rec->session, sizeof(req->session));
	req->local.leg = number(params);
	req->local.want = CTL_OFFER;
	req->local.profile = (enum ctl_profile)rec->side[params->side].profile;
	req->local.create = true;
	str_ncpy(req->local.call, rec->call, sizeof(req->local.call));
	pl_set_str(&req->local.tenant, rec->tenant);
	pl_set_str(&req->local.form, params->form);
	device_side_terms(&req->local.terms, net, px, rec, params->side);
}

void move_leg_prepare(struct proxy *px, const struct move_leg_params *params)
{
	struct ctl_req offer, back = {.verb = CTL_LEG_ROLLBACK};
	char net[DEVICE_NET_MAX];

	memset(&offer, 0, sizeof(offer));
	offer_fill(&offer, net, px, params);
	str_ncpy(back.session, params->rec->session, sizeof(back.session));
	back.rollback.leg = number(params);
	(void)media_client_tell(px->deps.media, params->rec->media, &offer);
	(void)media_client_tell(px->deps.media, params->rec->media, &back);
}

int move_leg_start(struct move_leg **legp, struct proxy *px,
		   const struct move_leg_params *params)
{
	struct move_leg *leg = mem_zalloc(sizeof(*leg), destructor);
	char net[DEVICE_NET_MAX];
	struct ctl_req req;
	int err;

	if (!leg)
		return ENOMEM;
	leg->px = px;
	leg->params = *params;
	memset(&req, 0, sizeof(req));
	offer_fill(&req, net, px, params);
	err = ask(leg, &leg->ask, &req, on_offer);
	if (err)
		mem_deref(leg);
	else
		*legp = leg;
	return err;
}
