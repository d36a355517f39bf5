/*
 * call_due.c  The one durable deadline of a call that is up
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/due.h"
#include "common/id.h"
#include "common/log.h"
#include "sigd/proxy/end/call_due.h"
#include "sigd/proxy/end/hangup.h"

enum {
	OVERDUE_MAX = 10000,
	LEASE_MIN_MS = 1000, /* of an end: Redis may be slow */
	REPLACED_MS = 3000,
	DATA_MAX = 160,
};

/* --- what the entry says ---------------------------------------------------------- */

static void schedule(struct proxy *px, const char *call, const char *text,
		     uint32_t delay_ms)
{
	struct pl id, data;

	pl_set_str(&id, call);
	pl_set_str(&data, text);
	(void)due_schedule(px->calls, &id, &data, delay_ms, NULL, NULL);
}

/* left_ms: of the longest call. */
static void limit(struct proxy *px, const char *call, uint32_t session_s,
		  uint32_t left_ms)
{
	const bool timer = session_s && session_s < left_ms / 1000;
	char text[DATA_MAX];

	re_snprintf(text, sizeof(text), "limit %s",
		    status_text(timer ? STATUS_SESSION_EXPIRED
				      : STATUS_CALL_EXPIRED));
	schedule(px, call, text, timer ? session_s * 1000 : left_ms);
}

void call_due_up(struct proxy *px, const struct call_record *rec,
		 uint32_t session_s)
{
	limit(px, rec->call, session_s, px->cfg.call_s * 1000);
}

void call_due_refresh(struct proxy *px, const struct call_record *rec,
		      uint32_t session_s)
{
	const uint64_t all = 1000ull * px->cfg.call_s;
	const uint64_t now = proxy_unix_ms();
	const uint64_t age = now > rec->up_ms ? now - rec->up_ms : 0;

	/* an end that has begun is not put off */
	if (rec->state == CALL_UP && age < all &&
	    !hangup_is_here(px, rec->call))
		limit(px, rec->call, session_s, (uint32_t)(all - age));
}

void call_due_replaced(struct proxy *px, const char *call)
{
	char text[DATA_MAX];

	re_snprintf(text, sizeof(text), "limit %s",
		    status_text(STATUS_REPLACED));
	schedule(px, call, text, REPLACED_MS);
}

void call_due_moving(struct proxy *px, const char *call, uint32_t ms)
{
	char text[DATA_MAX];

	re_snprintf(text, sizeof(text), "limit %s",
		    status_text(STATUS_MEDIA_NODE_LOST));
	schedule(px, call, text, ms);
}

uint32_t call_due_lease(const struct proxy *px)
{
	return max(px->cfg.takeover_ms, (uint32_t)LEASE_MIN_MS);
}

void call_due_ending(struct proxy *px, const struct call_ending *ending)
{
	char text[DATA_MAX];

	re_snprintf(text, sizeof(text), "end %s %u %s %s",
		    status_text(ending->reason), ending->sides,
		    ending->session, ending->media[0] ? ending->media : "-");
	schedule(px, ending->call, text, call_due_lease(px));
}

void call_due_over(struct proxy *px, const char *call)
{
	struct pl id;

	pl_set_str(&id, call);
	(void)due_cancel(px->calls, &id, NULL, NULL);
}

static struct pl word(struct pl *rest)
{
	struct pl out = *rest;
	size_t used;

	for (out.l = 0; out.l < rest->l && out.p[out.l] != ' '; out.l++)
		;
	used = out.l + (out.l < rest->l);
	rest->p += used;
	rest->l -= used;
	return out;
}

static bool read_end(struct call_ending *ending, struct pl rest)
{
	const struct pl reason = word(&rest), sides = word(&rest);
	const struct pl session = word(&rest), at = rest;

	if (!status_parse(&ending->reason, &reason) || sides.l != 1 ||
	    sides.p[0] < '0' || sides.p[0] > '3' ||
	    !id_valid(session.p, session.l) ||
	    pl_strcpy(&session, ending->session, sizeof(ending->session)))
		return false;
	ending->sides = (uint8_t)(sides.p[0] - '0');
	return !pl_strcmp(&at, "-") ||
	       !pl_strcpy(&at, ending->media, sizeof(ending->media));
}

/* --- it has passed ------------------------------------------------------------------- */

struct overdue {
	struct le le;
	struct proxy *px;
	struct call_ask *ask;
	struct call_ending ending;
	bool begun; /* an end that somebody had begun */
	uint64_t token;
};

static void destructor(void *data)
{
	struct overdue *od = data;

	list_unlink(&od->le);
	mem_deref(od->ask);
}

static void forget(const struct overdue *od)
{
	struct pl id;

	pl_set_str(&id, od->ending.call);
	(void)due_done(od->px->calls, &id, od->token);
}

static void begin_end(struct overdue *od, const struct call_record *rec)
{
	log_info(rec->call, "the call's time is over", "why=%s",
		 status_text(od->ending.reason));
	hangup_sides(od->px, rec, HANGUP_BOTH, od->ending.reason);
}

static void on_record(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct overdue *od = arg;
	const bool known = code == STATUS_OK || code == STATUS_UNKNOWN_DIALOG;

	od->ask = mem_deref(od->ask);
	/* with Redis away the claim ends, and it comes again */
	if (known && od->begun) {
		log_warn(od->ending.call, "an end goes on whose worker died",
			 "why=%s", status_text(od->ending.reason));
		hangup_resume(od->px, &od->ending, rec);
	} else if (code == STATUS_OK && rec->state == CALL_UP) {
		begin_end(od, rec);
	} else if (known) {
		/* over, or taken over before its answer was written */
		forget(od);
	}
	mem_deref(od);
}

static bool item_read(struct overdue *od, const struct due_item *item)
{
	struct call_ending *ending = &od->ending;
	struct pl rest = item->data, verb;

	if (!id_valid(item->id.p, item->id.l) ||
	    pl_strcpy(&item->id, ending->call, sizeof(ending->call)))
		return false;
	od->token = item->token;
	verb	  = word(&rest);
	od->begun = !pl_strcmp(&verb, "end");
	if (od->begun)
		return read_end(ending, rest);
	return !pl_strcmp(&verb, "limit") &&
	       status_parse(&ending->reason, &rest);
}

static void on_due(const struct due_item *item, void *arg)
{
	struct proxy *px = arg;
	struct overdue *od;

	if (list_count(&px->tasks) >= OVERDUE_MAX)
		return;
	od = mem_zalloc(sizeof(*od), destructor);
	if (!od)
		return;
	od->px = px;
	list_append(&px->tasks, &od->le, od);
	if (!item_read(od, item)) {
		(void)due_done(px->calls, &item->id, item->token);
		mem_deref(od);
	} else if (hangup_is_here(px, od->ending.call) ||
		   call_record_last(&od->ask, px->deps.redis, od->ending.call,
				    on_record, od)) {
		mem_deref(od);
	}
}

int call_due_start(struct proxy *px)
{
	const uint32_t lease = call_due_lease(px);
	const struct due_params params = {
		.link = px->deps.redis, .wheel = px->deps.wheel,
		.poll = px->poll, .kind = "call",
		.lease_ms = lease, .fireh = on_due, .arg = px};

	return due_alloc(&px->calls, &params);
}
