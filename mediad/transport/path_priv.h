/*
 * path_priv.h  What every variant of a path shares
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_PATH_PRIV_H
#define MEDIAD_PATH_PRIV_H

#include "mediad/transport/path.h"

struct path_ops {
	const char *name;
	int (*send_rtp)(struct path *path, const uint8_t *pkt, size_t len,
			uint64_t index);
	int (*send_rtcp)(struct path *path, const uint8_t *pkt, size_t len,
			 uint32_t index);
	bool (*ready)(const struct path *path);
};

/* First member of a variant's own struct. */
struct path {
	const struct path_ops *ops;
	const struct path_handlers *h;
	void *arg;
	struct path_stats stats;
	uint64_t rung_ms[PATH_RUNGS];
};

/* Notes a rung once. True when it is new: the caller reports it, as its last
 * act, by path_report(). */
bool path_climb(struct path *path, enum path_rung rung, uint64_t now_ms);
void path_report(struct path *path, enum path_rung rung);
void path_tell(const struct path *path, const struct path_note *note);

#endif
