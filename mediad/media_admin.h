/*
 * media_admin.h  The admin process of mediad
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIA_ADMIN_H
#define MEDIAD_MEDIA_ADMIN_H

#include "common/worker.h"

struct admin;
struct mediad_cfg;

#define MEDIA_ADMIN_SOCK "admin"

/*
 * For worker_main(); worker->cfg is a struct mediad_setup, its one socket is
 * called MEDIA_ADMIN_SOCK, arg a struct media_admin, zeroed.
 */
extern const struct worker_hooks media_admin_hooks;

/* Its own; what is in it is freed when the loop ends. */
struct media_admin {
	struct admin *admin;
	struct mediad_cfg *cfg;   /* of the start */
	struct mediad_cfg *fresh; /* its `admin` counts; NULL: cfg's */
};

#endif
