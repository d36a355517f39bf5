/*
 * route_rule.h  A rule: which requests it is for, and where they go
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_PLAN_ROUTE_RULE_H
#define ROUTING_PLAN_ROUTE_RULE_H

#include "routing/match/route_match.h"
#include "routing/route.h"

struct route_reject {
	uint16_t code;
	const char *reason;
};

struct route_to { /* exactly one is set */
	struct cfg_pos pos;
	enum route_service service;
	const char *user;
	struct route_reject *reject;
	const char *connection;
	const char **connections;
	uint32_t nconnections;
};

struct route_rule {
	/* first, what each request looks at */
	uint32_t methods;                    /* bits; 0: any */
	struct route_regex *caller, *callee; /* NULL: any */
	bool users;                          /* for calls of users */
	bool conns; /* ... of connections: those in `from`, or all */
	const struct route_connection **from;
	uint32_t nfrom;

	const struct route_connection *targets[ROUTE_TARGETS_MAX];
	unsigned ntargets;
	struct cfg_pos pos;
	const char *name;
	struct route_match match;
	struct route_to to;
};

/* --- route_rule_match.c -------------------------------------------------- */

struct route_input {
	const struct route_query *query;
	uint32_t method; /* bit */
};

enum route_why route_rule_match(const struct route_rule *rule,
				const struct route_engine *engine,
				const struct route_input *input,
				struct route_captures *captures);

/* --- descriptions and load ----------------------------------------------- */

extern const struct cfg_field route_rule_item; /* route_rule_cfg.c */
extern const struct cfg_table route_to_table;  /* route_to_cfg.c */

/* Compiles the rules of a tenant whose users and connections were loaded.
 * EINVAL: an error was added. */
int route_rules_load(struct route_table *table, struct route_tenant *tenant,
		     struct cfg_errors *errs);
/* Frees what they hold. */
void route_rules_close(struct route_tenant *tenant);

#endif
