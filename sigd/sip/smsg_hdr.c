/*
 * smsg_hdr.c  Finding headers and their values in a view
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>
#include <re.h>

#include "sigd/sip/smsg.h"

const struct smsg_hdr *smsg_hdr(const struct smsg *msg, enum shdr_id id)
{
	return id < SHDR_COUNT && msg->first[id]
		       ? &msg->hdrv[msg->first[id] - 1]
		       : NULL;
}

const struct smsg_hdr *smsg_hdr_next(const struct smsg *msg,
				     const struct smsg_hdr *hdr)
{
	return hdr->next ? &msg->hdrv[hdr->next - 1] : NULL;
}

struct pl smsg_hdr_name(const struct smsg *msg, const struct smsg_hdr *hdr)
{
	return (struct pl){msg->raw.p + hdr->line, hdr->name_len};
}

struct pl smsg_hdr_val(const struct smsg *msg, const struct smsg_hdr *hdr)
{
	return (struct pl){msg->raw.p + hdr->val, hdr->val_len};
}

const struct smsg_hdr *smsg_hdr_named(const struct smsg *msg,
				      const struct pl *name,
				      const struct smsg_hdr *after)
{
	const struct smsg_hdr *hdr = after ? after + 1 : msg->hdrv;

	for (; hdr < msg->hdrv + msg->hdrc; hdr++) {
		if (hdr->name_len == name->l &&
		    !strncasecmp(msg->raw.p + hdr->line, name->p, name->l))
			return hdr;
	}
	return NULL;
}

bool smsg_val(const struct smsg *msg, enum shdr_id id, struct pl *val)
{
	const struct smsg_hdr *hdr = smsg_hdr(msg, id);

	*val = hdr ? smsg_hdr_val(msg, hdr) : pl_null;
	return hdr != NULL;
}

bool smsg_has_token(const struct smsg *msg, enum shdr_id id, const char *token)
{
	const struct smsg_hdr *hdr = smsg_hdr(msg, id);

	for (; hdr; hdr = smsg_hdr_next(msg, hdr)) {
		struct pl val = smsg_hdr_val(msg, hdr);

		if (shdr_list_has(&val, token))
			return true;
	}
	return false;
}

void smsg_iter_init(struct smsg_iter *it, const struct smsg *msg,
		    enum shdr_id id)
{
	it->msg = msg;
	it->hdr = smsg_hdr(msg, id);
	it->rest = it->hdr ? smsg_hdr_val(msg, it->hdr) : pl_null;
}

/* To the next field when this one is used up. A field without any value is
 * skipped: some headers may be empty. */
static bool refill(struct smsg_iter *it)
{
	while (!it->rest.l) {
		if (it->hdr)
			it->hdr = smsg_hdr_next(it->msg, it->hdr);
		if (!it->hdr)
			return false;
		it->rest = smsg_hdr_val(it->msg, it->hdr);
	}
	return true;
}

int smsg_iter_value(struct smsg_iter *it, struct pl *val)
{
	while (refill(it)) {
		if (!shdr_list_next(val, &it->rest))
			return 0;
		it->rest.l = 0; /* white space behind a last comma */
	}
	return ENOENT;
}

int smsg_iter_via(struct smsg_iter *it, struct shdr_via *via)
{
	return refill(it) ? shdr_via_next(via, &it->rest) : ENOENT;
}

int smsg_iter_addr(struct smsg_iter *it, struct shdr_addr *addr)
{
	return refill(it) ? shdr_addr_next(addr, &it->rest) : ENOENT;
}

int smsg_addr(const struct smsg *msg, enum shdr_id id, struct shdr_addr *addr)
{
	struct smsg_iter it;

	smsg_iter_init(&it, msg, id);
	return smsg_iter_addr(&it, addr);
}

unsigned smsg_count(const struct smsg *msg, enum shdr_id id)
{
	struct smsg_iter it;
	struct pl val;
	unsigned n = 0;

	smsg_iter_init(&it, msg, id);
	while (!smsg_iter_value(&it, &val))
		++n;
	return n;
}

int smsg_debug(struct re_printf *pf, const struct smsg *msg)
{
	int err;

	if (!msg)
		return 0;
	if (msg->request)
		err = re_hprintf(pf, "%r %r", &msg->method_name,
				 &msg->uri.text);
	else
		err = re_hprintf(pf, "%u %r", msg->scode, &msg->reason);
	return err | re_hprintf(pf, " Call-ID=%r CSeq=%u %r branch=%r",
				&msg->callid, msg->cseq.num, &msg->cseq.name,
				&msg->via.branch);
}
