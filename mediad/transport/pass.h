/*
 * pass.h  A connection handed from one worker of the box to another
 *
 * All workers accept on one port, but a call lives in one of them. Each has a
 * datagram socket in the state folder, which is the daemon's alone; the
 * descriptor goes over it (unix(7), SCM_RIGHTS) with what was read so far.
 * One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_PASS_H
#define MEDIAD_PASS_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct pass;

enum {
	PASS_BYTES_MAX = 2050 /* a frame and its length */
};

struct pass_msg {
	struct sa src;
	uint8_t sock; /* of the listener, the same number in all workers */
	uint16_t len;
	uint8_t bytes[PASS_BYTES_MAX]; /* read so far */
};

/* fd is the handler's to close. */
typedef void(pass_recv_h)(int fd, const struct pass_msg *msg, void *arg);

struct pass_params {
	const char *dir;  /* that nobody else can write to */
	const char *node;
	uint8_t slot;
	pass_recv_h *recvh;
	void *arg;
};

/* ENAMETOOLONG: the folder's path is too long for a socket. The caller owns
 * *passp. */
int pass_alloc(struct pass **passp, const struct pass_params *params);
/* fd stays the caller's. ENOENT, ECONNREFUSED: no such worker; EAGAIN: it
 * cannot take more now. */
int pass_send(struct pass *pass, uint8_t slot, int fd,
	      const struct pass_msg *msg);
uint8_t pass_slot(const struct pass *pass);

#endif
