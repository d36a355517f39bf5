/*
 * redis_name.c  The address behind a host's name, asked for by a thread
 *
 * getaddrinfo() waits for name servers, seconds long when they are away, and a
 * worker asks again each time it has lost its server: just when its loop must
 * not stand still. The thread owns what it was given and tells its answer
 * through a pipe; whoever goes first, the other end does not mind.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "common/redis_priv.h"

struct redis_name {
	struct loop_watch *watch;
	int fd; /* -1: none */
	redis_name_h *nameh;
	void *arg;
};

/* The thread's own, not libre's memory. */
struct job {
	int fd;
	char host[];
};

/* Passes the pipe whole: it is shorter than PIPE_BUF. */
struct said {
	char ip[INET6_ADDRSTRLEN]; /* "": none */
	char why[REDIS_WHY_MAX];
};

static void name_destructor(void *arg)
{
	struct redis_name *name = arg;

	mem_deref(name->watch);
	if (name->fd >= 0)
		close(name->fd);
}

/* --- in the thread -------------------------------------------------------------- */

static int ask(struct said *said, const char *host, int family)
{
	const struct addrinfo hints = {.ai_family = family,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int err = getaddrinfo(host, NULL, &hints, &found);

	if (!err)
		err = getnameinfo(found->ai_addr, found->ai_addrlen, said->ip,
				  sizeof(said->ip), NULL, 0, NI_NUMERICHOST);
	if (found)
		freeaddrinfo(found);
	return err;
}

/* IPv4 first, as hiredis would. */
static void *work(void *arg)
{
	struct job *job = arg;
	struct said said;
	ssize_t n;
	int err;

	memset(&said, 0, sizeof(said));
	err = ask(&said, job->host, AF_INET);
	if (err)
		err = ask(&said, job->host, AF_INET6);
	if (err) {
		said.ip[0] = '\0';
		strncpy(said.why, gai_strerror(err), sizeof(said.why) - 1);
	}
	n = write(job->fd, &said, sizeof(said));
	(void)n; /* nobody waits any more */
	close(job->fd);
	free(job);
	return NULL;
}

/* --- in the loop ---------------------------------------------------------------- */

static void on_said(int flags, void *arg)
{
	struct redis_name *name = arg;
	struct said said;
	ssize_t n = read(name->fd, &said, sizeof(said));

	(void)flags;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	name->watch = mem_deref(name->watch);
	if (n == (ssize_t)sizeof(said) && said.ip[0])
		name->nameh(said.ip, NULL, name->arg);
	else
		name->nameh(NULL,
			    n == (ssize_t)sizeof(said) ? said.why
						       : "no name service",
			    name->arg);
}

/* No signal is the thread's matter. */
static int start_thread(struct job *job)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;
	int err = pthread_attr_init(&attr);

	if (err)
		return err;
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, &attr, work, job);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	return err;
}

static int start(struct redis_name *name, const char *host)
{
	size_t len = strlen(host);
	struct job *job;
	int fds[2], err;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return errno;
	name->fd = fds[0];
	job = malloc(sizeof(*job) + len + 1);
	err = job ? loop_watch_alloc(&name->watch, fds[0], LOOP_READ, on_said,
				     name)
		  : ENOMEM;
	if (!err) {
		job->fd = fds[1];
		memcpy(job->host, host, len + 1);
		err = start_thread(job);
	}
	if (err) {
		close(fds[1]);
		free(job);
	}
	return err;
}

bool redis_name_is_ip(const char *host)
{
	struct in6_addr addr;

	return inet_pton(AF_INET, host, &addr) == 1 ||
	       inet_pton(AF_INET6, host, &addr) == 1;
}

int redis_name_alloc(struct redis_name **namep, const char *host,
		     redis_name_h *nameh, void *arg)
{
	struct redis_name *name = mem_zalloc(sizeof(*name), name_destructor);
	int err;

	if (!name)
		return ENOMEM;

	name->fd = -1;
	name->nameh = nameh;
	name->arg = arg;
	err = start(name, host);
	if (err)
		mem_deref(name);
	else
		*namep = name;
	return err;
}
