/*
 * log_bed.h  A media bed whose calls have logs, in a real Redis
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_LOG_BED_H
#define TESTS_LIB_LOG_BED_H

#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/call_log_writer.h"
#include "common/control/ctl_msg.h"
#include "mediad/control/diary.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

#define LOG_CALL "00000000000000ca" /* of all calls of a media bed */

struct log_bed {
	struct media_bed media;
	struct redis_bed redis;
	struct diary *diary;
	bool read;
	unsigned entries;
	char text[65536]; /* "<leg> <kind> <data>\n" of each */
};

static inline void log_bed_tell(struct log_bed *lb, struct ctl_event *event,
				const char *why)
{
	strcpy(event->call, LOG_CALL);
	pl_set_str(&event->text, why);
	diary_event(lb->diary, event, 0);
}

static inline void log_bed_lost(const struct session_lost *lost, void *arg)
{
	struct ctl_event event = {.kind = CTL_EV_LEG_LOST, .leg = lost->leg};

	str_ncpy(event.session, lost->session, sizeof(event.session));
	log_bed_tell(arg, &event, session_cause_name(lost->cause));
}

/* arg is the media bed, the first member */
static inline void log_bed_quiet(const struct session_quiet *quiet, void *arg)
{
	struct ctl_event event = {
		.kind = quiet->why[0] ? CTL_FACT_LEG_QUIET : CTL_FACT_LEG_HEARD,
		.leg = quiet->leg,
	};

	str_ncpy(event.session, quiet->session, sizeof(event.session));
	log_bed_tell(arg, &event, quiet->why);
}

/* What a control does, but for news: those are mediad's alone, and sigd has
 * others of that name. */
static inline bool log_bed_write(struct log_bed *lb)
{
	const struct diary_params params = {
		.link = lb->redis.link,
		.wheel = lb->media.wheel,
		.table = lb->media.table,
		.addr = "m1/1",
		.keep_s = 86400,
	};

	session_on_quiet(lb->media.table, log_bed_quiet);
	return CHECK(!diary_alloc(&lb->diary, &params));
}

static inline bool log_bed_open(struct log_bed *lb, const char *state)
{
	if (!CHECK(!media_bed_open(&lb->media, state)) ||
	    !redis_bed_start(&lb->redis))
		return false;
	lb->media.losth = log_bed_lost;
	lb->media.losth_arg = lb;
	return log_bed_write(lb);
}

static inline void log_bed_close(struct log_bed *lb)
{
	mem_deref(lb->diary);
	media_bed_close(&lb->media);
	redis_bed_stop(&lb->redis);
}

/* The worker dies, and a successor begins. */
static inline size_t log_bed_die(struct log_bed *lb)
{
	size_t alive = 0;

	lb->diary = mem_deref(lb->diary);
	CHECK(!media_bed_die(&lb->media, 100, &alive));
	(void)log_bed_write(lb);
	return alive;
}

/* The bed's clock runs faster than that of Redis, which needs to be answered
 * now and then. */
static inline void log_bed_run(struct log_bed *lb, unsigned ms)
{
	for (unsigned done = 0; done < ms; done += 5000) {
		media_bed_run(&lb->media, min(ms - done, 5000u));
		redis_bed_idle(&lb->redis, 1);
	}
}

/* --- what stands there ---------------------------------------------------------- */

static inline void log_bed_add(struct log_bed *lb,
			       const struct call_log_entry *entry)
{
	const size_t n = strlen(lb->text);

	(void)re_snprintf(lb->text + n, sizeof(lb->text) - n, "%u %s %r\n",
			  entry->leg, entry->kind, &entry->data);
	lb->entries++;
}

static inline void log_bed_on_range(int err, const struct redis_val *val,
				    void *arg)
{
	struct log_bed *lb = arg;
	struct call_log_entry entry;

	lb->read = true;
	if (!CHECK(!err && val->type == REDIS_ARRAY))
		return;
	for (size_t i = 0; i < val->len; i++)
		if (CHECK(!call_log_read(&entry, &val->el[i].el[1])))
			log_bed_add(lb, &entry);
}

static inline bool log_bed_is_read(void *arg)
{
	return ((struct log_bed *)arg)->read;
}

/* All of the call's log; "" when there is none. */
static inline const char *log_bed_read(struct log_bed *lb)
{
	const struct redis_arg argv[] = {redis_str("XRANGE"),
					 redis_str("cb:{c:0}:log:" LOG_CALL),
					 redis_str("-"), redis_str("+")};

	/* the writer's clock is the bed's */
	media_bed_run(&lb->media, 20);
	lb->text[0] = '\0';
	lb->entries = 0;
	lb->read = false;
	CHECK(!redis_link_send(lb->redis.link, argv, 4, log_bed_on_range, lb));
	CHECK(redis_test_until(lb->redis.wheel, 5000, log_bed_is_read, lb));
	return lb->text;
}

#endif
