/*
 * indialog_names.c  Who speaks within a dialog, as the other side knows them
 *
 * The two sides may know each other by other URIs (a connection's domain, a
 * number that is shown, nobody). Those of From and To stay as the dialog began:
 * what changes is told in P-Asserted-Identity (RFC 3325), and From says nothing
 * that was not checked then (RFC 4916 is not offered).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "routing/route.h"
#include "sigd/proxy/indialog/indialog_priv.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/identity.h"

const struct route_connection *indialog_connection(const struct indialog *in)
{
	return in->rec ? side_connection(in->px, in->rec, !indialog_side(in))
		       : NULL;
}

static struct identity who_speaks(const struct indialog *in, bool answers)
{
	const unsigned me = answers ? !indialog_side(in) : indialog_side(in);
	const struct call_side *side = &in->rec->side[me];

	return (struct identity){
		.from = side_connection(in->px, in->rec, me),
		.to = side_connection(in->px, in->rec, !me),
		.stranger = call_is_between(in->rec),
		.user = side->conn[0] ? "" : side->user,
		.hidden = me == CALL_CALLER &&
			  !strcmp(side->far, IDENTITY_ANONYMOUS)};
}

/* The URIs that the other side knows; false: as they came. */
static bool names_fill(const struct indialog *in, struct side_names *names)
{
	const struct smsg *msg = indialog_request(in);
	const struct call_side *caller = &in->rec->side[CALL_CALLER];
	const struct call_side *callee = &in->rec->side[CALL_CALLEE];
	const bool by_caller = indialog_side(in) == CALL_CALLER;

	if (!caller->far[0] && !callee->far[0]) {
		const char *uri = by_caller ? caller->uri : callee->uri;

		if (!uri[0] || !pl_strcmp(&msg->from.uri.text, uri))
			return false;
		str_ncpy(names->from, uri, sizeof(names->from));
		return true;
	}
	str_ncpy(names->from, by_caller ? caller->far : callee->uri,
		 sizeof(names->from));
	str_ncpy(names->to, by_caller ? callee->far : caller->uri,
		 sizeof(names->to));
	return true;
}

/* RFC 3325 section 9.1: not in these. */
static bool tells_nobody(const struct smsg *msg)
{
	return msg->method == SMSG_ACK || msg->method == SMSG_PRACK;
}

void indialog_names_edit(const struct indialog *in, struct smsg_edit *ed)
{
	struct side_names *names;
	struct identity who;

	if (!in->rec)
		return;
	names = mem_zalloc(sizeof(*names), NULL);
	if (!names)
		return;
	who = who_speaks(in, false);
	if (who.to && !indialog_passes(in))
		identity_shown(&who, &names->caller, ed->msg);
	if (names_fill(in, names)) {
		side_names_edit(ed, names);
		who.uri = names->from[0] ? names->from : NULL;
	}
	if (!tells_nobody(ed->msg))
		identity_edit(ed, &who);
	mem_deref(names);
}

struct identity indialog_who_answers(const struct indialog *in)
{
	return who_speaks(in, true);
}
