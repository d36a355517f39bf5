/*
 * smsg_sdp.h  The session description that a message carries
 *
 * The whole body, or the first fitting part of a multipart one (RFC 2046 5.1,
 * RFC 5621): what else is in there is for nobody here, and stays behind unless
 * its sender insists that it is understood.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SMSG_SDP_H
#define SIGD_SIP_SMSG_SDP_H

#include "sigd/sip/smsg.h"

enum {
	SMSG_PARTS_MAX = 16,     /* of one multipart body */
	SMSG_PARTS_DEPTH_MAX = 3 /* one in the other */
};

/*
 * *sdp points into the message; it is empty when that has no body. EPROTO: a
 * body that is no session description (RFC 3261 8.2.3: 415), *sdp is empty.
 */
int smsg_sdp(const struct smsg *msg, struct pl *sdp);

#endif
