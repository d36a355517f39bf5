/*
 * sigd_metric_doc.c  All figures of sigd, as a page for people
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/admin_metrics.h"
#include "sigd/sigd_cluster_metric.h"
#include "sigd/sigd_feeds.h"
#include "sigd/sigd_metric.h"

static const char head[] =
	"# Metrics of sigd\n\n"
	"Printed by `sigd --metrics`; a test compares. How they are meant: "
	"[metrics.md](metrics.md).\n\n"
	"## Of each worker\n\n"
	"Each has the label `worker`, `node/slot`; what begins with `process_` "
	"and `cordboard_loop_` the admin process, too (`node/admin`).\n\n";
static const char table[] = "| Name | Type | Labels | Meaning |\n"
			    "|---|---|---|---|\n";

static int workers(struct mbuf *mb)
{
	struct sigd_figures *figures = mem_zalloc(sizeof(*figures), NULL);
	struct metric_set *set = NULL;
	int err = figures ? sigd_metric_alloc(&set, figures) : ENOMEM;

	if (!err)
		err = metric_print_table(mb, set);
	mem_deref(set);
	mem_deref(figures);
	return err;
}

int sigd_metric_reference(struct mbuf *mb)
{
	int err = mbuf_printf(mb, "%s%s", head, table);

	err = err ? err : workers(mb);
	err |= mbuf_printf(mb, "\n## Of each worker and connection\n\n%s",
			   table);
	err |= conn_page_reference(mb);
	err |= mbuf_printf(mb, "\n## Of the cluster\n\nEach node tells the "
			       "same.\n\n%s", table);
	err |= sigd_cluster_metric_reference(mb);
	err |= mbuf_printf(mb, "\n## Of the node\n\n%s", table);
	err |= admin_metrics_reference(mb);
	err |= feeds_reference(mb);
	return err ? ENOMEM : 0;
}
