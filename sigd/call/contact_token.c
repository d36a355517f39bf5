/*
 * contact_token.c  The Contact that we show instead of a party's own
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/call/contact_token.h"
#include "sigd/call/pack.h"

int contact_token_make(char text[SEAL_TEXT_MAX + 1],
		       const struct keyring *ring, uint64_t now_s,
		       const char *call, uint8_t side,
		       const struct pl *target)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct pack out = {.p = plain, .size = sizeof(plain)};
	size_t len = target->l > CONTACT_TARGET_MAX ? 0 : target->l;

	pack_id(&out, call);
	pack_u8(&out, side);
	pack_bytes(&out, target->p, len);
	if (out.err)
		return out.err;

	return seal_token(text, ring, now_s, SEAL_CONTACT, NULL, 0, plain,
			  out.pos);
}

int contact_token_open(struct contact_token *token,
		       const struct keyring *ring, const struct pl *text)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct unpack in = {.p = plain};
	int err;

	err = seal_open(plain, &in.len, ring, SEAL_CONTACT, NULL, 0, text);
	if (err)
		return err;

	unpack_id(&in, token->call);
	token->side = unpack_u8(&in);
	unpack_str(&in, token->target, sizeof(token->target));
	return in.err || in.pos != in.len || token->side > 1 ? EBADMSG : 0;
}
