/*
 * routes_loader.c  The routing table, loaded and freed beside the loop
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/aside.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/table/routes_fresh.h"
#include "sigd/table/routes_loader.h"

enum {
	SWEEP_MS = 500
};

struct old {
	struct le le;
	struct route_table *table;
};

struct routes_loader {
	struct wheel *wheel;
	const char *path;
	routes_loaded_h *loadedh;
	void *arg;
	struct aside *load;
	struct routes_fresh fresh; /* the thread's while `load` is there */
	bool odd, again, cancelled;
	struct list olds;
	struct aside *drop;
	struct old *dropped; /* the thread's while `drop` is there */
	struct wheel_timer sweep;
};

static void old_destructor(void *arg)
{
	struct old *old = arg;

	list_unlink(&old->le);
	mem_deref(old->table);
}

static void destructor(void *arg)
{
	struct routes_loader *loader = arg;

	wheel_stop(&loader->sweep);
	mem_deref(loader->load);
	mem_deref(loader->drop);
	mem_deref(loader->dropped);
	routes_fresh_drop(&loader->fresh);
	list_flush(&loader->olds);
}

int routes_loader_alloc(struct routes_loader **loaderp, struct wheel *wheel,
			const char *path, routes_loaded_h *loadedh, void *arg)
{
	struct routes_loader *loader = mem_zalloc(sizeof(*loader), destructor);

	if (!loader)
		return ENOMEM;
	loader->wheel = wheel;
	loader->path = path;
	loader->loadedh = loadedh;
	loader->arg = arg;
	*loaderp = loader;
	return 0;
}

/* --- the load --------------------------------------------------------------- */

static void load(void *arg)
{
	struct routes_loader *loader = arg;

	routes_fresh_load(&loader->fresh, loader->path, loader->odd);
}

static void on_load(void *arg)
{
	struct routes_loader *loader = arg;
	struct routes_fresh fresh = loader->fresh;
	const bool told = !loader->again && !loader->cancelled;

	loader->load = mem_deref(loader->load);
	loader->fresh = (struct routes_fresh){.table = NULL};
	loader->cancelled = false;
	if (loader->again) {
		loader->again = false;
		/* without a thread the first one is as good as none */
		if (routes_loader_start(loader))
			fresh.err = fresh.err ? fresh.err : ENOMEM;
	}
	if (told)
		loader->loadedh(&fresh, loader->arg);
	/* one that nobody wants may be large, too */
	routes_loader_retire(loader, fresh.table);
	fresh.table = NULL;
	routes_fresh_drop(&fresh);
}

void routes_loader_odd(struct routes_loader *loader)
{
	loader->odd = true;
}

int routes_loader_start(struct routes_loader *loader)
{
	if (loader->load) {
		loader->again = true;
		return 0;
	}
	loader->cancelled = false;
	return aside_alloc(&loader->load, load, on_load, loader);
}

void routes_loader_cancel(struct routes_loader *loader)
{
	loader->again = false;
	loader->cancelled = loader->load != NULL;
}

/* --- the end of old ones ------------------------------------------------------ */

static void sweep(void *arg);

static void drop(void *arg)
{
	struct routes_loader *loader = arg;

	loader->dropped = mem_deref(loader->dropped);
}

static void on_drop(void *arg)
{
	struct routes_loader *loader = arg;

	loader->drop = mem_deref(loader->drop);
	sweep(loader);
}

/* The first that nobody else holds. */
static struct old *unused(const struct routes_loader *loader)
{
	for (struct le *le = list_head(&loader->olds); le; le = le->next) {
		struct old *old = le->data;

		if (mem_nrefs(old->table) == 1)
			return old;
	}
	return NULL;
}

static void sweep(void *arg)
{
	struct routes_loader *loader = arg;
	struct old *old = loader->drop ? NULL : unused(loader);

	if (old) {
		list_unlink(&old->le);
		loader->dropped = old;
		if (aside_alloc(&loader->drop, drop, on_drop, loader))
			loader->dropped = mem_deref(old);
	}
	if (loader->olds.head)
		wheel_start(loader->wheel, &loader->sweep, SWEEP_MS, sweep,
			    loader);
}

void routes_loader_retire(struct routes_loader *loader,
			  struct route_table *table)
{
	struct old *old = table ? mem_zalloc(sizeof(*old), old_destructor)
				: NULL;

	if (!old) {
		mem_deref(table);
		return;
	}
	old->table = table;
	list_append(&loader->olds, &old->le, old);
	wheel_start(loader->wheel, &loader->sweep, 0, sweep, loader);
}

size_t routes_loader_retired(const struct routes_loader *loader)
{
	return list_count(&loader->olds) + (loader->drop != NULL);
}
