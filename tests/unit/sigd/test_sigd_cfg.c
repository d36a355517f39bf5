/*
 * test_sigd_cfg.c  sigd.yaml: the example, defaults, mistakes, the page
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <re.h>

#include "common/worker.h"
#include "sigd/sigd_cfg.h"
#include "sigd/transport/flow.h"
#include "tests/lib/test.h"

static int load(struct sigd_cfg **cfgp, const char *text, char *why,
		size_t size)
{
	struct cfg_errors *errs = NULL;
	char path[300];
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "%s/sigd.yaml", test_tmpdir());
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	CHECK(!cfg_errors_alloc(&errs));
	err = sigd_cfg_load(cfgp, path, errs);
	re_snprintf(why, size, "%H", cfg_errors_print, errs);
	mem_deref(errs);
	return err;
}

static void the_file_that_we_ship_is_fine(void)
{
	struct cfg_errors *errs = NULL;
	struct sigd_cfg *cfg = NULL;

	CHECK(!cfg_errors_alloc(&errs));
	CHECK(!sigd_cfg_load(&cfg, "conf/sigd.yaml", errs));
	if (cfg_errors_count(errs))
		re_printf("# %H", cfg_errors_print, errs);
	if (cfg) {
		CHECK_INT(cfg->workers, 2);
		CHECK_STR(cfg->routing, "conf/routing.yaml");
		CHECK_INT(cfg->listeners[0].kind, FLOW_WSS);
		CHECK_INT(cfg->sip.t1_ms, 500);
	}
	mem_deref(cfg);
	mem_deref(errs);
}

static void mistakes_are_told_with_their_place(void)
{
	struct sigd_cfg *cfg = NULL;
	char why[2000];

	CHECK_INT(load(&cfg,
		       "keys: k\nrouting: r\nredis: {path: /x}\nworkres: 2\n"
		       "listeners:\n  - {name: a, transport: upd, "
		       "bind: 127.0.0.1:5060}\n",
		       why, sizeof(why)),
		  EINVAL);
	CHECK(strstr(why, "sigd.yaml:4:1: "));
	CHECK(strstr(why, "did you mean \"workers\""));
	CHECK(strstr(why, "sigd.yaml:6:"));
	CHECK(strstr(why, "did you mean \"udp\""));
}

static void wss_needs_a_certificate(void)
{
	struct sigd_cfg *cfg = NULL;
	char why[2000];

	CHECK_INT(load(&cfg,
		       "keys: k\nrouting: r\nredis: {path: /x}\nlisteners:\n"
		       "  - {name: a, transport: wss, bind: 127.0.0.1:1}\n",
		       why, sizeof(why)),
		  EINVAL);
	CHECK(strstr(why, "wss needs certificate and private_key"));
}

static void a_token_that_can_be_guessed_is_refused(void)
{
	struct sigd_cfg *cfg = NULL;
	char why[2000];

	CHECK_INT(load(&cfg,
		       "keys: k\nrouting: r\nredis: {path: /x}\nlisteners:\n"
		       "  - {name: a, transport: udp, bind: 127.0.0.1:1}\n"
		       "admin: {token: short}\n",
		       why, sizeof(why)),
		  EINVAL);
	CHECK(strstr(why, "sigd.yaml:6:"));
	CHECK(!strstr(why, "short"));
}

/* The admin process has one of the sockets that a parent can hold. */
static void listeners_leave_room_for_that_of_the_admin(void)
{
	struct sigd_cfg *cfg = NULL;
	char text[4000], why[2000];
	size_t n = 0;

	n += (size_t)snprintf(text, sizeof(text), "keys: k\nrouting: r\n"
			      "redis: {path: /x}\nlisteners:\n");
	for (int i = 0; i < WORKER_SOCKS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "  - {name: l%d, transport: udp, "
				      "bind: 127.0.0.1:%d}\n", i, 5060 + i);
	CHECK_INT(load(&cfg, text, why, sizeof(why)), EINVAL);
	CHECK(strstr(why, "listeners") && strstr(why, "31"));
	mem_deref(cfg);
}

static void the_reference_page_is_what_the_code_describes(void)
{
	uint8_t *page = test_read_file("docs/config-sigd.md", NULL);
	char *now = NULL;

	REQUIRE(page);
	CHECK(!re_sdprintf(&now, "%H", cfg_schema_print_markdown,
			   &sigd_cfg_table));
	/* sigd --reference > docs/config-sigd.md */
	CHECK_STR((const char *)page, now);
	mem_deref(now);
	mem_deref(page);
}

TEST_MAIN(TEST(the_file_that_we_ship_is_fine),
	  TEST(mistakes_are_told_with_their_place),
	  TEST(wss_needs_a_certificate),
	  TEST(a_token_that_can_be_guessed_is_refused),
	  TEST(listeners_leave_room_for_that_of_the_admin),
	  TEST(the_reference_page_is_what_the_code_describes))
