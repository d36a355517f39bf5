/*
 * rest_latency.c  GET /v1/registrations/{tenant}/{user}/latency and
 *                 GET /v1/connections/{tenant}/{name}/latency: round trips of
 *                 a day, by the minute
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "common/countof.h"
#include "sigd/admin/rest_log.h"
#include "sigd/registrar/binding.h"

enum {
	DEVICES_MAX = 128,
	MINUTE_MS = 60000,
};

struct device {
	uint32_t number;
	char name[REST_DEVICE_MAX + 1];
};

struct told {
	struct rtt_row row[JOURNAL_RTT_ROWS];
	size_t n;
	struct device device[DEVICES_MAX];
	size_t ndevices;
};

/* --- names of devices -------------------------------------------------------- */

static void device_add(struct told *told, uint32_t number, const char *device)
{
	struct device *to = &told->device[told->ndevices];

	if (!number || told->ndevices == DEVICES_MAX)
		return;
	for (size_t i = 0; i < told->ndevices; i++) {
		if (told->device[i].number == number)
			return;
	}
	to->number = number;
	rest_device_name(to->name, device);
	++told->ndevices;
}

/* Those that are there, then those that were. */
static bool devices_read(struct told *told, struct admin *admin,
			 struct admin_resp *resp, const struct journal_of *of)
{
	char key[JOURNAL_KEY_MAX], text[BINDING_KEY_MAX];
	struct journal_row *row;
	const struct redis_val *list;

	if (!rest_log_key(key, of, "bind", resp) ||
	    !rest_ask(&list, admin, resp, "HKEYS", key, NULL))
		return false;
	for (size_t i = 0; list->type == REDIS_ARRAY && i < list->len; i++) {
		const struct pl field = {list->el[i].str, list->el[i].len};

		if (list->el[i].type != REDIS_STR)
			continue;
		rest_unescape(text, sizeof(text), &field);
		device_add(told, binding_device(&field), text);
	}
	if (!rest_log_key(key, of, "log", resp) ||
	    !rest_ask(&list, admin, resp, "LRANGE", key, "0", "-1", NULL))
		return false;
	row = mem_alloc(sizeof(*row), NULL);
	for (size_t i = 0; row && list->type == REDIS_ARRAY && i < list->len;
	     i++) {
		const struct pl said = {list->el[i].str, list->el[i].len};

		if (list->el[i].type == REDIS_STR &&
		    !journal_row_parse(row, &said))
			device_add(told, rest_device_number(row->device),
				   row->device);
	}
	mem_deref(row);
	return true;
}

static const char *name_of(const struct told *told, uint32_t number)
{
	for (size_t i = 0; i < told->ndevices; i++) {
		if (told->device[i].number == number)
			return told->device[i].name;
	}
	return NULL;
}

/* --- round trips ----------------------------------------------------------------- */

static int by_series(const void *pa, const void *pb)
{
	const struct rtt_row *a = pa, *b = pb;

	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->minute < b->minute ? -1 : a->minute > b->minute;
}

static bool is_series(const struct rtt_row *a, const struct rtt_row *b)
{
	return a->device == b->device && a->kind == b->kind;
}

/* Rows of one minute are one. */
static void merge(struct told *told)
{
	size_t n = 0;

	qsort(told->row, told->n, sizeof(told->row[0]), by_series);
	for (size_t i = 0; i < told->n; i++) {
		if (n && !by_series(&told->row[n - 1], &told->row[i]))
			rtt_row_add(&told->row[n - 1], &told->row[i]);
		else
			told->row[n++] = told->row[i];
	}
	told->n = n;
}

static bool rows_read(struct told *told, struct admin *admin,
		      struct admin_resp *resp, const struct journal_of *of)
{
	const uint64_t since_s = rest_now_ms() / 1000 - JOURNAL_RTT_TTL_S;
	const struct redis_val *list;
	char key[JOURNAL_KEY_MAX];

	if (!rest_log_key(key, of, "rtt", resp) ||
	    !rest_ask(&list, admin, resp, "LRANGE", key, "0", "-1", NULL))
		return false;
	for (size_t i = 0; list->type == REDIS_ARRAY && i < list->len &&
			   told->n < COUNTOF(told->row);
	     i++) {
		struct rtt_row *row = &told->row[told->n];
		const struct redis_val *val = &list->el[i];

		if (val->type == REDIS_STR &&
		    !rtt_row_unpack(row, (const uint8_t *)val->str, val->len) &&
		    60ull * row->minute >= since_s)
			++told->n;
	}
	merge(told);
	return true;
}

/* --- writing ---------------------------------------------------------------------- */

static void minute_write(struct jsonw *json, const struct rtt_row *row)
{
	jsonw_object(json, NULL);
	rest_time(json, "time", (uint64_t)MINUTE_MS * row->minute);
	jsonw_fixed(json, "min_ms", row->min_us, 3);
	jsonw_fixed(json, "avg_ms", row->mean_us, 3);
	jsonw_fixed(json, "max_ms", row->max_us, 3);
	jsonw_uint(json, "count", row->count);
	jsonw_end(json);
}

/* From this row on; the first one behind it. */
static size_t series_write(struct jsonw *json, const struct told *told,
			   size_t at)
{
	const struct rtt_row *first = &told->row[at];

	jsonw_object(json, NULL);
	jsonw_str(json, "kind", rtt_kind_name(first->kind));
	jsonw_str(json, "device", name_of(told, first->device));
	jsonw_array(json, "minutes");
	while (at < told->n && is_series(first, &told->row[at]))
		minute_write(json, &told->row[at++]);
	jsonw_end(json);
	jsonw_end(json);
	return at;
}

static size_t series_skip(const struct told *told, size_t at)
{
	const size_t first = at;

	while (at < told->n && is_series(&told->row[first], &told->row[at]))
		++at;
	return at;
}

static void told_write(const struct told *told, const struct journal_of *of,
		       const char *device, struct admin_resp *resp)
{
	struct jsonw json;
	size_t at = 0;

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_pl(&json, "tenant", &of->tenant);
	jsonw_pl(&json, of->whose == JOURNAL_USER ? "user" : "name", &of->name);
	jsonw_array(&json, "series");
	while (at < told->n) {
		const char *name = name_of(told, told->row[at].device);

		if (device && (!name || strcmp(name, device)))
			at = series_skip(told, at);
		else
			at = series_write(&json, told, at);
	}
	jsonw_end(&json);
	jsonw_end(&json);
	rest_done(&json, resp);
}

void rest_latency(const struct admin_req *req, struct admin_resp *resp,
		  void *arg)
{
	struct journal_of of;
	struct told *told;

	if (!rest_log_of(&of, req, resp, arg))
		return;
	told = mem_alloc(sizeof(*told), NULL);
	if (!told) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	told->n = told->ndevices = 0;
	if (rows_read(told, arg, resp, &of) &&
	    devices_read(told, arg, resp, &of))
		told_write(told, &of, admin_req_query(req, "device"), resp);
	mem_deref(told);
}
