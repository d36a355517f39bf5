/*
 * diversion.h  Who has sent a call elsewhere, told to who gets it
 *
 * A device's 3xx that we follow (invite_divert.c) is a diversion of its user's:
 * the next INVITEs say so in Diversion (RFC 5806, the latest first) and
 * History-Info (RFC 7044, in order). What a PBX has told before stays, so who
 * counts these finds a call that goes round through somebody who makes each
 * time a new one of it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_INVITE_DIVERSION_H
#define SIGD_PROXY_INVITE_DIVERSION_H

#include "sigd/call/call_record.h"
#include "sigd/sip/smsg_edit.h"

enum {
	DIVERSIONS_MAX = 3,     /* of one INVITE, by devices of ours */
	DIVERSIONS_ALL_MAX = 5, /* with those before it */
};

/* All that were followed. Plain data. */
struct diversions {
	unsigned n;
	bool between; /* of several tenants: told to nobody */
	struct {
		char by[CALL_TEXT_MAX]; /* user, unescaped */
		char to[CALL_TEXT_MAX]; /* number, unescaped */
		uint16_t code;
	} list[DIVERSIONS_MAX];
};

/* How often it was diverted before it came to us, as it says. */
unsigned diversions_before(const struct smsg *msg);

/* done may be NULL; domain: of the tenant's users, NULL: it has none, and
 * nothing is told; kept: what the message says of it goes on, too. */
void diversions_edit(struct smsg_edit *ed, const struct diversions *done,
		     const char *domain, bool kept);

#endif
