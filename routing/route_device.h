/*
 * route_device.h  What a tenant has settled for all devices of its users
 *
 * Part of a table (route.h): const after the load, and borrowed from it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_DEVICE_H
#define ROUTING_ROUTE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cfg_schema.h"
#include "routing/route_sdes.h"

/* Whose RTP is taken for that of a telephone (plain RTP; not of pages). */
enum route_device_source {
	ROUTE_DEVICE_AUTO = 1, /* learn-once behind NAT, else strict */
	ROUTE_DEVICE_STRICT,   /* the address in its SDP alone */
	ROUTE_DEVICE_LEARN,    /* always learn-once */
};

/* How the media of telephones is carried (not of pages). */
enum route_device_media {
	ROUTE_DEVICE_MEDIA_AUTO = 1, /* over TLS keys or plain, else plain */
	ROUTE_DEVICE_MEDIA_RTP,
	ROUTE_DEVICE_MEDIA_SDES, /* over TLS keys, else plain */
};

/* Which of a user's devices ring (RFC 3261 16.6, 16.7). */
enum route_ring {
	ROUTE_RING_Q = 1, /* those of the highest q, then the next ones */
	ROUTE_RING_ALL,   /* all at once, whatever their q */
};

struct route_devices {
	enum route_device_media media;
	struct route_sdes sdes;
	enum route_device_source media_source;
	bool video;
	enum route_ring ring;
	const char *media_policy; /* NULL: none */
	uint32_t ring_ms; /* before those of a lower q ring; milliseconds */
};

/* Who is the registrar of the tenant's devices. */
enum route_reg_mode {
	ROUTE_REG_LOCAL = 1, /* we are: users and their passwords are ours */
	ROUTE_REG_FORWARDED, /* the PBX is: it asks for the passwords, and sees
				each extension */
};

struct route_connection;

struct route_registration {
	enum route_reg_mode mode;
	const char *registrar; /* the name of `pbx`; NULL: local */
	const struct route_connection *pbx; /* NULL: local */
};

struct route_tenant;

/* Devices of this tenant are registered at this connection, and speak to it
 * in their own name. */
bool route_forwards_to(const struct route_tenant *tenant,
		       const struct route_connection *conn);

/* "auto", "strict", "learn-once"; "by-q", "all" */
const char *route_device_source_name(enum route_device_source source);
const char *route_ring_name(enum route_ring ring);
/* "local", "forwarded" */
const char *route_reg_mode_name(enum route_reg_mode mode);

#endif
