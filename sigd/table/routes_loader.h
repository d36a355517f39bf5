/*
 * routes_loader.h  The routing table, loaded and freed beside the loop
 *
 * 100,000 rules take a second to load and a part of one to free; calls go on
 * meanwhile.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TABLE_ROUTES_LOADER_H
#define SIGD_TABLE_ROUTES_LOADER_H

#include <stddef.h>

struct route_table;
struct routes_fresh;
struct routes_loader;
struct wheel;

/* In the loop. What is not taken out of fresh is freed behind it. */
typedef void(routes_loaded_h)(struct routes_fresh *fresh, void *arg);

/* path is borrowed. The caller owns *loaderp; its end waits for a load that
 * is under way. */
int routes_loader_alloc(struct routes_loader **loaderp, struct wheel *wheel,
			const char *path, routes_loaded_h *loadedh, void *arg);

/* Before the first load: each looks for rules that are of no use, too. */
void routes_loader_odd(struct routes_loader *loader);
/* Load the file. While one load is under way another one follows it, and only
 * the last is told. */
int routes_loader_start(struct routes_loader *loader);
/* What is under way is not told. */
void routes_loader_cancel(struct routes_loader *loader);

/* Takes over a reference. When it is the last one it is freed beside the loop:
 * until then calls that were begun have the table. */
void routes_loader_retire(struct routes_loader *loader,
			  struct route_table *table);
/* How many tables wait for that. */
size_t routes_loader_retired(const struct routes_loader *loader);

#endif
