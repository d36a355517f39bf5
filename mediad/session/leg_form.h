/*
 * leg_form.h  What a leg was like, for another worker: without keys
 *
 * Its worker may be gone with all it knew. What its far side was told and has
 * said is a text in Redis by then (mediad/control/sheet.h), of which a leg at
 * another worker goes on: the same origin, m-lines and payload types (RFC 3264
 * 8), and on hold if it was. No keys, no addresses, no ICE: those are new.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_LEG_FORM_H
#define MEDIAD_SESSION_LEG_FORM_H

#include "mediad/sdp/sdp_video.h"
#include "mediad/sdp/sdp_write.h"

enum {
	LEG_FORM_MAX = 4096
};

/* What is read goes into the parts of these that it names; the rest is left
 * as it is. */
struct leg_form {
	struct sdpm_local *local;
	struct sdpm_choice *choice; /* zeroed before */
	struct sdpm_video *video;   /* likewise. Without formats: none. To be
				       written it may be NULL, too */
	uint8_t *hushed; /* who wants silence in the recording of the call
			    (enum session_husher); NULL: whatever */
};

/* "%H" with a const struct leg_form. */
int leg_form_print(struct re_printf *pf, const struct leg_form *form);
/* EBADMSG: not a form; what was read is of no use then. */
int leg_form_read(const struct leg_form *form, const struct pl *text);

#endif
