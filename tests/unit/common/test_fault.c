/*
 * test_fault.c  Fault points: what the environment asks for, where and when
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/fault.h"
#include "tests/lib/test.h"

static void ask(const char *text, const char *proc, uint32_t incarnation)
{
	if (text)
		setenv("CORDBOARD_FAULT", text, 1);
	else
		unsetenv("CORDBOARD_FAULT");
	fault_process(proc, incarnation);
}

static void nothing_asked_is_nothing_done(void)
{
	ask(NULL, "sigd/1", 1);
	CHECK_INT(fault_point("state.write"), 0);
	CHECK_INT(fault_none(), 0);
}

static void errno_is_yielded_at_its_point_alone(void)
{
	ask("state.write=errno:ENOSPC,b=errno:5", "sigd/1", 1);
	CHECK_INT(fault_point("state.write"), ENOSPC);
	CHECK_INT(fault_point("state.write"), ENOSPC);
	CHECK_INT(fault_point("state.writ"), 0);
	CHECK_INT(fault_point("b"), EIO);
}

static void nth_pass_is_counted(void)
{
	ask("a=errno:EIO@3", "sigd/1", 1);
	CHECK_INT(fault_point("a"), 0);
	CHECK_INT(fault_point("b"), 0);
	CHECK_INT(fault_point("a"), 0);
	CHECK_INT(fault_point("a"), EIO);
	CHECK_INT(fault_point("a"), 0);
}

static void successor_is_spared_unless_asked(void)
{
	ask("a=errno:EIO,b=errno:EIO@1+", "sigd/1", 2);
	CHECK_INT(fault_point("a"), 0);
	CHECK_INT(fault_point("b"), EIO);
}

static void other_processes_are_spared(void)
{
	ask("sigd/1:a=errno:EIO,mediad/2:b=errno:EIO", "mediad/2", 1);
	CHECK_INT(fault_point("a"), 0);
	CHECK_INT(fault_point("b"), EIO);
}

static void delay_waits(void)
{
	struct timespec t0, t1;

	ask("a=delay:30", "sigd/1", 1);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	CHECK_INT(fault_point("a"), 0);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	CHECK((t1.tv_sec - t0.tv_sec) * 1000 +
		      (t1.tv_nsec - t0.tv_nsec) / 1000000 >=
	      29);
}

static void busy_takes_processor_time(void)
{
	struct timespec t0, t1;

	ask("a=busy:20", "sigd/1", 1);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t0);
	CHECK_INT(fault_point("a"), 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t1);
	CHECK((t1.tv_sec - t0.tv_sec) * 1000000 +
		      (t1.tv_nsec - t0.tv_nsec) / 1000 >=
	      20000);
}

static void hold_waits_for_the_end_of_a_file(void)
{
	char path[200], text[300];
	int fd, ready[2], status = -1;
	char c = 0;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/hold-XXXXXX", test_tmpdir());
	fd = mkstemp(path);
	REQUIRE(fd >= 0 && !pipe(ready));
	close(fd);
	snprintf(text, sizeof(text), "a=hold:%s@2", path);
	pid = fork();
	if (!pid) {
		ask(text, "sigd/1", 1);
		(void)fault_point("a");
		(void)!write(ready[1], &c, 1);
		(void)fault_point("a");
		_exit(0);
	}
	CHECK_INT(read(ready[0], &c, 1), 1);
	(void)nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
	CHECK_INT(waitpid(pid, &status, WNOHANG), 0);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	close(ready[0]);
	close(ready[1]);
}

/* How a child ends that passes point "a" under this request. */
static int status_of(const char *text)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		close(STDERR_FILENO);
		ask(text, "sigd/1", 1);
		(void)fault_point("a");
		_exit(0);
	}
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	return status;
}

static void kill_and_abort_end_the_process(void)
{
	int status = status_of("a=kill");

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	status = status_of("a=abort");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	CHECK_INT(status_of("a=kill@2"), 0);
}

static void request_that_cannot_be_read_ends_the_process(void)
{
	static const char *const bad[] = {
		"a",
		"a=",
		"=kill",
		"a=die",
		"a=errno:",
		"a=errno:EWHAT",
		"a=errno:0",
		"a=delay:x",
		"a=delay:60001",
		"a=busy:60001",
		"a=hold:file",
		"a=kill@0",
		"a=kill@x",
		"a=kill,b",
		"sigd/1:=kill",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int status = status_of(bad[i]);

		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 78);
	}
}

TEST_MAIN(TEST(nothing_asked_is_nothing_done),
	  TEST(errno_is_yielded_at_its_point_alone), TEST(nth_pass_is_counted),
	  TEST(successor_is_spared_unless_asked),
	  TEST(other_processes_are_spared), TEST(delay_waits), TEST(busy_takes_processor_time),
	  TEST(hold_waits_for_the_end_of_a_file),
	  TEST(kill_and_abort_end_the_process),
	  TEST(request_that_cannot_be_read_ends_the_process))
