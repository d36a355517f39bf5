/*
 * lb_wait.h  Connections of load balancers whose header has not come yet
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_LB_WAIT_H
#define SIGD_TRANSPORT_LB_WAIT_H

#include <stdint.h>
#include <re.h>

struct transport_counts;
struct wheel;

/* The header is there and read away. remote: the client, or the balancer when
 * it speaks for itself. fd is the handler's from now on. */
typedef void(lb_wait_done_h)(int fd, const struct sa *remote, void *arg);
/* It will not come: fd is closed. */
typedef void(lb_wait_gone_h)(void *arg);

struct lb_wait_params {
	struct wheel *wheel;
	struct transport_counts *counts; /* borrowed, as is wheel */
	uint32_t wait_ms;
	lb_wait_done_h *doneh;
	lb_wait_gone_h *goneh;
	void *arg;
};

/*
 * Reads the header from fd, which is taken over without an error; one of the
 * handlers may have been called before it returns. It is in list until then;
 * list_flush() closes what waits and calls nobody.
 */
int lb_wait_add(struct list *list, int fd, const struct sa *peer,
		const struct lb_wait_params *params);

#endif
