/*
 * rest_node_reload.c  POST /v1/nodes/{node}/reload: its files are loaded anew
 *
 * As by SIGHUP, which the first worker of the node sends to its parent. A file
 * with a mistake changes nothing: the node's log says what it is.
 *
 *   ?daemon=sigd     of that daemon alone, when the node has both
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/admin/rest_nodes.h"
#include "sigd/admin/rest_priv.h"

static bool want(const struct rest_worker *worker, struct admin *admin,
		 struct admin_resp *resp)
{
	const struct redis_val *val;
	char key[WISH_KEY_MAX], at[24], life[16];

	wish_key(key, worker->daemon, worker->node);
	(void)re_snprintf(at, sizeof(at), "%llu", rest_now_ms());
	(void)re_snprintf(life, sizeof(life), "%u", WISH_KEEP_S);
	return rest_ask(&val, admin, resp, "HSET", key, "reload", at, NULL) &&
	       rest_ask(&val, admin, resp, "EXPIRE", key, life, NULL);
}

static void answer(const struct rest_workers *workers, const char *node,
		   const char *daemon, struct admin *admin,
		   struct admin_resp *resp)
{
	struct jsonw json;

	resp->status = 202;
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "nodes");
	if (!rest_nodes_write(&json, workers, node, daemon, admin, resp))
		return;
	jsonw_end(&json);
	jsonw_end(&json);
	rest_done(&json, resp);
}

static void reload(const struct rest_workers *workers, const char *node,
		   const char *daemon, struct admin *admin,
		   struct admin_resp *resp)
{
	size_t there = 0, alive = 0, n;
	bool ok = true;

	for (size_t i = 0; ok && i < workers->n; i += n) {
		const struct rest_worker *first = &workers->list[i];

		n = rest_node_len(workers, i);
		if (!rest_node_is(first, node, daemon))
			continue;
		++there;
		if (!rest_node_born(first, n))
			continue;
		++alive;
		ok = want(first, admin, resp);
	}
	if (ok && !there)
		admin_resp_problem(resp, 404, "There is no such node.");
	else if (ok && !alive)
		admin_resp_problem(resp, 409,
				   "The node is lost: none of its workers "
				   "tells of itself.");
	else if (ok)
		answer(workers, node, daemon, admin, resp);
}

void rest_node_reload(const struct admin_req *req, struct admin_resp *resp,
		      void *arg)
{
	const char *daemon = admin_req_query(req, "daemon");
	struct rest_workers workers;

	if (daemon && strcmp(daemon, "sigd") && strcmp(daemon, "mediad")) {
		admin_resp_field(resp, 400, "daemon", "sigd or mediad.");
		return;
	}
	if (!rest_workers_load(&workers, arg, resp))
		return;
	reload(&workers, admin_req_param(req, "node"), daemon, arg, resp);
	mem_deref(workers.list);
}
