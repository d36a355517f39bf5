/*
 * privacy.c  What is kept from the other side when its sender wants that
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "sigd/proxy/who/privacy.h"

/* --- what is wanted ----------------------------------------------------------- */

static unsigned bit_of(const struct pl *token)
{
	static const struct {
		const char *name;
		unsigned bit;
	} values[] = {
		{"id", PRIVACY_ID},
		{"user", PRIVACY_USER},
		{"header", PRIVACY_HEADER},
		{"history", PRIVACY_HISTORY},
	};

	for (size_t i = 0; i < COUNTOF(values); i++) {
		if (!pl_strcasecmp(token, values[i].name))
			return values[i].bit;
	}
	return 0;
}

/* "id;critical" (RFC 3323 4.2) */
static unsigned bits_of(struct pl val)
{
	unsigned bits = 0;

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
		bits |= bit_of(&token);
	}
	return bits;
}

unsigned privacy_wanted(const struct smsg *msg)
{
	const struct smsg_hdr *hdr = smsg_hdr(msg, SHDR_PRIVACY);
	unsigned bits = 0;

	for (; hdr; hdr = smsg_hdr_next(msg, hdr))
		bits |= bits_of(smsg_hdr_val(msg, hdr));
	return bits;
}

/* --- what stays here ------------------------------------------------------------ */

/* What nobody needs to talk, and tells who does (RFC 3323 4.1.1.3, 5.3). */
static bool tells_user(enum shdr_id id, const struct pl *name)
{
	static const char *const others[] = {"Organization", "Reply-To",
					     "In-Reply-To"};

	if (id == SHDR_SUBJECT || id == SHDR_CALL_INFO ||
	    id == SHDR_USER_AGENT || id == SHDR_SERVER)
		return true;
	for (size_t i = 0; id == SHDR_OTHER && i < COUNTOF(others); i++) {
		if (!pl_strcasecmp(name, others[i]))
			return true;
	}
	return false;
}

bool privacy_strips(unsigned wanted, enum shdr_id id, const struct pl *name)
{
	if (id == SHDR_HISTORY_INFO || id == SHDR_DIVERSION)
		return wanted & (PRIVACY_HISTORY | PRIVACY_HEADER);
	return (wanted & PRIVACY_USER) && tells_user(id, name);
}

/* ";privacy=full" (RFC 5806 4.1); "?Privacy=history" (RFC 7044 10.1.2). */
static bool keeps_to_itself(const struct shdr_addr *addr)
{
	struct pl val;

	if (shdr_param(&addr->params, "privacy", &val))
		return pl_strcasecmp(&val, "off") != 0;
	return pl_isset(&addr->uri.headers) &&
	       !re_regex(addr->uri.headers.p, addr->uri.headers.l,
			 "privacy=history");
}

enum { VALUES_MAX = 8 };

static void values_edit(struct smsg_edit *ed, enum shdr_id id)
{
	struct shdr_addr addr;
	struct smsg_iter it;
	unsigned n = 0;

	/* each takes an edit of its own */
	if (smsg_count(ed->msg, id) > VALUES_MAX) {
		smsg_edit_remove(ed, id);
		return;
	}
	smsg_iter_init(&it, ed->msg, id);
	for (; !smsg_iter_addr(&it, &addr); n++) {
		if (keeps_to_itself(&addr))
			smsg_edit_remove_value(ed, id, n);
	}
}

void privacy_edit(struct smsg_edit *ed, unsigned wanted)
{
	for (unsigned i = 0; wanted && i < ed->msg->hdrc; i++) {
		const struct smsg_hdr *hdr = &ed->msg->hdrv[i];
		const struct pl name = smsg_hdr_name(ed->msg, hdr);

		if (privacy_strips(wanted, (enum shdr_id)hdr->id, &name))
			smsg_edit_remove_named(ed, &name);
	}
	if (privacy_strips(wanted, SHDR_HISTORY_INFO, NULL))
		return;
	values_edit(ed, SHDR_DIVERSION);
	values_edit(ed, SHDR_HISTORY_INFO);
}
