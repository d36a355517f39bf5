/*
 * caller_id.h  Whom one side is shown as the caller
 *
 * The policy of a connection (routing/route_caller_id.h), asked for one request.
 * It decides once for a dialog: From stays as it began (RFC 3261 12.2.1.1), what
 * changes is told in P-Asserted-Identity.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_CALLER_ID_H
#define SIGD_PROXY_WHO_CALLER_ID_H

#include "routing/route.h"
#include "routing/route_caller_id.h"
#include "sigd/sip/smsg.h"

enum { CALLER_NUMBER_MAX = ROUTE_NUMBER_MAX, CALLER_NAME_MAX = 64 };

struct route_connection;

/* Zero: who calls, as he says. */
struct caller_id {
	char number[CALLER_NUMBER_MAX + 1]; /* unescaped; "": not known */
	enum route_show_name how;           /* 0: as ROUTE_NAME_PASS */
	char name[CALLER_NAME_MAX + 1];     /* of ROUTE_NAME_USER */
	bool ours;   /* our word, whatever the caller has said */
	bool nobody; /* whom it shall not know */
};

struct caller_ask {
	const struct route_connection *to;   /* is shown it */
	const struct route_connection *from; /* NULL: a user */
	bool stranger; /* of another tenant (stranger.h) */
	struct pl given; /* who speaks, unescaped; unset: as the message says */
};

void caller_id_choose(struct caller_id *id, const struct caller_ask *ask,
		      const struct smsg *msg);
/* For %H: the name with a space behind it, quoted; or nothing. */
int caller_id_name(struct re_printf *pf, const struct caller_id *id);

#endif
