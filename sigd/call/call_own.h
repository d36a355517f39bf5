/*
 * call_own.h  A request of our own within a call
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CALL_OWN_H
#define SIGD_CALL_CALL_OWN_H

#include "sigd/call/call_record.h"

/*
 * The record of a call that is up, to send one request to this side: what goes
 * to it is one CSeq ahead from then on, and the request has the number
 * `cseq of the other side` + `shift of this one`. STATUS_UNKNOWN_DIALOG: it is
 * not up. Else as call_record_load().
 */
int call_own_request(struct call_ask **askp, struct redis_link *link,
		     const char *call, unsigned side, call_record_h *h,
		     void *arg);

#endif
