/*
 * test_cfg_scope.c  Names that refer to others: found, meant, never used
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/cfg_tree.h"
#include "tests/lib/test.h"

struct entry {
	const char *name;
	uint32_t cost;
};

struct route {
	const char *to;
	const char **from;
	uint32_t nfrom;
	struct entry *costs;
	uint32_t ncosts;
	const char *expect;
};

struct tenant {
	const char *name;
	struct entry *pbxs, *groups;
	uint32_t npbxs, ngroups;
	struct route *routes;
	uint32_t nroutes;
};

struct file {
	struct arena *mem;
	struct entry *pbxs;
	uint32_t npbxs;
	struct tenant *tenants;
	uint32_t ntenants;
};

static bool is_users(const char *text)
{
	return !strcmp(text, "users");
}

static const struct cfg_ref pbx_ref = {"PBX", {"pbxs"}, .other = is_users};
static const struct cfg_ref any_ref = {.what = "PBX or group",
				       .maps = {"pbxs", "groups"}};
static const struct cfg_ref weak_ref = {"PBX", {"pbxs"}, .weak = true};

static const struct cfg_field cost_item = {.type = CFG_INT,
					   CFG_AT(struct entry, cost)};
static const struct cfg_field pbx_item = {
	.type = CFG_STRING, .size = sizeof(char *), .ref = &pbx_ref};
static const struct cfg_field route_fields[] = {
	{"to", CFG_STRING, CFG_AT(struct route, to), .ref = &any_ref},
	{"from", CFG_LIST, CFG_ITEMS(struct route, from, nfrom),
	 .item = &pbx_item, .flags = CFG_F_ALONE},
	{"costs", CFG_MAP, CFG_ITEMS(struct route, costs, ncosts),
	 CFG_KEY(struct entry, name), .item = &cost_item, .ref = &pbx_ref},
	{"expect", CFG_STRING, CFG_AT(struct route, expect), .ref = &weak_ref},
	CFG_END,
};
static const struct cfg_table route_table = {sizeof(struct route), "a route",
					     route_fields, NULL, 0};
static const struct cfg_field route_item = {.type = CFG_TABLE,
					    .table = &route_table};
static const struct cfg_field tenant_fields[] = {
	{"routes", CFG_LIST, CFG_ITEMS(struct tenant, routes, nroutes),
	 .item = &route_item},
	{"pbxs", CFG_MAP, CFG_ITEMS(struct tenant, pbxs, npbxs),
	 CFG_KEY(struct entry, name), .item = &cost_item,
	 .unused = "nothing leads to it"},
	{"groups", CFG_MAP, CFG_ITEMS(struct tenant, groups, ngroups),
	 CFG_KEY(struct entry, name), .item = &cost_item},
	CFG_END,
};
static const struct cfg_table tenant_table = {sizeof(struct tenant),
					      "a tenant", tenant_fields, NULL,
					      0};
static const struct cfg_field tenant_item = {.type = CFG_TABLE,
					     .table = &tenant_table};
static const struct cfg_field file_fields[] = {
	{"tenants", CFG_MAP, CFG_ITEMS(struct file, tenants, ntenants),
	 CFG_KEY(struct tenant, name), .item = &tenant_item},
	{"pbxs", CFG_MAP, CFG_ITEMS(struct file, pbxs, npbxs),
	 CFG_KEY(struct entry, name), .item = &cost_item,
	 .unused = "no tenant names it"},
	CFG_END,
};
static const struct cfg_table file_table = {CFG_ROOT(struct file), "f.yaml",
					    file_fields, NULL, 0};

static char said[4000];

/* All that is said of a text. */
static const char *say(const char *text, bool earlier)
{
	struct cfg_errors *errs = NULL;
	struct cfg_tree *tree = NULL;
	struct file *file = NULL;
	int err = cfg_errors_alloc(&errs);

	said[0] = '\0';
	if (earlier)
		cfg_errors_add(errs, NULL, "earlier");
	err = err ? err
		  : cfg_tree_parse(&tree, "f", text, strlen(text), NULL, errs);
	err = err ? err : cfg_fill(&file, &file_table, cfg_tree_root(tree),
				   errs);
	CHECK(earlier || !err == !cfg_errors_count(errs));
	CHECK(!err == !!file);
	if (errs)
		re_snprintf(said, sizeof(said), "%H", cfg_errors_print, errs);
	mem_deref(file);
	mem_deref(tree);
	mem_deref(errs);
	return said;
}

#define SHARED "pbxs: {shared: 1}\n"

static void names_are_found_beside_and_around(void)
{
	CHECK_STR(say(SHARED "tenants:\n"
			     "  a:\n"
			     "    routes:\n"
			     "      - {to: own, from: [users, shared]}\n"
			     "      - {to: team, costs: {own: 3}}\n"
			     "    pbxs: {own: 1}\n"
			     "    groups: {team: 1}\n",
		      false),
		  "");
}

static void wrong_names_are_told_with_all_other_errors(void)
{
	CHECK_STR(say(SHARED "tenants:\n"
			     "  a:\n"
			     "    pbxs: {own: 1, lab: 1x}\n"
			     "    routes:\n"
			     "      - {to: owm, from: [user, shraed]}\n"
			     "      - {costs: {labs: 3}, expect: xyz}\n"
			     "  b:\n"
			     "    routes: [{from: lab}]\n",
		      false),
		  "f:4:25: lab: \"1x\" will not do, expected a whole number "
		  "from 0 to 4294967295\n"
		  "f:6:14: to: there is no PBX or group \"owm\", expected one "
		  "of lab, own, shared, did you mean \"own\"?\n"
		  "f:6:26: from: there is no PBX \"user\", expected one of "
		  "lab, own, shared\n"
		  "f:6:32: from: there is no PBX \"shraed\", expected one of "
		  "lab, own, shared, did you mean \"shared\"?\n"
		  "f:7:18: costs: there is no PBX \"labs\", expected one of "
		  "lab, own, shared, did you mean \"lab\"?\n"
		  "f:7:36: expect: there is no PBX \"xyz\", expected one of "
		  "lab, own, shared\n"
		  "f:9:21: from: there is no PBX \"lab\", expected shared\n");
}

static void nothing_to_choose_from_is_said(void)
{
	CHECK_STR(say("tenants: {a: {routes: [{to: pbx}]}}\n", false),
		  "f:1:29: to: there is no PBX or group \"pbx\", and none at "
		  "all\n");
}

static void many_names_are_not_listed(void)
{
	char text[2000] = "tenants: {a: {routes: [{to: n1O}], pbxs: {";
	size_t n = strlen(text);

	for (int i = 10; i < 30; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "n%d: 1, ",
				      i);
	snprintf(text + n, sizeof(text) - n, "}}}\n");
	CHECK_STR(say(text, false), "f:1:29: to: there is no PBX or group "
				    "\"n1O\", did you mean \"n10\"?\n");
}

static void what_nobody_names_is_warned_about(void)
{
	CHECK_STR(say(SHARED "tenants:\n"
			     "  a:\n"
			     "    routes: [{to: own, expect: test}]\n"
			     "    pbxs: {own: 1, test: 1, shared: 2}\n"
			     "    groups: {quiet: 1}\n",
		      false),
		  "f:1:8: warning: pbxs: \"shared\" is never used: no tenant "
		  "names it\n"
		  "f:5:20: warning: pbxs: \"test\" is never used: nothing "
		  "leads to it\n"
		  "f:5:29: warning: pbxs: \"shared\" is never used: nothing "
		  "leads to it\n");
}

static void after_an_error_elsewhere_no_name_is_missed(void)
{
	CHECK_STR(say("tenants: {a: {routes: [{to: pbx}], pbxs: {b: 1}}}\n",
		      true),
		  "earlier\n");
}

static void problems_can_be_taken_one_by_one(void)
{
	const struct cfg_pos pos = {"f", 3, 4};
	struct cfg_errors *errs = NULL;
	struct cfg_problem problem;

	REQUIRE(!cfg_errors_alloc(&errs));
	cfg_errors_warn(errs, &pos, "odd: %d", 7);
	cfg_errors_add(errs, NULL, "bad");
	CHECK_INT(cfg_errors_count(errs), 1);
	CHECK_INT(cfg_errors_warnings(errs), 1);
	REQUIRE(cfg_errors_at(errs, 0, &problem));
	CHECK_STR(problem.text, "odd: 7");
	CHECK_STR(problem.pos.file, "f");
	CHECK(problem.warning && problem.pos.line == 3 && problem.pos.col == 4);
	REQUIRE(cfg_errors_at(errs, 1, &problem));
	CHECK(!problem.warning && !problem.pos.file);
	CHECK(!cfg_errors_at(errs, 2, &problem));
	CHECK(!cfg_errors_at(NULL, 0, &problem));
	mem_deref(errs);
}

static void lines_that_go_with_it_stand_below(void)
{
	struct cfg_errors *errs = NULL;
	struct cfg_problem problem;
	char text[200];

	REQUIRE(!cfg_errors_alloc(&errs));
	cfg_errors_more(errs, "of nothing");
	cfg_errors_add(errs, NULL, "bad");
	cfg_errors_more(errs, "one\n  two\x1b\n");
	re_snprintf(text, sizeof(text), "%H", cfg_errors_print, errs);
	CHECK_STR(text, "bad\n    one\n      two?\n");
	REQUIRE(cfg_errors_at(errs, 0, &problem));
	CHECK_STR(problem.more, "one\n  two?\n");
	cfg_errors_more(NULL, "x");
	mem_deref(errs);
}

static void further_warnings_are_counted(void)
{
	struct cfg_errors *errs = NULL;
	char text[20000];

	REQUIRE(!cfg_errors_alloc(&errs));
	for (int i = 0; i < CFG_ERRORS_MAX + 5; i++)
		cfg_errors_warn(errs, NULL, "w");
	cfg_errors_add(errs, NULL, "e");
	re_snprintf(text, sizeof(text), "%H", cfg_errors_print, errs);
	CHECK(strstr(text, "\ne\nand 5 more warnings\n"));
	mem_deref(errs);
}

static void without_memory_nothing_breaks(void)
{
	(void)say(SHARED "tenants: {a: {routes: [{to: owm, from: users}], "
			 "pbxs: {own: 1}}, b: {pbxs: {c: 1}}}\n",
		  false);
}

TEST_MAIN(TEST(names_are_found_beside_and_around),
	  TEST(wrong_names_are_told_with_all_other_errors),
	  TEST(nothing_to_choose_from_is_said),
	  TEST(many_names_are_not_listed),
	  TEST(what_nobody_names_is_warned_about),
	  TEST(after_an_error_elsewhere_no_name_is_missed),
	  TEST(problems_can_be_taken_one_by_one),
	  TEST(lines_that_go_with_it_stand_below),
	  TEST(further_warnings_are_counted),
	  TEST_OOM(without_memory_nothing_breaks))
