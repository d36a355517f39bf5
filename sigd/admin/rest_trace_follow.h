/*
 * rest_trace_follow.h  What is said, read from all the traces that are followed
 *
 * A question may cost so much: what is kept of it, what is unpacked for it. The
 * rest comes with the next question; or, when even that is too much, it is told
 * that something is missing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_TRACE_FOLLOW_H
#define SIGD_ADMIN_REST_TRACE_FOLLOW_H

#include "sigd/admin/rest_follow_work.h"
#include "sigd/admin/rest_trace.h"
#include "sigd/trace/trace_said.h"

enum {
	FOLLOW_TRACES = 64, /* at once: of more the last ones */
	FOLLOW_MESSAGES = 2 * REST_LIMIT_MAX + 2,
	FOLLOW_BYTES = 2 * 1024 * 1024,
};

/* Takes what is behind after_us of the traces of this label. What is unpacked
 * is taken from *left. False: resp is an error. */
bool rest_trace_gather(struct trace_said *said, size_t *left,
		       const struct admin_req *req, struct admin_resp *resp,
		       struct admin *admin, const char *label,
		       uint64_t after_us);

#endif
