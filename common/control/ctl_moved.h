/*
 * ctl_moved.h  Which sessions of a media worker are somebody else's now
 *
 * The worker was gone for a while (ctl_gone.h), and its calls were moved or
 * ended without it. What it has still of them it neither serves nor resumes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_MOVED_H
#define COMMON_CONTROL_CTL_MOVED_H

#include <stdbool.h>
#include <stdint.h>

struct ctl_moved;
struct redis_link;
struct wheel;

/* Called for each, then once with NULL: these were all. */
typedef void(ctl_moved_session_h)(const char *session, void *arg);

/* Asks for them once, as soon as Redis answers. After the last call, in which
 * the caller lets go of them, each is acknowledged: who dies before, or frees
 * the question, is told again. The caller owns *movedp; it may be freed in any
 * call, in the last one without harm to what is acknowledged. */
int ctl_moved_ask(struct ctl_moved **movedp, struct redis_link *link,
		  struct wheel *wheel, const char *addr,
		  ctl_moved_session_h *sessionh, void *arg);

#endif
