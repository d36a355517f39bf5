/*
 * sigd_admin.h  The admin process of sigd: health, readiness, metrics
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIGD_ADMIN_H
#define SIGD_SIGD_ADMIN_H

#include "common/worker.h"

#define SIGD_ADMIN_SOCK "admin"

struct sigd_admin;

/*
 * For worker_main(); worker->cfg is a struct sigd_cfg, its one socket is
 * called SIGD_ADMIN_SOCK, arg a struct sigd_admin * that is NULL.
 *
 *   /healthz  200: this process answers, so its parent lives
 *   /readyz   200: every worker has published its figures lately
 *   /metrics  those figures
 */
extern const struct worker_hooks sigd_admin_hooks;

#endif
