/*
 * cookie.c  What a dialog's messages carry so that any worker can serve them
 *
 * Layout of the sealed plaintext (the seal's own version byte covers it):
 *   direction 1 | call id 8 | session id 8 | leg 1 | shift 1 |
 *   tenant 1+n | media 1+n | flow 1+n
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/keyring.h"
#include "sigd/call/cookie.h"
#include "sigd/call/pack.h"

static size_t bound_to(struct pl bound[2], const struct cookie_dialog *dialog)
{
	bound[0] = dialog->callid;
	bound[1] = dialog->caller_tag;
	return 2;
}

static int pack(struct pack *out, const struct cookie *cookie)
{
	bool media, flow;

	pack_u8(out, (uint8_t)cookie->direction);
	pack_id(out, cookie->call);
	pack_id(out, cookie->session);
	pack_u8(out, cookie->leg);
	pack_u8(out, cookie->shift);
	pack_bytes(out, cookie->tenant, strlen(cookie->tenant));
	if (out->err)
		return out->err;

	/* hints give way when the token would be too long */
	media = pack_left(out) >= strlen(cookie->media) + 2;
	pack_bytes(out, cookie->media, media ? strlen(cookie->media) : 0);
	flow = pack_left(out) >= cookie->flow_len + 1;
	pack_bytes(out, cookie->flow, flow ? cookie->flow_len : 0);
	return out->err;
}

int cookie_seal(char text[SEAL_TEXT_MAX + 1], const struct keyring *ring,
		uint64_t now_s, const struct cookie *cookie,
		const struct cookie_dialog *dialog)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct pack out = {.p = plain, .size = sizeof(plain)};
	struct pl bound[2];
	size_t nbound = bound_to(bound, dialog);
	int err = pack(&out, cookie);

	if (err)
		return err;

	return seal_token(text, ring, now_s, SEAL_COOKIE, bound, nbound, plain,
			  out.pos);
}

static int unpack(struct cookie *cookie, struct unpack *in)
{
	cookie->direction = (enum cookie_direction)unpack_u8(in);
	unpack_id(in, cookie->call);
	unpack_id(in, cookie->session);
	cookie->leg = unpack_u8(in);
	cookie->shift = unpack_u8(in);
	unpack_str(in, cookie->tenant, sizeof(cookie->tenant));
	unpack_str(in, cookie->media, sizeof(cookie->media));
	cookie->flow_len = unpack_bytes(in, cookie->flow,
					sizeof(cookie->flow));
	if (cookie->direction < COOKIE_TO_CALLER ||
	    cookie->direction > COOKIE_TO_SERVICE)
		return EBADMSG;

	return in->err || in->pos != in->len ? EBADMSG : 0;
}

int cookie_open(struct cookie *cookie, const struct keyring *ring,
		const struct cookie_dialog *dialog, const struct pl *text)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct unpack in = {.p = plain};
	struct pl bound[2];
	size_t nbound = bound_to(bound, dialog);
	int err;

	err = seal_open(plain, &in.len, ring, SEAL_COOKIE, bound, nbound,
			text);
	if (err)
		return err;

	memset(cookie, 0, sizeof(*cookie));
	return unpack(cookie, &in);
}
