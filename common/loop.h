/*
 * loop.h  The event loop of a worker: libre's re_main(), every socket ours
 *
 * The only file of ours that knows how libre's fd_listen() looks in the
 * version at hand. One loop per process; all calls from its thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <stdint.h>

struct loop_watch;
struct wheel;

enum {
	LOOP_READ = 1,
	LOOP_WRITE = 2,
	LOOP_ERROR = 4
};

/* flags: what is ready, of LOOP_READ | LOOP_WRITE | LOOP_ERROR. */
typedef void(loop_ready_h)(int flags, void *arg);

/*
 * Prepare the loop of this process for up to max_fds descriptors (libre's own
 * default refuses fd 1024). Call once, after fork. Ends with loop_close().
 */
int loop_init(uint32_t max_fds);
void loop_close(void);

/*
 * Watch fd for the given flags (LOOP_READ, LOOP_WRITE). The watch ends with
 * mem_deref(), which does not close fd; doing so inside the handler is fine.
 * Be ready for EAGAIN: a descriptor whose number was closed and given anew in
 * the same turn may be called ready for what the old one had.
 */
int loop_watch_alloc(struct loop_watch **watchp, int fd, int flags,
		     loop_ready_h *readyh, void *arg);
/* Change what is watched for; 0 pauses. Cheap when nothing changes. */
int loop_watch_set(struct loop_watch *watch, int flags);

/* Have the loop advance this wheel by the monotonic clock at the begin of each
 * turn, one kernel timer for all its deadlines. NULL detaches. */
void loop_drive(struct wheel *wheel);

/*
 * Run `fn(arg)` once after the events of the present turn of the loop have
 * been served, before it sleeps: for batches (flush what the turn queued).
 * Calls with the same fn and arg in one turn run once. At most 64 a turn,
 * else ENOSPC. What such a call asks for runs in the next turn, which begins
 * at once.
 */
typedef void(loop_after_h)(void *arg);
int loop_after(loop_after_h *fn, void *arg);
void loop_after_cancel(loop_after_h *fn, void *arg);

/*
 * Tell who asks when a turn begins so many milliseconds or more after the one
 * before: the process stood still (SIGSTOP, a paused machine). Called before
 * anything is served of what has come meanwhile. 0: nobody asks.
 */
typedef void(loop_stood_h)(uint64_t ms, void *arg);
void loop_on_stood(uint32_t ms, loop_stood_h *stoodh, void *arg);

/*
 * Let turns begin at least so many microseconds after one another (at most
 * LOOP_PACE_MAX; 0: at once): under many small events one wake-up then serves
 * several. A turn that took longer itself is not followed by a wait.
 */
enum {
	LOOP_PACE_MAX = 1000
};
void loop_pace(uint32_t us);

/* The number of the present turn, or the last one; 0: there was none. Never
 * goes back, not by loop_close() either. */
uint64_t loop_turn(void);
/* Monotonic milliseconds, read once per turn of the loop (cheap). */
uint64_t loop_now_ms(void);

/* Serve until loop_stop(). signo handlers are common/worker's matter. */
int loop_run(void);
void loop_stop(void);

#endif
