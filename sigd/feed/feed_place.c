/*
 * feed_place.c  How far a receiver has come in a stream, and what it has missed
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/feed/feed_place.h"

void feed_place_print(char text[FEED_PLACE_MAX + 1],
		      const struct feed_place *place)
{
	re_snprintf(text, FEED_PLACE_MAX + 1, "%s %lld", place->id,
		    (long long)place->nr);
}

void feed_place_read(struct feed_place *place, const char *id, const char *text)
{
	const size_t len = strlen(id);
	struct pl nr;

	str_ncpy(place->id, id, sizeof(place->id));
	place->nr = FEED_NR_UNKNOWN;
	if (!text || strncmp(text, id, len) || text[len] != ' ')
		return;
	pl_set_str(&nr, text + len + 1);
	if (nr.l && nr.l < 19 && strspn(nr.p, "0123456789") == nr.l)
		place->nr = (int64_t)pl_u64(&nr);
}

uint64_t feed_place_look(struct feed_place *place,
			 const struct feed_stream *stream)
{
	const int64_t behind = stream->added - (int64_t)stream->n;
	uint64_t lost = 0;

	if (stream->added < 0)
		return 0;
	/* it has ended meanwhile, and begun anew */
	if (place->nr > stream->added)
		place->nr = 0;
	if (place->nr >= 0 && stream->gone > place->nr) {
		lost = (uint64_t)(stream->gone - place->nr);
		place->nr = stream->gone;
	}
	if (stream->all)
		place->nr = behind;
	return lost;
}
