/*
 * sigd_conn_metric.c  What each connection has done, for Prometheus
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "sigd/proxy/conn/conn_figures.h"
#include "sigd/sigd_metric.h"

#define LABELS "worker=\"\",tenant=\"\",connection=\"\""
#define ROW(name, help)                                                   \
	{METRIC_COUNTER, "cordboard_sig_connection_" name "_total", LABELS, \
	 help, 0, NULL}

static const struct metric_desc rows[CONN_EVENTS] = {
	[CONN_TRY] = ROW("tries", "Calls that were to go out there"),
	[CONN_ANSWERED] = ROW("answered", "Of these, answered"),
	[CONN_REFUSED] = ROW("refused", "Of these, refused by who was called, "
					"or given up"),
	[CONN_FAILED] = ROW("failed", "Of these, failed there: no answer, "
				      "5xx, credentials"),
	[CONN_FAILOVER] = ROW("failovers", "Of these, that went on to another "
					   "target"),
	[CONN_CALL_IN] = ROW("calls_in", "Calls that came from there"),
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

/* A field of a hash, while that is there. */
struct row {
	struct pl tenant, conn;
	uint64_t nums[CONN_EVENTS];
};

static bool row_read(struct row *row, const struct redis_val *field,
		     const struct redis_val *value)
{
	const struct pl whole = {field->str, field->len};
	const struct pl text = {value->str, value->len};
	const char *slash;

	if (field->type != REDIS_STR || value->type != REDIS_STR)
		return false;
	slash = pl_strchr(&whole, '/');
	if (!slash || conn_figures_parse(row->nums, &text))
		return false;
	row->tenant.p = whole.p;
	row->tenant.l = (size_t)(slash - whole.p);
	row->conn.p = slash + 1;
	row->conn.l = whole.l - row->tenant.l - 1;
	return name_valid(&row->tenant) && name_valid(&row->conn);
}

static int pl_order(const struct pl *a, const struct pl *b)
{
	int order = memcmp(a->p, b->p, min(a->l, b->l));

	return order ? order : (a->l > b->l) - (a->l < b->l);
}

static int by_name(const void *a, const void *b)
{
	const struct row *ra = a, *rb = b;
	int order = pl_order(&ra->tenant, &rb->tenant);

	return order ? order : pl_order(&ra->conn, &rb->conn);
}

static void row_print(struct conn_page *page, const char *addr,
		      const struct row *row)
{
	for (unsigned i = 0; i < CONN_EVENTS; i++)
		page->err |= mbuf_printf(page->mb[i],
					 "%s{worker=\"%s\",tenant=\"%r\","
					 "connection=\"%r\"} %llu\n",
					 rows[i].name, addr, &row->tenant,
					 &row->conn, row->nums[i]);
}

/* Those of the first names have samples of their own, whichever order Redis
 * tells them in; all else is one more. */
static void rows_print(struct conn_page *page, const char *addr,
		       struct row *list, size_t n)
{
	struct row other = {PL("other"), PL("other"), {0}};

	qsort(list, n, sizeof(*list), by_name);
	for (size_t i = 0; i < n && i < CONN_SHOWN_MAX; i++)
		row_print(page, addr, &list[i]);
	for (size_t i = CONN_SHOWN_MAX; i < n; i++) {
		for (unsigned k = 0; k < CONN_EVENTS; k++)
			other.nums[k] += list[i].nums[k];
	}
	if (n > CONN_SHOWN_MAX)
		row_print(page, addr, &other);
}

void conn_page_add(struct conn_page *page, const char *addr,
		   const struct redis_val *hash)
{
	struct row *list;
	size_t n = 0;

	if (hash->type != REDIS_ARRAY || hash->len < 2)
		return;
	list = mem_alloc(hash->len / 2 * sizeof(*list), NULL);
	if (!list) {
		page->err = ENOMEM;
		return;
	}
	for (size_t i = 0; i + 1 < hash->len; i += 2)
		n += row_read(&list[n], &hash->el[i], &hash->el[i + 1]);
	rows_print(page, addr, list, n);
	mem_deref(list);
}

void conn_page_print(const struct conn_page *page, struct mbuf *mb,
		     enum metric_form form)
{
	for (unsigned i = 0; i < CONN_EVENTS; i++) {
		if (page->err || !page->mb[i]->end)
			continue;
		(void)metric_print_head(mb, form, &rows[i]);
		(void)mbuf_write_mem(mb, page->mb[i]->buf, page->mb[i]->end);
	}
}

int conn_page_reference(struct mbuf *mb)
{
	int err = 0;

	for (unsigned i = 0; i < CONN_EVENTS; i++)
		err |= metric_print_row(mb, &rows[i]);
	return err ? ENOMEM : 0;
}

void sigd_conn_metric_print(struct mbuf *mb, enum metric_form form,
			    const struct admin *admin)
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
	conn_page_print(page, mb, form);
	mem_deref(page);
}
