/*
 * sigd_check.c  conf/sigd.yaml: what its fields alone cannot say
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/sigd_cfg.h"
#include "sigd/transport/flow.h"

struct checker {
	const struct sigd_cfg *cfg;
	struct cfg_errors *errs;
	struct cfg_pos whole; /* of the file */
};

/* Where a table stands that may be absent. */
static const struct cfg_pos *at(const struct checker *ck,
				const struct cfg_pos *pos)
{
	return pos->file ? pos : &ck->whole;
}

static bool is_any(const struct sa *sa)
{
	static const uint8_t zero[16];
	uint8_t in6[16];

	if (sa_af(sa) != AF_INET6)
		return !sa_in(sa);
	sa_in6(sa, in6);
	return !memcmp(in6, zero, sizeof(zero));
}

static bool is_tls(const struct sigd_listener_cfg *l)
{
	return l->kind == FLOW_WSS || l->kind == FLOW_TLS;
}

static bool is_web(const struct sigd_listener_cfg *l)
{
	return l->kind == FLOW_WSS || l->kind == FLOW_WS;
}

static void check_files(const struct checker *ck,
			const struct sigd_listener_cfg *l)
{
	static const char *const words[] = {
		[FLOW_WSS] = "wss", [FLOW_WS] = "ws",	[FLOW_UDP] = "udp",
		[FLOW_TCP] = "tcp", [FLOW_TLS] = "tls",
	};
	const char *without = NULL;

	if (is_tls(l) && !l->certificate != !l->key)
		cfg_errors_add(ck->errs, &l->pos,
			       "listener %s: certificate and private_key go "
			       "together",
			       l->name);
	else if (is_tls(l) && !l->certificate &&
		 !ck->cfg->tls.ncertificates)
		cfg_errors_add(ck->errs, &l->pos,
			       "listener %s: %s needs certificate and "
			       "private_key",
			       l->name, l->kind == FLOW_WSS ? "wss" : "tls");
	if (!is_tls(l) && (l->certificate || l->key))
		without = "certificate or private_key";
	else if (l->kind != FLOW_TLS && l->client_ca)
		without = "client_ca";
	else if (!is_web(l) && l->norigins)
		without = "origins";
	else if (!is_web(l) && l->web_root)
		without = "web_root";
	else if (l->kind == FLOW_UDP && l->nbalancers)
		without = "proxy_protocol";
	if (without)
		cfg_errors_add(ck->errs, &l->pos,
			       "listener %s: %s has no %s", l->name,
			       words[l->kind], without);
}

static void check_listener(const struct checker *ck, uint32_t i)
{
	const struct sigd_listener_cfg *l = &ck->cfg->listeners[i];

	check_files(ck, l);
	if (!is_web(l) && is_any(&l->bind) && !l->advertise)
		cfg_errors_add(ck->errs, &l->pos,
			       "listener %s: bound to every address, it needs "
			       "advertise: others send to what stands there",
			       l->name);
	/* it would need a zone, which no SIP URI can name (RFC 3986 3.2.2) */
	if (sa_is_linklocal(&l->bind))
		cfg_errors_add(ck->errs, &l->pos,
			       "listener %s: nobody can be told a link-local "
			       "address",
			       l->name);
	if (!strcmp(l->name, "admin") || !strcmp(l->name, SIGD_TUNNEL_SOCK))
		cfg_errors_add(ck->errs, &l->pos,
			       "listener %s: the name is taken", l->name);
	for (uint32_t k = 0; k < i; k++) {
		const struct sigd_listener_cfg *other = &ck->cfg->listeners[k];

		if (!strcmp(other->name, l->name))
			cfg_errors_add(ck->errs, &l->pos,
				       "listener %s: another one has this name",
				       l->name);
		if ((other->kind == FLOW_UDP) == (l->kind == FLOW_UDP) &&
		    sa_cmp(&other->bind, &l->bind, SA_ALL))
			cfg_errors_add(ck->errs, &l->pos,
				       "listener %s: %s listens there already",
				       l->name, other->name);
	}
}

static void check_tunnel(const struct checker *ck)
{
	const struct sigd_tunnel_cfg *tunnel = ck->cfg->tunnel;

	for (uint32_t i = 0; tunnel && i < tunnel->npeers; i++) {
		const struct sigd_peer_cfg *peer = &tunnel->peers[i];

		if (ck->cfg->node && !strcmp(ck->cfg->node, peer->node))
			cfg_errors_add(ck->errs, &peer->pos,
				       "peer %s: that is this node",
				       peer->node);
		for (uint32_t k = 0; k < i; k++) {
			if (strcmp(tunnel->peers[k].node, peer->node))
				continue;
			cfg_errors_add(ck->errs, &peer->pos,
				       "peer %s: another one has this name",
				       peer->node);
		}
	}
}

static void check_redis(const struct checker *ck)
{
	const struct sigd_redis_cfg *redis = &ck->cfg->redis;

	if (!redis->path == !redis->host)
		cfg_errors_add(ck->errs, at(ck, &redis->pos),
			       "redis: either path or host is needed");
}

static void check_times(const struct checker *ck)
{
	const struct sigd_registrar_cfg *reg = &ck->cfg->registrar;
	const struct sigd_sip_cfg *sip = &ck->cfg->sip;

	if (reg->min_ms > reg->max_ms)
		cfg_errors_add(ck->errs, at(ck, &reg->pos),
			       "registrar: min is more than max");
	else if (reg->default_ms < reg->min_ms ||
		 reg->default_ms > reg->max_ms)
		cfg_errors_add(ck->errs, at(ck, &reg->pos),
			       "registrar: default is not from min to max");
	if (sip->t1_ms > sip->t2_ms)
		cfg_errors_add(ck->errs, at(ck, &sip->pos),
			       "sip: t1 is more than t2");
}

static void check_events(const struct checker *ck)
{
	const struct sigd_events_cfg *events = &ck->cfg->events;

	if (!events->keep_ms && (events->file || events->nhooks))
		cfg_errors_add(ck->errs, &ck->whole,
			       "events.keep is 0s: there is nothing to tell "
			       "`file` and `hooks`");
}

void sigd_cfg_check(const struct sigd_cfg *cfg, const char *path,
		    struct cfg_errors *errs)
{
	const struct checker ck = {
		.cfg = cfg, .errs = errs, .whole = {.file = path}};

	for (uint32_t i = 0; i < cfg->nlisteners; i++)
		check_listener(&ck, i);
	check_tunnel(&ck);
	check_redis(&ck);
	check_times(&ck);
	check_events(&ck);
	admin_conf_check(&cfg->admin, path, errs);
}
