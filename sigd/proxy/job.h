/*
 * job.h  A request outside dialogs, while it is served
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_JOB_H
#define SIGD_PROXY_JOB_H

#include "sigd/proxy/request.h"

void job_start(struct request *rq, struct txn_srv *st);
/* A CANCEL for the INVITE of this transaction. False: no job has it. */
bool job_cancel(struct proxy *px, const struct txn_srv *st);

#endif
