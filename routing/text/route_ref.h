/*
 * route_ref.h  What the texts of routing.yaml may name
 *
 * For cfg_field.ref: the checker then finds the name, beside the text or in a
 * table around it, or says what there is and what may have been meant.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_TEXT_ROUTE_REF_H
#define ROUTING_TEXT_ROUTE_REF_H

#include "common/cfg_schema.h"

/* Of the tenant. */
extern const struct cfg_ref route_ref_connection;
extern const struct cfg_ref route_ref_from; /* ... or `users`, `tenants` */
extern const struct cfg_ref route_ref_group;
/* Of users: not what holds a capture, nor what looks like a number. */
extern const struct cfg_ref route_ref_user;
/* Of the tenant, or shared by all. */
extern const struct cfg_ref route_ref_network;
extern const struct cfg_ref route_ref_region;
extern const struct cfg_ref route_ref_schedule;
extern const struct cfg_ref route_ref_numbers;
extern const struct cfg_ref route_ref_tenant;

/* In `tests`: what is only tested is not used. */
extern const struct cfg_ref route_ref_test_from;

#endif
