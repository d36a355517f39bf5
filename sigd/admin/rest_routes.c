/*
 * rest_routes.c  POST /v1/routes/explain and validate
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/cfg_tree.h"
#include "common/countof.h"
#include "routing/route_check.h"
#include "sigd/admin/rest.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/admin/rest_question.h"
#include "sigd/admin/rest_routes.h"
#include "sigd/admin/rest_state.h"
#include "sigd/table/routes_fresh.h"

static const struct rest_root *root_of(struct admin *admin)
{
	return admin_arg(admin);
}

static void no_memory(struct admin_resp *resp)
{
	admin_resp_problem(resp, 503, "Out of memory.");
}

/* A problem document with a list of its own, as RFC 9457 section 3 extends. */
static void refuse(struct admin_resp *resp, const char *detail,
		   re_printf_h *listh, void *arg)
{
	resp->status = 422;
	resp->type = "application/problem+json";
	mbuf_rewind(resp->mb);
	if (mbuf_printf(resp->mb,
			"{\"type\":\"about:blank\",\"title\":\"Unprocessable "
			"Content\",\"status\":422,\"detail\":%H,"
			"\"errors\":%H}",
			cfg_print_json, detail, listh, arg))
		no_memory(resp);
}

static int errors_json(struct re_printf *pf, void *arg)
{
	return cfg_errors_json(pf, arg);
}

void rest_routes_refuse(struct admin_resp *resp, const char *detail,
			const struct cfg_errors *errs)
{
	refuse(resp, detail, errors_json, (void *)(uintptr_t)errs);
}

static int question_json(struct re_printf *pf, void *arg)
{
	return rest_question_json(pf, arg);
}

static void question_refuse(const struct admin_req *req,
			    struct admin_resp *resp,
			    const struct cfg_errors *errs)
{
	const struct pl *body = admin_req_body(req);
	struct rest_question question = {.errs = errs};
	struct cfg_errors *again = NULL;
	struct cfg_tree *tree = NULL;

	if (!cfg_errors_alloc(&again) &&
	    !cfg_tree_parse(&tree, "body", body->p, body->l, NULL, again))
		question.root = cfg_tree_root(tree);
	refuse(resp, "The question cannot be asked.", question_json,
	       &question);
	mem_deref(tree);
	mem_deref(again);
}

/* --- explain ----------------------------------------------------------------- */

/* The question as it was asked, and what it does not say: the time, and how
 * connections are doing, as all is now. */
struct asked {
	struct route_query said;
	struct admin *admin;
	struct admin_resp *resp;
	const char *only; /* the one tenant that may be asked of, or NULL */
	bool failed;
};

static bool on_header(const char *name, unsigned nr, struct pl *value,
		      void *arg)
{
	const struct asked *asked = arg;

	return asked->said.headerh(name, nr, value, asked->said.arg);
}

static void on_health(struct route_health *health,
		      const struct route_connection *conn, void *arg)
{
	struct asked *asked = arg;
	struct rest_state is = {.known = false};
	enum route_state now;

	if (!asked->failed && !rest_state(&is, asked->admin, asked->resp, conn))
		asked->failed = true;
	now = is.known ? is.state : ROUTE_STATE_UP;
	health->state = now;
	asked->said.healthh(health, conn, asked->said.arg);
	if (health->state != now || !is.known)
		return;
	health->since_ms = is.row.since_ms;
	str_ncpy(health->why, is.row.why, sizeof(health->why));
}

static int decide(struct mbuf *mb, const struct route_table *table,
		  const struct route_query *query, struct route_plan *plan)
{
	struct jsonw json;
	char *text = NULL;
	int err;

	jsonw_init(&json, mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "version", route_table_version(table));
	rest_time(&json, "time", query->now * 1000);
	err = mbuf_write_str(mb, ",\"plan\":");
	err = err ? err : route_decide_json(mb, table, query, plan);
	if (!err && re_sdprintf(&text, "%H", route_plan_explain, plan))
		err = ENOMEM;
	err = err ? err
		  : mbuf_printf(mb, ",\"text\":%H}", cfg_print_json, text);
	mem_deref(text);
	return err;
}

/* What is not said is its own. False: it is another one's. */
static bool tenant_set(struct route_ask *ask, const char *only)
{
	if (ask->tenant && strcmp(ask->tenant, only))
		return false;
	ask->tenant = only;
	return true;
}

static int explain(struct asked *asked, const struct route_table *table,
		   const struct pl *body, struct cfg_errors *errs)
{
	struct route_plan *plan = mem_zalloc(sizeof(*plan), NULL);
	struct route_ask_cfg *ask = NULL;
	struct route_query query;
	int err = plan ? route_ask_parse(&ask, "body", body->p, body->l, errs)
		       : ENOMEM;

	if (!err && asked->only && !tenant_set(&ask->ask, asked->only)) {
		admin_resp_problem(asked->resp, 404,
				   "There is no such tenant.");
		goto out;
	}
	err = err ? err
		  : route_ask_query(&asked->said, &ask->ask, table, NULL,
				    errs);
	if (!err) {
		query = asked->said;
		query.headerh = on_header;
		query.healthh = on_health;
		query.arg = asked;
		if (!ask->ask.time)
			query.now = rest_now_ms() / 1000;
		err = decide(asked->resp->mb, table, &query, plan);
		if (!err && asked->failed)
			admin_resp_problem(asked->resp, 503,
					   "Redis cannot be asked now.");
	}
out:
	mem_deref(ask);
	mem_deref(plan);
	return err;
}

void rest_routes_explain(const struct admin_req *req, struct admin_resp *resp,
			 void *arg)
{
	struct asked asked = {.admin = arg,
			      .resp = resp,
			      .only = admin_req_tenant(req)};
	struct cfg_errors *errs = NULL;
	struct jsonr *doc = NULL;
	int err;

	/* what reads it below takes more than JSON */
	if (!rest_body(&doc, NULL, req, resp))
		return;
	mem_deref(doc);
	err = cfg_errors_alloc(&errs);
	err = err ? err
		  : explain(&asked, root_of(arg)->routes, admin_req_body(req),
			    errs);
	if (err == EINVAL)
		question_refuse(req, resp, errs);
	else if (err)
		no_memory(resp);
	mem_deref(errs);
}

/* --- validate ---------------------------------------------------------------- */

static const struct cfg_limits limits = {
	.bytes = REST_BODY_MAX, .nodes = 100000, .depth = 16, .files = 1};

/* What is sent must not have us read what it names: errors would tell what
 * stands there. */
static void refuse_files(const struct cfg_node *node, struct cfg_errors *errs)
{
	static const char *const keys[] = {"include", "csv", "geoip",
					   "ca", "certificate", "private_key"};

	for (const struct cfg_node *n = node->first; n; n = n->next) {
		bool is_file = n->kind == CFG_SCALAR &&
			       !strncmp(n->text, "file:", 5);

		for (size_t i = 0; i < COUNTOF(keys) && n->key; i++)
			is_file |= n->kind == CFG_SCALAR &&
				   !strcmp(n->key, keys[i]);
		if (is_file)
			cfg_errors_add(errs, &n->pos,
				       "%s: no file is read for a table that "
				       "was sent",
				       n->key ? n->key : "an entry");
		refuse_files(n, errs);
	}
}

static int validate(struct route_table **tablep, uint32_t *tests,
		    const struct pl *body, struct cfg_errors *errs)
{
	struct cfg_tree *tree = NULL;
	int err = cfg_tree_parse(&tree, "body", body->p, body->l, &limits,
				 errs);

	if (!err) {
		refuse_files(cfg_tree_root(tree), errs);
		err = cfg_errors_count(errs) ? EINVAL : 0;
	}
	mem_deref(tree);
	err = err ? err
		  : route_table_parse(tablep, "body", body->p, body->l, errs);
	err = err ? err : route_warnings(*tablep, NULL, errs);
	return err ? err : routes_fresh_tests(*tablep, tests, errs);
}

void rest_routes_validate(const struct admin_req *req, struct admin_resp *resp,
			  void *arg)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;
	uint32_t tests = 0;
	int err = cfg_errors_alloc(&errs);
	(void)arg;

	err = err ? err : validate(&table, &tests, admin_req_body(req), errs);
	if (!err || err == EINVAL)
		err = mbuf_printf(resp->mb,
				  "{\"ok\":%s,\"version\":\"%s\","
				  "\"tests\":%u,\"problems\":%H}",
				  err ? "false" : "true",
				  err ? "" : route_table_version(table), tests,
				  cfg_errors_json, errs);
	if (err)
		no_memory(resp);
	mem_deref(table);
	mem_deref(errs);
}
