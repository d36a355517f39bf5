/*
 * test_vitals.c  How a process is doing
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <unistd.h>
#include <re.h>

#include "common/vitals.h"
#include "common/wheel.h"
#include "tests/lib/test.h"

static void a_late_deadline_is_seen(void)
{
	struct vitals_figures figures = {0};
	struct vitals *vitals = NULL;
	struct wheel *wheel = NULL;

	REQUIRE(!wheel_alloc(&wheel, 1000));
	REQUIRE(!vitals_alloc(&vitals, wheel, &figures));
	wheel_advance(wheel, 1000 + VITALS_SAMPLE_MS);
	CHECK_INT(figures.lag.count[0], 1);
	CHECK_INT(figures.lag.sum, 0);
	/* 60 ms too late */
	wheel_advance(wheel, 1000 + 2 * VITALS_SAMPLE_MS + 60);
	CHECK_INT(figures.lag.count[6], 1);
	CHECK_INT(figures.lag.sum, 60);
	mem_deref(vitals);
	mem_deref(wheel);
}

static void a_process_tells_of_itself(void)
{
	struct vitals_figures figures = {0};
	struct vitals *vitals = NULL;
	struct wheel *wheel = NULL;
	int64_t before;
	int fd;

	REQUIRE(!wheel_alloc(&wheel, 1000));
	REQUIRE(!vitals_alloc(&vitals, wheel, &figures));
	vitals_fill(vitals);
	before = figures.fds_open;
	CHECK(figures.memory > 100000 && before >= 3 && before < 1000);
	CHECK(figures.cpu_us > 0 && figures.started > 1700000000);
	CHECK(figures.fds_max == -1 || figures.fds_max >= before);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	vitals_fill(vitals);
	CHECK_INT(figures.fds_open, before + 1);
	close(fd);
	mem_deref(vitals);
	mem_deref(wheel);
}

TEST_MAIN(TEST(a_late_deadline_is_seen), TEST(a_process_tells_of_itself))
