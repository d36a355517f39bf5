/*
 * invite_find.c  Calls being set up, found by what comes for them
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/fault.h"
#include "sigd/proxy/invite/invite_priv.h"

enum {
	REASON_MAX = 256
};

static struct invite *find(const struct proxy *px, const struct txn_srv *st)
{
	struct le *le;

	LIST_FOREACH(&px->invites, le)
	{
		struct invite *inv = le->data;

		if (inv->st == st)
			return inv;
	}
	return NULL;
}

void invite_cancel(struct proxy *px, const struct txn_srv *st,
		   const struct pl *reason)
{
	struct invite *inv = find(px, st);
	char text[REASON_MAX];

	/* too late once it is answered (RFC 3261 9.2) */
	if (!inv || inv->answered || inv->winner)
		return;

	(void)FAULT("sigd.cancel.taken");
	if (reason->l && !pl_strcpy(reason, text, sizeof(text)))
		invite_hush(inv, text);
	/* at once: a device that says nothing would have the caller wait 64*T1
	 * for the end of its branch. A 2xx that crosses our CANCELs is ended
	 * by its branch. */
	invite_fail(inv, STATUS_CANCELLED);
}

/* One that was answered is kept only as long as its transaction: the call
 * needs it no more. */
uint32_t invite_pending(const struct proxy *px)
{
	uint32_t n = 0;
	struct le *le;

	LIST_FOREACH(&px->invites, le)
	{
		const struct invite *inv = le->data;

		n += !inv->answered;
	}
	return n;
}

/* Of those that were answered there are as many as calls in half a minute: so
 * they are not gone through. */
static struct le *begun(const struct proxy *px, const char *call)
{
	return list_head(hash_list(px->begun, hash_joaat_str(call)));
}

struct invite *invite_find_call(const struct proxy *px, const char *call)
{
	for (struct le *le = begun(px, call); le; le = le->next) {
		struct invite *inv = le->data;

		if (!inv->over && !strcmp(inv->rec.call, call))
			return inv;
	}
	return NULL;
}

bool invite_is_here(const struct proxy *px, const char *call)
{
	return invite_find_call(px, call) != NULL;
}

bool invite_lost(struct proxy *px, const char *call, enum status reason)
{
	struct invite *inv = invite_find_call(px, call);

	if (!inv || inv->answered)
		return false;
	invite_fail(inv, reason);
	return true;
}

bool invite_acked(struct proxy *px, const char *call)
{
	for (struct le *le = begun(px, call); le; le = le->next) {
		struct invite *inv = le->data;

		if (inv->st && inv->rec.service[0] &&
		    !strcmp(inv->rec.call, call)) {
			txn_srv_acked(inv->st);
			return true;
		}
	}
	return false;
}

void proxy_give_up(struct proxy *px)
{
	struct le *le = list_head(&px->invites);

	while (le) {
		struct invite *inv = le->data;

		le = le->next;
		if (!inv->answered)
			invite_fail(inv, STATUS_DRAINING);
	}
}

/* --- what the transport reports ------------------------------------------- */

static struct branch *branch_find(const struct proxy *px,
				  const struct flow_id *flow, uint64_t ref)
{
	struct le *le, *lb;

	LIST_FOREACH(&px->invites, le)
	{
		const struct invite *inv = le->data;

		LIST_FOREACH(&inv->branches, lb)
		{
			struct branch *branch = lb->data;

			if (branch->ct &&
			    (flow ? flow_id_equal(&branch->to.flow, flow)
				  : branch->mark.ref == ref))
				return branch;
		}
	}
	return NULL;
}

void invite_flow_gone(struct proxy *px, const struct flow_id *flow)
{
	struct le *le = list_head(&px->invites);
	struct branch *branch;

	while (le) {
		struct invite *inv = le->data;

		le = le->next;
		/* nobody is there to hear an answer */
		if (!inv->answered && flow_id_equal(&inv->caller, flow))
			invite_fail(inv, STATUS_FLOW_LOST);
	}
	/* its end may free the call, so look anew each time */
	while ((branch = branch_find(px, flow, 0)))
		txn_cli_transport_error(branch->ct, ENOTCONN);
}

bool invite_on_flow(const struct proxy *px, const struct flow_id *flow)
{
	struct le *le;

	LIST_FOREACH(&px->invites, le) {
		const struct invite *inv = le->data;

		if (!inv->answered && flow_id_equal(&inv->caller, flow))
			return true;
	}
	return branch_find(px, flow, 0) != NULL;
}

void invite_send_failed(struct proxy *px, uint64_t ref, int err)
{
	struct branch *branch = branch_find(px, NULL, ref);

	if (branch)
		txn_cli_transport_error(branch->ct, err);
}
