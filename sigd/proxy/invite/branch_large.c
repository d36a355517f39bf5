/*
 * branch_large.c  An INVITE that is too long for UDP goes over TCP
 *
 * See conn_is_large(). Who takes no TCP gets it over UDP after all.
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/log.h"
#include "sigd/proxy/invite/invite_priv.h"

bool branch_is_large(struct branch *branch, size_t len)
{
	struct branch_to *to = &branch->to;
	struct flow_id flow;

	if (branch->large || !conn_is_large(&flow, branch->inv->px, to->conn,
					    &to->flow, len))
		return false;

	branch->large = true;
	branch->small = to->flow;
	to->flow = flow;
	return true;
}

bool branch_takes_no_tcp(struct branch *branch)
{
	/* what it was sent, and is silent about, it has */
	if (!branch->large || branch->ct ||
	    branch->to.flow.kind != FLOW_TCP)
		return false;

	log_info(branch->inv->rec.call, "no TCP: a long message goes over UDP",
		 "to=%s", branch_name(branch));
	branch->to.flow = branch->small;
	return true;
}
