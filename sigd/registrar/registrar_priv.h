/*
 * registrar_priv.h  Asking a script about one AOR, for this folder
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_REGISTRAR_PRIV_H
#define SIGD_REGISTRAR_PRIV_H

#include "common/redis_link.h"
#include "sigd/registrar/registrar.h"

/* KEYS: the bindings' hash, the nonce's counter, the log, the calls. */
int registrar_ask_eval(struct registrar_ask **askp,
		       const struct registrar_params *params,
		       const struct redis_script *script,
		       const struct redis_arg *argv, size_t argc);

#endif
