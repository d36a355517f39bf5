/*
 * call_verdict_say.h  What came of a call, as a sentence
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_CALL_VERDICT_SAY_H
#define SIGD_ADMIN_CALL_VERDICT_SAY_H

#include "sigd/admin/call_verdict.h"

/* Writes verdict->text, by its code and leg. */
void callv_say(struct callv *verdict, const struct callv_facts *facts);

#endif
