/*
 * super_load.c  What takes long at a reload, in a thread beside the parent's
 *               loop
 *
 * Children are watched and signals are heard meanwhile. None is born: it would
 * have the locks that the thread holds, and nobody to open them (fork(2)).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/super_priv.h"

static void *run(void *arg)
{
	struct super *super = arg;
	const uint64_t one = 1;

	super->daemon->load(super->daemon->arg);
	(void)!write(super->load_fd, &one, sizeof(one));
	return NULL;
}

int super_load_start(struct super *super)
{
	sigset_t all, before;
	int err;

	super->load_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (super->load_fd < 0)
		return errno;
	/* no signal is the thread's matter */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&super->loader, NULL, run, super);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	super->loading = !err;
	if (err) {
		close(super->load_fd);
		super->load_fd = -1;
	}
	return err;
}

void super_load_end(struct super *super)
{
	if (!super->loading)
		return;
	(void)pthread_join(super->loader, NULL);
	close(super->load_fd);
	super->load_fd = -1;
	super->loading = false;
}
