/*
 * rest_load.h  The routing table, loaded beside the loop for a request that may
 *              be gone before it is done
 *
 * A thread cannot be ended, and who waits for it has all others wait. So the
 * root has a reference of its own while the thread runs: a request that is too
 * late lets go of its own, and at once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_LOAD_H
#define SIGD_ADMIN_REST_LOAD_H

#include <stdbool.h>

#include "common/fingerprint.h"
#include "sigd/table/routes_fresh.h"

/* In the thread: routes_fresh_load(), but in tests. */
typedef void(rest_load_h)(struct routes_fresh *fresh, const char *path,
			  bool odd);

struct rest_load;

/*
 * *ownp, which is NULL before, holds a reference until the thread has ended:
 * who frees that one waits for the thread. The caller owns *loadp. path is
 * borrowed until then.
 */
int rest_load_alloc(struct rest_load **loadp, struct rest_load **ownp,
		    rest_load_h *loadh, const char *path);
/* What came of it, but for the table, which has gone: NULL, it is not known
 * yet. */
const struct routes_fresh *rest_load_look(const struct rest_load *load);
/* Of the table; "" when there was none. */
const char *rest_load_version(const struct rest_load *load);

#endif
