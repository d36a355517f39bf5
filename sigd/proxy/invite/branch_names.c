/*
 * branch_names.c  Whom a try shows: From, To, and what tells who speaks
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/proxy/form.h"
#include "sigd/proxy/invite/invite_priv.h"
#include "sigd/proxy/who/identity.h"

/* A user's From is checked, so who wants to be nobody cannot leave it out
 * himself; who is trusted is told in P-Asserted-Identity. One that asks in its
 * own name would not be known by another. */
void branch_hide(struct branch *branch)
{
	const struct invite *inv = branch->inv;
	const struct identity who = {.from = inv->from,
				     .to = branch->to.conn,
				     .user = ""};

	if (!branch_passes(branch) &&
	    identity_hides(txn_srv_request(inv->st), &who))
		str_ncpy(branch->to.names.from, IDENTITY_ANONYMOUS,
			 sizeof(branch->to.names.from));
}

int branch_show(struct branch *branch)
{
	const struct invite *inv = branch->inv;
	struct caller_ask ask = {.to = branch->to.conn, .from = inv->from};
	const struct route_form *form = branch->form;
	struct pl pl;
	int err;

	if (branch_passes(branch))
		return 0;
	pl_set_str(&pl, inv->rec.side[CALL_CALLER].user);
	ask.given = form_caller(form, &pl);
	err = side_names_shown(&branch->to.names, &ask,
			       txn_srv_request(inv->st));
	pl_set_str(&pl, ask.to->peer.domain);
	/* a From that is fixed is so whoever calls */
	return err || ask.to->from_user
		       ? err
		       : form_show(&branch->to.names, form, &pl);
}

int branch_show_device(struct branch *branch)
{
	const struct smsg *msg = txn_srv_request(branch->inv->st);
	struct side_names *names = &branch->to.names;

	if (!branch->form)
		return 0;
	/* the name is written beside a URI of ours */
	if (!names->from[0] && pl_strcpy(&msg->from.uri.text, names->from,
					 sizeof(names->from)))
		return EOVERFLOW;
	return form_show(names, branch->form, &msg->from.uri.host);
}

void branch_identity(const struct branch *branch, struct smsg_edit *ed)
{
	const struct invite *inv = branch->inv;
	const struct side_names *names = &branch->to.names;
	const struct identity who = {
		.from = inv->from,
		.to = branch->to.conn,
		.user = inv->rec.side[CALL_CALLER].user,
		.shown = branch->to.conn && !branch_passes(branch)
				 ? &names->caller
				 : NULL,
		.uri = names->from[0] ? names->from : NULL};

	identity_edit(ed, &who);
}

struct identity branch_who_answers(const struct branch *branch)
{
	return (struct identity){.from = branch->to.conn,
				 .to = branch->inv->from,
				 .user = branch->to.user};
}
