/*
 * rest_follow.h  Workers that were told something: until all of them do so
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_FOLLOW_H
#define SIGD_ADMIN_REST_FOLLOW_H

#include <stdbool.h>

#include "sigd/admin/rest_nodes.h"

/* One const table for each thing that can be told. */
struct rest_told {
	/* is it one of those that were told? */
	bool (*meanth)(const struct rest_worker *worker, const void *arg);
	/* does it so? */
	bool (*obeysh)(const struct rest_worker *worker, const void *arg);
	/* all do: the answer, and how things are */
	void (*answerh)(const void *arg, const struct rest_workers *workers,
			struct admin *admin, struct admin_resp *resp);
};

/*
 * The last act of a handler: its answer comes later (common/admin_later.h).
 * Those of workers that are alive and were told are waited for, one after the
 * other; one that does not obey in time is named in a 504. arg: memory of
 * libre's, kept meanwhile.
 */
void rest_follow(struct admin_resp *resp, struct admin *admin,
		 const struct rest_workers *workers,
		 const struct rest_told *told, void *arg);

#endif
