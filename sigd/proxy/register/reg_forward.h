/*
 * reg_forward.h  A REGISTER that the tenant's PBX answers
 *
 * For tenants with `registration: forwarded`: the PBX challenges the device
 * under its own realm and takes it down as an extension; we stand between, as
 * RFC 3327 and RFC 5626 have an edge proxy do. What the PBX has bound is bound
 * here for as long, with the flow, and so is found by every worker.
 *
 *   device -- REGISTER --> us -- REGISTER --> PBX
 *     Contact: its own           Contact: a token of ours (device_token.h)
 *     Authorization              the same; Path: the same token
 *   device <-- 401, 403, 423 ... -- as it came
 *   device <-- 200: its own Contact, with the time that the PBX gave
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REGISTER_REG_FORWARD_H
#define SIGD_PROXY_REGISTER_REG_FORWARD_H

#include "sigd/call/device_token.h"
#include "sigd/proxy/proxy_priv.h"

struct route_tenant;

struct reg_forward_params {
	struct txn_srv *st;
	struct route_table *table;         /* is kept (mem_ref()) */
	const struct route_tenant *tenant; /* of it; forwarded */
	const char *user;                  /* of its To, unescaped */
};

/* Takes over the server transaction. */
void reg_forward_start(struct proxy *px,
		       const struct reg_forward_params *params);

/* A request that names a device of ours: by the Contact that its PBX has, or
 * by our Path, as the topmost Route. It proves nothing: the source must be
 * right too. */
bool reg_forward_named(struct device_token *token, const struct proxy *px,
		       const struct smsg *msg);

#endif
