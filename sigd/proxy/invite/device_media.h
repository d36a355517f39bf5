/*
 * device_media.h  Whose RTP is taken for that of a user's device
 *
 * Behind NAT the SDP of a telephone names an address that is not ours to
 * reach. What its RTP will come from is not known either, but that is most
 * likely the host that its SIP comes from, and nobody else's: `learn-once`
 * is bound to it (docs/decisions/0015).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_INVITE_DEVICE_MEDIA_H
#define SIGD_PROXY_INVITE_DEVICE_MEDIA_H

#include "common/control/ctl_msg.h"
#include "sigd/proxy/proxy_priv.h"

struct branch;
struct invite;

enum { DEVICE_NET_MAX = 64 };

/* Its SIP comes from another host than `said`, the host that it takes itself
 * for (of its Contact or Via; unset: none). False for what is no address and
 * peer, such as a WebSocket. */
bool device_behind_nat(const struct flow_id *flow, const struct pl *said);

/* How the leg of the caller, and of a try, is spoken to. */
enum ctl_profile device_caller_profile(const struct invite *inv);
enum ctl_profile device_branch_profile(const struct branch *branch);

/* What the leg of the caller, and of a try, is made with; a connection's is as
 * its configuration says. net: room for terms->networks. */
void device_caller_terms(struct ctl_terms *terms, char net[DEVICE_NET_MAX],
			 const struct invite *inv);
void device_branch_terms(struct ctl_terms *terms, char net[DEVICE_NET_MAX],
			 const struct branch *branch);

/* The same of a side of a call that is up, by its record. */
void device_side_terms(struct ctl_terms *terms, char net[DEVICE_NET_MAX],
		       const struct proxy *px, const struct call_record *rec,
		       unsigned side);

#endif
