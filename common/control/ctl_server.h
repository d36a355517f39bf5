/*
 * ctl_server.h  The answering side of the control protocol (mediad)
 *
 * Reads our command stream from its end on, checks each entry (ctl_codec.h)
 * and hands it to one handler, in the order of the stream. The handler
 * answers now or later, exactly once. Answers are kept for as long as their
 * request holds: a repeated id gets the same answer and is not done again.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_SERVER_H
#define COMMON_CONTROL_CTL_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/control/ctl_msg.h"
#include "common/control/ctl_peer.h"

struct ctl_server;
struct ctl_job;

/* req is valid during the call. job is the server's, and valid until it is
 * answered. The server may not be freed inside. */
typedef void(ctl_request_h)(struct ctl_job *job, const struct ctl_req *req,
			    void *arg);

int ctl_server_alloc(struct ctl_server **serverp, const struct ctl_peer *peer,
		     ctl_request_h *requesth, void *arg);

/* Commands sent from now on are seen: the time to send heartbeats. */
bool ctl_server_ready(const struct ctl_server *server);

/* ans is copied. An answer that cannot be sent (Redis is away) is kept for a
 * repeated request. */
void ctl_answer(struct ctl_job *job, const struct ctl_ans *ans);
/* The same with a status alone. */
void ctl_answer_status(struct ctl_job *job, enum status status);

/* Requests not answered yet. */
uint32_t ctl_server_open(const struct ctl_server *server);
const struct ctl_counts *ctl_server_counts(const struct ctl_server *server);
/* After a reload of keys. */
void ctl_server_keys(struct ctl_server *server, struct keyring *ring);

#endif
