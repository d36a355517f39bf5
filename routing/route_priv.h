/*
 * route_priv.h  The inside of a routing table
 *
 * What the folders of routing/ share; each has a header of its own, too.
 * Arrows: check -> table -> plan -> match -> party, number, when, where ->
 * text.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_PRIV_H
#define ROUTING_ROUTE_PRIV_H

#include "common/fingerprint.h"
#include "routing/route.h"

struct arena;
struct route_engine;
struct route_sources;

/* routing.yaml as it was filled */
struct route_cfg {
	struct arena *mem;
	const char *include;
	const char *geoip;        /* path of a database; NULL: there is none */
	struct route_facts facts; /* of all tenants */
	struct route_tenant *tenants;
	uint32_t ntenants;
};

struct route_table {
	struct route_cfg *cfg;
	struct route_index *by_id, *by_domain;
	struct route_sources *sources;
	const struct route_tenant *rest; /* who has "*" */
	struct route_engine *engine;
	struct geo *geo;
	struct fingerprint *print; /* of all files that were read for it */
	char version[FINGERPRINT_LEN + 1];
};

extern const struct cfg_field route_tenant_item; /* route_tenant_cfg.c */
extern const struct cfg_field route_test_item;   /* route_ask_cfg.c */

#endif
