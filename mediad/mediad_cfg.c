/*
 * mediad_cfg.c  conf/mediad.yaml as plain data
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/arena.h"
#include "common/log.h"
#include "common/node.h"
#include "common/redis_link.h"
#include "mediad/mediad_cfg_priv.h"

#define NAME_PATTERN "^[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?$"

static bool name_check(const char *text, char *why, size_t size)
{
	str_ncpy(why, "1 to 16 characters of a-z, 0-9 and - inside", size);
	return node_name_valid(text, strlen(text));
}

static const struct cfg_field port_item = {
	.type = CFG_INT,
	.size = sizeof(uint16_t),
	.min = 1024,
	.max = 65535,
};

static const struct cfg_field iface_fields[] = {
	{.type = CFG_POS, CFG_AT(struct mediad_iface, pos)},
	{.key = "name",
	 .type = CFG_STRING,
	 CFG_AT(struct mediad_iface, name),
	 .flags = CFG_F_REQUIRED,
	 .min = 1,
	 .max = NODE_NAME_MAX,
	 .check = name_check,
	 .pattern = NAME_PATTERN,
	 .help = "What logs call it, and `interface` of connections "
		 "(routing.yaml)."},
	{.key = "bind",
	 .type = CFG_ADDR,
	 CFG_AT(struct mediad_iface, bind),
	 .flags = CFG_F_REQUIRED | CFG_F_NO_PORT,
	 .help = "Local address of the sockets.",
	 .example = "0.0.0.0"},
	{.key = "advertise",
	 .type = CFG_ADDR,
	 CFG_AT(struct mediad_iface, advertise),
	 .flags = CFG_F_NO_PORT,
	 .help = "Address that the far side is told; bind when absent.",
	 .example = "192.0.2.10"},
	{.key = "browsers",
	 .type = CFG_BOOL,
	 CFG_AT(struct mediad_iface, browsers),
	 .def = "true",
	 .help = "Browsers are told of it. false: it is for PBXs alone, and "
		 "browser_port_base is not used."},
	{.key = "browser_port_base",
	 .type = CFG_INT,
	 CFG_AT(struct mediad_iface, browser_port_base),
	 .min = 0,
	 .max = 65535,
	 .def = "40000",
	 .help = "UDP port for all browsers of the first worker; the next "
		 "workers have the next ports. 0: any free ones."},
	{.key = "browser_tcp_port",
	 .type = CFG_INT,
	 CFG_AT(struct mediad_iface, browser_tcp_port),
	 .min = 0,
	 .max = 65535,
	 .def = "0",
	 .help = "TCP port, one for all workers, for browsers behind a "
		 "firewall that lets no UDP through (ICE-TCP): 443 is open "
		 "nearly everywhere, and makes a TURN server needless. Such a "
		 "call does not survive the death of its worker. 0: none.",
	 .example = "443"},
	{.key = "rtp_ports",
	 .type = CFG_LIST,
	 CFG_ITEMS(struct mediad_iface, rtp_ports, nrtp_ports),
	 .min = 2,
	 .max = 2,
	 .item = &port_item,
	 .help = "First and last UDP port for plain RTP, two for each leg to "
		 "a PBX and two more for its video; the workers share them "
		 "out. Without them the interface serves no PBX. The first "
		 "one that has some, and fits the address family, serves.",
	 .example = "[30000, 39999]"},
	CFG_END,
};

static const struct cfg_table iface_table = {
	.size = sizeof(struct mediad_iface),
	.name = "an interface",
	.fields = iface_fields,
	.help = "Where browsers and PBXs reach the workers.",
};

static const struct cfg_field iface_item = {
	.type = CFG_TABLE,
	.size = sizeof(struct mediad_iface),
	.table = &iface_table,
};

static const struct cfg_field redis_fields[] = {
	{.type = CFG_POS, CFG_AT(struct mediad_redis_cfg, pos)},
	{.key = "path",
	 .type = CFG_STRING,
	 CFG_AT(struct mediad_redis_cfg, path),
	 .min = 1,
	 .max = 107,
	 .help = "Path of the server's unix socket; then host is not used.",
	 .example = "/run/redis/redis.sock"},
	{.key = "host",
	 .type = CFG_STRING,
	 CFG_AT(struct mediad_redis_cfg, host),
	 .def = "127.0.0.1",
	 .help = "Address or name of the server."},
	{.key = "port",
	 .type = CFG_INT,
	 CFG_AT(struct mediad_redis_cfg, port),
	 .min = 1,
	 .max = 65535,
	 .def = "6379",
	 .help = "TCP port of the server."},
	{.key = "user",
	 .type = CFG_STRING,
	 CFG_AT(struct mediad_redis_cfg, user),
	 .help = "ACL user (docs/redis.md has its rights).",
	 .example = "cordboard-mediad"},
	{.key = "password",
	 .type = CFG_STRING,
	 CFG_AT(struct mediad_redis_cfg, password),
	 .flags = CFG_F_SECRET,
	 .help = "Its password.",
	 .example = "${REDIS_PASSWORD}"},
	CFG_END,
};

static const struct cfg_table redis_table = {
	.size = sizeof(struct mediad_redis_cfg),
	.name = "the Redis server",
	.fields = redis_fields,
	.help = "Shared state and control commands go through Redis.",
};

static const struct cfg_choice levels[] = {
	{"error", LOG_L_ERROR, "what someone must look at"},
	{"warn", LOG_L_WARN, "what is odd"},
	{"info", LOG_L_INFO, "what happens"},
	{"debug", LOG_L_DEBUG, "all"},
	{.name = NULL},
};

static const struct cfg_field limit_fields[] = {
	{.key = "sessions",
	 .type = CFG_INT,
	 CFG_AT(struct mediad_limits, sessions),
	 .min = 1,
	 .max = 100000,
	 .def = "2000",
	 .help = "Sessions of one worker at a time; more are refused."},
	{.key = "setup",
	 .type = CFG_DURATION,
	 CFG_AT(struct mediad_limits, setup_ms),
	 .min = 1000,
	 .max = 600000,
	 .def = "60s",
	 .help = "Time from the answer until the DTLS handshake is done. "
		 "Before "
		 "it a leg may wait four times as long: more than a call may "
		 "ring (timer_c of sigd)."},
	{.key = "consent",
	 .type = CFG_DURATION,
	 CFG_AT(struct mediad_limits, consent_ms),
	 .min = 1000,
	 .max = 600000,
	 .def = "30s",
	 .help = "Without consent (RFC 7675) for so long a leg is lost."},
	{.key = "grace",
	 .type = CFG_DURATION,
	 CFG_AT(struct mediad_limits, grace_ms),
	 .min = 100,
	 .max = 600000,
	 .def = "30s",
	 .help = "A lost leg is kept so long, to be asked and dropped."},
	{.key = "handshake",
	 .type = CFG_DURATION,
	 CFG_AT(struct mediad_limits, handshake_ms),
	 .min = 1000,
	 .max = 60000,
	 .def = "10s",
	 .help = "Time of one DTLS handshake."},
	{.key = "media_timeout",
	 .type = CFG_DURATION,
	 CFG_AT(struct mediad_limits, media_ms),
	 .min = 1000,
	 .max = 86400000,
	 .def = "60s",
	 .help = "A leg of plain RTP that is silent so long is lost; one on "
		 "hold is not."},
	CFG_END,
};

static const struct cfg_table limit_table = {
	.size = sizeof(struct mediad_limits),
	.name = "limits",
	.fields = limit_fields,
	.help = "Bounds of one worker.",
};

static const struct cfg_field call_log_fields[] = {
	{.key = "keep",
	 .type = CFG_DURATION,
	 CFG_AT(struct mediad_call_log, keep_ms),
	 .max = 2592000000,
	 .def = "24h",
	 .help = "As in sigd.yaml, where their size is limited: how long the "
		 "log of a call is kept in Redis, from its last entry. 0s: "
		 "media tells it nothing; say so where sigd.yaml has no logs, "
		 "by keep or by size."},
	CFG_END,
};

static const struct cfg_table call_log_table = {
	.size = sizeof(struct mediad_call_log),
	.name = "call_log",
	.fields = call_log_fields,
	.help = "What happened to calls, as their timelines tell it.",
};

static const struct cfg_choice srtp_choices[] = {
	{"openssl", 0, "our own, over OpenSSL's ciphers"},
	{"libsrtp", 1, "libsrtp2, to compare with"},
	{.name = NULL},
};

/* As enum session_xr. */
static const struct cfg_choice xr_choices[] = {
	{"answer", 0, "to who sends them"},
	{"never", 1, "to nobody"},
	{"always", 2, "to all"},
	{.name = NULL},
};

static const struct cfg_choice drain_calls[] = {
	{"stay", 0, "they go on here as long as they may"},
	{"move", 1, "they go on elsewhere"},
	{.name = NULL},
};

static const struct cfg_field fields[] = {
	{.type = CFG_POS, CFG_AT(struct mediad_cfg, pos)},
	{.key = "node",
	 .type = CFG_STRING,
	 CFG_AT(struct mediad_cfg, node),
	 .min = 1,
	 .max = NODE_NAME_MAX,
	 .check = name_check,
	 .pattern = NAME_PATTERN,
	 .help = "Name of this box in the cluster; the host's when absent.",
	 .example = "a1"},
	{.key = "workers",
	 .type = CFG_INT,
	 CFG_AT(struct mediad_cfg, workers),
	 .min = 1,
	 .max = MEDIAD_WORKERS_MAX,
	 .def = "1",
	 .help = "Worker processes, one for each core that media may use."},
	{.key = "log_level",
	 .type = CFG_ENUM,
	 CFG_AT(struct mediad_cfg, log_level),
	 .choices = levels,
	 .def = "info",
	 .help = "Least level that is written."},
	{.key = "stall",
	 .type = CFG_DURATION,
	 CFG_AT(struct mediad_cfg, stall_ms),
	 .max = 600000,
	 .def = "2s",
	 .help = "A worker that stands still so long is killed; 0s: never."},
	{.key = "packet_wait_us",
	 .type = CFG_INT,
	 CFG_AT(struct mediad_cfg, wait_us),
	 .max = 1000,
	 .def = "1000",
	 .help = "From 2000 packets a second on a worker serves those together "
		 "that come within so many microseconds, which costs a third "
		 "less and adds half of that to the delay. 0: each at once."},
	{.key = "drain",
	 .type = CFG_DURATION,
	 CFG_AT(struct mediad_cfg, drain_ms),
	 .max = 86400000,
	 .def = "1h",
	 .help = "At SIGTERM calls may go on for so long."},
	{.key = "drain_calls",
	 .type = CFG_ENUM,
	 CFG_AT(struct mediad_cfg, drain_calls),
	 .choices = drain_calls,
	 .def = "stay",
	 .help = "What becomes of them meanwhile. move: sigd moves them to "
		 "other nodes, by an INVITE to each side."},
	{.key = "interfaces",
	 .type = CFG_LIST,
	 CFG_ITEMS(struct mediad_cfg, ifaces, nifaces),
	 .flags = CFG_F_REQUIRED,
	 .min = 1,
	 .max = MEDIAD_IFACES_MAX,
	 .item = &iface_item,
	 .help = "Interfaces; the first is the preferred one."},
	{.key = "networks",
	 .type = CFG_TABLE,
	 CFG_AT(struct mediad_cfg, networks),
	 .table = &mediad_reach_table,
	 .help = "Where media may go."},
	{.key = "redis",
	 .type = CFG_TABLE,
	 CFG_AT(struct mediad_cfg, redis),
	 .table = &redis_table,
	 .help = "The Redis server."},
	{.key = "keys",
	 .type = CFG_STRING,
	 CFG_AT(struct mediad_cfg, keys),
	 .flags = CFG_F_REQUIRED,
	 .help = "File with the cluster's keys, mode 0600.",
	 .example = "/etc/cordboard/keys"},
	{.key = "state_dir",
	 .type = CFG_STRING,
	 CFG_AT(struct mediad_cfg, state_dir),
	 .min = 1,
	 .max = 200,
	 .def = "/dev/shm/cordboard",
	 .help = "Folder on tmpfs for what a worker leaves to its successor; "
		 "it holds keys of calls in progress."},
	{.key = "certificate",
	 .type = CFG_STRING,
	 CFG_AT(struct mediad_cfg, certificate),
	 .def = "/var/lib/cordboard/dtls.pem",
	 .help = "DTLS key and certificate of this node; made when absent."},
	{.key = "srtp",
	 .type = CFG_ENUM,
	 CFG_AT(struct mediad_cfg, srtp_library),
	 .choices = srtp_choices,
	 .def = "openssl",
	 .help = "Who encrypts."},
	{.key = "rtcp_xr",
	 .type = CFG_ENUM,
	 CFG_AT(struct mediad_cfg, rtcp_xr),
	 .choices = xr_choices,
	 .def = "answer",
	 .help = "Who gets extended reports (RFC 3611): VoIP metrics, and a "
		 "round trip for who only listens. What comes is read in any "
		 "case."},
	{.key = "log_digits",
	 .type = CFG_BOOL,
	 CFG_AT(struct mediad_cfg, log_digits),
	 .def = "false",
	 .help = "Does the log of a call tell which keys were pressed? Else "
		 "it tells that one was."},
	{.key = "call_log",
	 .type = CFG_TABLE,
	 CFG_AT(struct mediad_cfg, call_log),
	 .table = &call_log_table,
	 .help = "What happened to a call, for whoever asks later."},
	{.key = "limits",
	 .type = CFG_TABLE,
	 CFG_AT(struct mediad_cfg, limits),
	 .table = &limit_table,
	 .help = "Limits."},
	{.key = "opus",
	 .type = CFG_TABLE,
	 CFG_AT(struct mediad_cfg, opus),
	 .table = &mediad_opus_table,
	 .help = "Transcoding."},
	{.key = "codec_modules",
	 .type = CFG_LIST,
	 CFG_ITEMS(struct mediad_cfg, modules, nmodules),
	 .max = CODEC_MODULES_MAX,
	 .item = &mediad_module_item,
	 .help = "Shared objects with a codec each, such as that for G.729, "
		 "which `make install-g729` builds: its library is under the "
		 "GPL. Without its module a codec is never offered.",
	 .example = "[/usr/local/lib/cordboard/g729.so]"},
	{.key = "admin",
	 .type = CFG_TABLE,
	 CFG_AT(struct mediad_cfg, admin),
	 .table = &admin_conf_mediad,
	 .help = "/healthz, /readyz and /metrics."},
	{.key = "sounds",
	 .type = CFG_TABLE,
	 CFG_AT(struct mediad_cfg, sounds),
	 .table = &mediad_sounds_table,
	 .help = "Sounds."},
	{.key = "recording",
	 .type = CFG_TABLE,
	 CFG_AT(struct mediad_cfg, recording),
	 .table = &mediad_recording_table,
	 .help = "Recordings."},
	{.key = "consumers",
	 .type = CFG_MAP,
	 CFG_ITEMS(struct mediad_cfg, consumers, nconsumers),
	 CFG_KEY(struct mediad_consumer, name),
	 .max = MEDIAD_CONSUMERS_MAX,
	 .item = &mediad_consumer_item,
	 .check = mediad_consumer_check,
	 .pattern = "^[a-z0-9_-]{1,32}$",
	 .help = "Who may get the audio of calls, by the name that "
		 "routing.yaml has for it (`fork`)."},
	CFG_END,
};

const struct cfg_table mediad_cfg_table = {
	CFG_ROOT(struct mediad_cfg),
	.name = "mediad.yaml",
	.fields = fields,
	.help = "Configuration of mediad, the media daemon.",
};

static int resolve(const char **path, const struct mediad_cfg *cfg,
		   const char *file)
{
	const char *end = strrchr(file, '/');
	char *full;
	size_t dir = end ? (size_t)(end - file) + 1 : 0;

	if (!*path || (*path)[0] == '/' || !dir)
		return 0;

	full = arena_get(cfg->mem, dir + strlen(*path) + 1);
	if (!full)
		return ENOMEM;

	memcpy(full, file, dir);
	memcpy(full + dir, *path, strlen(*path));
	*path = full;
	return 0;
}

static int finish(struct mediad_cfg *cfg, const char *file,
		  struct cfg_errors *errs)
{
	char name[NODE_NAME_MAX + 1];
	size_t before = cfg_errors_count(errs);
	bool browsers = false;

	if (!cfg->node) {
		node_name_default(name);
		cfg->node = arena_copy(cfg->mem, name, strlen(name));
		if (!cfg->node)
			return ENOMEM;
	}
	if (resolve(&cfg->redis.path, cfg, file) ||
	    resolve(&cfg->keys, cfg, file) ||
	    resolve(&cfg->state_dir, cfg, file) ||
	    resolve(&cfg->certificate, cfg, file) ||
	    resolve(&cfg->sounds.dir, cfg, file) ||
	    resolve(&cfg->recording.dir, cfg, file) ||
	    resolve(&cfg->admin.certificate, cfg, file) ||
	    resolve(&cfg->admin.key, cfg, file))
		return ENOMEM;

	if (cfg->redis.user && !cfg->redis.password)
		cfg_errors_add(errs, &cfg->redis.pos,
			       "redis: a user needs a password");
	admin_conf_check(&cfg->admin, file, errs);
	for (size_t i = 0; i < cfg->nifaces; i++) {
		browsers |= cfg->ifaces[i].browsers;
		mediad_iface_finish(cfg, i, errs);
	}
	if (!browsers)
		cfg_errors_add(errs, &cfg->pos,
			       "interfaces: none of them serves browsers");

	return cfg_errors_count(errs) > before ? EINVAL : 0;
}

int mediad_cfg_load(struct mediad_cfg **cfgp, const char *path,
		    struct cfg_errors *errs)
{
	struct mediad_cfg *cfg = NULL;
	int err;

	err = cfg_load(&cfg, &mediad_cfg_table, path, errs);
	if (err)
		return err;

	err = finish(cfg, path, errs);
	if (err) {
		mem_deref(cfg);
		return err;
	}
	cfg->file = arena_copy(cfg->mem, path, strlen(path));
	if (!cfg->file) {
		mem_deref(cfg);
		return ENOMEM;
	}
	*cfgp = cfg;
	return 0;
}

void mediad_cfg_redis(struct redis_cfg *redis, const struct mediad_cfg *cfg)
{
	memset(redis, 0, sizeof(*redis));
	redis->path = cfg->redis.path;
	redis->host = cfg->redis.host;
	redis->port = cfg->redis.port;
	redis->user = cfg->redis.user;
	redis->password = cfg->redis.password;
}
