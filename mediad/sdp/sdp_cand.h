/*
 * sdp_cand.h  ICE candidate lines (RFC 8839 5.1), read and filtered
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_CAND_H
#define MEDIAD_SDP_CAND_H

#include "mediad/sdp/sdp_model.h"

/*
 * Reads the value of an a=candidate. False when it is not for us: broken,
 * TCP, a name (mDNS too), a component but 1 and 2, or an address that
 * sdpm_addr_usable() refuses. foundation points into text.
 */
bool sdpm_cand_read(struct sdpm_cand *cand, const struct pl *text);

/*
 * May a packet ever be sent there because a peer said so: a unicast address
 * with a port, not unspecified, loopback, link-local, multicast, broadcast or
 * reserved, and none of these inside an IPv6 form (mapped, compatible, 6to4,
 * NAT64). Private networks are usable.
 */
bool sdpm_addr_usable(const struct sa *addr);

#endif
