/*
 * sdp_read.h  Session description: text to struct sdpm_desc (RFC 8866)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_READ_H
#define MEDIAD_SDP_READ_H

#include "mediad/sdp/sdp_model.h"

/*
 * Reads len bytes of text (need not end in 0; lines end in CRLF or LF). The
 * caller owns *descp, which keeps its own copy of the text. Pure, linear in
 * len, bounded by the limits of sdp_model.h.
 *
 * Unknown attributes, candidates that are no literal UDP unicast address
 * (mDNS names, TCP, loopback) and attributes whose value means nothing are
 * left out; what contradicts the grammar or itself is refused.
 *
 * 0; EBADMSG: error (not NULL) tells line and reason, error->sip is 400 or
 * 488; ENOMEM.
 */
int sdpm_read(struct sdpm_desc **descp, const char *text, size_t len,
	      struct sdpm_error *error) __attribute__((warn_unused_result));

#endif
