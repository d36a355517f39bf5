/*
 * loop.c  The event loop of a worker: libre's re_main(), every socket ours
 *
 * A turn is one return of epoll_wait(): the descriptors that are ready, then
 * libre's timers. re_main() has no hook at either end of it, so both are made:
 *
 * - The first ready descriptor of a turn begins it: the clock is read and the
 *   wheel advanced, so that a deadline started by any handler of the turn
 *   counts from now and not from the end of a long sleep.
 * - Beginning a turn starts a libre timer of no delay. fd_poll() serves all
 *   descriptors that epoll_wait() named before re_main() calls tmr_poll()
 *   (src/main/main.c, the same in libre 1.1 and re 4), so this timer runs
 *   exactly once, after the last of them: it ends the turn.
 *
 * What wakes the loop for the wheel is a timerfd and not a libre timer:
 * libre 1.1 takes its time from gettimeofday(), and a wall clock set back by
 * an hour would hold every deadline for that hour. It is set only when the
 * next deadline comes before the one it is set to; waking too early is cheap.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"

enum {
	AFTER_MAX = 64,
	MAX_FDS_LEAST = 1024
};

struct re_fhs;

struct loop_watch {
	struct re_fhs *fhs; /* of re 3.3 and later */
	int fd;
	int flags;
	bool listening;
	loop_ready_h *readyh;
	void *arg;
};

struct after {
	loop_after_h *fn;
	void *arg;
};

/* libre has one loop per thread and we one thread per process: the state that
 * goes with it is as single as that. */
static struct {
	struct wheel *wheel;
	struct loop_watch *alarm;   /* the timerfd */
	struct loop_watch *serving; /* NULL once its owner let go of it */
	struct tmr turn_end;
	struct after after[AFTER_MAX];
	struct after batch[AFTER_MAX]; /* that runs; no fn: cancelled */
	size_t nafter, nbatch;
	uint64_t turn;
	uint64_t now_ms;
	uint64_t begun_ns; /* the present turn, or the last one */
	uint32_t pace_ns;  /* from turn to turn, at least */
	uint64_t alarm_ms; /* what the timerfd is set to, UINT64_MAX: not */
	int alarm_fd;
	bool in_turn;
	uint32_t stood_ms; /* 0: nobody asks */
	loop_stood_h *stoodh;
	void *stood_arg;
} loop = {.alarm_fd = -1};

/*
 * fd_listen() took four arguments until re 3.3 and takes a handle since. No
 * macro tells the two apart, its type does; both calls must compile with
 * either header, hence the casts.
 */
typedef int(listen_old_h)(int fd, int flags, fd_h *fh, void *arg);
typedef void(close_old_h)(int fd);
typedef int(listen_new_h)(struct re_fhs **fhsp, int fd, int flags, fd_h *fh,
			  void *arg);
typedef struct re_fhs *(close_new_h)(struct re_fhs *fhs);
typedef void(any_h)(void);

enum {
	HANDLES = _Generic(&fd_listen, listen_old_h * : 0, default : 1)
};

static void watch_ready(int flags, void *arg);

static int call_listen(any_h *fn, struct loop_watch *watch, int want)
{
	if (HANDLES)
		return ((listen_new_h *)fn)(&watch->fhs, watch->fd, want,
					    watch_ready, watch);

	return ((listen_old_h *)fn)(watch->fd, want, watch_ready, watch);
}

static void call_close(any_h *fn, struct loop_watch *watch)
{
	if (HANDLES)
		watch->fhs = ((close_new_h *)fn)(watch->fhs);
	else
		((close_old_h *)fn)(watch->fd);
}

static int watch_listen(struct loop_watch *watch, int flags)
{
	int want = (flags & LOOP_READ ? FD_READ : 0) |
		   (flags & LOOP_WRITE ? FD_WRITE : 0);

	return call_listen((any_h *)fd_listen, watch, want);
}

static void watch_unlisten(struct loop_watch *watch)
{
	call_close((any_h *)fd_close, watch);
}

enum {
	NS_PER_MS = 1000000
};
#define NS_PER_S UINT64_C(1000000000)

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t clock_ms(void)
{
	return clock_ns() / NS_PER_MS;
}

/* What comes meanwhile is served together. */
static void pace(void)
{
	uint64_t next = loop.begun_ns + loop.pace_ns;
	const struct timespec at = {.tv_sec = (time_t)(next / NS_PER_S),
				    .tv_nsec = (long)(next % NS_PER_S)};

	if (loop.pace_ns)
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at,
				      NULL);
}

static void alarm_set(uint64_t due_ms)
{
	struct itimerspec at = {
		.it_value = {
			.tv_sec = (time_t)(due_ms / 1000),
			.tv_nsec = (long)(due_ms % 1000) * 1000000 + 1,
		}};

	if (due_ms >= loop.alarm_ms || loop.alarm_fd < 0)
		return;

	if (!timerfd_settime(loop.alarm_fd, TFD_TIMER_ABSTIME, &at, NULL))
		loop.alarm_ms = due_ms;
}

static void alarm_for_wheel(void)
{
	uint64_t left = loop.wheel ? wheel_next(loop.wheel) : UINT64_MAX;

	if (left < UINT64_MAX)
		alarm_set(wheel_now(loop.wheel) + left);
}

/* An after that asks for another one waits for the next turn, lest the two
 * starve every descriptor. */
static void turn_ended(void *arg)
{
	(void)arg;
	memcpy(loop.batch, loop.after, loop.nafter * sizeof(loop.batch[0]));
	loop.nbatch = loop.nafter;
	loop.nafter = 0;
	for (size_t i = 0; i < loop.nbatch; i++) {
		const struct after after = loop.batch[i];

		if (after.fn)
			after.fn(after.arg);
	}
	loop.nbatch = 0;
	/* What is due already needs no alarm and no turn of its own: to set
	 * the timerfd is the dearest call of a turn. */
	if (loop.wheel && !wheel_next(loop.wheel))
		wheel_advance(loop.wheel, loop.now_ms);
	loop.in_turn = false;
	if (loop.nafter)
		alarm_set(0);
	alarm_for_wheel();
	pace();
}

static void turn_end_start(void)
{
	struct list *timers;

	tmr_start(&loop.turn_end, 0, turn_ended, NULL);
	if (HANDLES)
		return;

	/* Older libre asks the wall clock whether a timer of no delay is due:
	 * be due at any time, and behind nobody. */
	timers = loop.turn_end.le.list;
	list_unlink(&loop.turn_end.le);
	loop.turn_end.jfs = 0;
	list_prepend(timers, &loop.turn_end.le, &loop.turn_end);
}

static void turn_begin(void)
{
	const uint64_t before_ns = loop.begun_ns;
	uint64_t stood_ms;

	loop.in_turn = true;
	++loop.turn;
	loop.begun_ns = clock_ns();
	loop.now_ms = loop.begun_ns / NS_PER_MS;
	turn_end_start();
	stood_ms = (loop.begun_ns - before_ns) / NS_PER_MS;
	if (loop.stood_ms && before_ns && stood_ms >= loop.stood_ms)
		loop.stoodh(stood_ms, loop.stood_arg);
	if (loop.wheel)
		wheel_advance(loop.wheel, loop.now_ms);
}

static void watch_ready(int ready, void *arg)
{
	struct loop_watch *watch = arg;
	int flags = (ready & FD_READ ? LOOP_READ : 0) |
		    (ready & FD_WRITE ? LOOP_WRITE : 0) |
		    (ready & FD_EXCEPT ? LOOP_ERROR : 0);

	/* A deadline of the wheel may free or pause the very watch. */
	loop.serving = watch;
	if (!loop.in_turn)
		turn_begin();
	if (!loop.serving)
		return;

	flags &= watch->flags | LOOP_ERROR;
	if (flags && watch->flags)
		watch->readyh(flags, watch->arg);
}

static void watch_destructor(void *data)
{
	struct loop_watch *watch = data;

	if (loop.serving == watch)
		loop.serving = NULL;
	if (watch->listening)
		watch_unlisten(watch);
}

int loop_watch_set(struct loop_watch *watch, int flags)
{
	int err = 0;

	if (!watch)
		return EINVAL;
	flags &= LOOP_READ | LOOP_WRITE;
	if (flags == watch->flags)
		return 0;

	if (flags)
		err = watch_listen(watch, flags);
	else if (watch->listening)
		watch_unlisten(watch);
	/* libre forgets a descriptor whose change failed */
	if (err)
		watch->fhs = NULL;
	watch->listening = flags && !err;
	watch->flags = err ? 0 : flags;
	return err;
}

int loop_watch_alloc(struct loop_watch **watchp, int fd, int flags,
		     loop_ready_h *readyh, void *arg)
{
	struct loop_watch *watch;
	int err;

	if (!watchp || fd < 0 || !readyh)
		return EINVAL;

	watch = mem_zalloc(sizeof(*watch), watch_destructor);
	if (!watch)
		return ENOMEM;

	watch->fd = fd;
	watch->readyh = readyh;
	watch->arg = arg;
	err = loop_watch_set(watch, flags);
	if (err)
		mem_deref(watch);
	else
		*watchp = watch;
	return err;
}

static void alarm_fired(int flags, void *arg)
{
	uint64_t times;

	(void)flags;
	(void)arg;
	if (read(loop.alarm_fd, &times, sizeof(times)) > 0)
		loop.alarm_ms = UINT64_MAX;
}

int loop_init(uint32_t max_fds)
{
	int err;

	assert(loop.alarm_fd < 0);
	if (max_fds < MAX_FDS_LEAST)
		max_fds = MAX_FDS_LEAST;
	err = fd_setsize((int)max_fds);
	if (err)
		return err;

	memset(&loop, 0, sizeof(loop));
	tmr_init(&loop.turn_end);
	loop.alarm_ms = UINT64_MAX;
	loop.alarm_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (loop.alarm_fd < 0)
		err = errno;
	else
		err = loop_watch_alloc(&loop.alarm, loop.alarm_fd, LOOP_READ,
				       alarm_fired, NULL);
	if (err)
		loop_close();
	return err;
}

void loop_close(void)
{
	tmr_cancel(&loop.turn_end);
	loop.alarm = mem_deref(loop.alarm);
	if (loop.alarm_fd >= 0)
		close(loop.alarm_fd);
	loop.alarm_fd = -1;
	loop.nafter = loop.nbatch = 0;
	loop.wheel = NULL;
	loop.stood_ms = 0;
	loop.in_turn = false;
	(void)fd_setsize(0);
}

void loop_drive(struct wheel *wheel)
{
	loop.wheel = wheel;
}

int loop_after(loop_after_h *fn, void *arg)
{
	if (!fn)
		return EINVAL;
	for (size_t i = 0; i < loop.nafter; i++) {
		if (loop.after[i].fn == fn && loop.after[i].arg == arg)
			return 0;
	}
	if (loop.nafter == AFTER_MAX)
		return ENOSPC;

	loop.after[loop.nafter++] = (struct after){fn, arg};
	if (!loop.in_turn)
		alarm_set(0);
	return 0;
}

void loop_after_cancel(loop_after_h *fn, void *arg)
{
	/* one that ran frees the owner of one that comes next */
	for (size_t i = 0; i < loop.nbatch; i++) {
		if (loop.batch[i].fn == fn && loop.batch[i].arg == arg)
			loop.batch[i].fn = NULL;
	}
	for (size_t i = 0; i < loop.nafter; i++) {
		if (loop.after[i].fn != fn || loop.after[i].arg != arg)
			continue;

		loop.nafter--;
		memmove(&loop.after[i], &loop.after[i + 1],
			(loop.nafter - i) * sizeof(loop.after[0]));
		return;
	}
}

void loop_on_stood(uint32_t ms, loop_stood_h *stoodh, void *arg)
{
	loop.stood_ms = ms;
	loop.stoodh = stoodh;
	loop.stood_arg = arg;
}

void loop_pace(uint32_t us)
{
	loop.pace_ns = (us < LOOP_PACE_MAX ? us : LOOP_PACE_MAX) * 1000u;
}

uint64_t loop_turn(void)
{
	return loop.turn;
}

uint64_t loop_now_ms(void)
{
	return loop.in_turn ? loop.now_ms : clock_ms();
}

int loop_run(void)
{
	alarm_for_wheel();
	return re_main(NULL);
}

void loop_stop(void)
{
	re_cancel();
}
