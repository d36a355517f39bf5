/*
 * smsg_priv.h  What the files of the message view share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SMSG_PRIV_H
#define SIGD_SIP_SMSG_PRIV_H

#include "sigd/sip/smsg.h"

/* One decoding on its way. */
struct smsg_dec {
	struct smsg *msg;
	struct smsg_err *err;
	const uint8_t *buf; /* the caller's: positions count from here */
	uint8_t *p;         /* where we are */
	uint8_t *end;
	struct smsg_limits max;
	bool failed;
	uint8_t last[SHDR_COUNT]; /* as smsg.first */
};

/* Keep the first error; always false, to be returned. */
bool smsg_fail(struct smsg_dec *dec, uint16_t scode, const char *reason,
	       const void *at);

/* The lines, up to and with the empty one. False: there is none. */
bool smsg_scan_start(struct smsg_dec *dec);
bool smsg_scan_headers(struct smsg_dec *dec);

/* What the headers must hold; keeps errors by smsg_fail(). */
void smsg_check(struct smsg_dec *dec);

#endif
