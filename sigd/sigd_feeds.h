/*
 * sigd_feeds.h  The receivers of events, as configured, in the admin process
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIGD_FEEDS_H
#define SIGD_SIGD_FEEDS_H

#include "common/metric.h"
#include "common/redis_link.h"
#include "common/worker.h"
#include "sigd/sigd_cfg.h"

struct feeds;

/* Nothing is made when there are none. cfg is borrowed. The caller owns
 * *feedsp. */
int feeds_alloc(struct feeds **feedsp, const struct sigd_events_cfg *cfg,
		const struct redis_cfg *redis, const struct worker *worker);
/* For /metrics; feeds may be NULL. */
void feeds_print(const struct feeds *feeds, struct mbuf *mb,
		 enum metric_form form);
/* What that prints, as rows of a table. */
int feeds_reference(struct mbuf *mb);

#endif
