/*
 * admin_metrics.c  /metrics of an admin process
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/admin_metrics.h"
#include "common/countof.h"
#include "common/publish.h"
#include "common/vitals.h"

/* Of this process itself. */
struct own_figures {
	struct admin_figures http;
	int64_t redis_up;
	int64_t workers;
};

struct admin_metrics {
	struct admin_cfg cfg;
	const struct worker *worker;
	struct redis_sync *sync;
	struct own_figures own;
	struct vitals_figures vital;
	struct metric_set *own_set, *vital_set;
	struct vitals *vitals;
	struct metric_desc build;
	char build_labels[128];
	char label[NODE_NAME_MAX + 24];
};

static const struct metric_desc own_rows[] = {
	{METRIC_GAUGE, "cordboard_admin_redis_up", NULL,
	 "1: Redis answered when these figures were asked for",
	 offsetof(struct own_figures, redis_up), NULL},
	{METRIC_GAUGE, "cordboard_admin_workers", NULL,
	 "Workers of this node that have published figures",
	 offsetof(struct own_figures, workers), NULL},
};

static const struct metric_desc build_row = {
	METRIC_INFO, "cordboard_build_info", NULL,
	"Which daemon this is, of which version", 0, NULL};

static void destructor(void *data)
{
	struct admin_metrics *metrics = data;

	mem_deref(metrics->vitals);
	mem_deref(metrics->vital_set);
	mem_deref(metrics->own_set);
}

/* --- what is asked for ------------------------------------------------------------ */

/* The quality, in thousandths, of `;q=0.5`; 1000 without one. */
static unsigned quality(const struct pl *params)
{
	struct pl q = PL_INIT;
	unsigned scale = 1000, sum;

	if (re_regex(params->p, params->l, ";[ ]*q=[0-9.]+", NULL, &q) ||
	    !q.l)
		return 1000;
	sum = (unsigned)(q.p[0] - '0') * scale;
	for (size_t i = 2; i < q.l && q.p[1] == '.' && q.p[i] != '.'; i++) {
		scale /= 10;
		sum += (unsigned)(q.p[i] - '0') * scale;
	}
	return sum;
}

static bool is_range(const struct pl *part, const char *name)
{
	size_t len = strlen(name);

	return part->l >= len && !strncasecmp(part->p, name, len) &&
	       (part->l == len || strchr("; \t", part->p[len]));
}

enum metric_form admin_metrics_form(const char *accept)
{
	unsigned open = 0, text = 0;

	while (accept && *accept) {
		struct pl part = {accept, strcspn(accept, ",")};
		unsigned q;

		accept += part.l + (accept[part.l] == ',');
		while (part.l && strchr(" \t", *part.p)) {
			part.p++;
			part.l--;
		}
		q = quality(&part);
		if (is_range(&part, "application/openmetrics-text"))
			open = max(open, q);
		else if (is_range(&part, "text/plain"))
			text = max(text, q);
	}
	return open && open >= text ? METRIC_OPEN : METRIC_TEXT;
}

/* --- the workers ------------------------------------------------------------------- */

/* One worker's figures in a set of their own. */
struct shown {
	void *figures;
	struct metric_set *set;
	char label[NODE_ADDR_MAX + 16];
};

static void shown_destructor(void *data)
{
	struct shown *shown = data;

	mem_deref(shown->set);
	mem_deref(shown->figures);
}

static int shown_fill(struct shown *shown, const struct admin_metrics *metrics,
		      unsigned slot)
{
	char addr[NODE_ADDR_MAX + 1];
	int err;

	shown->figures = mem_zalloc(metrics->cfg.figures_size, NULL);
	if (!shown->figures)
		return ENOMEM;

	(void)re_snprintf(addr, sizeof(addr), "%s/%u", metrics->worker->node,
			  slot);
	(void)re_snprintf(shown->label, sizeof(shown->label), "worker=\"%s\"",
			  addr);
	err = metrics->cfg.figuresh(&shown->set, shown->figures);
	if (!err)
		err = publish_read(shown->set, metrics->sync,
				   metrics->cfg.daemon, addr);
	return err;
}

/* ENOENT: it has published nothing lately. */
static int shown_read(struct shown **shownp,
		      const struct admin_metrics *metrics, unsigned slot)
{
	struct shown *shown = mem_zalloc(sizeof(*shown), shown_destructor);
	int err = shown ? shown_fill(shown, metrics, slot) : ENOMEM;

	if (err)
		mem_deref(shown);
	else
		*shownp = shown;
	return err;
}

struct page {
	struct metric_source sources[ADMIN_WORKERS_MAX + 2];
	struct shown *shown[ADMIN_WORKERS_MAX];
	size_t n;
};

/* What is there when Redis goes away is shown. */
static void workers_read(struct page *page, struct admin_metrics *metrics)
{
	int err = 0;

	for (unsigned i = 1; i <= metrics->cfg.workers; i++) {
		struct shown *shown;

		err = shown_read(&shown, metrics, i);
		if (err == ENOENT)
			continue; /* not there (yet) */
		if (err)
			break;
		page->shown[page->n] = shown;
		page->sources[page->n++] =
			(struct metric_source){shown->set, shown->label};
	}
	metrics->own.redis_up = !err || err == ENOENT;
	metrics->own.workers = (int64_t)page->n;
}

static int print(struct admin_metrics *metrics, struct mbuf *mb,
		 enum metric_form form, const struct admin *admin)
{
	struct page page = {.n = 0};
	size_t n;
	int err;

	workers_read(&page, metrics);
	vitals_fill(metrics->vitals);
	n = page.n;
	page.sources[n++] = (struct metric_source){metrics->own_set, NULL};
	page.sources[n++] =
		(struct metric_source){metrics->vital_set, metrics->label};
	err = metric_print(mb, form, page.sources, n);
	for (size_t i = 0; i < page.n; i++)
		mem_deref(page.shown[i]);
	if (!err && metrics->cfg.printh && metrics->own.redis_up)
		metrics->cfg.printh(mb, form, admin);
	return err ? err : metric_print_end(mb, form);
}

void admin_metrics_serve(struct admin_metrics *metrics,
			 const struct admin_req *req, struct admin_resp *resp,
			 const struct admin *admin)
{
	const enum metric_form form =
		admin_metrics_form(admin_req_header(req, "Accept"));

	resp->type = form == METRIC_OPEN
			     ? "application/openmetrics-text; version=1.0.0; "
			       "charset=utf-8"
			     : "text/plain; version=0.0.4; charset=utf-8";
	admin_resp_header(resp, "Vary", "Accept");
	if (print(metrics, resp->mb, form, admin))
		admin_resp_problem(resp, 500, NULL);
}

/* --- life -------------------------------------------------------------------------- */

static int sets_make(struct admin_metrics *metrics)
{
	int err = metric_set_alloc(&metrics->own_set);

	if (!err)
		err = metric_set_alloc(&metrics->vital_set);
	if (!err)
		err = metric_add(metrics->own_set, &metrics->build, 1,
				 &metrics->own);
	if (!err)
		err = metric_add(metrics->own_set, own_rows, COUNTOF(own_rows),
				 &metrics->own);
	if (!err)
		err = metric_add(metrics->own_set, admin_http_metrics,
				 admin_http_nmetrics, &metrics->own.http);
	return err ? err
		   : metric_add(metrics->vital_set, vitals_metrics,
				vitals_nmetrics, &metrics->vital);
}

int admin_metrics_alloc(struct admin_metrics **metricsp,
			const struct admin_cfg *cfg,
			const struct worker *worker, struct redis_sync *sync)
{
	struct admin_metrics *metrics =
		mem_zalloc(sizeof(*metrics), destructor);
	int err;

	if (!metrics)
		return ENOMEM;

	metrics->cfg = *cfg;
	metrics->worker = worker;
	metrics->sync = sync;
	metrics->build = build_row;
	metrics->build.labels = metrics->build_labels;
	(void)re_snprintf(metrics->build_labels, sizeof(metrics->build_labels),
			  "daemon=\"%s\",version=\"%s\"", cfg->daemon, VERSION);
	(void)re_snprintf(metrics->label, sizeof(metrics->label),
			  "worker=\"%s/admin\"", worker->node);
	err = sets_make(metrics);
	if (!err)
		err = vitals_alloc(&metrics->vitals, worker->wheel,
				   &metrics->vital);
	if (err)
		mem_deref(metrics);
	else
		*metricsp = metrics;
	return err;
}

struct admin_figures *admin_metrics_http(struct admin_metrics *metrics)
{
	return &metrics->own.http;
}

int admin_metrics_reference(struct mbuf *mb)
{
	struct own_figures figures;
	struct metric_desc build = build_row;
	struct metric_set *set = NULL;
	int err = metric_set_alloc(&set);

	build.labels = "daemon=\"\",version=\"\"";
	if (!err)
		err = metric_add(set, &build, 1, &figures);
	if (!err)
		err = metric_add(set, own_rows, COUNTOF(own_rows), &figures);
	if (!err)
		err = metric_add(set, admin_http_metrics, admin_http_nmetrics,
				 &figures.http);
	if (!err)
		err = metric_print_table(mb, set);
	mem_deref(set);
	return err;
}
