/*
 * route.h  Who belongs to whom, and where a request goes: tables in, an
 *          ordered plan and its reasons out
 *
 * Pure: no socket, no clock, no Redis. A table is const after its load and
 * owned by who loaded it; a reload loads a new one. Everything found in a
 * table, and every plan made with it, is borrowed from it: hold a reference
 * (mem_ref()) while such a pointer is kept. One thread per table.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_H
#define ROUTING_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/status.h"
#include "routing/route_auth.h"
#include "routing/route_device.h"
#include "routing/route_facts.h"
#include "routing/route_service.h"

struct route_connection;
struct route_group;
struct route_index;
struct route_line;
struct route_rule;
struct route_sieve;
struct route_table;
struct route_test;

enum {
	ROUTE_USER_MAX = 64,    /* bytes of a user's name */
	ROUTE_NUMBER_MAX = 128, /* bytes of a caller or callee; longer ones
				   go nowhere */
	ROUTE_DEVICES_MAX = 32, /* of a user: what an answer lists */
	ROUTE_HA1_MD5_LEN = 32,
	ROUTE_HA1_SHA256_LEN = 64,
};

/* A user of a tenant. Names are compared in full and with their case
 * (RFC 3261 section 19.1.4), after %-decoding. */
struct route_user {
	const char *name;
	const char *display;  /* NULL: none */
	uint16_t max_devices; /* registered at once; 0: the daemon's limit */
	uint32_t max_calls;   /* at once, made and taken; 0: no limit */
	const char **numbers; /* also called by these; each once in a tenant */
	uint32_t nnumbers;
	const char *media_policy; /* NULL: that of the devices */
	struct route_line *line; /* at a PBX; NULL: none (route_line.h) */
	/* H(name:realm:password) in lowercase hex (RFC 7616 section 3.4.2);
	 * "" when not known. Never log them: they are as good as a password
	 * in this realm. */
	char ha1_md5[ROUTE_HA1_MD5_LEN + 1];
	char ha1_sha256[ROUTE_HA1_SHA256_LEN + 1];
	enum route_recording record; /* of its calls */
	struct route_algs given_algs;
	uint8_t algs; /* that its challenges offer and its secrets answer */
	struct cfg_pos pos;

	/* of the loader: wiped after the load */
	const char *password, *given_md5, *given_sha256;
};

struct route_tenant {
	const char *id;       /* [a-z0-9-]{1,32} */
	const char *realm;    /* the one realm of its digest challenges */
	struct route_auth auth;
	const char **domains; /* lower case; "*" is every other host */
	uint32_t ndomains;
	struct route_user *users;
	uint32_t nusers;
	uint32_t nlines; /* users that have one */
	struct route_connection *connections; /* route_conn.h */
	uint32_t nconnections, nlogins; /* of these, those that register here */
	struct route_media_policy *policies; /* route_media.h */
	uint32_t npolicies;
	uint32_t max_calls; /* at once, made and taken; 0: no limit */
	uint32_t calls_s;   /* new ones, a second; 0: no limit */
	struct route_services services;
	struct route_announcement *failure; /* NULL: none */
	struct route_group *groups; /* route_group.h */
	uint32_t ngroups;
	struct route_facts facts;       /* and those of all tenants */
	struct dialing *dialing;        /* NULL: only + begins E.164 */
	struct route_devices devices;   /* of its users */
	struct route_registration registration; /* ... and where they do */
	struct route_rule *rules;       /* in order */
	uint32_t nrules;
	struct route_sieve *sieve;      /* of many rules; else NULL */
	struct route_test *tests; /* route_check.h */
	uint32_t ntests;
	struct route_index *by_name, *by_number, *by_connection, *by_login,
		*by_group;
	struct cfg_pos pos;
};

/*
 * Loads a file, and the folder that it includes. EINVAL: entries were added
 * to errs and *tp is not written. The caller owns *tp.
 */
int route_table_load(struct route_table **tp, const char *path,
		     struct cfg_errors *errs)
	__attribute__((warn_unused_result));
/* The same from memory; name stands in errors. */
int route_table_parse(struct route_table **tp, const char *name,
		      const char *text, size_t len, struct cfg_errors *errs)
	__attribute__((warn_unused_result));

/* The file's description: for schema, reference page, and the view below. */
extern const struct cfg_table route_cfg_table;
/* The configuration in effect, for cfg_print(); passwords are not in it. */
struct cfg_view route_table_view(const struct route_table *table);

/* What was read for it (common/fingerprint.h): the file, those that it includes
 * and names. Tables of the same version decide alike. */
const char *route_table_version(const struct route_table *table);

/* Tenants in the order of the file; NULL behind the last. */
const struct route_tenant *route_tenant_at(const struct route_table *table,
					   size_t index);
const struct route_tenant *route_tenant_by_id(const struct route_table *table,
					      const struct pl *id);
/*
 * The tenant of a request's host, without port; brackets of an IPv6 address
 * and a last dot do not matter. NULL: nobody's.
 */
const struct route_tenant *
route_tenant_by_domain(const struct route_table *table, const struct pl *host);

/* name: %-decoded. NULL when unknown. */
const struct route_user *route_user_find(const struct route_tenant *tenant,
					 const struct pl *name);
/* Who is called so: the user of that name, else who has that number. */
const struct route_user *route_user_called(const struct route_tenant *tenant,
					   const struct pl *callee);

enum route_service {
	ROUTE_ECHO = 1,
	ROUTE_TONE,
	ROUTE_MILLIWATT,
	ROUTE_ANNOUNCEMENT, /* route_target.announcement */
};
/* "echo", "tone", "milliwatt", "announcement" */
const char *route_service_name(enum route_service service);

#include "routing/route_plan.h"
#include "routing/route_query.h"

#endif
