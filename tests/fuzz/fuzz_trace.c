/*
 * fuzz_trace.c  Traces: what is masked, and what is read back from Redis
 *
 * First byte 'm': the rest is a message that is masked, stored and read again.
 * 'r': records; 'p': a batch made small.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>
#include <re.h>

#include "sigd/trace/trace_hep.h"
#include "sigd/trace/trace_mask.h"
#include "sigd/trace/trace_pack.h"
#include "sigd/trace/trace_pcap.h"
#include "tests/lib/fuzz.h"

static void passes_on(const struct trace_msg *msg)
{
	const struct trace_hep_agent agent = {1, "k"};
	struct mbuf *mb = mbuf_alloc(256);
	const struct pl id = PL("id");

	assert(msg->text.l <= TRACE_TEXT_MAX);
	(void)trace_hep_write(mb, &agent, msg, &id);
	(void)trace_pcap_write(mb, msg);
	mem_deref(mb);
}

static void try_records(struct mbuf *mb)
{
	struct trace_msg msg;

	while (!trace_msg_read(&msg, mb))
		passes_on(&msg);
}

/* As long, or shorter but for the masks: one for each line, and for each
 * parameter that is found. */
static void try_message(const struct pl *sip)
{
	struct mbuf *masked = mbuf_alloc(256), *record = mbuf_alloc(256);
	struct trace_msg msg = {.us = 1, .kind = FLOW_TCP}, is;
	struct pl callid;

	assert(!trace_mask(masked, sip, false));
	assert(masked->end <= 4 * sip->l + 16);
	if (trace_callid(&callid, sip->p, sip->l))
		assert(callid.l && callid.p >= sip->p &&
		       callid.p + callid.l <= sip->p + sip->l);
	msg.text = (struct pl){(char *)masked->buf, masked->end};
	if (!trace_msg_write(record, &msg)) {
		mbuf_set_pos(record, 0);
		assert(!trace_msg_read(&is, record));
		assert(!pl_cmp(&is.text, &msg.text));
	}
	mem_deref(masked);
	mem_deref(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl sip = {(const char *)data + 1, size - 1};
	struct mbuf part, *mb;

	if (size < 2)
		return 0;
	switch (data[0]) {
	case 'm':
		try_message(&sip);
		break;
	case 'r':
		part = (struct mbuf){.buf = (uint8_t *)data + 1,
				     .size = size - 1,
				     .end = size - 1};
		try_records(&part);
		break;
	case 'p':
		if (!trace_unpack(&mb, data + 1, size - 1)) {
			try_records(mb);
			mem_deref(mb);
		}
		break;
	default:
		break;
	}
	return 0;
}
