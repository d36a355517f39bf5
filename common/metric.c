/*
 * metric.c  Figures of a process: counters, gauges, histograms
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/metric_priv.h"

struct key {
	char *text;
	uint64_t *value;
};

struct metric_set {
	struct metric_figure *figures;
	size_t n;
	struct key *keys; /* sorted by text, made at the first merge */
	size_t nkeys;
};

static void keys_forget(struct metric_set *set)
{
	for (size_t i = 0; i < set->nkeys; i++)
		mem_deref(set->keys[i].text);
	set->keys = mem_deref(set->keys);
	set->nkeys = 0;
}

static void set_destructor(void *data)
{
	struct metric_set *set = data;

	keys_forget(set);
	mem_deref(set->figures);
}

int metric_set_alloc(struct metric_set **setp)
{
	struct metric_set *set;

	if (!setp)
		return EINVAL;
	set = mem_zalloc(sizeof(*set), set_destructor);
	if (!set)
		return ENOMEM;

	*setp = set;
	return 0;
}

static bool name_valid(const char *name)
{
	if (!name || !name[0] || (name[0] >= '0' && name[0] <= '9'))
		return false;
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:")] ==
	       '\0';
}

static bool bounds_valid(const struct metric_bounds *bounds)
{
	if (!bounds->per_unit || bounds->n > METRIC_LE_MAX)
		return false;
	for (uint32_t i = 1; i < bounds->n; i++) {
		if (bounds->le[i] <= bounds->le[i - 1])
			return false;
	}
	return true;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len > n && !strcmp(name + len - n, end);
}

/* OpenMetrics 1.0, "Suffixes". */
static bool end_valid(const struct metric_desc *desc)
{
	return ends_with(desc->name, "_total") ==
		       (desc->type == METRIC_COUNTER) &&
	       ends_with(desc->name, "_info") == (desc->type == METRIC_INFO);
}

/* A histogram has bounds, all else at most a unit. */
static bool unit_valid(const struct metric_desc *desc)
{
	if (!desc->bounds)
		return desc->type != METRIC_HIST;
	return bounds_valid(desc->bounds) &&
	       (desc->type == METRIC_HIST) == (desc->bounds->n > 0);
}

static int desc_check(const struct metric_set *set,
		      const struct metric_desc *desc)
{
	size_t len;

	if (!name_valid(desc->name) || !desc->help || !end_valid(desc))
		return EINVAL;
	if (!unit_valid(desc))
		return EINVAL;
	/* room for "{}", "|" and a bound of 20 digits */
	len = strlen(desc->name) + (desc->labels ? strlen(desc->labels) : 0);
	if (len + 24 > METRIC_KEY_MAX)
		return EINVAL;
	for (size_t i = 0; i < set->n; i++) {
		if (!strcmp(set->figures[i].desc->name, desc->name))
			return EEXIST;
	}
	return 0;
}

int metric_add(struct metric_set *set, const struct metric_desc *desc, size_t n,
	       void *base)
{
	struct metric_figure *figures;
	int err;

	if (!set || !desc || !base)
		return EINVAL;
	for (size_t i = 0; i < n; i++) {
		err = desc_check(set, &desc[i]);
		if (err)
			return err;
	}
	figures = set->figures ? mem_realloc(set->figures,
					     (set->n + n) * sizeof(*figures))
			       : mem_alloc(n * sizeof(*figures), NULL);
	if (!figures)
		return ENOMEM;

	set->figures = figures;
	for (size_t i = 0; i < n; i++) {
		void *data = (char *)base + desc[i].offset;

		figures[set->n++] = (struct metric_figure){&desc[i], data};
		if (desc[i].type == METRIC_HIST)
			((struct metric_hist *)data)->bounds = desc[i].bounds;
	}
	keys_forget(set);
	return 0;
}

void metric_observe(struct metric_hist *hist, uint64_t value)
{
	uint32_t i = 0;

	if (!hist->bounds)
		return;
	while (i < hist->bounds->n && value > hist->bounds->le[i])
		i++;
	hist->count[i]++;
	hist->sum += value;
}

/* --- flat keys ---------------------------------------------------------------- */

typedef int(number_h)(const char *key, uint64_t *value, void *arg);

static void key_print(char key[METRIC_KEY_MAX], const struct metric_desc *desc,
		      const char *part)
{
	const char *labels = desc->labels ? desc->labels : "";
	bool any = labels[0];

	snprintf(key, METRIC_KEY_MAX, "%s%s%s%s%s", desc->name, any ? "{" : "",
		 labels, any ? "}" : "", part);
}

static int hist_numbers(const struct metric_figure *figure, number_h *numberh,
			void *arg)
{
	struct metric_hist *hist = figure->data;
	const struct metric_bounds *bounds = figure->desc->bounds;
	char key[METRIC_KEY_MAX], part[24];
	int err = 0;

	for (uint32_t i = 0; i <= bounds->n && !err; i++) {
		if (i < bounds->n)
			snprintf(part, sizeof(part), "|%" PRIu64,
				 bounds->le[i]);
		else
			snprintf(part, sizeof(part), "|+Inf");
		key_print(key, figure->desc, part);
		err = numberh(key, &hist->count[i], arg);
	}
	if (err)
		return err;
	key_print(key, figure->desc, "|sum");
	return numberh(key, &hist->sum, arg);
}

static int numbers(const struct metric_set *set, number_h *numberh, void *arg)
{
	char key[METRIC_KEY_MAX];
	int err = 0;

	for (size_t i = 0; i < set->n && !err; i++) {
		const struct metric_figure *figure = &set->figures[i];

		if (figure->desc->type == METRIC_INFO)
			continue; /* all that it says stands in the table */
		if (figure->desc->type == METRIC_HIST) {
			err = hist_numbers(figure, numberh, arg);
			continue;
		}
		key_print(key, figure->desc, "");
		err = numberh(key, figure->data, arg);
	}
	return err;
}

struct teller {
	metric_each_h *eachh;
	void *arg;
};

static int tell(const char *key, uint64_t *value, void *arg)
{
	const struct teller *teller = arg;

	teller->eachh(key, *value, teller->arg);
	return 0;
}

void metric_each(const struct metric_set *set, metric_each_h *eachh, void *arg)
{
	struct teller teller = {eachh, arg};

	if (set && eachh)
		(void)numbers(set, tell, &teller);
}

static int count_key(const char *key, uint64_t *value, void *arg)
{
	size_t *n = arg;

	(void)key;
	(void)value;
	++*n;
	return 0;
}

static int add_key(const char *key, uint64_t *value, void *arg)
{
	struct metric_set *set = arg;
	struct key *slot = &set->keys[set->nkeys];
	int err = str_dup(&slot->text, key);

	slot->value = value;
	set->nkeys += !err;
	return err;
}

static int by_text(const void *a, const void *b)
{
	const struct key *ka = a, *kb = b;

	return strcmp(ka->text, kb->text);
}

static int keys_make(struct metric_set *set)
{
	size_t n = 0;
	int err;

	(void)numbers(set, count_key, &n);
	if (!n)
		return ENOENT;
	set->keys = mem_zalloc(n * sizeof(*set->keys), NULL);
	if (!set->keys)
		return ENOMEM;

	err = numbers(set, add_key, set);
	if (err)
		keys_forget(set);
	else
		qsort(set->keys, set->nkeys, sizeof(*set->keys), by_text);
	return err;
}

int metric_merge(struct metric_set *set, const char *key, size_t len,
		 uint64_t value)
{
	char text[METRIC_KEY_MAX];
	struct key want = {.text = text};
	const struct key *found;
	int err;

	if (!set || !key)
		return EINVAL;
	if (len >= sizeof(text))
		return ENOENT;
	if (!set->keys) {
		err = keys_make(set);
		if (err)
			return err;
	}
	memcpy(text, key, len);
	text[len] = '\0';
	found = bsearch(&want, set->keys, set->nkeys, sizeof(want), by_text);
	if (!found)
		return ENOENT;

	*found->value += value;
	return 0;
}

static int clear_number(const char *key, uint64_t *value, void *arg)
{
	(void)key;
	(void)arg;
	*value = 0;
	return 0;
}

void metric_clear(struct metric_set *set)
{
	if (set)
		(void)numbers(set, clear_number, NULL);
}

size_t metric_figures(const struct metric_set *set,
		      const struct metric_figure **figures)
{
	*figures = set->figures;
	return set->n;
}
