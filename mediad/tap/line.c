/*
 * line.c  One side of a call on a timeline
 *
 * A source is placed by when its first packet came, and from then on by its
 * timestamps. The packet of a while that is least late tells how the two
 * clocks run apart; that is set right one sample with each packet, which
 * nobody hears: 50 samples a second of 16,000 are 3000 ppm.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "mediad/tap/line.h"
#include "mediad/tap/tap.h"

enum {
	WHILE = 100,     /* packets */
	SLACK_MS = 2,    /* not worth to be set right */
	JUMP_MS = 300,   /* more is another place */
	NEVER = INT32_MAX,
};

void line_open(struct line *line, uint32_t rate, uint64_t now_ms)
{
	memset(line, 0, sizeof(*line));
	line->rate = rate;
	line->begin_ms = now_ms;
}

void line_close(struct line *line)
{
	line->dec = mem_deref(line->dec);
}

static int32_t of_ms(const struct line *line, int32_t ms)
{
	return ms * (int32_t)(line->rate / 1000);
}

/* --- the ring -------------------------------------------------------------------- */

static void set(struct line *line, uint64_t pos, int16_t v)
{
	if (pos >= line->read && pos < line->read + LINE_ROOM)
		line->ring[pos % LINE_ROOM] = v;
}

static int16_t get(const struct line *line, uint64_t pos)
{
	return pos >= line->read && pos < line->read + LINE_ROOM
		       ? line->ring[pos % LINE_ROOM]
		       : 0;
}

void line_read(struct line *line, int16_t *pcm, size_t count)
{
	for (size_t i = 0; i < count; i++, line->read++) {
		int16_t *at = &line->ring[line->read % LINE_ROOM];

		pcm[i] = *at;
		*at = 0;
	}
}

void line_forget(struct line *line)
{
	memset(line->ring, 0, sizeof(line->ring));
	memset(&line->up, 0, sizeof(line->up));
	line->from = line->read;
}

static void write_at(struct line *line, uint64_t pos, const int16_t *pcm,
		     size_t count)
{
	/* a sample that was let in between is like the one before it */
	if (pos == line->end + 1 && line->placed)
		set(line, line->end, get(line, line->end - 1));
	for (size_t i = 0; i < count; i++)
		set(line, pos + i, pcm[i]);
	line->end = pos + count;
}

/* --- the place --------------------------------------------------------------------- */

static uint64_t place_by_time(const struct line *line, uint64_t now_ms)
{
	return (now_ms - line->begin_ms) * (line->rate / 1000);
}

static void place_anew(struct line *line, const struct tap_pkt *pkt)
{
	line->pos = place_by_time(line, pkt->now_ms);
	line->least = NEVER;
	line->seen = 0;
	line->steer = 0;
}

static void look(struct line *line, int32_t late)
{
	if (late < line->least)
		line->least = late;
	if (++line->seen < WHILE)
		return;
	line->steer = line->least > of_ms(line, SLACK_MS) ||
				      line->least < -of_ms(line, SLACK_MS)
			      ? line->least
			      : 0;
	line->least = NEVER;
	line->seen = 0;
}

/* Where the packet belongs. */
static void place(struct line *line, const struct tap_pkt *pkt)
{
	const int32_t ticks = (int32_t)(pkt->ts - line->ts);
	const int64_t step =
		(int64_t)ticks * line->rate / (int64_t)pkt->codec->clock;
	int64_t late;

	if (!line->placed || (step < 0 && (uint64_t)-step > line->pos)) {
		place_anew(line, pkt);
		return;
	}
	line->pos += (uint64_t)step;
	/* held up on its way for long: no reason to place it anew. Whose
	 * timestamps stood still in a pause is, after a second */
	if (line->pos < line->from &&
	    place_by_time(line, pkt->now_ms) < line->from + line->rate)
		return;
	late = (int64_t)(place_by_time(line, pkt->now_ms) - line->pos);
	if (late > of_ms(line, JUMP_MS) || late < -of_ms(line, JUMP_MS)) {
		place_anew(line, pkt);
		return;
	}
	look(line, (int32_t)late);
	if (line->steer > 0) {
		line->pos++;
		line->steer--;
	} else if (line->steer < 0 && line->pos) {
		line->pos--;
		line->steer++;
	}
}

/* Some of it was said before that moment, or may have been: it came at once
 * behind it. */
static bool is_to_forget(const struct line *line, const struct tap_pkt *pkt,
			 size_t count)
{
	const uint64_t span = count * (line->rate / line->dec_rate);

	return line->from &&
	       (line->pos < line->from ||
		place_by_time(line, pkt->now_ms) < line->from + span);
}

/* --- packets ------------------------------------------------------------------------ */

static bool decoder_for(struct line *line, const struct codec *codec)
{
	if (line->codec == codec)
		return line->dec != NULL;
	line->dec = mem_deref(line->dec);
	line->codec = codec;
	line->dec_rate = min(codec->voice_rate, line->rate);
	memset(&line->up, 0, sizeof(line->up));
	return !codec->voice_dec_alloc(&line->dec, line->dec_rate);
}

static void put_samples(struct line *line, const int16_t *pcm, size_t count)
{
	int16_t wide[2 * CODEC_VOICE_MAX];

	if (line->dec_rate == line->rate) {
		write_at(line, line->pos, pcm, count);
		return;
	}
	halfband_up(&line->up, wide, pcm, count);
	write_at(line, line->pos, wide, 2 * count);
}

void line_put(struct line *line, const struct tap_pkt *pkt)
{
	int16_t pcm[CODEC_VOICE_MAX];
	size_t count;

	/* late ones, and those that come twice, are silence by now */
	if (line->placed && pkt->gen == line->gen && pkt->ext <= line->ext)
		return;
	if (!decoder_for(line, pkt->codec))
		return;
	if (pkt->gen != line->gen)
		line->placed = false;
	count = pkt->codec->voice_span(pkt->data, pkt->len, line->dec_rate);
	if (!count || count > CODEC_VOICE_MAX ||
	    pkt->codec->decode(line->dec, pkt->data, pkt->len, pcm, &count))
		return;
	place(line, pkt);
	if (!is_to_forget(line, pkt, count))
		put_samples(line, pcm, count);
	line->placed = true;
	line->gen = pkt->gen;
	line->ext = pkt->ext;
	line->ts = pkt->ts;
}
