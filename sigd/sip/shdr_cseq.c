/*
 * shdr_cseq.c  CSeq and RAck: the order of requests
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/shdr.h"

/* 1*DIGIT LWS; behind it, or NULL */
static const char *number(uint32_t *num, const char *p, const char *end)
{
	const char *e = schar_span(p, end, SCHAR_DIGIT);
	struct pl text;

	schar_set(&text, p, e);
	if (shdr_number(num, &text, UINT32_MAX))
		return NULL;
	p = schar_lws(e, end);
	return p > e ? p : NULL;
}

/* RFC 3261 20.16. The number must be below 2^32; that an initial one is below
 * 2^31 is the sender's matter (8.1.1.5). */
int shdr_cseq_decode(struct shdr_cseq *cseq, const struct pl *val)
{
	const char *end = schar_end(val), *p, *e;

	if (!val->l)
		return EBADMSG;
	p = number(&cseq->num, val->p, end);
	if (!p)
		return EBADMSG;

	e = schar_span(p, end, SCHAR_TOKEN);
	if (e == p || e != end)
		return EBADMSG;
	schar_set(&cseq->name, p, e);
	cseq->method = smsg_method_id(&cseq->name);
	return 0;
}

/* RFC 3262 7.2: response-num LWS CSeq-num LWS Method */
int shdr_rack_decode(struct shdr_rack *rack, const struct pl *val)
{
	const char *end = schar_end(val), *p;
	struct pl rest;

	if (!val->l)
		return EBADMSG;
	p = number(&rack->rseq, val->p, end);
	if (!p)
		return EBADMSG;
	schar_set(&rest, p, end);
	return shdr_cseq_decode(&rack->cseq, &rest);
}
