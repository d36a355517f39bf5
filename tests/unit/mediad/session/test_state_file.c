/*
 * test_state_file.c  The file behind the records: rights, locks, deaths
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <re.h>

#include "common/fault.h"
#include "mediad/session/state_file.h"
#include "tests/lib/test.h"

enum {
	COUNT = 64,
	LEN = 3000
};

static const char *fresh(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	unlink(path);
	return path;
}

/* /dev/shm is open to all: who is there first would own what is in it. */
static void the_folder_is_ours_alone(void)
{
	char dir[300], other[320];

	snprintf(dir, sizeof(dir), "%s/folder", test_tmpdir());
	snprintf(other, sizeof(other), "%s/link", test_tmpdir());
	CHECK_INT(state_dir_make(dir), 0);
	CHECK_INT(state_dir_make(dir), 0);
	CHECK_INT(chmod(dir, 0755), 0);
	CHECK_INT(state_dir_make(dir), 0);
	CHECK_INT(chmod(dir, 01777), 0);
	CHECK_INT(state_dir_make(dir), EPERM);
	CHECK_INT(chmod(dir, 0770), 0);
	CHECK_INT(state_dir_make(dir), EPERM);
	CHECK_INT(chmod(dir, 0700), 0);
	CHECK_INT(symlink(dir, other), 0);
	CHECK_INT(state_dir_make(other), ENOTDIR);
	if (!geteuid()) {
		CHECK_INT(chown(dir, 1, 1), 0);
		CHECK_INT(state_dir_make(dir), EPERM);
	}
	snprintf(other, sizeof(other), "%s/none/below", test_tmpdir());
	CHECK_INT(state_dir_make(other), ENOENT);
}

static void records_outlive_the_process_that_closes(void)
{
	const char *path = fresh("close");
	struct state_file *file = NULL;
	const uint8_t *data;
	uint32_t nr = 99;
	size_t len;

	REQUIRE(state_file_open(&file, path, "a1/1", COUNT) == 0);
	REQUIRE(state_rec_take(file, &nr) == 0);
	CHECK_INT(state_rec_write(file, nr, "hello", 5), 0);
	state_rec_hot(file, nr)->slot.next = 42;
	mem_deref(file);

	file = NULL;
	REQUIRE(state_file_open(&file, path, "a1/1", COUNT) == 0);
	CHECK_INT(state_file_deaths(file), 0);
	CHECK_INT(state_file_used(file), 1);
	nr = 0;
	CHECK_INT(state_rec_next(file, &nr), 0);
	CHECK_INT(state_rec_read(file, nr, &data, &len), 0);
	CHECK(len == 5 && !memcmp(data, "hello", 5));
	CHECK_INT(state_rec_hot(file, nr)->slot.next, 42);
	state_rec_free(file, nr);
	nr = 0;
	CHECK_INT(state_rec_next(file, &nr), ENOENT);
	CHECK_INT(state_rec_read(file, 0, &data, &len), ENOENT);
	mem_deref(file);
}

static void how_long_nobody_has_lived_is_known(void)
{
	const char *path = fresh("alive");
	struct state_file *file = NULL;

	REQUIRE(state_file_open(&file, path, "a1/1", COUNT) == 0);
	CHECK_INT(state_file_silent(file, 5000), 0); /* nobody ever has */
	state_file_alive(file, 1000);
	mem_deref(file);

	file = NULL;
	REQUIRE(state_file_open(&file, path, "a1/1", COUNT) == 0);
	CHECK_INT(state_file_silent(file, 3500), 2500);
	CHECK_INT(state_file_silent(file, 900), 0);
	mem_deref(file);
}

static void file_is_for_its_owner_alone(void)
{
	const char *path = fresh("mode");
	struct state_file *file = NULL;
	struct stat st;

	REQUIRE(state_file_open(&file, path, "a1/1", COUNT) == 0);
	CHECK(!stat(path, &st));
	CHECK_INT(st.st_mode & 0777, 0600);
	file = mem_deref(file);

	CHECK(!chmod(path, 0640));
	CHECK_INT(state_file_open(&file, path, "a1/1", COUNT), EPERM);
	unlink(path);
	CHECK(!symlink("/dev/null", path));
	CHECK_INT(state_file_open(&file, path, "a1/1", COUNT), EPERM);
	unlink(path);
	CHECK(!mkfifo(path, 0600));
	CHECK_INT(state_file_open(&file, path, "a1/1", COUNT), EPERM);
	unlink(path);
	CHECK(file == NULL);
}

static void second_process_is_kept_out(void)
{
	const char *path = fresh("lock");
	struct state_file *file = NULL, *other = NULL;

	REQUIRE(state_file_open(&file, path, "a1/1", COUNT) == 0);
	CHECK_INT(state_file_open(&other, path, "a1/1", COUNT), EBUSY);
	mem_deref(file);
}

static void foreign_files_are_moved_aside(void)
{
	const char *path = fresh("foreign");
	struct state_file *file = NULL;
	char bad[600];
	FILE *f;

	REQUIRE(state_file_open(&file, path, "a1/1", COUNT) == 0);
	file = mem_deref(file);
	CHECK_INT(state_file_open(&file, path, "a1/1", COUNT + 1), EBADMSG);
	CHECK_INT(state_file_open(&file, path, "a1/2", COUNT), EBADMSG);
	f = fopen(path, "r+");
	REQUIRE(f != NULL);
	fputs("not a state file", f);
	fclose(f);
	CHECK_INT(state_file_open(&file, path, "a1/1", COUNT), EBADMSG);
	CHECK_INT(state_file_aside(path), 0);
	CHECK_INT(state_file_open(&file, path, "a1/1", COUNT), 0);
	mem_deref(file);
	snprintf(bad, sizeof(bad), "%s.bad", path);
	CHECK(!access(bad, F_OK));
}

static void records_run_out_and_come_back(void)
{
	const char *path = fresh("full");
	struct state_file *file = NULL;
	uint32_t nr[4], more;

	REQUIRE(state_file_open(&file, path, "a1/1", 4) == 0);
	for (unsigned i = 0; i < 4; i++)
		CHECK_INT(state_rec_take(file, &nr[i]), 0);
	CHECK_INT(state_rec_take(file, &more), ENOSPC);
	state_rec_free(file, nr[1]);
	CHECK_INT(state_rec_take(file, &more), 0);
	CHECK_INT(more, nr[1]);
	CHECK_INT(state_file_open(&file, path, "a1/1", 0), EINVAL);
	mem_deref(file);
}

static void an_idle_file_takes_no_room(void)
{
	const char *path = fresh("sparse");
	struct state_file *file = NULL;
	struct stat st;
	uint32_t nr;

	REQUIRE(state_file_open(&file, path, "a1/1", 4096) == 0);
	CHECK_INT(state_rec_take(file, &nr), 0);
	CHECK_INT(state_rec_write(file, nr, &st, sizeof(st)), 0);
	file = mem_deref(file);
	CHECK_INT(state_file_open(&file, path, "a1/1", 4096), 0);
	file = mem_deref(file);
	CHECK(!stat(path, &st));
	CHECK(st.st_blocks * 512 <= 5 * STATE_STRIDE);
}

/* A child that writes as fast as it can, and is killed. */
static void write_until_killed(const char *path, int fd)
{
	struct state_file *file = NULL;
	uint32_t nr[2];
	uint8_t data[LEN];
	uint8_t gen = 0;

	if (state_file_open(&file, path, "a1/1", COUNT) ||
	    state_rec_take(file, &nr[0]) || state_rec_take(file, &nr[1]))
		_exit(1);
	for (;; gen++) {
		*state_file_serving(file) = nr[1] + 1;
		for (unsigned i = 0; i < 2; i++) {
			memset(data, gen, sizeof(data));
			state_rec_hot(file, nr[i])->slot.next = gen;
			if (state_rec_write(file, nr[i], data, sizeof(data)))
				_exit(1);
		}
		if (gen == 5 && write(fd, "x", 1) != 1)
			_exit(1);
	}
}

static void check_whole(struct state_file *file, uint32_t nr)
{
	const uint8_t *data;
	size_t len;

	REQUIRE(state_rec_read(file, nr, &data, &len) == 0);
	CHECK_INT(len, LEN);
	for (size_t i = 1; i < len; i++)
		CHECK_INT(data[i], data[0]);
	/* the hot part is stored before */
	CHECK((uint8_t)(state_rec_hot(file, nr)->slot.next - data[0]) <= 1);
}

static void kill_once(const char *path)
{
	struct state_file *file = NULL;
	int fd[2], status;
	char byte;
	pid_t pid;

	REQUIRE(pipe(fd) == 0);
	unlink(path);
	pid = fork();
	if (!pid)
		write_until_killed(path, fd[1]);
	CHECK_INT(read(fd[0], &byte, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(fd[0]);
	close(fd[1]);

	REQUIRE(state_file_open(&file, path, "a1/1", COUNT) == 0);
	CHECK_INT(state_file_deaths(file), 1);
	CHECK_INT(state_file_used(file), 2);
	check_whole(file, 0);
	check_whole(file, 1);
	CHECK_INT(state_rec_hot(file, 0)->blame, 0);
	CHECK_INT(state_rec_hot(file, 1)->blame, 1);
	state_file_survived(file);
	CHECK_INT(state_file_deaths(file), 0);
	CHECK_INT(state_rec_hot(file, 1)->blame, 0);
	mem_deref(file);
}

static void killed_at_any_time_it_leaves_whole_records(void)
{
	const char *path = fresh("killed");

	for (unsigned i = 0; i < 50; i++)
		kill_once(path);
}

/* Dies where the n-th copy is there and not yet sealed. */
static void write_until_the_fault(const char *path)
{
	struct state_file *file = NULL;
	uint8_t data[LEN];
	uint32_t nr;

	fault_process("t", 1);
	if (state_file_open(&file, path, "a1/1", COUNT) ||
	    state_rec_take(file, &nr))
		_exit(1);
	for (uint8_t gen = 1; gen < 20; gen++) {
		memset(data, gen, sizeof(data));
		if (state_rec_write(file, nr, data, sizeof(data)))
			_exit(1);
	}
	_exit(2);
}

/* What the successor finds; 0: nothing. */
static unsigned found_after(const char *path, unsigned copy)
{
	struct state_file *file = NULL;
	const uint8_t *data;
	int status = 0, err;
	char fault[40];
	unsigned gen;
	size_t len;
	pid_t pid;

	snprintf(fault, sizeof(fault), "state.copied=kill@%u", copy);
	CHECK(!setenv("CORDBOARD_FAULT", fault, 1));
	unlink(path);
	fflush(NULL);
	pid = fork();
	if (!pid)
		write_until_the_fault(path);
	unsetenv("CORDBOARD_FAULT");
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	if (!CHECK(!state_file_open(&file, path, "a1/1", COUNT)))
		return 0;
	err = state_rec_read(file, 0, &data, &len);
	gen = err ? 0 : data[0];
	for (size_t i = 1; !err && i < len; i++)
		CHECK_INT(data[i], gen);
	mem_deref(file);
	return gen;
}

/* Each change is copied twice: to the journal, and from there to its place. */
static void a_change_is_there_from_its_journal_on(void)
{
	const char *path = fresh("fault");

	for (unsigned gen = 1; gen <= 3; gen++) {
		CHECK_INT(found_after(path, 2 * gen - 1), gen - 1);
		CHECK_INT(found_after(path, 2 * gen), gen);
	}
}

static void memory_runs_out_anywhere(void)
{
	const char *path = fresh("oom");
	struct state_file *file = NULL;

	CHECK_INT(state_file_open(&file, path, "a1/1", COUNT), 0);
	mem_deref(file);
}

TEST_MAIN(TEST(the_folder_is_ours_alone),
	  TEST(records_outlive_the_process_that_closes),
	  TEST(how_long_nobody_has_lived_is_known),
	  TEST(file_is_for_its_owner_alone), TEST(second_process_is_kept_out),
	  TEST(foreign_files_are_moved_aside),
	  TEST(records_run_out_and_come_back), TEST(an_idle_file_takes_no_room),
	  TEST(killed_at_any_time_it_leaves_whole_records),
	  TEST(a_change_is_there_from_its_journal_on),
	  TEST_OOM(memory_runs_out_anywhere))
