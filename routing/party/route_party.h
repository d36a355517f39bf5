/*
 * route_party.h  Who takes part: the users, devices and connections of a
 *                tenant, as they are loaded
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_PARTY_ROUTE_PARTY_H
#define ROUTING_PARTY_ROUTE_PARTY_H

#include "routing/route.h"
#include "routing/route_conn.h"
#include "routing/route_device.h"
#include "routing/route_line.h"

struct arena;
struct route_cfg;
struct route_hasher;
struct route_sources;

/* --- route_names.c: what may be a name; `why` says what was expected ------- */

bool route_check_user(const char *text, char *why, size_t size);
bool route_check_host(const char *text, char *why, size_t size);
bool route_check_realm(const char *text, char *why, size_t size);
bool route_check_connection(const char *text, char *why, size_t size);

/* --- descriptions ------------------------------------------------------------ */

extern const struct cfg_field route_user_item;  /* route_user_cfg.c */
extern const struct cfg_table route_line_table; /* route_line.c */
extern const struct cfg_field route_conn_item;  /* route_conn_cfg.c */
extern const struct cfg_field route_send_item;  /* route_conn_methods.c */
extern const struct cfg_field route_group_item; /* route_group.c */
extern const struct cfg_table route_caller_id_table;
extern const struct cfg_table route_device_table; /* route_device_cfg.c */
extern const struct cfg_table route_sdes_table;   /* route_sdes.c */
extern const struct cfg_choice route_reg_modes[];

extern const struct cfg_field route_media_item; /* route_media.c */
extern const struct cfg_field route_codec_item;
extern const struct cfg_ref route_ref_media;
bool route_check_media(const char *text, char *why, size_t size);

const char *route_codec_name(enum route_codec codec);
/* "PCMA,PCMU"; EEXIST: one twice */
int route_codecs_load(char text[ROUTE_CODECS_MAX],
		      const enum route_codec *codec, uint32_t n);
/* "host[:port]" into host, port and addr of peer. */
bool route_address_parse(struct route_conn_peer *peer,
			 char host[ROUTE_HOST_MAX + 1], const char *text);

/* --- the load of a tenant, in this order; EINVAL: an error was added -------- */

/* route_users.c: names and credentials */
int route_users_load(struct route_tenant *tenant,
		     const struct route_hasher *hasher,
		     struct cfg_errors *errs);
/* mem: of the configuration that the tenant is in. */
int route_conns_load(struct route_tenant *tenant, struct arena *mem,
		     const struct route_hasher *hasher,
		     struct cfg_errors *errs);
/* route_caller_id.c: what is wrong with it; NULL: nothing */
const char *route_caller_id_wrong(const struct route_caller_id *id);
/* route_media.c: before its connections */
int route_media_load(struct route_tenant *tenant, struct cfg_errors *errs);
/* route_sdes.c: a part of it, and of the devices. EEXIST: a suite twice */
int route_sdes_load(struct route_sdes *sdes);
/* route_conn_tls.c: a part of it */
int route_conn_tls_load(struct route_connection *conn, struct arena *mem,
			struct cfg_errors *errs);
/* Behind its connections. */
int route_groups_load(struct route_tenant *tenant, struct arena *mem,
		      struct cfg_errors *errs);
int route_lines_load(struct route_tenant *tenant, struct arena *mem,
		     struct cfg_errors *errs);
int route_registration_load(struct route_tenant *tenant,
			    struct cfg_errors *errs);

/* route_source.c: of all connections of all tenants */
int route_sources_alloc(struct route_sources **sourcesp,
			const struct route_cfg *cfg);

/* --- route_ha1.c --------------------------------------------------------- */

/* The digests, looked up once. mem_deref() frees. */
int route_hasher_alloc(struct route_hasher **hasherp);
struct route_secret {
	const char *name, *realm, *password;
};
/* H(name:realm:password) into md5 and sha256, ROUTE_HA1_*_LEN + 1 bytes; one
 * that this system's OpenSSL does not offer is left as it is. */
int route_ha1_make(const struct route_hasher *hasher,
		   const struct route_secret *secret, char *md5, char *sha256);

#endif
