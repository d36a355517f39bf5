/*
 * media_revive.c  A mediad worker: what a predecessor left, and that we live
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/loop.h"
#include "mediad/control/news.h"
#include "mediad/media_worker_priv.h"
#include "mediad/session/session.h"
#include "mediad/session/state_file.h"

enum {
	LEGS_PER_SESSION = 3, /* on average, at most: a fork now and then */
	ALIVE_MS = 200,
	/* After a pause of this length calls may have been taken from us: less
	 * than CTL_GONE_MS, for the last heartbeat is up to a second older. */
	STOOD_MS = 2000,
};

int media_state_open(struct media_worker *mw)
{
	const struct mediad_cfg *cfg = mw->cfg;
	uint32_t count = cfg->limits.sessions * LEGS_PER_SESSION;
	char owner[NODE_ADDR_MAX + 1], path[300];
	int err;

	if (count > STATE_COUNT_MAX)
		count = STATE_COUNT_MAX;
	re_snprintf(owner, sizeof(owner), "%s/%u", mw->worker->node,
		    mw->worker->slot);
	re_snprintf(path, sizeof(path), "%s/mediad-%s-%u.state", cfg->state_dir,
		    mw->worker->node, mw->worker->slot);

	err = state_file_open(&mw->state, path, owner, count);
	if (err == EBADMSG) {
		log_warn(NULL, "state file put aside", "file=%s.bad", path);
		err = state_file_aside(path);
		if (!err)
			err = state_file_open(&mw->state, path, owner, count);
	}
	if (err)
		log_error(NULL, "state file not opened", "file=%s why=%s", path,
			  strerror(err));
	return err;
}

static void on_alive(void *arg)
{
	struct media_worker *mw = arg;
	struct wheel *wheel = mw->worker->wheel;

	state_file_alive(mw->state, wheel_now(wheel));
	wheel_start(wheel, &mw->alive, ALIVE_MS, on_alive, mw);
}

/* What has come meanwhile is not looked at: whose it is now, our successor
 * finds out (docs/state-file.md). */
static void on_stood(uint64_t ms, void *arg)
{
	(void)arg;
	log_error(NULL, "stood still for too long: begins anew", "ms=%llu",
		  (unsigned long long)ms);
	_exit(WORKER_EXIT_FAILED);
}

int media_resume(struct media_worker *mw)
{
	size_t count = 0;
	int err = session_resume_all(mw->table, &count);

	if (err)
		return err;
	mw->figures.resumed = count;
	if (count)
		log_info(NULL, "sessions resumed", "count=%zu deaths=%u", count,
			 state_file_deaths(mw->state));
	news_resumed(mw->news, mw->table);
	return 0;
}

/* Redis has told what is not ours any more, which is dropped then. */
void media_on_checked(void *arg)
{
	struct media_worker *mw = arg;

	if (!mw->waits)
		return;
	mw->waits = false;
	if (media_resume(mw))
		worker_quit(mw->worker, WORKER_EXIT_FAILED);
}

/* Was there anybody in the last two seconds? */
void media_alive_start(struct media_worker *mw)
{
	const uint64_t silent_ms =
		state_file_silent(mw->state, wheel_now(mw->worker->wheel));

	mw->waits = state_file_used(mw->state) && silent_ms >= STOOD_MS;
	if (mw->waits)
		log_warn(NULL, "what was left is old: Redis is asked first",
			 "records=%u ms=%llu", state_file_used(mw->state),
			 (unsigned long long)silent_ms);
	on_alive(mw);
	/* without a parent nobody would begin anew */
	if (mw->worker->beat_ms)
		loop_on_stood(STOOD_MS, on_stood, mw);
}
