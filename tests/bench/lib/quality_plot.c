/*
 * quality_plot.c  The figures of two programs as a picture
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>
#include <stdio.h>

#include "common/countof.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/quality_plot.h"

enum {
	WIDTH = 210, /* of a panel */
	HEIGHT = 150,
	LEFT = 46,
	TOP = 54,
	ACROSS = WIDTH + 44,
	DOWN = HEIGHT + 56
};

/* One line: cells, and where they stand. */
struct line {
	unsigned count;
	const char *dash;
	unsigned cells[5];
	double x[5];
};

static const struct line by_loss[] = {
	{5, "", {0, 1, 2, 3, 4}, {0, 1, 3, 5, 10}},
	{4, "5 3", {0, 5, 6, 7}, {0, 3, 5, 10}}};
static const struct line by_jitter[] = {
	{4, "", {0, 8, 9, 10}, {0, 20, 40, 60}}};

struct panel {
	const char *title, *axis;
	unsigned codec;
	bool to_opus, band; /* else the spectral distance */
	const struct line *lines;
	unsigned nlines;
	double most; /* of x */
};

static double value_of(const struct judgement *j, bool band)
{
	/* both: 0 at the bottom, 1 at the top */
	return band ? (j->band - 0.4) / 0.6 : j->lsd / 12;
}

static void draw_line(FILE *file, const struct panel *panel,
		      const struct line *line, const struct quality *q,
		      const char *color)
{
	fprintf(file,
		"<polyline fill='none' stroke='%s' stroke-width='2' "
		"stroke-dasharray='%s' points='",
		color, line->dash);
	for (unsigned i = 0; i < line->count; i++) {
		double y = value_of(
			&q->of[panel->codec][panel->to_opus][line->cells[i]],
			panel->band);

		y = y < 0 ? 0 : y > 1 ? 1 : y;
		fprintf(file, "%.1f,%.1f ", line->x[i] / panel->most * WIDTH,
			(1 - y) * HEIGHT);
	}
	fprintf(file, "'/>\n");
}

static void draw_axes(FILE *file, const struct panel *panel)
{
	fprintf(file,
		"<text x='0' y='-8' font-weight='bold'>%s</text>\n"
		"<rect width='%d' height='%d' fill='none' stroke='#999'/>\n",
		panel->title, WIDTH, HEIGHT);
	for (unsigned i = 0; i <= 4; i++) {
		const double y = HEIGHT * i / 4.0;

		fprintf(file,
			"<line x2='%d' y1='%.1f' y2='%.1f' stroke='#ddd'/>"
			"<text x='-6' y='%.1f' text-anchor='end'>%.*f</text>\n",
			WIDTH, y, y, y + 4, panel->band ? 2 : 0,
			panel->band ? 1 - 0.6 * i / 4 : 12 - 3.0 * i);
	}
	for (unsigned i = 0; i <= 4; i++)
		fprintf(file,
			"<text x='%.1f' y='%d' text-anchor='middle'>%g</text>\n",
			WIDTH * i / 4.0, HEIGHT + 14, panel->most * i / 4);
	fprintf(file, "<text x='%d' y='%d' text-anchor='middle'>%s</text>\n",
		WIDTH / 2, HEIGHT + 28, panel->axis);
}

static void draw(FILE *file, const struct panel *panel, unsigned nr,
		 const struct quality q[2])
{
	fprintf(file, "<g transform='translate(%u,%u)'>\n",
		LEFT + nr % 4 * ACROSS, TOP + nr / 4 * DOWN);
	draw_axes(file, panel);
	for (unsigned i = 0; i < panel->nlines; i++) {
		draw_line(file, panel, &panel->lines[i], &q[1], "#d95f02");
		draw_line(file, panel, &panel->lines[i], &q[0], "#1b6ca8");
	}
	fprintf(file, "</g>\n");
}

#define BY_LOSS   by_loss, COUNTOF(by_loss), 10
#define BY_JITTER by_jitter, COUNTOF(by_jitter), 60

static const struct panel panels[] = {
	{"PCMU to Opus: bands", "loss, %", 0, true, true, BY_LOSS},
	{"G.722 to Opus: bands", "loss, %", 2, true, true, BY_LOSS},
	{"Opus to PCMU: bands", "loss, %", 0, false, true, BY_LOSS},
	{"Opus to G.722: bands", "loss, %", 2, false, true, BY_LOSS},
	{"PCMU to Opus: distance, dB", "loss, %", 0, true, false, BY_LOSS},
	{"G.722 to Opus: distance, dB", "loss, %", 2, true, false, BY_LOSS},
	{"Opus to PCMU: distance, dB", "loss, %", 0, false, false, BY_LOSS},
	{"Opus to G.722: distance, dB", "loss, %", 2, false, false, BY_LOSS},
	{"PCMU to Opus: bands", "jitter, ms", 0, true, true, BY_JITTER},
	{"G.722 to Opus: bands", "jitter, ms", 2, true, true, BY_JITTER},
	{"Opus to PCMU: bands", "jitter, ms", 0, false, true, BY_JITTER},
	{"Opus to G.722: bands", "jitter, ms", 2, false, true, BY_JITTER},
};

void quality_plot(const char *name, const struct quality q[2])
{
	FILE *file = fopen(name, "w");

	if (!file)
		bench_die("%s cannot be written", name);
	fprintf(file,
		"<svg xmlns='http://www.w3.org/2000/svg' width='%d' "
		"height='%d' font-family='sans-serif' font-size='11'>\n"
		"<rect width='100%%' height='100%%' fill='white'/>\n"
		"<text x='%d' y='20' font-size='13'>"
		"<tspan fill='#1b6ca8'>mediad</tspan>, "
		"<tspan fill='#d95f02'>RTPEngine</tspan>; dashed: loss in "
		"bursts of 2.5 packets. Bands: more is better; distance: less."
		"</text>\n",
		LEFT + 4 * ACROSS, TOP + 3 * DOWN, LEFT);
	for (unsigned i = 0; i < COUNTOF(panels); i++)
		draw(file, &panels[i], i, q);
	fprintf(file, "</svg>\n");
	if (fclose(file))
		bench_die("%s cannot be written", name);
}
