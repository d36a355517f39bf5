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
#include "sigd/proxy/who/stranger.h"

/* A user's From is checked, so who wants to be nobody cannot leave it out
 * himself; who is trusted is told in P-Asserted-Identity. One that asks in its
 * own name would not be known by another. */
void branch_hide(struct branch *branch)
{
	const struct invite *inv = branch->inv;
	const struct identity who = {
		.from = inv->from,
		.to = branch->to.conn,
		.user = "",
		.stranger = branch_is_to_stranger(branch)};

	if (!branch_passes(branch) &&
	    identity_hides(txn_srv_request(inv->st), &who))
		str_ncpy(branch->to.names.from, IDENTITY_ANONYMOUS,
			 sizeof(branch->to.names.from));
}

/* The caller, as routes may have rewritten it. */
static struct pl number_of(const struct branch *branch)
{
	struct pl user;

	pl_set_str(&user, branch->inv->rec.side[CALL_CALLER].user);
	return form_caller(branch->form, &user);
}

/* Of another tenant: what From says of him, and its host. there: as
 * stranger_host() */
static int show_stranger(char host[STRANGER_HOST_MAX], struct branch *branch,
			 const char *there)
{
	const struct invite *inv = branch->inv;
	const struct route_tenant *his =
		side_tenant(inv->hunt.table, &inv->rec, CALL_CALLER);
	const struct pl number = number_of(branch);

	stranger_host(host, &number, his, there);
	/* what the policy has put in its place counts */
	if (branch->to.names.caller.ours)
		return 0;
	return side_names_from(&branch->to.names, &number, host);
}

int branch_show(struct branch *branch)
{
	const struct invite *inv = branch->inv;
	struct caller_ask ask = {.to = branch->to.conn,
				 .from = inv->from,
				 .stranger = branch_is_to_stranger(branch),
				 .given = number_of(branch)};
	char host[STRANGER_HOST_MAX];
	struct pl pl;
	int err;

	if (branch_passes(branch))
		return 0;
	err = side_names_shown(&branch->to.names, &ask,
			       txn_srv_request(inv->st));
	/* a From that is fixed is so whoever calls */
	if (err || ask.to->from_user)
		return err;
	pl_set_str(&pl, ask.to->peer.domain);
	if (ask.stranger) {
		err = show_stranger(host, branch, ask.to->peer.domain);
		pl_set_str(&pl, host);
	}
	return err ? err : form_show(&branch->to.names, branch->form, &pl);
}

static int show_stranger_device(struct branch *branch)
{
	char host[STRANGER_HOST_MAX];
	struct pl pl;
	int err = show_stranger(host, branch, side_domain(branch->to.tenant));

	pl_set_str(&pl, host);
	return err ? err : form_show(&branch->to.names, branch->form, &pl);
}

int branch_show_device(struct branch *branch)
{
	const struct smsg *msg = txn_srv_request(branch->inv->st);
	struct side_names *names = &branch->to.names;

	if (branch_is_to_stranger(branch))
		return show_stranger_device(branch);
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
		.uri = names->from[0] ? names->from : NULL,
		.stranger = branch_is_to_stranger(branch)};

	identity_edit(ed, &who);
}

struct identity branch_who_answers(const struct branch *branch)
{
	return (struct identity){.from = branch->to.conn,
				 .to = branch->inv->from,
				 .user = branch->to.user,
				 .stranger = branch_is_to_stranger(branch)};
}
