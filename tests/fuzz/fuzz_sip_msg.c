/*
 * fuzz_sip_msg.c  A datagram: decode, print, decode again, edit, answer
 *
 * What decodes must print to something that decodes to the same; whatever the
 * edits, the result is a message; an answerable fault has an answer.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "sigd/sip/sdtmf.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/sip/smsg_edit.h"
#include "sigd/sip/smsg_sdp.h"
#include "tests/lib/fuzz.h"

enum {
	ROOM = 2 * SMSG_MAX
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool same(const struct pl *a, const struct pl *b)
{
	return a->l == b->l && (!a->l || !memcmp(a->p, b->p, a->l));
}

static void check_same(const struct smsg *a, const struct smsg *b)
{
	must(a->request == b->request && a->method == b->method);
	must(a->scode == b->scode && a->max_forwards == b->max_forwards);
	must(a->cseq.num == b->cseq.num);
	must(same(&a->callid, &b->callid) && same(&a->body, &b->body));
	must(same(&a->from.val, &b->from.val) && same(&a->to.val, &b->to.val));
	must(same(&a->via.val, &b->via.val));
	must(same(&a->uri.text, &b->uri.text));
	/* Content-Length may have been added */
	must(b->hdrc == a->hdrc ||
	     (b->hdrc == a->hdrc + 1 && !a->first[SHDR_CONTENT_LENGTH]));
	for (unsigned i = 0; i < a->hdrc; i++) {
		struct pl va = smsg_hdr_val(a, &a->hdrv[i]);
		struct pl vb = smsg_hdr_val(b, &b->hdrv[i]);

		must(a->hdrv[i].id == b->hdrv[i].id && same(&va, &vb));
	}
}

/* Whatever somebody takes for the end of a line, it is one of ours. */
static void check_lines(const struct smsg *msg)
{
	for (unsigned i = 0; i < msg->hdrc; i++) {
		struct pl val = smsg_hdr_val(msg, &msg->hdrv[i]);

		must(!val.l || (!memchr(val.p, '\r', val.l) &&
				!memchr(val.p, '\n', val.l)));
	}
}

static void round_trip(const struct smsg *msg, uint8_t *out)
{
	struct smsg_edit ed;
	struct smsg_err why;
	struct smsg again;
	size_t len;
	int err;

	check_lines(msg);
	smsg_edit_init(&ed, msg);
	err = smsg_edit_write(&ed, out, ROOM, &len);
	if (err) {
		/* a Content-Length more is too much */
		must(err == EOVERFLOW && msg->raw.l > SMSG_MAX - 64);
		return;
	}
	if (msg->hdrc == SMSG_HDR_MAX && !msg->first[SHDR_CONTENT_LENGTH])
		return;
	must(!smsg_decode(&again, out, len, NULL, &why));
	check_same(msg, &again);
}

static void edit(struct smsg *msg, uint8_t *out, uint8_t what)
{
	static const struct pl val = PL("<sip:tok@h.org;lr>");
	static const struct pl via = PL("SIP/2.0/UDP u;branch=z9hG4bKx");
	static const struct pl body = PL("v=0\r\n"), type = PL("a/b");
	static const struct pl src = PL("192.0.2.9");
	struct smsg_edit ed;
	struct smsg_err why;
	struct smsg again;
	size_t len;

	must(!smsg_source_set(msg, &src, 7));
	smsg_edit_init(&ed, msg);
	if (what & 1)
		smsg_edit_push(&ed, SHDR_VIA, &via);
	if (what & 2 && smsg_count(msg, SHDR_ROUTE))
		smsg_edit_pop(&ed, SHDR_ROUTE);
	if (what & 4 && smsg_count(msg, SHDR_CONTACT))
		smsg_edit_replace_value(&ed, SHDR_CONTACT, 0, &val);
	if (what & 8)
		smsg_edit_push(&ed, SHDR_RECORD_ROUTE, &val);
	if (what & 16 && msg->max_forwards)
		smsg_edit_hop(&ed);
	if (what & 32)
		smsg_edit_body(&ed, &type, &body);
	if (what & 64) {
		smsg_edit_remove_prefix(&ed, "X-");
		smsg_edit_remove_token(&ed, SHDR_SUPPORTED, "100rel");
	}
	if (what & 128)
		smsg_edit_set(&ed, SHDR_TO, &val);
	if (smsg_edit_write(&ed, out, ROOM, &len))
		return;
	if (msg->hdrc + 4 > SMSG_HDR_MAX)
		return;
	/* lists that were joined anew may be a little longer */
	if (smsg_decode(&again, out, len, NULL, &why))
		must(!strcmp(why.reason, "Header Too Long"));
}

static void answer(const struct smsg *req, uint8_t *out, bool sane)
{
	const struct smsg_reply reply = {.scode = 400, .to_tag = PL("x")};
	struct smsg_err why;
	struct smsg resp;
	size_t len;

	if (smsg_reply_write(out, ROOM, &len, req, &reply))
		return;
	if (smsg_decode(&resp, out, len, NULL, &why) && sane)
		must(!strcmp(why.reason, "Header Too Long"));
}

/* It is a part of the body. */
static void description(const struct smsg *msg)
{
	struct sdtmf key;
	struct pl sdp;
	int err = smsg_sdp(msg, &sdp);

	(void)sdtmf_read(&key, msg);
	must(key.code < 16 && key.ms && key.ms <= SDTMF_MS_MAX);
	must(!err || !sdp.l);
	must(!sdp.l || (sdp.p >= msg->body.p &&
			sdp.p + sdp.l <= msg->body.p + msg->body.l));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smsg_err why;
	struct smsg msg, *copy;
	uint8_t *buf = malloc(size ? size : 1), *out = malloc(ROOM);
	int err;

	must(buf && out);
	if (size)
		memcpy(buf, data, size);
	err = smsg_decode(&msg, buf, size, NULL, &why);
	if (err) {
		must(why.reason && why.pos <= size);
		must(!why.answerable || why.scode >= 400);
		if (why.answerable)
			answer(&msg, out, false);
	} else {
		round_trip(&msg, out);
		description(&msg);
		must(!smsg_clone(&copy, &msg));
		check_same(&msg, copy);
		mem_deref(copy);
		if (msg.request && msg.hdrc < SMSG_HDR_MAX)
			answer(&msg, out, true);
		edit(&msg, out, data[size - 1]);
	}
	free(out);
	free(buf);
	return 0;
}
