/*
 * smsg_sdp.c  The session description that a message carries
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/sip/smsg_sdp.h"

/* What its headers say of a body, or of a part of one. */
struct piece {
	struct pl type, encoding, disposition;
	struct pl body;
};

/* "application/sdp ; x=y": its part before the parameters, and these. */
static struct pl value_of(const struct pl *text, struct pl *params)
{
	size_t end = 0;

	*params = *text;
	if (!text->p)
		return *text;
	while (end < text->l && !strchr("; \t", text->p[end]))
		end++;
	params->p = text->p + end;
	params->l = text->l - end;
	while (params->l && strchr("; \t", *params->p))
		pl_advance(params, 1);
	return (struct pl){text->p, end};
}

static bool is_plain(const struct pl *encoding)
{
	static const char *const names[] = {"identity", "binary", "8bit",
					    "7bit"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!pl_strcasecmp(encoding, names[i]))
			return true;
	}
	return !encoding->l;
}

/* --- parts ------------------------------------------------------------------- */

static const char *find(const struct pl *text, const char *what, size_t len)
{
	for (size_t i = 0; i + len <= text->l; i++) {
		if (!memcmp(text->p + i, what, len))
			return text->p + i;
	}
	return NULL;
}

static struct pl trimmed(struct pl text)
{
	while (text.l && strchr(" \t\r\n", *text.p))
		pl_advance(&text, 1);
	while (text.l && strchr(" \t\r\n", text.p[text.l - 1]))
		text.l--;
	return text;
}

static void part_header(struct piece *part, const struct pl *line)
{
	const char *colon = find(line, ":", 1);
	struct pl name, val;

	if (!colon)
		return;
	name = trimmed((struct pl){line->p, (size_t)(colon - line->p)});
	val = trimmed((struct pl){colon + 1,
				  (size_t)(line->p + line->l - colon - 1)});
	if (!pl_strcasecmp(&name, "Content-Type"))
		part->type = val;
	else if (!pl_strcasecmp(&name, "Content-Disposition"))
		part->disposition = val;
	else if (!pl_strcasecmp(&name, "Content-Transfer-Encoding") ||
		 !pl_strcasecmp(&name, "Content-Encoding"))
		part->encoding = val;
}

/* Headers, an empty line, the body. */
static void part_read(struct piece *part, struct pl text)
{
	memset(part, 0, sizeof(*part));
	while (text.l) {
		const char *end = find(&text, "\r\n", 2);
		struct pl line = {text.p,
				  end ? (size_t)(end - text.p) : text.l};

		pl_advance(&text, (ssize_t)(line.l + (end ? 2 : 0)));
		if (!line.l)
			break;
		part_header(part, &line);
	}
	part->body = text;
}

/* The next part behind a line "--boundary"; the CRLF before the next one is no
 * part of it. mark: CRLF and that line. False: there is none. */
static bool part_next(struct piece *part, struct pl *rest,
		      const struct pl *mark, bool first)
{
	/* the first one may stand at the very beginning */
	const size_t skip = first ? 2 : 0;
	const char *begin = find(rest, mark->p + skip, mark->l - skip), *end;

	if (!begin)
		return false;
	pl_advance(rest, begin - rest->p + (ssize_t)(mark->l - skip));
	if (rest->l < 2 || !memcmp(rest->p, "--", 2))
		return false;
	end = find(rest, "\r\n", 2);
	if (!end)
		return false;
	pl_advance(rest, end - rest->p + 2);
	end = find(rest, mark->p, mark->l);
	if (!end)
		return false;
	part_read(part, (struct pl){rest->p, (size_t)(end - rest->p)});
	pl_advance(rest, end - rest->p);
	return true;
}

/* --- what is in it --------------------------------------------------------------- */

static int piece_sdp(const struct piece *piece, struct pl *sdp, unsigned depth);

/* Its sender insists on it (RFC 5621 8.1). */
static bool insists(const struct piece *part)
{
	struct pl params, val;

	(void)value_of(&part->disposition, &params);
	return shdr_param(&params, "handling", &val) &&
	       !pl_strcasecmp(&val, "required");
}

static int parts_sdp(const struct pl *params, struct pl body, struct pl *sdp,
		     unsigned depth)
{
	char mark[4 + 72]; /* RFC 2046 5.1.1: 70 at most */
	struct pl boundary, text;
	struct piece part;
	int err = EPROTO;

	if (!shdr_param(params, "boundary", &boundary) || !boundary.l ||
	    re_snprintf(mark, sizeof(mark), "\r\n--%r", &boundary) < 0)
		return EPROTO;
	pl_set_str(&text, mark);
	for (unsigned n = 0; n < SMSG_PARTS_MAX; n++) {
		struct pl found;

		if (!part_next(&part, &body, &text, !n))
			break;
		if (!piece_sdp(&part, &found, depth + 1)) {
			if (err)
				*sdp = found;
			err = 0;
		} else if (insists(&part)) {
			return EPROTO;
		}
	}
	return err;
}

/* early-session is another agreement than that of the call (RFC 3959). */
static bool is_session(const struct pl *disposition)
{
	struct pl params, name = value_of(disposition, &params);

	return !name.l || !pl_strcasecmp(&name, "session");
}

static int piece_sdp(const struct piece *piece, struct pl *sdp, unsigned depth)
{
	struct pl params, type = value_of(&piece->type, &params);

	*sdp = (struct pl){NULL, 0};
	if (depth > SMSG_PARTS_DEPTH_MAX || !is_plain(&piece->encoding))
		return EPROTO;
	if (type.l > 10 && !strncasecmp(type.p, "multipart/", 10))
		return parts_sdp(&params, piece->body, sdp, depth);
	if (pl_strcasecmp(&type, "application/sdp") ||
	    !is_session(&piece->disposition))
		return EPROTO;
	*sdp = piece->body;
	return 0;
}

int smsg_sdp(const struct smsg *msg, struct pl *sdp)
{
	struct piece all = {.body = msg->body};
	int err;

	*sdp = (struct pl){NULL, 0};
	if (!msg->body.l)
		return 0;
	(void)smsg_val(msg, SHDR_CONTENT_TYPE, &all.type);
	(void)smsg_val(msg, SHDR_CONTENT_ENCODING, &all.encoding);
	(void)smsg_val(msg, SHDR_CONTENT_DISPOSITION, &all.disposition);
	err = piece_sdp(&all, sdp, 0);
	if (err)
		*sdp = (struct pl){NULL, 0};
	return err;
}
