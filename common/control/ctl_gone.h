/*
 * ctl_gone.h  Which media workers have died, or are cut off
 *
 * A worker whose heartbeat is CTL_GONE_MS old is gone: its calls are moved
 * or ended, and it is told so when it comes back (docs/operations.md). What
 * tells is Redis: how long the heartbeat's hash has to live yet. Redis itself
 * may have stood still, or have lost all hashes; so nobody is gone unless Redis
 * has answered at once for steady_ms, in which all who live were
 * back, and the worker was silent at two looks.
 *
 * Who has seen to a dead worker takes it off the list with ctl_gone_bury(); until
 * then each look finds it again, so that nothing is lost when that one dies.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_GONE_H
#define COMMON_CONTROL_CTL_GONE_H

#include <stdint.h>

struct ctl_gone;
struct redis_link;
struct wheel;

enum {
	CTL_GONE_MS = 3000,
	CTL_GONE_STEADY_MS = 5000, /* longer than all need to connect again;
				      the usual steady_ms */
};

/* A worker ("node/slot") is gone: said again each second as long as it is. The
 * owner may be freed in here. */
typedef void(ctl_gone_h)(const char *addr, void *arg);

struct ctl_gone_params {
	struct redis_link *link;
	struct wheel *wheel;
	uint32_t steady_ms;
	ctl_gone_h *goneh;
	void *arg;
};

/* Looks once a second. mem_deref() ends it. */
int ctl_gone_alloc(struct ctl_gone **gonep,
		   const struct ctl_gone_params *params);
/* It is on the list of media workers no more, until its next heartbeat. */
void ctl_gone_bury(struct ctl_gone *gone, const char *addr);

/*
 * What it had is somebody else's now: this session is not to be served there
 * any more. It reads so with its next heartbeat (ctl_node.h), or before it takes
 * up what a former life has left. The notes of a worker that never comes back
 * last a day. Nobody is told.
 */
void ctl_gone_fence(struct redis_link *link, const char *addr,
		    const char *session);

#endif
