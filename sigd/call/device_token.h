/*
 * device_token.h  The Contact, and the Path, under which a PBX has a device
 *                 of ours
 *
 * In a tenant whose devices register at its PBX (routing/route_device.h) the
 * PBX must not see where a device is, and must find it at whatever worker it
 * is. The user part of its Contact there is a sealed token that names it: the
 * same each time, over whatever flow it registers, so that a PBX sees one
 * Contact for one device. Where the device is stands among its bindings.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_DEVICE_TOKEN_H
#define SIGD_CALL_DEVICE_TOKEN_H

#include <stdint.h>
#include <re.h>

#include "common/seal.h"

struct keyring;

enum { DEVICE_TENANT_MAX = 32, DEVICE_USER_MAX = 64 };

struct device_token {
	char tenant[DEVICE_TENANT_MAX + 1];
	char user[DEVICE_USER_MAX + 1]; /* unescaped */
	uint32_t device;                /* binding_device() */
};

/* EMSGSIZE: names too long. */
int device_token_make(char text[SEAL_TEXT_MAX + 1], const struct keyring *ring,
		      uint64_t now_s, const struct device_token *token);
/* EBADMSG: none of ours. */
int device_token_open(struct device_token *token, const struct keyring *ring,
		      const struct pl *text);

#endif
