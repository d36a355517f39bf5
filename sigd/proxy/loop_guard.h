/*
 * loop_guard.h  INVITEs that come round again, and how far they may spread
 *
 * RFC 5393. What goes out has our Via alone, and its branch holds a hash of
 * what the routes were asked: who comes back by whatever way with the same
 * question is going round (482). With another question it is a spiral, which
 * Max-Forwards ends. The breadth that a request may take is shared out among
 * the devices that ring at once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_LOOP_GUARD_H
#define SIGD_PROXY_LOOP_GUARD_H

#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/proxy_priv.h"

enum {
	BREADTH_DEFAULT = 60 /* RFC 5393 5.3.3 */
};

/* What the routes are asked for this call; never 0. */
uint32_t loop_hash(const struct invite_params *params);
/* It was asked before, and went out from here or from another worker. */
bool loop_seen(const struct proxy *px, const struct smsg *msg, uint32_t hash);
/* Max-Breadth of the request, or what stands for it when it has none. */
unsigned loop_breadth(const struct smsg *msg);
/* The same for one that goes out. */
void loop_breadth_edit(struct smsg_edit *ed, unsigned breadth);

#endif
