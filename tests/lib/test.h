/*
 * test.h  A test program in TAP: named cases, checks, the n-th failing
 *         allocation
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct test_case {
	const char *name;
	void (*fn)(void);
	bool oom; /* repeat with the n-th allocation failing */
};

/* A false condition fails the running case, prints where, and goes on. */
#define CHECK(cond) test_check((cond), #cond, __FILE__, __LINE__)

/* Like CHECK, but leaves the (void) function when false. */
#define REQUIRE(cond)                                                        \
	do {                                                                 \
		if (!test_check((cond), #cond, __FILE__, __LINE__))          \
			return;                                              \
	} while (0)

#define CHECK_INT(is, want)                                                  \
	test_check_int((int64_t)(is), (int64_t)(want), #is, __FILE__, __LINE__)
#define CHECK_STR(is, want)                                                  \
	test_check_str((is), (want), #is, __FILE__, __LINE__)

#define TEST(fn)     {#fn, fn, false}
/*
 * The case is run once as it is, then again and again with the first, second,
 * third... allocation through mem_alloc(), mem_zalloc() or mem_realloc() in
 * our own code failing, until a run meets no failure. CHECKs count only in the
 * first run: the others must not crash or leak (ASan tells).
 */
#define TEST_OOM(fn) {#fn, fn, true}

#define TEST_MAIN(...)                                                       \
	int main(int argc, char **argv)                                      \
	{                                                                    \
		static const struct test_case cases[] = {__VA_ARGS__};       \
		return test_main(cases, sizeof(cases) / sizeof(cases[0]),    \
				 argc, argv);                                \
	}

bool test_check(bool ok, const char *expr, const char *file, int line);
bool test_check_int(int64_t is, int64_t want, const char *expr,
		    const char *file, int line);
bool test_check_str(const char *is, const char *want, const char *expr,
		    const char *file, int line);

/* A CHECK of the running case was not true: for a process that it forked. */
bool test_failed(void);

/* While it is on, each allocation in our own code fails, and CHECKs count. */
void test_no_memory(bool on);

/* True while an allocation of the running TEST_OOM case has been failed. */
bool test_oom_hit(void);

/*
 * Runs the cases whose name contains argv[1] (all without one), prints TAP.
 * Calls libre_init()/libre_close() around them. What memory is left fails the
 * program under the address sanitizer alone.
 */
int test_main(const struct test_case *cases, size_t count, int argc,
	      char **argv);

/* A folder below build/ for this run's files, made at first use. */
const char *test_tmpdir(void);

/* Reads a whole file below the project's root into memory that the caller
 * frees with mem_deref(); NULL when absent. *len may be NULL. */
uint8_t *test_read_file(const char *path, size_t *len);

/* Path of a file of the shared suites, or NULL when they are absent
 * (env CORDBOARD_SUITES, default ../shared/suites). Static storage. */
const char *test_suite_path(const char *name);

/* Says in TAP that the running case needs what is not here. */
void test_skip(const char *why);

#endif
