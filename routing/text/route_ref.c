/*
 * route_ref.c  What the texts of routing.yaml may name
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "routing/text/route_ref.h"

static bool is_many(const char *text)
{
	return !strcmp(text, "users") || !strcmp(text, "tenants");
}

/* A template is known when it is used, and numbers are those of users. */
static bool is_no_name(const char *text)
{
	return strpbrk(text, "\\$") || strchr("+*#0123456789", text[0]);
}

const struct cfg_ref route_ref_connection = {.what = "connection",
					     .maps = {"connections"}};
const struct cfg_ref route_ref_from = {
	.what = "connection", .maps = {"connections"}, .other = is_many};
const struct cfg_ref route_ref_group = {.what = "group", .maps = {"groups"}};
const struct cfg_ref route_ref_user = {
	.what = "user", .maps = {"users"}, .other = is_no_name,
	.open_if = "users_in_redis"};
const struct cfg_ref route_ref_network = {.what = "network",
					  .maps = {"networks"}};
const struct cfg_ref route_ref_region = {.what = "region",
					 .maps = {"regions"}};
const struct cfg_ref route_ref_schedule = {.what = "schedule",
					   .maps = {"schedules"}};
const struct cfg_ref route_ref_numbers = {.what = "number table",
					  .maps = {"numbers"}};
const struct cfg_ref route_ref_tenant = {.what = "tenant",
					 .maps = {"tenants"}};

const struct cfg_ref route_ref_test_from = {.what = "connection",
					    .maps = {"connections"},
					    .other = is_many,
					    .weak = true};
