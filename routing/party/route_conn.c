/*
 * route_conn.c  The connections of a tenant: checked, and found by name
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "routing/text/route_index.h"
#include "routing/party/route_party.h"

/* --- address --------------------------------------------------------------- */

static bool port_parse(uint16_t *port, const char *text)
{
	uint32_t value = 0;
	size_t len = strspn(text, "0123456789");

	if (!len || len > 5 || text[len] || text[0] == '0')
		return false;
	for (; *text; text++)
		value = value * 10 + (uint32_t)(*text - '0');
	*port = (uint16_t)value;
	return value <= 65535;
}

/* Letters, digits, dots, hyphens; what is all digits and dots is an IPv4
 * address or a mistake. */
static bool is_name(const char *host)
{
	const char *last = strrchr(host, '.');

	for (const char *p = host; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr(".-_", *p))
			return false;
	}
	last = last ? last + 1 : host;
	return *host && !strchr(".-", *host) &&
	       last[strspn(last, "0123456789")] != '\0';
}

static bool host_parse(struct sa *addr, const char *host, bool bracket)
{
	struct in6_addr in6;
	struct in_addr in;

	if (inet_pton(AF_INET6, host, &in6) == 1) {
		sa_set_in6(addr, in6.s6_addr, 0);
		return true;
	}
	if (bracket)
		return false;
	if (inet_pton(AF_INET, host, &in) == 1) {
		sa_set_in(addr, ntohl(in.s_addr), 0);
		return true;
	}
	return is_name(host);
}

bool route_address_parse(struct route_conn_peer *peer,
			 char host[ROUTE_HOST_MAX + 1], const char *text)
{
	const bool bracket = text[0] == '[';
	const char *start = text + bracket;
	const char *end = strchr(text, bracket ? ']' : ':');
	const char *rest;

	if (bracket && !end)
		return false;
	/* an IPv6 address without brackets has no port */
	if (!bracket && (!end || strchr(end + 1, ':')))
		end = text + strlen(text);
	if (end - start > ROUTE_HOST_MAX)
		return false;
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';

	memset(&peer->addr, 0, sizeof(peer->addr));
	peer->port = ROUTE_SIP_PORT;
	rest = end + bracket;
	if (*rest && (*rest != ':' || !port_parse(&peer->port, rest + 1)))
		return false;
	peer->port_given = *rest != '\0';
	if (!host_parse(&peer->addr, host, bracket))
		return false;
	if (sa_af(&peer->addr) != AF_UNSPEC)
		sa_set_port(&peer->addr, peer->port);
	return true;
}

/* NULL: it has none but "*". */
static const char *domain_of(const struct route_tenant *tenant)
{
	for (uint32_t i = 0; i < tenant->ndomains; i++) {
		if (strcmp(tenant->domains[i], "*"))
			return tenant->domains[i];
	}
	return NULL;
}

static uint16_t port_of(enum route_conn_transport transport)
{
	return transport == ROUTE_TLS ? ROUTE_SIPS_PORT : ROUTE_SIP_PORT;
}

static int load_peer(struct route_connection *conn, struct arena *mem)
{
	struct route_conn_peer *peer = &conn->peer;
	char host[ROUTE_HOST_MAX + 3], target[ROUTE_HOST_MAX + 9];

	if (!peer->address) {
		if (!peer->domain)
			peer->domain = domain_of(conn->tenant);
		return 0;
	}
	if (!route_address_parse(peer, host, peer->address))
		return EINVAL;
	if (!peer->port_given)
		peer->port = port_of(peer->transport);
	if (sa_af(&peer->addr) != AF_UNSPEC)
		sa_set_port(&peer->addr, peer->port);
	peer->host = arena_copy(mem, host, strlen(host));
	if (!peer->host)
		return ENOMEM;
	if (peer->domain) {
		peer->target = peer->domain;
		return 0;
	}
	/* as they stand in a URI; From and To have no port (RFC 3261 19.1.1) */
	if (sa_af(&peer->addr) == AF_INET6)
		re_snprintf(host, sizeof(host), "[%s]", peer->host);
	peer->domain = arena_copy(mem, host, strlen(host));
	re_snprintf(target, sizeof(target), "%s:%u", host, peer->port);
	peer->target = peer->port == port_of(peer->transport)
			       ? peer->domain
			       : arena_copy(mem, target, strlen(target));
	return peer->domain && peer->target ? 0 : ENOMEM;
}

/* --- media ------------------------------------------------------------------ */

static int load_media(struct route_conn_media *media,
		      const struct route_tenant *tenant, struct arena *mem)
{
	char text[ROUTE_NETWORKS_MAX * 50] = "";
	size_t n = 0;

	media->policy = route_media_policy_find(tenant, media->policy_name);
	for (uint32_t i = 0; i < media->nnetworks; i++) {
		const struct cfg_cidr *net = &media->networks[i];

		n += (size_t)re_snprintf(text + n, sizeof(text) - n, "%s%j/%u",
					 i ? "," : "", &net->net, net->bits);
	}
	media->network_list = arena_copy(mem, text, n);
	return media->network_list ? 0 : ENOMEM;
}

/* --- what the fields alone cannot say ---------------------------------------- */

__attribute__((format(printf, 3, 4))) static int
refuse(struct cfg_errors *errs, const struct route_connection *conn,
       const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cfg_errors_add(errs, &conn->pos, "connection \"%s\" %s", conn->name,
		       text);
	return EINVAL;
}

/* Keys where everybody could read them. */
static bool tells_keys(const struct route_connection *conn)
{
	return (conn->media.profile == ROUTE_MEDIA_SDES ||
		conn->media.profile == ROUTE_MEDIA_OSRTP) &&
	       conn->peer.transport != ROUTE_TLS && !conn->media.sdes.in_clear;
}

static int check(struct route_connection *conn, struct cfg_errors *errs)
{
	const struct route_conn_login *login = &conn->login;
	const bool inbound = conn->kind == ROUTE_INBOUND;
	int err = 0;

	if (inbound && conn->peer.address)
		err = refuse(errs, conn,
			     "is inbound: it has no address, it registers");
	if (!inbound && !conn->peer.address)
		err = refuse(errs, conn, "needs an address");
	/* without them only users register there, with lines of their own */
	if (inbound && (!login->username || !login->password))
		err = refuse(errs, conn, "needs username and password");
	else if (!login->username != !login->password)
		err = refuse(errs, conn, "has %s: both are needed, or neither",
			     login->username ? "a username and no password"
					     : "a password and no username");
	if (inbound && !conn->peer.domain && !domain_of(conn->tenant))
		err = refuse(errs, conn,
			     "needs a domain: its tenant has none by name");
	if (conn->media.source == ROUTE_SOURCE_NETWORK &&
	    !conn->media.nnetworks)
		err = refuse(errs, conn,
			     "has media_source network and no media_networks");
	if (route_caller_id_wrong(&conn->caller_id))
		err = refuse(errs, conn, "%s",
			     route_caller_id_wrong(&conn->caller_id));
	if (tells_keys(conn))
		err = refuse(errs, conn,
			     "has keys in its SDP and not transport tls: "
			     "whoever reads the signalling hears the calls "
			     "(sdes: in_clear: true allows it)");
	if (route_codecs_load(conn->media.codecs, conn->media.codec,
			      conn->media.ncodec))
		err = refuse(errs, conn, "has a codec twice");
	return err;
}

/* --- who registers here ------------------------------------------------------- */

/* A name is that of one user or of one connection: the password decides who
 * asks, and nobody gets the calls of another. */
static int add_login(struct route_tenant *tenant, struct route_connection *conn,
		     struct cfg_errors *errs)
{
	const struct route_connection *other;
	const struct route_user *user;
	struct pl name;

	pl_set_str(&name, conn->login.username);
	user = route_user_find(tenant, &name);
	if (user)
		return refuse(errs, conn,
			      "has the username \"%s\", which is that of user "
			      "\"%s\"",
			      conn->login.username, user->name);
	other = route_connection_login(tenant, &name);
	if (other)
		return refuse(errs, conn,
			      "has the username \"%s\", which is that of "
			      "connection \"%s\"",
			      conn->login.username, other->name);
	++tenant->nlogins;
	return route_index_add(tenant->by_login, conn->login.username, conn);
}

static int load_login(struct route_tenant *tenant,
		      struct route_connection *conn,
		      const struct route_hasher *hasher,
		      struct cfg_errors *errs)
{
	struct route_conn_login *login = &conn->login;
	const struct route_secret secret = {login->username, tenant->realm,
					    login->password};
	int err;

	if (conn->kind != ROUTE_INBOUND)
		return 0;
	login->algs = route_algs_of(&login->given_algs, tenant->auth.algs);
	err = add_login(tenant, conn, errs);
	return err ? err
		   : route_ha1_make(hasher, &secret, login->ha1_md5,
				    login->ha1_sha256);
}

int route_conns_load(struct route_tenant *tenant, struct arena *mem,
		     const struct route_hasher *hasher, struct cfg_errors *errs)
{
	int err = route_index_alloc(&tenant->by_connection,
				    tenant->nconnections, false);
	int bad = 0;

	err = err ? err
		  : route_index_alloc(&tenant->by_login, tenant->nconnections,
				      false);
	for (uint32_t i = 0; i < tenant->nconnections && err != ENOMEM; i++) {
		struct route_connection *conn = &tenant->connections[i];

		conn->tenant = tenant;
		/* the keys of a map are unique */
		err = route_index_add(tenant->by_connection, conn->name, conn);
		err = err ? err : check(conn, errs);
		err = err ? err : load_peer(conn, mem);
		err = err ? err : route_conn_tls_load(conn, mem, errs);
		err = err ? err : load_media(&conn->media, tenant, mem);
		if (!err && route_sdes_load(&conn->media.sdes))
			err = refuse(errs, conn, "has a suite twice");
		err = err ? err : route_failover_load(&conn->failover, mem);
		err = err ? err : load_login(tenant, conn, hasher, errs);
		bad = err ? err : bad;
	}
	return err ? err : bad;
}

struct route_services route_services_of(const struct route_tenant *tenant,
					const struct route_connection *conn)
{
	struct route_services all = {0};

	if (tenant)
		all = tenant->services;
	if (!conn)
		return all;
	if (conn->services.music)
		all.music = conn->services.music;
	if (conn->services.ringback)
		all.ringback = conn->services.ringback;
	if (conn->services.record != ROUTE_RECORD_DEFAULT)
		all.record = conn->services.record;
	if (conn->services.fork)
		all.fork = conn->services.fork;
	return all;
}

const struct route_connection *
route_connection_find(const struct route_tenant *tenant, const struct pl *name)
{
	return tenant ? route_index_find(tenant->by_connection, name) : NULL;
}

const struct route_connection *
route_connection_login(const struct route_tenant *tenant,
		       const struct pl *username)
{
	return tenant ? route_index_find(tenant->by_login, username) : NULL;
}

bool route_connection_admits(const struct route_connection *conn,
			     const struct sa *addr)
{
	for (uint32_t i = 0; i < conn->nsources; i++) {
		if (cfg_cidr_has(&conn->sources[i], addr))
			return true;
	}
	return !conn->nsources && conn->kind == ROUTE_INBOUND;
}
