/*
 * ctl_sync.h  One question to a media worker, from a process that may wait
 *
 * For the admin process, which has no streams of its own: the request goes out
 * and the answer is waited for. Its sender is the node's CTL_SYNC_SLOT, which
 * no worker has.
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
	CTL_SYNC_MS = 1000, /* that an answer is waited for */
};

struct ctl_sync {
	struct redis_sync *redis; /* may wait for longer than 250 ms */
	const struct keyring *ring;
	const char *node; /* ours */
};

/*
 * Ask the worker `dest` ("node/slot"), whatever its epoch is: ctl_check() has
 * which verbs may be asked so. What it says; STATUS_TIMEOUT: nothing, and
 * whether it was done is not known; STATUS_REDIS_DOWN; STATUS_INTERNAL: no
 * valid request, or no key.
 */
enum status ctl_sync_ask(const struct ctl_sync *sync, const char *dest,
			 const struct ctl_req *req);

#endif
