/*
 * route_priv.h  The inside of a routing table
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_PRIV_H
#define ROUTING_ROUTE_PRIV_H

#include "routing/route.h"
#include "routing/route_conn.h"
#include "routing/route_device.h"
#include "routing/route_line.h"
#include "routing/route_regex.h"

struct arena;
struct route_hasher;
struct route_sources;

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
	const char **from;           /* names of connections, "users" */
	uint32_t nfrom;
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
	struct route_sources *sources;
	const struct route_tenant *rest; /* who has "*" */
	struct route_engine *engine;
};

/* ROUTE_OTHER when it is none that rules can name. */
enum route_method route_method_of(const struct pl *name);

/* --- route_cfg.c: what may stand in the file; `why` says what was expected - */

bool route_check_user(const char *text, char *why, size_t size);
bool route_check_host(const char *text, char *why, size_t size);
bool route_check_realm(const char *text, char *why, size_t size);

/* --- route_conn_cfg.c, route_conn.c, route_source.c: connections ---------- */

/* route_device_cfg.c */
extern const struct cfg_table route_device_table;
extern const struct cfg_choice route_reg_modes[];
/* Behind route_conns_load(). EINVAL: an error was added. */
int route_registration_load(struct route_tenant *tenant,
			    struct cfg_errors *errs);
extern const struct cfg_field route_conn_item;
const char *route_codec_name(enum route_codec codec);
/* "host[:port]" into host, port and addr of peer. */
bool route_address_parse(struct route_conn_peer *peer,
			 char host[ROUTE_HOST_MAX + 1], const char *text);
/* mem: of the configuration that the tenant is in. Its users were loaded. */
extern const struct cfg_field route_send_item; /* route_method.c */

extern const struct cfg_table route_line_table;
/* After connections and users. */
int route_lines_load(struct route_tenant *tenant, struct arena *mem,
		     struct cfg_errors *errs);
/* route_conn_tls.c */
int route_conn_tls_load(struct route_connection *conn, struct arena *mem,
			struct cfg_errors *errs);
int route_conns_load(struct route_tenant *tenant, struct arena *mem,
		     const struct route_hasher *hasher,
		     struct cfg_errors *errs);
int route_sources_alloc(struct route_sources **sourcesp,
			const struct route_cfg *cfg);

/* --- route_rule.c: routes, compiled ---------------------------------------- */

int route_rules_load(struct route_table *table, struct route_tenant *tenant,
		     struct cfg_errors *errs);

/* --- route_users.c: names and credentials -------------------------------- */

int route_users_load(struct route_tenant *tenant,
		     const struct route_hasher *hasher,
		     struct cfg_errors *errs);

/* --- route_ha1.c --------------------------------------------------------- */

/* The digests, looked up once. mem_deref() frees. */
int route_hasher_alloc(struct route_hasher **hasherp);
struct route_secret {
	const char *name, *realm, *password;
};
/* H(name:realm:password) into md5 and sha256, ROUTE_HA1_*_LEN + 1 bytes; one
 * that this system's OpenSSL does not offer is left as it is. */
int route_ha1_make(const struct route_hasher *hasher,
		   const struct route_secret *secret, char *md5, char *sha256);

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
