/*
 * diary.c  What sigd tells of a call
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/diary.h"

static void tell(struct proxy *px, const struct call_log_note *note)
{
	if (px->diary && note->call[0])
		call_log_write(px->diary, note);
}

void diary(struct proxy *px, const char *call, uint8_t leg, const char *kind,
	   const struct call_log_data *data)
{
	const struct call_log_note note = {
		.call = call, .leg = leg, .kind = kind, .data = data};

	tell(px, &note);
}

static const char *side_name(unsigned side)
{
	return side == CALL_CALLER   ? "caller"
	       : side == CALL_CALLEE ? "callee"
				     : NULL;
}

void diary_begin(struct proxy *px, const char *call,
		 const struct diary_begin *begin)
{
	const struct route_plan *plan = begin->plan;
	struct call_log_data data;
	const struct call_log_note note = {.call = call,
					   .kind = "call.begun",
					   .data = &data,
					   .why = begin->why,
					   .brief = begin->brief};

	call_log_begin(&data);
	call_log_text(&data, "tenant", begin->tenant);
	call_log_pl(&data, "caller", &begin->caller);
	if (begin->from)
		call_log_text(&data, "connection", begin->from->name);
	if (begin->source)
		call_log_addr(&data, "source", begin->source);
	call_log_text(&data, "transport", begin->transport);
	call_log_pl(&data, "callee", &begin->callee);
	if (plan && plan->rule)
		call_log_text(&data, "rule", route_rule_name(plan->rule));
	if (begin->code)
		call_log_num(&data, "code", begin->code);
	call_log_text(&data, "media", begin->media);
	call_log_pl(&data, "call-id", &begin->callid);
	tell(px, &note);
}

static void refused(struct proxy *px, const char *call, enum status why,
		    bool brief)
{
	struct call_log_data data;
	const struct call_log_note note = {.call = call,
					   .kind = "call.refused",
					   .data = &data,
					   .brief = brief};

	call_log_begin(&data);
	call_log_text(&data, "why", status_text(why));
	tell(px, &note);
}

void diary_refused(struct proxy *px, const char *call, enum status why)
{
	refused(px, call, why, false);
}

void diary_refused_brief(struct proxy *px, const char *call, enum status why)
{
	refused(px, call, why, true);
}

void diary_up(struct proxy *px, const struct call_record *rec)
{
	struct call_log_data data;

	call_log_begin(&data);
	call_log_text(&data, "service", rec->service);
	call_log_text(&data, "connection", rec->side[CALL_CALLEE].conn);
	call_log_text(&data, "user", rec->side[CALL_CALLEE].user);
	diary(px, rec->call, rec->leg, "call.up", &data);
}

/* All that a reader needs when the first entries are gone: with why it went
 * where it did, should its worker have died before that was told. */
void diary_ended(struct proxy *px, const struct call_record *rec,
		 enum status reason, unsigned by)
{
	const struct call_side *caller = &rec->side[CALL_CALLER];
	const struct call_side *callee = &rec->side[CALL_CALLEE];
	const uint64_t now = proxy_unix_ms();
	struct call_log_data data;
	const struct call_log_note note = {.call = rec->call,
					   .leg = rec->leg,
					   .kind = "call.ended",
					   .data = &data,
					   .why = rec->why};

	call_log_begin(&data);
	call_log_text(&data, "why", status_text(reason));
	call_log_text(&data, "by", side_name(by));
	if (rec->state == CALL_UP && rec->up_ms && rec->up_ms <= now)
		call_log_num(&data, "up-ms", (int64_t)(now - rec->up_ms));
	call_log_text(&data, "tenant", rec->tenant);
	if (call_is_between(rec))
		call_log_text(&data, "there", rec->there);
	call_log_text(&data, "caller", caller->user);
	call_log_text(&data, "connection", caller->conn);
	call_log_text(&data, "to-user", callee->user);
	call_log_text(&data, "to-connection", callee->conn);
	call_log_text(&data, "service", rec->service);
	call_log_text(&data, "call-id", rec->callid);
	tell(px, &note);
}

void diary_side(struct proxy *px, const char *call, const char *kind,
		unsigned side, const char *why)
{
	struct call_log_data data;

	call_log_begin(&data);
	call_log_text(&data, "side", side_name(side));
	call_log_text(&data, "why", why);
	diary(px, call, 0, kind, &data);
}

void diary_changed(struct proxy *px, const char *call,
		   const struct diary_change *change)
{
	struct call_log_data data;

	call_log_begin(&data);
	call_log_text(&data, "side", side_name(change->side));
	call_log_text(&data, "method", change->method);
	if (change->code)
		call_log_num(&data, "code", change->code);
	diary(px, call, 0, "call.changed", &data);
}

void diary_moved(struct proxy *px, const char *call,
		 const struct diary_move *move)
{
	struct call_log_data data;

	call_log_begin(&data);
	call_log_text(&data, "from", move->from);
	call_log_text(&data, "to", move->to);
	call_log_text(&data, "why", move->why);
	diary(px, call, 0, move->kind, &data);
}
