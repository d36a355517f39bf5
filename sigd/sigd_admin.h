/*
 * sigd_admin.h  The admin process of sigd
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIGD_ADMIN_H
#define SIGD_SIGD_ADMIN_H

#include "common/worker.h"

#define SIGD_ADMIN_SOCK "admin"

/*
 * For worker_main(); worker->cfg is a struct sigd_setup, its one socket is
 * called SIGD_ADMIN_SOCK, arg a struct admin * that is NULL (common/admin.h).
 */
extern const struct worker_hooks sigd_admin_hooks;

#endif
