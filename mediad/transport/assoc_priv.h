/*
 * assoc_priv.h  The parts of an association: assoc.c is about its handshakes,
 *               assoc_tell.c about what the call's log is told of them
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_ASSOC_PRIV_H
#define MEDIAD_ASSOC_PRIV_H

#include "mediad/transport/assoc.h"

/* what: "seen", "sent", "asked". */
void assoc_tell_hello(const struct assoc *assoc, const char *what);
void assoc_tell_broken(const struct assoc *assoc);
void assoc_tell_shaken(const struct assoc *assoc, enum crypt_suite suite);
/* An alert in clear ends nothing, but tells people what the peer may think. */
void assoc_see_alert(struct assoc *assoc, const uint8_t *pkt, size_t len);

#endif
