/*
 * own_request.c  A request that sigd makes itself, outside any call
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/call/branch_token.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/own_request.h"
#include "sigd/proxy/who/challenge.h"
#include "sigd/sip/smsg_build.h"

enum { FIELDS_MAX = 16 };

int own_request_send(struct txn_cli **ctp, struct proxy *px,
		     const struct own_request *req)
{
	char via[HOP_VIA_MAX], branch[BRANCH_TEXT_MAX + 1];
	struct smsg_field fields[FIELDS_MAX];
	struct smsg_request out = {.method = req->method, .uri = req->uri,
				   .from = req->from, .to = req->to_val,
				   .callid = req->callid, .cseq = req->cseq,
				   .fieldv = fields};
	struct txn_cli_params params = {.resph = req->resph,
					.endh = req->endh, .arg = req->arg};
	struct txn_dest dest;
	uint64_t ref;
	int err;

	if (req->fieldc > FIELDS_MAX - 2)
		return EINVAL;

	memcpy(fields, req->fieldv, req->fieldc * sizeof(fields[0]));
	out.fieldc = req->fieldc;
	if (req->challenge)
		challenge_fields(req->challenge, fields, &out.fieldc);
	err = hop_via_text(px, via, branch, &req->callid, req->to);
	pl_set_str(&out.via, via);
	if (!err)
		err = smsg_request_write(px->buf, SMSG_MAX, &params.len, &out);
	if (err)
		return err;

	dest_of_flow(&dest, req->to);
	params.dest = &dest;
	params.msg  = px->buf;
	pl_set_str(&params.branch, branch);
	return hop_start(px, ctp, &ref, &params);
}
