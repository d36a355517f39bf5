/*
 * rest_drain.c  POST /v1/nodes/{node}/drain and /undrain: a node is to be
 *               empty, and to serve again
 *
 *   ?daemon=sigd     of that daemon alone, when the node has both
 *   ?move=now        calls go to other nodes; idle: they end where they are
 *   ?keep=1          also when the node starts anew
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/log.h"
#include "sigd/admin/rest_follow.h"
#include "sigd/admin/rest_priv.h"

struct drain {
	const char *node, *daemon; /* of the request; NULL: both */
	bool drain, now, keep;
	char by[64];
};

static bool flag(bool *is, const char *text)
{
	*is = text && !strcmp(text, "1");
	return !text || *is || !strcmp(text, "0");
}

static bool query_read(struct drain *drain, const struct admin_req *req,
		       struct admin_resp *resp)
{
	const char *move = admin_req_query(req, "move");

	drain->node = admin_req_param(req, "node");
	drain->daemon = admin_req_query(req, "daemon");
	drain->now = move && !strcmp(move, "now");
	str_ncpy(drain->by, admin_req_by(req), sizeof(drain->by));
	if (drain->daemon && strcmp(drain->daemon, "sigd") &&
	    strcmp(drain->daemon, "mediad"))
		admin_resp_field(resp, 400, "daemon", "sigd or mediad.");
	else if (move && !drain->now && strcmp(move, "idle"))
		admin_resp_field(resp, 400, "move", "now or idle.");
	else if (!flag(&drain->keep, admin_req_query(req, "keep")))
		admin_resp_field(resp, 400, "keep", "0 or 1.");
	else
		return true;
	return false;
}

/* --- what is wanted ---------------------------------------------------------------- */

static bool lift(const char *key, struct admin *admin, struct admin_resp *resp)
{
	const struct redis_val *val;

	return rest_ask(&val, admin, resp, "HDEL", key, "drain", "drain.at",
			"drain.by", NULL);
}

static bool want(const struct drain *drain, const struct rest_worker *workers,
		 size_t n, struct admin *admin, struct admin_resp *resp)
{
	char key[WISH_KEY_MAX], text[48], at[24], life[16], born[24];
	const struct redis_val *val;

	wish_key(key, workers->daemon, workers->node);
	if (!drain->drain)
		return lift(key, admin, resp);
	(void)re_snprintf(born, sizeof(born), "%llu",
			  rest_node_born(workers, n));
	(void)re_snprintf(text, sizeof(text), "%s %s",
			  drain->keep ? "*" : born,
			  drain->now ? "now" : "idle");
	(void)re_snprintf(at, sizeof(at), "%llu", rest_now_ms());
	(void)re_snprintf(life, sizeof(life), "%u", WISH_KEEP_S);
	return rest_ask(&val, admin, resp, "HSET", key, "drain", text,
			"drain.at", at, "drain.by", drain->by, NULL) &&
	       rest_ask(&val, admin, resp, "EXPIRE", key, life, NULL);
}

/* The next node of those that are meant, from *i on; 0: no more. */
static size_t next(const struct drain *drain,
		   const struct rest_workers *workers, size_t *i)
{
	for (; *i < workers->n; *i += rest_node_len(workers, *i)) {
		if (rest_node_is(&workers->list[*i], drain->node,
				 drain->daemon))
			return rest_node_len(workers, *i);
	}
	return 0;
}

/* False: none of the name, or dead, and resp says so. */
static bool may(const struct drain *drain, const struct rest_workers *workers,
		struct admin_resp *resp)
{
	bool there = false, alive = false;
	size_t n;

	for (size_t i = 0; (n = next(drain, workers, &i)); i += n) {
		there = true;
		alive = alive || rest_node_born(&workers->list[i], n);
	}
	if (!there)
		admin_resp_problem(resp, 404, "There is no such node.");
	else if (!alive && drain->drain && !drain->keep)
		admin_resp_problem(resp, 409,
				   "The node is lost: none of its workers "
				   "tells of itself. With keep=1 it is empty "
				   "when it is back.");
	else
		return true;
	return false;
}

/* --- until they do so ----------------------------------------------------------------- */

static bool is_meant(const struct rest_worker *worker, const void *arg)
{
	const struct drain *drain = arg;

	return rest_node_is(worker, drain->node, drain->daemon);
}

static bool obeys(const struct rest_worker *worker, const void *arg)
{
	const struct drain *drain = arg;

	return worker->alive &&
	       !strncmp(worker->state, "drain", 5) == drain->drain;
}

static void answer(const void *arg, const struct rest_workers *workers,
		   struct admin *admin, struct admin_resp *resp)
{
	const struct drain *drain = arg;
	struct jsonw json;

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "nodes");
	if (!rest_nodes_write(&json, workers, drain->node, drain->daemon, admin,
			      resp))
		return;
	jsonw_end(&json);
	jsonw_end(&json);
	rest_done(&json, resp);
}

static const struct rest_told told = {is_meant, obeys, answer};

static void drain_do(struct drain *drain, const struct admin_req *req,
		     struct admin_resp *resp, struct admin *admin)
{
	struct rest_workers workers;
	bool ok;
	size_t n;

	if (!query_read(drain, req, resp) ||
	    !rest_workers_load(&workers, admin, resp))
		return;
	ok = may(drain, &workers, resp);
	for (size_t i = 0; ok && (n = next(drain, &workers, &i)); i += n)
		ok = want(drain, &workers.list[i], n, admin, resp);
	if (ok) {
		log_warn(NULL, drain->drain ? "a node is to be empty"
					    : "a node is to serve",
			 "node=%s daemon=%s move=%s keep=%d by=%s",
			 drain->node, drain->daemon ? drain->daemon : "all",
			 drain->now ? "now" : "idle", drain->keep, drain->by);
		rest_follow(resp, admin, &workers, &told, drain);
	}
	mem_deref(workers.list);
}

static void serve(const struct admin_req *req, struct admin_resp *resp,
		  struct admin *admin, bool is_drain)
{
	struct drain *drain = mem_zalloc(sizeof(*drain), NULL);

	if (!drain) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	drain->drain = is_drain;
	drain_do(drain, req, resp, admin);
	mem_deref(drain);
}

void rest_drain(const struct admin_req *req, struct admin_resp *resp,
		void *arg)
{
	serve(req, resp, arg, true);
}

void rest_undrain(const struct admin_req *req, struct admin_resp *resp,
		  void *arg)
{
	serve(req, resp, arg, false);
}
