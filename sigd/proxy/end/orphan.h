/*
 * orphan.h  A response to a worker that died, or that nobody wants
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_END_ORPHAN_H
#define SIGD_PROXY_END_ORPHAN_H

#include "sigd/proxy/proxy_priv.h"

/* A response to a worker that died. False: it is for nobody. */
bool orphan_serve(struct proxy *px, const struct transport_src *src,
		  const struct smsg *msg);
/* A 2xx that nobody wants: ACK; and BYE, if it is to end now. */
int orphan_release(struct proxy *px, const struct flow_id *flow,
		   const struct smsg *msg, bool bye);

#endif
