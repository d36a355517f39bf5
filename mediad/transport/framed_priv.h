/*
 * framed_priv.h  The parts of a set of framed connections
 *
 * framed.c has their life, framed_conn.c their bytes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_FRAMED_PRIV_H
#define MEDIAD_FRAMED_PRIV_H

#include "common/loop.h"
#include "common/wheel.h"
#include "mediad/transport/framed.h"
#include "mediad/transport/path.h"

enum {
	FRAMED_HEAD = 2, /* bytes of a frame's length */
	FRAMED_READ = 32768
};

struct framed_conn {
	struct le le;     /* by address */
	struct le new_le; /* as long as nobody has claimed it, by age */
	struct framed *set;
	struct loop_watch *watch;
	int fd;
	struct sa src;
	uint64_t since_ms; /* it was taken, or claimed last */
	bool named;        /* its first frame named a path of ours */
	bool adopted;      /* a sibling passed it on: once is enough */
	uint8_t *part;     /* of a frame; NULL: none */
	size_t npart;
	uint8_t *waiting; /* for a slow reader; NULL: none */
	size_t nwaiting;
};

struct framed {
	struct framed_params params;
	struct loop_watch *watch;
	struct hash *conns;
	struct list fresh; /* struct framed_conn.new_le */
	struct wheel_timer sweep;
	uint32_t count;
	struct framed_stats stats;
	uint8_t in[FRAMED_HEAD + FRAMED_FRAME_MAX + FRAMED_READ];
	uint8_t headroom[PATH_HEADROOM]; /* of frame */
	uint8_t frame[FRAMED_FRAME_MAX];
};

/* What there is to read, at most FRAMED_READ bytes. May end conn. */
void framed_conn_read(struct framed_conn *conn);
/* These bytes came. May end conn. */
void framed_conn_feed(struct framed_conn *conn, const uint8_t *bytes,
		      size_t len);
/* What waits for the reader. May end conn. */
void framed_conn_drain(struct framed_conn *conn);
int framed_conn_send(struct framed_conn *conn, const uint8_t *pkt, size_t len);

#endif
