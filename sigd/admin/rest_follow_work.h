/*
 * rest_follow_work.h  What is unpacked for those who follow traces, in a second
 *
 * All of them together have so much, so that others are served; and no token,
 * nor all those of one tenant, has all of that. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_FOLLOW_WORK_H
#define SIGD_ADMIN_REST_FOLLOW_WORK_H

#include <stddef.h>
#include <stdint.h>

#include "common/bearer.h"

enum {
	FOLLOW_WORK = 16 * 1024 * 1024, /* bytes for a question, unpacked */
	FOLLOW_WORK_ALL = 4 * FOLLOW_WORK, /* in a second, for all */
	/* Who has had so much waits: his last question may go beyond it, so
	 * that small ones need not wait for fear of a large one. */
	FOLLOW_WORK_SHARE = FOLLOW_WORK,
	FOLLOW_SHARES = 16, /* in a second; those that come later have one */
};

struct rest_follow_share {
	char who[BEARER_NAME_MAX + 2];
	size_t bytes;
};

/* Plain data; zero: nothing was done. */
struct rest_follow_work {
	uint64_t second;
	size_t bytes; /* unpacked in it */
	size_t n;
	struct rest_follow_share shares[FOLLOW_SHARES];
};

/* A token, and the tenant it opens alone; NULL: it opens all. The share is
 * valid until the next question. */
struct rest_follow_share *rest_follow_share(struct rest_follow_work *work,
					    uint64_t second, const char *by,
					    const char *tenant);
/* Why one more question has to wait; NULL: it need not. */
const char *rest_follow_wait(const struct rest_follow_work *work,
			     const struct rest_follow_share *share);
void rest_follow_worked(struct rest_follow_work *work,
			struct rest_follow_share *share, size_t bytes);

#endif
