/*
 * listener.c  A socket that the parent opens for each of its children
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/listener.h"

enum {
	BACKLOG = 1024
};

static int set_on(int fd, int level, int name)
{
	const int on = 1;

	return setsockopt(fd, level, name, &on, sizeof(on)) ? errno : 0;
}

/* The wanted size, or the most that is allowed without privilege. */
static void set_size(int fd, int size, int force, int name)
{
	if (size <= 0)
		return;
	if (setsockopt(fd, SOL_SOCKET, force, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, name, &size, sizeof(size));
}

static int sock_options(int fd, const struct listener *listener, bool shared)
{
	int err = 0;

	if (listener->proto == LISTENER_TCP)
		err = set_on(fd, SOL_SOCKET, SO_REUSEADDR);
	if (!err && shared)
		err = set_on(fd, SOL_SOCKET, SO_REUSEPORT);
	if (!err && sa_af(&listener->addr) == AF_INET6)
		err = set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	set_size(fd, listener->rcvbuf, SO_RCVBUFFORCE, SO_RCVBUF);
	set_size(fd, listener->sndbuf, SO_SNDBUFFORCE, SO_SNDBUF);
	return err;
}

static int sock_bind(int *fdp, const struct listener *listener,
		     const struct sa *addr, bool shared)
{
	bool tcp = listener->proto == LISTENER_TCP;
	int fd, err;

	fd = socket(sa_af(addr),
		    (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK |
			    SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		return errno;

	err = sock_options(fd, listener, shared);
	if (!err && bind(fd, &addr->u.sa, addr->len))
		err = errno;
	/* with SO_REUSEADDR only listen() tells that another one listens */
	if (!err && tcp &&
	    listen(fd, listener->backlog > 0 ? listener->backlog : BACKLOG))
		err = errno;
	if (err)
		close(fd);
	else
		*fdp = fd;
	return err;
}

static int check_unused(const struct listener *listener, const struct sa *addr)
{
	int fd, err;

	if (!sa_port(addr))
		return 0;
	err = sock_bind(&fd, listener, addr, false);
	if (!err)
		close(fd);
	return err;
}

static int local_port(int fd, uint16_t *port)
{
	struct sa local;

	memset(&local, 0, sizeof(local));
	local.len = sizeof(local.u);
	if (getsockname(fd, &local.u.sa, &local.len))
		return errno;

	*port = sa_port(&local);
	return 0;
}

static void explain(char *errbuf, size_t errlen,
		    const struct listener *listener, const struct sa *addr,
		    int err)
{
	const char *proto = listener->proto == LISTENER_TCP ? "tcp" : "udp";
	const char *what = err == EADDRINUSE ? "in use by another program"
			   : err == EADDRNOTAVAIL
				   ? "not an address of this host"
			   : err == EACCES ? "not allowed without privilege"
					   : strerror(err);

	(void)re_snprintf(errbuf, errlen,
			  "listener %s: %J/%s is %s; to choose another, %s",
			  listener->name, addr, proto, what,
			  listener->hint ? listener->hint
					 : "change its address");
}

int listener_open(const struct listener *listener, uint8_t slot, uint16_t *port,
		  int *fdp, char *errbuf, size_t errlen)
{
	bool shared = listener->use == LISTENER_SHARED;
	struct sa addr = listener->addr;
	unsigned nr = sa_port(&addr);
	int fd = -1, err = 0;

	if (listener->use == LISTENER_PER_SLOT && nr)
		nr += slot - 1u;
	else if (shared && !nr)
		nr = *port;
	if (nr > UINT16_MAX)
		err = ERANGE;
	sa_set_port(&addr, (uint16_t)nr);
	if (!err && (slot <= 1 || !shared))
		err = check_unused(listener, &addr);
	if (!err)
		err = sock_bind(&fd, listener, &addr, shared);
	if (!err)
		err = local_port(fd, port);
	if (err) {
		explain(errbuf, errlen, listener, &addr, err);
		if (fd >= 0)
			close(fd);
		return err;
	}
	*fdp = fd;
	return 0;
}
