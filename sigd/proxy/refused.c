/*
 * refused.c  Calls that got nowhere: the table said no, or who called may not
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/bucket.h"
#include "common/call_log.h"
#include "common/countof.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/call/call_find.h"
#include "sigd/call/call_record.h"
#include "sigd/proxy/diary.h"
#include "sigd/proxy/invite/invite_why.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/refused.h"
#include "sigd/sip/smsg.h"
#include "sigd/trace/trace.h"

enum { OF_TENANT, OF_ALL };

/* Who calls chooses how long these are. */
static struct pl cut(const struct pl *text)
{
	return (struct pl){text->p, min(text->l, (size_t)CALL_TEXT_MAX)};
}

static bool take(struct proxy *px, const struct bucket_name *name,
		 const struct bucket_rate *rate)
{
	return bucket_take(px->refusals, name, rate,
			   wheel_now(px->deps.wheel)) == BUCKET_TAKEN;
}

/* Of all tenants only what the one has left: a flood at one of them takes no
 * more than its share. */
bool refused_may(struct proxy *px, const char *tenant)
{
	const struct bucket_rate rate = {REFUSED_TOLD_S, REFUSED_TOLD_BURST};
	const struct bucket_rate rate_all = {REFUSED_ALL_S, REFUSED_ALL_BURST};
	const struct bucket_name all = {.kind = OF_ALL, .name = PL("")};
	struct bucket_name name = {.kind = OF_TENANT, .name = PL("")};

	pl_set_str(&name.group, tenant);
	return take(px, &name, &rate) && take(px, &all, &rate_all);
}

/* Who has not shown who he is is who he says. */
static struct pl caller_of(const struct refused *what)
{
	struct pl caller;

	pl_set_str(&caller, what->caller);
	return caller.l ? caller : cut(&what->invite->from.uri.user);
}

/* A call as any other, but for its record. */
static void begin(struct proxy *px, char call[17], const struct refused *what,
		  const struct route_plan *plan, const char *why)
{
	const struct diary_begin begin = {
		.from = what->from,
		.plan = plan,
		.source = what->source,
		.transport = what->transport,
		.tenant = what->tenant,
		.caller = caller_of(what),
		.callee = cut(&what->invite->uri.user),
		.callid = what->invite->callid,
		.code = plan ? plan->targets[0].code : 0,
		.why = why,
		.brief = true};

	call_id_make(call, &what->invite->callid);
	trace_call(px->deps.trace, &what->invite->callid, call);
	diary_begin(px, call, &begin);
}

void refused_early(struct proxy *px, const struct refused *what,
		   enum status why)
{
	char call[17];

	if (!refused_may(px, what->tenant))
		return;
	begin(px, call, what, NULL, NULL);
	diary_refused_brief(px, call, why);
}

static void told(struct proxy *px, const struct route_plan *plan,
		 const struct refused *what, const char *why)
{
	char call[17];

	if (!refused_may(px, what->tenant))
		return;
	begin(px, call, what, plan, why);
	diary_refused_brief(px, call, plan->targets[0].status);
}

void refused_note(struct proxy *px, const struct route_plan *plan,
		  const struct refused *what)
{
	const struct route_target *target = &plan->targets[0];
	const struct pl callid = cut(&what->invite->callid);
	const struct pl callee = cut(&what->invite->uri.user);
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
		redis_str("caller"),	redis_str(what->caller),
		redis_str("callee"),	{callee.p, callee.l},
		redis_str("code"),	redis_str(code),
		redis_str("why"),	redis_str(why)};
	const struct redis_arg expire[] = {redis_str("EXPIRE"),
					   redis_str(key), redis_str(keep)};

	/* with Redis away the log has it */
	if (!redis_link_send(px->deps.redis, add, COUNTOF(add), NULL, NULL))
		(void)redis_link_send(px->deps.redis, expire, COUNTOF(expire),
				      NULL, NULL);
	told(px, plan, what, why);
}
