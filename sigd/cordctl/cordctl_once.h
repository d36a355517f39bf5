/*
 * cordctl_once.h  What a list has told already
 *
 * Pages of registrations may tell one twice while Redis' table changes its size
 * (docs/openapi.yaml); people shall see it once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CORDCTL_CORDCTL_ONCE_H
#define SIGD_CORDCTL_CORDCTL_ONCE_H

#include <stdbool.h>

struct cordctl_once;

/* The caller owns *oncep. */
int cordctl_once_alloc(struct cordctl_once **oncep);
/* *again: it was noted before; else it is from now on. id is copied. */
int cordctl_once_note(bool *again, struct cordctl_once *once, const char *id);

#endif
