/*
 * media_admin.h  The admin process of mediad: health, readiness, metrics
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIA_ADMIN_H
#define MEDIAD_MEDIA_ADMIN_H

#include "common/worker.h"

#define MEDIA_ADMIN_SOCK "admin"

/*
 * For worker_main(); worker->cfg is a struct mediad_cfg, its one socket is
 * called MEDIA_ADMIN_SOCK, arg a struct media_admin * that is NULL.
 *
 *   /healthz  200: this process answers, so its parent lives
 *   /readyz   200: every worker of this node has a heartbeat in Redis
 *   /metrics  what the workers have published
 */
extern const struct worker_hooks media_admin_hooks;

struct media_admin;

#endif
