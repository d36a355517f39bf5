/*
 * rest_recording.c  POST /v1/calls/{id}/recording/pause and .../resume
 *
 * The media worker that has the call is asked, and the answer is its word: who
 * is told 200 may let a card number be said.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/admin_later.h"
#include "common/control/ctl_sync.h"
#include "common/id.h"
#include "common/keyring.h"
#include "common/node.h"
#include "sigd/admin/rest.h"
#include "sigd/admin/rest_calls.h"

enum { LOOK_MS = 10 };

/* False: resp says why not. */
static bool load(struct call_record *rec, const struct admin_req *req,
		 struct admin *admin, struct admin_resp *resp)
{
	const char *id = admin_req_param(req, "id");
	bool there = false;

	if (id && id_valid(id, strlen(id)) &&
	    !rest_call_load(rec, &there, admin, resp, id))
		return false;
	there = there && rec->media[0] &&
		rest_call_is_of(admin_req_tenant(req), rec->tenant, rec->there);
	if (!there)
		admin_resp_problem(resp, 404, "There is no such call.");
	return there;
}

/* What the worker was asked. */
struct asking {
	struct ctl_sync *sync;
	bool pause;
};

static void destructor(void *data)
{
	struct asking *asking = data;

	mem_deref(asking->sync);
}

static enum status ask(struct ctl_sync **syncp, struct admin *admin,
		       const char *at, const struct ctl_req *req)
{
	const struct rest_root *root = admin_arg(admin);
	struct keyring *ring = NULL;
	char why[200], addr[NODE_ADDR_MAX + 1];
	struct ctl_sync_cfg cfg = {.redis = admin_redis(admin)};
	enum status status = STATUS_INTERNAL;
	struct node_id node;

	/* as they are now: keys change while we run */
	if (admin_worker(admin, 0, addr) &&
	    !node_addr_parse(&node, addr, strlen(addr)) &&
	    !keyring_load(&ring, root->keys, why, sizeof(why))) {
		cfg.node = node.node;
		cfg.ring = ring;
		status = ctl_sync_ask(syncp, &cfg, at, req);
	}
	mem_deref(ring);
	return status;
}

static void answer(struct admin_resp *resp, const struct ctl_sync_ans *ans,
		   bool pause)
{
	struct jsonw json;

	switch ((int)ans->status) {

	case STATUS_OK:
		jsonw_init(&json, resp->mb);
		jsonw_object(&json, NULL);
		jsonw_str(&json, "recording", pause || ans->paused ? "paused" : "on");
		jsonw_end(&json);
		rest_done(&json, resp);
		return;
	case STATUS_UNKNOWN_SESSION:
		admin_resp_problem(resp, 404, "There is no such call.");
		return;
	case STATUS_NOT_ACCEPTABLE:
		admin_resp_problem(resp, 409, "The call is not recorded.");
		return;
	case STATUS_INTERNAL:
		admin_resp_problem(resp, 500, "It cannot be asked for.");
		return;
	default:
		admin_resp_problem(resp, 503,
				   "The call's media worker did not say that "
				   "it is so. Ask again.");
		admin_resp_header(resp, "Retry-After", "1");
	}
}

static bool on_look(const struct admin_req *req, struct admin_resp *resp,
		    bool late, void *arg)
{
	struct ctl_sync_ans ans = {.status = STATUS_TIMEOUT};
	struct asking *asking = arg;
	const bool known = ctl_sync_look(asking->sync, &ans);

	(void)req;
	if (known || late)
		answer(resp, &ans, asking->pause);
	return known || late;
}

/* Of a call between two tenants each may pause and resume, and neither undoes
 * what the other one wants. */
static enum ctl_tape_by by_whom(const struct admin_req *req,
				const struct call_record *rec)
{
	const char *tenant = admin_req_tenant(req);

	if (!tenant)
		return CTL_BY_OPERATOR;
	return strcmp(tenant, rec->tenant) ? CTL_BY_CALLEE : CTL_BY_CALLER;
}

static void begin(struct asking *asking, const struct admin_req *req,
		  struct admin_resp *resp, struct admin *admin)
{
	static const struct admin_later_cfg later = {on_look, LOOK_MS,
						     CTL_SYNC_MS};
	struct ctl_req ctl = {.verb = CTL_SESSION_TAPE};
	struct ctl_sync_ans ans = {.status = STATUS_INTERNAL};
	struct call_record rec;

	if (!load(&rec, req, admin, resp))
		return;
	ctl.tape.tape = asking->pause ? CTL_TAPE_PAUSED : CTL_TAPE_ON;
	ctl.tape.by = by_whom(req, &rec);
	str_ncpy(ctl.session, rec.session, sizeof(ctl.session));
	ans.status = ask(&asking->sync, admin, rec.media, &ctl);
	if (ans.status == STATUS_OK)
		admin_later(resp, &later, asking);
	else
		answer(resp, &ans, asking->pause);
}

static void serve(const struct admin_req *req, struct admin_resp *resp,
		  struct admin *admin, bool pause)
{
	struct asking *asking = mem_zalloc(sizeof(*asking), destructor);

	if (!asking) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	asking->pause = pause;
	begin(asking, req, resp, admin);
	mem_deref(asking);
}

void rest_recording_pause(const struct admin_req *req, struct admin_resp *resp,
			  void *arg)
{
	serve(req, resp, arg, true);
}

void rest_recording_resume(const struct admin_req *req,
			   struct admin_resp *resp, void *arg)
{
	serve(req, resp, arg, false);
}
