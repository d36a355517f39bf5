/*
 * ctl_client.h  The asking side of the control protocol (sigd)
 *
 * Requests go to the stream `cb:{n:<node>/<slot>}:cmd` of a media worker, in
 * the order of the calls; answers come on our own `cb:{n:...}:ans`. A request
 * without an answer is sent once more after half its time (the worker gives
 * the same answer for the same id) and fails with ETIMEDOUT after it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_CLIENT_H
#define COMMON_CONTROL_CTL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/control/ctl_msg.h"
#include "common/control/ctl_peer.h"

struct ctl_client;

/*
 * Called once per request, from the loop. err 0: ans is valid during the
 * call; it may still be a refusal (ans->status). ETIMEDOUT: nobody answered;
 * whether it was done is not known. ECONNRESET: Redis was lost before it
 * said that it has the request; whether it has is not known. EPROTO: Redis
 * refused it.
 */
typedef void(ctl_answer_h)(int err, const struct ctl_ans *ans, void *arg);

/* ttl_ms: of each request, up to CTL_TTL_MAX_MS; 0: CTL_TTL_MS. mem_deref()
 * calls no handler. */
int ctl_client_alloc(struct ctl_client **clientp, const struct ctl_peer *peer,
		     uint32_t ttl_ms);

/* Redis is up and answers can be received. */
bool ctl_client_ready(const struct ctl_client *client);

/*
 * Ask the worker `dest` ("node/slot", its epoch from ctl_nodes; 0 when not
 * known, see ctl_check()). req is copied. ENOTCONN: not ready; EINVAL,
 * EMSGSIZE: not a valid request; ENOBUFS: too many are under way. On an error
 * the handler is not called.
 */
int ctl_call(struct ctl_client *client, const char *dest, uint32_t dest_epoch,
	     const struct ctl_req *req, ctl_answer_h *answerh, void *arg);

/* No answer is given to this owner any more (call from destructors). What was
 * asked is done nevertheless. */
void ctl_cancel(struct ctl_client *client, const void *arg);

/* Requests under way. */
uint32_t ctl_client_pending(const struct ctl_client *client);
const struct ctl_counts *ctl_client_counts(const struct ctl_client *client);
/* After a reload of keys. */
void ctl_client_keys(struct ctl_client *client, struct keyring *ring);

#endif
