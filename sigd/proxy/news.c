/*
 * news.c  What happens to calls and registrations, for whoever listens
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/countof.h"
#include "common/redis_stream.h"
#include "sigd/proxy/news.h"

struct news {
	struct redis_writer *writer; /* NULL: there is no Redis */
};

static void destructor(void *data)
{
	struct news *news = data;

	mem_deref(news->writer);
}

int news_alloc(struct news **newsp, struct redis_link *redis,
	       struct wheel *wheel, uint32_t keep_s)
{
	struct news *news = mem_zalloc(sizeof(*news), destructor);
	int err = 0;

	if (!news)
		return ENOMEM;
	if (redis && keep_s)
		err = redis_writer_alloc(&news->writer, redis, wheel, "cb:news",
					 NEWS_MAX, keep_s * 1000);
	if (err)
		mem_deref(news);
	else
		*newsp = news;
	return err;
}

enum { CALL_WORDS = 18 };

/* Behind n words: whose the callee is, when it is another tenant's. */
static size_t between(struct redis_arg *fields, size_t n,
		      const struct call_record *rec)
{
	if (!call_is_between(rec))
		return n;
	fields[n++] = redis_str("callee_tenant");
	fields[n++] = redis_str(call_tenant(rec, CALL_CALLEE));
	return n;
}

static void say(struct news *news, const struct redis_arg *fields, size_t n)
{
	if (news->writer)
		(void)redis_writer_add(news->writer, fields, n, NULL, NULL);
}

/* was NULL: a call that is new. */
static void begun(struct news *news, const struct call_record *rec,
		  const char *number, const char *was)
{
	const struct call_side *caller = &rec->side[CALL_CALLER];
	struct redis_arg fields[CALL_WORDS] = {
		redis_str("type"),
		redis_str(was ? "call.restarted" : "call.started"),
		redis_str("tenant"),     redis_str(rec->tenant),
		redis_str("call"),       redis_str(rec->call),
		redis_str("call_id"),    redis_str(rec->callid),
		redis_str("caller"),     redis_str(caller->user),
		redis_str("connection"), redis_str(caller->conn),
		redis_str("callee"),     redis_str(number)};
	size_t n = 14;

	if (was) {
		fields[n++] = redis_str("was");
		fields[n++] = redis_str(was);
	}
	say(news, fields, between(fields, n, rec));
}

void news_call_started(struct news *news, const struct call_record *rec,
		       const char *number)
{
	begun(news, rec, number, NULL);
}

void news_call_restarted(struct news *news, const struct call_record *rec,
			 const char *number, const char *was)
{
	begun(news, rec, number, was);
}

void news_call_answered(struct news *news, const struct call_record *rec)
{
	struct redis_arg fields[CALL_WORDS] = {
		redis_str("type"),   redis_str("call.answered"),
		redis_str("tenant"), redis_str(rec->tenant),
		redis_str("call"),   redis_str(rec->call)};

	say(news, fields, between(fields, 6, rec));
}

void news_registration(struct news *news, enum news_registration what,
		       const char *tenant, const char *user,
		       const struct flow_id *flow)
{
	static const char *const types[] = {[NEWS_ADDED] = "registration.added",
					    [NEWS_REMOVED] =
						    "registration.removed",
					    [NEWS_LOST] = "registration.lost",
					    [NEWS_EXPIRED] =
						    "registration.expired"};
	char text[FLOW_TEXT_MAX + 1];
	const struct redis_arg fields[] = {
		redis_str("type"),   redis_str(types[what]),
		redis_str("tenant"), redis_str(tenant),
		redis_str("user"),   redis_str(user),
		redis_str("flow"),   redis_str(flow_id_text(text, flow))};

	say(news, fields, COUNTOF(fields));
}
