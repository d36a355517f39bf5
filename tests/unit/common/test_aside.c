/*
 * test_aside.c  Work beside the loop, and its result in it
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <unistd.h>
#include <re.h>

#include "common/aside.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/test.h"

struct job {
	pthread_t loop, worker;
	int go[2]; /* the work waits for a byte */
	char *result;
	bool worked, done, done_in_loop;
	struct aside *aside;
	unsigned ticks;
};

static bool job_open(struct job *job)
{
	*job = (struct job){.loop = pthread_self()};
	return !pipe(job->go);
}

static void job_close(struct job *job)
{
	mem_deref(job->aside);
	mem_deref(job->result);
	close(job->go[0]);
	close(job->go[1]);
}

static void work(void *arg)
{
	struct job *job = arg;
	char byte;

	job->worker = pthread_self();
	job->worked = read(job->go[0], &byte, 1) == 1 &&
		      !re_sdprintf(&job->result, "made there");
}

static void on_done(void *arg)
{
	struct job *job = arg;

	job->done = true;
	job->done_in_loop = pthread_equal(pthread_self(), job->loop);
	job->aside = mem_deref(job->aside);
}

static bool is_done(void *arg)
{
	return ((struct job *)arg)->done;
}

/* The loop turns while the work waits; only then it may go on. */
static bool let_go(void *arg)
{
	struct job *job = arg;

	if (++job->ticks == 20 && write(job->go[1], "x", 1) != 1)
		return true;
	return job->done;
}

static void loop_goes_on_while_it_works(void)
{
	struct loop_test lt;
	struct job job;

	REQUIRE(loop_test_open(&lt));
	REQUIRE(job_open(&job));
	CHECK(!aside_alloc(&job.aside, work, on_done, &job));
	CHECK(loop_test_until(&lt, let_go, &job, 10000));
	CHECK(job.ticks >= 20);
	CHECK(job.worked && job.done_in_loop);
	CHECK(!pthread_equal(job.worker, job.loop));
	CHECK_STR(job.result, "made there");
	job_close(&job);
	loop_test_close(&lt);
}

static void who_frees_it_waits_and_hears_nothing(void)
{
	struct loop_test lt;
	struct job job;

	REQUIRE(loop_test_open(&lt));
	REQUIRE(job_open(&job));
	CHECK(!aside_alloc(&job.aside, work, on_done, &job));
	CHECK(write(job.go[1], "x", 1) == 1);
	job.aside = mem_deref(job.aside);
	CHECK(job.worked);
	CHECK(!loop_test_until(&lt, is_done, &job, 20));
	job_close(&job);
	loop_test_close(&lt);
}

static void nothing_is_refused(void)
{
	struct aside *aside = NULL;

	CHECK_INT(aside_alloc(&aside, NULL, on_done, NULL), EINVAL);
	CHECK_INT(aside_alloc(&aside, work, NULL, NULL), EINVAL);
	CHECK_INT(aside_alloc(NULL, work, on_done, NULL), EINVAL);
}

TEST_MAIN(TEST(loop_goes_on_while_it_works),
	  TEST(who_frees_it_waits_and_hears_nothing),
	  TEST(nothing_is_refused))
