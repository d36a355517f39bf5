/*
 * super_notify.c  Tells systemd how the daemon is: the protocol of
 *                 sd_notify(3), without its library
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/super_priv.h"

void super_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	socklen_t addr_len;
	size_t len;
	int fd;

	len = path ? strlen(path) : 0;
	if (len < 2 || len >= sizeof(addr.sun_path))
		return;
	if (path[0] != '/' && path[0] != '@')
		return;

	memcpy(addr.sun_path, path, len);
	if (path[0] == '@') /* the abstract namespace, unix(7) */
		addr.sun_path[0] = '\0';
	addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		     (struct sockaddr *)&addr, addr_len);
	close(fd);
}
