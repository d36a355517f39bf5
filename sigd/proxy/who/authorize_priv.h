/*
 * authorize_priv.h  What digest and tokens share (authorize.c,
 *                   authorize_token.c)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_AUTHORIZE_PRIV_H
#define SIGD_PROXY_WHO_AUTHORIZE_PRIV_H

#include "sigd/proxy/who/authorize.h"

enum {
	AUTHORIZE_BEARER_MAX = 512
};

/* Authorization for REGISTER, Proxy-Authorization for all else. */
enum shdr_id authorize_header(const struct smsg *msg);

/* As whom it asks with a token, its own or that of its connection; nothing is
 * checked of it. False: with none. */
bool authorize_token_name(struct pl *name, char text[CALL_TEXT_MAX],
			  const struct proxy *px,
			  const struct authorize_ask *ask);
/* False: the request shows none. */
bool authorize_by_token(struct authorized *who, const struct proxy *px,
			const struct authorize_ask *ask, enum status *code);
/* False: its connection was opened without one, or that is over: it has ended,
 * or the tenant knows its issuer no more. */
bool authorize_by_flow(struct authorized *who, const struct proxy *px,
		       const struct authorize_ask *ask, enum status *code);
/* failed: it showed a token that is not right. */
int authorize_bearer_challenge(char val[AUTHORIZE_BEARER_MAX],
			       const struct route_tenant *tenant, bool failed);

#endif
