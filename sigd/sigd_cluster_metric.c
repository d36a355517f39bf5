/*
 * sigd_cluster_metric.c  Figures of the whole cluster: calls, workers,
 *                        connections
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/publish.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/proxy/conn/health.h"
#include "sigd/proxy/conn/shard.h"
#include "sigd/sigd_cluster_metric.h"
#include "sigd/upstream/trunk_state.h"

enum { SHARDS = 16 }; /* call_record.h */

enum row {
	CALLS,
	REGISTRATIONS,
	LOGS,
	WORKERS,
	UNWELL,
	TAKES,
	REGISTERED,
	ROWS
};

#define ROW(name, labels, help)                                       \
	{METRIC_GAUGE, "cordboard_cluster_" name, labels, help, 0, NULL}
#define CONN_LABELS "tenant=\"\",connection=\"\""

static const struct metric_desc rows[ROWS] = {
	[CALLS] = ROW("calls", NULL, "Calls with a record now, those that "
				     "ring included"),
	[REGISTRATIONS] = ROW("registrations", NULL,
			      "Users, and PBXs that register with us, that have "
			      "a device now"),
	[LOGS] = ROW("call_log_bytes", NULL,
		     "Memory of Redis that the logs of calls take"),
	[WORKERS] = ROW("workers", "daemon=\"\"",
			"Workers that have published figures in the last ten "
			"seconds"),
	[UNWELL] = ROW("unwell_connections", "state=\"\"",
		       "Connections that their probes say are down, that "
		       "calls have found broken, that an operator has forced"),
	[TAKES] = ROW("connection_takes_calls", CONN_LABELS,
		      "1: calls are sent there; of the first 200 connections"),
	[REGISTERED] = ROW("connection_registered", CONN_LABELS,
			   "1: we are registered there; of the first 200 "
			   "connections, where they are of kind register"),
};

struct page {
	struct mbuf *mb;
	enum metric_form form;
	const struct admin *admin;
	const struct route_table *routes;
};

static bool ask(const struct redis_val **valp, const struct page *page,
		const char *command, const char *key, const char *a,
		const char *b)
{
	const struct redis_arg argv[] = {redis_str(command), redis_str(key),
					 redis_str(a ? a : ""),
					 redis_str(b ? b : "")};

	return !redis_sync_send(admin_redis(page->admin), argv,
				2u + (a != NULL) + (b != NULL), valp);
}

static bool number(uint64_t *num, const struct page *page, const char *command,
		   const char *key)
{
	const struct redis_val *val;

	return ask(&val, page, command, key, NULL, NULL) && redis_num(val, num);
}

static void calls(const struct page *page)
{
	uint64_t sum = 0, num;
	char key[32];

	for (unsigned i = 0; i < SHARDS; i++) {
		re_snprintf(key, sizeof(key), "cb:{c:%x}:calls", i);
		if (!number(&num, page, "ZCARD", key))
			return;
		sum += num;
	}
	(void)metric_print_head(page->mb, page->form, &rows[CALLS]);
	(void)mbuf_printf(page->mb, "%s %llu\n", rows[CALLS].name, sum);
}

/* Each has a deadline for the first device that is to come back
 * (reg_expiry.h). */
static void registrations(const struct page *page)
{
	uint64_t num;

	if (!number(&num, page, "ZCARD", "cb:{due}:binding"))
		return;
	(void)metric_print_head(page->mb, page->form, &rows[REGISTRATIONS]);
	(void)mbuf_printf(page->mb, "%s %llu\n", rows[REGISTRATIONS].name,
			  num);
}

static void logs(const struct page *page)
{
	const struct redis_val *val;
	uint64_t sum = 0, num;
	char key[32];

	for (unsigned i = 0; i < SHARDS; i++) {
		re_snprintf(key, sizeof(key), "cb:{c:%x}:log:sizes", i);
		if (!ask(&val, page, "HGET", key, "total", NULL))
			return;
		if (val->type != REDIS_NIL && !redis_num(val, &num))
			return;
		sum += val->type == REDIS_NIL ? 0 : num;
	}
	(void)metric_print_head(page->mb, page->form, &rows[LOGS]);
	(void)mbuf_printf(page->mb, "%s %llu\n", rows[LOGS].name, sum);
}

static void workers(const struct page *page)
{
	static const char *const daemons[] = {"sigd", "mediad"};
	const struct redis_val *list;
	unsigned n[2] = {0};
	char since[24];

	re_snprintf(since, sizeof(since), "%llu",
		    (rest_now_ms() - PUBLISH_TTL_MS) / 1000);
	if (!ask(&list, page, "ZRANGEBYSCORE", PUBLISH_WORKERS, since,
		 "+inf") ||
	    list->type != REDIS_ARRAY)
		return;
	for (size_t i = 0; i < list->len; i++) {
		if (list->el[i].type != REDIS_STR)
			continue;
		for (unsigned k = 0; k < 2; k++)
			n[k] += !strncmp(list->el[i].str, daemons[k],
					 strlen(daemons[k]));
	}
	(void)metric_print_head(page->mb, page->form, &rows[WORKERS]);
	for (unsigned k = 0; k < 2; k++)
		(void)mbuf_printf(page->mb, "%s{daemon=\"%s\"} %u\n",
				  rows[WORKERS].name, daemons[k], n[k]);
}

static void unwell(const struct page *page)
{
	static const struct {
		const char *key, *state;
	} shelves[] = {{HEALTH_DOWN_KEY, "down"},
		       {HEALTH_BROKEN_KEY, "broken"},
		       {HEALTH_FORCED_KEY, "forced"}};
	uint64_t num[3];

	for (unsigned i = 0; i < 3; i++) {
		if (!number(&num[i], page, "HLEN", shelves[i].key))
			return;
	}
	(void)metric_print_head(page->mb, page->form, &rows[UNWELL]);
	for (unsigned i = 0; i < 3; i++)
		(void)mbuf_printf(page->mb, "%s{state=\"%s\"} %llu\n",
				  rows[UNWELL].name, shelves[i].state, num[i]);
}

/* --- the first connections ------------------------------------------------------- */

struct shown {
	const struct route_connection *conn;
	char name[HEALTH_NAME_MAX + 1];
	struct health_row row[3]; /* forced, broken, down */
	bool there[3];
};

static size_t shown_fill(struct shown *shown, const struct route_table *routes)
{
	const struct route_tenant *tenant;
	size_t n = 0;

	for (size_t t = 0; (tenant = route_tenant_at(routes, t)); t++) {
		for (uint32_t i = 0; i < tenant->nconnections; i++) {
			if (n == CLUSTER_SHOWN_MAX)
				return n;
			shown[n].conn = &tenant->connections[i];
			health_name(shown[n].name, shown[n].conn, NULL);
			n++;
		}
	}
	return n;
}

/* Their fields of one hash, by one command. */
static bool shelf_read(struct shown *shown, size_t n, unsigned nr,
		       const struct page *page, const char *key)
{
	struct redis_arg argv[2 + CLUSTER_SHOWN_MAX] = {redis_str("HMGET"),
							redis_str(key)};
	const struct redis_val *val;

	for (size_t i = 0; i < n; i++)
		argv[2 + i] = redis_str(shown[i].name);
	if (redis_sync_send(admin_redis(page->admin), argv, 2 + n, &val) ||
	    val->type != REDIS_ARRAY || val->len != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct redis_val *el = &val->el[i];
		const struct pl text = {el->str, el->len};

		shown[i].there[nr] = el->type == REDIS_STR &&
				     !health_row_parse(&shown[i].row[nr],
						       &text);
	}
	return true;
}

static bool takes_calls(const struct shown *shown)
{
	const struct health_rows rows_of = {
		.forced = shown->there[0] ? &shown->row[0] : NULL,
		.broken = shown->there[1] ? &shown->row[1] : NULL,
		.down = shown->there[2] && shown->conn->times.probe
				? &shown->row[2]
				: NULL};
	enum route_state state;

	(void)health_counts(&state, &rows_of, rest_now_ms());
	return route_state_takes(state);
}

static void sample(const struct page *page, enum row row,
		   const struct shown *shown, bool is)
{
	(void)mbuf_printf(page->mb, "%s{tenant=\"%s\",connection=\"%s\"} %u\n",
			  rows[row].name, shown->conn->tenant->id,
			  shown->conn->name, is);
}

/* Each is a question of its own: they are spread over shards. False: Redis did
 * not say, so nobody knows. */
static bool registered(bool *is, const struct page *page,
		       const struct shown *shown)
{
	struct trunk_state state = {.phase = TRUNK_TRYING};
	const struct redis_val *val;
	char key[32];

	re_snprintf(key, sizeof(key), "cb:{u:%u}:reg",
		    upstream_shard(shown->conn));
	*is = false;
	if (!ask(&val, page, "HGET", key, shown->name, NULL))
		return false;
	if (val->type != REDIS_STR)
		return val->type == REDIS_NIL;

	const struct pl text = {val->str, val->len};

	*is = !trunk_state_parse(&state, &text) &&
	      state.phase == TRUNK_REGISTERED;
	return true;
}

static void connections(const struct page *page, struct shown *shown)
{
	size_t n = shown_fill(shown, page->routes);
	bool is;

	if (!n || !shelf_read(shown, n, 0, page, HEALTH_FORCED_KEY) ||
	    !shelf_read(shown, n, 1, page, HEALTH_BROKEN_KEY) ||
	    !shelf_read(shown, n, 2, page, HEALTH_DOWN_KEY))
		return;
	(void)metric_print_head(page->mb, page->form, &rows[TAKES]);
	for (size_t i = 0; i < n; i++)
		sample(page, TAKES, &shown[i], takes_calls(&shown[i]));
	(void)metric_print_head(page->mb, page->form, &rows[REGISTERED]);
	for (size_t i = 0; i < n; i++) {
		if (shown[i].conn->kind == ROUTE_REGISTER &&
		    registered(&is, page, &shown[i]))
			sample(page, REGISTERED, &shown[i], is);
	}
}

void sigd_cluster_metric_print(struct mbuf *mb, enum metric_form form,
			       const struct admin *admin,
			       const struct route_table *routes)
{
	const struct page page = {mb, form, admin, routes};
	struct shown *shown =
		mem_zalloc(CLUSTER_SHOWN_MAX * sizeof(*shown), NULL);

	calls(&page);
	registrations(&page);
	logs(&page);
	workers(&page);
	unwell(&page);
	if (shown)
		connections(&page, shown);
	mem_deref(shown);
}

int sigd_cluster_metric_reference(struct mbuf *mb)
{
	int err = 0;

	for (unsigned i = 0; i < ROWS; i++)
		err |= metric_print_row(mb, &rows[i]);
	return err ? ENOMEM : 0;
}
