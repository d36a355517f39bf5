/*
 * refused.c  Calls that the table itself answered: no, or elsewhere
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/countof.h"
#include "common/redis_link.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/call/call_record.h"
#include "sigd/proxy/invite/invite_why.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/refused.h"
#include "sigd/sip/smsg.h"

/* Who calls chooses how long these are. */
static struct pl cut(const struct pl *text)
{
	return (struct pl){text->p, min(text->l, (size_t)CALL_TEXT_MAX)};
}

void refused_note(struct proxy *px, const struct route_plan *plan,
		  const struct smsg *invite, const char *caller)
{
	const struct route_target *target = &plan->targets[0];
	const struct pl callid = cut(&invite->callid);
	const struct pl callee = cut(&invite->uri.user);
	char key[64], code[8], why[CALL_WHY_MAX + 1], most[16], keep[16];

	/* it holds nothing that would have to be encoded */
	re_snprintf(key, sizeof(key), "cb:{m:%s}:refused", plan->tenant->id);
	re_snprintf(code, sizeof(code), "%u", target->code);
	re_snprintf(most, sizeof(most), "%d", REFUSED_MAX);
	re_snprintf(keep, sizeof(keep), "%d", REFUSED_KEEP_S);
	invite_why(why, plan);

	const struct redis_arg add[] = {
		redis_str("XADD"),	redis_str(key),
		redis_str("MAXLEN"),	redis_str("~"),
		redis_str(most),	redis_str("*"),
		redis_str("callid"),	{callid.p, callid.l},
		redis_str("worker"),	redis_str(px->worker),
		redis_str("from"),
		redis_str(plan->from ? plan->from->name : ""),
		redis_str("caller"),	redis_str(caller),
		redis_str("callee"),	{callee.p, callee.l},
		redis_str("code"),	redis_str(code),
		redis_str("why"),	redis_str(why)};
	const struct redis_arg expire[] = {redis_str("EXPIRE"),
					   redis_str(key), redis_str(keep)};

	/* with Redis away the log has it */
	if (!redis_link_send(px->deps.redis, add, COUNTOF(add), NULL, NULL))
		(void)redis_link_send(px->deps.redis, expire, COUNTOF(expire),
				      NULL, NULL);
}
