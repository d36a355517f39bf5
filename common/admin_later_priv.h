/*
 * admin_later_priv.h  Requests that wait for their answer, as the server sees
 *                     them
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_LATER_PRIV_H
#define COMMON_ADMIN_LATER_PRIV_H

#include <re.h>

#include "common/admin_later.h"

struct admin_engine;
struct admin_later;
struct wheel;

/* Those of a server that wait; it outlives them. */
struct admin_laters {
	struct list list;
	struct wheel *wheel;
	uint32_t max, max_per_source;
	/* one has its answer */
	void (*overh)(const struct admin_req *req,
		      const struct admin_resp *resp, void *arg);
	void *arg;
};

/* Whether this request must not wait, too. */
bool admin_laters_full(const struct admin_laters *laters,
		       const struct admin_req *req);
/* Takes resp->later, and all else of resp; the request owns it from now on.
 * False: its connection cannot rest, and nothing has changed. */
bool admin_later_begin(struct admin_laters *laters, struct admin_req *req,
		       struct admin_resp *resp);
/* NULL: it waits. */
const struct admin_resp *admin_later_answer(const struct admin_later *later);
/* Those of this engine wait no longer: their answer is a 503. */
void admin_laters_end(struct admin_laters *laters,
		      const struct admin_engine *engine);

#endif
