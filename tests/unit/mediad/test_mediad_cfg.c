/*
 * test_mediad_cfg.c  conf/mediad.yaml as plain data
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "common/log.h"
#include "common/redis_link.h"
#include "mediad/mediad_cfg.h"
#include "mediad/sdp/sdp_model.h"
#include "mediad/transport/reach.h"
#include "tests/lib/test.h"

#define LEAST                                             \
	"interfaces: [{name: public, bind: 192.0.2.1}]\n" \
	"keys: /k\n"

/* Loads a text; the errors stand in a static text. */
static struct mediad_cfg *load(const char *text, const char **errors)
{
	static char out[4096];
	struct mediad_cfg *cfg = NULL;
	struct cfg_errors *errs = NULL;
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/mediad.yaml", test_tmpdir());
	file = fopen(path, "w");
	if (!file || cfg_errors_alloc(&errs)) {
		*errors = "no file or memory";
		return NULL;
	}
	fputs(text, file);
	fclose(file);
	CHECK(!mediad_cfg_load(&cfg, path, errs) == !cfg_errors_count(errs));
	re_snprintf(out, sizeof(out), "%H", cfg_errors_print, errs);
	*errors = out;
	mem_deref(errs);
	return cfg;
}

static void a_module_is_there_and_is_one(void)
{
	const char *errors;
	struct mediad_cfg *cfg =
		load(LEAST "codec_modules: [/nonexistent/g729.so]\n", &errors);

	CHECK(!cfg);
	if (!CHECK(strstr(errors, ":3:17: ") && strstr(errors, "codec module")))
		printf("# %s\n", errors);
	mem_deref(cfg);
	cfg = load(LEAST "codec_modules: [g729.so]\n", &errors);
	CHECK(!cfg && strstr(errors, "begins with /"));
	mem_deref(cfg);
	cfg = load(LEAST "codec_modules: []\n", &errors);
	CHECK_STR(errors, "");
	CHECK(cfg && !cfg->nmodules);
	mem_deref(cfg);
}

static void networks_say_where_media_may_go(void)
{
	const char *errors;
	struct mediad_cfg *cfg =
		load(LEAST "networks: {deny: [10.0.0.0/8, fd00::/8], "
			   "allow: [10.1.2.0/24], candidates: [host, relay]}\n",
		     &errors);
	struct reach reach;
	struct sa addr;

	CHECK_STR(errors, "");
	REQUIRE(cfg);
	mediad_cfg_reach(&reach, &cfg->networks);
	sa_set_str(&addr, "10.1.2.3", 4000);
	CHECK_INT(reach_ask(&reach, &addr), REACH_ALLOWED);
	sa_set_str(&addr, "fd00::3", 4000);
	CHECK_INT(reach_ask(&reach, &addr), REACH_DENIED);
	CHECK(reach.no_types >> SDPM_SRFLX & 1);
	CHECK(!(reach.no_types >> SDPM_RELAY & 1));
	mem_deref(cfg);
	cfg = load(LEAST, &errors);
	REQUIRE(cfg);
	mediad_cfg_reach(&reach, &cfg->networks);
	CHECK_INT(reach_ask(&reach, &addr), REACH_UNSAID);
	CHECK_INT(reach.no_types, 0);
	mem_deref(cfg);
	cfg = load(LEAST "networks: {deny: [10.0.0.0/33]}\n", &errors);
	CHECK(!cfg && errors[0]);
	mem_deref(cfg);
}

static void the_file_that_we_ship_is_fine(void)
{
	struct mediad_cfg *cfg = NULL;
	struct cfg_errors *errs = NULL;
	struct redis_cfg redis;

	REQUIRE(cfg_errors_alloc(&errs) == 0);
	CHECK_INT(mediad_cfg_load(&cfg, "conf/mediad.yaml", errs), 0);
	REQUIRE(cfg);
	CHECK_INT(cfg->workers, 2);
	CHECK(cfg->node && cfg->node[0]);
	CHECK_INT(cfg->nifaces, 1);
	CHECK_STR(cfg->ifaces[0].name, "public");
	CHECK_INT(cfg->ifaces[0].browser_port_base, 40000);
	CHECK_STR(cfg->file, "conf/mediad.yaml");
	mediad_cfg_redis(&redis, cfg);
	CHECK_STR(redis.path, "/run/redis/redis-server.sock");
	CHECK_STR(cfg->keys, "conf/keys");
	CHECK_STR(cfg->state_dir, "/dev/shm/cordboard");
	CHECK_INT(cfg->drain_ms, 3600000);
	mem_deref(cfg);
	mem_deref(errs);
}

static void little_is_needed_and_the_rest_has_defaults(void)
{
	const char *errors;
	struct mediad_cfg *cfg = load(LEAST, &errors);

	CHECK_STR(errors, "");
	REQUIRE(cfg);
	CHECK_INT(cfg->workers, 1);
	CHECK_STR(cfg->redis.host, "127.0.0.1");
	CHECK_INT(cfg->redis.port, 6379);
	CHECK(!cfg->redis.path);
	CHECK_STR(cfg->state_dir, "/dev/shm/cordboard");
	CHECK_INT(cfg->log_level, LOG_L_INFO);
	CHECK_INT(cfg->limits.sessions, 2000);
	CHECK_INT(cfg->limits.setup_ms, 60000);
	CHECK_INT(sa_port(&cfg->admin.bind), 8081);
	CHECK(sa_cmp(&cfg->ifaces[0].bind, &cfg->ifaces[0].advertise, SA_ALL));
	mem_deref(cfg);
}

static void mistakes_are_told_with_their_place(void)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"keys: /k\n", "interfaces"},
		{LEAST "worker: 2\n", "did you mean \"workers\"?"},
		{LEAST "node: A_1\n", "1 to 16 characters"},
		{LEAST "workers: 0\n", "workers"},
		{LEAST "log_level: inf\n", "did you mean \"info\"?"},
		{LEAST "redis: {user: x}\n", "a user needs a password"},
		{LEAST "srtp: nss\n", "srtp"},
		{LEAST "drain: 1\n", "drain"},
		{"keys: /k\ninterfaces:\n  - {name: in, bind: 0.0.0.0}\n",
		 "3:5: in: advertise is needed"},
		{"keys: /k\ninterfaces:\n  - {name: in, bind: '192.0.2.1:5'}\n",
		 "ports come from browser_port_base"},
		{"keys: /k\nworkers: 9\ninterfaces:\n"
		 "  - {name: in, bind: 192.0.2.1, browser_port_base: 65530}\n",
		 "leaves no ports for 9 workers"},
		{"keys: /k\nworkers: 2\ninterfaces:\n"
		 "  - {name: in, bind: 192.0.2.1, browser_port_base: 4000}\n"
		 "  - {name: out, bind: 0.0.0.0, advertise: 192.0.2.2, "
		 "browser_port_base: 4001}\n",
		 "out: its ports are those of \"in\""},
		{"keys: /k\ninterfaces:\n"
		 "  - {name: in, bind: 192.0.2.1, rtp_ports: [30000]}\n",
		 "rtp_ports"},
		{"keys: /k\ninterfaces:\n"
		 "  - {name: in, bind: 192.0.2.1, rtp_ports: [80, 90]}\n",
		 "rtp_ports"},
		{"keys: /k\nworkers: 3\ninterfaces:\n"
		 "  - {name: in, bind: 192.0.2.1, rtp_ports: [30001, "
		 "30006]}\n",
		 "in: rtp_ports has no pair of ports for each of 3 workers"},
		{"keys: /k\ninterfaces:\n"
		 "  - {name: in, bind: 192.0.2.1, rtp_ports: [30010, "
		 "30000]}\n",
		 "no pair of ports"},
		{"keys: /k\ninterfaces:\n"
		 "  - {name: in, bind: 192.0.2.1, rtp_ports: [30000, "
		 "40000]}\n",
		 "in: rtp_ports holds those for browsers"},
		{"keys: /k\ninterfaces:\n"
		 "  - {name: in, bind: 192.0.2.1, rtp_ports: [30000, "
		 "30009]}\n"
		 "  - {name: out, bind: 0.0.0.0, advertise: 192.0.2.2, "
		 "browser_port_base: 30005}\n",
		 "out: its ports are those of \"in\""},
		{LEAST "limits: {media_timeout: 500ms}\n", "media_timeout"},
		{"keys: /k\ninterfaces:\n"
		 "  - {name: in, bind: 192.0.2.1, browsers: false}\n",
		 "in: serves neither browsers nor"},
		{"keys: /k\ninterfaces:\n"
		 "  - {name: in, bind: 192.0.2.1, browsers: false, "
		 "rtp_ports: [30000, 30009]}\n",
		 "none of them serves browsers"},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		const char *errors;
		struct mediad_cfg *cfg = load(cases[i].text, &errors);

		CHECK(!cfg);
		if (!strstr(errors, cases[i].error))
			printf("# %s -> %s", cases[i].text, errors);
		CHECK(strstr(errors, cases[i].error));
		CHECK(strstr(errors, "mediad.yaml:"));
		mem_deref(cfg);
	}
}

static void neighbours_may_share_an_address(void)
{
	const char *errors;
	struct mediad_cfg *cfg = load(
		"keys: /k\nworkers: 2\ninterfaces:\n"
		"  - {name: in, bind: 192.0.2.1, browser_port_base: 4000}\n"
		"  - {name: out, bind: 192.0.2.1, browser_port_base: 4002}\n"
		"  - {name: six, bind: '2001:db8::1', browser_port_base: "
		"4000}\n",
		&errors);

	CHECK_STR(errors, "");
	REQUIRE(cfg);
	CHECK_INT(cfg->nifaces, 3);
	mem_deref(cfg);
}

static void browsers_and_pbxs_may_have_interfaces_of_their_own(void)
{
	const char *errors;
	struct mediad_cfg *cfg =
		load("keys: /k\nworkers: 4\ninterfaces:\n"
		     "  - {name: out, bind: 192.0.2.1}\n"
		     "  - {name: in, bind: 10.0.0.1, browsers: false,\n"
		     "     rtp_ports: [30000, 40003]}\n"
		     "  - {name: six, bind: '2001:db8::1', rtp_ports: [30000, "
		     "30100]}\n",
		     &errors);

	CHECK_STR(errors, "");
	REQUIRE(cfg);
	CHECK(cfg->ifaces[0].browsers && !cfg->ifaces[1].browsers);
	CHECK_INT(cfg->ifaces[0].nrtp_ports, 0);
	CHECK_INT(cfg->ifaces[1].nrtp_ports, 2);
	CHECK_INT(cfg->ifaces[1].rtp_ports[0], 30000);
	CHECK_INT(cfg->ifaces[1].rtp_ports[1], 40003);
	CHECK_INT(cfg->limits.media_ms, 60000);
	mem_deref(cfg);
}

TEST_MAIN(TEST(the_file_that_we_ship_is_fine),
	  TEST(networks_say_where_media_may_go),
	  TEST(a_module_is_there_and_is_one),
	  TEST(browsers_and_pbxs_may_have_interfaces_of_their_own),
	  TEST(little_is_needed_and_the_rest_has_defaults),
	  TEST(mistakes_are_told_with_their_place),
	  TEST(neighbours_may_share_an_address))
