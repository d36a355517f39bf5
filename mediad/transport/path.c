/*
 * path.c  What every variant of a path shares
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/transport/path.h"
#include "mediad/transport/path_priv.h"

int path_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
		  uint64_t index)
{
	return path->ops->send_rtp(path, pkt, len, index);
}

int path_send_rtcp(struct path *path, const uint8_t *pkt, size_t len,
		   uint32_t index)
{
	return path->ops->send_rtcp(path, pkt, len, index);
}

bool path_ready(const struct path *path)
{
	return path->ops->ready(path);
}

const struct path_stats *path_stats(const struct path *path)
{
	return &path->stats;
}

uint64_t path_rung_ms(const struct path *path, enum path_rung rung)
{
	return (unsigned)rung < PATH_RUNGS ? path->rung_ms[rung] : 0;
}

bool path_climb(struct path *path, enum path_rung rung, uint64_t now_ms)
{
	if (path->rung_ms[rung])
		return false;

	path->rung_ms[rung] = now_ms ? now_ms : 1;
	return true;
}

void path_report(struct path *path, enum path_rung rung)
{
	if (path->h->rung)
		path->h->rung(rung, path->rung_ms[rung], path->arg);
}

void path_tell(const struct path *path, const struct path_note *note)
{
	if (path->h->note)
		path->h->note(note, path->arg);
}
