/*
 * cfg_error.c  All that is wrong with a configuration, in order of place
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/cfg_error.h"

struct entry {
	struct le le;
	char *file;
	uint32_t line, col;
	bool warning;
	char *text;
	char *more;
};

struct cfg_errors {
	struct list entries;
	struct entry *newest; /* NULL: it was not kept */
	size_t count, warnings;
};

static void errors_destructor(void *arg)
{
	struct cfg_errors *errs = arg;

	list_flush(&errs->entries);
}

static void entry_destructor(void *arg)
{
	struct entry *entry = arg;

	list_unlink(&entry->le);
	mem_deref(entry->file);
	mem_deref(entry->text);
	mem_deref(entry->more);
}

int cfg_errors_alloc(struct cfg_errors **errsp)
{
	struct cfg_errors *errs = mem_zalloc(sizeof(*errs), errors_destructor);

	if (!errs)
		return ENOMEM;
	*errsp = errs;
	return 0;
}

/* A name from the file must not move the cursor of who reads the error. */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

static bool stands_after(const struct entry *a, const struct entry *b)
{
	if (str_cmp(a->file, b->file))
		return false;
	return a->line > b->line || (a->line == b->line && a->col > b->col);
}

/* In order of place within a file, of arrival otherwise. */
static void insert(struct list *entries, struct entry *entry)
{
	struct le *le = list_tail(entries);

	while (le && stands_after(le->data, entry))
		le = le->prev;
	if (le)
		list_insert_after(entries, le, &entry->le, entry);
	else
		list_prepend(entries, &entry->le, entry);
}

/* Without memory it is still counted. */
static void keep(struct cfg_errors *errs, const struct cfg_pos *pos,
		 bool warning, char *text)
{
	struct entry *entry = mem_zalloc(sizeof(*entry), entry_destructor);

	if (!entry)
		return;
	make_printable(text);
	if (str_dup(&entry->text, text) ||
	    (pos && pos->file && str_dup(&entry->file, pos->file))) {
		mem_deref(entry);
		return;
	}
	if (pos) {
		entry->line = pos->line;
		entry->col = pos->col;
	}
	entry->warning = warning;
	errs->newest = entry;
	insert(&errs->entries, entry);
}

void cfg_errors_add(struct cfg_errors *errs, const struct cfg_pos *pos,
		    const char *fmt, ...)
{
	char text[CFG_ERROR_TEXT_MAX];
	va_list ap;

	if (!errs)
		return;
	errs->newest = NULL;
	if (++errs->count > CFG_ERRORS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	keep(errs, pos, false, text);
}

void cfg_errors_warn(struct cfg_errors *errs, const struct cfg_pos *pos,
		     const char *fmt, ...)
{
	char text[CFG_ERROR_TEXT_MAX];
	va_list ap;

	if (!errs)
		return;
	errs->newest = NULL;
	if (++errs->warnings > CFG_ERRORS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	keep(errs, pos, true, text);
}

void cfg_errors_more(struct cfg_errors *errs, const char *text)
{
	struct entry *entry = errs ? errs->newest : NULL;
	size_t len = strlen(text);

	if (!entry || entry->more)
		return;
	if (len > CFG_ERROR_MORE_MAX)
		len = CFG_ERROR_MORE_MAX;
	if (re_sdprintf(&entry->more, "%b", text, len))
		return;
	for (char *p = entry->more; *p; p++) {
		if (((unsigned char)*p < ' ' && *p != '\n') || *p == 0x7f)
			*p = '?';
	}
}

size_t cfg_errors_count(const struct cfg_errors *errs)
{
	return errs ? errs->count : 0;
}

size_t cfg_errors_warnings(const struct cfg_errors *errs)
{
	return errs ? errs->warnings : 0;
}

bool cfg_errors_at(const struct cfg_errors *errs, size_t nr,
		   struct cfg_problem *problem)
{
	const struct le *le = errs ? list_head(&errs->entries) : NULL;
	const struct entry *entry;

	while (le && nr--)
		le = le->next;
	if (!le)
		return false;
	entry = le->data;
	*problem = (struct cfg_problem){
		{entry->file, entry->line, entry->col},
		entry->warning,
		entry->text,
		entry->more,
		NULL};
	return true;
}

static int print_lines(struct re_printf *pf, const char *text)
{
	size_t len;
	int err = 0;

	for (; *text && !err; text += len + (text[len] != '\0')) {
		len = strcspn(text, "\n");
		err = re_hprintf(pf, "    %b\n", text, len);
	}
	return err;
}

static int print_entry(struct re_printf *pf, const struct entry *entry)
{
	int err = 0;

	if (entry->file)
		err |= re_hprintf(pf, "%s:", entry->file);
	if (entry->line)
		err |= re_hprintf(pf, "%u:%u:", entry->line, entry->col);
	if (entry->file || entry->line)
		err |= re_hprintf(pf, " ");
	err |= re_hprintf(pf, "%s%s\n", entry->warning ? "warning: " : "",
			  entry->text);
	return entry->more ? err | print_lines(pf, entry->more) : err;
}

static int print_more(struct re_printf *pf, size_t count, const char *what)
{
	if (count <= CFG_ERRORS_MAX)
		return 0;
	return re_hprintf(pf, "and %zu more %s\n", count - CFG_ERRORS_MAX,
			  what);
}

int cfg_errors_print(struct re_printf *pf, const struct cfg_errors *errs)
{
	const struct le *le;
	int err = 0;

	if (!errs)
		return 0;
	for (le = list_head(&errs->entries); le; le = le->next)
		err |= print_entry(pf, le->data);
	err |= print_more(pf, errs->count, "errors");
	return err | print_more(pf, errs->warnings, "warnings");
}
