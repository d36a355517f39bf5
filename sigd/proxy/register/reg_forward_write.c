/*
 * reg_forward_write.c  What a PBX is told of a device, and what it grants
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "routing/route.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/register/reg_forward_priv.h"
#include "sigd/proxy/side.h"

/* --- to the PBX --------------------------------------------------------------- */

static int token_of(char text[SEAL_TEXT_MAX + 1], const struct reg_forward *fwd,
		    const struct shdr_addr *contact)
{
	struct device_token token;
	int err = reg_contact_device(&token.device, contact);

	if (err)
		return err;
	str_ncpy(token.tenant, fwd->tenant->id, sizeof(token.tenant));
	str_ncpy(token.user, fwd->user, sizeof(token.user));
	return device_token_make(text, fwd->px->deps.keyring,
				 proxy_unix_ms() / 1000, &token);
}

/* What it can do goes on; which of its flows it is, is ours. */
static int params_print(struct mbuf *mb, const struct shdr_addr *contact)
{
	struct pl rest = contact->params;
	struct shdr_param param;
	int err = 0;

	while (!err && !shdr_param_next(&param, &rest)) {
		if (!pl_strcasecmp(&param.name, "reg-id"))
			continue;
		err = mbuf_printf(mb, ";%r", &param.name);
		if (!err && pl_isset(&param.val))
			err = mbuf_printf(mb, param.quoted ? "=\"%r\"" : "=%r",
					  &param.val);
	}
	return err;
}

static int contact_edit(struct reg_forward *fwd, struct smsg_edit *ed,
			unsigned n, const struct shdr_addr *contact)
{
	char token[SEAL_TEXT_MAX + 1];
	struct mbuf *mb = mbuf_alloc(256);
	struct pl text;
	int err = token_of(token, fwd, contact);

	if (!mb)
		return ENOMEM;
	err = err ? err
		  : mbuf_printf(mb, "<sip:%s@%s;transport=%s>", token,
				hop_host(fwd->px, &fwd->to),
				hop_transport(&fwd->to));
	err = err ? err : params_print(mb, contact);
	if (!err) {
		pl_set_mbuf(&text, mb);
		text.p = (char *)mb->buf;
		text.l = mb->end;
		text = smsg_edit_text(ed, "%r", &text);
		smsg_edit_replace_value(ed, SHDR_CONTACT, n, &text);
	}
	mem_deref(mb);
	return err;
}

/* Calls come the same way back (RFC 3327): a PBX that knows no Path finds us
 * in the Contact. */
static int path_edit(struct reg_forward *fwd, struct smsg_edit *ed,
		     const struct shdr_addr *contact)
{
	const struct pl path_tag = PL("path");
	char token[SEAL_TEXT_MAX + 1];
	struct pl text;
	int err = token_of(token, fwd, contact);

	if (err)
		return err;
	text = smsg_edit_text(ed, "<sip:%s@%s;transport=%s;lr>", token,
			      hop_host(fwd->px, &fwd->to),
			      hop_transport(&fwd->to));
	smsg_edit_set(ed, SHDR_PATH, &text);
	smsg_edit_add(ed, SHDR_SUPPORTED, &path_tag);
	return 0;
}

static int contacts_edit(struct reg_forward *fwd, struct smsg_edit *ed)
{
	struct shdr_addr contact;
	struct smsg_iter it;
	unsigned n = 0;
	int err = 0;

	smsg_edit_remove(ed, SHDR_PATH);
	smsg_iter_init(&it, ed->msg, SHDR_CONTACT);
	while (!err && !smsg_iter_addr(&it, &contact)) {
		if (contact.star)
			break;
		if (!n)
			err = path_edit(fwd, ed, &contact);
		err = err ? err : contact_edit(fwd, ed, n, &contact);
		++n;
	}
	return err;
}

static void names_edit(const struct reg_forward *fwd, struct smsg_edit *ed)
{
	const struct route_conn_peer *peer =
		&fwd->tenant->registration.pbx->peer;
	const struct smsg *msg = ed->msg;
	struct side_names names = {.caller.how = ROUTE_NAME_PASS};
	struct pl uri;

	if (re_snprintf(names.from, sizeof(names.from), "sip:%r@%s",
			&msg->from.uri.user, peer->domain) < 0 ||
	    re_snprintf(names.to, sizeof(names.to), "sip:%r@%s",
			&msg->to.uri.user, peer->domain) < 0) {
		ed->err = EOVERFLOW;
		return;
	}
	uri = smsg_edit_text(ed, "sip:%s", peer->domain);
	smsg_edit_uri(ed, &uri);
	side_names_edit(ed, &names);
}

int reg_forward_write(struct reg_forward *fwd, char branch[], size_t *len)
{
	struct smsg_edit *ed = mem_alloc(sizeof(*ed), NULL);
	int err;

	if (!ed)
		return ENOMEM;

	smsg_edit_init(ed, txn_srv_request(fwd->st));
	smsg_edit_hop(ed);
	/* its password is for the PBX, its identity is not its own to say */
	hop_clean_identity(ed);
	smsg_edit_remove(ed, SHDR_ROUTE);
	smsg_edit_remove_token(ed, SHDR_SUPPORTED, "outbound");
	smsg_edit_remove_token(ed, SHDR_SUPPORTED, "gruu");
	smsg_edit_remove_token(ed, SHDR_SUPPORTED, "path");
	smsg_edit_remove_token(ed, SHDR_REQUIRE, "outbound");
	names_edit(fwd, ed);
	err = contacts_edit(fwd, ed);
	err = err ? err : hop_via(fwd->px, ed, &fwd->to, branch);
	err = err ? err
		  : smsg_edit_write(ed, fwd->px->buf, SMSG_MAX, len);
	mem_deref(ed);
	return err;
}

/* --- from it --------------------------------------------------------------------- */

/* The time that it gave this device; false: it does not list it. */
static bool granted(uint32_t *sec, const struct reg_forward *fwd,
		    const struct smsg *msg, uint32_t device)
{
	struct device_token token;
	struct shdr_addr contact;
	struct smsg_iter it;
	struct pl val;

	smsg_iter_init(&it, msg, SHDR_CONTACT);
	while (!smsg_iter_addr(&it, &contact)) {
		if (contact.star ||
		    device_token_open(&token, fwd->px->deps.keyring,
				      &contact.uri.user) ||
		    token.device != device || strcmp(token.user, fwd->user) ||
		    strcmp(token.tenant, fwd->tenant->id))
			continue;
		return (shdr_param(&contact.params, "expires", &val) ||
			smsg_val(msg, SHDR_EXPIRES, &val)) &&
		       !shdr_seconds(sec, &val);
	}
	return smsg_val(msg, SHDR_EXPIRES, &val) && !shdr_seconds(sec, &val);
}

void reg_forward_granted(struct reg_forward *fwd, const struct smsg *msg)
{
	uint32_t sec;

	for (size_t i = 0; i < fwd->req->nc; i++) {
		struct reg_contact *contact = &fwd->req->contacts[i];
		struct pl field;

		pl_set_str(&field, contact->device);
		/* what it wanted to go is gone */
		if (contact->expires &&
		    granted(&sec, fwd, msg, binding_device(&field)))
			contact->expires = MIN(sec, 7u * 86400);
	}
}

bool reg_forward_named(struct device_token *token, const struct proxy *px,
		       const struct smsg *msg)
{
	struct shdr_addr route;

	if (!device_token_open(token, px->deps.keyring, &msg->uri.user))
		return true;
	return !smsg_addr(msg, SHDR_ROUTE, &route) &&
	       !device_token_open(token, px->deps.keyring, &route.uri.user);
}
