/*
 * openapi.c  Makes a C source of docs/openapi.yaml, as JSON: what /openapi.json
 *            tells is what stands there. A part of the build.
 *
 *   openapi FILE >FILE.c
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "common/cfg_tree.h"
#include "common/countof.h"

enum { LINE_LEN = 1000 };

/* YAML's core schema, as far as the document uses it. */
static bool is_bare(const struct cfg_node *node)
{
	static const char *const words[] = {"true", "false", "null"};
	char *end;

	if (node->quoted || !node->text[0])
		return false;
	for (size_t i = 0; i < COUNTOF(words); i++) {
		if (!strcmp(node->text, words[i]))
			return true;
	}
	if (!strspn(node->text, "-0123456789") ||
	    strspn(node->text, "-+.0123456789eE") != strlen(node->text))
		return false;
	(void)strtod(node->text, &end);
	return !*end;
}

static int node_print(struct re_printf *pf, const struct cfg_node *node)
{
	const bool map = node->kind == CFG_MAP_NODE;
	int err;

	if (node->kind == CFG_SCALAR)
		return !node->quoted && !node->text[0]
			       ? re_hprintf(pf, "null")
		       : is_bare(node) ? re_hprintf(pf, "%s", node->text)
				     : cfg_print_json(pf, node->text);
	err = re_hprintf(pf, map ? "{" : "[");
	for (const struct cfg_node *n = node->first; n && !err; n = n->next) {
		if (n != node->first)
			err = re_hprintf(pf, ",");
		if (map)
			err |= re_hprintf(pf, "%H:", cfg_print_json, n->key);
		err |= node_print(pf, n);
	}
	return err ? err : re_hprintf(pf, map ? "}" : "]");
}

/* A literal, in pieces. */
static void literal(const char *text)
{
	printf("#include \"sigd/admin/rest_openapi.h\"\n\n"
	       "const char rest_openapi_text[] =\n\t\"");
	for (size_t i = 0; text[i]; i++) {
		if (i && i % LINE_LEN == 0)
			printf("\"\n\t\"");
		if (text[i] == '"' || text[i] == '\\')
			putchar('\\');
		/* no trigraphs */
		printf(text[i] == '?' ? "\\?" : "%c", text[i]);
	}
	printf("\";\nconst size_t rest_openapi_len =\n"
	       "\tsizeof(rest_openapi_text) - 1;\n");
}

static int run(const char *path)
{
	const struct cfg_limits limits = {4 << 20, 100000, 64, 1};
	struct cfg_errors *errs = NULL;
	struct cfg_tree *tree = NULL;
	char *text = NULL;
	int err = cfg_errors_alloc(&errs);

	if (!err)
		err = cfg_tree_load(&tree, path, &limits, errs);
	if (err)
		(void)re_fprintf(stderr, "%H", cfg_errors_print, errs);
	else
		err = re_sdprintf(&text, "%H", node_print,
				  cfg_tree_root(tree));
	if (!err)
		literal(text);
	mem_deref(text);
	mem_deref(tree);
	mem_deref(errs);
	return err || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	return argc == 2 ? run(argv[1]) : EXIT_FAILURE;
}
