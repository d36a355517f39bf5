/*
 * ctl_sync.h  One question to a media worker, from a process that has no
 *             streams of its own
 *
 * For the admin process: the request goes out, and the answer is looked for
 * from time to time. Its sender is the node's CTL_SYNC_SLOT, which no worker
 * has.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_SYNC_H
#define COMMON_CONTROL_CTL_SYNC_H

#include "common/control/ctl_msg.h"

struct keyring;
struct redis_sync;

enum {
	CTL_SYNC_SLOT = 255,
	CTL_SYNC_MS = 1000, /* after which nobody carries it out */
};

/* A question that was asked. */
struct ctl_sync;

struct ctl_sync_cfg {
	struct redis_sync *redis; /* borrowed */
	struct keyring *ring;     /* a reference is kept */
	const char *node;         /* ours */
};

/*
 * Ask the worker `dest` ("node/slot"), whatever its epoch is: ctl_check() has
 * which verbs may be asked so. The caller owns *syncp. STATUS_OK: it was
 * asked; STATUS_REDIS_DOWN; STATUS_INTERNAL: no valid request, or no key, or
 * no memory.
 */
enum status ctl_sync_ask(struct ctl_sync **syncp,
			 const struct ctl_sync_cfg *cfg, const char *dest,
			 const struct ctl_req *req);

struct ctl_sync_ans {
	enum status status;
	bool paused; /* as in struct ctl_ans */
};

/* Without waiting: true: *ans is what it says, or STATUS_REDIS_DOWN. When
 * nothing has come within CTL_SYNC_MS, whether it was done is not known. */
bool ctl_sync_look(struct ctl_sync *sync, struct ctl_sync_ans *ans);

#endif
