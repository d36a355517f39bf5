/*
 * test_serve.c  A sigd worker's start
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/wheel.h"
#include "sigd/serve.h"
#include "sigd/transport/flow.h"
#include "tests/lib/test.h"

#define KEYS   "1 - 000102030405060708090a0b0c0d0e0f\n"
#define ROUTES "tenants: {t: {domains: [a.test], realm: r, users: {}}}\n"

static void write_file(const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	f = fopen(path, "w");
	if (!CHECK(f))
		return;
	fputs(text, f);
	fclose(f);
	CHECK(!chmod(path, 0600));
}

static int setup_make(struct sigd_setup *setup)
{
	struct cfg_errors *errs = NULL;
	char path[300];
	int err;

	write_file("sigd.yaml", "keys: keys\nrouting: routing.yaml\n"
				"redis: {path: none.sock}\nlisteners:\n"
				"  - {name: a, transport: udp, "
				"bind: 127.0.0.1:5060}\n");
	write_file("keys", KEYS);
	write_file("routing.yaml", ROUTES);
	snprintf(path, sizeof(path), "%s/sigd.yaml", test_tmpdir());
	if (!CHECK(!cfg_errors_alloc(&errs)))
		return ENOMEM;
	err = sigd_cfg_load(&setup->cfg, path, errs);
	if (cfg_errors_count(errs))
		re_printf("# %H", cfg_errors_print, errs);
	mem_deref(errs);
	return err ? err : sigd_files_load(&setup->files, setup->cfg);
}

static void setup_free(struct sigd_setup *setup)
{
	sigd_files_drop(&setup->files);
	mem_deref(setup->cfg);
}

static void bad_files_change_nothing(void)
{
	struct sigd_setup setup = {0};
	struct sigd_files before;

	REQUIRE(!setup_make(&setup));
	before = setup.files;
	write_file("routing.yaml", "tenants: [");
	CHECK_INT(sigd_files_load(&setup.files, setup.cfg), EINVAL);
	write_file("routing.yaml", ROUTES);
	write_file("keys", "");
	CHECK_INT(sigd_files_load(&setup.files, setup.cfg), EINVAL);
	CHECK(setup.files.ring == before.ring);
	CHECK(setup.files.routes == before.routes);
	write_file("keys", KEYS);
	CHECK_INT(sigd_files_load(&setup.files, setup.cfg), 0);
	CHECK(setup.files.routes != before.routes);
	setup_free(&setup);
}

/* Told at the start, by --check and at a reload, not by workers that end. */
static void a_certificate_that_cannot_be_used_is_told(void)
{
	struct sigd_listener_cfg wss = {.name = "w", .kind = FLOW_WSS,
					.certificate = "/nowhere/c",
					.key = "/nowhere/k"};
	struct sigd_listener_cfg *before;
	struct sigd_setup setup = {0};
	char said[1000] = "";
	int fds[2];

	REQUIRE(!setup_make(&setup));
	REQUIRE(!pipe2(fds, O_NONBLOCK));
	before = setup.cfg->listeners;
	setup.cfg->listeners = &wss;
	setup.files.certs = mem_deref(setup.files.certs); /* the start */
	log_fd_set(fds[1]);
	CHECK_INT(sigd_files_load(&setup.files, setup.cfg), EINVAL);
	log_fd_set(-1);
	CHECK(read(fds[0], said, sizeof(said) - 1) > 0);
	CHECK(strstr(said, "/nowhere/c: No such file or directory"));
	setup.cfg->listeners = before;
	setup_free(&setup);
	close(fds[0]);
	close(fds[1]);
}

/* It is started when another one has died, whoever is at work on the files:
 * with what its siblings have. */
static void a_worker_starts_with_what_was_good_last(void)
{
	const struct sigd_events events = {NULL, NULL, NULL};
	struct sigd_setup setup = {0};
	struct worker worker = {.node = "a1", .slot = 1, .cfg = &setup};
	struct sigd *sigd = NULL;

	REQUIRE(!setup_make(&setup));
	write_file("keys", "1 - 00");
	write_file("routing.yaml", "tenants: [");
	REQUIRE(!loop_init(1024));
	REQUIRE(!wheel_alloc(&worker.wheel, loop_now_ms()));
	CHECK_INT(sigd_alloc(&sigd, &worker, &events), 0);
	mem_deref(sigd);
	mem_deref(worker.wheel);
	loop_close();
	setup_free(&setup);
}

static void redis_absent_at_the_start_is_said(void)
{
	const struct sigd_events events = {NULL, NULL, NULL};
	struct sigd_setup setup = {0};
	struct worker worker = {.node = "a1", .slot = 1, .cfg = &setup};
	struct sigd *sigd = NULL;
	char said[1000] = "";
	uint64_t now;
	int fds[2];

	REQUIRE(!setup_make(&setup));
	REQUIRE(!pipe2(fds, O_NONBLOCK));
	REQUIRE(!loop_init(1024));
	now = loop_now_ms();
	REQUIRE(!wheel_alloc(&worker.wheel, now));
	CHECK_INT(sigd_alloc(&sigd, &worker, &events), 0);
	log_fd_set(fds[1]);
	wheel_advance(worker.wheel, now + 1500);
	log_fd_set(-1);
	CHECK(read(fds[0], said, sizeof(said) - 1) > 0);
	CHECK(strstr(said, "lvl=warn"));
	CHECK(strstr(said, "none.sock why=\"No such file or directory\"\n"));
	mem_deref(sigd);
	mem_deref(worker.wheel);
	loop_close();
	setup_free(&setup);
	close(fds[0]);
	close(fds[1]);
}

TEST_MAIN(TEST(bad_files_change_nothing),
	  TEST(a_certificate_that_cannot_be_used_is_told),
	  TEST(a_worker_starts_with_what_was_good_last),
	  TEST(redis_absent_at_the_start_is_said))
