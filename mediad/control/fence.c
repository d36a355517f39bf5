/*
 * fence.c  Sessions that are somebody else's now are not served any more
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_moved.h"
#include "common/log.h"
#include "common/node.h"
#include "mediad/control/fence.h"
#include "mediad/session/session.h"

struct fence {
	struct fence_params params;
	char addr[NODE_ADDR_MAX + 1];
	struct ctl_moved *ask; /* NULL: none is under way */
	struct fence_steps steps;
	void *arg;
	char (*ids)[SESSION_ID_LEN + 1]; /* those told so far */
	size_t nids, room;
};

static void destructor(void *data)
{
	struct fence *fence = data;

	mem_deref(fence->ask);
	mem_deref(fence->ids);
}

int fence_alloc(struct fence **fencep, const struct fence_params *params)
{
	struct fence *fence = mem_zalloc(sizeof(*fence), destructor);

	if (!fence)
		return ENOMEM;
	fence->params = *params;
	str_ncpy(fence->addr, params->addr, sizeof(fence->addr));
	fence->params.addr = fence->addr;
	*fencep = fence;
	return 0;
}

static void drop(const struct fence *fence, const char *session)
{
	const char *call = session_call(fence->params.table, session);
	char id[SESSION_ID_LEN + 1] = "";

	if (!call)
		return;
	str_ncpy(id, call, sizeof(id));
	log_warn(id, "session is somebody else's: dropped", "session=%s",
		 session);
	(void)session_drop(fence->params.table, session);
}

static void keep(struct fence *fence, const char *session)
{
	if (fence->nids == fence->room) {
		const size_t room = fence->room ? 2 * fence->room : 64;
		void *more = mem_reallocarray(fence->ids, room,
					      sizeof(fence->ids[0]), NULL);

		if (!more) {
			/* at least what is here already */
			drop(fence, session);
			return;
		}
		fence->ids = more;
		fence->room = room;
	}
	str_ncpy(fence->ids[fence->nids++], session, sizeof(fence->ids[0]));
}

static void on_session(const char *session, void *arg)
{
	struct fence *fence = arg;
	const struct fence_steps steps = fence->steps;
	void *steps_arg = fence->arg;

	if (session) {
		keep(fence, session);
		return;
	}
	fence->ask = mem_deref(fence->ask);
	if (steps.known)
		steps.known(steps_arg);
	for (size_t i = 0; i < fence->nids; i++)
		drop(fence, fence->ids[i]);
	fence->nids = 0;
	if (steps.done)
		steps.done(steps_arg);
}

void fence_ask(struct fence *fence, const struct fence_steps *steps, void *arg)
{
	static const struct fence_steps none = {NULL, NULL};
	const struct fence_params *params = &fence->params;

	if (fence->ask)
		return;
	fence->steps = steps ? *steps : none;
	fence->arg = arg;
	if (ctl_moved_ask(&fence->ask, params->link, params->wheel, fence->addr,
			  on_session, fence))
		log_warn(NULL, "sessions of others not asked for", NULL);
}
