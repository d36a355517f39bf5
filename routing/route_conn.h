/*
 * route_conn.h  Connections: how a tenant reaches a PBX or carrier, and who
 *               may call in
 *
 * Part of a table (route.h): const after the load, and borrowed from it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_CONN_H
#define ROUTING_ROUTE_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "routing/route_auth.h"
#include "routing/route_caller_id.h"
#include "routing/route_failover.h"
#include "routing/route_media.h"
#include "routing/route_sdes.h"
#include "routing/route_service.h"

struct route_table;
struct route_tenant;
struct route_user;

enum {
	ROUTE_CONN_MAX = 32,   /* bytes of a connection's name */
	ROUTE_IFACE_MAX = 16,  /* ... of the media server's interface */
	ROUTE_HOST_MAX = 253,  /* ... of a host */
	ROUTE_NETWORKS_MAX = 16,
	ROUTE_SIP_PORT = 5060,
	ROUTE_SIPS_PORT = 5061,
};

enum route_conn_kind {
	ROUTE_TRUNK = 1, /* a fixed address */
	ROUTE_REGISTER,  /* we register there */
	ROUTE_INBOUND,   /* it registers with us */
};

enum route_conn_transport {
	ROUTE_UDP = 1,
	ROUTE_TCP,
	ROUTE_TLS,
	ROUTE_AUTO, /* as its name's NAPTR and SRV records say */
};

enum route_media_profile {
	ROUTE_MEDIA_RTP = 1,
	ROUTE_MEDIA_SDES,  /* SRTP by keys in the SDP (RFC 4568) */
	ROUTE_MEDIA_OSRTP, /* the same, or plain RTP (RFC 8643) */
	ROUTE_MEDIA_DTLS,  /* SRTP by keys that DTLS makes (RFC 5763) */
};

/* What a connection may be forbidden to send us. */
enum route_send {
	ROUTE_SEND_INVITE = 1,
	ROUTE_SEND_UPDATE,
	ROUTE_SEND_INFO,
	ROUTE_SEND_REFER,
	ROUTE_SEND_MESSAGE,
	ROUTE_SEND_SUBSCRIBE,
	ROUTE_SEND_NOTIFY,
	ROUTE_SEND_PUBLISH,
	ROUTE_SEND_OPTIONS,
};

/* Whose RTP is taken. */
enum route_media_source {
	ROUTE_SOURCE_STRICT = 1, /* the address in its SDP alone */
	ROUTE_SOURCE_LEARN,      /* the first that sends, then only that */
	ROUTE_SOURCE_NETWORK,    /* any of `networks` */
};

/* How it hears of keys. */
enum route_dtmf {
	ROUTE_DTMF_RFC4733 = 1, /* in its RTP: events, or tones */
	ROUTE_DTMF_INFO,	/* in INFOs */
	ROUTE_DTMF_AUTO,	/* events when it takes them, else INFOs */
	ROUTE_DTMF_INBAND,	/* in its audio, as tones */
};

/* Its TLS. */
struct route_conn_tls {
	bool verify;     /* that its certificate is from `ca` and names it */
	bool shows;      /* it calls in with a certificate that names it */
	const char *ca;  /* PEM file; NULL: the authorities of the system */
	const char *cert, *key; /* PEM files, ours; NULL: none */
	const char *name;       /* whom its certificate has to name */
	uint32_t tag; /* of all this; two with the same may share what they
			 speak over, and route_terms_find() finds it */
};

/* Where it is, and how we speak of it. */
struct route_conn_peer {
	const char *address;  /* as written; NULL: inbound */
	const char *host;     /* of it, without brackets; NULL: inbound */
	struct sa addr;       /* the host, when it is an IP address, with the
				 port; else unset (sa_isset()) */
	uint16_t port;        /* of address, or that of the transport */
	bool port_given;      /* ... in the address: no SRV (RFC 3263 4.2) */
	const char *listener; /* name of ours; NULL: first of transport */
	const char *domain;   /* host in URIs; never NULL: else `host`, with
				 an IPv6 address in brackets; inbound: the
				 tenant's first domain */
	const char *target;   /* "host[:port]" of the Request-URI: `domain` as
				 given, else of address; NULL: inbound */
	enum route_conn_transport transport;
};

/* For its challenges, and for registration. Never log or print them. */
struct route_conn_login {
	const char *username; /* NULL: none; then there is no password */
	const char *password;
	const char *realm; /* NULL: that which it asks for first */
	/* inbound: H(username:realm:password) under the realm of the tenant,
	 * as in struct route_user; else "" */
	char ha1_md5[32 + 1];
	char ha1_sha256[64 + 1];
	struct route_algs given_algs;
	uint8_t algs; /* inbound: that its challenges offer */
};

struct route_conn_media {
	enum route_media_profile profile;
	enum route_media_source source;
	enum route_dtmf dtmf;
	bool video;
	const char *interface; /* of the media server; NULL: any */
	struct route_sdes sdes;
	const char *policy_name; /* NULL: none */
	const struct route_media_policy *policy;
	enum route_codec *codec;
	uint32_t ncodec;
	struct cfg_cidr *networks;
	uint32_t nnetworks;
	/* the two lists as the control protocol has them; "": none */
	char codecs[ROUTE_CODECS_MAX];
	const char *network_list;
};

/* Milliseconds. */
struct route_conn_times {
	uint32_t answer;  /* nothing at all heard: next target */
	uint32_t ring;    /* no final answer: next target */
	uint32_t expires; /* of our registration */
	uint32_t probe;   /* between OPTIONS; 0: none */
};

/* How many in a row tell. */
struct route_conn_probe {
	uint32_t down; /* OPTIONS without an answer: it is down */
	uint32_t up;   /* answers: it is up again */
};

/* When calls that fail there say that it is broken. */
struct route_conn_breaker {
	uint32_t failures; /* in a row; 0: however many */
	uint32_t percent;  /* of the calls of a window; 0: however many */
	uint32_t calls;    /* fewer of them tell nothing */
	uint32_t window_ms;
	uint32_t open_ms; /* it gets none for so long, then one */
};

struct route_connection {
	const char *name; /* [a-z0-9_-]{1,32}, once in its tenant */
	enum route_conn_kind kind;
	const struct route_tenant *tenant;
	struct route_conn_peer peer;
	struct route_conn_tls tls;
	struct route_conn_login login;
	bool trusted;          /* its word on who calls counts, and it is told
				  (RFC 3325) */
	const char *from_user; /* user of From towards it; NULL: the caller's */
	struct route_caller_id caller_id;
	struct cfg_cidr *sources; /* as given; none: its address and port */
	uint32_t nsources;
	enum route_send *sends; /* what it may send us; none: all of these */
	uint32_t nsends;
	struct route_conn_media media;
	struct route_conn_times times;
	struct route_conn_probe probe;
	struct route_conn_breaker breaker;
	struct route_failover failover;
	struct route_services services; /* what it does not say its tenant
					   does: route_services_of() */
	uint32_t max_calls; /* at once; 0: no limit */
	uint32_t calls_s;   /* new ones, a second; 0: no limit */
	/* of a line (route_line.h): whose, and of which connection; else NULL */
	const struct route_user *user;
	const struct route_connection *base;
	struct cfg_pos pos;
};

/* What holds for this connection, or when there is none for a user of the
 * tenant; tenant may be NULL. */
struct route_services
route_services_of(const struct route_tenant *tenant,
		  const struct route_connection *conn);

/* "trunk", "register", "inbound" */
const char *route_conn_kind_name(enum route_conn_kind kind);
/* "strict", "learn-once", "network": as in the control protocol */
const char *route_media_source_name(enum route_media_source source);

/* NULL when the tenant has none of that name. */
const struct route_connection *
route_connection_find(const struct route_tenant *tenant, const struct pl *name);

/* The inbound connection of the tenant that logs in with this name (%-decoded);
 * NULL. No user of the tenant has such a name. */
const struct route_connection *
route_connection_login(const struct route_tenant *tenant,
		       const struct pl *username);
/* Whether it may come from there as this connection: from its `sources`; from
 * anywhere when it has none and logs in. */
bool route_connection_admits(const struct route_connection *conn,
			     const struct sa *addr);

/* A TLS connection of the table with this tag; NULL: there is none, or there
 * are two that do not mean the same. */
const struct route_connection *
route_terms_find(const struct route_table *table, uint32_t tag);

/* By its `methods`; others than those of enum route_send always. */
bool route_connection_may_send(const struct route_connection *conn,
			       const struct pl *method);
/* For %H: a value for Allow. */
int route_connection_allow(struct re_printf *pf,
			   const struct route_connection *conn);

/* Who may have sent a request. */
struct route_origin {
	const struct sa *addr;
	const char *listener;              /* name of ours; NULL: any */
	const struct route_tenant *tenant; /* NULL: any */
	/* Has it shown a certificate that names this one? NULL: none. */
	bool (*namedh)(const char *name, void *arg);
	void *arg;
};

/* Has who is there shown what it has to? */
bool route_connection_shown(const struct route_connection *conn,
			    const struct route_origin *origin);

/*
 * Whose connection sends from this address: that with the longest prefix
 * among `sources` (or its address with this very port, when it is an IP
 * address and no sources are given) whose listener fits, and whose certificate
 * was shown when it has to show one. Of equal ones that whose address has this
 * very port, else the first in the file.
 * NULL: nobody's; or, with tenant NULL, equally that of two tenants: then ask
 * again with the tenant of the Request-URI.
 */
const struct route_connection *
route_connection_by_source(const struct route_table *table,
			   const struct route_origin *origin);

#endif
