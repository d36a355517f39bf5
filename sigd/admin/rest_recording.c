/*
 * rest_recording.c  POST /v1/calls/{id}/recording/pause and .../resume
 *
 * The media worker that has the call is asked, and the answer is its word: who
 * is told 200 may let a card number be said.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/control/ctl_sync.h"
#include "common/id.h"
#include "common/keyring.h"
#include "common/node.h"
#include "sigd/admin/rest.h"
#include "sigd/admin/rest_calls.h"

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

static enum status ask(struct admin *admin, const char *at,
		       const struct ctl_req *req)
{
	const struct rest_root *root = admin_arg(admin);
	struct keyring *ring = NULL;
	char why[200], addr[NODE_ADDR_MAX + 1];
	struct ctl_sync sync = {.redis = admin_redis(admin), .node = addr};
	enum status status = STATUS_INTERNAL;
	struct node_id node;

	/* as they are now: keys change while we run */
	if (admin_worker(admin, 0, addr) &&
	    !node_addr_parse(&node, addr, strlen(addr)) &&
	    !keyring_load(&ring, root->keys, why, sizeof(why))) {
		sync.node = node.node;
		sync.ring = ring;
		status = ctl_sync_ask(&sync, at, req);
	}
	mem_deref(ring);
	return status;
}

static void answer(struct admin_resp *resp, enum status status, bool pause)
{
	struct jsonw json;

	switch ((int)status) {

	case STATUS_OK:
		jsonw_init(&json, resp->mb);
		jsonw_object(&json, NULL);
		jsonw_str(&json, "recording", pause ? "paused" : "on");
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

static void serve(const struct admin_req *req, struct admin_resp *resp,
		  struct admin *admin, bool pause)
{
	struct ctl_req ctl = {.verb = CTL_SESSION_TAPE};
	struct call_record rec;

	if (!load(&rec, req, admin, resp))
		return;
	ctl.tape.tape = pause ? CTL_TAPE_PAUSED : CTL_TAPE_ON;
	str_ncpy(ctl.session, rec.session, sizeof(ctl.session));
	answer(resp, ask(admin, rec.media, &ctl), pause);
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
