/*
 * limit_note.h  Somebody has reached a limit of calls: said once in a while
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_LIMIT_NOTE_H
#define SIGD_PROXY_LIMIT_NOTE_H

#include "sigd/proxy/proxy_priv.h"

/* One is refused: all calls are there (STATUS_CALL_LIMIT), or too many came in
 * a second (STATUS_RATE_LIMITED); any other code is passed over. name: user or
 * connection; NULL: it is the tenant's. */
void limit_note(struct proxy *px, enum status code, const char *tenant,
		const char *name);

#endif
