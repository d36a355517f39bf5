/*
 * smsg_edit_write.c  Forwarding: the message is copied once, edits applied
 *
 * Runs of headers that no edit concerns are one copy each.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/sip/smsg_edit_priv.h"

static void start_line(const struct smsg_edit *ed, struct smsg_out *out)
{
	const struct smsg *msg = ed->msg;

	if (!ed->start.l) {
		smsg_out_mem(out, msg->raw.p, msg->head_len);
		return;
	}
	if (msg->request) {
		smsg_out_mem(out, msg->method_name.p, msg->method_name.l);
		smsg_out_mem(out, " ", 1);
		smsg_out_text(out, &ed->start);
		smsg_out_str(out, " SIP/2.0\r\n");
	} else {
		smsg_out_str(out, "SIP/2.0 ");
		smsg_out_text(out, &ed->start);
		smsg_out_mem(out, "\r\n", 2);
	}
}

/* What was pushed before header hdr: the last push stands first. */
static void before(const struct smsg_edit *ed, struct smsg_out *out,
		   unsigned hdr)
{
	for (unsigned i = ed->opc; i-- > 0;) {
		const struct smsg_edit_op *op = &ed->opv[i];

		if (op->kind == SMSG_EDIT_BEFORE && op->hdr == hdr)
			smsg_out_field(out, &op->name, &op->text);
	}
}

static const struct smsg_edit_op *value_op(const struct smsg_edit *ed,
					   unsigned hdr, unsigned n)
{
	for (unsigned i = ed->opc; i-- > 0;) {
		const struct smsg_edit_op *op = &ed->opv[i];

		if (op->kind == SMSG_EDIT_VALUE && op->hdr == hdr && op->n == n)
			return op;
	}
	return NULL;
}

/* A field some values of which change; nothing when all are removed. */
static void values(const struct smsg_edit *ed, struct smsg_out *out,
		   unsigned nr)
{
	const struct smsg_hdr *hdr = &ed->msg->hdrv[nr];
	struct pl rest = smsg_hdr_val(ed->msg, hdr), val;
	const bool via = hdr->id == SHDR_VIA &&
			 ed->msg->first[SHDR_VIA] == nr + 1 &&
			 smsg_out_via_needed(ed->msg);
	bool any = false;

	for (unsigned n = 0; !shdr_list_next(&val, &rest); n++) {
		const struct smsg_edit_op *op = value_op(ed, nr, n);

		if (op && !op->text.l)
			continue;
		if (any) {
			smsg_out_mem(out, ", ", 2);
		} else {
			smsg_out_mem(out, ed->msg->raw.p + hdr->line,
				     hdr->name_len);
			smsg_out_mem(out, ": ", 2);
		}
		any = true;
		if (op)
			smsg_out_text(out, &op->text);
		else if (via && !n)
			smsg_out_via(out, ed->msg);
		else
			smsg_out_mem(out, val.p, val.l);
	}
	if (any)
		smsg_out_mem(out, "\r\n", 2);
}

static void marked(const struct smsg_edit *ed, struct smsg_out *out,
		   unsigned nr)
{
	const struct smsg_hdr *hdr = &ed->msg->hdrv[nr];
	const uint8_t mark = ed->mark[nr];

	if (mark & SMSG_MARK_BEFORE)
		before(ed, out, nr);
	if (mark & SMSG_MARK_DROP)
		return;
	if (mark & SMSG_MARK_VALUES) {
		values(ed, out, nr);
	} else if (hdr->flags & SMSG_HDR_ODD) {
		struct pl name = smsg_hdr_name(ed->msg, hdr);
		struct pl val = smsg_hdr_val(ed->msg, hdr);

		smsg_out_field(out, &name, &val);
	} else {
		smsg_out_mem(out, ed->msg->raw.p + hdr->line,
			     (size_t)(hdr->end - hdr->line));
	}
}

static void headers(const struct smsg_edit *ed, struct smsg_out *out)
{
	const struct smsg *msg = ed->msg;
	unsigned run = 0, nr;

	for (nr = 0; nr < msg->hdrc; nr++) {
		if (!ed->mark[nr] && !msg->hdrv[nr].flags)
			continue;
		if (run < nr)
			smsg_out_mem(out, msg->raw.p + msg->hdrv[run].line,
				     (size_t)(msg->hdrv[nr].line -
					      msg->hdrv[run].line));
		marked(ed, out, nr);
		run = nr + 1;
	}
	if (run < nr)
		smsg_out_mem(out, msg->raw.p + msg->hdrv[run].line,
			     (size_t)(msg->hdrv[nr - 1].end -
				      msg->hdrv[run].line));
}

static void tail(const struct smsg_edit *ed, struct smsg_out *out)
{
	const struct smsg *msg = ed->msg;
	const struct smsg_hdr *length = smsg_hdr(msg, SHDR_CONTENT_LENGTH);

	before(ed, out, msg->hdrc);
	for (unsigned i = 0; i < ed->opc; i++) {
		const struct smsg_edit_op *op = &ed->opv[i];

		if (op->kind == SMSG_EDIT_END)
			smsg_out_field(out, &op->name, &op->text);
	}

	if (ed->new_body) {
		smsg_out_body(out, &ed->ctype, &ed->body);
	} else if (!length || ed->mark[length - msg->hdrv] & SMSG_MARK_DROP) {
		smsg_out_body(out, &pl_null, &msg->body);
	} else {
		smsg_out_mem(out, "\r\n", 2);
		smsg_out_mem(out, msg->body.p, msg->body.l);
	}
}

int smsg_edit_write(const struct smsg_edit *ed, uint8_t *buf, size_t size,
		    size_t *len)
{
	struct smsg_out out;

	if (ed->err)
		return ed->err;

	smsg_out_init(&out, buf, size);
	start_line(ed, &out);
	headers(ed, &out);
	tail(ed, &out);
	return smsg_out_done(&out, len);
}

/* Never less than the message will be. */
static size_t room(const struct smsg_edit *ed)
{
	/* lines of our own, ", " of rewritten lists, received and rport */
	size_t n = ed->msg->raw.l + ed->start.l + 2 * ed->msg->raw.l / 3 + 256;

	for (unsigned i = 0; i < ed->opc; i++)
		n += ed->opv[i].name.l + ed->opv[i].text.l + 4;
	if (ed->new_body)
		n += ed->ctype.l + ed->body.l;
	return n < SMSG_MAX ? n : SMSG_MAX;
}

int smsg_edit_mbuf(const struct smsg_edit *ed, struct mbuf *mb)
{
	const size_t need = mb->end + room(ed);
	size_t len;
	int err;

	if (need > mb->size) {
		err = mbuf_resize(mb, need);
		if (err)
			return err;
	}
	err = smsg_edit_write(ed, mb->buf + mb->end, mb->size - mb->end, &len);
	if (!err)
		mb->end += len;
	return err;
}
