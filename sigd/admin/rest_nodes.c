/*
 * rest_nodes.c  GET /v1/nodes and /v1/nodes/{node}: the nodes of both daemons
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "common/countof.h"
#include "sigd/admin/rest_list.h"
#include "sigd/admin/rest_nodes.h"

/* A node while it is written. */
struct shown {
	const struct rest_workers *all;
	const struct rest_worker *workers;
	size_t n;
	const struct rest_worker *alive; /* the first; NULL: none */
};

static uint64_t num(const struct rest_worker *worker, enum standing_text what)
{
	return strtoull(worker->told[what], NULL, 10);
}

/* --- one worker ---------------------------------------------------------------- */

static void routes_write(struct jsonw *json, const struct rest_worker *worker)
{
	const char *space = strchr(worker->routes, ' ');

	if (!space)
		return;
	jsonw_object(json, "routes");
	jsonw_strn(json, "version", worker->routes,
		   (size_t)(space - worker->routes));
	rest_time(json, "loaded", strtoull(space + 1, NULL, 10));
	jsonw_end(json);
}

static void load_write(struct jsonw *json, const struct rest_worker *worker)
{
	jsonw_uint(json, "epoch", num(worker, STANDING_EPOCH));
	rest_time(json, "since", num(worker, STANDING_SINCE));
	jsonw_uint(json, "cpu_permille", num(worker, STANDING_CPU));
	jsonw_uint(json, "lag_ms", num(worker, STANDING_LAG));
	jsonw_str(json, "log_level", worker->told[STANDING_LEVEL]);
	if (!strcmp(worker->daemon, "mediad")) {
		jsonw_uint(json, "sessions", num(worker, STANDING_SESSIONS));
		jsonw_str(json, "address", worker->ip);
		return;
	}
	jsonw_uint(json, "setups", num(worker, STANDING_CALLS));
	jsonw_uint(json, "registrations", num(worker, STANDING_REGISTRATIONS));
	jsonw_uint(json, "flows", num(worker, STANDING_FLOWS));
	routes_write(json, worker);
}

static void worker_write(struct jsonw *json, const struct rest_worker *worker)
{
	jsonw_object(json, NULL);
	jsonw_str(json, "worker", worker->addr);
	jsonw_str(json, "state", worker->state);
	rest_time(json, "seen", worker->seen_ms);
	if (worker->alive)
		load_write(json, worker);
	jsonw_end(json);
}

/* --- one node -------------------------------------------------------------------- */

static const struct rest_worker *alive(const struct rest_worker *workers,
				       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (workers[i].alive)
			return &workers[i];
	}
	return NULL;
}

/* How many nodes of this daemon have the same. */
static size_t alike(const struct rest_workers *all, const char *daemon,
		    enum standing_text what, const char *text)
{
	size_t count = 0, n;

	for (size_t i = 0; i < all->n; i += n) {
		const struct rest_worker *one;

		n = rest_node_len(all, i);
		one = alive(&all->list[i], n);
		count += one && !strcmp(one->daemon, daemon) &&
			 !strcmp(one->told[what], text);
	}
	return count;
}

/* From what most have; of two that are as many, from that of the first. */
static bool differs(const struct shown *node, enum standing_text what)
{
	const struct rest_workers *all = node->all;
	const char *most = NULL;
	size_t best = 0, n;

	if (!node->alive)
		return false;
	for (size_t i = 0; i < all->n; i += n) {
		const struct rest_worker *one;
		size_t count;

		n = rest_node_len(all, i);
		one = alive(&all->list[i], n);
		if (!one || strcmp(one->daemon, node->alive->daemon))
			continue;
		count = alike(all, one->daemon, what, one->told[what]);
		if (count > best) {
			best = count;
			most = one->told[what];
		}
	}
	return most && strcmp(most, node->alive->told[what]);
}

static void keys_write(struct jsonw *json, const struct shown *node)
{
	const char *p = node->alive ? node->alive->told[STANDING_KEYS] : "";
	char *end;

	jsonw_array(json, "keys");
	while (*p) {
		jsonw_uint(json, NULL, strtoul(p, &end, 10));
		if (end == p)
			break;
		p = *end == ',' ? end + 1 : end;
	}
	jsonw_end(json);
}

static bool drain_write(struct jsonw *json, const struct shown *node,
			struct admin *admin, struct admin_resp *resp)
{
	const uint64_t born = rest_node_born(node->workers, node->n);
	const struct redis_val *flat;
	char key[WISH_KEY_MAX];
	struct wish wish;
	uint64_t at = 0;

	wish_key(key, node->workers->daemon, node->workers->node);
	if (!rest_ask(&flat, admin, resp, "HGETALL", key, NULL))
		return false;
	wish_read(&wish, flat, born);
	if (!wish.drain) {
		jsonw_null(json, "drain");
		return true;
	}
	(void)redis_num(redis_field(flat, "drain.at"), &at);
	jsonw_object(json, "drain");
	jsonw_str(json, "move", wish.now ? "now" : "idle");
	jsonw_bool(json, "keep", rest_text(flat, "drain")[0] == '*');
	rest_time(json, "since", at);
	jsonw_str(json, "by", rest_text(flat, "drain.by"));
	jsonw_end(json);
	return true;
}

static bool node_write(struct jsonw *json, const struct shown *node,
		       struct admin *admin, struct admin_resp *resp)
{
	const struct rest_worker *one = node->alive;

	jsonw_object(json, NULL);
	jsonw_str(json, "node", node->workers->node);
	jsonw_str(json, "daemon", node->workers->daemon);
	jsonw_str(json, "state", rest_node_state(node->workers, node->n));
	rest_time(json, "since",
		  rest_node_born(node->workers, node->n));
	jsonw_str(json, "version", one ? one->told[STANDING_VERSION] : NULL);
	jsonw_str(json, "config", one ? one->told[STANDING_CONFIG] : NULL);
	jsonw_bool(json, "config_differs", differs(node, STANDING_CONFIG));
	keys_write(json, node);
	jsonw_bool(json, "keys_differ", differs(node, STANDING_SECRETS));
	rest_time(json, "certificate_expires",
		  one ? num(one, STANDING_CERT) * 1000 : 0);
	if (!drain_write(json, node, admin, resp))
		return false;
	jsonw_array(json, "workers");
	for (size_t i = 0; i < node->n; i++)
		worker_write(json, &node->workers[i]);
	jsonw_end(json);
	jsonw_end(json);
	return true;
}

bool rest_nodes_write(struct jsonw *json, const struct rest_workers *workers,
		      const char *name, const char *daemon, struct admin *admin,
		      struct admin_resp *resp)
{
	bool ok = true;
	size_t n;

	for (size_t i = 0; ok && i < workers->n; i += n) {
		struct shown node = {.all = workers,
				     .workers = &workers->list[i]};

		n = node.n = rest_node_len(workers, i);
		node.alive = alive(node.workers, n);
		if (rest_node_is(node.workers, name, daemon))
			ok = node_write(json, &node, admin, resp);
	}
	return ok;
}

/* --- all of them ------------------------------------------------------------------- */

/* What is asked for; NULL: anything. Borrowed texts. after: "" or the last one
 * of the page before. */
struct filter {
	const char *daemon, *state;
	char after_daemon[REST_DAEMON_MAX + 1], after_node[NODE_NAME_MAX + 1];
};

static bool is_daemon(const char *name)
{
	return !strcmp(name, "sigd") || !strcmp(name, "mediad");
}

/* "sigd/edge-1" */
static bool cursor_read(struct filter *filter, const char *text)
{
	const char *slash = strchr(text, '/');
	struct pl daemon;

	if (!slash || !node_name_valid(slash + 1, strlen(slash + 1)))
		return false;
	daemon = (struct pl){text, (size_t)(slash - text)};
	str_ncpy(filter->after_node, slash + 1, sizeof(filter->after_node));
	return !pl_strcpy(&daemon, filter->after_daemon,
			  sizeof(filter->after_daemon)) &&
	       is_daemon(filter->after_daemon);
}

/* They come by daemon and name. */
static bool is_behind(const struct filter *filter,
		      const struct rest_worker *node)
{
	const int c = strcmp(node->daemon, filter->after_daemon);

	return c ? c > 0 : strcmp(node->node, filter->after_node) > 0;
}

static bool fits(const struct filter *filter, const struct shown *node)
{
	return is_behind(filter, node->workers) &&
	       (!filter->daemon ||
		!strcmp(filter->daemon, node->workers->daemon)) &&
	       (!filter->state ||
		!strcmp(filter->state,
			rest_node_state(node->workers, node->n)));
}

static void list(const struct rest_workers *workers,
		 const struct filter *filter, size_t limit,
		 struct admin *admin, struct admin_resp *resp)
{
	char next[REST_DAEMON_MAX + 1 + NODE_NAME_MAX + 1] = "";
	struct jsonw json;
	bool more = false;
	size_t n;

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "nodes");
	for (size_t i = 0; i < workers->n && !more; i += n) {
		struct shown node = {.all = workers,
				     .workers = &workers->list[i]};

		n = node.n = rest_node_len(workers, i);
		node.alive = alive(node.workers, n);
		if (!fits(filter, &node))
			continue;
		more = !limit;
		if (more)
			break;
		if (!node_write(&json, &node, admin, resp))
			return;
		--limit;
		re_snprintf(next, sizeof(next), "%s/%s", node.workers->daemon,
			    node.workers->node);
	}
	jsonw_end(&json);
	jsonw_str(&json, "next", more ? next : NULL);
	jsonw_end(&json);
	rest_done(&json, resp);
}

static bool is_state(const char *name)
{
	static const char *const states[] = {"serving", "draining", "drained",
					     "lost"};

	for (size_t i = 0; i < COUNTOF(states); i++) {
		if (!strcmp(name, states[i]))
			return true;
	}
	return false;
}

/* False: resp is a 400. */
static bool filter_read(struct filter *filter, const struct admin_req *req,
			struct admin_resp *resp)
{
	const char *cursor = admin_req_query(req, "cursor");

	*filter = (struct filter){.daemon = admin_req_query(req, "daemon"),
				  .state = admin_req_query(req, "state")};
	if (cursor && !cursor_read(filter, cursor))
		rest_list_no_cursor(resp);
	else if (filter->daemon && !is_daemon(filter->daemon))
		admin_resp_field(resp, 400, "daemon", "sigd or mediad.");
	else if (filter->state && !is_state(filter->state))
		admin_resp_field(resp, 400, "state",
				 "serving, draining, drained or lost.");
	else
		return true;
	return false;
}

void rest_nodes(const struct admin_req *req, struct admin_resp *resp,
		void *arg)
{
	struct rest_workers workers;
	struct filter filter;
	size_t limit;

	if (!rest_limit(&limit, req, resp) || !filter_read(&filter, req, resp) ||
	    !rest_workers_load(&workers, arg, resp))
		return;
	list(&workers, &filter, limit, arg, resp);
	mem_deref(workers.list);
}

/* --- one of them ------------------------------------------------------------------- */

static bool is_there(const struct rest_workers *workers, const char *node)
{
	for (size_t i = 0; i < workers->n; i++) {
		if (rest_node_is(&workers->list[i], node, NULL))
			return true;
	}
	return false;
}

void rest_node(const struct admin_req *req, struct admin_resp *resp, void *arg)
{
	const char *name = admin_req_param(req, "node");
	struct rest_workers workers;
	struct jsonw json;

	if (!rest_workers_load(&workers, arg, resp))
		return;
	if (!is_there(&workers, name)) {
		admin_resp_problem(resp, 404, "There is no such node.");
		mem_deref(workers.list);
		return;
	}
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "nodes");
	if (rest_nodes_write(&json, &workers, name, NULL, arg, resp)) {
		jsonw_end(&json);
		jsonw_end(&json);
		rest_done(&json, resp);
	}
	mem_deref(workers.list);
}
