/*
 * rest_latency_sum.c  Round trips of a connection in the last hour, for GET
 *                     /v1/connections/{tenant}/{name}
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/admin/rest_log.h"
#include "sigd/journal/rtt_sum.h"

enum { LAST_MINUTES = 60, MINUTE_MS = 60000 };

struct told {
	struct rtt_row row[JOURNAL_RTT_ROWS];
	size_t n;
};

static void fill(struct told *told, const struct redis_val *list)
{
	for (size_t i = 0; list->type == REDIS_ARRAY && i < list->len &&
			   told->n < JOURNAL_RTT_ROWS;
	     i++) {
		const struct redis_val *val = &list->el[i];

		told->n += val->type == REDIS_STR &&
			   !rtt_row_unpack(&told->row[told->n],
					   (const uint8_t *)val->str,
					   val->len);
	}
}

static void kind_write(struct jsonw *json, enum rtt_kind kind,
		       const struct rtt_sum *sum)
{
	jsonw_object(json, NULL);
	jsonw_str(json, "kind", rtt_kind_name(kind));
	jsonw_fixed(json, "min_ms", sum->min_us, 3);
	jsonw_fixed(json, "avg_ms", sum->mean_us, 3);
	jsonw_fixed(json, "p95_ms", sum->p95_us, 3);
	jsonw_fixed(json, "max_ms", sum->max_us, 3);
	jsonw_uint(json, "count", sum->count);
	jsonw_end(json);
}

static void kinds_write(struct jsonw *json, const struct told *told)
{
	const uint32_t since =
		(uint32_t)(rest_now_ms() / MINUTE_MS) - LAST_MINUTES;
	struct rtt_sum sum;

	jsonw_array(json, "latency");
	for (unsigned kind = 0; kind < RTT_KINDS; kind++) {
		if (!rtt_sum_of(&sum, told->row, told->n, kind, since) &&
		    sum.count)
			kind_write(json, kind, &sum);
	}
	jsonw_end(json);
}

bool rest_latency_sum(struct jsonw *json, struct admin *admin,
		      struct admin_resp *resp,
		      const struct route_connection *conn)
{
	struct journal_of of = {.whose = JOURNAL_CONNECTION};
	const struct redis_val *list;
	char key[JOURNAL_KEY_MAX];
	struct told *told;

	pl_set_str(&of.tenant, conn->tenant->id);
	pl_set_str(&of.name, conn->name);
	if (!rest_log_key(key, &of, "rtt", resp) ||
	    !rest_ask(&list, admin, resp, "LRANGE", key, "0", "-1", NULL))
		return false;
	told = mem_alloc(sizeof(*told), NULL);
	if (!told) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return false;
	}
	told->n = 0;
	fill(told, list);
	kinds_write(json, told);
	mem_deref(told);
	return true;
}
