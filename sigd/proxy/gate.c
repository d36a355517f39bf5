/*
 * gate.c  What is let in: overload of this worker, and who asks too often
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/wheel.h"
#include "sigd/guard/alarm.h"
#include "sigd/proxy/gate.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/request.h"

/* Names with a bucket. Calls have a table of their own: they are many, and take
 * nobody's place. */
enum { REMEMBERED = 16384, CALLS_REMEMBERED = 8192 };

/* What a call may ask for within its dialogs: keys, video and transfers stay
 * far below. That it ends is said by each side once, and a little more. */
static const struct bucket_rate call_rate = {.per_s = 20, .burst = 400};
static const struct bucket_rate bye_rate = {.per_s = 1, .burst = 8};

enum bucket_kind {
	BUCKET_SOURCE,
	BUCKET_TENANT,
	BUCKET_USER,
	BUCKET_CALL,
	BUCKET_BYE
};

struct gate {
	struct gate_cfg cfg;
	struct wheel *wheel;
	struct alarms *alarms;
	struct bucket_table *buckets, *calls;
	struct load load;
	struct gate_counts counts;
};

static void destructor(void *data)
{
	struct gate *gate = data;

	mem_deref(gate->buckets);
	mem_deref(gate->calls);
}

int gate_alloc(struct gate **gatep, const struct gate_cfg *cfg,
	       struct wheel *wheel, struct alarms *alarms)
{
	struct gate *gate = mem_zalloc(sizeof(*gate), destructor);
	int err;

	if (!gate)
		return ENOMEM;

	gate->cfg = *cfg;
	gate->wheel = wheel;
	gate->alarms = alarms;
	err = bucket_table_alloc(&gate->buckets, REMEMBERED);
	if (!err)
		err = bucket_table_alloc(&gate->calls, CALLS_REMEMBERED);
	if (err)
		mem_deref(gate);
	else
		*gatep = gate;
	return err;
}

/* An OPTIONS is cheaper to answer than to refuse, and the load balancer that
 * sent it must not take us for dead. */
static bool is_costly(const struct smsg *msg)
{
	return msg->method != SMSG_OPTIONS;
}

static enum gate_verdict rated(struct gate *gate, enum bucket_verdict verdict,
			       enum alarm_kind kind,
			       const struct alarm_about *about)
{
	if (verdict == BUCKET_TAKEN)
		return GATE_OPEN;

	alarm_note(gate->alarms, kind, about);
	if (verdict == BUCKET_FLOOD) {
		++gate->counts.dropped;
		return GATE_DROP;
	}
	++gate->counts.rated;
	return GATE_RATED;
}

enum gate_verdict gate_source(struct gate *gate, const struct sa *remote)
{
	struct bucket_name name = {.kind = BUCKET_SOURCE};
	struct alarm_about about = {.load = gate->load.value};
	char text[BUCKET_SOURCE_MAX], host[64];
	enum bucket_verdict verdict;

	if (!remote)
		return GATE_OPEN;

	bucket_source(&name.name, text, remote);
	verdict = bucket_take(gate->buckets, &name, &gate->cfg.source,
			      wheel_now(gate->wheel));
	if (verdict == BUCKET_TAKEN)
		return GATE_OPEN;

	re_snprintf(host, sizeof(host), "%j", remote);
	pl_set_str(&about.source, host);
	return rated(gate, verdict, ALARM_SOURCE_RATE, &about);
}

enum gate_verdict gate_call(struct gate *gate, const struct smsg *msg)
{
	const bool bye = msg->method == SMSG_BYE;
	const struct bucket_name name = {
		.kind = bye ? BUCKET_BYE : BUCKET_CALL, .name = msg->callid};
	struct alarm_about about = {.why = PL("within one call"),
				    .load = gate->load.value};

	pl_set_str(&about.source, msg->src_host);
	return rated(gate,
		     bucket_take(gate->calls, &name,
				 bye ? &bye_rate : &call_rate,
				 wheel_now(gate->wheel)),
		     ALARM_SOURCE_RATE, &about);
}

enum gate_verdict gate_request(struct gate *gate, const struct request *rq)
{
	struct alarm_about about = {.load = gate->load.value};
	enum gate_verdict verdict;

	/* what goes on or ends something is not kept out; but what was sealed
	 * for a call is good for ever, and who has it may not be in that call
	 * any more */
	if (rq->ongoing)
		return rq->msg->method == SMSG_CANCEL
			       ? GATE_OPEN
			       : gate_call(gate, rq->msg);

	verdict = gate_source(gate, rq->src->remote);
	if (rq->stray)
		return verdict == GATE_OPEN ? GATE_OPEN : GATE_DROP;
	if (verdict != GATE_OPEN || !is_costly(rq->msg) ||
	    !load_refuses(&gate->load))
		return verdict;

	++gate->counts.overload;
	alarm_note(gate->alarms, ALARM_OVERLOAD, &about);
	return GATE_OVERLOAD;
}

enum status gate_identity(struct gate *gate, const struct smsg *msg,
			  const char *tenant, const char *name)
{
	const uint64_t now = wheel_now(gate->wheel);
	struct bucket_name of = {.kind = BUCKET_USER};
	struct alarm_about about = {.load = gate->load.value};
	enum gate_verdict verdict;

	pl_set_str(&of.group, tenant);
	pl_set_str(&of.name, name);
	about.tenant = of.group;
	about.name   = of.name;
	pl_set_str(&about.source, msg->src_host);
	verdict = rated(gate, bucket_take(gate->buckets, &of, &gate->cfg.user,
					  now),
			ALARM_USER_RATE, &about);
	if (verdict != GATE_OPEN)
		return STATUS_RATE_LIMITED;

	of.kind	   = BUCKET_TENANT;
	of.name	   = pl_null;
	about.name = pl_null;
	verdict = rated(gate, bucket_take(gate->buckets, &of,
					  &gate->cfg.tenant, now),
			ALARM_TENANT_RATE, &about);
	return verdict == GATE_OPEN ? STATUS_OK : STATUS_RATE_LIMITED;
}

void gate_sample(struct gate *gate, const struct load_sample *sample)
{
	load_sample(&gate->load, sample);
}

uint32_t gate_load(const struct gate *gate)
{
	return gate->load.value;
}

uint32_t gate_share(const struct gate *gate)
{
	return load_share(&gate->load);
}

const struct gate_counts *gate_counts(const struct gate *gate)
{
	return &gate->counts;
}
