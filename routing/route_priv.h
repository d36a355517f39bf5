/*
 * route_priv.h  The inside of a routing table
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_PRIV_H
#define ROUTING_ROUTE_PRIV_H

#include "routing/route.h"
#include "routing/route_regex.h"

struct arena;

/* Bit numbers of route_match.methods. */
enum route_method {
	ROUTE_INVITE = 1,
	ROUTE_MESSAGE,
	ROUTE_SUBSCRIBE,
	ROUTE_PUBLISH,
	ROUTE_REFER,
	ROUTE_OPTIONS,
	ROUTE_NOTIFY,
	ROUTE_INFO,
	ROUTE_OTHER,
};

struct route_match {
	enum route_method *method;
	uint32_t nmethod;
	const char *caller, *callee; /* patterns, NULL: any */
};

struct route_reject {
	uint16_t code;
	const char *reason;
};

struct route_to { /* exactly one is set */
	struct cfg_pos pos;
	enum route_service service;
	const char *user;
	struct route_reject *reject;
};

struct route_rule {
	/* first, what each request looks at */
	uint32_t methods;                    /* bits; 0: any */
	struct route_regex *caller, *callee; /* NULL: any */

	struct cfg_pos pos;
	const char *name;
	struct route_match match;
	struct route_to to;
};

/* routing.yaml as it was filled */
struct route_cfg {
	struct arena *mem;
	const char *include;
	struct route_tenant *tenants;
	uint32_t ntenants;
};

struct route_table {
	struct route_cfg *cfg;
	struct route_index *by_id, *by_domain;
	const struct route_tenant *rest; /* who has "*" */
	struct route_engine *engine;
};

/* ROUTE_OTHER when it is none that rules can name. */
enum route_method route_method_of(const struct pl *name);

/* --- route_users.c: names and credentials -------------------------------- */

struct route_hasher;

int route_users_load(struct route_tenant *tenant,
		     const struct route_hasher *hasher,
		     struct cfg_errors *errs);

/* --- route_ha1.c --------------------------------------------------------- */

/* The digests, looked up once. mem_deref() frees. */
int route_hasher_alloc(struct route_hasher **hasherp);
/* H(name:realm:password) for MD5 and SHA-256; one that this system's OpenSSL
 * does not offer stays empty. */
int route_ha1_make(const struct route_hasher *hasher, struct route_user *user,
		   const char *realm);

/* --- route_match.c ------------------------------------------------------- */

struct route_input {
	const struct route_query *query;
	uint32_t method; /* bit */
};

enum route_why route_rule_match(const struct route_rule *rule,
				const struct route_engine *engine,
				const struct route_input *input,
				struct route_captures *captures);

/* --- route_template.c: "\1", "${1}" in `to: user` ------------------------ */

/* Whether text asks only for captures 0..groups; *fixed: for none. */
bool route_template_check(const char *text, unsigned groups, bool *fixed,
			  char *why, size_t size);
/* EOVERFLOW when the result does not fit, then out is "". */
int route_template_expand(char *out, size_t size, const char *text,
			  const struct route_captures *captures);

#endif
