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

enum { COLUMNS = 8 };

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

static int node_row(struct cordctl_table *table, const struct jsonr_val *node)
{
	const struct jsonr_val *workers = jsonr_get(node, "workers");
	char cells[COLUMNS][CORDCTL_CELL_MAX];
	const char *row[COLUMNS];

	(void)cordctl_text(cells[0], node, "node");
	(void)cordctl_text(cells[1], node, "daemon");
	(void)cordctl_text(cells[2], node, "state");
	re_snprintf(cells[3], CORDCTL_CELL_MAX, "%zu", jsonr_count(workers));
	sum(cells[4], workers, "sessions");
	if (!*cells[4])
		sum(cells[4], workers, "setups");
	sum(cells[5], workers, "registrations");
	(void)cordctl_text(cells[6], node, "version");
	(void)cordctl_time(cells[7], node, "since");
	for (unsigned i = 0; i < COLUMNS; i++)
		row[i] = cells[i];
	return cordctl_table_row(table, row);
}

static int nodes_print(const struct cordctl_answer *answer)
{
	static const char *const heads[COLUMNS] = {
		"NODE",	 "DAEMON", "STATE",   "WORKERS",
		"CALLS", "USERS",  "VERSION", "SINCE"};
	const struct jsonr_val *nodes = cordctl_list(answer, "nodes");
	struct cordctl_table *table = NULL;
	int err = cordctl_table_alloc(&table, heads, COLUMNS);

	for (size_t i = 0; !err && i < jsonr_count(nodes); i++)
		err = node_row(table, jsonr_at(nodes, i));
	if (!err)
		cordctl_table_print(table, cordctl_width());
	mem_deref(table);
	return err ? CORDCTL_SYSTEM : CORDCTL_OK;
}

static int ask(const struct cordctl_remote *remote, const char *method,
	       const char *path)
{
	struct cordctl_answer answer = cordctl_ask(remote, method, path, NULL);
	int code = answer.code;

	if (code == CORDCTL_OK && remote->json)
		cordctl_raw(&answer);
	else if (code == CORDCTL_OK)
		code = nodes_print(&answer);
	cordctl_answer_close(&answer);
	return code;
}

int cordctl_remote_nodes(const struct cordctl_remote *remote)
{
	return ask(remote, "GET", "/v1/nodes");
}

static int tell(const struct cordctl_remote *remote, const char *what)
{
	char path[CORDCTL_URL_MAX];

	if (remote->nwords != 1) {
		(void)re_fprintf(stderr, "cordctl: %s needs one NODE\n", what);
		return CORDCTL_USAGE;
	}
	re_snprintf(path, sizeof(path), "/v1/nodes/%H/%s", cordctl_escape,
		    remote->word[0], what);
	cordctl_query(path, "daemon", remote->daemon);
	cordctl_query(path, "move", remote->move);
	cordctl_query(path, "keep", remote->keep ? "1" : NULL);
	return ask(remote, "POST", path);
}

int cordctl_remote_drain(const struct cordctl_remote *remote)
{
	return tell(remote, "drain");
}

int cordctl_remote_undrain(const struct cordctl_remote *remote)
{
	return tell(remote, "undrain");
}
