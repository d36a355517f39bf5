/*
 * sigd_conn_metric.c  What each connection has done, for Prometheus
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "sigd/proxy/conn/conn_figures.h"
#include "sigd/sigd_metric.h"

static const struct {
	const char *name;
	const char *help;
} rows[CONN_EVENTS] = {
	[CONN_TRY] = {"tries", "Calls that were to go out there"},
	[CONN_ANSWERED] = {"answered", "... and were answered"},
	[CONN_REFUSED] = {"refused", "... and were refused by who was called, "
				     "or given up"},
	[CONN_FAILED] = {"failed", "... and failed there: no answer, 5xx, "
				   "credentials"},
	[CONN_FAILOVER] = {"failovers", "... and went on to another target"},
	[CONN_CALL_IN] = {"calls_in", "Calls that came from there"},
};

/* A family's samples stand together: each has its own text until all workers
 * were read. */
struct conn_page {
	struct mbuf *mb[CONN_EVENTS];
	int err;
};

static void destructor(void *data)
{
	struct conn_page *page = data;

	for (unsigned i = 0; i < CONN_EVENTS; i++)
		mem_deref(page->mb[i]);
}

int conn_page_alloc(struct conn_page **pagep)
{
	struct conn_page *page = mem_zalloc(sizeof(*page), destructor);

	if (!page)
		return ENOMEM;
	for (unsigned i = 0; i < CONN_EVENTS; i++) {
		page->mb[i] = mbuf_alloc(1024);
		page->err |= page->mb[i] ? 0 : ENOMEM;
	}
	if (page->err) {
		mem_deref(page);
		return ENOMEM;
	}
	*pagep = page;
	return 0;
}

/* Names hold nothing that a label would have to escape; what is in Redis is
 * looked at all the same. */
static bool name_valid(const struct pl *name)
{
	for (size_t i = 0; i < name->l; i++) {
		const char c = name->p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '_')
			return false;
	}
	return name->l > 0;
}

static void row_print(struct conn_page *page, const char *addr,
		      const struct redis_val *field,
		      const struct redis_val *value)
{
	const struct pl whole = {field->str, field->len};
	const struct pl text = {value->str, value->len};
	const char *slash = pl_strchr(&whole, '/');
	struct pl tenant, conn;
	uint64_t nums[CONN_EVENTS];

	if (!slash || conn_figures_parse(nums, &text))
		return;
	tenant.p = whole.p;
	tenant.l = (size_t)(slash - whole.p);
	conn.p = slash + 1;
	conn.l = whole.l - tenant.l - 1;
	if (!name_valid(&tenant) || !name_valid(&conn))
		return;
	for (unsigned i = 0; i < CONN_EVENTS; i++)
		page->err |= mbuf_printf(
			page->mb[i],
			"cordboard_sig_connection_%s_total{worker=\"%s\","
			"tenant=\"%r\",connection=\"%r\"} %llu\n",
			rows[i].name, addr, &tenant, &conn, nums[i]);
}

void conn_page_add(struct conn_page *page, const char *addr,
		   const struct redis_val *hash)
{
	if (hash->type != REDIS_ARRAY)
		return;
	for (size_t i = 0; i + 1 < hash->len; i += 2) {
		if (hash->el[i].type == REDIS_STR &&
		    hash->el[i + 1].type == REDIS_STR)
			row_print(page, addr, &hash->el[i], &hash->el[i + 1]);
	}
}

void conn_page_print(const struct conn_page *page, struct mbuf *mb)
{
	for (unsigned i = 0; i < CONN_EVENTS; i++) {
		if (page->err || !page->mb[i]->end)
			continue;
		(void)mbuf_printf(
			mb,
			"# HELP cordboard_sig_connection_%s_total "
			"%s\n# TYPE cordboard_sig_connection_%s_total "
			"counter\n",
			rows[i].name, rows[i].help, rows[i].name);
		(void)mbuf_write_mem(mb, page->mb[i]->buf, page->mb[i]->end);
	}
}

void sigd_conn_metric_print(struct mbuf *mb, const struct admin *admin)
{
	char addr[NODE_ADDR_MAX + 1], key[CONN_FIGURES_KEY];
	const struct redis_val *val;
	struct redis_arg argv[2];
	struct conn_page *page;

	if (conn_page_alloc(&page))
		return;
	for (unsigned i = 0; admin_worker(admin, i, addr); i++) {
		conn_figures_key(key, addr);
		argv[0] = redis_str("HGETALL");
		argv[1] = redis_str(key);
		if (!redis_sync_send(admin_redis(admin), argv, 2, &val))
			conn_page_add(page, addr, val);
	}
	conn_page_print(page, mb);
	mem_deref(page);
}
