/*
 * test_trace_msg.c  Records of messages, small batches of them, their Call-ID
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/trace/trace_msg.h"
#include "sigd/trace/trace_pack.h"
#include "tests/lib/test.h"

static const char invite[] = "INVITE sip:bob@example.com SIP/2.0\r\n"
			     "Call-ID: abc@host\r\n\r\n";

static struct trace_msg sample(bool v6)
{
	struct trace_msg msg = {.us = 1763700000123456ull,
				.out = v6,
				.kind = v6 ? FLOW_WSS : FLOW_UDP};

	(void)sa_set_str(&msg.remote, v6 ? "2001:db8::7" : "192.0.2.7", 5070);
	if (v6)
		(void)sa_set_str(&msg.local, "2001:db8::1", 443);
	pl_set_str(&msg.worker, "a1/2");
	pl_set_str(&msg.text, invite);
	return msg;
}

static void alike(const struct trace_msg *a, const struct trace_msg *b)
{
	CHECK(a->us == b->us && a->out == b->out && a->kind == b->kind);
	CHECK(sa_cmp(&a->remote, &b->remote, SA_ALL));
	CHECK_INT(sa_af(&a->local), sa_af(&b->local));
	CHECK(!pl_cmp(&a->worker, &b->worker));
	CHECK(!pl_cmp(&a->text, &b->text));
}

static void a_batch_is_read_as_it_was_written(void)
{
	struct mbuf *raw = mbuf_alloc(16), *packed = mbuf_alloc(16),
		    *again = NULL;
	struct trace_packer *packer = NULL;
	const struct trace_msg msg[] = {sample(false), sample(true)};
	struct trace_msg is;

	REQUIRE(raw && packed && !trace_packer_alloc(&packer));
	for (unsigned i = 0; i < 40; i++)
		CHECK(!trace_msg_write(raw, &msg[i % 2]));
	/* twice: a packer is used again and again */
	for (unsigned i = 0; i < 2; i++) {
		mbuf_rewind(packed);
		CHECK(!trace_pack(packer, packed, raw->buf, raw->end));
		CHECK(packed->end < raw->end / 5);
		CHECK(!trace_unpack(&again, packed->buf, packed->end));
		for (unsigned k = 0; again && k < 40; k++) {
			CHECK(!trace_msg_read(&is, again));
			alike(&is, &msg[k % 2]);
		}
		CHECK(again && trace_msg_read(&is, again) == ENOENT);
		again = mem_deref(again);
	}
	mem_deref(packer);
	mem_deref(packed);
	mem_deref(raw);
}

static void what_is_cut_or_changed_is_no_batch(void)
{
	struct mbuf *raw = mbuf_alloc(16), *packed = mbuf_alloc(16), *mb;
	struct trace_packer *packer = NULL;
	const struct trace_msg msg = sample(true);
	struct trace_msg is;

	REQUIRE(raw && packed && !trace_packer_alloc(&packer));
	CHECK(!trace_msg_write(raw, &msg));
	for (size_t len = 1; len < raw->end; len++) {
		struct mbuf part = {.buf = raw->buf, .size = len, .end = len};

		CHECK_INT(trace_msg_read(&is, &part), EBADMSG);
	}
	CHECK(!trace_pack(packer, packed, raw->buf, raw->end));
	for (size_t len = 0; len < packed->end; len++)
		CHECK_INT(trace_unpack(&mb, packed->buf, len), EBADMSG);
	packed->buf[0] ^= 1;
	CHECK_INT(trace_unpack(&mb, packed->buf, packed->end), EBADMSG);
	packed->buf[0] ^= 1;
	packed->buf[4] ^= 1; /* of another size */
	CHECK_INT(trace_unpack(&mb, packed->buf, packed->end), EBADMSG);
	mem_deref(packer);
	mem_deref(packed);
	mem_deref(raw);
}

static void callid_is(const char *sip, const char *want)
{
	struct pl callid = {NULL, 0};

	CHECK_INT(trace_callid(&callid, sip, strlen(sip)), want != NULL);
	if (want)
		CHECK(!pl_strcmp(&callid, want));
}

static void a_call_id_is_found_by_sight(void)
{
	callid_is(invite, "abc@host");
	callid_is("BYE x SIP/2.0\r\ni:77\r\n\r\n", "77");
	callid_is("BYE x SIP/2.0\nCALL-id \t:  a b \r\n\n", "a b");
	callid_is("BYE x SIP/2.0\r\n\r\nCall-ID: in-the-body\r\n", NULL);
	callid_is("BYE x SIP/2.0\r\nCall-ID:\r\nIn: 1\r\n", NULL);
	callid_is("X-Call-ID: 1\r\nIs: 2", NULL);
	callid_is("", NULL);
	callid_is("i", NULL);
}

TEST_MAIN(TEST(a_batch_is_read_as_it_was_written),
	  TEST(what_is_cut_or_changed_is_no_batch),
	  TEST(a_call_id_is_found_by_sight))
