/*
 * sub_token.c  What the messages of a subscription carry
 *
 * Layout of the sealed plaintext of a cookie (the seal's own version byte
 * covers it):
 *   flags 1 | tenant 1+n | to, from: device 4, name 1+n | flow 1+n
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/keyring.h"
#include "sigd/call/pack.h"
#include "sigd/call/sub_token.h"

enum {
	TO_SUBSCRIBER = 1,
	TO_CONNECTION = 2,
	FROM_CONNECTION = 4,
	HIDDEN = 8,
	FLAGS = 15
};

static size_t bound_to(struct pl bound[2], const struct sub_dialog *dialog)
{
	bound[0] = dialog->callid;
	bound[1] = dialog->subscriber_tag;
	return 2;
}

static void pack_end(struct pack *out, const struct sub_end *end, bool named)
{
	pack_u32(out, end->device);
	pack_bytes(out, end->name, named ? strlen(end->name) : 0);
}

/* left_out: how many of the flow, `from` and `to`. */
static int pack(struct pack *out, const struct sub_cookie *cookie,
		unsigned left_out)
{
	pack_u8(out, (uint8_t)((cookie->to_subscriber ? TO_SUBSCRIBER : 0) |
			       (cookie->to.connection ? TO_CONNECTION : 0) |
			       (cookie->from.connection ? FROM_CONNECTION
							: 0) |
			       (cookie->hidden ? HIDDEN : 0)));
	pack_bytes(out, cookie->tenant, strlen(cookie->tenant));
	pack_end(out, &cookie->to, left_out < 3);
	pack_end(out, &cookie->from, left_out < 2);
	pack_bytes(out, cookie->flow, left_out < 1 ? cookie->flow_len : 0);
	return out->err;
}

int sub_cookie_seal(char text[SEAL_TEXT_MAX + 1], const struct keyring *ring,
		    uint64_t now_s, const struct sub_cookie *cookie,
		    const struct sub_dialog *dialog)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct pl bound[2];
	size_t nbound = bound_to(bound, dialog);
	struct pack out;
	int err = EMSGSIZE;

	for (unsigned i = 0; i < 4 && err == EMSGSIZE; i++) {
		out = (struct pack){.p = plain, .size = sizeof(plain)};
		err = pack(&out, cookie, i);
	}
	return err ? err
		   : seal_token(text, ring, now_s, SEAL_SUB, bound, nbound,
				plain, out.pos);
}

static void unpack_end(struct unpack *in, struct sub_end *end)
{
	end->device = unpack_u32(in);
	unpack_str(in, end->name, sizeof(end->name));
}

int sub_cookie_open(struct sub_cookie *cookie, const struct keyring *ring,
		    const struct sub_dialog *dialog, const struct pl *text)
{
	uint8_t plain[SEAL_PLAIN_MAX], flags;
	struct unpack in = {.p = plain};
	struct pl bound[2];
	size_t nbound = bound_to(bound, dialog);
	int err = seal_open(plain, &in.len, ring, SEAL_SUB, bound, nbound,
			    text);

	if (err)
		return err;

	memset(cookie, 0, sizeof(*cookie));
	flags = unpack_u8(&in);
	cookie->to_subscriber = flags & TO_SUBSCRIBER;
	cookie->hidden = flags & HIDDEN;
	cookie->to.connection = flags & TO_CONNECTION;
	cookie->from.connection = flags & FROM_CONNECTION;
	unpack_str(&in, cookie->tenant, sizeof(cookie->tenant));
	unpack_end(&in, &cookie->to);
	unpack_end(&in, &cookie->from);
	cookie->flow_len = unpack_bytes(&in, cookie->flow,
					sizeof(cookie->flow));
	return in.err || in.pos != in.len || flags > FLAGS ? EBADMSG : 0;
}

int sub_uri_seal(char text[SEAL_TEXT_MAX + 1], const struct keyring *ring,
		 uint64_t now_s, const struct pl *callid, const struct pl *uri)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct pack out = {.p = plain, .size = sizeof(plain)};

	pack_bytes(&out, uri->p, uri->l > SUB_URI_MAX ? 0 : uri->l);
	return out.err ? out.err
		       : seal_token(text, ring, now_s, SEAL_SUB_URI, callid, 1,
				    plain, out.pos);
}

int sub_uri_open(char uri[SUB_URI_MAX + 1], const struct keyring *ring,
		 const struct pl *callid, const struct pl *text)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct unpack in = {.p = plain};
	int err = seal_open(plain, &in.len, ring, SEAL_SUB_URI, callid, 1,
			    text);

	if (err)
		return err;
	unpack_str(&in, uri, SUB_URI_MAX + 1);
	return in.err || in.pos != in.len ? EBADMSG : 0;
}
