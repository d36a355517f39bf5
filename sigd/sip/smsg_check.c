/*
 * smsg_check.c  What every message must have (RFC 3261 8.1.1, 16.3)
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/smsg_priv.h"

static bool get(struct smsg_dec *dec, enum shdr_id id, struct pl *val,
		const char *missing)
{
	if (smsg_val(dec->msg, id, val))
		return true;
	return smsg_fail(dec, 400, missing, dec->p);
}

static void check_via(struct smsg_dec *dec)
{
	struct smsg *msg = dec->msg;
	struct smsg_iter it;
	struct shdr_via via;
	bool top = true;
	int err;

	smsg_iter_init(&it, msg, SHDR_VIA);
	if (!it.hdr) {
		(void)smsg_fail(dec, 400, "Missing Via", dec->p);
		return;
	}

	while (!(err = smsg_iter_via(&it, top ? &msg->via : &via)))
		top = false;
	if (err != ENOENT || top)
		(void)smsg_fail(dec, 400, "Bad Via", it.rest.p);
}

static void check_from(struct smsg_dec *dec)
{
	struct shdr_addr *from = &dec->msg->from;
	struct pl val;

	if (get(dec, SHDR_FROM, &val, "Missing From") &&
	    (shdr_addr_decode(from, &val) || from->star))
		(void)smsg_fail(dec, 400, "Bad From", val.p);
}

static void check_to(struct smsg_dec *dec)
{
	struct shdr_addr *to = &dec->msg->to;
	struct pl val;

	if (get(dec, SHDR_TO, &val, "Missing To") &&
	    (shdr_addr_decode(to, &val) || to->star))
		(void)smsg_fail(dec, 400, "Bad To", val.p);
}

/* callid = word [ "@" word ] */
static void check_callid(struct smsg_dec *dec)
{
	struct pl *id = &dec->msg->callid;
	const char *p, *e, *end;

	if (!get(dec, SHDR_CALL_ID, id, "Missing Call-ID"))
		return;

	end = schar_end(id);
	p = schar_span(id->p, end, SCHAR_WORD);
	e = p;
	if (p < end && *p == '@')
		e = schar_span(++p, end, SCHAR_WORD);
	if (!id->l || e != end || (e == p && p[-1] == '@') || *id->p == '@')
		(void)smsg_fail(dec, 400, "Bad Call-ID", id->p);
}

static void check_cseq(struct smsg_dec *dec)
{
	struct smsg *msg = dec->msg;
	struct pl val;

	if (!get(dec, SHDR_CSEQ, &val, "Missing CSeq"))
		return;
	if (shdr_cseq_decode(&msg->cseq, &val)) {
		(void)smsg_fail(dec, 400, "Bad CSeq", val.p);
		return;
	}
	if (!msg->request) {
		msg->method = msg->cseq.method;
		msg->method_name = msg->cseq.name;
	} else if (pl_cmp(&msg->cseq.name, &msg->method_name)) {
		/* RFC 4475 3.1.2.17 and 3.1.2.18 */
		bool known = msg->method != SMSG_OTHER;

		(void)smsg_fail(dec, known ? 400 : 501,
				known ? "CSeq Method Mismatch"
				      : "Not Implemented",
				val.p);
	}
}

static void check_max_forwards(struct smsg_dec *dec)
{
	struct pl val;
	uint32_t num;

	if (!smsg_val(dec->msg, SHDR_MAX_FORWARDS, &val))
		return;
	if (shdr_number(&num, &val, 255))
		(void)smsg_fail(dec, 400, "Bad Max-Forwards", val.p);
	else
		dec->msg->max_forwards = (int16_t)num;
}

/* A list of addresses that steers requests. "*" is for REGISTER alone. */
static void check_addrs(struct smsg_dec *dec, enum shdr_id id,
			const char *reason)
{
	struct shdr_addr addr;
	struct smsg_iter it;
	int err;

	if (!dec->msg->first[id])
		return;

	smsg_iter_init(&it, dec->msg, id);
	while (!(err = smsg_iter_addr(&it, &addr))) {
		if (addr.star &&
		    (id != SHDR_CONTACT || dec->msg->method != SMSG_REGISTER)) {
			err = EBADMSG;
			break;
		}
	}
	if (err != ENOENT)
		(void)smsg_fail(dec, 400, reason, it.rest.p);
}

void smsg_check(struct smsg_dec *dec)
{
	check_via(dec);
	check_from(dec);
	check_to(dec);
	check_callid(dec);
	check_cseq(dec);
	check_max_forwards(dec);
	if (!dec->msg->request)
		return;

	check_addrs(dec, SHDR_CONTACT, "Bad Contact");
	check_addrs(dec, SHDR_ROUTE, "Bad Route");
	check_addrs(dec, SHDR_RECORD_ROUTE, "Bad Record-Route");
}
