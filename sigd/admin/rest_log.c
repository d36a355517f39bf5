/*
 * rest_log.c  GET /v1/registrations/{tenant}/{user}/log and
 *             GET /v1/connections/{tenant}/{name}/log
 *
 *   ?device=D   of one device: its instance, or its Contact when it has none
 *   ?limit=N
 *
 * That a device has not come back in time stands there (reg_expiry.h). That a
 * registration of ours at a PBX was over nobody notes: it is told from when it
 * was granted last, and for how long.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/admin/rest_log.h"
#include "sigd/journal/journal_lua.h"
#include "sigd/registrar/reg_request.h"
#include "sigd/transport/flow.h"

enum {
	ROWS_MAX = 4 * JOURNAL_ENTRIES + JOURNAL_NOBODIES,
	SLACK_MS = 2000, /* a refresh is under way */
};

struct rows {
	struct journal_row row[ROWS_MAX];
	size_t n;
};

/* --- devices --------------------------------------------------------------------- */

void rest_device_name(char name[REST_DEVICE_MAX + 1], const char *device)
{
	size_t len;

	str_ncpy(name, *device && device[1] == ':' ? device + 2 : device,
		 REST_DEVICE_MAX + 1);
	if (*device != 'i')
		return;
	len = strlen(name);
	while (len && name[--len] != ':')
		;
	name[len] = '\0';
	len = strlen(name);
	if (len > 2 && *name == '<' && name[len - 1] == '>') {
		memmove(name, name + 1, len - 2);
		name[len - 2] = '\0';
	}
}

uint32_t rest_device_number(const char *device)
{
	char name[REST_DEVICE_MAX + 1], field[3 * REST_DEVICE_MAX];
	struct pl pl;

	if (!*device)
		return 0;
	rest_device_name(name, device);
	pl_set_str(&pl, name);
	if (*device == 'i')
		return reg_instance_device(&pl);
	if (re_snprintf(field, sizeof(field), "c:%H", redis_key_part, &pl) < 0)
		return 0;
	pl_set_str(&pl, field);
	return binding_device(&pl);
}

/* --- reading ----------------------------------------------------------------------- */

bool rest_log_of(struct journal_of *of, const struct admin_req *req,
		 struct admin_resp *resp, struct admin *admin)
{
	const char *user = admin_req_param(req, "user");
	const char *name = admin_req_param(req, "name");
	const struct route_tenant *tenant =
		rest_tenant(admin, admin_req_param(req, "tenant"));

	*of = (struct journal_of){.whose = user ? JOURNAL_USER
						: JOURNAL_CONNECTION};
	pl_set_str(&of->name, user ? user : name);
	if (tenant)
		pl_set_str(&of->tenant, tenant->id);
	/* a user may be one of Redis, or of a PBX: the log is what is known */
	if (tenant && (user || route_connection_find(tenant, &of->name)))
		return true;
	admin_resp_problem(resp, 404, tenant ? "No such connection."
					     : "There is no such tenant.");
	return false;
}

bool rest_log_key(char key[JOURNAL_KEY_MAX], const struct journal_of *of,
		  const char *what, struct admin_resp *resp)
{
	if (!journal_key(key, of, what))
		return true;
	admin_resp_field(resp, 400,
			 of->whose == JOURNAL_CONNECTION ? "name" : "user",
			 "The name is too long.");
	return false;
}

/* name: of these alone; NULL: all. */
static bool rows_read(struct rows *rows, struct admin *admin,
		      struct admin_resp *resp, const struct journal_of *of,
		      const char *what, const struct pl *name)
{
	const struct redis_val *list;
	char key[JOURNAL_KEY_MAX];

	if (!rest_log_key(key, of, what, resp) ||
	    !rest_ask(&list, admin, resp, "LRANGE", key, "0", "-1", NULL))
		return false;
	for (size_t i = 0; list->type == REDIS_ARRAY && i < list->len &&
			   rows->n < ROWS_MAX - 2 * JOURNAL_ENTRIES;
	     i++) {
		struct journal_row *row = &rows->row[rows->n];
		const struct pl text = {list->el[i].str, list->el[i].len};

		if (list->el[i].type != REDIS_STR ||
		    journal_row_parse(row, &text))
			continue;
		rows->n += !name || !pl_strcmp(name, row->name);
	}
	return true;
}

static int by_time(const void *pa, const void *pb)
{
	const struct journal_row *a = pa, *b = pb;

	return a->at_ms > b->at_ms ? -1 : a->at_ms < b->at_ms;
}

/* --- what nobody has noted ----------------------------------------------------------- */

static bool is_same(const struct journal_row *a, const struct journal_row *b)
{
	return !strcmp(a->device, b->device) && !strcmp(a->conn, b->conn) &&
	       b->event < JOURNAL_REFUSED;
}

/* When it was over for want of the next one; 0: it was not. Newest first. */
static uint64_t expired(const struct rows *rows, size_t nr, uint64_t now_ms)
{
	const struct journal_row *row = &rows->row[nr];
	const uint64_t end = row->at_ms + 1000ull * row->expires;

	if (row->device[0] || row->event > JOURNAL_MOVED || !row->expires ||
	    end + SLACK_MS > now_ms)
		return 0;
	for (size_t i = nr; i-- > 0;) {
		if (is_same(row, &rows->row[i]))
			return rows->row[i].since_ms > end + SLACK_MS ? end
								      : 0;
	}
	return end;
}

static void expiries_add(struct rows *rows, uint64_t now_ms)
{
	const size_t n = rows->n;

	for (size_t i = 0; i < n && rows->n < ROWS_MAX; i++) {
		const uint64_t at_ms = expired(rows, i, now_ms);
		struct journal_row *row = &rows->row[rows->n];

		if (!at_ms)
			continue;
		*row = rows->row[i];
		row->event = JOURNAL_EXPIRED;
		row->at_ms = row->since_ms = at_ms;
		row->count = 1;
		row->rtt_us = row->expires = row->code = 0;
		row->why[0] = '\0';
		++rows->n;
	}
	qsort(rows->row, rows->n, sizeof(rows->row[0]), by_time);
}

/* --- writing --------------------------------------------------------------------------- */

static void text(struct jsonw *json, const char *key, const char *val)
{
	jsonw_str(json, key, *val ? val : NULL);
}

static void number(struct jsonw *json, const char *key, uint32_t num)
{
	if (num)
		jsonw_uint(json, key, num);
	else
		jsonw_null(json, key);
}

static void where(struct jsonw *json, const struct journal_row *row)
{
	struct flow_id id;
	char worker[NODE_ADDR_MAX + 1];

	text(json, "address", row->from);
	if (flow_id_parse(&id, row->flow, strlen(row->flow))) {
		jsonw_null(json, "transport");
		text(json, "worker", row->worker);
		jsonw_null(json, "connection_number");
		return;
	}
	re_snprintf(worker, sizeof(worker), "%s/%u", id.node, id.slot);
	jsonw_str(json, "transport", flow_kind_name(id.kind));
	jsonw_str(json, "worker", row->worker[0] ? row->worker : worker);
	number(json, "connection_number", id.num);
}

static void row_write(struct jsonw *json, const struct journal_row *row)
{
	char device[REST_DEVICE_MAX + 1];

	rest_device_name(device, row->device);
	jsonw_object(json, NULL);
	rest_time(json, "time", row->at_ms);
	rest_time(json, "since", row->since_ms);
	jsonw_uint(json, "count", row->count);
	jsonw_str(json, "event", journal_event_name(row->event));
	number(json, "code", row->code);
	text(json, "reason", row->why);
	text(json, "device", device);
	text(json, "name", row->name);
	text(json, "connection", row->conn);
	where(json, row);
	text(json, "flow", row->flow);
	text(json, "agent", row->agent);
	number(json, "expires_s", row->expires);
	if (row->rtt_us)
		jsonw_fixed(json, "rtt_ms", row->rtt_us, 3);
	else
		jsonw_null(json, "rtt_ms");
	jsonw_end(json);
}

static void rows_write(const struct rows *rows, const struct journal_of *of,
		       const char *device, size_t limit,
		       struct admin_resp *resp)
{
	char name[REST_DEVICE_MAX + 1];
	struct jsonw json;
	size_t n = 0;

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_pl(&json, "tenant", &of->tenant);
	jsonw_pl(&json, of->whose == JOURNAL_USER ? "user" : "name", &of->name);
	jsonw_array(&json, "entries");
	for (size_t i = 0; i < rows->n && n < limit; i++) {
		rest_device_name(name, rows->row[i].device);
		if (device && strcmp(device, name))
			continue;
		row_write(&json, &rows->row[i]);
		++n;
	}
	jsonw_end(&json);
	jsonw_end(&json);
	rest_done(&json, resp);
}

void rest_log(const struct admin_req *req, struct admin_resp *resp, void *arg)
{
	struct journal_of of, nobody = {.whose = JOURNAL_NOBODY};
	struct rows *rows;
	size_t limit;

	if (!rest_limit(&limit, req, resp) ||
	    !rest_log_of(&of, req, resp, arg))
		return;
	rows = mem_alloc(sizeof(*rows), NULL);
	if (!rows) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	rows->n = 0;
	nobody.tenant = of.tenant;
	if (rows_read(rows, arg, resp, &of, "log", NULL) &&
	    rows_read(rows, arg, resp, &of, "refused", NULL) &&
	    (of.whose != JOURNAL_USER ||
	     rows_read(rows, arg, resp, &nobody, "", &of.name))) {
		qsort(rows->row, rows->n, sizeof(rows->row[0]), by_time);
		expiries_add(rows, rest_now_ms());
		rows_write(rows, &of, admin_req_query(req, "device"), limit,
			   resp);
	}
	mem_deref(rows);
}

/* --- what an operator said --------------------------------------------------------------- */

void rest_log_forced(struct admin *admin, const struct route_connection *conn,
		     const char *why, const char *by)
{
	struct journal_row row = {.event = JOURNAL_FORCED, .count = 1};
	struct journal_of of = {.whose = JOURNAL_CONNECTION};
	char key[JOURNAL_KEY_MAX], said[JOURNAL_ROW_MAX];
	const struct redis_val *val;

	row.at_ms = row.since_ms = rest_now_ms();
	str_ncpy(row.why, why, sizeof(row.why));
	str_ncpy(row.from, by, sizeof(row.from));
	pl_set_str(&of.tenant, conn->tenant->id);
	pl_set_str(&of.name, conn->name);
	if (journal_key(key, &of, "log") ||
	    journal_row_print(said, sizeof(said), &row))
		return;

	const struct redis_arg push[] = {redis_str("LPUSH"), redis_str(key),
					 redis_str(said)};
	const struct redis_arg trim[] = {redis_str("LTRIM"), redis_str(key),
					 redis_str("0"),
					 redis_str(JOURNAL_LAST)};
	const struct redis_arg life[] = {redis_str("PEXPIRE"), redis_str(key),
					 redis_str(JOURNAL_TTL_MS)};

	/* it is done, whether it is told or not */
	(void)redis_sync_send(admin_redis(admin), push, 3, &val);
	(void)redis_sync_send(admin_redis(admin), trim, 4, &val);
	(void)redis_sync_send(admin_redis(admin), life, 3, &val);
}
