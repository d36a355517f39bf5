/*
 * smsg_edit.c  Forwarding: collecting the edits
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <re.h>

#include "sigd/sip/smsg_edit_priv.h"

static void fail(struct smsg_edit *ed, int err)
{
	if (!ed->err)
		ed->err = err;
}

static unsigned index_of(const struct smsg_edit *ed, const struct smsg_hdr *hdr)
{
	return (unsigned)(hdr - ed->msg->hdrv);
}

void smsg_edit_init(struct smsg_edit *ed, const struct smsg *msg)
{
	ed->msg = msg;
	ed->err = 0;
	ed->start = pl_null;
	ed->new_body = false;
	ed->opc = 0;
	ed->text_len = 0;
	memset(ed->mark, 0, msg->hdrc);
	if (smsg_out_via_needed(msg))
		ed->mark[msg->first[SHDR_VIA] - 1] = SMSG_MARK_VALUES;
}

struct pl smsg_edit_text(struct smsg_edit *ed, const char *fmt, ...)
{
	char *p = ed->text + ed->text_len;
	const size_t room = sizeof(ed->text) - ed->text_len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = re_vsnprintf(p, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n + 1 >= room) {
		fail(ed, EOVERFLOW);
		return pl_null;
	}
	ed->text_len += (size_t)n;
	return (struct pl){p, (size_t)n};
}

void smsg_edit_uri(struct smsg_edit *ed, const struct pl *uri)
{
	if (!ed->msg->request || !uri->l || memchr(uri->p, ' ', uri->l))
		fail(ed, EINVAL);
	ed->start = *uri;
}

void smsg_edit_status(struct smsg_edit *ed, uint16_t scode, const char *reason)
{
	if (ed->msg->request || scode < 100 || scode > 699)
		fail(ed, EINVAL);
	ed->start = smsg_edit_text(ed, "%u %s", scode,
				   reason ? reason : smsg_reason(scode));
}

static void add_op(struct smsg_edit *ed, const struct smsg_edit_op *op)
{
	if (ed->opc == SMSG_EDIT_OPS)
		fail(ed, E2BIG);
	else
		ed->opv[ed->opc++] = *op;
}

/* A field before header hdr; behind the last one when hdr is their count. */
static void add_before(struct smsg_edit *ed, unsigned hdr, enum shdr_id id,
		       const struct pl *val)
{
	struct smsg_edit_op op = {
		.kind = SMSG_EDIT_BEFORE,
		.hdr = (uint16_t)hdr,
		.text = *val,
	};

	if (!shdr_name(id)) {
		fail(ed, EINVAL);
		return;
	}
	pl_set_str(&op.name, shdr_name(id));
	if (hdr < ed->msg->hdrc)
		ed->mark[hdr] |= SMSG_MARK_BEFORE;
	add_op(ed, &op);
}

static unsigned behind_vias(const struct smsg *msg)
{
	const struct smsg_hdr *hdr = smsg_hdr(msg, SHDR_VIA), *last = NULL;

	for (; hdr; hdr = smsg_hdr_next(msg, hdr))
		last = hdr;
	return last ? (unsigned)(last - msg->hdrv) + 1 : 0;
}

void smsg_edit_push(struct smsg_edit *ed, enum shdr_id id, const struct pl *val)
{
	const struct smsg_hdr *hdr = smsg_hdr(ed->msg, id);

	if (hdr)
		add_before(ed, index_of(ed, hdr), id, val);
	else if (id == SHDR_VIA)
		add_before(ed, 0, id, val);
	else if (id == SHDR_ROUTE || id == SHDR_RECORD_ROUTE || id == SHDR_PATH)
		add_before(ed, behind_vias(ed->msg), id, val);
	else
		smsg_edit_add(ed, id, val);
}

void smsg_edit_add(struct smsg_edit *ed, enum shdr_id id, const struct pl *val)
{
	struct pl name;

	if (!shdr_name(id)) {
		fail(ed, EINVAL);
		return;
	}
	pl_set_str(&name, shdr_name(id));
	smsg_edit_add_named(ed, &name, val);
}

void smsg_edit_add_named(struct smsg_edit *ed, const struct pl *name,
			 const struct pl *val)
{
	const struct smsg_edit_op op = {
		.kind = SMSG_EDIT_END,
		.name = *name,
		.text = *val,
	};

	add_op(ed, &op);
}

void smsg_edit_remove(struct smsg_edit *ed, enum shdr_id id)
{
	const struct smsg_hdr *hdr = smsg_hdr(ed->msg, id);

	for (; hdr; hdr = smsg_hdr_next(ed->msg, hdr))
		ed->mark[index_of(ed, hdr)] |= SMSG_MARK_DROP;
}

void smsg_edit_remove_named(struct smsg_edit *ed, const struct pl *name)
{
	enum shdr_id id = shdr_id(name->p, name->l);
	const struct smsg_hdr *hdr = NULL;

	if (id) {
		smsg_edit_remove(ed, id);
		return;
	}
	while ((hdr = smsg_hdr_named(ed->msg, name, hdr)))
		ed->mark[index_of(ed, hdr)] |= SMSG_MARK_DROP;
}

void smsg_edit_remove_prefix(struct smsg_edit *ed, const char *prefix)
{
	const size_t len = strlen(prefix);

	for (unsigned i = 0; i < ed->msg->hdrc; i++) {
		struct pl name = smsg_hdr_name(ed->msg, &ed->msg->hdrv[i]);

		if (name.l >= len && !strncasecmp(name.p, prefix, len))
			ed->mark[i] |= SMSG_MARK_DROP;
	}
}

void smsg_edit_set(struct smsg_edit *ed, enum shdr_id id, const struct pl *val)
{
	const struct smsg_hdr *hdr = smsg_hdr(ed->msg, id);

	smsg_edit_remove(ed, id);
	if (hdr)
		add_before(ed, index_of(ed, hdr), id, val);
	else
		smsg_edit_add(ed, id, val);
}

/* The field and the place in it of the n-th value of an id. */
static bool find_value(const struct smsg *msg, enum shdr_id id, unsigned n,
		       struct smsg_edit_op *op)
{
	const struct smsg_hdr *hdr = smsg_hdr(msg, id);
	struct pl val, rest;

	for (; hdr; hdr = smsg_hdr_next(msg, hdr)) {
		rest = smsg_hdr_val(msg, hdr);
		for (op->n = 0; !shdr_list_next(&val, &rest); op->n++) {
			if (n--)
				continue;
			op->hdr = (uint16_t)(hdr - msg->hdrv);
			return true;
		}
	}
	return false;
}

static void value_op(struct smsg_edit *ed, enum shdr_id id, unsigned n,
		     const struct pl *val)
{
	struct smsg_edit_op op = {.kind = SMSG_EDIT_VALUE, .text = *val};

	if (!find_value(ed->msg, id, n, &op)) {
		fail(ed, ENOENT);
		return;
	}
	ed->mark[op.hdr] |= SMSG_MARK_VALUES;
	add_op(ed, &op);
}

void smsg_edit_remove_value(struct smsg_edit *ed, enum shdr_id id, unsigned n)
{
	value_op(ed, id, n, &pl_null);
}

void smsg_edit_remove_token(struct smsg_edit *ed, enum shdr_id id,
			    const char *token)
{
	const struct smsg_hdr *hdr = smsg_hdr(ed->msg, id);

	/* once over them, however many are that token */
	for (; hdr && !ed->err; hdr = smsg_hdr_next(ed->msg, hdr)) {
		struct pl rest = smsg_hdr_val(ed->msg, hdr), val;
		struct smsg_edit_op op = {.kind = SMSG_EDIT_VALUE,
					  .hdr = (uint16_t)index_of(ed, hdr)};

		for (; !shdr_list_next(&val, &rest); op.n++) {
			if (pl_strcasecmp(&val, token))
				continue;
			ed->mark[op.hdr] |= SMSG_MARK_VALUES;
			add_op(ed, &op);
		}
	}
}

void smsg_edit_replace_value(struct smsg_edit *ed, enum shdr_id id, unsigned n,
			     const struct pl *val)
{
	if (val->l)
		value_op(ed, id, n, val);
	else
		fail(ed, EINVAL);
}

void smsg_edit_pop(struct smsg_edit *ed, enum shdr_id id)
{
	smsg_edit_remove_value(ed, id, 0);
}

void smsg_edit_hop(struct smsg_edit *ed)
{
	int left = ed->msg->max_forwards;
	struct pl val;

	if (left == 0)
		fail(ed, ELOOP);
	val = smsg_edit_text(ed, "%d", left < 0 ? 70 : left - 1);
	smsg_edit_set(ed, SHDR_MAX_FORWARDS, &val);
}

void smsg_edit_body(struct smsg_edit *ed, const struct pl *ctype,
		    const struct pl *body)
{
	ed->new_body = true;
	ed->ctype = *ctype;
	ed->body = *body;
	smsg_edit_remove(ed, SHDR_CONTENT_TYPE);
	smsg_edit_remove(ed, SHDR_CONTENT_LENGTH);
}
