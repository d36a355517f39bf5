/*
 * diary.h  What media tells the logs of calls (common/call_log.h)
 *
 * What happens to sessions and legs, as they say it; what is news, too, once
 * that can be told; and figures over time. Kinds and their data are in
 * docs/timeline.md. With Redis away nobody will know: it is for people only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CONTROL_DIARY_H
#define MEDIAD_CONTROL_DIARY_H

#include <stdint.h>

struct call_log_counts;
struct ctl_event;
struct diary;
struct redis_link;
struct session_table;
struct wheel;

struct diary_params {
	struct redis_link *link;
	struct wheel *wheel;
	struct session_table *table;
	const char *addr; /* node/slot */
	uint32_t keep_s;  /* after the last that is told; not 0 */
};

/* What is pointed to outlives it, but for addr. The caller owns *diaryp. */
int diary_alloc(struct diary **diaryp, const struct diary_params *params);
/* News, of then (unix ms). */
void diary_event(struct diary *diary, const struct ctl_event *event,
		 uint64_t unix_ms);
const struct call_log_counts *diary_counts(const struct diary *diary);

#endif
