/*
 * route_sdes.h  Keys of SRTP in the SDP of a connection or of telephones
 *               (RFC 4568)
 *
 * Part of a table (route.h): const after the load, and borrowed from it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_SDES_H
#define ROUTING_ROUTE_SDES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cfg_schema.h"

enum {
	ROUTE_SUITES_MAX = 6,
	ROUTE_SUITES_TEXT = 160
};

enum route_suite {
	ROUTE_AES_CM_128_80 = 1,
	ROUTE_AES_CM_128_32,
	ROUTE_AES_256_CM_80,
	ROUTE_AES_256_CM_32,
	ROUTE_AEAD_128_GCM,
	ROUTE_AEAD_256_GCM,
};

struct route_sdes {
	enum route_suite *suites; /* best first; none: the media server's */
	uint32_t nsuites;
	bool in_clear; /* keys may go where the signalling can be read */
	/* the list as the control protocol has it; "": none */
	char list[ROUTE_SUITES_TEXT];
};

#endif
