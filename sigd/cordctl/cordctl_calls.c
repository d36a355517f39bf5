/*
 * cordctl_calls.c  Questions from a file of calls, and from a table's tests
 *
 * A line of CSV becomes one of JSON, so both are checked by one description.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/cfg_tree.h"
#include "routing/route_check.h"
#include "sigd/cordctl/cordctl.h"

enum {
	COLUMNS_MAX = 16,
	CELL_MAX = 512,
	PLACE_MAX = 300
};

struct reader {
	const char *path;
	unsigned nr;
	struct mbuf *line; /* as JSON */
	char *column[COLUMNS_MAX]; /* of CSV */
	unsigned ncolumns;
	cordctl_call_h *callh;
	void *arg;
};

static void destructor(void *data)
{
	struct reader *rd = data;

	for (unsigned i = 0; i < rd->ncolumns; i++)
		mem_deref(rd->column[i]);
	mem_deref(rd->line);
}

static void where(char name[PLACE_MAX], const struct reader *rd)
{
	re_snprintf(name, PLACE_MAX, "%s, line %u", rd->path, rd->nr);
}

static int one(const char *text, size_t len, void *arg)
{
	struct reader *rd = arg;
	struct route_ask_cfg *ask = NULL;
	struct cfg_errors *errs = NULL;
	char name[PLACE_MAX];
	int err = cfg_errors_alloc(&errs);

	where(name, rd);
	err = err ? err : route_ask_parse(&ask, name, text, len, errs);
	cordctl_say(errs);
	err = err ? err : rd->callh(&ask->ask, rd->nr, NULL, rd->arg);
	mem_deref(ask);
	mem_deref(errs);
	return err;
}

/* Behind its opening quote; the end is behind the closing one. */
static const char *quoted(const char *s, char out[CELL_MAX], size_t *n)
{
	for (; *s; s++) {
		if (*s == '"' && *++s != '"')
			break;
		if (*n < CELL_MAX - 1)
			out[(*n)++] = *s;
	}
	return s;
}

/* A cell of CSV (RFC 4180), in quotes or not; *p is behind it, and behind its
 * comma. False: the line is over. */
static bool cell(const char **p, char out[CELL_MAX])
{
	const char *s = *p;
	size_t n = 0;

	if (!*s)
		return false;
	if (*s == '"')
		s = quoted(s + 1, out, &n);
	for (; *s && *s != ','; s++) {
		if (n < CELL_MAX - 1)
			out[n++] = *s;
	}
	out[n] = '\0';
	/* a comma at the end begins one more cell, which nobody misses */
	*p = *s ? s + 1 : s;
	return true;
}

static int head(struct reader *rd, const char *line)
{
	char text[CELL_MAX];
	int err = 0;

	while (!err && rd->ncolumns < COLUMNS_MAX && cell(&line, text)) {
		err = str_dup(&rd->column[rd->ncolumns], text);
		rd->ncolumns += !err;
	}
	return err;
}

static int row(struct reader *rd, const char *line)
{
	char text[CELL_MAX];
	bool any = false;
	int err;

	mbuf_rewind(rd->line);
	err = mbuf_write_str(rd->line, "{");
	for (unsigned i = 0; i < rd->ncolumns && cell(&line, text); i++) {
		if (!*text)
			continue;
		err |= mbuf_printf(rd->line, "%s%H: %H", any ? ", " : "",
				   cfg_print_json, rd->column[i],
				   cfg_print_json, text);
		any = true;
	}
	err |= mbuf_write_str(rd->line, "}");
	return err ? ENOMEM
		   : one((const char *)rd->line->buf, rd->line->end, rd);
}

/* A question, or a call that was. */
static int json(struct reader *rd, const char *text, size_t len)
{
	struct cfg_tree *tree = NULL;
	struct cfg_errors *errs = NULL;
	char name[PLACE_MAX];
	int err = cfg_errors_alloc(&errs);

	where(name, rd);
	err = err ? err : cfg_tree_parse(&tree, name, text, len, NULL, errs);
	cordctl_say(errs);
	err = err ? err : cordctl_recorded(cfg_tree_root(tree), one, rd);
	if (tree && err == ENOENT)
		err = one(text, len, rd);
	if (tree && err == EBADMSG) {
		(void)re_fprintf(stderr, "%s: a call without a callee\n", name);
		err = EINVAL;
	}
	mem_deref(tree);
	mem_deref(errs);
	return err;
}

static int take(struct reader *rd, char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
	++rd->nr;
	if (!*line || *line == '#')
		return 0;
	if (*line == '{')
		return json(rd, line, strlen(line));
	if (*line == '[') {
		(void)re_fprintf(stderr,
				 "%s, line %u: a list, expected a JSON object "
				 "in each line\n",
				 rd->path, rd->nr);
		return EINVAL;
	}
	return rd->ncolumns ? row(rd, line) : head(rd, line);
}

static int read_all(struct reader *rd, FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	int err = 0;

	while (!err && getline(&line, &room, file) >= 0)
		err = take(rd, line);
	if (!err && ferror(file))
		err = EIO;
	free(line);
	return err;
}

int cordctl_calls(const char *path, cordctl_call_h *callh, void *arg)
{
	struct reader *rd;
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int err;

	if (!file)
		return errno;
	rd = mem_zalloc(sizeof(*rd), destructor);
	if (rd)
		rd->line = mbuf_alloc(512);
	if (rd && rd->line) {
		rd->path = path;
		rd->callh = callh;
		rd->arg = arg;
		err = read_all(rd, file);
	} else {
		err = ENOMEM;
	}
	mem_deref(rd);
	if (file != stdin)
		fclose(file);
	return err;
}

int cordctl_tests(const struct route_table *table, cordctl_call_h *callh,
		  void *arg)
{
	const struct route_tenant *tenant;
	int err = 0;

	for (size_t i = 0; !err && (tenant = route_tenant_at(table, i)); i++) {
		for (uint32_t k = 0; k < tenant->ntests && !err; k++) {
			const struct route_test *test = &tenant->tests[k];
			struct route_ask ask = test->when;

			ask.tenant = tenant->id;
			err = callh(&ask, test->pos.line, test->name, arg);
		}
	}
	return err;
}
