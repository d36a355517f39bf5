/*
 * shdr_replaces.c  Replaces: the dialog that a call takes the place of
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/shdr.h"

static bool is_token(const struct pl *text)
{
	return text->l && schar_span(text->p, text->p + text->l, SCHAR_TOKEN) ==
				  text->p + text->l;
}

/* callid *( SEMI ( to-tag / from-tag / early-flag / generic-param ) ), with
 * each tag once. */
int shdr_replaces_decode(struct shdr_replaces *rep, const struct pl *val)
{
	const char *semi = pl_strchr(val, ';');
	struct pl params, rest;
	struct shdr_param param;
	int err;

	*rep = (struct shdr_replaces){.callid = *val};
	if (!semi)
		return EBADMSG;
	schar_set(&rep->callid, val->p, semi);
	while (rep->callid.l &&
	       (rep->callid.p[rep->callid.l - 1] == ' ' ||
		rep->callid.p[rep->callid.l - 1] == '\t'))
		--rep->callid.l;
	schar_set(&params, semi + 1, val->p + val->l);
	rest = params;
	while (!(err = shdr_param_next(&param, &rest))) {
		const bool to = !pl_strcasecmp(&param.name, "to-tag");
		struct pl *tag = to ? &rep->to_tag : &rep->from_tag;

		if (!pl_strcasecmp(&param.name, "early-only"))
			rep->early_only = true;
		else if (!to && pl_strcasecmp(&param.name, "from-tag"))
			continue;
		else if (tag->l || !is_token(&param.val))
			return EBADMSG;
		else
			*tag = param.val;
	}
	return err == ENOENT && rep->callid.l && rep->to_tag.l &&
			       rep->from_tag.l
		       ? 0
		       : EBADMSG;
}

int shdr_replaces_of_uri(struct shdr_replaces *rep, char *text, size_t size,
			 const struct pl *headers)
{
	static const struct pl name = PL("Replaces=");
	struct pl rest = *headers;

	while (rest.l) {
		const char *end = pl_strchr(&rest, '&');
		struct pl one = {rest.p, end ? (size_t)(end - rest.p) : rest.l};
		struct pl val, out = {text, 0};

		pl_advance(&rest, (ssize_t)(one.l + (end ? 1 : 0)));
		if (one.l <= name.l || strncasecmp(one.p, name.p, name.l))
			continue;
		val = (struct pl){one.p + name.l, one.l - name.l};
		if (suri_unescape(text, size, &out.l, &val))
			return EBADMSG;
		return shdr_replaces_decode(rep, &out);
	}
	return ENOENT;
}
