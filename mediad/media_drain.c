/*
 * media_drain.c  A mediad worker: from SIGTERM to its end
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/control/ctl_msg.h"
#include "common/log.h"
#include "common/publish.h"
#include "mediad/control/control.h"
#include "mediad/control/news.h"
#include "mediad/media_tap.h"
#include "mediad/media_times.h"
#include "mediad/media_worker_priv.h"
#include "mediad/session/session.h"

/* Told before it is dropped: both sides of the call are to hear of it. */
static bool on_left(const char *session, void *arg)
{
	struct media_worker *mw = arg;
	struct session_figures *found = mem_zalloc(sizeof(*found), NULL);
	struct ctl_event event;

	if (found && !session_query(mw->table, session, found)) {
		memset(&event, 0, sizeof(event));
		event.kind = CTL_EV_SESSION_LOST;
		event.why = STATUS_ADMIN;
		str_ncpy(event.session, session, sizeof(event.session));
		str_ncpy(event.call, found->call, sizeof(event.call));
		pl_set_str(&event.tenant, found->tenant);
		news_event(mw->news, &event);
		(void)session_drop(mw->table, session);
	}
	mem_deref(found);
	return true; /* the list has changed: begin anew */
}

static void drop_left(struct media_worker *mw)
{
	size_t left;

	while ((left = session_count(mw->table))) {
		session_each(mw->table, on_left, mw);
		if (session_count(mw->table) == left)
			return;
	}
}

static void on_left_all(void *arg)
{
	struct media_worker *mw = arg;

	worker_quit(mw->worker, WORKER_EXIT_OK);
}

/* Without sessions: has all been said, or is it time? */
static bool is_done(struct media_worker *mw, uint64_t now)
{
	struct draining *draining = &mw->draining;

	if (!draining->files_ms)
		draining->files_ms = now + MEDIA_FILES_MS;
	if (!media_tap_idle(mw->tap) && now < draining->files_ms)
		return false;
	if (!draining->words_ms)
		draining->words_ms = now + MEDIA_WORDS_MS;
	return control_quiet(mw->control) || now >= draining->words_ms;
}

static void on_drain(void *arg)
{
	struct media_worker *mw = arg;
	struct draining *draining = &mw->draining;
	uint64_t now = wheel_now(mw->worker->wheel);

	if (session_count(mw->table) && now >= draining->end_ms) {
		log_warn(NULL, "sessions dropped: the time to drain is over",
			 "count=%zu", session_count(mw->table));
		drop_left(mw);
	}
	if (!session_count(mw->table) && is_done(mw, now)) {
		control_leave(mw->control);
		wheel_start(mw->worker->wheel, &draining->timer, MEDIA_LEAVE_MS,
			    on_left_all, mw);
		return;
	}
	wheel_start(mw->worker->wheel, &draining->timer, MEDIA_STEP_MS,
		    on_drain, mw);
}

void media_drain(struct media_worker *mw)
{
	log_info(NULL, "draining", "sessions=%zu", session_count(mw->table));
	mw->draining.end_ms = wheel_now(mw->worker->wheel) + mw->cfg->drain_ms;
	control_drain(mw->control);
	publish_now(mw->publish);
	wheel_start(mw->worker->wheel, &mw->draining.timer, 0, on_drain, mw);
}
