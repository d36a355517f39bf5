/*
 * fuzz_yaml.c  A configuration from outside: refused with an error, or
 *              printed and loaded again to the same text
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/cfg_tree.h"
#include "tests/lib/fuzz.h"
#include "tests/unit/common/cfg_sample.h"

/* The effective configuration of a text, NULL when it is refused. */
static char *effective(const char *text, size_t len)
{
	struct cfg_errors *errs = NULL;
	struct cfg_tree *tree = NULL;
	struct sample_cfg *cfg = NULL;
	char *out = NULL;
	int err;

	if (cfg_errors_alloc(&errs))
		return NULL;
	err = cfg_tree_parse(&tree, "fuzz.yaml", text, len, NULL, errs);
	if (!err)
		err = cfg_fill(&cfg, &sample_table, cfg_tree_root(tree), errs);
	/* refused if and only if it is said why */
	if (!err != !cfg_errors_count(errs) || !err != !!cfg)
		abort();
	if (err)
		(void)re_sdprintf(&out, "%H", cfg_errors_print, errs);
	else
		(void)re_sdprintf(&out, "%H", cfg_print,
				  &(struct cfg_view){&sample_table, cfg});
	if (err)
		out = mem_deref(out);
	mem_deref(cfg);
	mem_deref(tree);
	mem_deref(errs);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *first = effective((const char *)data, size), *second;

	if (!first)
		return 0;
	second = effective(first, strlen(first));
	if (!second || strcmp(first, second))
		abort();
	mem_deref(first);
	mem_deref(second);
	return 0;
}
