/*
 * cordctl_nodes.c  Nodes of a running Cordboard, and what they are told
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "common/countof.h"
#include "common/jsonr.h"
#include "sigd/cordctl/cordctl_api.h"

/* Of all its workers. */
static void sum(char cell[CORDCTL_CELL_MAX], const struct jsonr_val *workers,
		const char *name)
{
	double total = 0, num;
	bool any = false;

	for (size_t i = 0; i < jsonr_count(workers); i++) {
		if (!jsonr_num(jsonr_get(jsonr_at(workers, i), name), &num))
			continue;
		total += num;
		any = true;
	}
	*cell = '\0';
	if (any)
		snprintf(cell, CORDCTL_CELL_MAX, "%.10g", total);
}

static void node_cells(char cells[][CORDCTL_CELL_MAX],
		       const struct jsonr_val *node)
{
	const struct jsonr_val *workers = jsonr_get(node, "workers");

	(void)cordctl_text(cells[0], node, "node");
	(void)cordctl_text(cells[1], node, "daemon");
	(void)cordctl_text(cells[2], node, "state");
	re_snprintf(cells[3], CORDCTL_CELL_MAX, "%zu", jsonr_count(workers));
	/* of a call that is up no sigd has anything: it is mediad's alone */
	sum(cells[4], workers, "sessions");
	sum(cells[5], workers, "setups");
	sum(cells[6], workers, "registrations");
	(void)cordctl_text(cells[7], node, "version");
	(void)cordctl_time(cells[8], node, "since");
}

static const char *const heads[] = {"NODE",      "DAEMON",  "STATE",
				    "WORKERS",   "CALLS",   "SETUPS",
				    "CONNECTED", "VERSION", "SINCE"};
static const struct cordctl_form form = {"nodes", heads, COUNTOF(heads),
					 node_cells};

int cordctl_remote_nodes(const struct cordctl_remote *remote)
{
	char path[CORDCTL_URL_MAX] = "/v1/nodes";

	cordctl_query(path, "daemon", remote->daemon);
	cordctl_query(path, "state", remote->filter.state);
	return cordctl_pages(remote, path, &form);
}

static int tell(const struct cordctl_remote *remote, const char *what)
{
	const struct cordctl_how *how = &remote->how;
	char path[CORDCTL_URL_MAX];

	if (remote->nwords != 1) {
		(void)re_fprintf(stderr, "cordctl: %s needs one NODE\n", what);
		return CORDCTL_USAGE;
	}
	cordctl_path(path, "/v1/nodes/%H/%s", cordctl_escape,
		    remote->word[0], what);
	cordctl_query(path, "daemon", remote->daemon);
	cordctl_query(path, "move", how->move);
	cordctl_query(path, "keep", how->keep ? "1" : NULL);
	return cordctl_do(remote, "POST", path, NULL, &form);
}

int cordctl_remote_drain(const struct cordctl_remote *remote)
{
	return tell(remote, "drain");
}

int cordctl_remote_undrain(const struct cordctl_remote *remote)
{
	return tell(remote, "undrain");
}

/* --- their files, anew -------------------------------------------------------------- */

static void reload_cells(char cells[][CORDCTL_CELL_MAX],
			 const struct jsonr_val *worker)
{
	(void)cordctl_text(cells[0], worker, "worker");
	(void)cordctl_text(cells[1], worker, "state");
	(void)cordctl_text(cells[2], worker, "version");
	(void)cordctl_time(cells[3], worker, "loaded");
}

/* Who is asked itself says what is wrong with its table; another node has that
 * in its log. */
int cordctl_remote_reload(const struct cordctl_remote *remote)
{
	static const char *const worker_heads[] = {"WORKER", "STATE", "VERSION",
						   "LOADED"};
	static const struct cordctl_form workers = {
		"workers", worker_heads, COUNTOF(worker_heads), reload_cells};

	if (remote->nwords)
		return tell(remote, "reload");
	return cordctl_do(remote, "POST", "/v1/routes/reload", NULL, &workers);
}
