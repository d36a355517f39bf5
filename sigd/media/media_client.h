/*
 * media_client.h  Asking mediad: which worker, and what
 *
 * A thin face over the control protocol (common/control): it knows the media
 * workers by their heartbeats, picks one for a new session, and looks up the
 * epoch of a session's worker at each request (a session outlives its worker's
 * process, see docs/state-file.md).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_MEDIA_MEDIA_CLIENT_H
#define SIGD_MEDIA_MEDIA_CLIENT_H

#include <stdint.h>

#include "common/control/ctl_msg.h"

struct media_client;
struct media_ask;

struct ctl_client;
struct ctl_nodes;

/* Both stay the caller's, and outlive the client. */
int media_client_alloc(struct media_client **clientp, struct ctl_client *ctl,
		       const struct ctl_nodes *nodes);

/* "node/slot" of the first worker from *at on that wants its sessions moved, and
 * the next place to look; NULL: there are no more. Valid until the loop goes
 * on. */
const char *media_client_leaving(const struct media_client *client,
				 size_t *at);

/* ans is valid during the call; its status says STATUS_TIMEOUT or
 * STATUS_REDIS_DOWN when no answer came. */
typedef void(media_answer_h)(const struct ctl_ans *ans, void *arg);

/* "node/slot" of the worker for a new session: the one with the least load
 * among those that are up. but: not this one, or none of this node; NULL: any. NULL: none is. Valid
 * until the next call. */
const char *media_client_pick(struct media_client *client, const char *but);

/*
 * Ask the worker at `at` ("node/slot"). Requests to one worker are served in
 * the order sent. The caller owns the question: mem_deref() ends it
 * unanswered. Errors: ENOTCONN (Redis is away), EHOSTUNREACH (no such worker
 * alive), ENOMEM, EMSGSIZE.
 */
int media_client_ask(struct media_ask **askp, struct media_client *client,
		     const char *at, const struct ctl_req *req,
		     media_answer_h *h, void *arg);

/* Ask without interest in the answer. */
int media_client_tell(struct media_client *client, const char *at,
		      const struct ctl_req *req);

#endif
