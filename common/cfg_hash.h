/*
 * cfg_hash.h  Whether two nodes run with the same configuration
 *
 * A hash of what is in effect, as `--check` prints it, without what each node
 * has of its own: its name, addresses, ports and places of files. Secrets do
 * not count, as they are not printed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CFG_HASH_H
#define COMMON_CFG_HASH_H

#include "common/cfg_schema.h"
#include "common/fingerprint.h"

struct keyring;

/* more: what counts besides (a version of tables); NULL: nothing. "" when there
 * is no memory. */
void cfg_hash(char text[FINGERPRINT_LEN + 1], const struct cfg_view *view,
	      const char *more);
/* The same of the secrets. */
void cfg_hash_keys(char text[FINGERPRINT_LEN + 1], const struct keyring *ring);

#endif
