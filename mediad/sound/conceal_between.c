/*
 * conceal_between.c  A voice from the one side of a loss to the other
 *
 * The pitch period before the loss and the one behind it are the two ends of
 * a line: the one turns into the other while the pitch goes from the one's to
 * the other's, and so many periods lie between them that both ends fit. Where
 * each would go on alone, they would meet out of step.
 *
 * The numbers in here were chosen by the segmental SNR and the spectral
 * distance of what was lost of 215 s of speech (five voices, three languages)
 * at 5 and 10 % loss, single and in bursts. docs/quality.md has the figures.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <string.h>

#include "mediad/sound/conceal.h"

/* Samples at 8 kHz. */
enum {
	LAG_MIN = 20, /* 400 Hz */
	LAG_MAX = CONCEAL_PITCH_MAX,
	WINDOW = 56,  /* compared before the loss */
	GRID = 64,    /* points of a period, to bring two in step */
	CLEAR = 240,  /* samples from an edge at full level, */
	GONE = CONCEAL_FADE_END, /* and at none */
	TIMES_MAX = 2,
};

static const float SURE = 0.5f, /* likeness from which a pitch is one */
	LEAST_GAIN = 0.4f;      /* of what fits together badly */

/* One side: its period nearest to the loss, in the order of time. */
struct edge {
	float period[LAG_MAX * TIMES_MAX];
	float grid[GRID];
	unsigned lag; /* samples of it */
	float sure;
	float step; /* from the period to the sample at the loss */
};

struct line {
	float turns;  /* periods from the one edge to the other */
	float like;   /* -1..1: of the two in step */
	float f0, f1; /* periods of a sample at the begin, and at the end */
	unsigned times; /* 8 kHz */
};

/* --- one side -------------------------------------------------------------- */

/* x: the samples next to the loss come first, walking by `dir`. Longer lags
 * are a little worse: they may be two periods. */
static float likeness(const int16_t *x, int dir, unsigned lag, unsigned window,
		      unsigned step)
{
	float xy = 0, xx = 1, yy = 1;

	for (unsigned i = 0; i < window; i += step) {
		const float a = x[dir * (int)i], b = x[dir * (int)(i + lag)];

		xy += a * b;
		xx += a * a;
		yy += b * b;
	}
	return xy / sqrtf(xx * yy) * (1 - 0.0005f * (float)lag / (float)step);
}

static void find_lag(struct edge *edge, const int16_t *x, int dir,
		     unsigned room, unsigned times)
{
	const unsigned window = dir < 0 ? WINDOW * times : room / 3;

	edge->sure = -2;
	edge->lag = LAG_MIN * times;
	for (unsigned lag = LAG_MIN * times;
	     lag <= LAG_MAX * times && lag + window <= room; lag++) {
		float like = likeness(x, dir, lag, window, times);

		if (like > edge->sure) {
			edge->sure = like;
			edge->lag = lag;
		}
	}
}

/* Who is not sure takes the other's word; and one may have found two periods
 * where the other found one. */
static void agree(struct edge *a, struct edge *b, unsigned room, unsigned times)
{
	if (a->sure > SURE && b->sure > SURE) {
		if (5 * b->lag > 8 * a->lag && 5 * b->lag < 12 * a->lag &&
		    2 * a->lag <= LAG_MAX * times)
			a->lag *= 2;
		else if (5 * a->lag > 8 * b->lag && 5 * a->lag < 12 * b->lag &&
			 2 * b->lag <= room - LAG_MIN * times)
			b->lag *= 2;
	} else if (a->sure > SURE) {
		b->lag = a->lag;
	} else if (b->sure > SURE) {
		a->lag = b->lag;
	}
	if (b->lag > room)
		b->lag = room;
}

/* The period before the loss; its end is bent so that it runs on into its
 * beginning. end: behind its last sample. */
static void period_before(struct edge *edge, const int16_t *end)
{
	const unsigned lag = edge->lag, bend = lag / 4;

	for (unsigned i = 0; i < lag; i++)
		edge->period[i] = end[(int)i - (int)lag];
	for (unsigned i = 0; i < bend; i++) {
		float *v = &edge->period[lag - bend + i];
		float part = (float)(i + 1) / (float)(bend + 1);

		*v += part * (end[(int)i - (int)(lag + bend)] - *v);
	}
	edge->step = end[-1] - edge->period[lag - 1];
}

/* The one behind it, its beginning bent. room: samples that there are. */
static void period_behind(struct edge *edge, const int16_t *x, unsigned room)
{
	const unsigned lag = edge->lag, bend = lag / 4;

	for (unsigned i = 0; i < lag; i++)
		edge->period[i] = x[i];
	for (unsigned i = 0; i < bend && lag + i < room; i++) {
		float part = (float)(bend - i) / (float)(bend + 1);

		edge->period[i] += part * (x[lag + i] - edge->period[i]);
	}
	edge->step = x[0] - edge->period[0];
}

/* Where `turn` stands in the period, between samples (cubic, Catmull-Rom). */
static float look(const struct edge *edge, float turn)
{
	const unsigned lag = edge->lag;
	float at = (turn - floorf(turn)) * (float)lag, f;
	unsigned i = (unsigned)at;
	float a, b, c, d;

	if (i >= lag) /* by rounding */
		i = lag - 1;
	f = at - (float)i;
	a = edge->period[i ? i - 1 : lag - 1];
	b = edge->period[i];
	c = edge->period[i + 1 < lag ? i + 1 : i + 1 - lag];
	d = edge->period[i + 2 < lag ? i + 2 : i + 2 - lag];
	return b + 0.5f * f *
			   (c - a + f * (2 * a - 5 * b + 4 * c - d +
					 f * (3 * (b - c) + d - a)));
}

static void edge_grid(struct edge *edge)
{
	for (unsigned k = 0; k < GRID; k++)
		edge->grid[k] = look(edge, (float)k / GRID);
}

/* --- from the one to the other --------------------------------------------- */

/* So many turns, the nearest to what the two pitches say, with which the one
 * side is ahead of the other by `part` of a turn. */
static float turns_near(float nominal, float part)
{
	float turns = floorf(nominal - part + 0.5f) + part;

	return turns > 0 ? turns : turns + 1;
}

/* Of the ways to bring the two in step the best that bends the pitch little. */
static void draw(struct line *line, const struct edge *a, const struct edge *b,
		 size_t count)
{
	const float n = (float)count;
	const float nominal =
		n * 0.5f * (1 / (float)a->lag + 1 / (float)b->lag);
	float best = -INFINITY, most = 0, xx = 1, yy = 1;

	for (unsigned k = 0; k < GRID; k++) {
		xx += a->grid[k] * a->grid[k];
		yy += b->grid[k] * b->grid[k];
	}
	for (unsigned s = 0; s < GRID; s++) {
		const float turns = turns_near(nominal, (float)s / GRID);
		float sum = 0, score;

		for (unsigned k = 0; k < GRID; k++)
			sum += a->grid[(k + s) % GRID] * b->grid[k];
		score = sum > 0 ? sum * (1 - fabsf(turns / nominal - 1)) : sum;
		if (score <= best)
			continue;
		best = score;
		most = sum;
		line->turns = turns;
	}
	line->like = most / sqrtf(xx * yy);
	line->f0 = line->turns / nominal / (float)a->lag;
	line->f1 = line->turns / nominal / (float)b->lag;
}

/* By how near the edge is: what is far from both is a guess. */
static float gain_at(const struct line *line, size_t near)
{
	const float at = (float)near / (float)line->times;
	float least = LEAST_GAIN, gain;

	if (line->like > 0)
		least += (1 - LEAST_GAIN) * line->like;
	gain = at < LAG_MIN * 2 ? 1 - (1 - least) * at / (LAG_MIN * 2) : least;
	if (at > GONE)
		return 0;
	return at > CLEAR ? gain * (GONE - at) / (GONE - CLEAR) : gain;
}

/* The edge's step, fading within a quarter of its period. */
static float step_at(const struct edge *edge, size_t away)
{
	const float bend = (float)edge->lag / 4;

	return (float)away < bend ? edge->step * (1 - (float)away / bend) : 0;
}

static void fill(const struct line *line, const struct edge *a,
		 const struct edge *b, int16_t *pcm, size_t count)
{
	float turn = 0;

	for (size_t i = 0; i < count; i++) {
		const size_t left = count - 1 - i;
		const float t = ((float)i + 0.5f) / (float)count;
		float v = (1 - t) * (look(a, turn) + step_at(a, i)) +
			  t * (look(b, turn - line->turns) + step_at(b, left));

		turn += line->f0 + (line->f1 - line->f0) * t;
		v *= gain_at(line, i < left ? i : left);
		pcm[i] = (int16_t)fmaxf(INT16_MIN, fminf(INT16_MAX, v));
	}
}

void conceal_between(struct conceal *c, int16_t *pcm, size_t count,
		     const int16_t *ahead, size_t n)
{
	const unsigned times = c->times, room = (unsigned)n;
	const int16_t *end = c->history + (size_t)times * CONCEAL_HISTORY;
	struct edge a, b;
	struct line line = {.times = times};

	find_lag(&a, end - 1, -1, times * CONCEAL_HISTORY, times);
	find_lag(&b, ahead, 1, room, times);
	agree(&a, &b, room, times);
	period_before(&a, end);
	period_behind(&b, ahead, room);
	edge_grid(&a);
	edge_grid(&b);
	draw(&line, &a, &b, count);
	fill(&line, &a, &b, pcm, count);
	c->lost = 0;
	conceal_remember(c, pcm, count);
}
