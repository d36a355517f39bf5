/*
 * relay_names.c  Whom a request that is no call shows: From, and what tells who
 *                speaks
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/proxy/form.h"
#include "sigd/proxy/relay/relay_priv.h"
#include "sigd/proxy/who/stranger.h"

bool relay_is_stranger(const struct relay *relay)
{
	return relay_there(relay) != relay->tenant;
}

static struct identity who_asks(const struct relay_try *try)
{
	const struct relay *relay = try->relay;

	return (struct identity){
		.from = relay->from,
		.to = try->to.conn,
		.user = relay->from ? "" : relay->asker.name,
		.stranger = relay_is_stranger(relay),
		.hidden = relay->cookie && !relay->notifies &&
			  relay->cookie->hidden};
}

bool relay_hidden(const struct relay *relay)
{
	const struct identity who = {.from = relay->from, .user = ""};

	if (relay->cookie)
		return relay->cookie->hidden;
	return identity_hides(txn_srv_request(relay->st), &who);
}

void relay_hide(struct relay_try *try)
{
	const struct relay *relay = try->relay;
	const struct identity who = who_asks(try);

	if (!relay->notifies && !relay_try_passes(try) &&
	    identity_hides(txn_srv_request(relay->st), &who))
		str_ncpy(try->to.names.from, IDENTITY_ANONYMOUS,
			 sizeof(try->to.names.from));
}

/* Of another tenant: what From says of him, and its host. */
static int show_stranger(char host[STRANGER_HOST_MAX], struct relay_try *try,
			 const char *there)
{
	const struct relay *relay = try->relay;
	const struct smsg *msg = txn_srv_request(relay->st);
	char text[CALL_TEXT_MAX];
	struct pl number = {text, 0};

	/* a connection's word is in From, a user is whom he logged in as */
	if (!relay->from && relay->asker.name[0])
		pl_set_str(&number, relay->asker.name);
	else if (suri_unescape(text, sizeof(text), &number.l,
			       &msg->from.uri.user))
		return EOVERFLOW;
	number = form_caller(try->form, &number);
	stranger_host(host, &number, relay->tenant, there);
	return try->to.names.caller.ours
		       ? 0
		       : side_names_from(&try->to.names, &number, host);
}

int relay_show(struct relay_try *try)
{
	const struct relay *relay = try->relay;
	struct caller_ask ask = {.to = try->to.conn,
				 .from = relay->from,
				 .stranger = relay_is_stranger(relay)};
	char host[STRANGER_HOST_MAX];
	struct pl domain;
	int err;

	if (relay->notifies || relay_try_passes(try))
		return 0;
	if (!relay->from && relay->asker.name[0])
		pl_set_str(&ask.given, relay->asker.name);
	ask.given = form_caller(try->form, &ask.given);
	err = side_names_shown(&try->to.names, &ask,
			       txn_srv_request(relay->st));
	pl_set_str(&domain, ask.to->peer.domain);
	if (!err && ask.stranger && !ask.to->from_user) {
		err = show_stranger(host, try, ask.to->peer.domain);
		pl_set_str(&domain, host);
	}
	/* a From that is fixed is so whoever asks */
	if (!err && !ask.to->from_user)
		err = form_show(&try->to.names, try->form, &domain);
	relay_hide(try);
	return err;
}

int relay_show_device(struct relay_try *try)
{
	const struct smsg *msg = txn_srv_request(try->relay->st);
	struct side_names *names = &try->to.names;
	char host[STRANGER_HOST_MAX];
	struct pl domain = msg->from.uri.host;
	int err = 0;

	if (try->relay->notifies)
		return 0;
	if (relay_is_stranger(try->relay)) {
		err = show_stranger(host, try,
				    side_domain(relay_there(try->relay)));
		pl_set_str(&domain, host);
	}
	relay_hide(try);
	if (err || !try->form)
		return err;
	/* the name is written beside a URI of ours */
	if (!names->from[0] && pl_strcpy(&msg->from.uri.text, names->from,
					 sizeof(names->from)))
		return EOVERFLOW;
	return form_show(names, try->form, &domain);
}

void relay_identity(const struct relay_try *try, struct smsg_edit *ed)
{
	const struct side_names *names = &try->to.names;
	struct identity who = who_asks(try);

	if (try->to.conn && names->caller.how)
		who.shown = &names->caller;
	if (names->from[0])
		who.uri = names->from;
	identity_edit(ed, &who);
}

struct identity relay_who_answers(const struct relay_try *try)
{
	return (struct identity){
		.from = try->to.conn,
		.to = try->relay->from,
		.user = try->to.conn ? "" : try->to.end.name,
		.stranger = relay_is_stranger(try->relay)};
}
