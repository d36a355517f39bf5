/*
 * route_media.h  Named choices of codecs: which goes first, which may be at
 *                all, and how what we make is to sound
 *
 * Part of a table (route.h): const after the load, and borrowed from it. A
 * connection, a user and all devices of a tenant may name one: of its tenant's
 * `media_policies`, or one that is always there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_MEDIA_H
#define ROUTING_ROUTE_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cfg_schema.h"

struct route_connection;
struct route_tenant;
struct route_user;

enum {
	ROUTE_MEDIA_MAX = 32,  /* bytes of a name */
	ROUTE_CODECS_MAX = 48, /* ... of all codecs with commas between */
};

enum route_codec {
	ROUTE_PCMU = 1,
	ROUTE_PCMA,
	ROUTE_OPUS,
	ROUTE_G722,
	ROUTE_L16,
	ROUTE_G729,
	ROUTE_RED
};

/* Which codec goes first. */
enum route_media_order {
	ROUTE_ORDER_USUAL = 1,
	ROUTE_ORDER_PASSTHROUGH,
	ROUTE_ORDER_QUALITY,
	ROUTE_ORDER_COST,
	ROUTE_ORDER_LISTED,
};

/* When the Opus that we make pauses. */
enum route_dtx {
	ROUTE_DTX_ASKED = 1,
	ROUTE_DTX_ALWAYS,
	ROUTE_DTX_NEVER,
};

enum route_effort {
	ROUTE_EFFORT_SERVER = 1, /* as mediad.yaml says */
	ROUTE_EFFORT_LOW,
	ROUTE_EFFORT_MEDIUM,
	ROUTE_EFFORT_HIGH,
};

struct route_opus {
	uint32_t bitrate; /* bit/s at most; 0: as mediad.yaml says */
	enum route_effort effort;
	bool narrow;
	enum route_dtx dtx;
};

struct route_media_policy {
	const char *name;
	enum route_media_order order;
	enum route_codec *codec;
	uint32_t ncodec;
	uint32_t ptime; /* ms; 0: 20 */
	bool noise;     /* comfort noise (RFC 3389) */
	struct route_opus opus;
	char codecs[ROUTE_CODECS_MAX]; /* "PCMA,PCMU"; "": none are named */
	struct cfg_pos pos;
};

/* By name, NULL: none is named, and NULL is what comes of it. */
const struct route_media_policy *
route_media_policy_find(const struct route_tenant *tenant, const char *name);

/* That of a user of the tenant, else of its devices; NULL: none. user: may be
 * empty. */
const struct route_media_policy *
route_media_policy_of(const struct route_tenant *tenant, const char *user);

#endif
