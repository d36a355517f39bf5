/*
 * route_rule.h  A rule: which requests it is for, as what they go on, and
 *               where
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_PLAN_ROUTE_RULE_H
#define ROUTING_PLAN_ROUTE_RULE_H

#include "routing/match/route_match.h"
#include "routing/route.h"

/* --- rewrite ---------------------------------------------------------------- */

enum route_number_form { /* number/dialing.h; 0: as it is */
	ROUTE_FORM_E164 = 1 + NUMBER_FORM_E164,
	ROUTE_FORM_PLAIN = 1 + NUMBER_FORM_PLAIN,
	ROUTE_FORM_NATIONAL = 1 + NUMBER_FORM_NATIONAL,
	ROUTE_FORM_INTERNATIONAL = 1 + NUMBER_FORM_INTERNATIONAL,
};

/* In this order; NULL and 0: not done. */
struct route_renumber {
	const char *set; /* a template */
	const char *strip; /* taken away when the number begins with it */
	uint16_t cut;      /* bytes taken away in front */
	const char *add;   /* put in front */
	enum route_number_form form; /* at last, where it has one */
};

struct route_header_add {
	const char *name, *value; /* a template */
};

struct route_header_edits {
	struct cfg_pos pos;
	struct route_header_add *add;
	uint32_t nadd;
	const char **remove;
	uint32_t nremove;
};

struct route_rewrite {
	struct cfg_pos pos;
	struct route_renumber *callee, *caller;
	const char *display; /* a template */
	enum route_caller_shown caller_id; /* 0: as it was */
	struct route_header_edits *headers;
};

/* --- to ----------------------------------------------------------------------- */

struct route_reject {
	uint16_t code;
	const char *reason;
	uint32_t retry_ms; /* Retry-After; 0: none */
};

struct route_to_device {
	const char *user;     /* a template */
	const char *instance; /* its +sip.instance, without <> */
};

struct route_to_tenant {
	const char *id;
	const char *number;               /* a template; NULL: as it is */
	const struct route_tenant *tenant; /* of that id */
};

struct route_redirect {
	uint16_t code;
	const char *contact; /* a template of a URI */
};

struct route_to { /* exactly one is set */
	struct cfg_pos pos;
	enum route_service service;
	const char *user; /* a template */
	struct route_to_device *device;
	struct route_reject *reject;
	const char *connection;
	const char **connections;
	uint32_t nconnections;
	const char *group;
	struct route_to_tenant *tenant;
	struct route_redirect *redirect;
	bool go_on; /* `continue` */
	struct route_announcement *announcement;
};

/* --- the rule ------------------------------------------------------------------ */

struct route_rule {
	/* first, what each request looks at */
	struct route_conds conds;
	const struct route_cond *caller, *callee; /* patterns at the top */
	uint32_t methods;                         /* named, bits; 0: any */
	bool for_users; /* alone, though it names nobody */

	const struct route_connection *targets[ROUTE_TARGETS_MAX];
	unsigned ntargets;
	const struct route_group *group; /* instead of these; or NULL */
	struct route_failover *failover; /* NULL: nothing is said */
	struct cfg_pos pos;
	const char *name;
	struct route_match match;
	struct route_rewrite *rewrite;
	struct route_to to;
	enum route_recording record;
};

extern const struct cfg_field route_rule_item; /* route_rule_cfg.c */
extern const struct cfg_table route_to_table;  /* route_to_cfg.c */
extern const struct cfg_table route_rewrite_table; /* route_rewrite_cfg.c */

/* Compiles the rules of a tenant. All tenants' users, connections and maps
 * were loaded. EINVAL: an error was added. */
int route_rules_load(struct route_table *table, struct route_tenant *tenant,
		     struct cfg_errors *errs);
/* Frees what they hold. */
void route_rules_close(struct route_tenant *tenant);

/* While a rule is loaded. */
struct route_rule_load {
	struct route_table *table;
	const struct route_tenant *tenant;
	struct cfg_errors *errs;
};

/* A template that may hold what this pattern captures (NULL: \0 alone). key:
 * where it stands. *fixed: it holds nothing of that. EINVAL. */
int route_rule_template(const struct route_rule_load *load,
			const struct route_cond *cond,
			const struct cfg_pos *pos, const char *key,
			const char *text, bool *fixed);
/* route_to.c: checks `to`, and finds what it names. */
int route_to_load(struct route_rule_load *load, struct route_rule *rule);
/* route_rewrite.c: checks it. */
int route_rewrite_load(struct route_rule_load *load,
		       const struct route_rule *rule);

#endif
