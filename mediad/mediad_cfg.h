/*
 * mediad_cfg.h  conf/mediad.yaml as plain data
 *
 * Loaded, checked and frozen by the parent before it forks; const for
 * everyone. The reference page and the JSON Schema come from mediad_cfg_table.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIAD_CFG_H
#define MEDIAD_MEDIAD_CFG_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/admin_conf.h"
#include "common/cfg_schema.h"

struct arena;
struct redis_cfg;

enum {
	MEDIAD_IFACES_MAX = 8,
	MEDIAD_WORKERS_MAX = 64,
	MEDIAD_CONSUMERS_MAX = 16,
};

/* A named interface: where browsers and PBXs reach the workers. */
struct mediad_iface {
	struct cfg_pos pos;
	const char *name;
	struct sa bind;             /* no port */
	struct sa advertise;        /* no port; what stands in SDP */
	bool browsers;              /* it serves them */
	uint16_t browser_port_base; /* slot n listens on this + n - 1; 0: any */
	uint16_t browser_tcp_port;  /* of all slots; 0: none */
	uint16_t *rtp_ports;        /* of plain RTP, shared out by slot: */
	uint32_t nrtp_ports;        /* first and last, or 0: none */
};

struct mediad_redis_cfg {
	struct cfg_pos pos;
	const char *path; /* unix socket; NULL: host and port */
	const char *host;
	uint16_t port;
	const char *user;     /* NULL: default */
	const char *password; /* NULL: none */
};

struct mediad_limits {
	uint32_t sessions; /* of one worker */
	uint32_t setup_ms;
	uint32_t consent_ms;
	uint32_t grace_ms;
	uint32_t handshake_ms;
	uint32_t media_ms; /* silence of a plain RTP leg */
};

/* Of what we encode. */
struct mediad_opus {
	uint32_t bitrate; /* bit/s */
	uint8_t complexity;
};

/* What happened to calls (common/call_log_store.h). */
struct mediad_call_log {
	uint32_t keep_ms; /* 0: nothing is told */
};

struct mediad_sounds {
	const char *dir; /* NULL: none */
	uint32_t max_bytes, max_ms;
	uint64_t max_memory; /* bytes */
};

struct mediad_recording {
	const char *dir; /* NULL: none */
	int format;      /* 0: Ogg Opus, 1: WAV */
	int rate;        /* Hz */
	uint32_t bitrate;
	uint64_t max_bytes, min_free; /* bytes */
	uint32_t max_ms;
	uint32_t memory; /* bytes */
};

struct mediad_consumer {
	struct cfg_pos pos;
	const char *name;
	struct sa addr;
	int codec; /* 0: L16, 1: PCMU, 2: PCMA, 3: Opus */
	uint16_t ptime; /* ms */
};

/* Where media may be sent (mediad_cfg_reach.c). */
struct mediad_reach_cfg {
	struct cfg_cidr *deny, *allow;
	uint32_t ndeny, nallow;
	int *types; /* enum sdpm_cand_type; none: all */
	uint32_t ntypes;
};
extern const struct cfg_table mediad_reach_table;

struct mediad_cfg {
	struct arena *mem; /* owns all below */
	struct cfg_pos pos;
	const char *file; /* where all this stood */
	const char *node;
	uint8_t workers;
	int log_level;     /* enum log_level */
	uint32_t stall_ms; /* 0: never */
	uint32_t wait_us;  /* for more packets, when there are many */
	uint32_t drain_ms; /* of SIGTERM: then what is left is dropped */
	int drain_calls;   /* 1: they are to move meanwhile */
	struct mediad_iface *ifaces;
	uint32_t nifaces;
	struct mediad_redis_cfg redis;
	const char *keys;        /* path */
	const char *state_dir;   /* path, on tmpfs */
	const char *certificate; /* path, made when absent */
	int srtp_library;        /* 1: libsrtp2 instead of our own */
	struct mediad_limits limits;
	struct mediad_opus opus;
	int rtcp_xr; /* enum session_xr */
	bool log_digits; /* in the logs of calls */
	struct mediad_call_log call_log;
	const char **modules; /* paths */
	uint32_t nmodules;
	struct admin_conf admin;
	struct mediad_sounds sounds;
	struct mediad_recording recording;
	struct mediad_consumer *consumers;
	uint32_t nconsumers;

	struct mediad_reach_cfg networks;
};

extern const struct cfg_table mediad_cfg_table;
/* mediad_cfg_service.c: parts of it */
extern const struct cfg_table mediad_sounds_table, mediad_recording_table;
extern const struct cfg_field mediad_consumer_item;
bool mediad_consumer_check(const char *text, char *why, size_t size);

/* Relative paths are those of the file's folder. The caller owns *cfgp.
 * EINVAL: errs tells. */
int mediad_cfg_load(struct mediad_cfg **cfgp, const char *path,
		    struct cfg_errors *errs)
	__attribute__((warn_unused_result));

struct reach;
/* Gives reach. */
const struct reach *mediad_cfg_reach(struct reach *reach,
				     const struct mediad_reach_cfg *cfg);

/* For common/redis_link.h; borrows from cfg. */
void mediad_cfg_redis(struct redis_cfg *redis, const struct mediad_cfg *cfg);

#endif
