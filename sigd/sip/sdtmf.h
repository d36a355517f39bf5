/*
 * sdtmf.h  A key in the body of an INFO
 *
 * application/dtmf-relay: lines "Signal=5" and "Duration=160" (ms);
 * application/dtmf: the key alone. No RFC has them, and everybody speaks them.
 * Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SDTMF_H
#define SIGD_SIP_SDTMF_H

#include <stddef.h>
#include <stdint.h>

#include "sigd/sip/smsg.h"

enum {
	SDTMF_MS = 160, /* when nothing is said */
	SDTMF_MS_MAX = 10000,
	SDTMF_BODY_MAX = 64
};

struct sdtmf {
	uint8_t code; /* 0..15 as in RFC 4733 */
	uint32_t ms;  /* 1..SDTMF_MS_MAX */
};

/* EBADMSG: the message carries no key. */
int sdtmf_read(struct sdtmf *key, const struct smsg *msg);
/* application/dtmf-relay, 0-terminated; its length. */
size_t sdtmf_write(char body[SDTMF_BODY_MAX], const struct sdtmf *key);

#endif
