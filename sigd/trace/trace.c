/*
 * trace.c  What was said, for whoever asks later: the tap of a worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/trace/trace.h"
#include "sigd/trace/trace_hep.h"
#include "sigd/trace/trace_mask.h"
#include "sigd/transport/transport.h"

struct trace {
	struct trace_store *store; /* NULL: nothing is kept */
	struct trace_homer *homer; /* NULL: there is none */
	struct trace_hep_agent agent;
	struct mbuf *masked, *packet;
	bool keys;
	uint64_t taken, nameless;
	struct trace_tally tally;
	char worker[TRACE_WORKER_MAX + 1];
	char homer_key[];
};

static void destructor(void *data)
{
	struct trace *trace = data;

	if (trace->store)
		trace_store_flush(trace->store);
	mem_deref(trace->store);
	mem_deref(trace->homer);
	mem_deref(trace->masked);
	mem_deref(trace->packet);
}

int trace_alloc(struct trace **tracep, const struct trace_cfg *cfg,
		const char *worker, struct redis_link *redis,
		struct wheel *wheel)
{
	const char *key = cfg->homer_key ? cfg->homer_key : "";
	struct trace *trace =
		mem_zalloc(sizeof(*trace) + strlen(key) + 1, destructor);
	int err = 0;

	if (!trace)
		return ENOMEM;
	memcpy(trace->homer_key, key, strlen(key) + 1);
	trace->agent.id = cfg->homer_id;
	trace->agent.key = *key ? trace->homer_key : NULL;
	trace->keys = cfg->keys;
	str_ncpy(trace->worker, worker, sizeof(trace->worker));
	trace->masked = mbuf_alloc(4096);
	trace->packet = mbuf_alloc(4096);
	if (!trace->masked || !trace->packet)
		err = ENOMEM;
	if (!err && cfg->store.keep_ms)
		err = trace_store_alloc(&trace->store, &cfg->store, redis,
					wheel);
	if (!err && sa_isset(&cfg->homer, SA_ALL))
		err = trace_homer_alloc(&trace->homer, &cfg->homer,
					cfg->homer_tcp, wheel);
	if (err)
		mem_deref(trace);
	else
		*tracep = trace;
	return err;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void to_homer(struct trace *trace, const struct trace_msg *msg,
		     const struct pl *callid)
{
	mbuf_rewind(trace->packet);
	if (!trace_hep_write(trace->packet, &trace->agent, msg, callid))
		trace_homer_send(trace->homer, trace->packet->buf,
				 trace->packet->end);
}

void trace_tap(const struct transport_tap *tap, void *arg)
{
	struct trace *trace = arg;
	struct trace_msg msg = {.us = now_us(),
				.out = tap->out,
				.kind = tap->kind};
	struct pl callid, sip = {(const char *)tap->data, tap->len};

	trace_tally(&trace->tally, tap->out, tap->data, tap->len);
	if (!trace->store && !trace->homer)
		return;
	if (!trace_callid(&callid, tap->data, tap->len) ||
	    callid.l > TRACE_CALLID_MAX) {
		++trace->nameless;
		return;
	}
	mbuf_rewind(trace->masked);
	if (trace_mask(trace->masked, &sip, trace->keys))
		return;
	++trace->taken;
	if (tap->local)
		msg.local = *tap->local;
	msg.remote = *tap->remote;
	pl_set_str(&msg.worker, trace->worker);
	msg.text.p = (const char *)trace->masked->buf;
	msg.text.l = trace->masked->end;
	if (trace->store)
		trace_store_put(trace->store, &callid, &msg);
	if (trace->homer)
		to_homer(trace, &msg, &callid);
}

/* --- labels ------------------------------------------------------------------ */

/* With the dialog's tag before it. */
static void label_dialog(struct trace *trace, const struct trace_dialog *dialog,
			 const char *label)
{
	char word[TRACE_WORD_MAX + 1];

	if (re_snprintf(word, sizeof(word), "%08x%c%s",
			trace_tag_hash(&dialog->tag), dialog->led ? '+' : '!',
			label) > 0)
		trace_store_label(trace->store, &dialog->callid, word);
}

static bool label_print(char label[TRACE_LABEL_MAX + 1], const char *form,
			const char *tenant, const struct pl *name)
{
	return tenant && *tenant && name->l &&
	       re_snprintf(label, TRACE_LABEL_MAX + 1, form, tenant,
			   redis_key_part, name) > 0;
}

void trace_user(struct trace *trace, const struct trace_dialog *dialog,
		const char *tenant, const struct pl *user)
{
	char label[TRACE_LABEL_MAX + 1];

	if (trace && trace->store &&
	    label_print(label, "t:%s/u:%H", tenant, user))
		label_dialog(trace, dialog, label);
}

void trace_asked(struct trace *trace, const struct pl *callid,
		 const char *tenant, const struct pl *user)
{
	char label[TRACE_LABEL_MAX + 1];

	if (trace && trace->store &&
	    label_print(label, TRACE_ASKED "t:%s/u:%H", tenant, user))
		trace_store_label(trace->store, callid, label);
}

void trace_device(struct trace *trace, const struct trace_dialog *dialog,
		  const char *tenant, const struct pl *user, uint32_t device)
{
	char label[TRACE_LABEL_MAX + 1];

	if (trace && trace->store && device &&
	    trace_device_label(label, tenant, user, device))
		label_dialog(trace, dialog, label);
}

bool trace_device_label(char label[TRACE_LABEL_MAX + 1], const char *tenant,
			const struct pl *user, uint32_t device)
{
	return re_snprintf(label, TRACE_LABEL_MAX + 1, "t:%s/d:%08x/%H", tenant,
			   device, redis_key_part, user) > 0;
}

void trace_connection(struct trace *trace, const struct trace_dialog *dialog,
		      const char *tenant, const char *connection)
{
	char label[TRACE_LABEL_MAX + 1];
	struct pl name;

	if (!connection)
		return;
	pl_set_str(&name, connection);
	if (trace && trace->store &&
	    label_print(label, "t:%s/c:%H", tenant, &name))
		label_dialog(trace, dialog, label);
}

void trace_call(struct trace *trace, const struct pl *callid, const char *call)
{
	char label[TRACE_LABEL_MAX + 1];

	if (trace && trace->store && call && *call &&
	    re_snprintf(label, sizeof(label), "call:%s", call) > 0)
		trace_store_label(trace->store, callid, label);
}

void trace_counts(const struct trace *trace, struct trace_counts *counts)
{
	*counts = (struct trace_counts){.taken = trace->taken,
					.nameless = trace->nameless,
					.tally = trace->tally};
	if (trace->store)
		counts->store = *trace_store_counts(trace->store);
	if (trace->homer)
		counts->homer = *trace_homer_counts(trace->homer);
}
