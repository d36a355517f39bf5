/*
 * reg_request.h  What a REGISTER asks for, checked: a pure reading of it
 *
 * RFC 3261 section 10.3 steps 6 and 7, RFC 5626 section 6.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_REGISTRAR_REG_REQUEST_H
#define SIGD_REGISTRAR_REG_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "sigd/registrar/binding.h"

struct shdr_addr;
struct smsg;

enum { REG_CONTACTS_MAX = 10, REG_UNSUPPORTED_MAX = 128 };

struct reg_limits {
	uint32_t expires_min;     /* seconds; less is 423 (0: 60) */
	uint32_t expires_max;     /* more is cut (0: 3600) */
	uint32_t expires_default; /* none given (0: 3600) */
	uint32_t devices_max;     /* bindings of one AOR (0: 20) */
};

/* One Contact: bind it, or (expires 0) remove it. */
struct reg_contact {
	char device[BINDING_DEVICE_MAX + 1]; /* field of the hash */
	uint32_t expires;                    /* seconds */
	struct binding binding;
};

/* Plain data; large (about 10 kB). */
struct reg_request {
	bool all;  /* Contact: * with Expires: 0; with contacts: what is bound
		      besides them goes */
	size_t nc; /* 0 and !all: only asks what is bound */
	struct reg_contact contacts[REG_CONTACTS_MAX];
	uint32_t cseq;
	struct pl callid; /* points into the message */
	bool outbound; /* RFC 5626: asked for and honoured; the 200 says
			  `Require: outbound` */
	char unsupported[REG_UNSUPPORTED_MAX]; /* with
						  STATUS_BAD_EXTENSION */
};

/*
 * flow: packed id of the flow that the REGISTER came on; every binding gets
 * it. STATUS_OK; STATUS_BRIEF_INTERVAL; STATUS_BAD_URI_SCHEME;
 * STATUS_BAD_REQUEST; STATUS_TOO_LARGE; STATUS_BAD_EXTENSION;
 * STATUS_NO_OUTBOUND.
 */
enum status reg_request_read(struct reg_request *req, const struct smsg *msg,
			     const struct reg_limits *limits,
			     const uint8_t *flow, size_t flow_len);

/* Where it came from, for those who look; unset: not known. */
void reg_request_from(struct reg_request *req, const struct sa *remote);

/* binding_device() of the first that is bound; 0: none is. */
uint32_t reg_first_device(const struct reg_request *req);

/* binding_device() of this Contact, whatever its reg-id. EOVERFLOW. */
int reg_contact_device(uint32_t *device, const struct shdr_addr *contact);

/* The same by its instance (RFC 5626), without <>; too long: a
 * number that hardly any device has. */
uint32_t reg_instance_device(const struct pl *instance);

/* limits with its defaults filled in. */
void reg_limits_default(struct reg_limits *limits);

#endif
