/*
 * test_rest_load.c  A table that takes too long to load holds nobody up
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "sigd/admin/rest_load.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/test.h"

/* The path is the number of a pipe: the load takes until that has a byte. */
static void slow(struct routes_fresh *fresh, const char *path, bool odd)
{
	struct pl pl;
	char byte;
	(void)odd;

	pl_set_str(&pl, path);
	fresh->tests = 7;
	fresh->err = read((int)pl_u32(&pl), &byte, 1) == 1 ? ENOENT : EIO;
}

struct bed {
	struct loop_test lt;
	struct rest_load *load, *own;
	int go[2];
	char path[16];
};

static bool bed_open(struct bed *bed)
{
	bed->load = bed->own = NULL;
	if (!loop_test_open(&bed->lt) || pipe(bed->go))
		return false;
	re_snprintf(bed->path, sizeof(bed->path), "%d", bed->go[0]);
	return !rest_load_alloc(&bed->load, &bed->own, slow, bed->path);
}

static void bed_close(struct bed *bed)
{
	mem_deref(bed->load);
	mem_deref(bed->own);
	close(bed->go[0]);
	close(bed->go[1]);
	loop_test_close(&bed->lt);
}

static bool let_go(struct bed *bed)
{
	return write(bed->go[1], "x", 1) == 1;
}

static bool is_done(void *arg)
{
	return !((const struct bed *)arg)->own;
}

static void what_came_of_it_is_for_who_waited(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	CHECK(bed.own == bed.load);
	CHECK(!loop_test_until(&bed.lt, is_done, &bed, 20));
	CHECK(!rest_load_look(bed.load));
	CHECK(let_go(&bed));
	CHECK(loop_test_until(&bed.lt, is_done, &bed, 10000));
	REQUIRE(rest_load_look(bed.load));
	CHECK_INT(rest_load_look(bed.load)->err, ENOENT);
	CHECK_INT(rest_load_look(bed.load)->tests, 7);
	CHECK_STR(rest_load_version(bed.load), "");
	bed_close(&bed);
}

/* If it waited for the thread, it would do so for good. */
static void who_is_late_goes_at_once(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	bed.load = mem_deref(bed.load);
	CHECK(bed.own != NULL);
	CHECK(!loop_test_until(&bed.lt, is_done, &bed, 20));
	CHECK(let_go(&bed));
	CHECK(loop_test_until(&bed.lt, is_done, &bed, 10000));
	bed_close(&bed);
}

static void at_the_end_the_thread_is_waited_for(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	bed.load = mem_deref(bed.load);
	CHECK(let_go(&bed));
	bed.own = mem_deref(bed.own);
	bed_close(&bed);
}

TEST_MAIN(TEST(what_came_of_it_is_for_who_waited),
	  TEST(who_is_late_goes_at_once),
	  TEST(at_the_end_the_thread_is_waited_for))
