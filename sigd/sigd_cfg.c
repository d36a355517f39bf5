/*
 * sigd_cfg.c  conf/sigd.yaml: what may stand in it
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/arena.h"
#include "common/log.h"
#include "common/worker.h"
#include "sigd/sigd_cfg.h"
#include "sigd/sip/suri.h"
#include "sigd/transport/flow.h"

static bool is_node(const char *text, char *why, size_t size)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (!text[len] && len && len <= NODE_NAME_MAX)
		return true;
	re_snprintf(why, size, "1 to %u of a-z, 0-9 and -", NODE_NAME_MAX);
	return false;
}

static bool is_level(const char *text, char *why, size_t size)
{
	enum log_level level;

	if (log_level_parse(&level, text))
		return true;
	str_ncpy(why, "error, warn, info or debug", size);
	return false;
}

/* It stands in Via, Contact and Record-Route. */
static bool is_host_port(const char *text, char *why, size_t size)
{
	char uri[300];
	struct suri su;
	struct pl pl;

	if (re_snprintf(uri, sizeof(uri), "sip:%s", text) > 0) {
		pl_set_str(&pl, uri);
		if (!suri_decode(&su, &pl) && !su.user.p && !su.params.p &&
		    !su.headers.p)
			return true;
	}
	str_ncpy(why, "host or host:port", size);
	return false;
}

#define REDIS(member) CFG_AT(struct sigd_redis_cfg, member)
static const struct cfg_field redis_fields[] = {
	{.type = CFG_POS, REDIS(pos)},
	{"path", CFG_STRING, REDIS(path), .max = 107,
	 .help = "Unix socket of Redis; or host and port."},
	{"host", CFG_STRING, REDIS(host), .help = "Host name or address."},
	{"port", CFG_INT, REDIS(port), .min = 1, .max = 65535, .def = "6379",
	 .help = "TCP port."},
	{"user", CFG_STRING, REDIS(user), .help = "ACL user."},
	{"password", CFG_STRING, REDIS(password), .flags = CFG_F_SECRET,
	 .help = "Its password."},
	CFG_END,
};
static const struct cfg_table redis_table = {
	sizeof(struct sigd_redis_cfg), "redis", redis_fields,
	"Where the shared state is.", 0};

static const struct cfg_choice kinds[] = {
	{"wss", FLOW_WSS, "WebSocket over TLS, and the web page."},
	{"ws", FLOW_WS, "WebSocket without TLS: behind a proxy."},
	{"udp", FLOW_UDP, "SIP over UDP."},
	{"tcp", FLOW_TCP, "SIP over TCP."},
	{"tls", FLOW_TLS, "SIP over TLS."},
	{NULL, 0, NULL},
};

static const struct cfg_field origin_item = {.type = CFG_STRING,
					     .size = sizeof(char *),
					     .max = 255};

static const struct cfg_field balancer_item = {
	.type = CFG_CIDR, .size = sizeof(struct cfg_cidr)};

#define LISTENER(member) CFG_AT(struct sigd_listener_cfg, member)
static const struct cfg_field listener_fields[] = {
	{.type = CFG_POS, LISTENER(pos)},
	{"name", CFG_STRING, LISTENER(name), .max = 32,
	 .flags = CFG_F_REQUIRED, .help = "For logs and errors."},
	{"transport", CFG_ENUM, LISTENER(kind), .choices = kinds,
	 .flags = CFG_F_REQUIRED, .help = "What is spoken."},
	{"bind", CFG_ADDR, LISTENER(bind), .flags = CFG_F_REQUIRED,
	 .help = "Address and port.", .example = "0.0.0.0:8443"},
	{"advertise", CFG_STRING, LISTENER(advertise), .max = 255,
	 .check = is_host_port,
	 .help = "How others reach it, host[:port], when not as bound."},
	{"certificate", CFG_STRING, LISTENER(certificate),
	 .help = "wss, tls: PEM file with the certificate chain, for who "
		 "asks for no domain of `tls`."},
	{"private_key", CFG_STRING, LISTENER(key),
	 .help = "wss, tls: PEM file with its key."},
	{"client_ca", CFG_STRING, LISTENER(client_ca),
	 .help = "tls: PEM file with the authorities of certificates that "
		 "connections with `shows_certificate` show; whoever comes is "
		 "asked for one, and needs none. Read when a worker starts."},
	{"proxy_protocol", CFG_LIST,
	 CFG_ITEMS(struct sigd_listener_cfg, balancers, nbalancers),
	 .max = 64, .item = &balancer_item,
	 .help = "Networks of load balancers that say first whose connection "
		 "it is (PROXY protocol, version 1 or 2)."},
	{"origins", CFG_LIST,
	 CFG_ITEMS(struct sigd_listener_cfg, origins, norigins), .max = 32,
	 .item = &origin_item,
	 .help = "Allowed Origins of web pages; none: all."},
	{"web_root", CFG_STRING, LISTENER(web_root),
	 .help = "Folder with a page to serve."},
	CFG_END,
};
static const struct cfg_table listener_table = {
	sizeof(struct sigd_listener_cfg), "a listener", listener_fields,
	"A socket that clients connect to.", 0};
static const struct cfg_field listener_item = {.type = CFG_TABLE,
					       .table = &listener_table};

static bool is_domain(const char *text, char *why, size_t size)
{
	const char *p = strncmp(text, "*.", 2) ? text : text + 2;
	size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");

	if (*p && !p[len] && *p != '.' && !strstr(p, ".."))
		return true;
	str_ncpy(why, "a domain, or *. and a domain", size);
	return false;
}

static const struct cfg_field domain_item = {.type = CFG_STRING,
					     .size = sizeof(char *),
					     .check = is_domain,
					     .max = 255};

#define CERT(member) CFG_AT(struct sigd_certificate_cfg, member)
static const struct cfg_field certificate_fields[] = {
	{.type = CFG_POS, CERT(pos)},
	{"domains", CFG_LIST,
	 CFG_ITEMS(struct sigd_certificate_cfg, domains, ndomains),
	 .min = 1, .max = 256, .flags = CFG_F_REQUIRED, .item = &domain_item,
	 .help = "Domains that a client may ask for: a name, or `*.` for all "
		 "with one label more."},
	{"certificate", CFG_STRING, CERT(certificate),
	 .flags = CFG_F_REQUIRED,
	 .help = "PEM file with the certificate chain, for these domains."},
	{"private_key", CFG_STRING, CERT(key), .flags = CFG_F_REQUIRED,
	 .help = "PEM file with its key."},
	CFG_END,
};
static const struct cfg_table certificate_table = {
	sizeof(struct sigd_certificate_cfg), "a certificate",
	certificate_fields, "A certificate for some domains.", 0};
static const struct cfg_field certificate_item = {
	.type = CFG_TABLE, .table = &certificate_table};

static const struct cfg_field tls_fields[] = {
	{"certificates", CFG_LIST,
	 CFG_ITEMS(struct sigd_tls_cfg, certificates, ncertificates),
	 .max = 1024, .item = &certificate_item,
	 .help = "Certificates by domain, at every listener with TLS. The "
		 "first serves a listener that has none of its own."},
	CFG_END,
};
static const struct cfg_table tls_table = {
	sizeof(struct sigd_tls_cfg), "tls", tls_fields,
	"Certificates by the name that a client asks for (SNI). Read again "
	"at SIGHUP, with their files.", 0};

#define WEBSOCKET(member) CFG_AT(struct sigd_websocket_cfg, member)
static const struct cfg_field websocket_fields[] = {
	{"message", CFG_SIZE, WEBSOCKET(message), .min = 4096, .max = 65536,
	 .def = "64KiB", .help = "Longest message; a longer one is 1009."},
	{"queue", CFG_SIZE, WEBSOCKET(queue), .min = 16384,
	 .max = 16777216, .def = "256KiB",
	 .help = "Bytes that may wait for a slow reader."},
	{"ping", CFG_DURATION, WEBSOCKET(ping_ms), .min = 100,
	 .max = 3600000, .def = "30s", .help = "A ping after so long."},
	{"pong", CFG_DURATION, WEBSOCKET(pong_ms), .min = 100,
	 .max = 3600000, .def = "10s", .help = "Time for its answer."},
	{"handshake", CFG_DURATION, WEBSOCKET(handshake_ms), .min = 100,
	 .max = 60000, .def = "5s", .help = "Time for TLS and upgrade."},
	{"connections", CFG_INT, WEBSOCKET(conns), .min = 1, .max = 1000000,
	 .def = "10000", .help = "Connections of one worker."},
	{"connections_per_source", CFG_INT, WEBSOCKET(conns_source),
	 .min = 1, .max = 1000000, .def = "500",
	 .help = "... from one address."},
	{"idle", CFG_DURATION, WEBSOCKET(idle_ms), .min = 100,
	 .max = 3600000, .def = "30s",
	 .help = "Silence after which a connection without registration "
		 "gives way to a new one, when the worker is full."},
	CFG_END,
};
static const struct cfg_table websocket_table = {
	sizeof(struct sigd_websocket_cfg), "websocket", websocket_fields,
	"Limits of connections; message, queue, ping, pong, handshake, idle "
	"and the counts are for TCP and TLS, too.", 0};

#define STREAM(member) CFG_AT(struct sigd_stream_cfg, member)
static const struct cfg_field stream_fields[] = {
	{"connect", CFG_DURATION, STREAM(connect_ms), .min = 100,
	 .max = 60000, .def = "4s",
	 .help = "Time to connect to a PBX; then the next target is tried."},
	{"whole", CFG_DURATION, STREAM(whole_ms), .min = 100, .max = 600000,
	 .def = "10s", .help = "Time for a message that has begun."},
	{"unread", CFG_DURATION, STREAM(unread_ms), .min = 100,
	 .max = 600000, .def = "10s",
	 .help = "A reader that takes nothing for so long is closed."},
	{"silent", CFG_DURATION, STREAM(silent_ms), .min = 1000,
	 .max = 86400000, .def = "10m",
	 .help = "Silence after which a connection without registration is "
		 "closed."},
	CFG_END,
};
static const struct cfg_table stream_table = {
	sizeof(struct sigd_stream_cfg), "stream", stream_fields,
	"Limits of TCP and TLS connections.", 0};

#define SIP(member) CFG_AT(struct sigd_sip_cfg, member)
static const struct cfg_field sip_fields[] = {
	{.type = CFG_POS, SIP(pos)},
	{"t1", CFG_DURATION, SIP(t1_ms), .min = 1, .max = 10000,
	 .def = "500ms", .help = "RFC 3261 T1: all timers follow from it."},
	{"t2", CFG_DURATION, SIP(t2_ms), .min = 1, .max = 60000,
	 .def = "4s", .help = "RFC 3261 T2."},
	{"t4", CFG_DURATION, SIP(t4_ms), .min = 1, .max = 60000,
	 .def = "5s", .help = "RFC 3261 T4."},
	{"timer_c", CFG_DURATION, SIP(timer_c_ms), .min = 100,
	 .max = 3600000, .def = "3m",
	 .help = "How long a target may ring without a sign of life (RFC 3261 "
		 "Timer C)."},
	{"setup", CFG_DURATION, SIP(setup_ms), .min = 100, .max = 3600000,
	 .def = "210s",
	 .help = "How long a call may take to be answered, with all its "
		 "targets. Less than the media server waits: four times its "
		 "`setup`."},
	{"takeover", CFG_DURATION, SIP(takeover_ms), .min = 500,
	 .max = 60000, .def = "5s",
	 .help = "The call that a dead worker was setting up is ended after "
		 "so long: nothing rings for ever."},
	{"flow_grace", CFG_DURATION, SIP(flow_grace_ms), .min = 100,
	 .max = 3600000, .def = "30s",
	 .help = "A device whose connection is lost in a call may come back "
		 "and register within this time; then the call ends."},
	{"transactions", CFG_INT, SIP(transactions), .min = 10,
	 .max = 10000000, .def = "100000",
	 .help = "At once in one worker; a quarter is for what ends calls."},
	{"transaction_memory", CFG_SIZE, SIP(transaction_memory),
	 .min = 1048576, .max = 3221225472, .def = "256MiB",
	 .help = "Memory of these."},
	{"nonce", CFG_DURATION, SIP(nonce_ms), .min = 1000, .max = 86400000,
	 .def = "5m", .help = "Life of a digest nonce."},
	{"session_expires", CFG_DURATION, SIP(session_ms), .min = 0,
	 .max = 86400000, .def = "30m",
	 .help = "Session timer (RFC 4028) that calls get: the side that knows "
		 "timers refreshes, or both get BYE. 0s: only what a side "
		 "asks for."},
	{"min_se", CFG_DURATION, SIP(min_se_ms), .min = 90000,
	 .max = 86400000, .def = "90s",
	 .help = "The shortest session timer; one that asks for less gets "
		 "422."},
	{"call", CFG_DURATION, SIP(call_ms), .min = 1000, .max = 604800000,
	 .def = "12h", .help = "The longest call."},
	{"retry_after", CFG_DURATION, SIP(retry_ms), .min = 1000,
	 .max = 3600000, .def = "5s", .help = "Retry-After of a 503."},
	CFG_END,
};
static const struct cfg_table sip_table = {
	sizeof(struct sigd_sip_cfg), "sip", sip_fields,
	"Timers and limits of SIP.", 0};

#define REGISTRAR(member) CFG_AT(struct sigd_registrar_cfg, member)
static const struct cfg_field registrar_fields[] = {
	{.type = CFG_POS, REGISTRAR(pos)},
	{"min", CFG_DURATION, REGISTRAR(min_ms), .min = 1000,
	 .max = 86400000, .def = "60s", .help = "Less is answered 423."},
	{"max", CFG_DURATION, REGISTRAR(max_ms), .min = 1000,
	 .max = 86400000, .def = "1h", .help = "More is cut."},
	{"default", CFG_DURATION, REGISTRAR(default_ms), .min = 1000,
	 .max = 86400000, .def = "1h", .help = "When none is asked for."},
	{"devices", CFG_INT, REGISTRAR(devices), .min = 1, .max = 32,
	 .def = "20", .help = "Devices of one user."},
	CFG_END,
};
static const struct cfg_table registrar_table = {
	sizeof(struct sigd_registrar_cfg), "registrar", registrar_fields,
	"How long devices stay registered.", 0};

#define PEER(member) CFG_AT(struct sigd_peer_cfg, member)
static const struct cfg_field peer_fields[] = {
	{.type = CFG_POS, PEER(pos)},
	{"node", CFG_STRING, PEER(node), .check = is_node,
	 .flags = CFG_F_REQUIRED, .help = "Its name."},
	{"address", CFG_ADDR, PEER(address), .flags = CFG_F_REQUIRED,
	 .help = "Where its tunnel listens.", .example = "192.0.2.2:5070"},
	CFG_END,
};
static const struct cfg_table peer_table = {
	sizeof(struct sigd_peer_cfg), "a peer", peer_fields,
	"Another node.", 0};
static const struct cfg_field peer_item = {.type = CFG_TABLE,
					   .table = &peer_table};

#define TUNNEL(member) CFG_AT(struct sigd_tunnel_cfg, member)
static const struct cfg_field tunnel_fields[] = {
	{.type = CFG_POS, TUNNEL(pos)},
	{"bind", CFG_ADDR, TUNNEL(bind), .flags = CFG_F_REQUIRED,
	 .help = "Address and port for other boxes.",
	 .example = "192.0.2.1:5070"},
	{"certificate", CFG_STRING, TUNNEL(certificate),
	 .flags = CFG_F_REQUIRED,
	 .help = "PEM file with the certificate chain of this node, its name "
		 "a DNS name in it."},
	{"private_key", CFG_STRING, TUNNEL(key), .flags = CFG_F_REQUIRED,
	 .help = "PEM file with its key."},
	{"ca", CFG_STRING, TUNNEL(ca), .flags = CFG_F_REQUIRED,
	 .help = "PEM file with who signs those of the peers: the cluster's "
		 "own CA."},
	{"peers", CFG_LIST, CFG_ITEMS(struct sigd_tunnel_cfg, peers, npeers),
	 .max = 255, .item = &peer_item,
	 .help = "The other nodes; read again at SIGHUP."},
	CFG_END,
};
static const struct cfg_table tunnel_table = {
	sizeof(struct sigd_tunnel_cfg), "tunnel", tunnel_fields,
	"From worker to worker between boxes, TLS 1.3 with both sides' "
	"certificates: messages for a device whose connection is at another "
	"box.", 0};

#define SIGD(member) CFG_AT(struct sigd_cfg, member)
static const struct cfg_field sigd_fields[] = {
	{"node", CFG_STRING, SIGD(node), .check = is_node,
	 .help = "Name of this box, unique; none: from the host's name."},
	{"workers", CFG_INT, SIGD(workers), .min = 1, .max = 64,
	 .def = "2", .help = "Worker processes."},
	{"run_dir", CFG_STRING, SIGD(run_dir), .max = 80,
	 .def = "/run/cordboard",
	 .help = "Folder for the sockets between workers."},
	{"keys", CFG_STRING, SIGD(keys), .flags = CFG_F_REQUIRED,
	 .help = "File with the cluster's keys (docs/operations.md)."},
	{"routing", CFG_STRING, SIGD(routing), .flags = CFG_F_REQUIRED,
	 .help = "File with tenants, users and routes."},
	{"log_level", CFG_STRING, SIGD(log_level), .check = is_level,
	 .def = "info", .help = "error, warn, info or debug."},
	{"stall", CFG_DURATION, SIGD(stall_ms), .max = 600000, .def = "2s",
	 .help = "A worker that stands still so long is killed; 0s: never."},
	{"drain", CFG_DURATION, SIGD(drain_ms), .max = 86400000,
	 .def = "5s", .help = "Time to finish after SIGTERM."},
	{"redis", CFG_TABLE, SIGD(redis), .flags = CFG_F_REQUIRED,
	 .table = &redis_table, .help = "The shared state."},
	{"listeners", CFG_LIST,
	 CFG_ITEMS(struct sigd_cfg, listeners, nlisteners), .min = 1,
	 /* the admin process and the tunnel have one, too */
	 .max = WORKER_SOCKS_MAX - 2,
	 .flags = CFG_F_REQUIRED, .item = &listener_item,
	 .help = "Where clients connect to."},
	{"tunnel", CFG_TABLE, SIGD(tunnel), .flags = CFG_F_PTR,
	 .table = &tunnel_table,
	 .help = "To the other boxes of the cluster; absent: one box."},
	{"tls", CFG_TABLE, SIGD(tls), .table = &tls_table,
	 .help = "Certificates by domain."},
	{"websocket", CFG_TABLE, SIGD(websocket), .table = &websocket_table,
	 .help = "Limits of connections."},
	{"stream", CFG_TABLE, SIGD(stream), .table = &stream_table,
	 .help = "Limits of TCP and TLS."},
	{"sip", CFG_TABLE, SIGD(sip), .table = &sip_table,
	 .help = "Timers and limits."},
	{"registrar", CFG_TABLE, SIGD(registrar), .table = &registrar_table,
	 .help = "Registration."},
	{"limits", CFG_TABLE, SIGD(limits), .table = &sigd_limits_table,
	 .help = "How often somebody may ask."},
	{"call_log", CFG_TABLE, SIGD(call_log), .table = &sigd_call_log_table,
	 .help = "What happened to a call, for whoever asks later."},
	{"trace", CFG_TABLE, SIGD(trace), .table = &sigd_trace_table,
	 .help = "What was said, for whoever asks later."},
	{"events", CFG_TABLE, SIGD(events), .table = &sigd_events_table,
	 .help = "Who is told what happens: calls, their ends, registrations."},
	{"admin", CFG_TABLE, SIGD(admin), .table = &admin_conf_sigd,
	 .help = "Health, metrics, REST."},
	CFG_END,
};

const struct cfg_table sigd_cfg_table = {
	CFG_ROOT(struct sigd_cfg), "sigd.yaml", sigd_fields,
	"The configuration of sigd.", 0};

/* A path in the file is relative to the file's folder. */
static int resolve(const char **path, const struct sigd_cfg *cfg,
		   const char *file)
{
	const char *end = strrchr(file, '/');
	size_t dir = end ? (size_t)(end - file) + 1 : 0;
	char *full;

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

static int resolve_all(struct sigd_cfg *cfg, const char *path)
{
	struct sigd_tunnel_cfg *tunnel = cfg->tunnel;
	int err;

	err  = resolve(&cfg->keys, cfg, path);
	err |= resolve(&cfg->routing, cfg, path);
	err |= resolve(&cfg->run_dir, cfg, path);
	err |= resolve(&cfg->redis.path, cfg, path);
	err |= resolve(&cfg->events.file, cfg, path);
	err |= resolve(&cfg->admin.certificate, cfg, path);
	err |= resolve(&cfg->admin.key, cfg, path);
	for (uint32_t i = 0; i < cfg->nlisteners; i++) {
		struct sigd_listener_cfg *l = &cfg->listeners[i];

		err |= resolve(&l->certificate, cfg, path);
		err |= resolve(&l->client_ca, cfg, path);
		err |= resolve(&l->key, cfg, path);
		err |= resolve(&l->web_root, cfg, path);
	}
	for (uint32_t i = 0; i < cfg->tls.ncertificates; i++) {
		struct sigd_certificate_cfg *c = &cfg->tls.certificates[i];

		err |= resolve(&c->certificate, cfg, path);
		err |= resolve(&c->key, cfg, path);
	}
	if (tunnel) {
		err |= resolve(&tunnel->certificate, cfg, path);
		err |= resolve(&tunnel->key, cfg, path);
		err |= resolve(&tunnel->ca, cfg, path);
	}
	return err;
}

int sigd_cfg_load(struct sigd_cfg **cfgp, const char *path,
		  struct cfg_errors *errs)
{
	struct sigd_cfg *cfg = NULL;
	int err = cfg_load(&cfg, &sigd_cfg_table, path, errs);

	if (err)
		return err;

	sigd_cfg_check(cfg, path, errs);
	err = resolve_all(cfg, path);
	cfg->path = arena_copy(cfg->mem, path, strlen(path));
	if (!cfg->path)
		err = ENOMEM;
	if (!err && cfg_errors_count(errs))
		err = EINVAL;
	if (err)
		mem_deref(cfg);
	else
		*cfgp = cfg;
	return err ? EINVAL : 0;
}
