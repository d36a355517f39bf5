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

#include "common/admin_conf.h"
#include "common/cfg_schema.h"
#include "sigd/proxy/gate.h"

struct sigd_redis_cfg {
	struct cfg_pos pos;
	const char *path; /* unix socket; or */
	const char *host;
	uint16_t port;
	const char *user;
	const char *password;
};

/* One listening socket per worker slot. */
struct sigd_listener_cfg {
	struct cfg_pos pos;
	const char *name;
	int kind; /* enum flow_kind */
	struct sa bind;
	const char *advertise; /* "host[:port]"; NULL: as bound */
	const char *certificate, *key;
	const char *client_ca; /* tls; NULL: nobody is asked */
	const char **origins;
	uint32_t norigins;
	const char *web_root;
	struct cfg_cidr *balancers;
	uint32_t nbalancers;
};

/* A certificate for domains, by the name that a client asks for. */
struct sigd_certificate_cfg {
	struct cfg_pos pos;
	const char **domains;
	uint32_t ndomains;
	const char *certificate, *key;
};

struct sigd_tls_cfg {
	struct sigd_certificate_cfg *certificates;
	uint32_t ncertificates;
};

struct sigd_websocket_cfg {
	uint32_t message;
	uint32_t queue;
	uint32_t ping_ms;
	uint32_t pong_ms;
	uint32_t handshake_ms;
	uint32_t conns;
	uint32_t conns_source;
	uint32_t idle_ms;
};

/* TCP and TLS; what they share with WebSockets is said there. */
struct sigd_stream_cfg {
	uint32_t connect_ms;
	uint32_t whole_ms;
	uint32_t unread_ms;
	uint32_t silent_ms;
};

struct sigd_sip_cfg {
	struct cfg_pos pos;
	uint32_t t1_ms, t2_ms, t4_ms;
	uint32_t timer_c_ms;
	uint32_t setup_ms;
	uint32_t takeover_ms;
	uint32_t flow_grace_ms;
	uint32_t transactions;
	uint32_t transaction_memory; /* bytes */
	uint32_t nonce_ms;
	uint32_t call_ms;
	uint32_t session_ms; /* 0: off */
	uint32_t min_se_ms;
	uint32_t retry_ms;
};

struct sigd_registrar_cfg {
	struct cfg_pos pos;
	uint32_t min_ms, max_ms, default_ms;
	uint32_t devices;
};

/* Another node, and where its tunnel listens. */
struct sigd_peer_cfg {
	struct cfg_pos pos;
	const char *node;
	struct sa address;
};

/* To workers of other boxes. */
struct sigd_tunnel_cfg {
	struct cfg_pos pos;
	struct sa bind;
	const char *certificate, *key, *ca;
	struct sigd_peer_cfg *peers;
	uint32_t npeers;
};

/* Where messages are told as they pass. */
struct sigd_homer_cfg {
	struct sa address;
	int transport; /* enum flow_kind: UDP or TCP */
	uint32_t id;
	const char *key; /* NULL: none */
};

struct sigd_trace_cfg {
	uint32_t keep_ms; /* 0: nothing is kept */
	uint32_t call_size;
	uint64_t size;
	uint32_t memory;
	bool keys;
	struct sigd_homer_cfg *homer; /* NULL: none */
};

/* What happened to calls (common/call_log_store.h). */
struct sigd_call_log_cfg {
	uint32_t keep_ms; /* 0: nothing is kept, as with size 0 */
	uint64_t size;
};

/* Who gets events, signed. */
struct sigd_hook_cfg {
	struct cfg_pos pos;
	const char *name;
	const char *url;
	const char *secret;
	const char **types; /* none: all */
	uint32_t ntypes;
	uint32_t batch, batch_bytes; /* of a POST */
};

struct sigd_events_cfg {
	uint32_t keep_ms; /* 0: nobody is told */
	const char *file; /* NULL: none */
	struct sigd_hook_cfg *hooks;
	uint32_t nhooks;
};

/* The socket of the tunnel among a worker's. */
#define SIGD_TUNNEL_SOCK "tunnel"

/* Plain data, const after cfg_load(). */
struct sigd_cfg {
	struct arena *mem;
	const char *path; /* of the file itself */
	const char *node;
	uint32_t workers;
	const char *run_dir;
	const char *keys;
	const char *routing;
	const char *log_level;
	uint32_t stall_ms;
	uint32_t drain_ms;
	struct sigd_redis_cfg redis;
	struct sigd_tls_cfg tls;
	struct sigd_websocket_cfg websocket;
	struct sigd_stream_cfg stream;
	struct sigd_sip_cfg sip;
	struct sigd_registrar_cfg registrar;
	struct gate_cfg limits;
	struct admin_conf admin;
	struct sigd_listener_cfg *listeners;
	uint32_t nlisteners;
	struct sigd_tunnel_cfg *tunnel; /* NULL: one box alone */
	struct sigd_call_log_cfg call_log;
	struct sigd_trace_cfg trace;
	struct sigd_events_cfg events;
};

/* Paths in it are made relative to its folder. EINVAL: entries were added to
 * errs. The caller owns *cfgp. */
int sigd_cfg_load(struct sigd_cfg **cfgp, const char *path,
		  struct cfg_errors *errs);

/* What the fields alone cannot say; adds to errs. */
void sigd_cfg_check(const struct sigd_cfg *cfg, const char *path,
		    struct cfg_errors *errs);

/* For cfg_print() and the reference pages. */
extern const struct cfg_table sigd_cfg_table;

/* Its part "limits". */
extern const struct cfg_table sigd_limits_table;

/* Its part "events". */
extern const struct cfg_table sigd_events_table;

/* Its part "trace". */
extern const struct cfg_table sigd_trace_table;

/* Its part "call_log". */
extern const struct cfg_table sigd_call_log_table;
/* As it is meant. */
struct call_log_cfg;
void sigd_cfg_call_log(struct call_log_cfg *log, const struct sigd_cfg *cfg);

#endif
