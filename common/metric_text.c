/*
 * metric_text.c  Figures as text: OpenMetrics 1.0, and Prometheus 0.0.4
 *
 * A family is what has one name. In OpenMetrics a counter's family lacks the
 * "_total" of its samples, an info's the "_info"; its unit is the end of its
 * name; and families stand together, whichever sets they come from.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/metric_priv.h"

enum { NUMBER_MAX = 48 };

/* value / per_unit as a decimal number without zeros at its end */
static void decimal(char out[NUMBER_MAX], uint64_t value, uint32_t per_unit)
{
	uint64_t unit = per_unit ? per_unit : 1;
	uint64_t rest = value % unit;
	size_t len;

	len = (size_t)snprintf(out, NUMBER_MAX, "%" PRIu64, value / unit);
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
	out[len] = '\0';
}

/* A bound is a number with a point in either format, so that a series has one
 * name whichever is asked for (OpenMetrics 1.0, "Canonical Numbers"). */
static void bound(char out[NUMBER_MAX], uint64_t value, uint32_t per_unit)
{
	decimal(out, value, per_unit);
	if (!strchr(out, '.'))
		strcat(out, ".0");
}

/* --- the head of a family ------------------------------------------------------- */

static bool ends_with(const struct pl *name, const char *end)
{
	size_t len = strlen(end);

	return name->l > len && !memcmp(name->p + name->l - len, end, len);
}

static void cut(struct pl *name, const char *end)
{
	if (ends_with(name, end))
		name->l -= strlen(end);
}

static struct pl family_of(enum metric_form form, enum metric_type type,
			   const char *name)
{
	struct pl family;

	pl_set_str(&family, name);
	if (form != METRIC_OPEN)
		return family;
	if (type == METRIC_COUNTER)
		cut(&family, "_total");
	if (type == METRIC_INFO)
		cut(&family, "_info");
	return family;
}

static const char *type_name(enum metric_form form, enum metric_type type)
{
	switch (type) {
	case METRIC_COUNTER:
		return "counter";
	case METRIC_HIST:
		return "histogram";
	case METRIC_INFO:
		return form == METRIC_OPEN ? "info" : "gauge";
	case METRIC_GAUGE:
		break;
	}
	return "gauge";
}

static int help_print(struct mbuf *mb, enum metric_form form, const char *help)
{
	int err = 0;

	for (const char *p = help; *p; p++) {
		if (*p == '\n')
			err |= mbuf_write_str(mb, "\\n");
		else if (*p == '\\' || (*p == '"' && form == METRIC_OPEN))
			err |= mbuf_printf(mb, "\\%c", *p);
		else
			err |= mbuf_write_u8(mb, (uint8_t)*p);
	}
	return err;
}

const char *metric_unit(const struct pl *family)
{
	static const char *const units[] = {"_seconds", "_bytes", "_ratio"};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ends_with(family, units[i]))
			return units[i] + 1;
	}
	return NULL;
}

int metric_print_head(struct mbuf *mb, enum metric_form form,
		      const struct metric_desc *desc)
{
	struct pl family = family_of(form, desc->type, desc->name);
	const char *unit = metric_unit(&family);
	int err = mbuf_printf(mb, "# HELP %r ", &family);

	err |= help_print(mb, form, desc->help);
	err |= mbuf_printf(mb, "\n# TYPE %r %s\n", &family,
			   type_name(form, desc->type));
	if (unit && form == METRIC_OPEN)
		err |= mbuf_printf(mb, "# UNIT %r %s\n", &family, unit);
	return err ? ENOMEM : 0;
}

int metric_print_end(struct mbuf *mb, enum metric_form form)
{
	return form == METRIC_OPEN ? mbuf_write_str(mb, "# EOF\n") : 0;
}

/* --- samples ---------------------------------------------------------------------- */

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
	char le[NUMBER_MAX], value[NUMBER_MAX];
	int err = 0;

	s.suffix = "_bucket";
	for (uint32_t i = 0; i <= bounds->n; i++) {
		total += hist->count[i];
		if (i < bounds->n)
			bound(le, bounds->le[i], bounds->per_unit);
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

static void gauge(char value[NUMBER_MAX], int64_t is, uint32_t per_unit)
{
	char *p = value;

	if (is < 0)
		*p++ = '-';
	/* a byte less than it may have: 20 digits and 10 are far from 48 */
	decimal(p, is < 0 ? 0 - (uint64_t)is : (uint64_t)is, per_unit);
}

static int print_figure(struct mbuf *mb, const struct metric_figure *figure,
			const char *label)
{
	const struct metric_bounds *bounds = figure->desc->bounds;
	const uint32_t per_unit = bounds ? bounds->per_unit : 1;
	struct sample s = {figure->desc, label, "", NULL};
	char value[NUMBER_MAX + 1] = "1";

	switch (figure->desc->type) {
	case METRIC_HIST:
		return print_hist(mb, figure->data, s);
	case METRIC_GAUGE:
		gauge(value, *(const int64_t *)figure->data, per_unit);
		break;
	case METRIC_COUNTER:
		decimal(value, *(const uint64_t *)figure->data, per_unit);
		break;
	case METRIC_INFO:
		break;
	}
	return print_sample(mb, &s, value);
}

/* --- sets --------------------------------------------------------------------------- */

static bool same_name(const struct metric_figure *a,
		      const struct metric_figure *b)
{
	return a->desc->name == b->desc->name ||
	       !strcmp(a->desc->name, b->desc->name);
}

/* Sets of the same tables: what the one has the other one has, too. */
static bool same_rows(const struct metric_set *a, const struct metric_set *b)
{
	const struct metric_figure *fa, *fb;
	size_t n = metric_figures(a, &fa);

	if (metric_figures(b, &fb) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (fa[i].desc != fb[i].desc)
			return false;
	}
	return true;
}

static bool has_family(const struct metric_set *set,
		       const struct metric_figure *figure)
{
	const struct metric_figure *figures;
	size_t n = metric_figures(set, &figures);

	for (size_t i = 0; i < n; i++) {
		if (same_name(&figures[i], figure))
			return true;
	}
	return false;
}

/* Where the family begins in this set, which as a rule is where it does in the
 * one before. */
static size_t family_at(const struct metric_figure *figures, size_t n,
			const struct metric_figure *first, size_t hint)
{
	size_t i = 0;

	if (hint < n && same_name(&figures[hint], first))
		return hint;
	while (i < n && !same_name(&figures[i], first))
		i++;
	return i;
}

static int family_samples(struct mbuf *mb, const struct metric_source *source,
			  const struct metric_figure *first, size_t hint)
{
	const struct metric_figure *figures;
	size_t n = metric_figures(source->set, &figures);
	int err = 0;

	for (size_t i = family_at(figures, n, first, hint);
	     i < n && same_name(&figures[i], first); i++)
		err |= print_figure(mb, &figures[i], source->label);
	return err;
}

/* The families of sources[nr] that none before it has, with all samples. */
static int source_print(struct mbuf *mb, enum metric_form form,
			const struct metric_source *sources, size_t n,
			size_t nr)
{
	const struct metric_figure *figures;
	size_t count = metric_figures(sources[nr].set, &figures);
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		bool done = i && same_name(&figures[i], &figures[i - 1]);

		for (size_t k = 0; k < nr && !done; k++)
			done = has_family(sources[k].set, &figures[i]);
		if (done)
			continue;
		err = metric_print_head(mb, form, figures[i].desc);
		for (size_t k = nr; k < n; k++)
			err |= family_samples(mb, &sources[k], &figures[i],
					      i);
	}
	return err;
}

int metric_print(struct mbuf *mb, enum metric_form form,
		 const struct metric_source *sources, size_t n)
{
	int err = 0;

	if (!mb || !sources || !n)
		return EINVAL;
	for (size_t i = 0; i < n && !err; i++) {
		/* that of the other workers is done */
		if (i && same_rows(sources[i].set, sources[i - 1].set))
			continue;
		err = source_print(mb, form, sources, n, i);
	}
	return err ? ENOMEM : 0;
}

/* --- what there is, for people -------------------------------------------------------- */

/* The names of the labels of `a="1",b="2"`. */
static int label_names(struct mbuf *mb, const char *labels)
{
	const char *sep = "";
	int err = 0;

	while (labels && *labels) {
		size_t len = strcspn(labels, "=");
		struct pl name = {labels, len};

		err |= mbuf_printf(mb, "%s`%r`", sep, &name);
		sep = ", ";
		labels = strstr(labels, "\",");
		labels = labels ? labels + 2 : NULL;
	}
	return err;
}

int metric_print_row(struct mbuf *mb, const struct metric_desc *desc)
{
	int err = mbuf_printf(mb, "| `%s` | %s | ", desc->name,
			      type_name(METRIC_OPEN, desc->type));

	err |= label_names(mb, desc->labels);
	err |= mbuf_printf(mb, " | %s |\n", desc->help);
	return err ? ENOMEM : 0;
}

int metric_print_table(struct mbuf *mb, const struct metric_set *set)
{
	const struct metric_figure *figures;
	size_t n = metric_figures(set, &figures);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		if (!i || !same_name(&figures[i], &figures[i - 1]))
			err = metric_print_row(mb, figures[i].desc);
	}
	return err;
}
