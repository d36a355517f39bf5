/*
 * rest_load.c  The routing table, loaded beside the loop for a request that may
 *              be gone before it is done
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/aside.h"
#include "routing/route.h"
#include "sigd/admin/rest_load.h"

struct rest_load {
	struct rest_load **ownp;
	struct aside *aside; /* NULL: it is done */
	rest_load_h *loadh;
	const char *path;
	struct routes_fresh fresh; /* the thread's until it is done */
	char version[FINGERPRINT_LEN + 1];
};

static void destructor(void *data)
{
	struct rest_load *load = data;

	mem_deref(load->aside);
	routes_fresh_drop(&load->fresh);
}

/* A large table, and the end of it, take their time. */
static void work(void *arg)
{
	struct rest_load *load = arg;
	struct routes_fresh *fresh = &load->fresh;

	load->loadh(fresh, load->path, true);
	if (fresh->err)
		return;
	str_ncpy(load->version, route_table_version(fresh->table),
		 sizeof(load->version));
	fresh->table = mem_deref(fresh->table);
}

static void on_done(void *arg)
{
	struct rest_load *load = arg;

	load->aside = mem_deref(load->aside);
	*load->ownp = NULL;
	mem_deref(load);
}

int rest_load_alloc(struct rest_load **loadp, struct rest_load **ownp,
		    rest_load_h *loadh, const char *path)
{
	struct rest_load *load = mem_zalloc(sizeof(*load), destructor);
	int err;

	if (!load)
		return ENOMEM;
	load->ownp = ownp;
	load->loadh = loadh;
	load->path = path;
	err = aside_alloc(&load->aside, work, on_done, load);
	if (err) {
		mem_deref(load);
		return err;
	}
	*ownp = mem_ref(load);
	*loadp = load;
	return 0;
}

const struct routes_fresh *rest_load_look(const struct rest_load *load)
{
	return load->aside ? NULL : &load->fresh;
}

const char *rest_load_version(const struct rest_load *load)
{
	return load->version;
}
