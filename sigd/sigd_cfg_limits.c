/*
 * sigd_cfg_limits.c  conf/sigd.yaml: how often somebody may ask
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/sigd_cfg.h"

#define RATE(member) CFG_AT(struct bucket_rate, member)

/* A table each, as the defaults differ. */
#define RATE_TABLE(var, what, per_s_def, burst_def, about)                   \
	static const struct cfg_field var##_fields[] = {                     \
		{"rate", CFG_INT, RATE(per_s), .max = 1000000,               \
		 .def = per_s_def,                                           \
		 .help = "Requests a second, in the long run; 0: no "        \
			 "limit."},                                          \
		{"burst", CFG_INT, RATE(burst), .min = 1, .max = 10000000,   \
		 .def = burst_def,                                           \
		 .help = "At once, after a silence."},                       \
		CFG_END,                                                     \
	};                                                                   \
	static const struct cfg_table var##_table = {                        \
		sizeof(struct bucket_rate), what, var##_fields, about, 0}

RATE_TABLE(source, "source", "1000", "5000",
	   "New requests from one address; of IPv6 its /64.");
RATE_TABLE(tenant, "tenant", "2000", "10000",
	   "New requests of all users and connections of one tenant.");
RATE_TABLE(user, "user", "200", "1000",
	   "New requests of one user or one connection.");

#define GATE(member) CFG_AT(struct gate_cfg, member)
static const struct cfg_field limits_fields[] = {
	{"source", CFG_TABLE, GATE(source), .table = &source_table,
	 .help = "Of one address."},
	{"tenant", CFG_TABLE, GATE(tenant), .table = &tenant_table,
	 .help = "Of one tenant."},
	{"user", CFG_TABLE, GATE(user), .table = &user_table,
	 .help = "Of one user or connection."},
	CFG_END,
};
const struct cfg_table sigd_limits_table = {
	sizeof(struct gate_cfg), "limits", limits_fields,
	"How many new requests each worker takes: what is over it is "
	"answered 503 with Retry-After, and dropped when it comes faster "
	"than that is told. Requests within dialogs do not count.", 0};
