/*
 * rest_body.c  The body of a request to /v1 is JSON, or it is said where not
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/jsonr.h"
#include "sigd/admin/rest_priv.h"

bool rest_body(struct jsonr **docp, const struct admin_req *req,
	       struct admin_resp *resp)
{
	const struct pl *body = admin_req_body(req);
	struct jsonr_place place;
	char detail[80];
	int err = jsonr_parse_at(docp, body->p, body->l, &place);

	if (!err)
		return true;

	/* nothing of it is repeated */
	(void)re_snprintf(detail, sizeof(detail),
			  "The body is no JSON object or array: line %u, "
			  "column %u.",
			  place.line, place.column);
	if (err == EBADMSG)
		admin_resp_field(resp, 400, "#", detail);
	else
		admin_resp_problem(resp, 503, "Out of memory.");
	return false;
}
