/*
 * admin_metrics.h  /metrics of an admin process: what the workers of its node
 *                  have published (publish.h), and its own
 *
 * As OpenMetrics 1.0 for who asks for application/openmetrics-text, else as
 * Prometheus 0.0.4.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_METRICS_H
#define COMMON_ADMIN_METRICS_H

#include "common/admin.h"

struct admin_metrics;

/* All but cfg outlives it. The caller owns *metricsp. */
int admin_metrics_alloc(struct admin_metrics **metricsp,
			const struct admin_cfg *cfg,
			const struct worker *worker, struct redis_sync *sync);
/* Of its HTTP server, which counts here. */
struct admin_figures *admin_metrics_http(struct admin_metrics *metrics);
void admin_metrics_serve(struct admin_metrics *metrics,
			 const struct admin_req *req, struct admin_resp *resp,
			 const struct admin *admin);

/* Which form the value of an Accept header asks for (RFC 9110 12.5.1); NULL:
 * there is none. Pure. */
enum metric_form admin_metrics_form(const char *accept);

/* Into a set of every daemon's reference: what this module adds itself. */
int admin_metrics_reference(struct mbuf *mb);

#endif
