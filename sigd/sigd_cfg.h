/*
 * sigd_cfg.h  conf/sigd.yaml as a struct
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIGD_CFG_H
#define SIGD_SIGD_CFG_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"

struct sigd_redis_cfg {
	const char *path; /* unix socket; or */
	const char *host;
	uint16_t port;
	const char *user;
	const char *password;
};

/* One listening socket per worker slot. */
struct sigd_listener_cfg {
	const char *name;
	int kind; /* enum flow_kind */
	struct sa bind;
	const char *advertise; /* "host[:port]"; NULL: as bound */
	const char *certificate, *key;
	const char **origins;
	uint32_t norigins;
	const char *web_root;
};

struct sigd_websocket_cfg {
	uint32_t message;
	uint32_t queue;
	uint32_t ping_ms;
	uint32_t pong_ms;
	uint32_t handshake_ms;
	uint32_t conns;
	uint32_t conns_source;
};

struct sigd_sip_cfg {
	uint32_t t1_ms, t2_ms, t4_ms;
	uint32_t timer_c_ms;
	uint32_t transactions;
	uint32_t nonce_ms;
	uint32_t call_ms;
	uint32_t retry_ms;
};

struct sigd_registrar_cfg {
	uint32_t min_ms, max_ms, default_ms;
	uint32_t devices;
};

struct sigd_admin_cfg {
	struct sa bind;
	const char *token;
};

/* Plain data, const after cfg_load(). */
struct sigd_cfg {
	struct arena *mem;
	const char *node;
	uint32_t workers;
	const char *run_dir;
	const char *keys;
	const char *routing;
	const char *log_level;
	uint32_t stall_ms;
	uint32_t drain_ms;
	struct sigd_redis_cfg redis;
	struct sigd_websocket_cfg websocket;
	struct sigd_sip_cfg sip;
	struct sigd_registrar_cfg registrar;
	struct sigd_admin_cfg admin;
	struct sigd_listener_cfg *listeners;
	uint32_t nlisteners;
};

/* Paths in it are made relative to its folder. EINVAL: entries were added to
 * errs. The caller owns *cfgp. */
int sigd_cfg_load(struct sigd_cfg **cfgp, const char *path,
		  struct cfg_errors *errs);

/* For cfg_print() and the reference pages. */
extern const struct cfg_table sigd_cfg_table;

#endif
