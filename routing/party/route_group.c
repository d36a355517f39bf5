/*
 * route_group.c  The groups of a tenant: their description, checked
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"
#include "routing/route_group.h"
#include "routing/text/route_index.h"
#include "routing/text/route_ref.h"

enum {
	DECIMALS = 6, /* of a cost */
	COST_MAX = 4000,
};

bool route_cost_read(uint32_t *cost, const char *text)
{
	const size_t whole = strspn(text, "0123456789");
	const char *rest = text + whole;
	uint64_t num = 0;
	size_t n = 0;

	if (!whole || whole > 4)
		return false;
	for (size_t i = 0; i < whole; i++)
		num = num * 10 + (uint64_t)(text[i] - '0');
	if (*rest == '.')
		n = strspn(++rest, "0123456789");
	if (rest[n] || n > DECIMALS || (rest != text + whole && !n))
		return false;
	for (size_t i = 0; i < DECIMALS; i++)
		num = num * 10 + (uint64_t)(i < n ? rest[i] - '0' : 0);
	if (num > COST_MAX * 1000000ull)
		return false;
	*cost = (uint32_t)num;
	return true;
}

static bool check_cost(const char *text, char *why, size_t size)
{
	uint32_t cost;

	if (route_cost_read(&cost, text))
		return true;
	str_ncpy(why, "a number from 0 to 4000 with up to six decimals", size);
	return false;
}

/* clang-format off */
static const struct cfg_choice orders[] = {
	{"priority", ROUTE_BY_PRIORITY,
	 "The lowest `priority` first; equal ones as they stand here."},
	{"weight", ROUTE_BY_WEIGHT,
	 "By `priority`; of equal ones each comes first as often as its "
	 "`weight` says (RFC 2782)."},
	{"least-cost", ROUTE_BY_COST,
	 "The cheapest for the number first; of equal ones by `priority` and "
	 "`weight`."},
	{"nearest", ROUTE_BY_DISTANCE,
	 "Those of the region of who calls first, then as `near` says, then "
	 "those without a region, then all others; of equal ones by "
	 "`priority` and `weight`."},
	{"round-robin", ROUTE_BY_TURN,
	 "By `priority`; equal ones take turns, in each worker by itself."},
	{NULL, 0, NULL},
};

#define MEMBER(member) CFG_AT(struct route_member, member)
static const struct cfg_field member_fields[] = {
	{.type = CFG_POS, MEMBER(pos)},
	{"connection", CFG_STRING, MEMBER(name), .min = 1,
	 .max = ROUTE_CONN_MAX, .flags = CFG_F_REQUIRED, 
	 .ref = &route_ref_connection,
	 .help = "A connection of this tenant.", .example = "carrier_a"},
	{"priority", CFG_INT, MEMBER(priority), .min = 0, .max = 65535,
	 .def = "0", .help = "The lowest is tried first."},
	{"weight", CFG_INT, MEMBER(weight), .min = 0, .max = 65535,
	 .def = "1",
	 .help = "Its share among those of the same priority; 0: only when "
		 "all that have one have failed."},
	{"cost", CFG_STRING, MEMBER(cost_text), .min = 1, .max = 16,
	 .check = check_cost, .pattern = "^[0-9]{1,4}([.][0-9]{1,6})?$",
	 .help = "What a minute costs, for `least-cost`: one number for all "
		 "that is called. None, and no `rates`: it comes last.",
	 .example = "0.0125"},
	{"rates", CFG_STRING, MEMBER(rates), .min = 1, .max = 64,
	 .ref = &route_ref_numbers,
	 .help = "A table of `numbers` that has the costs by prefix; a number "
		 "that is not in it is not served.",
	 .example = "carrier_a_rates"},
	{"attribute", CFG_STRING, MEMBER(attribute), .min = 1, .max = 64,
	 .def = "cost", .help = "The column of `rates` with the costs."},
	{"region", CFG_STRING, MEMBER(region), .min = 1, .max = 64,
	 .ref = &route_ref_region,
	 .help = "Of `regions`, for `nearest`: where it is; none: it is as "
		 "good from everywhere.", .example = "eu"},
	CFG_END,
};

static const struct cfg_table member_table = {
	sizeof(struct route_member), "a member", member_fields,
	"A connection of the group.", 0};

static const struct cfg_field member_item = {
	.type = CFG_TABLE, .table = &member_table};

static const struct cfg_field region_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 64,
	.ref = &route_ref_region,
};

static const struct cfg_field near_item = {
	.type = CFG_LIST, CFG_ITEMS(struct route_near, next, nnext),
	.item = &region_item, .min = 1, .max = ROUTE_NEAR_MAX,
};

#define GROUP(member) CFG_AT(struct route_group, member)
static const struct cfg_field group_fields[] = {
	{.type = CFG_POS, GROUP(pos)},
	{"order", CFG_ENUM, GROUP(order), .choices = orders,
	 .def = "priority", .help = "Who is tried first."},
	{"members", CFG_LIST,
	 CFG_ITEMS(struct route_group, members, nmembers),
	 .item = &member_item, .min = 1, .max = ROUTE_MEMBERS_MAX,
	 .flags = CFG_F_REQUIRED, .help = "Its connections."},
	{"near", CFG_MAP, CFG_ITEMS(struct route_group, near, nnear),
	 CFG_KEY(struct route_near, region), .item = &near_item,
	 .ref = &route_ref_region,
	 .max = ROUTE_NEAR_MAX,
	 .help = "For `nearest`, by region: the regions that come behind it, "
		 "the nearest first.", .example = "{eu: [us, ap]}"},
	{"failover", CFG_TABLE, GROUP(failover),
	 .table = &route_failover_table,
	 .help = "When the next member is tried."},
	CFG_END,
};

static const struct cfg_table group_table = {
	sizeof(struct route_group), "a group", group_fields,
	"Connections that are one target: who takes the call is chosen by "
	"`order` and by how they are doing.", 0};

const struct cfg_field route_group_item = {
	.type = CFG_TABLE, .table = &group_table};
/* clang-format on */

const char *route_order_name(enum route_order order)
{
	for (const struct cfg_choice *c = orders; c->name; c++) {
		if (c->value == (int)order)
			return c->name;
	}
	return "none";
}

/* --- load ----------------------------------------------------------------------- */

static bool is_twice(const struct route_group *group, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++) {
		if (!strcmp(group->members[i].name, group->members[nr].name))
			return true;
	}
	return false;
}

static int refuse(struct cfg_errors *errs, const struct route_member *member,
		  const struct route_group *group, const char *what)
{
	cfg_errors_add(errs, &member->pos, "connection \"%s\" of group \"%s\" %s",
		       member->name, group->name, what);
	return EINVAL;
}

static int load_member(const struct route_tenant *tenant,
		       struct route_group *group, uint32_t nr,
		       struct cfg_errors *errs)
{
	struct route_member *member = &group->members[nr];
	struct pl name;

	member->cost = ROUTE_COST_NONE;
	if (member->cost_text)
		(void)route_cost_read(&member->cost, member->cost_text);
	if (member->cost_text && member->rates)
		return refuse(errs, member, group,
			      "has cost and rates: only one of them counts");
	if (is_twice(group, nr))
		return refuse(errs, member, group, "stands there twice");

	/* that it is there was checked with its description */
	pl_set_str(&name, member->name);
	member->conn = route_connection_find(tenant, &name);
	return member->conn ? 0 : EINVAL;
}

int route_groups_load(struct route_tenant *tenant, struct arena *mem,
		      struct cfg_errors *errs)
{
	int err = route_index_alloc(&tenant->by_group, tenant->ngroups, false);
	int bad = 0;

	for (uint32_t i = 0; i < tenant->ngroups && err != ENOMEM; i++) {
		struct route_group *group = &tenant->groups[i];

		err = route_index_add(tenant->by_group, group->name, group);
		err = err ? err : route_failover_load(&group->failover, mem);
		for (uint32_t k = 0; k < group->nmembers && !err; k++)
			bad |= load_member(tenant, group, k, errs);
	}
	return err ? err : bad ? EINVAL : 0;
}

const struct route_group *route_group_find(const struct route_tenant *tenant,
					   const struct pl *name)
{
	return tenant ? route_index_find(tenant->by_group, name) : NULL;
}
