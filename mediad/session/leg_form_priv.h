/*
 * leg_form_priv.h  Parts of a leg's form, for its files
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_LEG_FORM_PRIV_H
#define MEDIAD_SESSION_LEG_FORM_PRIV_H

#include "mediad/session/leg_form.h"

/* One item: its value, cut at commas. */
typedef int(leg_form_item_h)(const struct leg_form *form,
			     const struct pl *part, unsigned nparts);

/* A decimal number up to max; EBADMSG: none. */
int leg_form_num(uint64_t *num, const struct pl *from, uint64_t max);

/* --- leg_form_video.c --------------------------------------------------------- */

int leg_form_video_print(struct re_printf *pf, const struct sdpm_video *video);
leg_form_item_h leg_form_video, leg_form_vformat, leg_form_vext;
/* EBADMSG: not one that could have been agreed on. None at all is fine. */
int leg_form_video_check(const struct leg_form *form);

#endif
