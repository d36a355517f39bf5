/*
 * reg_reply.h  The 200 of a REGISTER: what is bound
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REGISTER_REG_REPLY_H
#define SIGD_PROXY_REGISTER_REG_REPLY_H

#include "sigd/proxy/proxy_priv.h"
#include "sigd/registrar/registrar.h"

/* Every binding with what is left of it (RFC 3261 10.3 step 8). outbound: flows
 * of RFC 5626 are kept for it. */
void reg_reply(struct proxy *px, struct txn_srv *st,
	       const struct registrar_list *list, bool outbound);

#endif
