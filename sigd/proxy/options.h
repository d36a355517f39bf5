/*
 * options.h  OPTIONS to ourselves: are we there, and what do we know?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_OPTIONS_H
#define SIGD_PROXY_OPTIONS_H

#include "sigd/proxy/proxy_priv.h"

/* For us, and nobody behind us. */
bool options_is_ours(const struct request *rq);
void options_answer(struct proxy *px, struct txn_srv *st);

#endif
