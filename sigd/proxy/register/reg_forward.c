/*
 * reg_forward.c  A REGISTER that the tenant's PBX answers: its life
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/proxy/end/rebind.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/hop_back.h"
#include "sigd/proxy/register/flow_users.h"
#include "sigd/proxy/register/reg_expiry.h"
#include "sigd/proxy/register/reg_forward_priv.h"
#include "sigd/proxy/register/reg_reply.h"
#include "sigd/proxy/reply.h"

static void destructor(void *data)
{
	struct reg_forward *fwd = data;

	list_unlink(&fwd->le);
	mem_deref(fwd->way);
	mem_deref(fwd->ask);
	mem_deref(fwd->req);
	mem_deref(fwd->devices);
	if (fwd->ct)
		txn_cli_detach(fwd->ct);
	if (fwd->st)
		txn_srv_detach(fwd->st);
	mem_deref(fwd->table);
}

static void on_server_end(struct txn_srv *st, int err, void *arg)
{
	struct reg_forward *fwd = arg;
	(void)st;
	(void)err;

	fwd->st = NULL;
	mem_deref(fwd);
}

static void fail(struct reg_forward *fwd, enum status code)
{
	log_info(NULL, "registration not forwarded",
		 "tenant=%s user=%s to=%s why=%s", fwd->tenant->id, fwd->user,
		 fwd->tenant->registration.pbx->name, status_text(code));
	reg_forward_failed(fwd, code);
	reply_status(fwd->px, fwd->st, code);
	mem_deref(fwd);
}

/* --- what the PBX says --------------------------------------------------------- */

static void on_bound(const struct registrar_list *list, void *arg)
{
	struct reg_forward *fwd = arg;
	const struct txn_dest *src = txn_srv_source(fwd->st);
	const struct aor_flow flow = {src->id, src->id_len};
	struct registrar_aor aor = {.connection = false};
	struct flow_id id;

	if (list->code != STATUS_OK) {
		fail(fwd, list->code);
		return;
	}
	pl_set_str(&aor.tenant, fwd->tenant->id);
	pl_set_str(&aor.user, fwd->user);
	reg_expiry_registered(fwd->px, &aor, list);
	if (!flow_of_dest(&id, src)) {
		flow_users_note(fwd->px, &id, fwd->tenant->id, fwd->user);
		flow_users_bound(fwd->px, &id, fwd->tenant->id, fwd->user,
				 list);
		flow_users_device(fwd->px, &id, fwd->tenant->id, fwd->user,
				  reg_first_device(fwd->req));
	}
	if (fwd->devices && list->calls)
		rebind_back(fwd->px, &aor, fwd->devices, &flow);
	log_debug(NULL, "registered at its PBX", "tenant=%s user=%s "
		  "bindings=%zu", fwd->tenant->id, fwd->user, list->n);
	reg_reply(fwd->px, fwd->st, list, fwd->req->outbound);
	mem_deref(fwd);
}

static void accepted(struct reg_forward *fwd, const struct smsg *msg)
{
	struct registrar_params params = {.link = fwd->px->deps.redis,
					  .h = on_bound,
					  .arg = fwd};
	char said[REG_SAID_MAX];
	struct sa remote;
	int err;

	reg_forward_granted(fwd, msg);
	reg_forward_remote(&remote, txn_srv_request(fwd->st));
	reg_request_from(fwd->req, &remote);
	reg_forward_said(fwd, said);
	params.said = said;
	fwd->devices = rebind_devices(fwd->req);
	pl_set_str(&params.aor.tenant, fwd->tenant->id);
	pl_set_str(&params.aor.user, fwd->user);
	err = registrar_register(&fwd->ask, &params, fwd->req,
				 &fwd->px->cfg.reg);
	if (err)
		fail(fwd, status_of_errno(err));
}

/* As it came: the device knows what to do. */
static void refused(struct reg_forward *fwd, const struct smsg *msg)
{
	const struct hop_back back = {.challenge = true};
	size_t len;
	int err = hop_back_write(fwd->px, &len, txn_srv_request(fwd->st), msg,
				 &back);

	if (err) {
		fail(fwd, status_of_errno(err));
		return;
	}
	(void)txn_srv_reply(fwd->st, fwd->px->buf, len);
	mem_deref(fwd);
}

static void forward(struct reg_forward *fwd);

/* Its next address (RFC 3263 4.3); false: that was the last. */
static bool elsewhere(struct reg_forward *fwd)
{
	if (fwd->at + 1 >= fwd->nways)
		return false;
	++fwd->at;
	forward(fwd);
	return true;
}

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct reg_forward *fwd = arg;

	if (msg->scode < 200)
		return;
	txn_cli_detach(ct);
	fwd->ct = NULL;
	if (msg->scode == 503 && elsewhere(fwd))
		return;
	reg_forward_told(fwd, msg);
	if (msg->scode < 300)
		accepted(fwd, msg);
	else
		refused(fwd, msg);
}

static void on_client_end(struct txn_cli *ct, int err, void *arg)
{
	struct reg_forward *fwd = arg;
	(void)ct;

	fwd->ct = NULL;
	if (!elsewhere(fwd))
		fail(fwd, err == ETIMEDOUT ? STATUS_TARGET_TIMEOUT
					   : STATUS_TARGET_DOWN);
}

/* --- on its way ------------------------------------------------------------------ */

static void forward(struct reg_forward *fwd)
{
	struct txn_cli_params params = {.resph = on_response,
					.endh = on_client_end,
					.arg = fwd};
	char branch[BRANCH_TEXT_MAX + 1];
	struct txn_dest dest;
	uint64_t ref;
	int err;

	fwd->to = fwd->ways[fwd->at].flow;
	err = reg_forward_write(fwd, branch, &params.len);
	if (!err) {
		dest_of_flow(&dest, &fwd->to);
		params.dest = &dest;
		params.msg = fwd->px->buf;
		pl_set_str(&params.branch, branch);
		err = hop_start(fwd->px, &fwd->ct, &ref, &params);
	}
	if (err)
		fail(fwd, STATUS_TARGET_DOWN);
}

static void begin(struct reg_forward *fwd, const struct conn_way *way)
{
	fwd->nways = MIN(way->left + 1u, CONN_WAYS_MAX);
	memcpy(fwd->ways, way, fwd->nways * sizeof(*way));
	forward(fwd);
}

static void on_way(enum status code, const struct conn_way *way, void *arg)
{
	struct reg_forward *fwd = arg;
	struct conn_ask *ask = fwd->way;

	fwd->way = NULL;
	if (code == STATUS_OK)
		begin(fwd, way);
	else
		fail(fwd, code);
	mem_deref(ask);
}

static void locate(struct reg_forward *fwd)
{
	struct conn_way way;
	int err = conn_way_find(&fwd->way, &way, fwd->px,
				fwd->tenant->registration.pbx, on_way, fwd);

	if (!err)
		begin(fwd, &way);
	else if (err != EINPROGRESS)
		fail(fwd, STATUS_TARGET_DOWN);
}

/* The PBX says how long is too short, and how long is too long. */
enum { EXPIRES_MAX_S = 7 * 86400 };

static enum status read_request(struct reg_forward *fwd)
{
	const struct smsg *msg = txn_srv_request(fwd->st);
	const struct txn_dest *src = txn_srv_source(fwd->st);
	struct reg_limits limits = fwd->px->cfg.reg;

	limits.expires_min = 1;
	limits.expires_max = EXPIRES_MAX_S;
	if (reg_forward_waits(fwd)) {
		++fwd->px->counts.auth_locked;
		return STATUS_AUTH_LOCKED;
	}
	/* nobody registers another one, whatever the PBX thinks of it */
	if (!suri_user_equal(&msg->from.uri.user, &msg->to.uri.user))
		return STATUS_FORBIDDEN;
	if (strlen(fwd->user) > DEVICE_USER_MAX)
		return STATUS_BAD_REQUEST;
	fwd->req = mem_alloc(sizeof(*fwd->req), NULL);
	return fwd->req ? reg_request_read(fwd->req, msg, &limits, src->id,
					   src->id_len)
			: STATUS_OVERLOAD;
}

void reg_forward_start(struct proxy *px,
		       const struct reg_forward_params *params)
{
	struct reg_forward *fwd = mem_zalloc(sizeof(*fwd), destructor);
	enum status code;

	if (!fwd) {
		reply_status(px, params->st, STATUS_OVERLOAD);
		return;
	}
	fwd->px = px;
	fwd->st = params->st;
	fwd->table = mem_ref(params->table);
	fwd->tenant = params->tenant;
	str_ncpy(fwd->user, params->user, sizeof(fwd->user));
	list_append(&px->tasks, &fwd->le, fwd);
	txn_srv_attach(fwd->st, on_server_end, fwd);
	code = read_request(fwd);
	if (code != STATUS_OK)
		fail(fwd, code);
	else
		locate(fwd);
}
