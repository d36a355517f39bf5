/*
 * pass.c  A connection handed from one worker of the box to another
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "mediad/transport/pass.h"

enum {
	AT_ONCE = 16 /* taken at a wake-up */
};

struct pass {
	struct pass_params params;
	struct loop_watch *watch;
	int fd;
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char node[32];
};

/* One descriptor in a message. */
union pass_rights {
	struct cmsghdr align;
	uint8_t space[CMSG_SPACE(sizeof(int))];
};

static int address(struct sockaddr_un *un, const struct pass *pass,
		   uint8_t slot)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	return re_snprintf(un->sun_path, sizeof(un->sun_path),
			   "%s/mediad-%s-%u.pass", pass->dir, pass->node,
			   slot) < 0
		       ? ENAMETOOLONG
		       : 0;
}

static void destructor(void *arg)
{
	struct pass *pass = arg;
	struct sockaddr_un un;

	mem_deref(pass->watch);
	if (pass->fd < 0)
		return;
	close(pass->fd);
	if (!address(&un, pass, pass->params.slot))
		(void)unlink(un.sun_path);
}

static int rights_of(struct msghdr *hdr)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(hdr);
	int fd;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(fd)))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* False: there is no more. */
static bool take(struct pass *pass)
{
	struct pass_msg msg;
	union pass_rights rights;
	struct iovec iov = {&msg, sizeof(msg)};
	struct msghdr hdr = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = rights.space,
			     .msg_controllen = sizeof(rights.space)};
	ssize_t n = recvmsg(pass->fd, &hdr, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int fd;

	if (n < 0)
		return errno == EINTR;
	fd = rights_of(&hdr);
	if (fd < 0)
		return true;
	/* of another build, while this one replaces it: not understood */
	if (n == sizeof(msg) && msg.len <= PASS_BYTES_MAX)
		pass->params.recvh(fd, &msg, pass->params.arg);
	else
		close(fd);
	return true;
}

static void on_ready(int flags, void *arg)
{
	(void)flags;
	for (unsigned i = 0; i < AT_ONCE && take(arg); i++)
		;
}

static int sock_open(struct pass *pass)
{
	struct sockaddr_un un;
	int err = address(&un, pass, pass->params.slot);

	if (err)
		return err;
	pass->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			  0);
	if (pass->fd < 0)
		return errno;
	(void)unlink(un.sun_path); /* of who died */
	if (bind(pass->fd, (struct sockaddr *)&un, sizeof(un)) ||
	    chmod(un.sun_path, 0600))
		return errno;
	return loop_watch_alloc(&pass->watch, pass->fd, LOOP_READ, on_ready,
				pass);
}

int pass_alloc(struct pass **passp, const struct pass_params *params)
{
	struct pass *pass = mem_zalloc(sizeof(*pass), destructor);
	int err;

	if (!pass)
		return ENOMEM;
	pass->fd = -1;
	pass->params = *params;
	if (strlen(params->dir) >= sizeof(pass->dir) ||
	    strlen(params->node) >= sizeof(pass->node)) {
		mem_deref(pass);
		return ENAMETOOLONG;
	}
	str_ncpy(pass->dir, params->dir, sizeof(pass->dir));
	str_ncpy(pass->node, params->node, sizeof(pass->node));
	err = sock_open(pass);
	if (err)
		mem_deref(pass);
	else
		*passp = pass;
	return err;
}

int pass_send(struct pass *pass, uint8_t slot, int fd,
	      const struct pass_msg *msg)
{
	union pass_rights rights = {.space = {0}};
	struct sockaddr_un un;
	struct iovec iov = {(void *)(uintptr_t)msg, sizeof(*msg)};
	struct msghdr hdr = {.msg_name = &un,
			     .msg_namelen = sizeof(un),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = rights.space,
			     .msg_controllen = sizeof(rights.space)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&hdr);
	int err = address(&un, pass, slot);

	if (err)
		return err;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(pass->fd, &hdr, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno
									: 0;
}

uint8_t pass_slot(const struct pass *pass)
{
	return pass->params.slot;
}
