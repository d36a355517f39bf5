/*
 * queue.c  What waits in a socket's receive queue, and what it had no room for
 *
 * SPDX-License-Identifier: MIT
 */
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "mediad/transport/queue.h"

bool queue_look(struct queue_state *state, int fd)
{
	uint32_t mem[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(mem);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &len) ||
	    !mem[SK_MEMINFO_RCVBUF])
		return false;
	state->filled = (uint32_t)((uint64_t)mem[SK_MEMINFO_RMEM_ALLOC] * 1000 /
				   mem[SK_MEMINFO_RCVBUF]);
	state->lost = mem[SK_MEMINFO_DROPS];
	return true;
}
