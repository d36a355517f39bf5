/*
 * metric.h  Figures of a process: counters, gauges, histograms
 *
 * A module keeps its figures as plain numbers in a struct of its own and
 * counts with `figures->refused++`; a const table names them. A set is a list
 * of such tables with their structs. It can be printed as OpenMetrics 1.0 or
 * as Prometheus 0.0.4, and told as flat keys and values: so a worker
 * shows its figures in Redis, and the admin process, which knows the same
 * tables, fills sets of its own from there, one for each worker, and prints
 * them all.
 *
 *	struct edge_figures { uint64_t refused, open; struct metric_hist wait; };
 *	static const struct metric_desc edge_metrics[] = {
 *		{METRIC_COUNTER, "cordboard_edge_refused_total", NULL,
 *		 "Connections refused", offsetof(struct edge_figures, refused),
 *		 NULL}, ...
 *
 * One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_METRIC_H
#define COMMON_METRIC_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

enum {
	METRIC_LE_MAX = 16,
	METRIC_KEY_MAX = 256,
};

enum metric_type {
	METRIC_COUNTER, /* uint64_t, only grows */
	METRIC_GAUGE,   /* int64_t */
	METRIC_HIST,    /* struct metric_hist */
	METRIC_INFO,    /* nothing: its labels say all, and it is 1 */
};

/* Upper bounds, ascending, in the unit that is observed; printed divided by
 * per_unit (1000 for milliseconds shown as seconds; 1: as they are). Without
 * bounds (n 0) the same of a counter or gauge. */
struct metric_bounds {
	uint32_t per_unit;
	uint32_t n;
	uint64_t le[METRIC_LE_MAX];
};

struct metric_hist {
	const struct metric_bounds *bounds; /* set by metric_add() */
	uint64_t sum;
	uint64_t count[METRIC_LE_MAX + 1]; /* each bucket alone; the last is
					      above all bounds */
};

/* A row of a table. Rows of one name (with different labels) stand together.
 * labels: `method="INVITE"`, constant, or NULL. The name of a counter ends with
 * "_total", of an info with "_info"; a unit stands at its end, or before
 * these: seconds, bytes, ratio. */
struct metric_desc {
	enum metric_type type;
	const char *name;
	const char *labels;
	const char *help;
	size_t offset;
	const struct metric_bounds *bounds; /* NULL: as it is; METRIC_HIST has
					       some */
};

struct metric_set;

/* The caller owns *setp. */
int metric_set_alloc(struct metric_set **setp);

/* Add the figures at base, described by n rows. Table and base are borrowed
 * and outlive the set. EINVAL for a name or a bound that is none, EEXIST when
 * a name is in the set already. */
int metric_add(struct metric_set *set, const struct metric_desc *desc, size_t n,
	       void *base);

/* Count value into its bucket. Histograms not added count nothing. */
void metric_observe(struct metric_hist *hist, uint64_t value);

/*
 * Tell every number as a key and a value: `name{labels}`, and for histograms
 * `name{labels}|<bound>` (each bucket alone), `...|+Inf` and `...|sum`. A
 * gauge is told as the two's complement of its value.
 */
typedef void(metric_each_h)(const char *key, uint64_t value, void *arg);
void metric_each(const struct metric_set *set, metric_each_h *eachh, void *arg);

/* Add a number that metric_each() told, here or in another process; ENOENT
 * when the set has no such key (another version's). */
int metric_merge(struct metric_set *set, const char *key, size_t len,
		 uint64_t value);
/* All numbers become 0. */
void metric_clear(struct metric_set *set);

/* --- as text (metric_text.c) ------------------------------------------------ */

enum metric_form {
	METRIC_TEXT, /* text/plain; version=0.0.4 */
	METRIC_OPEN, /* application/openmetrics-text; version=1.0.0 */
};

/* A set to print, with a label for all its samples, `worker="a1/2"`, or
 * NULL. */
struct metric_source {
	const struct metric_set *set;
	const char *label;
};

/* Print sets; what of them has one name stands together. ENOMEM, EINVAL. */
int metric_print(struct mbuf *mb, enum metric_form form,
		 const struct metric_source *sources, size_t n);
/* Of a family whose samples the caller prints itself; offset and bounds are of
 * no matter. */
int metric_print_head(struct mbuf *mb, enum metric_form form,
		      const struct metric_desc *desc);
/* Behind all. */
int metric_print_end(struct mbuf *mb, enum metric_form form);

/* Rows of a table in Markdown: name, type, labels, meaning. */
int metric_print_row(struct mbuf *mb, const struct metric_desc *desc);
int metric_print_table(struct mbuf *mb, const struct metric_set *set);

/* "seconds"; NULL: none. */
const char *metric_unit(const struct pl *family);

#endif
