/*
 * trace_homer.h  Sends packets to a capture server over UDP or TCP
 *
 * What is to be sent within TRACE_HOMER_WAIT_MS goes by one call of the kernel;
 * each packet says itself when it was. The loop never waits: what the socket does
 * not take is counted and lost; over TCP up to TRACE_HOMER_QUEUE bytes wait, and
 * a lost connection is made again after TRACE_HOMER_RETRY_MS.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRACE_TRACE_HOMER_H
#define SIGD_TRACE_TRACE_HOMER_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

struct trace_homer;
struct wheel;

enum {
	TRACE_HOMER_QUEUE = 1048576,
	TRACE_HOMER_WAIT_MS = 20,
	TRACE_HOMER_RETRY_MS = 2000,
};

struct trace_homer_counts {
	uint64_t sent; /* packets that the kernel took */
	uint64_t lost;
};

/* ENOMEM, or errno of the socket. */
int trace_homer_alloc(struct trace_homer **homerp, const struct sa *server,
		      bool tcp, struct wheel *wheel);
/* One whole packet. */
void trace_homer_send(struct trace_homer *homer, const uint8_t *data,
		      size_t len);
const struct trace_homer_counts *
trace_homer_counts(const struct trace_homer *homer);

#endif
