/*
 * rest_force.c  PATCH /v1/connections/{tenant}/{name}: an operator takes a
 *               connection out, or back in
 *
 *   {"state": "drain", "reason": "new firmware", "by": "anna"}
 *
 * Who did it is the token, whatever the body says; `by` says for whom.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "common/jsonr.h"
#include "common/log.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/admin/rest_log.h"
#include "sigd/proxy/conn/health.h"

enum {
	WHY_MAX = 16 + ROUTE_HEALTH_TEXT + HEALTH_BY_MAX, /* "drain: .. (for ..)" */
};

/* What is asked for. */
struct order {
	const struct route_connection *conn;
	const char *word;
	bool lift; /* nothing is forced any more */
	struct health_row row;
};

static const struct {
	const char *word;
	enum route_state state;
	bool lift;
} words[] = {
	{"up", ROUTE_STATE_UP, false},
	{"down", ROUTE_STATE_FORCED, false},
	{"drain", ROUTE_STATE_DRAINING, false},
	{"auto", ROUTE_STATE_UP, true},
};

static bool word_read(struct order *order, const char *word)
{
	for (size_t i = 0; word && i < COUNTOF(words); i++) {
		if (strcmp(word, words[i].word))
			continue;
		order->word = words[i].word;
		order->lift = words[i].lift;
		order->row.state = words[i].state;
		return true;
	}
	return false;
}

/* False: there, and it is no text that fits. */
static bool text_read(char *to, size_t size, const struct jsonr_val *val)
{
	const char *text = jsonr_str(val);

	if (!val)
		return true;
	if (!text || strlen(text) >= size)
		return false;
	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	}
	str_ncpy(to, text, size);
	return true;
}

/* The first member that is wrong, as a JSON pointer; NULL: none. */
static const char *members_read(struct order *order,
				const struct jsonr_val *root)
{
	struct health_row *row = &order->row;

	if (!word_read(order, jsonr_str(jsonr_get(root, "state"))))
		return "#/state";
	if (!text_read(row->why, sizeof(row->why), jsonr_get(root, "reason")))
		return "#/reason";
	if (!text_read(row->whom, sizeof(row->whom), jsonr_get(root, "by")))
		return "#/by";
	return NULL;
}

static bool body_read(struct order *order, const struct admin_req *req,
		      struct admin_resp *resp)
{
	static const char *const members[] = {"state", "reason", "by", NULL};
	struct jsonr *doc = NULL;
	const char *wrong;

	if (!rest_body(&doc, members, req, resp))
		return false;
	str_ncpy(order->row.by, admin_req_by(req), sizeof(order->row.by));
	wrong = members_read(order, jsonr_root(doc));
	mem_deref(doc);
	if (wrong)
		admin_resp_field(resp, 422, wrong,
				 "state is up, down, drain or auto; reason "
				 "and by are texts of up to 63 bytes.");
	return !wrong;
}

static bool store(struct order *order, struct admin *admin,
		  struct admin_resp *resp)
{
	const struct redis_val *val;
	char name[HEALTH_NAME_MAX + 1], text[HEALTH_ROW_MAX];

	health_name(name, order->conn, NULL);
	order->row.since_ms = rest_now_ms();
	if (order->lift)
		return rest_ask(&val, admin, resp, "HDEL", HEALTH_FORCED_KEY,
				name, NULL);
	return !health_row_print(text, &order->row) &&
	       rest_ask(&val, admin, resp, "HSET", HEALTH_FORCED_KEY, name,
			text, NULL);
}

/* As the workers' alarms (sigd/guard/alarm.c). */
static void tell(const struct order *order, struct admin *admin)
{
	const struct route_connection *conn = order->conn;
	const struct health_row *row = &order->row;
	char why[WHY_MAX];

	re_snprintf(why, sizeof(why), "%s%s%s%s%s%s", order->word,
		    row->why[0] ? ": " : "", row->why,
		    row->whom[0] ? " (for " : "", row->whom,
		    row->whom[0] ? ")" : "");
	log_warn(NULL, "alarm",
		 "kind=connection-forced tenant=%s name=%s why=%s by=%s",
		 conn->tenant->id, conn->name, why, row->by);

	const struct redis_arg argv[] = {
		redis_str("XADD"),   redis_str("cb:alarms"),
		redis_str("MAXLEN"), redis_str("~"),
		redis_str("1000"),   redis_str("*"),
		redis_str("kind"),   redis_str("connection-forced"),
		redis_str("worker"), redis_str("admin"),
		redis_str("tenant"), redis_str(conn->tenant->id),
		redis_str("name"),   redis_str(conn->name),
		redis_str("source"), redis_str(row->by),
		redis_str("why"),    redis_str(why)};
	const struct redis_val *val;

	/* it is done, whether it is told or not */
	(void)redis_sync_send(admin_redis(admin), argv, COUNTOF(argv), &val);
	rest_log_forced(admin, conn, why, row->by);
}

void rest_force(const struct admin_req *req, struct admin_resp *resp,
		void *arg)
{
	const struct route_tenant *tenant =
		rest_tenant(arg, admin_req_param(req, "tenant"));
	struct order order = {.lift = false};
	struct pl name;

	pl_set_str(&name, admin_req_param(req, "name"));
	order.conn = tenant ? route_connection_find(tenant, &name) : NULL;
	if (!order.conn) {
		admin_resp_problem(resp, 404, "No such connection.");
		return;
	}
	if (!body_read(&order, req, resp) || !store(&order, arg, resp))
		return;
	tell(&order, arg);
	rest_connection(req, resp, arg);
}
