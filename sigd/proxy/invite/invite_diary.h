/*
 * invite_diary.h  What is told of a call that is being set up (diary.h)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_INVITE_INVITE_DIARY_H
#define SIGD_PROXY_INVITE_INVITE_DIARY_H

#include "sigd/proxy/invite/invite_priv.h"

/* It begins. */
void invite_diary_begin(struct invite *inv);

/* It never does: so that this is told of as well (refused.h). */
void invite_diary_unbegun(struct invite *inv);
/* It is given up. */
void invite_diary_end(const struct invite *inv, enum status why);

/* Of a try: "try" its INVITE leaves, .again, .ringing, .failed, .dropped,
 * .answered. code: of its answer, 0: none; why STATUS_OK: none. */
struct branch_told {
	const char *kind;
	uint16_t code;
	enum status why;
};
void branch_diary(const struct branch *branch, const struct branch_told *told);
/* A connection to which nothing was sent. */
void invite_diary_away(struct invite *inv, const struct route_connection *conn,
		       enum status why);

#endif
