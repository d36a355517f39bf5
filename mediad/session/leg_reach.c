/*
 * leg_reach.c  May packets go where a leg's far side says that it is?
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "mediad/sdp/sdp_cand.h"
#include "mediad/session/session_priv.h"
#include "mediad/transport/reach.h"

/* Services of this box alone listen there: whether we may send at all is the
 * matter of who has the socket. */
static bool is_loopback(const struct sa *addr)
{
	return sa_af(addr) == AF_INET ? sa_in(addr) >> 24 == 127
				      : sa_is_loopback(addr);
}

bool leg_may_reach(const struct leg *leg, const struct sa *addr)
{
	const struct reach *reach = leg->session->table->deps.env->reach;

	switch (reach_ask(reach, addr)) {
	case REACH_ALLOWED:
		return true;
	case REACH_DENIED:
		return false;
	case REACH_UNSAID:
		break;
	}
	/* nothing is ever sent to port 0 */
	return !sa_port(addr) || is_loopback(addr) || sdpm_addr_usable(addr);
}

bool leg_rtp_reaches(const struct leg *leg, const struct path *path,
		     const struct sa *addr)
{
	return path_rtp_reaches(path, addr) && leg_may_reach(leg, addr);
}
