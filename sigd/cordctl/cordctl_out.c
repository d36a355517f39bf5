/*
 * cordctl_out.c  Whether what was printed has come to whom it is for
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sigd/cordctl/cordctl.h"

bool cordctl_unread(void)
{
	return fflush(stdout) || ferror(stdout);
}

/* A reader that has left (head) has what it wanted: nothing is said of it. */
static bool has_left(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

int cordctl_out(int code)
{
	errno = 0;
	if (!cordctl_unread())
		return code;
	if (!has_left())
		(void)re_fprintf(stderr, "cordctl: standard output: %s\n",
				 errno ? strerror(errno)
				       : "it cannot be written");
	return code ? code : CORDCTL_OUTPUT;
}
