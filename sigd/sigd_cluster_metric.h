/*
 * sigd_cluster_metric.h  Figures of the whole cluster: calls, workers,
 *                        connections
 *
 * From Redis, so each node tells the same. Connections are asked for in the
 * order of routing.yaml, CLUSTER_SHOWN_MAX of them; how many of all are not
 * well is told by state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIGD_CLUSTER_METRIC_H
#define SIGD_SIGD_CLUSTER_METRIC_H

#include "common/admin.h"

struct route_table;

enum { CLUSTER_SHOWN_MAX = 200 };

/* What Redis does not answer is left out. */
void sigd_cluster_metric_print(struct mbuf *mb, enum metric_form form,
			       const struct admin *admin,
			       const struct route_table *routes);
/* What that prints, as rows of a table. */
int sigd_cluster_metric_reference(struct mbuf *mb);

#endif
