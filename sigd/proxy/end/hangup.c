/*
 * hangup.c  The end of a call, from our side: session away, CDR, BYE
 *
 * An end must not be lost: it stands in Redis first (call_due.h), and goes on
 * at another worker when this one dies. With Redis away it is kept and tried
 * again each second, up to HANGUPS_MAX of them; should we die then, the call's
 * deadline is still there.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/media/media_client.h"
#include "sigd/proxy/conn/conn_calls.h"
#include "sigd/proxy/diary.h"
#include "sigd/proxy/end/bye.h"
#include "sigd/proxy/end/call_due.h"
#include "sigd/proxy/end/call_rtt.h"
#include "sigd/proxy/end/hangup.h"
#include "sigd/proxy/end/rebind.h"

/* TRIES: of what may help when asked again, with Redis there. */
enum { HANGUPS_MAX = 10000, RETRY_MS = 1000, TRIES = 10 };

struct hangup {
	struct le le;
	struct proxy *px;
	struct wheel_timer retry; /* or to say that we are at it still */
	struct call_ask *ask;
	struct media_ask *media_ask;
	struct bye *bye[CALL_SIDES];
	struct call_ending ending;
	unsigned tries;
	bool media_done, record_done;
	bool media_gone; /* the worker is not there, or is not known yet */
	bool noted;      /* among its users' calls (rebind.h) */
	bool forwarding; /* a BYE is on its way to the other side */
	bool kept;       /* the record, for who must tell the sides */
	bool ours;       /* nobody else is at it: its entry is ours */
	uint8_t by; /* the side that hung up; CALL_SIDES: neither */
	struct hangup_waiter waiter;
};

static void attempt(void *arg);
static void settle(struct hangup *h);

static void destructor(void *data)
{
	struct hangup *h = data;

	list_unlink(&h->le);
	wheel_stop(&h->retry);
	mem_deref(h->ask);
	mem_deref(h->media_ask);
	for (unsigned i = 0; i < CALL_SIDES; i++)
		mem_deref(h->bye[i]);
}

/* --- the steps ------------------------------------------------------------------- */

static uint32_t again_ms(const struct proxy *px)
{
	return min(call_due_lease(px) / 3, (uint32_t)RETRY_MS);
}

static void note(const struct hangup *h)
{
	if (h->ours)
		call_due_ending(h->px, &h->ending);
}

static void on_renew(void *arg)
{
	struct hangup *h = arg;

	note(h);
	settle(h);
}

static bool byes_open(const struct hangup *h)
{
	return h->bye[CALL_CALLER] || h->bye[CALL_CALLEE] || h->forwarding;
}

static void over(struct hangup *h)
{
	struct proxy *px = h->px;

	if (h->kept)
		call_record_forget(px->deps.redis, h->ending.call);
	if (h->ours)
		call_due_over(px, h->ending.call);
	mem_deref(h);
}

static void settle(struct hangup *h)
{
	struct hangup_waiter waiter = h->waiter;
	struct wheel *wheel = h->px->deps.wheel;

	if (h->ask || h->media_ask)
		return;
	if (!h->media_done || !h->record_done) {
		wheel_start(wheel, &h->retry, again_ms(h->px), attempt, h);
		return;
	}
	h->waiter.endedh = NULL;
	if (byes_open(h))
		wheel_start(wheel, &h->retry, again_ms(h->px), on_renew, h);
	else
		over(h);
	if (waiter.endedh)
		waiter.endedh(waiter.token, waiter.arg);
}

/* Known by a cookie alone, which names the session that the call began with: it
 * may have been moved since. */
static void follow(struct hangup *h, const struct call_record *rec)
{
	struct call_ending *ending = &h->ending;

	if (!rec->media[0] || !strcmp(rec->session, ending->session))
		return;
	str_ncpy(ending->session, rec->session, sizeof(ending->session));
	str_ncpy(ending->media, rec->media, sizeof(ending->media));
	h->media_ask  = mem_deref(h->media_ask);
	h->media_done = false;
}

static void on_record(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct hangup *h = arg;

	h->ask = mem_deref(h->ask);
	if (rec) {
		++h->px->counts.ended[h->ending.reason];
		h->ours = true;
		diary_ended(h->px, rec, h->ending.reason, h->by);
		follow(h, rec);
		if (h->noted)
			rebind_ended(h->px, rec);
		conn_calls_ended(h->px, rec);
		call_rtt_note(h->px, rec);
	}
	/* internal: Redis is there but loads, or has no room */
	h->record_done = code != STATUS_REDIS_DOWN &&
			 (code != STATUS_INTERNAL || h->tries >= TRIES);
	(void)FAULT("sigd.end.recorded");
	settle(h);
}

/* A worker that begins anew has its sessions still (docs/state-file.md), and
 * may not have read the question; one that is gone for good took them with it.
 */
static bool again_helps(enum status code)
{
	return code == STATUS_TIMEOUT || code == STATUS_EXPIRED ||
	       code == STATUS_STALE_EPOCH || code == STATUS_OVERLOAD;
}

static void on_media(const struct ctl_ans *ans, void *arg)
{
	struct hangup *h = arg;

	h->media_ask  = mem_deref(h->media_ask);
	h->media_done = ans->status != STATUS_REDIS_DOWN &&
			(!again_helps(ans->status) || h->tries >= TRIES);
	settle(h);
}

static void drop_session(struct hangup *h)
{
	const struct call_ending *ending = &h->ending;
	struct ctl_req req = {.verb = CTL_SESSION_DROP,
			      .end = {.reason = ending->reason}};
	int err;

	str_ncpy(req.session, ending->session, sizeof(req.session));
	err = media_client_ask(&h->media_ask, h->px->deps.media, ending->media,
			       &req, on_media, h);
	h->media_gone = err == EHOSTUNREACH;
	/* nor are the media workers known at once when Redis is back */
	h->media_done = h->media_gone && h->tries >= TRIES;
}

static void work(struct hangup *h)
{
	struct proxy *px = h->px;
	struct call_end end = {.call = h->ending.call,
			       .reason = h->ending.reason,
			       .who = px->worker,
			       .keep = h->kept,
			       .cdr_s = px->cfg.told_s};

	/* as long as Redis is away nothing was tried */
	h->tries += redis_link_up(px->deps.redis);
	if (!h->media_done)
		drop_session(h);
	end.media_gone = h->media_gone;
	if (!h->record_done)
		(void)call_record_end(&h->ask, px->deps.redis, &end, on_record,
				      h);
	settle(h);
}

static void attempt(void *arg)
{
	struct hangup *h = arg;

	note(h);
	work(h);
}

/* --- BYE ------------------------------------------------------------------------- */

/* Whoever goes on need not tell it again. */
static void told(struct hangup *h, unsigned side)
{
	h->ending.sides &= (uint8_t)~(1u << side);
	if (!h->media_done || !h->record_done || byes_open(h))
		note(h);
	settle(h);
}

static void on_bye(struct hangup *h, unsigned side)
{
	h->bye[side] = mem_deref(h->bye[side]);
	told(h, side);
}

static void on_caller_bye(void *arg)
{
	on_bye(arg, CALL_CALLER);
}

static void on_callee_bye(void *arg)
{
	on_bye(arg, CALL_CALLEE);
}

static void byes_send(struct hangup *h, const struct call_record *rec)
{
	for (unsigned i = 0; i < CALL_SIDES; i++) {
		const struct bye_params params = {
			.rec = rec, .side = i, .reason = h->ending.reason,
			.doneh = i ? on_callee_bye : on_caller_bye, .arg = h};

		/* a service of ours needs none */
		if (h->ending.sides & 1u << i && rec->side[i].flow_len)
			(void)bye_start(&h->bye[i], h->px, &params);
	}
}

/* --- the beginning ------------------------------------------------------------------ */

/* Who has said BYE needs none; of a service there is but one side. */
static uint8_t leaver(const struct call_ending *ending)
{
	if (ending->reason != STATUS_HANGUP)
		return CALL_SIDES;
	return ending->sides == HANGUP_CALLER ? CALL_CALLEE : CALL_CALLER;
}

static struct hangup *hangup_new(struct proxy *px,
				 const struct call_ending *ending)
{
	struct hangup *h = NULL;

	if (list_count(&px->hangups) < HANGUPS_MAX)
		h = mem_zalloc(sizeof(*h), destructor);
	if (!h) {
		log_error(ending->call, "the end of a call was not recorded",
			  "reason=%s", status_text(ending->reason));
		return NULL;
	}
	h->px	      = px;
	h->ending     = *ending;
	h->by	      = leaver(ending);
	h->media_done = !ending->media[0];
	h->kept	      = ending->sides != 0;
	h->ours	      = true;
	list_append(&px->hangups, &h->le, h);
	log_info(ending->call, "call ends", "reason=%s",
		 status_text(ending->reason));
	return h;
}

static struct call_ending ending_of(const struct call_record *rec,
				    enum status reason, uint8_t sides)
{
	struct call_ending ending = {.reason = reason, .sides = sides};

	str_ncpy(ending.call, rec->call, sizeof(ending.call));
	str_ncpy(ending.session, rec->session, sizeof(ending.session));
	str_ncpy(ending.media, rec->media, sizeof(ending.media));
	return ending;
}

/* rec NULL: not at hand. */
static void begin(struct hangup *h, const struct call_record *rec)
{
	h->noted = !rec;
	note(h);
	if (rec)
		rebind_ended(h->px, rec);
	if (rec && !h->forwarding)
		byes_send(h, rec);
	work(h);
}

static struct hangup *named(struct proxy *px, const struct call_name *name,
			    enum status reason)
{
	struct call_ending ending = {.reason = reason};

	str_ncpy(ending.call, name->call, sizeof(ending.call));
	str_ncpy(ending.session, name->session, sizeof(ending.session));
	str_ncpy(ending.media, name->media, sizeof(ending.media));
	return hangup_new(px, &ending);
}

void hangup_call(struct proxy *px, const struct call_name *name,
		 enum status reason)
{
	struct hangup *h = named(px, name, reason);

	if (h)
		begin(h, NULL);
}

void hangup_unknown(struct proxy *px, const struct call_name *name,
		    enum status reason)
{
	struct hangup *h = named(px, name, reason);

	if (!h)
		return;
	/* whoever ends it may have more to do than we know of */
	h->ours = false;
	begin(h, NULL);
}

void hangup_sides(struct proxy *px, const struct call_record *rec,
		  uint8_t sides, enum status reason)
{
	const struct call_ending ending = ending_of(rec, reason, sides);
	struct hangup *h = hangup_new(px, &ending);

	if (h)
		begin(h, rec);
}

void hangup_waited(struct proxy *px, const struct call_record *rec,
		   enum status reason, const struct hangup_waiter *waiter)
{
	const struct call_ending ending =
		ending_of(rec, reason, HANGUP_BOTH);
	struct hangup *h = hangup_new(px, &ending);

	if (!h)
		return;
	h->waiter = *waiter;
	begin(h, rec);
}

void hangup_forwarded(struct proxy *px, const struct call_record *rec,
		      unsigned to)
{
	const struct call_ending ending =
		ending_of(rec, STATUS_HANGUP, (uint8_t)(1u << to));
	struct hangup *h = hangup_new(px, &ending);

	if (!h)
		return;
	h->forwarding = true;
	begin(h, rec);
}

void hangup_resume(struct proxy *px, const struct call_ending *ending,
		   const struct call_record *rec)
{
	struct hangup *h = hangup_new(px, ending);

	if (!h)
		return;
	/* whoever began may have kept it, and told all by now */
	h->kept = true;
	if (!ending->sides)
		h->by = CALL_SIDES;
	begin(h, rec);
}

static struct hangup *find(const struct proxy *px, const char *call)
{
	struct le *le;

	LIST_FOREACH(&px->hangups, le) {
		struct hangup *h = le->data;

		if (!strcmp(h->ending.call, call))
			return h;
	}
	return NULL;
}

bool hangup_is_here(const struct proxy *px, const char *call)
{
	return find(px, call) != NULL;
}

void hangup_arrived(struct proxy *px, const char *call)
{
	struct hangup *h = find(px, call);

	if (!h || !h->forwarding)
		return;
	h->forwarding = false;
	told(h, h->ending.sides == HANGUP_CALLER ? CALL_CALLER : CALL_CALLEE);
}

uint32_t hangup_pending(const struct proxy *px)
{
	uint32_t n = 0;
	struct le *le;

	LIST_FOREACH(&px->hangups, le) {
		const struct hangup *h = le->data;

		n += !h->media_done || !h->record_done;
	}
	return n;
}
