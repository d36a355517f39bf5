/*
 * cookie.h  What a dialog's messages carry so that any worker can serve them
 *
 * A route set is frozen when the dialog begins (RFC 3261 12.2.1.1), so the
 * cookie holds only what cannot change, plus hints for when Redis is away.
 * It is a sealed token (common/seal.h) in the user part of our Record-Route
 * (or of our Contact, when we answer a call ourselves), bound to the Call-ID
 * and to the tag of the caller, who made the dialog.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_COOKIE_H
#define SIGD_CALL_COOKIE_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/seal.h"

struct keyring;

enum {
	COOKIE_TENANT_MAX = 32,
	COOKIE_MEDIA_MAX  = 20, /* "node/slot" */
	COOKIE_FLOW_MAX   = 60, /* a packed flow id (transport/flow.h) */
};

/* Where a request that shows this cookie goes. Who shows it is therefore the
 * other side: COOKIE_TO_CALLEE is the caller's. */
enum cookie_direction {
	COOKIE_TO_CALLER  = 1,
	COOKIE_TO_CALLEE  = 2,
	COOKIE_TO_SERVICE = 3, /* ours to answer: echo, tone, milliwatt */
};

/* Plain data. */
struct cookie {
	enum cookie_direction direction;
	char call[17];                     /* our call id */
	char session[17];                  /* session in mediad */
	uint8_t leg;                       /* of the callee in mediad, 2.. */
	uint8_t shift;                     /* first one of the CSeq of what
					      shows it (call_record.h) */
	char tenant[COOKIE_TENANT_MAX + 1];
	char media[COOKIE_MEDIA_MAX + 1];  /* hint: mediad's worker */
	uint8_t flow[COOKIE_FLOW_MAX];     /* hint: flow of the target */
	size_t flow_len;                   /* 0: none */
};

/* The dialog that a cookie belongs to. */
struct cookie_dialog {
	struct pl callid;
	struct pl caller_tag;
};

/*
 * Seal into 0-terminated text of at most SEAL_TEXT_MAX characters. A hint
 * that does not fit is left out (first the flow, then the media worker).
 * EINVAL: an id that is not one of ours.
 */
int cookie_seal(char text[SEAL_TEXT_MAX + 1], const struct keyring *ring,
		uint64_t now_s, const struct cookie *cookie,
		const struct cookie_dialog *dialog);

/* EBADMSG: not a cookie of ours for this dialog. */
int cookie_open(struct cookie *cookie, const struct keyring *ring,
		const struct cookie_dialog *dialog, const struct pl *text);

#endif
