/*
 * framed.h  Browsers behind firewalls: datagrams over TCP (RFC 4571), for ICE
 *           (RFC 6544, passive)
 *
 * A connection is nobody's until its first frame, a check, names a path of
 * this worker, and is looked after until a path has validated it. One whose
 * first frame names a path of a sibling is passed on to that (pass.h). What
 * nobody claims any more is closed within seconds. Its far address stands for
 * it, as with UDP. One thread.
 *
 * A reader that is slow loses packets, as on any network: what waits for it is
 * bounded. No allocation per packet as long as it reads.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_FRAMED_H
#define MEDIAD_FRAMED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct framed;
struct pass;
struct pass_msg;
struct wheel;

enum {
	FRAMED_FRAME_MAX = 2048,   /* bytes; longer ones end the connection */
	FRAMED_WAITING_MAX = 32768, /* bytes for a slow reader, a connection */
	FRAMED_NEW_MAX = 256,      /* that nobody has claimed yet; the oldest
				      gives way */
	FRAMED_NEW_HOST_MAX = 16,  /* of these from one host */
	FRAMED_NEW_MS = 5000,      /* until somebody claims it */
	FRAMED_LEFT_MS = 10000,    /* since nobody does any more */
};

/* Whose is a connection, by its first frame? */
enum framed_whose {
	FRAMED_NOBODYS,
	FRAMED_OURS,
	FRAMED_SIBLINGS /* *slot: whose */
};

struct framed_handlers {
	enum framed_whose (*whose)(const uint8_t *frame, size_t len,
				   uint8_t *slot, void *arg);
	/* A frame: PATH_HEADROOM before it, FRAMED_FRAME_MAX from it may be
	 * written. */
	void (*frame)(uint8_t *frame, size_t len, const struct sa *src,
		      void *arg);
	/* A path claims this address. */
	bool (*claimed)(const struct sa *src, void *arg);
};

struct framed_params {
	int fd;              /* listening, non-blocking; not closed by us */
	uint8_t sock;        /* its number among the mux's */
	uint32_t max;        /* connections; 1.. */
	struct wheel *wheel; /* both outlive it */
	struct pass *pass;   /* NULL: there are no siblings */
	const struct framed_handlers *h;
	void *arg;
};

/* The caller owns *framedp; mem_deref() closes all. */
int framed_alloc(struct framed **framedp, const struct framed_params *params);

/* Take over a connection that a sibling has passed on, in any case. */
void framed_adopt(struct framed *framed, int fd, const struct pass_msg *msg);

/* A frame of its own. ENOTCONN: no such connection; ENOBUFS: its reader is
 * slow, the packet is lost. */
int framed_send(struct framed *framed, const struct sa *dst,
		const uint8_t *pkt, size_t len);

struct framed_stats {
	uint64_t taken;   /* connections accepted, or adopted */
	uint64_t passed;  /* ... passed on */
	uint64_t refused; /* ... closed, because nobody claimed them, or there
			     were too many */
	uint64_t broken;  /* ... closed for what came */
	uint64_t lost;    /* packets for slow readers */
};
const struct framed_stats *framed_stats(const struct framed *framed);
uint32_t framed_count(const struct framed *framed);

#endif
