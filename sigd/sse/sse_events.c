/*
 * sse_events.c  Looks for what has happened, four times a second
 *
 * One stream after the other, then a pause: so little is asked at once, and
 * none of the sixteen of CDRs keeps another one waiting.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "common/wheel.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/sse/sse_priv.h"

struct sse_events {
	struct redis_link *redis;
	struct wheel *wheel;
	struct wheel_timer timer;
	char at[FEED_SOURCES][FEED_ID_MAX + 1]; /* places */
	unsigned source;                        /* whose turn it is */
	bool running;
	struct sse_ends ends;
	sse_event_h *eventh;
	void *arg;
};

static void read_next(void *arg);

static void destructor(void *data)
{
	struct sse_events *events = data;

	wheel_stop(&events->timer);
	redis_link_forget(events->redis, events);
	mem_deref(events->redis);
}

bool sse_is_failure(const char *reason)
{
	static const char *const wished[] = {
		"ok",	 "hangup",    "cancelled", "no-answer",
		"busy",	 "declined",  "moved",	   "elsewhere",
		"admin", "operator",  "replaced",
		"call-expired"};

	for (size_t i = 0; i < COUNTOF(wished); i++) {
		if (!strcmp(reason, wished[i]))
			return false;
	}
	return true;
}

int sse_event_read(struct feed_event **eventp, unsigned source,
		    const struct redis_val *entry)
{
	struct redis_val el[3] = {{.type = REDIS_ARRAY}};
	const struct redis_val whole = {
		.type = REDIS_ARRAY, .len = COUNTOF(el), .el = el};

	if (entry->type != REDIS_ARRAY || entry->len != 2)
		return EBADMSG;
	el[2] = el[0];
	el[0] = entry->el[0];
	el[1] = entry->el[1];
	return feed_event_read(eventp, source, &whole);
}

static void count(struct sse_events *events, const struct redis_val *entry)
{
	++events->ends.ended;
	events->ends.failed +=
		sse_is_failure(rest_text(&entry->el[1], "reason"));
}

static void take(struct sse_events *events, const struct redis_val *entry)
{
	char *at = events->at[events->source];
	struct feed_event *event;

	if (entry->type != REDIS_ARRAY || entry->len != 2 ||
	    entry->el[0].type != REDIS_STR)
		return;
	str_ncpy(at, entry->el[0].str, sizeof(events->at[0]));
	if (sse_event_read(&event, events->source, entry))
		return;
	if (events->source < FEED_SHARDS)
		count(events, entry);
	events->eventh(event, events->arg);
	mem_deref(event);
}

static void on_read(int err, const struct redis_val *val, void *arg)
{
	struct sse_events *events = arg;

	for (size_t i = 0; !err && val->type == REDIS_ARRAY && i < val->len;
	     i++)
		take(events, &val->el[i]);
	events->source = (events->source + 1) % FEED_SOURCES;
	if (!events->running)
		return;
	if (!err && events->source)
		read_next(events);
	else
		wheel_start(events->wheel, &events->timer, SSE_POLL_MS,
			    read_next, events);
}

/* The places of a moment: ids begin with Redis' time. */
static bool places_set(struct sse_events *events)
{
	uint64_t now_ms;

	if (!redis_link_time(events->redis, &now_ms))
		return false;
	for (unsigned i = 0; i < FEED_SOURCES; i++)
		re_snprintf(events->at[i], sizeof(events->at[i]), "%llu-0",
			    (unsigned long long)now_ms);
	return true;
}

static void read_next(void *arg)
{
	struct sse_events *events = arg;
	char key[FEED_KEY_MAX + 1], after[FEED_ID_MAX + 2], n[8];
	struct redis_arg argv[6];

	if (!events->at[0][0] && !places_set(events)) {
		wheel_start(events->wheel, &events->timer, SSE_POLL_MS,
			    read_next, events);
		return;
	}
	feed_source_key(key, events->source);
	re_snprintf(after, sizeof(after), "(%s", events->at[events->source]);
	re_snprintf(n, sizeof(n), "%u", SSE_BATCH);
	argv[0] = redis_str("XRANGE");
	argv[1] = redis_str(key);
	argv[2] = redis_str(after);
	argv[3] = redis_str("+");
	argv[4] = redis_str("COUNT");
	argv[5] = redis_str(n);
	if (redis_link_send(events->redis, argv, COUNTOF(argv), on_read,
			    events))
		wheel_start(events->wheel, &events->timer, SSE_BEAT_MS,
			    read_next, events);
}

void sse_events_run(struct sse_events *events, bool run)
{
	if (run == events->running)
		return;
	events->running = run;
	wheel_stop(&events->timer);
	redis_link_forget(events->redis, events);
	events->at[0][0] = '\0';
	events->source = 0;
	if (run)
		wheel_start(events->wheel, &events->timer, 0, read_next,
			    events);
}

const struct sse_ends *sse_events_ends(const struct sse_events *events)
{
	return &events->ends;
}

int sse_events_alloc(struct sse_events **eventsp, struct redis_link *redis,
		      struct wheel *wheel, sse_event_h *eventh, void *arg)
{
	struct sse_events *events = mem_zalloc(sizeof(*events), destructor);

	if (!events)
		return ENOMEM;
	events->redis = mem_ref(redis);
	events->wheel = wheel;
	events->eventh = eventh;
	events->arg = arg;
	*eventsp = events;
	return 0;
}
