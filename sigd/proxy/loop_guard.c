/*
 * loop_guard.c  INVITEs that come round again, and how far they may spread
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/call/branch_token.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/loop_guard.h"

static const struct pl breadth_name = PL("Max-Breadth");

/* FNV-1a, with an end for each text. The branch is sealed, so nobody can make
 * one that fits. */
static uint32_t mix(uint32_t sum, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (uint8_t)text[i]) * 0x01000193u;
	return (sum ^ 0xff) * 0x01000193u;
}

uint32_t loop_hash(const struct invite_params *params)
{
	const struct route_plan *plan = params->plan;
	uint32_t sum = 0x811c9dc5u;

	sum = mix(sum, plan->tenant->id, str_len(plan->tenant->id));
	if (plan->from)
		sum = mix(sum, plan->from->name, str_len(plan->from->name));
	sum = mix(sum, params->callee.p, params->callee.l);
	return sum ? sum : 1;
}

bool loop_seen(const struct proxy *px, const struct smsg *msg, uint32_t hash)
{
	struct branch_owner owner;
	struct smsg_iter it;
	struct shdr_via via;

	smsg_iter_init(&it, msg, SHDR_VIA);
	while (!smsg_iter_via(&it, &via)) {
		if (!branch_token_open(&owner, px->deps.keyring, &msg->callid,
				       &via.branch) &&
		    owner.loop == hash)
			return true;
	}
	return false;
}

unsigned loop_breadth(const struct smsg *msg)
{
	const struct smsg_hdr *hdr = smsg_hdr_named(msg, &breadth_name, NULL);
	uint32_t num;
	struct pl val;

	if (!hdr)
		return BREADTH_DEFAULT;
	val = smsg_hdr_val(msg, hdr);
	/* one that cannot be read is no leave to spread */
	return shdr_number(&num, &val, UINT32_MAX) ? 1
						   : min(num, BREADTH_DEFAULT);
}

void loop_breadth_edit(struct smsg_edit *ed, unsigned breadth)
{
	struct pl text = smsg_edit_text(ed, "%u", breadth);

	smsg_edit_remove_named(ed, &breadth_name);
	smsg_edit_add_named(ed, &breadth_name, &text);
}
