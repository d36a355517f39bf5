/*
 * routes_fresh.c  The routing table, loaded and tested before it serves
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/log.h"
#include "routing/route_check.h"
#include "sigd/table/routes_fresh.h"

static uint64_t now_ms(void *arg)
{
	struct timespec ts;
	(void)arg;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int routes_fresh_tests(const struct route_table *table, uint32_t *ran,
		       struct cfg_errors *errs)
{
	const struct route_check_clock clock = {now_ms, NULL};

	return route_tests_run(table, &clock, ran, errs);
}

void routes_fresh_load(struct routes_fresh *fresh, const char *path,
		       bool odd)
{
	memset(fresh, 0, sizeof(*fresh));
	fresh->err = cfg_errors_alloc(&fresh->errs);
	if (!fresh->err)
		fresh->err =
			route_table_load(&fresh->table, path, fresh->errs);
	if (!fresh->err && odd)
		fresh->err = route_warnings(fresh->table, NULL, fresh->errs);
	if (!fresh->err)
		fresh->err = routes_fresh_tests(fresh->table, &fresh->tests,
						fresh->errs);
	if (fresh->err)
		fresh->table = mem_deref(fresh->table);
}

/* A line each: one value would be cut. */
static void log_lines(char *text, bool bad)
{
	char *rest = NULL, *line = strtok_r(text, "\n", &rest);

	for (; line; line = strtok_r(NULL, "\n", &rest)) {
		if (bad)
			log_error(NULL, "the routing table cannot be used",
				  "why=%s", line);
		else
			log_warn(NULL, "the routing table is odd", "why=%s",
				 line);
	}
}

void routes_fresh_log(const struct routes_fresh *fresh)
{
	char *text = NULL;

	if (fresh->errs &&
	    !re_sdprintf(&text, "%H", cfg_errors_print, fresh->errs))
		log_lines(text, fresh->err);
	mem_deref(text);
	if (fresh->err == ENOMEM)
		log_error(NULL, "the routing table cannot be used",
			  "why=memory");
	else if (!fresh->err)
		log_info(NULL, "the routing table is good",
			 "version=%s tests=%u",
			 route_table_version(fresh->table), fresh->tests);
}

void routes_fresh_drop(struct routes_fresh *fresh)
{
	fresh->table = mem_deref(fresh->table);
	fresh->errs = mem_deref(fresh->errs);
}
