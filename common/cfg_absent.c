/*
 * cfg_absent.c  A name that nothing has: what there is, and what was meant
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/cfg_error.h"
#include "common/cfg_tree.h"

enum {
	LIST_MAX = 8,    /* more names help nobody */
	NEAR_MAX = 2000, /* looking for a near one costs */
	LIST_LEN = 160
};

static void join(char text[LIST_LEN], const struct cfg_absent *absent)
{
	size_t used = 0;

	*text = '\0';
	if (!absent->count || absent->count > LIST_MAX)
		return;
	used = (size_t)snprintf(text, LIST_LEN, ", expected %s",
				absent->count > 1 ? "one of " : "");
	for (size_t i = 0; i < absent->count && used < LIST_LEN; i++)
		used += (size_t)snprintf(text + used, LIST_LEN - used, "%s%s",
					 i ? ", " : "", absent->names[i]);
	if (used >= LIST_LEN)
		*text = '\0';
}

void cfg_errors_absent(struct cfg_errors *errs, const struct cfg_pos *pos,
		       const struct cfg_absent *absent)
{
	const char *meant = NULL;
	char all[LIST_LEN];

	if (cfg_errors_count(errs) < CFG_ERRORS_MAX)
		meant = cfg_nearest(absent->name, absent->names,
				    absent->count < NEAR_MAX ? absent->count
							     : NEAR_MAX);
	join(all, absent);
	cfg_errors_add(errs, pos, "%s: there is no %s \"%.60s\"%s%s%s%s%s",
		       absent->key, absent->what, absent->name,
		       absent->count ? "" : ", and none at all", all,
		       meant ? ", did you mean \"" : "", meant ? meant : "",
		       meant ? "\"?" : "");
}
