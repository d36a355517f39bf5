/*
 * branch_large.c  An INVITE that is too long for UDP goes over TCP
 *
 * RFC 3261 18.1.1: from 1300 bytes on a datagram may be cut on its way, and
 * fragments are what NATs and filters lose first. Only for connections whose
 * transport is `auto`: of the others it was said what they speak. Who takes no
 * TCP gets it over UDP after all.
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/log.h"
#include "sigd/proxy/invite/invite_priv.h"

enum {
	LARGE = 1300
};

bool branch_is_large(struct branch *branch, size_t len)
{
	struct branch_to *to = &branch->to;
	struct flow_id flow;

	if (len <= LARGE || branch->large || !to->conn ||
	    to->conn->peer.transport != ROUTE_AUTO ||
	    to->flow.kind != FLOW_UDP ||
	    conn_flow_over(&flow, branch->inv->px, to->conn, FLOW_TCP,
			   &to->flow.remote))
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
