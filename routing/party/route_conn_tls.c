/*
 * route_conn_tls.c  Connections over TLS: on whose terms
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "common/arena.h"
#include "routing/party/route_party.h"

/* A file is named relative to the folder of who names it. */
static int resolve(const char **path, const struct route_connection *conn,
		   struct arena *mem)
{
	const char *end = conn->pos.file ? strrchr(conn->pos.file, '/') : NULL;
	size_t dir = end ? (size_t)(end - conn->pos.file) + 1 : 0;
	char *full;

	if (!*path || (*path)[0] == '/' || !dir)
		return 0;
	full = arena_get(mem, dir + strlen(*path) + 1);
	if (!full)
		return ENOMEM;
	memcpy(full, conn->pos.file, dir);
	strcpy(full + dir, *path);
	*path = full;
	return 0;
}

static int readable(const char *path, const struct route_connection *conn,
		    struct cfg_errors *errs)
{
	if (!path || !access(path, R_OK))
		return 0;
	cfg_errors_add(errs, &conn->pos,
		       "connection \"%s\": %s cannot be read: %s", conn->name,
		       path, strerror(errno));
	return EINVAL;
}

/* Or may, should DNS say so. */
static bool speaks_tls(const struct route_connection *conn)
{
	return conn->peer.transport == ROUTE_TLS ||
	       conn->peer.transport == ROUTE_AUTO;
}

static int check(const struct route_connection *conn, struct cfg_errors *errs)
{
	const struct route_conn_tls *tls = &conn->tls;
	const char *why = NULL;

	if (!speaks_tls(conn) && (tls->ca || tls->cert || tls->key ||
				  !tls->verify || tls->shows))
		why = "has tls, and its transport is another one";
	else if (tls->shows && !tls->verify)
		why = "shows a certificate and is not verified";
	else if (tls->shows && conn->peer.transport != ROUTE_TLS)
		why = "shows a certificate, which only transport tls can";
	else if (!tls->cert != !tls->key)
		why = "needs certificate and private_key, or neither";
	else if (tls->ca && !tls->verify)
		why = "has a ca and does not verify";
	if (!why)
		return 0;
	cfg_errors_add(errs, &conn->pos, "connection \"%s\" %s", conn->name,
		       why);
	return EINVAL;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_terms(const struct route_conn_tls *a,
		       const struct route_conn_tls *b)
{
	return a->verify == b->verify && same_text(a->name, b->name) &&
	       same_text(a->ca, b->ca) && same_text(a->cert, b->cert) &&
	       same_text(a->key, b->key);
}

/* FNV-1a, the end of each text included. */
static uint32_t mix(uint32_t hash, const char *text)
{
	for (const char *p = text ? text : "";; p++) {
		hash = (hash ^ (uint8_t)*p) * 16777619u;
		if (!*p)
			return hash;
	}
}

int route_conn_tls_load(struct route_connection *conn, struct arena *mem,
			struct cfg_errors *errs)
{
	struct route_conn_tls *tls = &conn->tls;
	const struct route_conn_peer *peer = &conn->peer;
	int err = check(conn, errs);

	if (err || !speaks_tls(conn))
		return err;

	err = resolve(&tls->ca, conn, mem);
	err = err ? err : resolve(&tls->cert, conn, mem);
	err = err ? err : resolve(&tls->key, conn, mem);
	err = err ? err : readable(tls->ca, conn, errs);
	err = err ? err : readable(tls->cert, conn, errs);
	err = err ? err : readable(tls->key, conn, errs);
	/* RFC 5922 section 4: the domain that was asked for, not what it was
	 * found at */
	tls->name = peer->host && sa_af(&peer->addr) == AF_UNSPEC
			    ? peer->host
			    : peer->domain;
	tls->tag = mix(2166136261u, tls->verify ? "1" : "0");
	tls->tag = mix(tls->tag, tls->name);
	tls->tag = mix(tls->tag, tls->ca);
	tls->tag = mix(tls->tag, tls->cert);
	tls->tag = mix(tls->tag, tls->key);
	return err;
}

const struct route_connection *
route_terms_find(const struct route_table *table, uint32_t tag)
{
	const struct route_connection *found = NULL;
	const struct route_tenant *tenant;

	for (uint32_t i = 0; (tenant = route_tenant_at(table, i)); i++) {
		for (uint32_t k = 0; k < tenant->nconnections; k++) {
			const struct route_connection *conn =
				&tenant->connections[k];

			if (!speaks_tls(conn) ||
			    conn->tls.tag != tag)
				continue;
			if (found && !same_terms(&found->tls, &conn->tls))
				return NULL;
			found = conn;
		}
	}
	return found;
}
