/*
 * media_admin.h  The admin process of mediad
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIA_ADMIN_H
#define MEDIAD_MEDIA_ADMIN_H

#include "common/worker.h"

#define MEDIA_ADMIN_SOCK "admin"

/*
 * For worker_main(); worker->cfg is a struct mediad_setup, its one socket is
 * called MEDIA_ADMIN_SOCK, arg a struct admin * that is NULL (common/admin.h).
 */
extern const struct worker_hooks media_admin_hooks;

#endif
