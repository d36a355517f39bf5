/*
 * smsg_edit_priv.h  What concerns a header in the list of edits
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SMSG_EDIT_PRIV_H
#define SIGD_SIP_SMSG_EDIT_PRIV_H

#include "sigd/sip/smsg_edit.h"
#include "sigd/sip/smsg_out.h"

/* Bits of smsg_edit.mark. */
enum {
	SMSG_MARK_DROP = 1,   /* is not written */
	SMSG_MARK_VALUES = 2, /* some of its values change */
	SMSG_MARK_BEFORE = 4, /* something stands before it */
};

#endif
