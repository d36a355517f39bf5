/*
 * takeover.h  Set-ups of workers that died
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_END_TAKEOVER_H
#define SIGD_PROXY_END_TAKEOVER_H

#include "sigd/proxy/proxy_priv.h"

int takeover_start(struct proxy *px);
/* End this set-up now, or pass its 2xx on: who had it is dead. */
void takeover_call(struct proxy *px, const char *call);

#endif
