/*
 * queue.h  What waits in a socket's receive queue, and what it had no room for
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_QUEUE_H
#define MEDIAD_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct queue_state {
	uint32_t filled; /* 1/1000 of what the kernel lets it have */
	uint32_t lost;   /* since the socket was made, mod 2^32 */
};

/* One system call. False: the kernel does not tell. */
bool queue_look(struct queue_state *state, int fd);

#endif
