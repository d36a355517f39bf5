/*
 * identity.c  Who calls, by whose word, and who may know it
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/who/identity.h"

static bool hides(const struct pl *token)
{
	return !pl_strcasecmp(token, "id") || !pl_strcasecmp(token, "user") ||
	       !pl_strcasecmp(token, "header");
}

/* "id;critical" (RFC 3323 4.2) */
static bool value_hides(struct pl val)
{
	while (val.l) {
		struct pl token = val;
		const char *end = pl_strchr(&val, ';');

		if (end)
			token.l = (size_t)(end - val.p);
		pl_advance(&val, (ssize_t)(token.l + (end ? 1 : 0)));
		while (token.l && strchr(" \t", *token.p))
			pl_advance(&token, 1);
		while (token.l && strchr(" \t", token.p[token.l - 1]))
			--token.l;
		if (hides(&token))
			return true;
	}
	return false;
}

bool identity_private(const struct smsg *msg)
{
	const struct smsg_hdr *hdr = smsg_hdr(msg, SHDR_PRIVACY);

	for (; hdr; hdr = smsg_hdr_next(msg, hdr)) {
		if (value_hides(smsg_hdr_val(msg, hdr)))
			return true;
	}
	return false;
}

/* What a connection that is trusted says. */
static void pass_on(struct smsg_edit *ed)
{
	const struct smsg_hdr *hdr = smsg_hdr(ed->msg,
					      SHDR_P_ASSERTED_IDENTITY);

	for (; hdr; hdr = smsg_hdr_next(ed->msg, hdr)) {
		struct pl val = smsg_hdr_val(ed->msg, hdr);

		smsg_edit_add(ed, SHDR_P_ASSERTED_IDENTITY, &val);
	}
}

/* A user's address of record, as the other side would call it. */
static void assert_user(struct smsg_edit *ed, const struct identity *who)
{
	struct pl user, text;

	pl_set_str(&user, who->user);
	text = smsg_edit_text(ed, "<sip:%H@%s>", suri_print_user, &user,
			      who->to->peer.domain);
	smsg_edit_add(ed, SHDR_P_ASSERTED_IDENTITY, &text);
}

void identity_edit(struct smsg_edit *ed, const struct identity *who)
{
	const bool told = who->to ? who->to->trusted
				  : !identity_private(ed->msg);

	if (who->from) {
		if (who->from->trusted && told)
			pass_on(ed);
	} else if (who->to && told && who->user[0]) {
		assert_user(ed, who);
	}
}
