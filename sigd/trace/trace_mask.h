/*
 * trace_mask.h  What nobody may read in a trace
 *
 * Whoever may look at a call's messages must not learn from them how to log
 * in, to listen, or what was typed. These are written as "***":
 *
 *	Authorization, Proxy-Authorization: response, and all behind any other
 *		scheme than Digest (RFC 8760, 8898)
 *	Authentication-Info, Proxy-Authentication-Info: rspauth
 *	access_token= and pn-prid= of any header (RFC 6750 2.3, 8599)
 *	a=crypto: what stands behind "inline:" (RFC 4568); a=ice-pwd
 *	keys: bodies of type application/dtmf-relay and application/dtmf
 *
 * What is no SIP message is masked by the same lines. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRACE_TRACE_MASK_H
#define SIGD_TRACE_TRACE_MASK_H

#include <stdbool.h>
#include <re.h>

/* Appends the message at the buffer's position. keys: may they be read?
 * ENOMEM. */
int trace_mask(struct mbuf *mb, const struct pl *sip, bool keys);

#endif
