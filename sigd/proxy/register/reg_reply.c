/*
 * reg_reply.c  The 200 of a REGISTER: what is bound
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/proxy/register/reg_reply.h"
#include "sigd/proxy/reply.h"
#include "sigd/sip/smsg_build.h"

enum { FIELDS_MAX = REGISTRAR_BINDINGS_MAX + 1 };

/* The values behind one another; at: where each begins. */
static bool contacts_print(struct mbuf *mb, size_t at[],
			   const struct registrar_list *list)
{
	int err = 0;

	at[0] = 0;
	for (size_t i = 0; i < list->n && !err; i++) {
		const struct binding *b = &list->bindings[i];
		uint64_t left = b->ends_ms > list->now_ms
					? b->ends_ms - list->now_ms
					: 0;

		err = mbuf_printf(mb, "<%s>;expires=%llu", b->contact,
				  (unsigned long long)(left + 999) / 1000);
		at[i + 1] = mb->end;
	}
	return !err;
}

void reg_reply(struct proxy *px, struct txn_srv *st,
	       const struct registrar_list *list, bool outbound)
{
	struct smsg_field fields[FIELDS_MAX];
	struct smsg_reply reply = {.scode = 200, .fieldv = fields};
	struct mbuf *mb = mbuf_alloc(4096);
	size_t at[REGISTRAR_BINDINGS_MAX + 1];
	char tag[17];

	if (!mb || !contacts_print(mb, at, list)) {
		reply_status(px, st, STATUS_OVERLOAD);
		mem_deref(mb);
		return;
	}
	for (size_t i = 0; i < list->n; i++) {
		pl_set_str(&fields[i].name, "Contact");
		fields[i].val.p = (char *)mb->buf + at[i];
		fields[i].val.l = at[i + 1] - at[i];
	}
	reply.fieldc = list->n;
	if (outbound) { /* RFC 5626 section 6 */
		pl_set_str(&fields[reply.fieldc].name, "Require");
		pl_set_str(&fields[reply.fieldc++].val, "outbound");
	}
	reply_tag(tag, px, txn_srv_request(st));
	pl_set_str(&reply.to_tag, tag);
	(void)txn_srv_respond(st, &reply);
	mem_deref(mb);
}
