/*
 * branch_token.c  The branch of our Via: it names the worker that waits
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/call/branch_token.h"
#include "sigd/call/pack.h"

static const char magic[] = "z9hG4bK";

enum { MAGIC_LEN = sizeof(magic) - 1 };

int branch_token_make(char text[BRANCH_TEXT_MAX + 1],
		      const struct keyring *ring, uint64_t now_s,
		      const struct branch_owner *owner,
		      const struct pl *callid)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct pack out = {.p = plain, .size = sizeof(plain)};

	pack_bytes(&out, owner->node, strlen(owner->node));
	pack_u8(&out, owner->slot);
	pack_u32(&out, owner->epoch);
	pack_u32(&out, owner->num);
	if (owner->loop)
		pack_u32(&out, owner->loop);
	if (out.err)
		return out.err;

	memcpy(text, magic, MAGIC_LEN);
	return seal_token(text + MAGIC_LEN, ring, now_s, SEAL_BRANCH, callid,
			  1, plain, out.pos);
}

int branch_token_open(struct branch_owner *owner, const struct keyring *ring,
		      const struct pl *callid, const struct pl *text)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct unpack in = {.p = plain};
	struct pl token = *text;
	int err;

	if (token.l <= MAGIC_LEN || memcmp(token.p, magic, MAGIC_LEN))
		return EBADMSG;

	pl_advance(&token, MAGIC_LEN);
	err = seal_open(plain, &in.len, ring, SEAL_BRANCH, callid, 1, &token);
	if (err)
		return err;

	unpack_str(&in, owner->node, sizeof(owner->node));
	owner->slot  = unpack_u8(&in);
	owner->epoch = unpack_u32(&in);
	owner->num   = unpack_u32(&in);
	owner->loop  = in.pos < in.len ? unpack_u32(&in) : 0;
	return in.err || in.pos != in.len ? EBADMSG : 0;
}
