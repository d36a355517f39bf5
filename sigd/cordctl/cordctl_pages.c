/*
 * cordctl_pages.c  A list of a running Cordboard, page by page
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "common/jsonr.h"
#include "sigd/cordctl/cordctl_api.h"
#include "sigd/cordctl/cordctl_once.h"

enum { PAGE_MAX = 500 }; /* entries of an answer, docs/openapi.yaml */

static int row_add(struct cordctl_table *table,
		   const struct cordctl_form *form, const struct jsonr_val *val)
{
	char cells[CORDCTL_COLUMNS_MAX][CORDCTL_CELL_MAX];
	const char *row[CORDCTL_COLUMNS_MAX];

	form->cellsh(cells, val);
	for (size_t k = 0; k < form->n; k++)
		row[k] = cells[k];
	return cordctl_table_row(table, row);
}

static int rows_add(struct cordctl_table *table,
		    const struct cordctl_form *form,
		    const struct jsonr_val *list)
{
	int err = 0;

	for (size_t i = 0; !err && i < jsonr_count(list); i++)
		err = row_add(table, form, jsonr_at(list, i));
	return err;
}

int cordctl_page_print(const struct cordctl_answer *answer,
		       const struct cordctl_form *form)
{
	struct cordctl_table *table = NULL;
	int err = cordctl_table_alloc(&table, form->heads, form->n);

	if (!err)
		err = form->name
			      ? rows_add(table, form,
					 cordctl_list(answer, form->name))
			      : row_add(table, form, jsonr_root(answer->doc));
	if (!err)
		cordctl_table_print(table, cordctl_width());
	mem_deref(table);
	return err ? CORDCTL_SYSTEM : CORDCTL_OK;
}

int cordctl_do(const struct cordctl_remote *remote, const char *method,
	       const char *path, const char *body,
	       const struct cordctl_form *form)
{
	struct cordctl_answer answer = cordctl_ask(remote, method, path, body);
	int code = answer.code;

	if (code == CORDCTL_OK && remote->json)
		cordctl_raw(&answer);
	else if (code == CORDCTL_OK)
		code = cordctl_page_print(&answer, form);
	cordctl_answer_close(&answer);
	return code;
}

unsigned long cordctl_limit(const struct cordctl_remote *remote)
{
	const char *text = remote->limit;

	return text && strspn(text, "0123456789") == strlen(text)
		       ? strtoul(text, NULL, 10)
		       : 0;
}

static void page_path(char page[CORDCTL_URL_MAX], const char *path,
		      const struct cordctl_remote *remote, unsigned long left,
		      const char *next)
{
	char limit[16];

	str_ncpy(page, path, CORDCTL_URL_MAX);
	re_snprintf(limit, sizeof(limit), "%lu",
		    left && left < PAGE_MAX ? left : (unsigned long)PAGE_MAX);
	cordctl_query(page, "limit",
		      left || !remote->limit ? limit : remote->limit);
	cordctl_query(page, "cursor", *next ? next : NULL);
}

/* A list while it is read. */
struct listing {
	const struct cordctl_remote *remote;
	const struct cordctl_form *form;
	cordctl_id_h *idh; /* NULL: none comes twice */
	struct cordctl_table *table;
	struct cordctl_once *once;
};

static int row_once(bool *again, const struct listing *listing,
		    const struct jsonr_val *val)
{
	char id[CORDCTL_ID_MAX];
	int err = 0;

	*again = false;
	if (listing->idh) {
		listing->idh(id, val);
		err = cordctl_once_note(again, listing->once, id);
	}
	return err || *again ? err
			     : row_add(listing->table, listing->form, val);
}

/* What has come is printed as it comes: a later page may fail, or nobody read
 * on. *n: so many were told. JSON is as it came. */
static int page_take(size_t *n, const struct listing *listing,
		     const struct cordctl_answer *answer)
{
	const struct jsonr_val *list =
		cordctl_list(answer, listing->form->name);
	const size_t count = jsonr_count(list);
	bool again;

	*n = count;
	for (size_t i = 0; !listing->remote->json && i < count; i++) {
		if (row_once(&again, listing, jsonr_at(list, i)))
			return CORDCTL_SYSTEM;
		*n -= again;
	}
	if (listing->remote->json)
		cordctl_raw(answer);
	else if (*n) /* the names are as wide as the first row that is there */
		cordctl_table_print(listing->table, cordctl_width());
	return cordctl_unread() ? CORDCTL_OUTPUT : CORDCTL_OK;
}

/* "": there are no more. */
static const char *next_of(const struct cordctl_answer *answer)
{
	const char *next =
		jsonr_str(jsonr_get(jsonr_root(answer->doc), "next"));

	return next ? next : "";
}

/* A page may be short, or empty, and not the last: `next` says it. */
static int pages(const struct listing *listing, const char *path)
{
	char page[CORDCTL_URL_MAX], next[CORDCTL_URL_MAX] = "";
	const struct cordctl_remote *remote = listing->remote;
	unsigned long left = cordctl_limit(remote);
	const bool all = !remote->limit;
	int code;

	do {
		struct cordctl_answer answer;
		size_t n;

		page_path(page, path, remote, left, next);
		answer = cordctl_ask(remote, "GET", page, NULL);
		code = answer.code;
		*next = '\0';
		if (code == CORDCTL_OK) {
			code = page_take(&n, listing, &answer);
			left -= n < left ? n : left;
			str_ncpy(next, next_of(&answer), sizeof(next));
		}
		cordctl_answer_close(&answer);
	} while (code == CORDCTL_OK && *next && (all || left));
	return code;
}

int cordctl_pages(const struct cordctl_remote *remote, const char *path,
		  const struct cordctl_form *form)
{
	return cordctl_pages_once(remote, path, form, NULL);
}

int cordctl_pages_once(const struct cordctl_remote *remote, const char *path,
		       const struct cordctl_form *form, cordctl_id_h *idh)
{
	struct listing listing = {.remote = remote, .form = form, .idh = idh};
	int code = CORDCTL_SYSTEM;

	if (!cordctl_table_alloc(&listing.table, form->heads, form->n) &&
	    !cordctl_once_alloc(&listing.once))
		code = pages(&listing, path);
	if (code == CORDCTL_OK && !remote->json)
		cordctl_table_print(listing.table, cordctl_width());
	mem_deref(listing.once);
	mem_deref(listing.table);
	return code;
}
