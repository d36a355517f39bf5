/*
 * tube_priv.h  The parts of the tunnel; for common/tube*.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_TUBE_PRIV_H
#define COMMON_TUBE_PRIV_H

#include "common/loop.h"
#include "common/tube_frame.h"
#include "common/wheel.h"

struct tube_tls;
struct tube_unix;

struct tube {
	struct tube_params p; /* self is a copy */
	struct tube_counts counts;
	struct tube_unix *unix_end;
	struct tube_tls *tls;
	uint8_t *buf; /* TUBE_FRAME_MAX + 1, to read and to write one frame */
};

/* A frame that waits for its peer. */
struct tube_out {
	struct le le;
	size_t len;
	uint8_t data[];
};

struct tube_queue {
	struct list list; /* struct tube_out */
	size_t bytes;
};

/* A listening socket. */
struct tube_door {
	struct loop_watch *watch;
	struct wheel_timer rest;
	int fd; /* -1: none */
};

/* tube.c */
/* The next connection, -1: none now. Without descriptors the door rests for a
 * while: the socket stays readable. */
int tube_door_accept(struct tube_door *door, struct wheel *wheel);
void tube_door_close(struct tube_door *door);
int tube_queue_add(struct tube_queue *queue, const uint8_t *data, size_t len);
void tube_queue_drop_first(struct tube_queue *queue);
/* The peer went away: its frames are lost, and their senders are told. */
void tube_queue_lose(struct tube_queue *queue, struct tube *tube);
/* A frame came in a box (node: NULL) or from another node, which its
 * certificate names. */
void tube_input(struct tube *tube, const uint8_t *buf, size_t len,
		bool (*speaks_for)(const char *node, void *arg), void *arg);

/* tube_unix.c */
int tube_unix_alloc(struct tube_unix **endp, struct tube *tube);
int tube_unix_send(struct tube_unix *end, uint8_t slot, const uint8_t *data,
		   size_t len);

/* tube_tls.c */
int tube_tls_alloc(struct tube_tls **tlsp, struct tube *tube,
		   const struct tube_tls_cfg *cfg);
int tube_tls_renew(struct tube_tls *tls, char *errbuf, size_t errlen);
int tube_tls_send(struct tube_tls *tls, const char *node, const uint8_t *data,
		  size_t len);

#endif
