/*
 * form.h  What the routes made of a request: its numbers, name and headers
 *         (routing/route_plan.h), in what goes out
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_FORM_H
#define SIGD_PROXY_FORM_H

#include "routing/route_plan.h"
#include "sigd/proxy/side.h"
#include "sigd/sip/smsg_edit.h"

/* The number that is called there; form NULL: asked. */
struct pl form_callee(const struct route_form *form, const struct pl *asked);

/* The number that calls, if the routes have changed it; else as it is. For
 * caller_ask.given. */
struct pl form_caller(const struct route_form *form, const struct pl *given);

/*
 * Into From, behind what the connection's own policy says
 * (side_names_shown()): that goes first. host: of the URI. EOVERFLOW.
 */
int form_show(struct side_names *names, const struct route_form *form,
	      const struct pl *host);

/* Headers; last of all edits. */
void form_edit(struct smsg_edit *ed, const struct route_form *form);

#endif
