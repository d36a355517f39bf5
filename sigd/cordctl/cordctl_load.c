/*
 * cordctl_load.c  Tables, and what is wrong with them
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <re.h>

#include "routing/route.h"
#include "sigd/cordctl/cordctl.h"
#include "sigd/cordctl/cordctl_shown.h"

void cordctl_say(const struct cfg_errors *errs)
{
	cordctl_print(stderr, "%H", cfg_errors_print, errs);
}

struct route_table *cordctl_load(const char *path, int *code)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;
	int err = cfg_errors_alloc(&errs);

	*code = CORDCTL_OK;
	if (access(path, R_OK)) {
		*code = CORDCTL_INPUT;
		(void)re_fprintf(stderr, "%s: %m\n", path, errno);
	} else {
		err = err ? err : route_table_load(&table, path, errs);
		if (err) {
			cordctl_say(errs);
			*code = err == ENOMEM ? CORDCTL_SYSTEM : CORDCTL_WRONG;
		}
	}
	mem_deref(errs);
	return table;
}
