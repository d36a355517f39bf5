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

#include "common/metric.h"

/* A row of a table and where its figure lies. */
struct figure {
	const struct metric_desc *desc;
	void *data;
};

struct key {
	char *text;
	uint64_t *value;
};

struct metric_set {
	struct figure *figures;
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
	if (!bounds || !bounds->per_unit || bounds->n > METRIC_LE_MAX)
		return false;
	for (uint32_t i = 1; i < bounds->n; i++) {
		if (bounds->le[i] <= bounds->le[i - 1])
			return false;
	}
	return true;
}

static int desc_check(const struct metric_set *set,
		      const struct metric_desc *desc)
{
	size_t len;

	if (!name_valid(desc->name) || !desc->help)
		return EINVAL;
	if ((desc->type == METRIC_HIST) != bounds_valid(desc->bounds))
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
	struct figure *figures;
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

		figures[set->n++] = (struct figure){&desc[i], data};
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

static int hist_numbers(const struct figure *figure, number_h *numberh,
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
		const struct figure *figure = &set->figures[i];

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

/* --- text of Prometheus ------------------------------------------------------- */

/* value / per_unit as a decimal number without zeros at its end */
static void decimal(char out[48], uint64_t value, uint32_t per_unit)
{
	uint64_t unit = per_unit ? per_unit : 1;
	uint64_t rest = value % unit;
	size_t len;

	len = (size_t)snprintf(out, 48, "%" PRIu64, value / unit);
	if (!rest)
		return;

	out[len++] = '.';
	for (int digits = 0; digits < 9; digits++) {
		rest *= 10;
		out[len++] = (char)('0' + rest / unit);
		rest %= unit;
	}
	while (out[len - 1] == '0')
		len--;
	if (out[len - 1] == '.')
		len--;
	out[len] = '\0';
}

struct sample {
	const struct metric_desc *desc;
	const char *label;  /* of the source */
	const char *suffix; /* "_bucket" */
	const char *le;
};

static int print_labels(struct mbuf *mb, const struct sample *s)
{
	const char *parts[] = {s->label, s->desc->labels};
	const char *sep = "{";
	int err = 0;

	for (size_t i = 0; i < 2; i++) {
		if (!parts[i] || !parts[i][0])
			continue;
		err |= mbuf_printf(mb, "%s%s", sep, parts[i]);
		sep = ",";
	}
	if (s->le) {
		err |= mbuf_printf(mb, "%sle=\"%s\"", sep, s->le);
		sep = ",";
	}
	if (sep[0] == ',')
		err |= mbuf_write_str(mb, "}");
	return err;
}

static int print_sample(struct mbuf *mb, const struct sample *s,
			const char *value)
{
	int err = mbuf_printf(mb, "%s%s", s->desc->name, s->suffix);

	err |= print_labels(mb, s);
	err |= mbuf_printf(mb, " %s\n", value);
	return err;
}

static int print_hist(struct mbuf *mb, const struct metric_hist *hist,
		      struct sample s)
{
	const struct metric_bounds *bounds = s.desc->bounds;
	uint64_t total = 0;
	char le[48], value[48];
	int err = 0;

	s.suffix = "_bucket";
	for (uint32_t i = 0; i <= bounds->n; i++) {
		total += hist->count[i];
		if (i < bounds->n)
			decimal(le, bounds->le[i], bounds->per_unit);
		else
			snprintf(le, sizeof(le), "+Inf");
		s.le = le;
		decimal(value, total, 1);
		err |= print_sample(mb, &s, value);
	}
	s.le = NULL;
	s.suffix = "_count";
	err |= print_sample(mb, &s, value);
	s.suffix = "_sum";
	decimal(value, hist->sum, bounds->per_unit);
	err |= print_sample(mb, &s, value);
	return err;
}

static int print_figure(struct mbuf *mb, const struct figure *figure,
			const char *label)
{
	struct sample s = {figure->desc, label, "", NULL};
	char value[48];

	switch (figure->desc->type) {
	case METRIC_HIST:
		return print_hist(mb, figure->data, s);
	case METRIC_GAUGE:
		snprintf(value, sizeof(value), "%" PRId64,
			 *(const int64_t *)figure->data);
		break;
	case METRIC_COUNTER:
		decimal(value, *(const uint64_t *)figure->data, 1);
		break;
	}
	return print_sample(mb, &s, value);
}

static int print_head(struct mbuf *mb, const struct metric_desc *desc)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};
	int err = mbuf_printf(mb, "# HELP %s ", desc->name);

	for (const char *p = desc->help; *p; p++) {
		if (*p == '\\' || *p == '\n')
			err |= mbuf_write_str(mb, *p == '\n' ? "\\n" : "\\\\");
		else
			err |= mbuf_write_u8(mb, (uint8_t)*p);
	}
	return err | mbuf_printf(mb, "\n# TYPE %s %s\n", desc->name,
				 types[desc->type]);
}

/* The figures from `begin` on that have its name; the end of their run. */
static size_t run_end(const struct metric_set *set, size_t begin)
{
	size_t end = begin + 1;

	while (end < set->n && !strcmp(set->figures[end].desc->name,
				       set->figures[begin].desc->name))
		end++;
	return end;
}

int metric_print(struct mbuf *mb, const struct metric_source *sources, size_t n)
{
	const struct metric_set *first;
	int err = 0;

	if (!mb || !sources || !n)
		return EINVAL;
	first = sources[0].set;
	for (size_t i = 0; i < n; i++) {
		if (sources[i].set->n != first->n)
			return EINVAL;
	}
	for (size_t at = 0, end; at < first->n && !err; at = end) {
		end = run_end(first, at);
		err = print_head(mb, first->figures[at].desc);
		for (size_t i = 0; i < n; i++) {
			const struct figure *f = sources[i].set->figures;

			for (size_t k = at; k < end; k++)
				err |= print_figure(mb, &f[k],
						    sources[i].label);
		}
	}
	return err ? ENOMEM : 0;
}
