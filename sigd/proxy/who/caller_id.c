/*
 * caller_id.c  Whom one side is shown as the caller
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "routing/route_conn.h"
#include "sigd/proxy/who/caller_id.h"

/* Unset: it is too long, or none. */
static struct pl plain(char buf[CALLER_NUMBER_MAX], const struct pl *user)
{
	struct pl number = {buf, 0};

	return suri_unescape(buf, CALLER_NUMBER_MAX, &number.l, user)
		       ? (struct pl){NULL, 0}
		       : number;
}

/* RFC 3325 9.2: which of his numbers the user would like to be. */
static struct pl preferred_of(char *buf, const struct smsg *msg)
{
	struct shdr_addr addr;

	if (!msg->request ||
	    smsg_addr(msg, SHDR_P_PREFERRED_IDENTITY, &addr))
		return (struct pl){NULL, 0};
	return plain(buf, &addr.uri.user);
}

static struct pl given_of(char *buf, const struct caller_ask *ask,
			  const struct smsg *msg)
{
	return pl_isset(&ask->given)
		       ? ask->given
		       : plain(buf, msg->request ? &msg->from.uri.user
						 : &msg->to.uri.user);
}

/* Who is trusted may know whom it does not show. */
static struct pl number_of(const struct route_caller_id *policy,
			   const struct route_user *user,
			   const struct pl *given, const struct pl *preferred)
{
	struct route_caller_id known = *policy;

	if (known.show == ROUTE_SHOW_NOBODY)
		known.show = ROUTE_SHOW_USER;
	return route_caller_id_number(&known, user, given, preferred);
}

void caller_id_choose(struct caller_id *id, const struct caller_ask *ask,
		      const struct smsg *msg)
{
	const struct route_caller_id *policy = &ask->to->caller_id;
	char said[CALLER_NUMBER_MAX], wish[CALLER_NUMBER_MAX];
	const struct pl given = given_of(said, ask, msg);
	const struct route_user *user =
		ask->from || ask->stranger
			? NULL
			: route_user_find(ask->to->tenant, &given);
	const struct pl preferred = preferred_of(wish, msg);
	const struct pl number = number_of(policy, user, &given, &preferred);

	memset(id, 0, sizeof(*id));
	id->how = policy->name;
	if (user && user->display)
		str_ncpy(id->name, user->display, sizeof(id->name));
	if (pl_strcpy(&number, id->number, sizeof(id->number)))
		id->number[0] = '\0';
	id->nobody = policy->show == ROUTE_SHOW_NOBODY;
	id->ours = id->nobody || policy->show == ROUTE_SHOW_NUMBER ||
		   policy->nallowed || pl_cmp(&number, &given);
}

int caller_id_name(struct re_printf *pf, const struct caller_id *id)
{
	int err = 0;

	if (id->how != ROUTE_NAME_USER || !id->name[0])
		return 0;
	err |= re_hprintf(pf, "\"");
	for (const char *p = id->name; *p; p++)
		err |= re_hprintf(pf, "%s%c", strchr("\"\\", *p) ? "\\" : "",
				  *p);
	return err | re_hprintf(pf, "\" ");
}
