/*
 * cordctl_check.c  cordctl route check: errors, warnings, and the tests that a
 *                  table brings along
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <re.h>

#include "routing/route_check.h"
#include "sigd/cordctl/cordctl.h"

struct checked {
	const char *path;
	struct route_table *table;
	struct cfg_errors *errs;
	uint32_t tests;
	uint32_t left; /* routes that were not compared with others */
};

static void print_json(const struct checked *ck)
{
	(void)re_printf("{\"file\":%H,\"ok\":%s,\"version\":\"%s\",\"tests\":%u,"
			"\"uncompared\":%u,\"problems\":%H}\n",
			cfg_print_json, ck->path,
			cfg_errors_count(ck->errs) ? "false" : "true",
			route_table_version(ck->table), ck->tests,
			ck->left, cfg_errors_json, ck->errs);
}

static void print_text(const struct checked *ck, bool colour)
{
	const size_t errors = cfg_errors_count(ck->errs);
	const size_t warnings = cfg_errors_warnings(ck->errs);
	const char *paint = !colour	? ""
			    : errors	? "\x1b[31m"
			    : warnings	? "\x1b[33m"
					: "\x1b[32m";

	cordctl_say(ck->errs);
	(void)re_printf("%s%s: %s%s: %zu error%s, %zu warning%s, %u test%s run",
			paint, ck->path, errors ? "not good" : "good",
			colour ? "\x1b[0m" : "", errors, errors == 1 ? "" : "s",
			warnings, warnings == 1 ? "" : "s", ck->tests,
			ck->tests == 1 ? "" : "s");
	if (!errors)
		(void)re_printf(", version %s",
				route_table_version(ck->table));
	if (ck->left)
		(void)re_printf(", %u routes not compared with those before "
				"them: too many", ck->left);
	(void)re_printf("\n");
}

static int check(const char *path, const struct cordctl_opts *opts)
{
	struct checked ck = {.path = path};
	int code = CORDCTL_OK, err = cfg_errors_alloc(&ck.errs);

	if (err)
		return CORDCTL_SYSTEM;
	if (access(path, R_OK)) {
		(void)re_fprintf(stderr, "%s: %m\n", path, errno);
		code = CORDCTL_INPUT;
	} else {
		err = route_table_load(&ck.table, path, ck.errs);
		err = err ? err : route_warnings(ck.table, &ck.left, ck.errs);
		if (!err)
			err = route_tests_run(ck.table, NULL, &ck.tests,
					      ck.errs);
		code = err == ENOMEM ? CORDCTL_SYSTEM
		       : err	     ? CORDCTL_WRONG
				     : CORDCTL_OK;
		if (opts->strict && cfg_errors_warnings(ck.errs) && !code)
			code = CORDCTL_WRONG;
		if (opts->json)
			print_json(&ck);
		else
			print_text(&ck, opts->colour);
	}
	mem_deref(ck.table);
	mem_deref(ck.errs);
	return code;
}

int cordctl_check(const struct cordctl_opts *opts)
{
	int worst = CORDCTL_OK;

	for (int i = 0; i < opts->nfiles; i++) {
		int code = check(opts->files[i], opts);

		worst = code > worst ? code : worst;
	}
	return worst;
}
