/*
 * branch_early.c  The dialogs of a try before it is answered
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/proxy/invite/invite_priv.h"

static void destructor(void *data)
{
	struct early *early = data;

	list_unlink(&early->le);
	mem_deref(early->msg);
	mem_deref(early->sdp);
	mem_deref(early->target);
}

struct early *branch_early_find(const struct branch *branch,
				const struct pl *tag)
{
	struct le *le;

	LIST_FOREACH(&branch->dialogs, le)
	{
		struct early *early = le->data;

		if (!pl_cmp(&early->msg->to.tag, tag))
			return early;
	}
	return NULL;
}

struct early *branch_early_note(struct branch *branch, const struct smsg *msg)
{
	struct early *early;

	if (!pl_isset(&msg->to.tag))
		return NULL;
	early = branch_early_find(branch, &msg->to.tag);
	if (early || list_count(&branch->dialogs) >= EARLY_DIALOGS_MAX)
		return early;
	early = mem_zalloc(sizeof(*early), destructor);
	if (!early || smsg_clone(&early->msg, msg))
		return mem_deref(early);
	list_append(&branch->dialogs, &early->le, early);
	return early;
}

void branch_early_flush(struct branch *branch)
{
	branch->heard = NULL;
	list_flush(&branch->dialogs);
}

uint32_t branch_rseq(const struct branch *branch, const struct smsg *msg)
{
	const struct smsg *req = txn_srv_request(branch->inv->st);
	uint32_t num;
	struct pl val;

	if (!smsg_has_token(msg, SHDR_REQUIRE, "100rel") ||
	    (!smsg_has_token(req, SHDR_SUPPORTED, "100rel") &&
	     !smsg_has_token(req, SHDR_REQUIRE, "100rel")) ||
	    !smsg_val(msg, SHDR_RSEQ, &val) ||
	    shdr_number(&num, &val, UINT32_MAX))
		return 0;
	return num;
}
