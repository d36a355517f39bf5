/*
 * aside.h  A long piece of work beside the loop, in a thread of its own
 *
 * For what would stop the loop for a second: a large table is loaded, an old
 * one is freed. The work gets only what it owns: it touches no loop, no wheel,
 * no Redis, and logs nothing. Its result passes to the loop when it has ended.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ASIDE_H
#define COMMON_ASIDE_H

struct aside;

/* In the thread, which yields to the loop (nice 10). */
typedef void(aside_work_h)(void *arg);
/* In the loop: the thread has ended. */
typedef void(aside_done_h)(void *arg);

/*
 * The caller owns *asidep, and may free it in doneh. mem_deref() before that
 * waits for the thread, and doneh is not called: arg is the caller's again.
 */
int aside_alloc(struct aside **asidep, aside_work_h *workh,
		aside_done_h *doneh, void *arg);

#endif
