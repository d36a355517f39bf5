/*
 * call_priv.h  What the files about call records share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CALL_PRIV_H
#define SIGD_CALL_CALL_PRIV_H

#include "common/redis_link.h"
#include "sigd/call/call_record.h"

enum {
	CALL_KEY_MAX = 64,
	/* "call/tenant", as in the list */
	CALL_NAME_MAX = 17 + 1 + COOKIE_TENANT_MAX,
};

/* The keys of a call, all under one hash tag. */
struct call_keys {
	char rec[CALL_KEY_MAX];
	char list[CALL_KEY_MAX];
	char cdr[CALL_KEY_MAX];
	char setup[CALL_KEY_MAX];
	char over[CALL_KEY_MAX];
};

void call_keys_print(struct call_keys *keys, const char *call);

/*
 * A script whose answer is 0 (there is no such call) or another number; or,
 * with `load`, a record as field, value ... The handler gets it as a code.
 */
struct call_eval {
	const struct redis_script *script;
	const struct redis_arg *keyv, *argv;
	size_t keyc, argc;
	bool load;
};

int call_ask_eval(struct call_ask **askp, struct redis_link *link,
		  const struct call_eval *eval, call_record_h *h, void *arg);

#endif
