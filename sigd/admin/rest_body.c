/*
 * rest_body.c  The body of a request to /v1 is JSON, or it is said where not
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/jsonr.h"
#include "sigd/admin/rest_priv.h"

enum { NAME_SHOWN = 64 };

/* A name as a part of a JSON pointer (RFC 6901, section 3). */
static int pointer_print(struct re_printf *pf, const char *name)
{
	int err = 0;

	for (size_t i = 0; !err && name[i] && i < NAME_SHOWN; i++)
		err = name[i] == '~'   ? re_hprintf(pf, "~0")
		      : name[i] == '/' ? re_hprintf(pf, "~1")
				       : re_hprintf(pf, "%c", name[i]);
	return err;
}

/* Who asks for less than all is not to get, or to end, all. */
static bool members_known(const struct jsonr_val *root,
			  const char *const *members, struct admin_resp *resp)
{
	const char *other = jsonr_other(root, members);
	char field[2 * NAME_SHOWN + 4], detail[160];
	size_t n = 0;

	if (!other)
		return true;
	(void)re_snprintf(field, sizeof(field), "#/%H", pointer_print, other);
	n = (size_t)re_snprintf(detail, sizeof(detail),
				"There is no such member; it may have:");
	for (; *members; members++)
		n += (size_t)re_snprintf(detail + n, sizeof(detail) - n, " %s",
					 *members);
	admin_resp_field(resp, 422, field, detail);
	return false;
}

bool rest_body(struct jsonr **docp, const char *const *members,
	       const struct admin_req *req, struct admin_resp *resp)
{
	const struct pl *body = admin_req_body(req);
	struct jsonr_place place;
	char detail[80];
	int err = jsonr_parse_at(docp, body->p, body->l, &place);

	if (!err && (!members || members_known(jsonr_root(*docp), members, resp)))
		return true;
	if (!err) {
		*docp = mem_deref(*docp);
		return false;
	}
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
