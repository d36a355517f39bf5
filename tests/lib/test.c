/*
 * test.c  A test program in TAP
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>

#include "tests/lib/test.h"

/*
 * Process-wide by need: the wrapped allocators and the CHECK macros have no
 * argument that could carry them.
 */
static struct {
	bool failed;      /* the running case has failed */
	bool quiet;       /* an OOM repetition: checks do not count */
	const char *skip; /* the running case was skipped, and why */
	long oom_left;    /* allocations until one fails; <0 never */
	bool oom_hit;
	bool no_memory; /* each allocation fails */
	char tmpdir[256];
} run = {.oom_left = -1};

void *__real_mem_alloc(size_t size, mem_destroy_h *dh);
void *__real_mem_zalloc(size_t size, mem_destroy_h *dh);
void *__real_mem_realloc(void *data, size_t size);
void *__wrap_mem_alloc(size_t size, mem_destroy_h *dh);
void *__wrap_mem_zalloc(size_t size, mem_destroy_h *dh);
void *__wrap_mem_realloc(void *data, size_t size);

static bool oom_now(void)
{
	if (run.no_memory)
		return true;
	if (run.oom_left < 0 || run.oom_left-- > 0)
		return false;

	run.oom_hit = true;
	return true;
}

void *__wrap_mem_alloc(size_t size, mem_destroy_h *dh)
{
	return oom_now() ? NULL : __real_mem_alloc(size, dh);
}

void *__wrap_mem_zalloc(size_t size, mem_destroy_h *dh)
{
	return oom_now() ? NULL : __real_mem_zalloc(size, dh);
}

void *__wrap_mem_realloc(void *data, size_t size)
{
	return oom_now() ? NULL : __real_mem_realloc(data, size);
}

bool test_check(bool ok, const char *expr, const char *file, int line)
{
	if (ok || run.quiet)
		return ok;

	run.failed = true;
	printf("# %s:%d: not true: %s\n", file, line, expr);
	return false;
}

bool test_check_int(int64_t is, int64_t want, const char *expr,
		    const char *file, int line)
{
	if (is == want || run.quiet)
		return is == want;

	run.failed = true;
	printf("# %s:%d: %s is %" PRId64 ", want %" PRId64 "\n", file, line,
	       expr, is, want);
	return false;
}

bool test_check_str(const char *is, const char *want, const char *expr,
		    const char *file, int line)
{
	bool same = is && want ? !strcmp(is, want) : is == want;

	if (same || run.quiet)
		return same;

	run.failed = true;
	printf("# %s:%d: %s is \"%s\", want \"%s\"\n", file, line, expr,
	       is ? is : "(null)", want ? want : "(null)");
	return false;
}

bool test_failed(void)
{
	return run.failed;
}

void test_no_memory(bool on)
{
	run.no_memory = on;
}

bool test_oom_hit(void)
{
	return run.oom_hit;
}

void test_skip(const char *why)
{
	run.skip = why;
}

const char *test_tmpdir(void)
{
	const char *base = getenv("TEST_TMP");

	if (!run.tmpdir[0]) {
		snprintf(run.tmpdir, sizeof(run.tmpdir), "%s/cbtest.XXXXXX",
			 base ? base : "/tmp");
		if (!mkdtemp(run.tmpdir))
			abort();
	}
	return run.tmpdir;
}

uint8_t *test_read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	struct stat st;

	if (!f)
		return NULL;
	if (!fstat(fileno(f), &st))
		data = __real_mem_zalloc((size_t)st.st_size + 1, NULL);
	if (data && fread(data, 1, (size_t)st.st_size, f) !=
			    (size_t)st.st_size)
		data = mem_deref(data);
	if (data && len)
		*len = (size_t)st.st_size;
	fclose(f);
	return data;
}

const char *test_suite_path(const char *name)
{
	static char path[512];
	const char *base = getenv("CORDBOARD_SUITES");

	snprintf(path, sizeof(path), "%s/%s", base ? base : "../shared/suites",
		 name);
	return access(path, R_OK) ? NULL : path;
}

static void repeat_without_memory(const struct test_case *tc)
{
	run.quiet = true;
	for (long n = 0; n < 100000; n++) {
		run.oom_left = n;
		run.oom_hit  = false;
		tc->fn();
		run.oom_left = -1;
		if (!run.oom_hit)
			break;
	}
	run.oom_hit = false;
	run.quiet   = false;
}

static bool run_case(const struct test_case *tc, size_t nr)
{
	run.failed = false;
	run.skip   = NULL;
	tc->fn();
	if (tc->oom && !run.failed)
		repeat_without_memory(tc);

	printf("%s %zu - %s%s%s\n", run.failed ? "not ok" : "ok", nr, tc->name,
	       run.skip ? " # SKIP " : "", run.skip ? run.skip : "");
	fflush(stdout);
	return !run.failed;
}

static void remove_tmpdir(void)
{
	char cmd[300];

	if (!run.tmpdir[0])
		return;
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", run.tmpdir);
	if (system(cmd))
		printf("# could not remove %s\n", run.tmpdir);
}

int test_main(const struct test_case *cases, size_t count, int argc,
	      char **argv)
{
	size_t nr = 0, bad = 0;

	if (libre_init())
		return 1;

	for (size_t i = 0; i < count; i++) {
		if (argc > 1 && !strstr(cases[i].name, argv[1]))
			continue;
		bad += !run_case(&cases[i], ++nr);
	}
	printf("1..%zu\n", nr);
	remove_tmpdir();
	libre_close();
	tmr_debug();
	mem_debug();
	return bad ? 1 : 0;
}
