/*
 * sub_token.h  What the messages of a subscription carry, so that any worker
 *              can serve its dialogs
 *
 * RFC 6665. A subscription has no record: the cookie in our Record-Route names
 * both ends, and the far end's Contact and routes stand, sealed, in what each
 * side keeps of them. So Redis need not be there, and nothing is left behind.
 * A device is named, not its connection: it may register anew over another.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_SUB_TOKEN_H
#define SIGD_CALL_SUB_TOKEN_H

#include "sigd/call/cookie.h"

enum {
	SUB_NAME_MAX = 64,
	SUB_URI_MAX = 100, /* of a Contact or Route that can be sealed */
};

/* One end: a connection, or a device of a user. */
struct sub_end {
	bool connection;
	char name[SUB_NAME_MAX + 1]; /* of the connection or user; empty: not
					known */
	uint32_t device;             /* struct binding; 0: not known */
};

/* Who shows it is the other end: `from`. */
struct sub_cookie {
	bool to_subscriber; /* else: to the notifier */
	bool hidden;        /* who the subscriber is (privacy) */
	char tenant[COOKIE_TENANT_MAX + 1];
	struct sub_end to, from;
	uint8_t flow[COOKIE_FLOW_MAX]; /* hint: flow of `to` */
	size_t flow_len;               /* 0: none */
};

/* The dialogs of one SUBSCRIBE: they share its Call-ID and tag. */
struct sub_dialog {
	struct pl callid;
	struct pl subscriber_tag;
};

/* Seal into 0-terminated text of at most SEAL_TEXT_MAX characters. What does
 * not fit is left out: the flow, the name of `from`, that of `to`. */
int sub_cookie_seal(char text[SEAL_TEXT_MAX + 1], const struct keyring *ring,
		    uint64_t now_s, const struct sub_cookie *cookie,
		    const struct sub_dialog *dialog);
/* EBADMSG: not one of ours for these dialogs. */
int sub_cookie_open(struct sub_cookie *cookie, const struct keyring *ring,
		    const struct sub_dialog *dialog, const struct pl *text);

/*
 * A URI of the far end, bound to the Call-ID. One that is too long is left
 * out: it opens as an empty text. EBADMSG: not ours.
 */
int sub_uri_seal(char text[SEAL_TEXT_MAX + 1], const struct keyring *ring,
		 uint64_t now_s, const struct pl *callid,
		 const struct pl *uri);
int sub_uri_open(char uri[SUB_URI_MAX + 1], const struct keyring *ring,
		 const struct pl *callid, const struct pl *text);

#endif
