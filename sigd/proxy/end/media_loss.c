/*
 * media_loss.c  mediad has lost a call's media: the call ends on both sides
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/wheel.h"
#include "sigd/proxy/end/hangup.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/proxy_priv.h"

enum { LOSSES_MAX = 10000, BYE_WAIT_MS = 1000 };

struct media_loss {
	struct le le;
	struct proxy *px;
	struct wheel_timer wait;
	struct call_ask *ask;
	enum status reason;
	bool played;
	char call[17], session[17];
	struct hangup_waiter waiter;
};

static void destructor(void *data)
{
	struct media_loss *loss = data;

	list_unlink(&loss->le);
	wheel_stop(&loss->wait);
	mem_deref(loss->ask);
}

static void on_waited(void *arg);

/* Kept while Redis is away, as what others have claimed meanwhile does no harm
 * to be done twice. */
static void later(struct media_loss *loss)
{
	wheel_start(loss->px->deps.wheel, &loss->wait, BYE_WAIT_MS, on_waited,
		    loss);
}

static void on_record(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct media_loss *loss = arg;
	struct hangup_waiter waiter = loss->waiter;

	loss->ask = mem_deref(loss->ask);
	if (code == STATUS_REDIS_DOWN) {
		later(loss);
		return;
	}
	/* it was moved, and this comes from where it was before */
	if (code == STATUS_OK && loss->session[0] &&
	    strcmp(rec->session, loss->session))
		code = STATUS_UNKNOWN_DIALOG;
	/* being set up: by us; or by another one, which finds out when it is
	 * answered */
	if (code == STATUS_OK && rec->state == CALL_SETUP) {
		/* who sets it up knows how long it plays */
		if (!loss->played)
			(void)invite_lost(loss->px, rec->call, loss->reason);
		code = STATUS_UNKNOWN_DIALOG;
	}
	if (code == STATUS_OK) {
		hangup_waited(loss->px, rec, loss->reason, &waiter);
		mem_deref(loss);
		return;
	}
	mem_deref(loss);
	if (code != STATUS_INTERNAL && waiter.endedh)
		waiter.endedh(waiter.token, waiter.arg);
	/* internal: it is to be given again */
}

static void on_waited(void *arg)
{
	struct media_loss *loss = arg;

	if (call_record_load(&loss->ask, loss->px->deps.redis, loss->call,
			     on_record, loss))
		later(loss);
}

/* A browser that hangs up closes its media and sends BYE, in either order:
 * the BYE is waited for, so that the CDR tells who ended the call. */
void proxy_media_lost(struct proxy *px, const struct proxy_loss *what)
{
	struct media_loss *loss;

	if (list_count(&px->tasks) >= LOSSES_MAX ||
	    !(loss = mem_zalloc(sizeof(*loss), destructor))) {
		log_error(what->call, "a call without media was not ended",
			  NULL);
		return;
	}

	loss->px     = px;
	loss->reason = what->reason;
	loss->played = what->played;
	loss->waiter = (struct hangup_waiter){.endedh = what->endedh,
					      .arg = what->arg};
	str_ncpy(loss->call, what->call, sizeof(loss->call));
	str_ncpy(loss->session, what->session ? what->session : "",
		 sizeof(loss->session));
	str_ncpy(loss->waiter.token, what->token, sizeof(loss->waiter.token));
	list_append(&px->tasks, &loss->le, loss);
	later(loss);
}
