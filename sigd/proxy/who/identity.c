/*
 * identity.c  Who speaks, by whose word, and who may know it
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <string.h>

#include "routing/route_conn.h"
#include "sigd/proxy/who/identity.h"

/* --- where a connection says it ---------------------------------------------------- */

static enum shdr_id said_in(const struct route_connection *conn)
{
	return conn->caller_id.identity == ROUTE_ID_REMOTE_PARTY
		       ? SHDR_REMOTE_PARTY_ID
		       : SHDR_P_ASSERTED_IDENTITY;
}

static enum shdr_id told_in(const struct route_connection *conn)
{
	if (conn && conn->caller_id.identity == ROUTE_ID_PREFERRED)
		return SHDR_P_PREFERRED_IDENTITY;
	return conn ? said_in(conn) : SHDR_P_ASSERTED_IDENTITY;
}

/* ";privacy=full", of one whose word that is. */
static bool party_private(const struct smsg *msg, const struct identity *who)
{
	struct shdr_addr addr;
	struct pl val;

	return who->from && who->from->trusted &&
	       said_in(who->from) == SHDR_REMOTE_PARTY_ID &&
	       !smsg_addr(msg, SHDR_REMOTE_PARTY_ID, &addr) &&
	       shdr_param(&addr.params, "privacy", &val) &&
	       pl_strcasecmp(&val, "off");
}

bool identity_private(const struct smsg *msg, const struct identity *who)
{
	return who->hidden || (privacy_wanted(msg) & PRIVACY_WHO) ||
	       party_private(msg, who);
}

bool identity_hides(const struct smsg *msg, const struct identity *who)
{
	if (who->to && who->to->from_user)
		return false;
	return who->from && !who->stranger
		       ? (privacy_wanted(msg) & PRIVACY_USER) ||
				 party_private(msg, who)
		       : identity_private(msg, who);
}

void identity_shown(struct identity *who, struct caller_id *id,
		    const struct smsg *msg)
{
	struct caller_ask ask = {.to = who->to,
				 .from = who->from,
				 .stranger = who->stranger};

	if (!who->to || who->shown)
		return;
	if (!who->from && who->user[0])
		pl_set_str(&ask.given, who->user);
	caller_id_choose(id, &ask, msg);
	who->shown = id;
}

/* --- what is told ------------------------------------------------------------------- */

struct teller {
	struct identity_text *out;
	const struct smsg *msg;
	const struct identity *who;
	enum shdr_id in;
};

static void tell(const struct teller *t, const char *fmt, ...)
{
	struct identity_text *out = t->out;
	char *text;
	va_list ap;
	int n;

	if (out->n >= IDENTITY_VALUES)
		return;
	text = out->text[out->n];
	va_start(ap, fmt);
	n = re_vsnprintf(text, IDENTITY_TEXT_MAX, fmt, ap);
	va_end(ap);
	/* a part of it would be somebody else */
	if (n < 0)
		return;
	out->val[out->n].p = text;
	out->val[out->n++].l = (size_t)n;
}

/* draft-ietf-sip-privacy-04 section 5.1; behind a value. */
static const char *party_params(const struct teller *t)
{
	const bool private = identity_private(t->msg, t->who) ||
			     (t->who->shown && t->who->shown->nobody);

	if (t->in != SHDR_REMOTE_PARTY_ID)
		return "";
	if (t->msg->request)
		return private ? ";party=calling;screen=yes;privacy=full"
			       : ";party=calling;screen=yes;privacy=off";
	return private ? ";party=called;screen=yes;privacy=full"
		       : ";party=called;screen=yes;privacy=off";
}

/* What one that is trusted says: a sip and a tel URI at most. */
static void tell_said(const struct teller *t)
{
	struct shdr_addr addr;
	struct smsg_iter it;

	smsg_iter_init(&it, t->msg, said_in(t->who->from));
	for (unsigned i = 0; i < IDENTITY_VALUES; i++) {
		const char *quote;

		if (smsg_iter_addr(&it, &addr))
			return;
		/* there is one party of a kind */
		if (i && t->in == SHDR_REMOTE_PARTY_ID)
			return;
		quote = addr.quoted ? "\"" : "";
		if (pl_isset(&addr.dname))
			tell(t, "%s%r%s <%r>%s", quote, &addr.dname, quote,
			     &addr.uri.text, party_params(t));
		else
			tell(t, "<%r>%s", &addr.uri.text, party_params(t));
	}
}

/* Whom we vouch for, as the other side would call him. */
static void tell_ours(const struct teller *t)
{
	const struct caller_id *shown = t->who->shown;
	const struct caller_id plain = {.how = ROUTE_NAME_PASS};
	struct pl number;

	pl_set_str(&number, shown && shown->number[0] ? shown->number
						      : t->who->user);
	if (number.l)
		tell(t, "%H<sip:%H@%s>%s", caller_id_name,
		     shown ? shown : &plain, suri_print_user, &number,
		     t->who->to->peer.domain, party_params(t));
}

/* Of a stranger nothing is known: that he claims a number which may be shown
 * makes it none of his. The own number, which its policy puts in his place, a
 * connection may be told. */
static bool is_known(const struct smsg *msg, const struct identity *who)
{
	const struct route_caller_id *policy =
		who->to ? &who->to->caller_id : NULL;

	if (!who->stranger)
		return true;
	return policy && who->shown && !identity_private(msg, who) &&
	       (policy->show == ROUTE_SHOW_NUMBER ||
		(policy->nallowed && policy->number &&
		 !strcmp(who->shown->number, policy->number)));
}

void identity_tell(struct identity_text *out, const struct smsg *msg,
		   const struct identity *who)
{
	const struct teller t = {out, msg, who, told_in(who->to)};
	const bool told = is_known(msg, who) &&
			  (who->to ? who->to->trusted
				   : !identity_private(msg, who));

	out->n = 0;
	out->header = shdr_name(t.in);
	if (!told)
		return;
	if (who->from && !(who->shown && who->shown->ours)) {
		if (who->from->trusted)
			tell_said(&t);
	} else if (who->to) {
		tell_ours(&t);
	}
}

/* --- requests ------------------------------------------------------------------------- */

static void told_edit(struct smsg_edit *ed, const struct identity *who)
{
	struct identity_text *out;
	struct pl name, val;

	if (who->to ? !who->to->trusted : !who->from)
		return;
	out = mem_alloc(sizeof(*out), NULL);
	if (!out)
		return;
	identity_tell(out, ed->msg, who);
	pl_set_str(&name, out->header);
	for (unsigned i = 0; i < out->n; i++) {
		val = smsg_edit_text(ed, "%r", &out->val[i]);
		smsg_edit_add_named(ed, &name, &val);
	}
	mem_deref(out);
}

/* The policy wants what the caller did not ask for. */
static void ask_privacy(struct smsg_edit *ed, const struct identity *who)
{
	const struct pl id = PL("id");

	if (who->shown && who->shown->nobody &&
	    !(privacy_wanted(ed->msg) & PRIVACY_WHO))
		smsg_edit_set(ed, SHDR_PRIVACY, &id);
}

/* In a REFER, who sends it. */
static bool is_sender(const struct shdr_addr *by, const struct smsg *msg)
{
	return msg->method == SMSG_REFER &&
	       suri_user_equal(&by->uri.user, &msg->from.uri.user) &&
	       !pl_casecmp(&by->uri.host, &msg->from.uri.host);
}

/* RFC 3892: without a signature it is worth what its sender is. */
static void referred_edit(struct smsg_edit *ed, const struct identity *who)
{
	const bool told = (who->to && who->to->trusted && !who->stranger) ||
			  !identity_private(ed->msg, who);
	struct shdr_addr by;
	struct pl val;

	if (!smsg_hdr(ed->msg, SHDR_REFERRED_BY))
		return;
	if (told && who->from && who->from->trusted && !who->stranger)
		return;
	if (!told || smsg_addr(ed->msg, SHDR_REFERRED_BY, &by) ||
	    !is_sender(&by, ed->msg)) {
		smsg_edit_remove(ed, SHDR_REFERRED_BY);
		return;
	}
	val = who->uri ? smsg_edit_text(ed, "<%s>", who->uri)
		       : smsg_edit_text(ed, "<%r>", &ed->msg->from.uri.text);
	smsg_edit_set(ed, SHDR_REFERRED_BY, &val);
}

void identity_edit(struct smsg_edit *ed, const struct identity *who)
{
	unsigned wanted = privacy_wanted(ed->msg);

	/* Who diverted a call, and so may have to pay for it, is a PBX's
	 * word. */
	if (!who->from || who->stranger) {
		smsg_edit_remove(ed, SHDR_DIVERSION);
		smsg_edit_remove(ed, SHDR_HISTORY_INFO);
	}
	if (!who->to || !who->to->trusted || who->stranger)
		privacy_edit(ed, wanted);
	told_edit(ed, who);
	ask_privacy(ed, who);
	referred_edit(ed, who);
}
