/*
 * device_token.c  The Contact under which a PBX has a device of ours
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/call/device_token.h"
#include "sigd/call/pack.h"

int device_token_make(char text[SEAL_TEXT_MAX + 1], const struct keyring *ring,
		      uint64_t now_s, const struct device_token *token)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct pack out = {.p = plain, .size = sizeof(plain)};

	pack_bytes(&out, token->tenant, strlen(token->tenant));
	pack_bytes(&out, token->user, strlen(token->user));
	pack_u32(&out, token->device);
	if (out.err)
		return out.err;

	return seal_token(text, ring, now_s, SEAL_FLOW, NULL, 0, plain,
			  out.pos);
}

int device_token_open(struct device_token *token, const struct keyring *ring,
		      const struct pl *text)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct unpack in = {.p = plain};
	int err = seal_open(plain, &in.len, ring, SEAL_FLOW, NULL, 0, text);

	if (err)
		return err;

	unpack_str(&in, token->tenant, sizeof(token->tenant));
	unpack_str(&in, token->user, sizeof(token->user));
	token->device = unpack_u32(&in);
	return in.err || in.pos != in.len ? EBADMSG : 0;
}
