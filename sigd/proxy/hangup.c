/*
 * hangup.c  The end of a call, from our side: session away, CDR
 *
 * An end must not be lost: with Redis away it is kept and tried again each
 * second, up to HANGUPS_MAX of them. The record's time to live is the last
 * resort.
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
#include "sigd/proxy/conn_calls.h"
#include "sigd/proxy/rebind.h"

/* TRIES: of what may help when asked again, with Redis there. */
enum {
	HANGUPS_MAX = 10000,
	RETRY_MS = 1000,
	TRIES = 10,
	BYE_WAIT_MS = 1000
};

/* Who waits for the end. */
struct waiter {
	char token[PROXY_TOKEN_MAX + 1];
	proxy_ended_h *endedh; /* NULL: nobody */
	void *arg;
};

struct hangup {
	struct le le;
	struct proxy *px;
	struct wheel_timer retry;
	struct call_ask *ask;
	struct media_ask *media_ask;
	char call[17], session[17], media[COOKIE_MEDIA_MAX + 1];
	enum status reason;
	unsigned tries;
	bool media_done, record_done;
	bool noted; /* among its users' calls (rebind.h) */
	struct waiter waiter;
};

static void attempt(void *arg);

static void destructor(void *data)
{
	struct hangup *h = data;

	list_unlink(&h->le);
	wheel_stop(&h->retry);
	mem_deref(h->ask);
	mem_deref(h->media_ask);
}

static void tell_ended(const struct waiter *waiter)
{
	if (waiter->endedh)
		waiter->endedh(waiter->token, waiter->arg);
}

static void settle(struct hangup *h)
{
	struct waiter waiter = h->waiter;

	if (h->ask || h->media_ask)
		return;
	if (!h->media_done || !h->record_done) {
		wheel_start(h->px->deps.wheel, &h->retry, RETRY_MS, attempt,
			    h);
		return;
	}
	mem_deref(h);
	tell_ended(&waiter);
}

static void on_record(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct hangup *h = arg;

	h->ask = mem_deref(h->ask);
	if (rec) {
		if (h->noted)
			rebind_ended(h->px, rec);
		conn_calls_ended(h->px, rec);
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

static void attempt(void *arg)
{
	struct hangup *h = arg;
	struct proxy *px = h->px;
	struct ctl_req req = {.verb = CTL_SESSION_DROP,
			      .end = {.reason = h->reason}};
	int err;

	/* as long as Redis is away nothing was tried */
	h->tries += redis_link_up(px->deps.redis);
	if (!h->media_done) {
		str_ncpy(req.session, h->session, sizeof(req.session));
		err = media_client_ask(&h->media_ask, px->deps.media,
				       h->media, &req, on_media, h);
		/* nor are the media workers known at once when Redis is back */
		h->media_done = err == EHOSTUNREACH && h->tries >= TRIES;
	}
	if (!h->record_done)
		(void)call_record_end(&h->ask, px->deps.redis, h->call,
				      h->reason, px->worker, on_record, h);
	settle(h);
}

/* rec NULL: not at hand. What its users are in goes first: who dies behind it
 * leaves at most a call that somebody else ends. */
static void hangup_for(struct proxy *px, const struct call_name *name,
		       enum status reason, const struct waiter *waiter,
		       const struct call_record *rec)
{
	struct hangup *h;

	if (list_count(&px->tasks) >= HANGUPS_MAX ||
	    !(h = mem_zalloc(sizeof(*h), destructor))) {
		log_error(name->call, "the end of a call was not recorded",
			  "reason=%s", status_text(reason));
		return;
	}
	h->px	  = px;
	h->reason = reason;
	str_ncpy(h->call, name->call, sizeof(h->call));
	str_ncpy(h->session, name->session, sizeof(h->session));
	str_ncpy(h->media, name->media, sizeof(h->media));
	h->media_done = !h->media[0];
	h->waiter     = *waiter;
	h->noted      = !rec;
	if (rec)
		rebind_ended(px, rec);
	list_append(&px->tasks, &h->le, h);
	log_info(name->call, "call ends", "reason=%s", status_text(reason));
	attempt(h);
}

void hangup_call(struct proxy *px, const struct call_name *name,
		 enum status reason)
{
	const struct waiter nobody = {.endedh = NULL};

	hangup_for(px, name, reason, &nobody, NULL);
}

void hangup_record(struct proxy *px, const struct call_record *rec,
		   enum status reason)
{
	const struct call_name name = {rec->call, rec->session, rec->media};
	const struct waiter nobody = {.endedh = NULL};

	hangup_for(px, &name, reason, &nobody, rec);
}

/* --- what mediad reports ------------------------------------------------- */

struct media_loss {
	struct le le;
	struct proxy *px;
	struct wheel_timer wait;
	struct call_ask *ask;
	enum status reason;
	char call[17];
	struct waiter waiter;
};

static void loss_destructor(void *data)
{
	struct media_loss *loss = data;

	list_unlink(&loss->le);
	wheel_stop(&loss->wait);
	mem_deref(loss->ask);
}

static void on_waited(void *arg);

/* Kept while Redis is away, as what others have claimed meanwhile does no harm
 * to be done twice. */
static void loss_later(struct media_loss *loss)
{
	wheel_start(loss->px->deps.wheel, &loss->wait, RETRY_MS, on_waited,
		    loss);
}

static void on_lost_record(enum status code, const struct call_record *rec,
			   void *arg)
{
	struct media_loss *loss = arg;
	struct waiter waiter = loss->waiter;

	loss->ask = mem_deref(loss->ask);
	if (code == STATUS_REDIS_DOWN) {
		loss_later(loss);
		return;
	}
	/* being set up: by us; or by another one, which finds out when it is
	 * answered */
	if (code == STATUS_OK && rec->state == CALL_SETUP) {
		(void)invite_lost(loss->px, rec->call, loss->reason);
		code = STATUS_UNKNOWN_DIALOG;
	}
	if (code == STATUS_OK) {
		const struct call_name name = {rec->call, rec->session,
					       rec->media};

		hangup_bye(loss->px, rec, CALL_CALLER);
		hangup_bye(loss->px, rec, CALL_CALLEE);
		hangup_for(loss->px, &name, loss->reason, &waiter, rec);
		mem_deref(loss);
		return;
	}
	mem_deref(loss);
	if (code != STATUS_INTERNAL) /* then it is to be given again */
		tell_ended(&waiter);
}

static void on_waited(void *arg)
{
	struct media_loss *loss = arg;

	if (call_record_load(&loss->ask, loss->px->deps.redis, loss->call,
			     on_lost_record, loss))
		loss_later(loss);
}

/* A browser that hangs up closes its media and sends BYE, in either order:
 * the BYE is waited for, so that the CDR tells who ended the call. */
void proxy_media_lost(struct proxy *px, const struct proxy_loss *what)
{
	struct media_loss *loss;

	if (list_count(&px->tasks) >= HANGUPS_MAX ||
	    !(loss = mem_zalloc(sizeof(*loss), loss_destructor))) {
		log_error(what->call, "a call without media was not ended",
			  NULL);
		return;
	}

	loss->px     = px;
	loss->reason = what->reason;
	loss->waiter = (struct waiter){.endedh = what->endedh,
				       .arg = what->arg};
	str_ncpy(loss->call, what->call, sizeof(loss->call));
	str_ncpy(loss->waiter.token, what->token, sizeof(loss->waiter.token));
	list_append(&px->tasks, &loss->le, loss);
	wheel_start(px->deps.wheel, &loss->wait, BYE_WAIT_MS, on_waited, loss);
}
