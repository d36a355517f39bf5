/*
 * test_route_users.c  Users: names, hashes of their passwords, secrets
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <re.h>

#include "routing/party/route_party.h"
#include "tests/unit/routing/route_fixture.h"

/* md5sum and sha256sum of "alice:one.example:secret" */
#define MD5 "7f7a7cdfbd4c00c852e7b0b9ae7ac60d"
#define SHA256 \
	"0ad1230cda96f5264d3624828847993bec26505b4dfac56c63324182e491f4ec"
#define HEAD                                                         \
	"tenants:\n  t:\n    domains: [a]\n    realm: one.example\n" \
	"    users:\n"

static const struct route_user *user_of(const struct route_table *table,
					const char *name)
{
	return table ? fixture_user(route_tenant_at(table, 0), name) : NULL;
}

/* Of a short one that is refused nothing behind its end was looked at. */
static void what_is_no_name_is_read_to_its_end_alone(void)
{
	char *name = mem_alloc(4, NULL), why[80];

	REQUIRE(name);
	memcpy(name, "a b", 4);
	CHECK(!route_check_user(name, why, sizeof(why)));
	memcpy(name, "a_b", 4);
	CHECK(route_check_user(name, why, sizeof(why)));
	mem_deref(name);
}

static void password_becomes_both_hashes(void)
{
	struct route_table *table =
		fixture_table(HEAD "      alice: {password: secret}\n");
	const struct route_user *user = user_of(table, "alice");

	REQUIRE(user);
	CHECK_STR(user->ha1_md5, MD5);
	CHECK_STR(user->ha1_sha256, SHA256);
	mem_deref(table);
}

/* RFC 7616 section 3.9.1: from these follow the responses printed there. */
static void hashes_are_those_of_rfc_7616(void)
{
	struct route_table *table = fixture_table(
		"tenants:\n  t:\n    domains: [a]\n"
		"    realm: http-auth@example.org\n"
		"    users: {Mufasa: {password: Circle of Life}}\n");
	const struct route_user *user = user_of(table, "Mufasa");

	REQUIRE(user);
	CHECK_STR(user->ha1_md5, "3d78807defe7de2157e2b0b6573a855f");
	CHECK_STR(user->ha1_sha256,
		  "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4"
		  "794232");
	mem_deref(table);
}

static void password_is_wiped_after_the_load(void)
{
	struct route_table *table =
		fixture_table(HEAD "      alice: {password: secret}\n"
				   "      bob: {ha1_md5: " MD5 "}\n");
	const struct route_user *alice = user_of(table, "alice");
	const struct route_user *bob = user_of(table, "bob");

	REQUIRE(alice && bob);
	for (size_t i = 0; i < strlen("secret"); i++)
		CHECK(!alice->password[i]);
	for (size_t i = 0; i < 32; i++)
		CHECK(!bob->given_md5[i]);
	mem_deref(table);
}

static void hashes_may_be_given(void)
{
	struct route_table *table = fixture_table(
		HEAD "      a: {ha1_md5: " MD5 "}\n"
		     "      b: {ha1_sha256: " SHA256 "}\n"
		     "      c: {ha1_md5: ABCDEF0123456789abcdef0123456789, "
		     "ha1_sha256: " SHA256 "}\n");
	const struct route_user *a = user_of(table, "a");
	const struct route_user *b = user_of(table, "b");
	const struct route_user *c = user_of(table, "c");

	CHECK_STR(fixture_errors, "");
	REQUIRE(a && b && c);
	CHECK_STR(a->ha1_md5, MD5);
	CHECK_STR(a->ha1_sha256, "");
	CHECK_STR(b->ha1_md5, "");
	CHECK_STR(b->ha1_sha256, SHA256);
	CHECK_STR(c->ha1_md5, "abcdef0123456789abcdef0123456789");
	CHECK_STR(c->ha1_sha256, SHA256);
	/* what is not known is not asked for */
	CHECK_INT(a->algs, ROUTE_ALG_MD5);
	CHECK_INT(b->algs, ROUTE_ALG_SHA256);
	CHECK_INT(c->algs, ROUTE_ALG_MD5 | ROUTE_ALG_SHA256);
	mem_deref(table);
}

static void a_user_may_have_algorithms_of_its_own(void)
{
	struct route_table *table = fixture_table(
		"tenants:\n  t:\n    domains: [t]\n    realm: r\n"
		"    algorithms: SHA-256\n    users:\n"
		"      a: {password: x}\n"
		"      b: {password: x, algorithms: [MD5]}\n"
		"      c: {password: x, algorithms: [MD5, SHA-256]}\n");

	CHECK_STR(fixture_errors, "");
	CHECK_INT(user_of(table, "a")->algs, ROUTE_ALG_SHA256);
	CHECK_INT(user_of(table, "b")->algs, ROUTE_ALG_MD5);
	CHECK_INT(user_of(table, "c")->algs, ROUTE_ALG_MD5 | ROUTE_ALG_SHA256);
	mem_deref(table);
	CHECK_STR(fixture_errors_of(
			  "tenants:\n  t:\n    domains: [t]\n    realm: r\n"
			  "    algorithms: SHA-256\n    users:\n"
			  "      a: {ha1_md5: " MD5 "}\n"),
		  "r.yaml:7:10: user \"a\" has no ha1 for any of its "
		  "algorithms\n");
}

static void credentials_are_one_or_the_other(void)
{
	CHECK_STR(fixture_errors_of(HEAD "      a: {password: x, ha1_md5: " MD5
					 "}\n"
					 "      b: {display: B}\n"
					 "      c: {}\n"),
		  "r.yaml:6:10: user \"a\" has a password and a ha1, expected "
		  "either password, or ha1_md5 and ha1_sha256 or one of them\n"
		  "r.yaml:7:10: user \"b\" has no credentials, expected "
		  "either password, or ha1_md5 and ha1_sha256 or one of them\n"
		  "r.yaml:8:10: user \"c\" has no credentials, expected "
		  "either password, or ha1_md5 and ha1_sha256 or one of "
		  "them\n");
}

static void hashes_have_their_length(void)
{
	CHECK_STR(fixture_errors_of(HEAD "      a: {ha1_md5: 00ff}\n"
					 "      b: {ha1_sha256: " MD5 "}\n"),
		  "r.yaml:6:20: ha1_md5: the value will not do, expected 32 "
		  "hex digits: MD5 of name:realm:password\n"
		  "r.yaml:7:23: ha1_sha256: the value will not do, expected "
		  "64 hex digits: SHA-256 of name:realm:password\n");
}

/* What the registrar can tell a device that asks. */
static void more_devices_than_an_answer_lists_are_refused(void)
{
	static const char text[] = "tenants:\n"
				   "  t:\n"
				   "    domains: [a]\n"
				   "    realm: r\n"
				   "    users:\n"
				   "      u: {password: p, max_devices: %s}\n";
	char buf[200];

	re_snprintf(buf, sizeof(buf), text, "32");
	CHECK_STR(fixture_errors_of(buf), "");
	re_snprintf(buf, sizeof(buf), text, "33");
	CHECK(strstr(fixture_errors_of(buf), "r.yaml:6:"));
	CHECK(strstr(fixture_errors_of(buf), "0 to 32"));
}

static void secrets_come_from_the_environment(void)
{
	struct route_table *table;
	const struct route_user *user;

	setenv("CB_TEST_ALICE", "secret", 1);
	table = fixture_table(HEAD "      alice: {password: "
				   "\"${CB_TEST_ALICE}\"}\n");
	user = user_of(table, "alice");
	REQUIRE(user);
	CHECK_STR(user->ha1_md5, MD5);
	/* what stood in the environment is not ours to wipe */
	CHECK_STR(getenv("CB_TEST_ALICE"), "secret");
	mem_deref(table);
	unsetenv("CB_TEST_ALICE");
	CHECK_STR(fixture_errors_of(HEAD "      alice: {password: "
					 "\"${CB_TEST_ALICE}\"}\n"),
		  "r.yaml:6:25: password: the environment variable "
		  "CB_TEST_ALICE is not set\n");
}

static void same_name_twice_is_refused(void)
{
	CHECK_STR(fixture_errors_of(HEAD "      a: {password: x}\n"
					 "      a: {password: y}\n"),
		  "r.yaml:7:7: key \"a\" stands twice, first at r.yaml:6:7\n");
}

static void same_name_in_two_tenants_is_two_users(void)
{
	struct route_table *table = fixture_table(
		"tenants:\n"
		"  a: {domains: [a], realm: a, users: {u: {password: x}}}\n"
		"  b: {domains: [b], realm: b, users: {u: {password: x}}}\n");
	const struct route_user *a, *b;

	REQUIRE(table);
	a = fixture_user(fixture_tenant(table, "a"), "u");
	b = fixture_user(fixture_tenant(table, "b"), "u");
	CHECK(a && b && a != b && strcmp(a->ha1_md5, b->ha1_md5));
	mem_deref(table);
}

TEST_MAIN(TEST(what_is_no_name_is_read_to_its_end_alone),
	  TEST(password_becomes_both_hashes),
	  TEST(hashes_are_those_of_rfc_7616),
	  TEST(password_is_wiped_after_the_load), TEST(hashes_may_be_given),
	  TEST(a_user_may_have_algorithms_of_its_own),
	  TEST(credentials_are_one_or_the_other),
	  TEST(hashes_have_their_length),
	  TEST(more_devices_than_an_answer_lists_are_refused),
	  TEST(secrets_come_from_the_environment),
	  TEST(same_name_twice_is_refused),
	  TEST(same_name_in_two_tenants_is_two_users))
