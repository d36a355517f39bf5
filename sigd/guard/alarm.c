/*
 * alarm.c  What an operator should hear of
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "common/log.h"
#include "common/redis_stream.h"
#include "common/wheel.h"
#include "sigd/guard/alarm.h"
#include "common/bucket.h"

enum { REMEMBERED = 1024 }; /* who was told of */

struct alarms {
	struct wheel *wheel;
	struct redis_writer *writer;
	struct bucket_table *told;
	const char *at;
	uint64_t counts[ALARM_KINDS];
};

static const char *const names[ALARM_KINDS + 1] = {
	[ALARM_OVERLOAD] = "overload",
	[ALARM_SOURCE_RATE] = "source-rate",
	[ALARM_TENANT_RATE] = "tenant-rate",
	[ALARM_USER_RATE] = "user-rate",
	[ALARM_GUESSING] = "guessing",
	[ALARM_CONN_DOWN] = "connection-down",
	[ALARM_CONN_UP] = "connection-up",
	[ALARM_CONN_BROKEN] = "connection-broken",
	[ALARM_CONN_MENDED] = "connection-mended",
	[ALARM_CONN_FORCED] = "connection-forced",
	[ALARM_CALL_LIMIT] = "limit-calls",
	[ALARM_CALL_RATE] = "limit-rate",
};

const char *alarm_name(enum alarm_kind kind)
{
	return (unsigned)kind < ALARM_KINDS ? names[kind] : NULL;
}

static void destructor(void *data)
{
	struct alarms *alarms = data;

	mem_deref(alarms->writer);
	mem_deref(alarms->told);
}

int alarms_alloc(struct alarms **alarmsp, struct redis_link *redis,
		 struct wheel *wheel, const char *at)
{
	struct alarms *alarms = mem_zalloc(sizeof(*alarms), destructor);
	int err;

	if (!alarms)
		return ENOMEM;

	alarms->wheel = wheel;
	alarms->at = at;
	err = bucket_table_alloc(&alarms->told, REMEMBERED);
	if (!err && redis)
		err = redis_writer_alloc(&alarms->writer, redis, wheel,
					 "cb:alarms", ALARM_MAX, ALARM_TTL_MS);
	if (err)
		mem_deref(alarms);
	else
		*alarmsp = alarms;
	return err;
}

/* One token, and a new one after ALARM_EVERY_MS: a clock of a rate below one
 * a second, so it runs in units of that. */
static bool is_news(struct alarms *alarms, enum alarm_kind kind,
		    const struct alarm_about *about)
{
	static const struct bucket_rate rate = {.per_s = 1, .burst = 1};
	struct bucket_name who = {.kind = (uint8_t)kind,
				  .group = about->tenant,
				  .name = about->name.l ? about->name
							: about->source};

	return bucket_take(alarms->told, &who, &rate,
			   wheel_now(alarms->wheel) / (ALARM_EVERY_MS / 1000) +
				   1) == BUCKET_TAKEN;
}

static void publish(struct alarms *alarms, enum alarm_kind kind,
		    const struct alarm_about *about)
{
	char load[16];
	struct redis_arg fields[] = {
		redis_str("kind"),   redis_str(names[kind]),
		redis_str("worker"), redis_str(alarms->at),
		redis_str("load"),   redis_str(load),
		redis_str("tenant"), {about->tenant.p, about->tenant.l},
		redis_str("name"),   {about->name.p, about->name.l},
		redis_str("source"), {about->source.p, about->source.l},
		redis_str("why"),    {about->why.p, about->why.l}};

	re_snprintf(load, sizeof(load), "%u", about->load);
	/* with Redis away the log has it */
	(void)redis_writer_add(alarms->writer, fields,
			       COUNTOF(fields), NULL, NULL);
}

void alarm_note(struct alarms *alarms, enum alarm_kind kind,
		const struct alarm_about *about)
{
	++alarms->counts[kind];
	if (!is_news(alarms, kind, about))
		return;

	log_warn(NULL, "alarm", "kind=%s tenant=%.*s name=%.*s source=%.*s "
		 "load=%u why=%.*s", names[kind], (int)about->tenant.l, about->tenant.p,
		 (int)about->name.l, about->name.p, (int)about->source.l,
		 about->source.p, about->load,
		 (int)about->why.l, about->why.p);
	if (alarms->writer)
		publish(alarms, kind, about);
}

const uint64_t *alarm_counts(const struct alarms *alarms)
{
	return alarms->counts;
}
