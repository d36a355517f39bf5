/*
 * admin_conf.h  The `admin` of sigd.yaml and mediad.yaml
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_CONF_H
#define COMMON_ADMIN_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"

enum admin_conf_scope {
	ADMIN_CONF_READ,
	ADMIN_CONF_WRITE
};

/* Who may ask for /metrics. */
enum admin_conf_metrics {
	ADMIN_CONF_AUTO, /* everybody when bound to loopback, else a token */
	ADMIN_CONF_OPEN,
	ADMIN_CONF_TOKEN
};

struct admin_conf_token {
	struct cfg_pos pos;
	const char *name;
	const char *hash;
	int scope;
	const char *tenant; /* NULL: all */
	const char *until;  /* NULL: no end */
};

struct admin_conf {
	struct cfg_pos pos;
	struct sa bind;
	const char *certificate, *key;
	bool plain;
	const char **hosts;
	uint32_t nhosts;
	struct admin_conf_token *tokens;
	uint32_t ntokens;
	int metrics;
	uint32_t per_s, burst;
	const char *dashboard; /* sigd's: a folder, or NULL */
	/* sigd's: streams at once, of a token, a tenant, an address */
	uint32_t streams_token, streams_tenant, streams_source;
};

/* They differ in the port. */
extern const struct cfg_table admin_conf_sigd, admin_conf_mediad;

/* What the tables cannot say; file: where it stands, of a file without an
 * `admin`. */
void admin_conf_check(const struct admin_conf *conf, const char *file,
		      struct cfg_errors *errs);

/* Bound to an address of this box alone. */
bool admin_conf_is_local(const struct admin_conf *conf);

#endif
