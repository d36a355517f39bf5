/*
 * feed_event.c  What happened, as others get it: one line of JSON each
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "sigd/admin/rest_calls.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/feed/feed_event.h"

void feed_source_key(char key[FEED_KEY_MAX + 1], unsigned source)
{
	static const char *const keys[] = {"cb:news", "cb:alarms", "cb:facts"};

	if (source < FEED_SHARDS)
		re_snprintf(key, FEED_KEY_MAX + 1, "cb:{c:%x}:cdr", source);
	else
		str_ncpy(key, keys[source - FEED_SHARDS], FEED_KEY_MAX + 1);
}

const char *feed_event_fields(unsigned source)
{
	if (source < FEED_SHARDS)
		return "call callid tenant a.user a.uri a.conn b.user b.uri "
		       "b.conn b.tenant service start up end reason by media";
	return source == FEED_FACTS ? "event call session tenant "
				      "callee-tenant leg text from"
				    : "";
}

static void destructor(void *data)
{
	struct feed_event *event = data;

	mem_deref(event->json);
}

/* --- an ended call --------------------------------------------------------- */

static void text(struct jsonw *json, const char *key,
		 const struct redis_val *fields, const char *field)
{
	const char *val = rest_text(fields, field);

	jsonw_str(json, key, *val ? val : NULL);
}

static uint64_t number(const struct redis_val *fields, const char *field)
{
	uint64_t num = 0;

	(void)redis_num(redis_field(fields, field), &num);
	return num;
}

static void sides(struct jsonw *json, const struct redis_val *fields)
{
	jsonw_object(json, "caller");
	text(json, "user", fields, "a.user");
	text(json, "uri", fields, "a.uri");
	text(json, "connection", fields, "a.conn");
	jsonw_end(json);
	jsonw_object(json, "callee");
	text(json, "user", fields, "b.user");
	text(json, "uri", fields, "b.uri");
	text(json, "connection", fields, "b.conn");
	text(json, "tenant", fields, "b.tenant");
	text(json, "service", fields, "service");
	jsonw_end(json);
}

static void call_write(struct jsonw *json, const struct redis_val *fields,
		       const struct redis_val *media)
{
	const uint64_t start = number(fields, "start");
	const uint64_t up = number(fields, "up");
	const uint64_t end = number(fields, "end");

	text(json, "call", fields, "call");
	text(json, "call_id", fields, "callid");
	sides(json, fields);
	rest_time(json, "started", start);
	rest_time(json, "answered", up);
	rest_time(json, "ended", end);
	jsonw_uint(json, "duration_ms", end > start ? end - start : 0);
	jsonw_uint(json, "talk_ms", up && end > up ? end - up : 0);
	text(json, "reason", fields, "reason");
	text(json, "worker", fields, "by");
	text(json, "media_worker", fields, "media");
	rest_media(json, media);
}

/* --- any other -------------------------------------------------------------- */

/* Its fields as they are; what says what it is stands outside. */
static void fields_write(struct jsonw *json, const struct redis_val *fields)
{
	for (size_t i = 0; i + 1 < fields->len; i += 2) {
		const struct redis_val *name = &fields->el[i];
		const struct redis_val *val = &fields->el[i + 1];

		if (name->type != REDIS_STR || val->type != REDIS_STR ||
		    !strcmp(name->str, "type") || !strcmp(name->str, "kind") ||
		    !strcmp(name->str, "tenant"))
			continue;
		if (val->len)
			jsonw_strn(json, name->str, val->str, val->len);
		else
			jsonw_null(json, name->str);
	}
}

/* --- what a media worker knows ------------------------------------------------ */

/* Of its facts those that are for who listens: the others are for traces. */
static bool is_told(const char *fact)
{
	static const char *const told[] = {"leg.quiet", "leg.heard",
					   "recording.ended", "recording.lost",
					   "recording.paused",
					   "recording.resumed"};

	for (size_t i = 0; i < COUNTOF(told); i++) {
		if (!strcmp(fact, told[i]))
			return true;
	}
	return false;
}

/* Without what proves it, and leads it. */
static void fact_write(struct jsonw *json, const struct redis_val *fields)
{
	text(json, "call", fields, "call");
	text(json, "session", fields, "session");
	if (*rest_text(fields, "callee-tenant"))
		text(json, "callee_tenant", fields, "callee-tenant");
	if (redis_field(fields, "leg"))
		jsonw_uint(json, "leg", number(fields, "leg"));
	text(json, "text", fields, "text");
	text(json, "media_worker", fields, "from");
}

static void type_set(struct feed_event *event, unsigned source,
		     const struct redis_val *fields)
{
	const char *kind = rest_text(fields, "kind");

	if (source < FEED_SHARDS)
		str_ncpy(event->type, "call.ended", sizeof(event->type));
	else if (source == FEED_NEWS)
		str_ncpy(event->type, rest_text(fields, "type"),
			 sizeof(event->type));
	else if (source == FEED_FACTS)
		str_ncpy(event->type, rest_text(fields, "event"),
			 sizeof(event->type));
	else if (!strncmp(kind, "connection-", 11))
		re_snprintf(event->type, sizeof(event->type), "connection.%s",
			    kind + 11);
	else if (!strncmp(kind, "limit-", 6))
		re_snprintf(event->type, sizeof(event->type), "limit.%s",
			    kind + 6);
	else
		re_snprintf(event->type, sizeof(event->type), "security.%s",
			    kind);
}

/* By hand, as each event has one. */
static void id_set(struct feed_event *event, unsigned source)
{
	static const char *const names[] = {"news-", "alarm-", "fact-"};
	char cdr[] = "cdr-0-";
	const char *name = cdr;
	size_t len;

	if (source < FEED_SHARDS)
		cdr[4] = "0123456789abcdef"[source];
	else
		name = names[source - FEED_SHARDS];
	len = strlen(name);
	memcpy(event->id, name, len);
	str_ncpy(event->id + len, event->entry, sizeof(event->id) - len);
}

static int event_write(struct feed_event *event, unsigned source,
		       const struct redis_val *entry)
{
	const struct redis_val *fields = &entry->el[1];
	const struct pl ms = {event->entry, strcspn(event->entry, "-")};
	struct jsonw json;
	int err;

	jsonw_init(&json, event->json);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "id", event->id);
	jsonw_str(&json, "type", event->type);
	rest_time(&json, "time", pl_u64(&ms));
	text(&json, "tenant", fields, "tenant");
	jsonw_object(&json, "data");
	if (source < FEED_SHARDS)
		call_write(&json, fields, &entry->el[2]);
	else if (source == FEED_FACTS)
		fact_write(&json, fields);
	else
		fields_write(&json, fields);
	jsonw_end(&json);
	jsonw_end(&json);
	err = jsonw_done(&json);
	event->json->pos = event->json->end;
	return err ? err : mbuf_write_u8(event->json, '\n');
}

/* The same thing has another name in each kind of stream. */
static const char *there_field(unsigned source)
{
	return source < FEED_SHARDS    ? "b.tenant"
	       : source == FEED_FACTS ? "callee-tenant"
				      : "callee_tenant";
}

int feed_event_read(struct feed_event **eventp, unsigned source,
		    const struct redis_val *entry)
{
	struct feed_event *event;
	int err;

	if (entry->type != REDIS_ARRAY || entry->len != 3 ||
	    entry->el[0].type != REDIS_STR ||
	    entry->el[0].len > FEED_ID_MAX - 6 ||
	    entry->el[1].type != REDIS_ARRAY ||
	    entry->el[2].type != REDIS_ARRAY ||
	    (source == FEED_FACTS &&
	     !is_told(rest_text(&entry->el[1], "event"))))
		return EBADMSG;
	event = mem_zalloc(sizeof(*event), destructor);
	if (!event)
		return ENOMEM;
	event->json = mbuf_alloc(1024);
	event->source = source;
	str_ncpy(event->entry, entry->el[0].str, sizeof(event->entry));
	id_set(event, source);
	type_set(event, source, &entry->el[1]);
	str_ncpy(event->tenant, rest_text(&entry->el[1], "tenant"),
		 sizeof(event->tenant));
	str_ncpy(event->there, rest_text(&entry->el[1], there_field(source)),
		 sizeof(event->there));
	err = event->json ? event_write(event, source, entry) : ENOMEM;
	if (err)
		mem_deref(event);
	else
		*eventp = event;
	return err;
}

bool feed_event_is_for(const struct feed_event *event, const char *only)
{
	return !*only || rest_call_is_of(only, event->tenant, event->there);
}
