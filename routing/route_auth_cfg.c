/*
 * route_auth_cfg.c  The description of what proves who somebody is
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/cfg_schema.h"
#include "routing/route_auth.h"

/* clang-format off */
static const struct cfg_choice algorithms[] = {
	{"MD5", ROUTE_ALG_MD5, "What old telephones know."},
	{"SHA-256", ROUTE_ALG_SHA256, "RFC 8760."},
	{NULL, 0, NULL},
};
/* clang-format on */

const struct cfg_field route_alg_item = {
	.type = CFG_ENUM,
	.size = sizeof(enum route_alg),
	.choices = algorithms,
};

uint8_t route_algs_of(const struct route_algs *given, uint8_t other)
{
	uint8_t bits = 0;

	for (uint32_t i = 0; i < given->count; i++)
		bits |= (uint8_t)given->item[i];
	return bits ? bits : other;
}
