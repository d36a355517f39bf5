/*
 * test_redis_users.c  Users that stand in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "tests/lib/proxy_bed.h"

static void routes_redis(const struct fixture *fix, char *text, size_t size)
{
	(void)fix;
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users_in_redis: true\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "    routes:\n"
		 "      - {name: hide, match: {callee: '9(.*)'}, rewrite: "
		 "{callee: {set: '${1}'}, caller_id: withhold, headers: {add: "
		 "{X-Line: b}}}, to: {continue: true}}\n"
		 "      - {name: fix, match: {callee: '6'}, to: {user: bob}}\n");
}

static void on_set(int err, const struct redis_val *val, void *arg)
{
	CHECK(!err && val->type == REDIS_INT);
	*(bool *)arg = true;
}

static bool is_true(void *arg)
{
	return *(bool *)arg;
}

/* What an operator writes. */
static void put_user(struct fixture *fix, const char *name,
		     const char *password, const char *devices)
{
	const struct pl realm = PL("cordboard");
	struct digest_secret secret;
	struct redis_arg argv[8];
	struct pl user, pass;
	bool done = false;
	char key[64];

	pl_set_str(&user, name);
	pl_set_str(&pass, password);
	CHECK(!digest_secret_make(&secret, &user, &realm, &pass));
	snprintf(key, sizeof(key), "cb:{a:demo/%s}:user", name);
	argv[0] = redis_str("HSET");
	argv[1] = redis_str(key);
	argv[2] = redis_str("ha1_md5");
	argv[3] = redis_str(secret.ha1[DIGEST_MD5]);
	argv[4] = redis_str("ha1_sha256");
	argv[5] = redis_str(secret.ha1[DIGEST_SHA256]);
	argv[6] = redis_str("max_devices");
	argv[7] = redis_str(devices);
	CHECK(!redis_link_send(fix->nodes[0].redis, argv, 8, on_set, &done));
	CHECK(redis_test_until(fix->wheel, 5000, is_true, &done));
}

static bool begin(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_redis};

	return start_cfg(fix, &cfg);
}

static void a_user_in_redis_registers_and_is_called(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.desk, 0, "bob-secret"),
			  401);
		put_user(&fix, "bob", "bob-secret", "1");
		CHECK_INT(register_user(&fix, &fix.desk, 1, "bob-wrong"), 401);
		if (talk(&fix, resp)) {
			put_in_dialog(&fix, resp, "BYE", 3, 1);
			CHECK(expect(&fix, &fix.bob, "BYE"));
			bob_answers(&fix, 200, "");
			CHECK_INT(answer(&fix, &fix.alice), 200);
		}
		/* as many devices as it says */
		CHECK_INT(register_lines(&fix, &fix.pbx[0], "bob-secret",
					 "Contact: <sip:bob@127.0.0.1:9>\r\n"),
			  403);
	}
	stop(&fix);
}

static void the_file_goes_first_and_nobody_is_unavailable(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		put_user(&fix, "alice", "alice-other", "1");
		CHECK_INT(register_user(&fix, &fix.desk, 1, "alice-other"),
			  401);
		CHECK_INT(register_user(&fix, &fix.alice, 1, "alice-secret"),
			  200);
		call(&fix, "nobody");
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
}

static void register_bob(struct fixture *fix)
{
	char lines[128];

	put_user(fix, "bob", "bob-secret", "1");
	snprintf(lines, sizeof(lines), "Contact: <sip:bob@127.0.0.1:%u>\r\n",
		 sa_port(&fix->bob.addr));
	CHECK_INT(register_lines(fix, &fix->bob, "bob-secret", lines), 200);
}

static void what_the_routes_say_counts_for_a_user_in_redis(void)
{
	struct fixture fix;
	char val[512];

	if (begin(&fix)) {
		register_bob(&fix);
		call(&fix, "9bob");
		CHECK(expect(&fix, &fix.bob, "INVITE"));
		header(fix.bob.req, "From", val);
		val[strcspn(val, ";")] = '\0';
		CHECK_STR(val, "\"Anonymous\" "
			       "<sip:anonymous@anonymous.invalid>");
		header(fix.bob.req, "X-Line", val);
		CHECK_STR(val, "b");
		CHECK(!strstr(fix.bob.req, "alice"));
	}
	stop(&fix);
	if (begin(&fix)) {
		register_bob(&fix);
		call(&fix, "6");
		CHECK(expect(&fix, &fix.bob, "INVITE"));
	}
	stop(&fix);
}

TEST_MAIN(TEST(what_the_routes_say_counts_for_a_user_in_redis),
	  TEST(a_user_in_redis_registers_and_is_called),
	  TEST(the_file_goes_first_and_nobody_is_unavailable))
