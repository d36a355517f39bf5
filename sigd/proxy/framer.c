/*
 * framer.c  SIP messages of a byte stream, for the transport that knows none
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "sigd/proxy/framer.h"
#include "sigd/sip/smsg_frame.h"

static int on_alloc(void **framerp, size_t max)
{
	struct smsg_frame *frame = NULL;
	int err = smsg_frame_alloc(&frame, max);

	if (!err)
		*framerp = frame;
	return err;
}

static int on_put(void *framer, const uint8_t *data, size_t len)
{
	return smsg_frame_put(framer, data, len);
}

static enum transport_piece_kind kind_of(enum smsg_piece_kind kind)
{
	switch (kind) {
	case SMSG_PIECE_MSG:
		return TRANSPORT_MESSAGE;
	case SMSG_PIECE_CRLF:
		return TRANSPORT_CRLF;
	case SMSG_PIECE_PING:
		return TRANSPORT_PING;
	}
	return TRANSPORT_MESSAGE;
}

static int on_next(void *framer, struct transport_piece *piece)
{
	struct smsg_piece sip;
	int err = smsg_frame_next(framer, &sip);

	if (err == EAGAIN)
		return err;
	*piece = (struct transport_piece){kind_of(sip.kind), sip.data, sip.len,
					  sip.why};
	return err;
}

static size_t on_held(const void *framer)
{
	return smsg_frame_held(framer);
}

const struct transport_framer proxy_framer = {.alloc = on_alloc,
					      .put = on_put,
					      .next = on_next,
					      .held = on_held};
