/*
 * cfg_secret.c  Secrets that stand elsewhere: in the environment, in a file
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "common/cfg_schema.h"
#include "common/cfg_schema_priv.h"
#include "common/cfg_tree.h"
#include "common/cfg_tree_priv.h"

enum {
	SECRET_FILE_MAX = 4096,
	ENV_NAME_MAX = 127
};

static const char name_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz0123456789_";

/* ref: what stands behind "${", with its "}" */
static int from_env(const char **textp, const char *ref, const char *label,
		    const struct cfg_node *node, struct cfg_errors *errs)
{
	const size_t len = strlen(ref) - 1;
	char name[ENV_NAME_MAX + 1];
	const char *found;

	if (!len || len > ENV_NAME_MAX || strspn(ref, name_chars) != len) {
		cfg_errors_add(errs, &node->pos,
			       "%s: expected the name of an environment "
			       "variable between ${ and }",
			       label);
		return EINVAL;
	}
	memcpy(name, ref, len);
	name[len] = '\0';
	found = getenv(name);
	if (!found || !*found) {
		cfg_errors_add(errs, &node->pos,
			       "%s: the environment variable %s is not set",
			       label, name);
		return EINVAL;
	}
	*textp = found;
	return 0;
}

/* The first line of a file. */
static int from_file(const char **textp, struct arena *mem, const char *label,
		     const struct cfg_node *node, struct cfg_errors *errs)
{
	char *path = NULL, *text = NULL;
	size_t len;
	int err;

	err = cfg_path_beside(&path, node->pos.file,
			      node->text + strlen("file:"));
	if (!err)
		err = cfg_read_file(&text, &len, path, SECRET_FILE_MAX);
	if (!err) {
		*textp = arena_copy(mem, text, strcspn(text, "\r\n"));
		err = *textp ? 0 : ENOMEM;
	}
	if (err && err != ENOMEM) {
		cfg_errors_add(errs, &node->pos, "%s: cannot read \"%s\": %s",
			       label, path, strerror(err));
		err = EINVAL;
	}
	mem_deref(text);
	mem_deref(path);
	return err;
}

int cfg_secret(const char **textp, struct arena *mem, const char *label,
	       const struct cfg_node *node, struct cfg_errors *errs)
{
	const char *text = node->text;
	const size_t len = strlen(text);

	if (len > 2 && !strncmp(text, "${", 2) && text[len - 1] == '}')
		return from_env(textp, text + 2, label, node, errs);
	if (!strncmp(text, "file:", 5))
		return from_file(textp, mem, label, node, errs);
	*textp = text;
	return 0;
}
