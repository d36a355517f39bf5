/*
 * sdtmf.c  A key in the body of an INFO
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/sip/sdtmf.h"

static const char keys[] = "0123456789*#ABCD";

enum { SIGNAL_STAR = 10, SIGNAL_HASH = 11 };

static struct pl trimmed(struct pl text)
{
	while (text.l && strchr(" \t\r\n", *text.p))
		pl_advance(&text, 1);
	while (text.l && strchr(" \t\r\n", text.p[text.l - 1]))
		text.l--;
	return text;
}

static int key_read(struct sdtmf *key, const struct pl *text)
{
	const char *at;
	uint32_t num;

	if (text->l == 1 && *text->p) {
		char c = *text->p;

		if (c >= 'a' && c <= 'd')
			c = (char)(c - 'a' + 'A');
		at = strchr(keys, c);
		if (!at)
			return EBADMSG;
		key->code = (uint8_t)(at - keys);
		return 0;
	}
	/* some count them so; a hook flash (16) is no key */
	if (shdr_number(&num, text, SIGNAL_HASH) || num < SIGNAL_STAR)
		return EBADMSG;
	key->code = (uint8_t)num;
	return 0;
}

static int line_read(struct sdtmf *key, const struct pl *line, bool *signal)
{
	const char *equals = pl_strchr(line, '=');
	struct pl name, val;
	uint32_t ms;

	if (!equals)
		return 0;
	name = trimmed((struct pl){line->p, (size_t)(equals - line->p)});
	val = trimmed((struct pl){equals + 1,
				  (size_t)(line->p + line->l - equals - 1)});
	if (!pl_strcasecmp(&name, "Signal")) {
		*signal = true;
		return key_read(key, &val);
	}
	if (!pl_strcasecmp(&name, "Duration") &&
	    !shdr_number(&ms, &val, SDTMF_MS_MAX) && ms)
		key->ms = ms;
	return 0;
}

static int relay_read(struct sdtmf *key, struct pl rest)
{
	bool signal = false;
	int err = 0;

	while (rest.l && !err) {
		const char *end = pl_strchr(&rest, '\n');
		struct pl line = {rest.p, end ? (size_t)(end - rest.p) : rest.l};

		pl_advance(&rest, (ssize_t)(line.l + (end ? 1 : 0)));
		err = line_read(key, &line, &signal);
	}
	return err || !signal ? EBADMSG : 0;
}

int sdtmf_read(struct sdtmf *key, const struct smsg *msg)
{
	struct pl type, body = trimmed(msg->body);
	size_t end = 0;

	*key = (struct sdtmf){.ms = SDTMF_MS};
	if (!smsg_val(msg, SHDR_CONTENT_TYPE, &type))
		return EBADMSG;
	while (end < type.l && !strchr("; \t", type.p[end]))
		end++;
	type.l = end;
	if (!pl_strcasecmp(&type, "application/dtmf-relay"))
		return relay_read(key, body);
	return pl_strcasecmp(&type, "application/dtmf") ? EBADMSG
							: key_read(key, &body);
}

size_t sdtmf_write(char body[SDTMF_BODY_MAX], const struct sdtmf *key)
{
	int n = re_snprintf(body, SDTMF_BODY_MAX,
			    "Signal=%c\r\nDuration=%u\r\n", keys[key->code & 15],
			    key->ms);

	return n < 0 ? 0 : (size_t)n;
}
