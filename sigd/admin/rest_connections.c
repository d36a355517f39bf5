/*
 * rest_connections.c  GET /v1/connections: PBXs and carriers, and whether they
 *                     are there
 *
 *   ?tenant=T     those of a tenant in the order of routing.yaml; else of all
 *   ?kind=, ?state=, ?search=   of these
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/admin/rest_connections.h"
#include "sigd/admin/rest_list.h"
#include "sigd/admin/rest_state.h"

enum { LOOKS_MAX = 1000 }; /* connections for an answer: each is asked for */

/* An answer while it is written. */
struct page {
	struct jsonw json;
	struct admin *admin;
	struct admin_resp *resp;
};

/* What is asked for; NULL: anything. Borrowed texts. */
struct filter {
	const char *tenant, *kind, *state, *search;
};

/* A page while it is found: the connection that is looked at, by its place in
 * routing.yaml. */
struct walk {
	const struct filter *filter;
	uint32_t tenant, conn;
	size_t left, looks; /* to be told; to be looked at */
	bool more;
};

/* False: resp is an error. */
static bool fits(bool *fit, struct page *page, const struct filter *filter,
		 const struct route_connection *conn)
{
	const char *address = conn->peer.address ? conn->peer.address : "";
	struct rest_state is;

	*fit = rest_list_is(route_conn_kind_name(conn->kind), filter->kind) &&
	       (rest_list_has(conn->name, filter->search) ||
		rest_list_has(address, filter->search));
	if (!*fit || !filter->state)
		return true;
	if (!rest_state(&is, page->admin, page->resp, conn))
		return false;
	*fit = !strcmp(route_state_name(is.state), filter->state);
	return true;
}

/* Those of a tenant, from walk->conn on. False: resp is an error. */
static bool walk_tenant(struct walk *walk, struct page *page,
			const struct route_tenant *tenant)
{
	bool fit;

	for (; walk->conn < tenant->nconnections && !walk->more; walk->conn++) {
		const struct route_connection *conn =
			&tenant->connections[walk->conn];

		if (!walk->looks--) {
			walk->more = true;
			break;
		}
		if (!fits(&fit, page, walk->filter, conn))
			return false;
		if (!fit)
			continue;
		walk->more = !walk->left;
		if (walk->more)
			break;
		if (!rest_connection_write(&page->json, page->admin,
					   page->resp, conn))
			return false;
		--walk->left;
	}
	return true;
}

static void list(struct page *page, struct walk *walk)
{
	const char *id = walk->filter->tenant;
	const struct route_tenant *tenant;
	struct jsonw *json = &page->json;

	jsonw_init(json, page->resp->mb);
	jsonw_object(json, NULL);
	jsonw_str(json, "tenant", id);
	jsonw_array(json, "connections");
	while ((tenant = route_tenant_at(rest_table(page->admin),
					 walk->tenant))) {
		if (rest_list_is(tenant->id, id) &&
		    !walk_tenant(walk, page, tenant))
			return;
		if (walk->more)
			break;
		++walk->tenant;
		walk->conn = 0;
	}
	jsonw_end(json);
	rest_list_next(json, (const uint64_t[]){walk->tenant, walk->conn}, 2,
		       walk->more);
	jsonw_end(json);
	rest_done(json, page->resp);
}

/* False: resp is a 400. */
static bool is_known(const struct filter *filter, struct admin_resp *resp)
{
	bool kind = !filter->kind;
	enum route_state state;
	struct pl name;

	for (int i = ROUTE_TRUNK; !kind && i <= ROUTE_INBOUND; i++)
		kind = !strcmp(filter->kind,
			       route_conn_kind_name((enum route_conn_kind)i));
	pl_set_str(&name, filter->state ? filter->state : "up");
	if (!kind)
		admin_resp_field(resp, 400, "kind",
				 "trunk, register or inbound.");
	else if (!route_state_parse(&state, &name))
		admin_resp_field(resp, 400, "state",
				 "up, trial, down, broken, busy, draining, "
				 "forced or full.");
	else
		return true;
	return false;
}

void rest_connections(const struct admin_req *req, struct admin_resp *resp,
		      void *arg)
{
	const struct filter filter = {.tenant = rest_tenant_asked(req),
				      .kind = admin_req_query(req, "kind"),
				      .state = admin_req_query(req, "state"),
				      .search = admin_req_query(req, "search")};
	struct walk walk = {.filter = &filter, .looks = LOOKS_MAX};
	struct page page = {.admin = arg, .resp = resp};
	uint64_t from[2] = {0, 0};
	bool there;

	if (!is_known(&filter, resp) ||
	    !rest_limit(&walk.left, req, resp) ||
	    !rest_list_cursor(from, 2, &there, req, resp))
		return;
	if (from[0] > UINT32_MAX || from[1] > UINT32_MAX) {
		rest_list_no_cursor(resp);
	} else if (filter.tenant && !rest_tenant(arg, filter.tenant)) {
		admin_resp_problem(resp, 404, "There is no such tenant.");
	} else {
		walk.tenant = (uint32_t)from[0];
		walk.conn = (uint32_t)from[1];
		list(&page, &walk);
	}
}
