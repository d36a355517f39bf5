/*
 * rest_register.c  POST /v1/connections/{tenant}/{name}/register: all of its
 *                  registrations anew
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/proxy/register/line_news.h"

enum { NEWS_S = 60 }; /* for who holds the shard to read it */

/* Its lines are in all shards. */
static bool tell(struct admin *admin, struct admin_resp *resp,
		 const struct route_connection *conn)
{
	char key[REST_KEY_MAX], said[LINE_NEWS_MAX], life[16];
	const struct redis_val *val;

	re_snprintf(said, sizeof(said), "!%s/%s", conn->tenant->id,
		    conn->name);
	re_snprintf(life, sizeof(life), "%d", NEWS_S);
	for (unsigned i = 0; i < UPSTREAM_SHARDS; i++) {
		re_snprintf(key, sizeof(key), "cb:{u:%u}:news", i);
		if (!rest_ask(&val, admin, resp, "RPUSH", key, said, NULL) ||
		    !rest_ask(&val, admin, resp, "EXPIRE", key, life, NULL))
			return false;
	}
	return true;
}

void rest_register(const struct admin_req *req, struct admin_resp *resp,
		   void *arg)
{
	const struct route_tenant *tenant =
		rest_tenant(arg, admin_req_param(req, "tenant"));
	const struct route_connection *conn;
	struct jsonw json;
	struct pl name;

	pl_set_str(&name, admin_req_param(req, "name"));
	conn = tenant ? route_connection_find(tenant, &name) : NULL;
	if (!conn) {
		admin_resp_problem(resp, 404, "No such connection.");
		return;
	}
	if (conn->kind != ROUTE_REGISTER) {
		admin_resp_problem(resp, 409, "We do not register there.");
		return;
	}
	if (!tell(arg, resp, conn))
		return;
	resp->status = 202;
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "tenant", tenant->id);
	jsonw_str(&json, "name", conn->name);
	jsonw_end(&json);
	rest_done(&json, resp);
}
