/*
 * invite_setup.c  What a successor needs of a call, should this worker die
 *
 * The record is written when the call begins, and each INVITE of ours is
 * noted before it leaves (call_setup.h); both go to Redis beside the questions
 * to mediad, which take longer. A durable deadline of the call is moved ahead
 * as long as we live; when it passes, another worker ends the set-up
 * (takeover.c).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/due.h"
#include "sigd/proxy/invite/invite_diary.h"
#include "sigd/proxy/news.h"
#include "sigd/trace/trace.h"

/* Behind the limit of the set-up: Timer C of the last try, CANCEL, its end. */
enum {
	MARGIN_MS = 60000
};

/* It is claimed twice before somebody acts (takeover.c). */
static uint32_t deadline_ms(const struct proxy *px)
{
	return px->cfg.takeover_ms * 3 / 10;
}

static void on_scheduled(int err, const struct redis_val *val, void *arg)
{
	(void)err;
	(void)val;
	(void)arg;
}

static void renew(void *arg)
{
	struct invite *inv = arg;
	struct proxy *px = inv->px;
	struct pl id, none = PL("");

	pl_set_str(&id, inv->rec.call);
	/* with Redis away the next one says it */
	(void)due_schedule(px->setups, &id, &none, deadline_ms(px),
			   on_scheduled, NULL);
	wheel_start(px->deps.wheel, &inv->renew, px->cfg.takeover_ms / 5, renew,
		    inv);
}

void invite_renew_all(struct proxy *px)
{
	struct le *le;

	LIST_FOREACH(&px->invites, le)
	{
		struct invite *inv = le->data;

		if (wheel_runs(&inv->renew))
			renew(inv);
	}
}

void invite_unsaved(struct invite *inv, enum status code)
{
	invite_fail(inv, code == STATUS_UNKNOWN_DIALOG ? STATUS_KILLED : code);
}

void invite_begun_unheard(struct invite *inv)
{
	if (inv->begin)
		news_call_started(inv->px->news, &inv->rec, inv->hunt.callee);
	inv->begin = mem_deref(inv->begin);
}

/* before: the same INVITE was begun by a worker that has died since, and that
 * told of it. */
static void on_begun(enum status code, const struct call_record *before,
		     void *arg)
{
	struct invite *inv = arg;

	if (code == STATUS_OK && before)
		news_call_restarted(inv->px->news, &inv->rec, inv->hunt.callee,
				    before->call);
	else if (code == STATUS_OK)
		news_call_started(inv->px->news, &inv->rec, inv->hunt.callee);
	inv->begin = mem_deref(inv->begin);
	if (code != STATUS_OK && !inv->answered)
		invite_unsaved(inv, code);
}

static enum status head_make(struct call_try *try, char *head,
			     const struct smsg *msg)
{
	size_t len;

	if (call_head_write(head, CALL_HEAD_MAX, &len, msg))
		return STATUS_TOO_LARGE;
	try->head = (struct pl){head, len};
	return STATUS_OK;
}

enum status invite_setup(struct invite *inv)
{
	const struct hunt *hunt = &inv->hunt;
	struct call_side *callee = &inv->rec.side[CALL_CALLEE];
	const struct call_side *caller = &inv->rec.side[CALL_CALLER];
	struct call_try try = {.leg = 1, .flow_len = caller->flow_len};
	struct proxy *px = inv->px;
	char head[CALL_HEAD_MAX];
	enum status code;
	int err;

	if (hunt->targets[0].kind == ROUTE_TO_USER)
		str_ncpy(callee->user, hunt->targets[0].user->name,
			 sizeof(callee->user));
	memcpy(try.flow, caller->flow, sizeof(try.flow));
	code = head_make(&try, head, txn_srv_request(inv->st));
	trace_call(px->deps.trace, &txn_srv_request(inv->st)->callid,
		   inv->rec.call);
	invite_diary_begin(inv);
	if (code != STATUS_OK)
		return code;

	err = call_setup_begin(&inv->begin, px->deps.redis, &inv->rec, &try,
			       (px->cfg.setup_ms + MARGIN_MS) / 1000 +
				       CALL_KEEP_S,
			       on_begun,
			       inv);
	if (err)
		return err == ENOTCONN ? STATUS_REDIS_DOWN
				       : status_of_errno(err);
	renew(inv);
	return STATUS_OK;
}

int invite_note(struct call_ask **askp, struct invite *inv,
		struct call_try *try, const struct flow_id *to, size_t len,
		call_record_h *h, void *arg)
{
	struct proxy *px = inv->px;
	struct smsg *msg = mem_alloc(sizeof(*msg), NULL);
	char head[CALL_HEAD_MAX];
	struct smsg_err why;
	int err;

	if (!msg)
		return ENOMEM;
	err = smsg_decode(msg, px->buf, len, NULL, &why) ||
			      head_make(try, head, msg) != STATUS_OK
		      ? EMSGSIZE
		      : flow_id_pack(to, try->flow, &try->flow_len);
	mem_deref(msg);
	return err ? err
		   : call_setup_try(askp, px->deps.redis, inv->rec.call, try, h,
				    arg);
}

void invite_setup_end(struct invite *inv)
{
	struct pl id;

	if (!wheel_runs(&inv->renew))
		return;
	wheel_stop(&inv->renew);
	pl_set_str(&id, inv->rec.call);
	(void)due_cancel(inv->px->setups, &id, on_scheduled, NULL);
}
