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
	char *text;
};

struct cfg_errors {
	struct list entries;
	size_t count;
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

void cfg_errors_add(struct cfg_errors *errs, const struct cfg_pos *pos,
		    const char *fmt, ...)
{
	char text[CFG_ERROR_TEXT_MAX];
	struct entry *entry;
	va_list ap;

	if (!errs || ++errs->count > CFG_ERRORS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	make_printable(text);

	/* without memory the error is still counted */
	entry = mem_zalloc(sizeof(*entry), entry_destructor);
	if (!entry)
		return;
	if (str_dup(&entry->text, text) ||
	    (pos && pos->file && str_dup(&entry->file, pos->file))) {
		mem_deref(entry);
		return;
	}
	if (pos) {
		entry->line = pos->line;
		entry->col = pos->col;
	}
	insert(&errs->entries, entry);
}

size_t cfg_errors_count(const struct cfg_errors *errs)
{
	return errs ? errs->count : 0;
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
	return err | re_hprintf(pf, "%s\n", entry->text);
}

int cfg_errors_print(struct re_printf *pf, const struct cfg_errors *errs)
{
	const struct le *le;
	size_t kept;
	int err = 0;

	if (!errs)
		return 0;
	for (le = list_head(&errs->entries); le; le = le->next)
		err |= print_entry(pf, le->data);
	kept = list_count(&errs->entries);
	if (errs->count > kept)
		err |= re_hprintf(pf, "and %zu more errors\n",
				  errs->count - kept);
	return err;
}
