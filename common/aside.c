/*
 * aside.c  A long piece of work beside the loop, in a thread of its own
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <re.h>

#include "common/aside.h"
#include "common/loop.h"

enum {
	NICE = 10
};

struct aside {
	pthread_t thread;
	bool running; /* to be joined */
	int fd;       /* readable when the work is done */
	struct loop_watch *watch;
	aside_work_h *workh;
	aside_done_h *doneh;
	void *arg;
};

static void join(struct aside *aside)
{
	if (aside->running)
		(void)pthread_join(aside->thread, NULL);
	aside->running = false;
}

static void destructor(void *data)
{
	struct aside *aside = data;

	mem_deref(aside->watch);
	join(aside);
	if (aside->fd >= 0)
		close(aside->fd);
}

static void *run(void *data)
{
	const struct aside *aside = data;
	const uint64_t one = 1;
	ssize_t n;

	/* of this thread alone (setpriority(2), C library/kernel differences) */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	aside->workh(aside->arg);
	n = write(aside->fd, &one, sizeof(one));
	(void)n;
	return NULL;
}

static void on_done(int flags, void *data)
{
	struct aside *aside = data;
	uint64_t count;

	(void)flags;
	if (read(aside->fd, &count, sizeof(count)) != sizeof(count))
		return;
	aside->watch = mem_deref(aside->watch);
	join(aside);
	aside->doneh(aside->arg);
}

/* No signal is the thread's matter. */
static int start(struct aside *aside)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&aside->thread, NULL, run, aside);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	aside->running = !err;
	return err;
}

int aside_alloc(struct aside **asidep, aside_work_h *workh,
		aside_done_h *doneh, void *arg)
{
	struct aside *aside;
	int err;

	if (!asidep || !workh || !doneh)
		return EINVAL;
	aside = mem_zalloc(sizeof(*aside), destructor);
	if (!aside)
		return ENOMEM;

	aside->workh = workh;
	aside->doneh = doneh;
	aside->arg = arg;
	aside->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = aside->fd < 0 ? errno
			    : loop_watch_alloc(&aside->watch, aside->fd,
					       LOOP_READ, on_done, aside);
	if (!err)
		err = start(aside);
	if (err)
		mem_deref(aside);
	else
		*asidep = aside;
	return err;
}
