/*
 * rebind.h  A device in a call loses its connection, and comes back, or not
 *
 * Calls that are up are noted with the flows of their devices
 * (sigd/registrar/aor_calls.h). When a flow ends, each of its calls gets a
 * durable deadline: proxy_cfg.flow_grace_ms. When the device registers again,
 * through any worker, its calls go over the new flow. When the deadline
 * passes first, the other side gets BYE, and the CDR says flow-lost.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_END_REBIND_H
#define SIGD_PROXY_END_REBIND_H

#include "sigd/proxy/proxy_priv.h"
#include "sigd/registrar/aor_calls.h"

int rebind_start(struct proxy *px);

/* A call is up; it has ended. */
void rebind_up(struct proxy *px, const struct call_record *rec);
void rebind_ended(struct proxy *px, const struct call_record *rec);

/* A flow of this user has ended. */
void rebind_lost(struct proxy *px, const struct registrar_aor *aor,
		 const struct aor_flow *flow);
/* This side's flow has ended: it has the grace to come back. */
void rebind_grace(struct proxy *px, const struct aor_call *call,
		  const struct aor_flow *flow);
/* Devices of this user have registered over this flow. */
void rebind_back(struct proxy *px, const struct registrar_aor *aor,
		 const char *devices, const struct aor_flow *flow);
/* The names among the bindings of all that this REGISTER binds, a line each;
 * NULL: none. The caller owns it. */
char *rebind_devices(const struct reg_request *req);

#endif
