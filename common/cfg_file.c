/*
 * cfg_file.c  Configuration files: read one, read a folder of them
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>

#include "common/cfg_tree.h"
#include "common/cfg_tree_priv.h"

static void wipe(void *arg)
{
	char *text = arg;

	/* it may hold secrets; their length does not matter */
	explicit_bzero(text, strlen(text));
}

static int read_all(int fd, char **textp, size_t *len, size_t limit)
{
	struct stat st;
	char *text;
	ssize_t n = 0;
	int err;

	if (fstat(fd, &st))
		return errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	/* files of /proc say 0 */
	limit = min(limit, max((size_t)st.st_size, (size_t)4096));
	text = mem_zalloc(limit + 2, wipe);
	if (!text)
		return ENOMEM;
	for (*len = 0; *len <= limit; *len += (size_t)n) {
		n = read(fd, text + *len, limit + 1 - *len);
		if (n <= 0)
			break;
	}
	err = n < 0 ? errno : *len > limit ? EFBIG : 0;
	if (err)
		mem_deref(text);
	else
		*textp = text;
	return err;
}

int cfg_read_file(char **textp, size_t *len, const char *path, size_t limit)
{
	/* non-blocking: a FIFO must not hang the start */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err;

	if (fd < 0)
		return errno;
	err = read_all(fd, textp, len, limit);
	close(fd);
	return err;
}

int cfg_path_beside(char **pathp, const char *file, const char *name)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	struct pl dir;

	if (name[0] == '/' || !slash)
		return str_dup(pathp, name);
	dir.p = file;
	dir.l = (size_t)(slash - file);
	return re_sdprintf(pathp, "%r/%s", &dir, name);
}

int cfg_tree_read_file(struct cfg_tree *tree, struct cfg_node **rootp,
		       const char *path, struct cfg_errors *errs)
{
	struct cfg_pos pos = {.file = path};
	char *text = NULL;
	size_t len;
	int err;

	err = cfg_read_file(&text, &len, path, tree->limits.bytes);
	if (err == ENOMEM)
		return err;
	if (err == EFBIG) {
		cfg_errors_add(errs, &pos, "larger than %zu bytes",
			       tree->limits.bytes);
		return EINVAL;
	}
	if (err) {
		cfg_errors_add(errs, &pos, "cannot read the file: %s",
			       strerror(err));
		return EINVAL;
	}
	err = cfg_tree_read_text(tree, rootp, path, text, len, errs);
	mem_deref(text);
	return err;
}

/* The children of one key, joined to those of the same key elsewhere. */
static int join_values(struct cfg_node *to, struct cfg_node *from,
		       struct cfg_errors *errs)
{
	if (to->kind != from->kind || to->kind == CFG_SCALAR) {
		cfg_errors_add(errs, &from->key_pos,
			       "\"%s\" is already set at %s:%u:%u", from->key,
			       to->key_pos.file, to->key_pos.line,
			       to->key_pos.col);
		return EINVAL;
	}
	if (!from->first)
		return 0;
	if (to->last)
		to->last->next = from->first;
	else
		to->first = from->first;
	to->last = from->last;
	to->count += from->count;
	return 0;
}

static int join_file(struct cfg_node *root, struct cfg_node *added,
		     const char *key, struct cfg_errors *errs)
{
	struct cfg_node *node, *next, *same;
	int err = 0;

	if (added->kind != CFG_MAP_NODE) {
		cfg_errors_add(errs, &added->pos, "expected keys and values");
		return EINVAL;
	}
	for (node = added->first; node && !err; node = next) {
		next = node->next;
		same = (struct cfg_node *)cfg_node_get(root, node->key);
		if (!strcmp(node->key, key)) {
			cfg_errors_add(errs, &node->key_pos,
				       "\"%s\" in a file that is included",
				       key);
			err = EINVAL;
		} else if (same) {
			err = join_values(same, node, errs);
		} else {
			node->next = NULL;
			cfg_node_append(root, node);
		}
	}
	return err;
}

static int wanted(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && len > 5 &&
	       !strcmp(e->d_name + len - 5, ".yaml");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	/* not alphasort(): that one asks the locale */
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int include_file(struct cfg_tree *tree, const char *dir,
			const char *name, const char *key,
			struct cfg_errors *errs)
{
	struct cfg_node *root;
	char *path = NULL;
	int err = re_sdprintf(&path, "%s/%s", dir, name);

	if (!err)
		err = cfg_tree_read_file(tree, &root, path, errs);
	if (!err)
		err = join_file(tree->root, root, key, errs);
	mem_deref(path);
	return err;
}

/* Goes on after a refused file: the reader sees all errors at once. */
static int include_dir(struct cfg_tree *tree, const char *dir,
		       const struct cfg_node *at, struct cfg_errors *errs)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, wanted, by_name);
	int bad = 0, err;

	if (n < 0) {
		cfg_errors_add(errs, &at->pos, "cannot read folder \"%s\": %s",
			       dir, strerror(errno));
		return EINVAL;
	}
	if ((uint32_t)n > tree->limits.files) {
		cfg_errors_add(errs, &at->pos, "more than %u files in \"%s\"",
			       tree->limits.files, dir);
		bad = E2BIG;
	}
	for (int i = 0; i < n; i++) {
		err = bad == E2BIG ? bad
				   : include_file(tree, dir, names[i]->d_name,
						  at->key, errs);
		bad = bad ? bad : err;
		free(names[i]);
	}
	free(names);
	return bad == E2BIG ? EINVAL : bad;
}

int cfg_tree_include(struct cfg_tree *tree, const char *key,
		     struct cfg_errors *errs)
{
	const struct cfg_node *node, *at = cfg_node_get(tree->root, key);
	char *dir = NULL;
	int err;

	if (!at)
		return 0;
	if (at->kind != CFG_SCALAR || !at->text[0]) {
		cfg_errors_add(errs, &at->pos, "expected the name of a folder");
		return EINVAL;
	}
	err = cfg_path_beside(&dir, tree->path, at->text);
	if (!err)
		err = include_dir(tree, dir, at, errs);
	mem_deref(dir);
	for (node = tree->root->first; node && !err; node = node->next) {
		if (node->kind == CFG_MAP_NODE)
			err = cfg_node_check_keys(node, errs);
	}
	return err;
}
