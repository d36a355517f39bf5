/*
 * fuzz_identity.c  What a message says of who speaks, read and written anew
 *
 * The first byte chooses who speaks to whom. Towards somebody who is not
 * trusted nothing of identity may be left.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "routing/route_conn.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/who/identity.h"
#include "tests/lib/fuzz.h"

static struct route_connection conns[2] = {
	{.name = "a", .trusted = true, .peer.domain = "a.test"},
	{.name = "b", .peer.domain = "b.test"},
};

static bool is_told(const uint8_t *buf, size_t len)
{
	struct smsg *msg = mem_zalloc(sizeof(*msg), NULL);
	struct smsg_err err;
	bool told = false;

	if (msg && !smsg_decode(msg, (uint8_t *)buf, len, NULL, &err))
		told = smsg_hdr(msg, SHDR_P_ASSERTED_IDENTITY) ||
		       smsg_hdr(msg, SHDR_P_PREFERRED_IDENTITY) ||
		       smsg_hdr(msg, SHDR_REMOTE_PARTY_ID);
	mem_deref(msg);
	return told;
}

static void run(const struct smsg *msg, uint8_t how)
{
	struct identity who = {
		.from = how & 1 ? &conns[how >> 1 & 1] : NULL,
		.to = how & 4 ? &conns[how >> 3 & 1] : NULL,
		.user = "alice"};
	static uint8_t out[SMSG_MAX];
	struct smsg_edit *ed = mem_alloc(sizeof(*ed), NULL);
	struct caller_id shown;
	size_t len;

	conns[0].caller_id.identity = (enum route_identity)(1 + (how >> 4) % 3);
	conns[0].caller_id.show = conns[1].caller_id.show =
		how & 0x80 ? ROUTE_SHOW_NOBODY : ROUTE_SHOW_PASS;
	if (!ed)
		return;
	smsg_edit_init(ed, msg);
	hop_clean(ed);
	if (how & 0x40)
		identity_shown(&who, &shown, msg);
	identity_edit(ed, &who);
	if (!smsg_edit_write(ed, out, sizeof(out), &len) && who.to &&
	    !who.to->trusted && is_told(out, len))
		abort();
	mem_deref(ed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct identity_text *told = mem_alloc(sizeof(*told), NULL);
	struct smsg *msg = mem_zalloc(sizeof(*msg), NULL);
	const struct identity back = {.from = &conns[0], .user = ""};
	struct smsg_err err;
	uint8_t *copy;

	if (size < 2 || size > SMSG_MAX || !told || !msg) {
		mem_deref(told);
		mem_deref(msg);
		return 0;
	}
	copy = malloc(size);
	if (copy) {
		memcpy(copy, data + 1, size - 1);
		if (!smsg_decode(msg, copy, size - 1, NULL, &err)) {
			if (msg->request)
				run(msg, data[0]);
			else
				identity_tell(told, msg, &back);
		}
	}
	free(copy);
	mem_deref(told);
	mem_deref(msg);
	return 0;
}
