/*
 * media_node.c  What operators want of this node, and what it says of itself
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/cfg_hash.h"
#include "common/log.h"
#include "common/publish.h"
#include "common/standing.h"
#include "common/wish.h"
#include "mediad/control/control.h"
#include "mediad/media_worker_priv.h"
#include "mediad/session/session.h"

static const char *state(const struct media_worker *mw)
{
	if (mw->worker->draining)
		return "draining";
	if (!mw->withdrawn)
		return "serving";
	return session_count(mw->table) ? "draining" : "drained";
}

void media_node_fill(struct media_worker *mw)
{
	struct standing_facts facts = {
		.epoch = control_epoch(mw->control),
		.ring = mw->ring,
		.state = state(mw),
		.log = wish_log(mw->wish),
		.count = {[STANDING_SESSIONS] = session_count(mw->table)}};

	str_ncpy(facts.config, mw->config, sizeof(facts.config));
	standing_note(mw->standing, &facts);
}

static void on_wish(const struct wish *wish, void *arg)
{
	struct media_worker *mw = arg;

	/* a drain that ends with the process is not taken back */
	if (mw->worker->draining || (!wish->drain && !mw->withdrawn))
		return;
	mw->withdrawn = wish->drain;
	if (wish->drain) {
		log_warn(NULL, "an operator wants this node to be empty",
			 "move=%s sessions=%zu", wish->now ? "now" : "idle",
			 session_count(mw->table));
		control_withdraw(mw->control, wish->now);
	} else {
		log_warn(NULL, "an operator wants this node to serve", NULL);
		control_resume(mw->control);
	}
	publish_now(mw->publish);
}

static void on_log(void *arg)
{
	struct media_worker *mw = arg;

	publish_now(mw->publish);
}

int media_node_start(struct media_worker *mw)
{
	const struct cfg_view view = {&mediad_cfg_table, mw->cfg};
	int err = standing_alloc(&mw->standing, mw->worker, mw->publish);

	cfg_hash(mw->config, &view, NULL);
	err = err ? err
		  : wish_watch_alloc(&mw->wish, mw->worker, "mediad",
				     control_link(mw->control), on_wish, mw);
	if (!err)
		wish_on_log(mw->wish, on_log);
	return err;
}
