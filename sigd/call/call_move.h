/*
 * call_move.h  A call's session goes to another media worker
 *
 * Who moves a call claims it first: one script says in the record that the
 * session is another one, elsewhere, when it is still the one that is to be left.
 * So a call is moved once, and requests within its dialog ask the new place.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CALL_MOVE_H
#define SIGD_CALL_CALL_MOVE_H

#include "sigd/call/call_record.h"

enum { CALL_FORM_MAX = 4096 };

struct call_place {
	char session[17];
	char media[COOKIE_MEDIA_MAX + 1]; /* "node/slot" */
};

/* What media was like, as the worker that had it has left it: for the new
 * one. Empty: not known. */
struct call_forms {
	char side[CALL_SIDES][CALL_FORM_MAX + 1];
};

/* STATUS_UNKNOWN_DIALOG: the call is not up, or not there any more (rec and
 * forms are NULL then). Else as call_record_load(). */
typedef void(call_move_h)(enum status code, const struct call_record *rec,
			  const struct call_forms *forms, void *arg);

struct call_move;

struct call_move_params {
	struct redis_link *link;
	const char *call;
	struct call_place from, to;
};

/* The caller owns *movep; the handler is called once, later. ENOTCONN. */
int call_move(struct call_move **movep, const struct call_move_params *params,
	      call_move_h *h, void *arg);
/* The same without an answer, and the other way round: nothing came of it. */
void call_move_back(const struct call_move_params *params);

#endif
