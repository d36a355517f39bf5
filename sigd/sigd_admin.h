/*
 * sigd_admin.h  The admin process of sigd
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIGD_ADMIN_H
#define SIGD_SIGD_ADMIN_H

#include "common/worker.h"
#include "sigd/admin/rest.h"

struct admin;
struct feeds;
struct nodes_watch;
struct sse;
struct route_table;
struct routes_loader;
struct sigd_cfg;
struct web_files;

#define SIGD_ADMIN_SOCK "admin"

/*
 * For worker_main(); worker->cfg is a struct sigd_setup, its one socket is
 * called SIGD_ADMIN_SOCK, arg a struct sigd_admin, zeroed.
 */
extern const struct worker_hooks sigd_admin_hooks;

/* Its own; what is in it is freed when the loop ends. */
struct sigd_admin {
	struct admin *admin;
	const struct sigd_cfg *cfg; /* of the start */
	struct sigd_cfg *fresh;     /* its `admin` counts: of the last reload */
	struct route_table *routes;
	struct routes_loader *loader;
	struct rest_root rest;
	struct feeds *feeds; /* NULL: there are no receivers */
	struct nodes_watch *nodes;
	struct sse *sse;
	struct web_files *page; /* NULL: no dashboard */
};

#endif
