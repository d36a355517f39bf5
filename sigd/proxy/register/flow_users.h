/*
 * flow_users.h  Who is registered over a connection
 *
 * When a connection ends, its bindings end with it: a call to a device that
 * is gone should say so at once, not ring into the void.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REGISTER_FLOW_USERS_H
#define SIGD_PROXY_REGISTER_FLOW_USERS_H

#include "sigd/proxy/proxy.h"

struct registrar_list;
struct token_pass;

enum { FLOW_USERS_MAX = 8 };

/* A user registered or called over this flow; UDP and flows of other workers
 * are passed over. The ninth is not noted: its binding ends by its own time. */
void flow_users_note(struct proxy *px, const struct flow_id *id,
		     const char *tenant, const char *user);
/* A REGISTER of a user has come to this: whether he is registered
 * over it now, and until when. That he is, or is not any more, is news; a
 * refresh is none, and that he does not come back in time tells who finds it
 * (reg_expiry.h). */
void flow_users_bound(struct proxy *px, const struct flow_id *id,
		      const char *tenant, const char *user,
		      const struct registrar_list *list);
/* Somebody else has unregistered him. */
void flow_users_unbound(struct proxy *px, const struct flow_id *id,
			const char *tenant, const char *user);
/* Which device of his (binding_device()): its round trips are kept. */
void flow_users_device(struct proxy *px, const struct flow_id *id,
		       const char *tenant, const char *user, uint32_t device);
/* 0: not known, or a flow of another worker. */
uint32_t flow_users_device_of(const struct proxy *px, const struct flow_id *id,
			      const char *tenant, const char *user);

/* Who registered or called over it. */
typedef void(flow_users_h)(const char *tenant, const char *user, void *arg);
void flow_users_each(const struct flow *flow, flow_users_h *h, void *arg);

/* What its WebSocket was opened with (tokens.h). The pass is referenced. */
int flow_users_pass_set(struct flow *flow, struct token_pass *pass);
/* NULL: none, or of another worker. */
struct token_pass *flow_users_pass(const struct proxy *px,
				   const struct flow_id *id);

#endif
