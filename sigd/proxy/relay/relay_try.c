/*
 * relay_try.c  One try of a request that is no call: a device, a connection
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/conn/conn_pins.h"
#include "sigd/proxy/conn/way_health.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/form.h"
#include "sigd/proxy/relay/relay_priv.h"
#include "sigd/proxy/verdict.h"
#include "sigd/trace/trace.h"

static void destructor(void *data)
{
	struct relay_try *try = data;

	list_unlink(&try->le);
	wheel_stop(&try->silence);
	challenge_reset(&try->challenge);
	if (try->ct)
		txn_cli_detach(try->ct);
}

static const char *name_of(const struct relay_try *try)
{
	return try->to.conn ? try->to.conn->name : "device";
}

/* --- the end ----------------------------------------------------------------------- */

static void over(struct relay_try *try, uint16_t scode,
		 const struct relay_end *end)
{
	const struct smsg *req = txn_srv_request(try->relay->st);

	log_debug(NULL, "a request did not get there",
		  "method=%s to=%s code=%u why=%s",
		  smsg_method_name(req->method), name_of(try), scode,
		  status_text(end->why));
	try->state = RELAY_DONE;
	wheel_stop(&try->silence);
	/* a transaction goes on to absorb what is repeated */
	if (try->ct)
		txn_cli_detach(try->ct);
	try->ct = NULL;
	relay_note(try->relay, end);
}

/* Another flow of the same device, when this one is gone (RFC 5626 7.1). */
static void spare_start(const struct relay_try *gone)
{
	struct le *le;

	LIST_FOREACH(&gone->relay->tries, le)
	{
		struct relay_try *try = le->data;

		if (try->state == RELAY_SPARE &&
		    try->to.end.device == gone->to.end.device) {
			relay_try_start(try);
			return;
		}
	}
}

/* Its other addresses are asked first from now on. */
static void way_gone(const struct relay_try *try, uint32_t for_ms)
{
	struct proxy *px = try->relay->px;

	if (try->to.conn)
		way_failed(px->ways, &try->to.flow.remote,
			   wheel_now(px->deps.wheel), for_ms);
}

static uint32_t retry_after_ms(const struct smsg *msg)
{
	struct pl val;

	return smsg_val(msg, SHDR_RETRY_AFTER, &val)
		       ? 1000 * min(pl_u32(&val), 3600u)
		       : 0;
}

static void unreached(struct relay_try *try, int err)
{
	struct relay_end how = {.code = 500,
				.why = STATUS_TARGET_DOWN,
				.next = true,
				.other_way = true};

	if (err == ETIMEDOUT) {
		how.code = 408;
		how.why = STATUS_TARGET_TIMEOUT;
	} else if (!try->to.conn) {
		how.code = 480;
		how.why = STATUS_FLOW_GONE;
	}
	way_gone(try, 0);
	over(try, 0, &how);
	if (!try->to.conn && err != ETIMEDOUT)
		spare_start(try);
}

bool relay_try_passes(const struct relay_try *try)
{
	const struct route_connection *conn = try->to.conn;

	return conn && !try->relay->from && !relay_is_stranger(try->relay) &&
	       route_forwards_to(conn->tenant, conn);
}

static bool leads_on(const struct relay_try *try, uint16_t scode)
{
	return try->to.conn ? route_limits_next(&try->limits, scode)
			    : verdict_elsewhere(scode);
}

/* What is a matter between the target and us is not the sender's: a challenge,
 * a new target, that it has too much to do (RFC 3261 16.7 step 6). */
static void refused(struct relay_try *try, const struct smsg *msg)
{
	struct relay_end how = {.code = msg->scode,
				.why = verdict_reason(msg->scode),
				.msg = msg,
				.next = leads_on(try, msg->scode)};

	if ((msg->scode == 401 || msg->scode == 407) && relay_try_passes(try)) {
		how.why = STATUS_AUTH_REQUIRED;
		how.next = false;
	} else if (msg->scode == 401 || msg->scode == 407) {
		how.code = 480;
		how.why = STATUS_AUTH_FAILED;
		how.next = true;
		how.msg = NULL;
	} else if (msg->scode < 400) {
		how.code = 480;
		how.why = STATUS_MOVED;
		how.msg = NULL;
	} else if (msg->scode == 503) {
		how.code = 500;
		how.other_way = true;
		way_gone(try, retry_after_ms(msg));
	}
	over(try, msg->scode, &how);
	if (msg->scode == 430)
		spare_start(try);
}

/* --- challenged ------------------------------------------------------------------------ */

static bool answer_challenge(struct relay_try *try, const struct smsg *msg)
{
	const struct relay *relay = try->relay;
	const struct smsg *req = txn_srv_request(relay->st);
	struct challenge_asked asked = {.conn = try->to.conn,
					.body = req->body,
					.dialog = relay->cookie != NULL};
	int err;

	if (!asked.conn || relay_try_passes(try) || try->again + 1 >= RELAY_CSEQ_STEP ||
	    req->cseq.num > (uint32_t)INT32_MAX / RELAY_CSEQ_STEP - 1)
		return false;
	pl_set_str(&asked.uri, try->to.target);
	err = challenge_take(&try->challenge, relay->px, &asked, msg);
	if (err)
		log_warn(NULL, "challenge not answered",
			 "connection=%s method=%s code=%u why=%s",
			 asked.conn->name, smsg_method_name(req->method),
			 msg->scode, challenge_why(err));
	return !err;
}

/* --- the transaction -------------------------------------------------------------------- */

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct relay_try *try = arg;
	struct relay *relay = try->relay;
	(void)ct;

	wheel_stop(&try->silence);
	if (msg->scode < 200)
		return;
	if (try->to.conn && msg->scode != 503)
		way_answered(relay->px->ways, &try->to.flow.remote);
	if (msg->scode < 300) {
		relay_won(try, msg);
		return;
	}
	if ((msg->scode == 401 || msg->scode == 407) &&
	    answer_challenge(try, msg)) {
		txn_cli_detach(try->ct);
		try->ct = NULL;
		++try->again;
		relay_try_start(try);
	} else {
		refused(try, msg);
	}
	relay_go_on(relay);
}

/* There is no TCP there: what is long goes over UDP after all. What a connection
 * took that ended later may have got there, and is not said twice. */
static bool takes_no_tcp(struct relay_try *try, int err)
{
	if (!try->large || try->to.flow.kind != FLOW_TCP ||
	    (err != ECONNREFUSED && err != EHOSTUNREACH && err != ENETUNREACH))
		return false;
	try->to.flow = try->small;
	return true;
}

static void on_end(struct txn_cli *ct, int err, void *arg)
{
	struct relay_try *try = arg;
	struct relay *relay = try->relay;
	(void)ct;

	try->ct = NULL;
	if (takes_no_tcp(try, err))
		relay_try_start(try);
	else
		unreached(try, err ? err : EPROTO);
	relay_go_on(relay);
}

/* Not a 408: the next target is asked, and may answer in time. */
static void on_silence(void *arg)
{
	const struct relay_end how = {.code = 480,
				      .why = STATUS_TARGET_TIMEOUT,
				      .next = true,
				      .other_way = true};
	struct relay_try *try = arg;
	struct relay *relay = try->relay;

	way_gone(try, 0);
	over(try, 0, &how);
	relay_go_on(relay);
}

/* In px->buf; its Via says over which flow it goes. */
static int write_try(struct relay_try *try, struct hop_mark *mark, size_t *len)
{
	const struct relay *relay = try->relay;
	int err = hop_mark(mark, relay->px,
			   &txn_srv_request(relay->st)->callid, &try->to.flow,
			   relay->hunt.loop);

	return err ? err : relay_request_write(try, mark->via, len);
}

static bool is_large(struct relay_try *try, size_t len)
{
	struct flow_id flow;

	if (try->large || !conn_is_large(&flow, try->relay->px, try->to.conn,
					 &try->to.flow, len))
		return false;
	try->large = true;
	try->small = try->to.flow;
	try->to.flow = flow;
	return true;
}

static int send_try(struct relay_try *try)
{
	struct txn_cli_params params = {.resph = on_response,
					.endh = on_end,
					.arg = try};
	struct proxy *px = try->relay->px;
	struct hop_mark mark;
	struct txn_dest dest;
	int err = write_try(try, &mark, &params.len);

	if (!err && is_large(try, params.len))
		err = write_try(try, &mark, &params.len);
	if (err)
		return err;
	try->ref = mark.ref;
	dest_of_flow(&dest, &try->to.flow);
	params.dest = &dest;
	params.msg = px->buf;
	pl_set_str(&params.branch, mark.branch);
	return hop_start_marked(px, &try->ct, mark.ref, &params);
}

/* Whose trace this is, too. */
static void label(const struct relay_try *try)
{
	const struct relay *relay = try->relay;
	const struct route_connection *conn = try->to.conn;
	const struct smsg *msg = txn_srv_request(relay->st);
	const struct trace_dialog dialog = {msg->callid, msg->from.tag, true};
	struct pl user;

	if (conn) {
		trace_connection(relay->px->deps.trace, &dialog,
				 conn->tenant->id, conn->name);
	} else {
		pl_set_str(&user, try->to.end.name);
		trace_user(relay->px->deps.trace, &dialog, relay->tenant->id,
			   &user);
	}
}

void relay_try_start(struct relay_try *try)
{
	const struct route_connection *conn = try->to.conn;
	struct relay *relay = try->relay;
	int err;

	try->state = RELAY_SENT;
	label(try);
	err = send_try(try);
	if (err && takes_no_tcp(try, err))
		err = send_try(try);
	if (err)
		unreached(try, err);
	else if (conn && relay_has_next(relay))
		wheel_start(relay->px->deps.wheel, &try->silence,
			    try->limits.answer_ms ? try->limits.answer_ms
						  : conn->times.answer,
			    on_silence, try);
}

/* --- the beginning ------------------------------------------------------------------------- */

static struct relay_try *try_new(struct relay *relay)
{
	struct relay_try *try;

	if (list_count(&relay->tries) >= RELAY_TRIES_MAX)
		return NULL;
	try = mem_zalloc(sizeof(*try), destructor);
	if (!try)
		return NULL;
	try->relay = relay;
	if (relay->hunt.plan && relay->hunt.next)
		try->form = relay->hunt.targets[relay->hunt.next - 1].form;
	list_append(&relay->tries, &try->le, try);
	return try;
}

int relay_try_connection(struct relay *relay,
			 const struct route_connection *conn,
			 const struct conn_way *way)
{
	const struct pl asked = {relay->hunt.callee, relay->hunt.callee_len};
	struct relay_try *try = try_new(relay);
	struct relay_to *to;
	struct pl callee;
	int err;

	if (!try)
		return ENOMEM;
	callee = form_callee(try->form, &asked);
	conn_pins_fetch(relay->px->pins, conn);
	to = &try->to;
	to->conn = conn;
	to->flow = way->flow;
	to->end.connection = true;
	try->limits = relay->hunt.limits;
	str_ncpy(to->end.name, conn->name, sizeof(to->end.name));
	err = side_names_connection(&to->names, to->target, conn,
				    txn_srv_request(relay->st), &callee,
				    way->host);
	err = err ? err : relay_show(try);
	if (!err && relay->target[0])
		str_ncpy(to->target, relay->target, sizeof(to->target));
	if (err)
		mem_deref(try);
	else
		relay_try_start(try);
	return err;
}

/* Over another flow of its (RFC 5626 section 7: one at a time). */
static bool is_tried(const struct relay *relay, uint32_t device)
{
	struct le *le;

	LIST_FOREACH(&relay->tries, le)
	{
		const struct relay_try *try = le->data;

		if (!try->to.conn && try->to.end.device == device &&
		    try->state != RELAY_DONE)
			return true;
	}
	return false;
}

int relay_try_device(struct relay *relay, const struct sub_end *device,
		     const struct flow_id *flow, const char *contact)
{
	const bool spare = is_tried(relay, device->device);
	struct relay_try *try = try_new(relay);
	struct relay_to *to;
	int err = 0;

	if (!try)
		return ENOMEM;
	to = &try->to;
	to->end = *device;
	to->flow = *flow;
	str_ncpy(to->target, relay->target[0] ? relay->target : contact,
		 sizeof(to->target));
	if (relay->from || relay_is_stranger(relay))
		err = side_names_device(&to->names, relay_there(relay),
					txn_srv_request(relay->st));
	err = err ? err : relay_show_device(try);
	if (err)
		mem_deref(try);
	else if (!spare)
		relay_try_start(try);
	return err;
}
