/*
 * redis_stream.c  Streams of Redis: append to one, follow one
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/redis_priv.h"
#include "common/redis_stream.h"
#include "common/wheel.h"

enum {
	ID_MAX = 41,       /* two times 20 digits and a dash */
	BLOCKED_MS = 3000, /* longer than the BLOCK below */
	RETRY_MS = 1000,
};

struct redis_stream {
	struct redis_link *link;
	struct wheel *wheel;
	char *key;
	char last[ID_MAX + 1]; /* "": not known yet */
	bool ready;
	struct wheel_timer retry_timer;
	redis_entry_h *entryh;
	redis_state_h *stateh;
	void *arg;
};

struct redis_writer {
	struct redis_link *link;
	struct wheel *wheel;
	char *key;
	char maxlen[12];
	char ttl[12];
	uint32_t ttl_ms;
	uint64_t renewed_ms; /* its expiry was set */
	uint32_t serial;     /* on this connection; 0: never */
};

static void read_more(void *arg);
static void find_place(void *arg);

static void stream_destructor(void *arg)
{
	struct redis_stream *stream = arg;

	wheel_stop(&stream->retry_timer);
	mem_deref(stream->link);
	mem_deref(stream->wheel);
	mem_deref(stream->key);
}

static void writer_destructor(void *arg)
{
	struct redis_writer *writer = arg;

	mem_deref(writer->link);
	mem_deref(writer->wheel);
	mem_deref(writer->key);
}

static bool entry_from(struct redis_entry *entry, const struct redis_val *val)
{
	struct pl ms;

	if (val->type != REDIS_ARRAY || val->len != 2 ||
	    val->el[0].type != REDIS_STR || val->el[1].type != REDIS_ARRAY ||
	    val->el[0].len > ID_MAX)
		return false;

	entry->id = (struct pl){val->el[0].str, val->el[0].len};
	entry->fields = &val->el[1];
	ms.p = entry->id.p;
	ms.l = strcspn(entry->id.p, "-");
	entry->ms = pl_u64(&ms);
	return true;
}

bool redis_entries(const struct redis_val *entries, redis_entry_h *entryh,
		   void *arg, const void *owner)
{
	struct redis_entry entry;

	for (size_t i = 0; i < entries->len; i++) {
		if (!entry_from(&entry, &entries->el[i]))
			continue;
		entryh(&entry, arg);
		if (mem_nrefs(owner) < 2)
			return false;
	}
	return true;
}

const struct redis_val *redis_entries_of(const struct redis_val *reply)
{
	const struct redis_val *one;

	if (reply->type != REDIS_ARRAY || !reply->len)
		return NULL; /* nothing came in time */

	one = &reply->el[0];
	if (one->type != REDIS_ARRAY || one->len != 2 ||
	    one->el[1].type != REDIS_ARRAY)
		return NULL;
	return &one->el[1];
}

static void set_place(struct redis_stream *stream, const struct pl *id)
{
	memcpy(stream->last, id->p, id->l);
	stream->last[id->l] = '\0';
}

static void on_entry(const struct redis_entry *entry, void *arg)
{
	struct redis_stream *stream = arg;

	set_place(stream, &entry->id);
	stream->entryh(entry, stream->arg);
}

static void on_read(int err, const struct redis_val *val, void *arg)
{
	struct redis_stream *stream = arg;
	const struct redis_val *entries;
	bool alive = true;

	if (err)
		return; /* lost: on_state() goes on */
	if (val->type == REDIS_ERR) {
		wheel_start(stream->wheel, &stream->retry_timer, RETRY_MS,
			    read_more, stream);
		return;
	}
	entries = redis_entries_of(val);
	mem_ref(stream);
	if (entries)
		alive = redis_entries(entries, on_entry, stream, stream);
	mem_deref(stream);
	if (alive)
		read_more(stream);
}

static void read_more(void *arg)
{
	struct redis_stream *stream = arg;
	const struct redis_arg argv[] = {
		redis_str("XREAD"),     redis_str("COUNT"),
		redis_str("64"),        redis_str("BLOCK"),
		redis_str("1000"),      redis_str("STREAMS"),
		redis_str(stream->key), redis_str(stream->last)};

	if (redis_link_send(stream->link, argv, 8, on_read, stream) == ENOMEM)
		wheel_start(stream->wheel, &stream->retry_timer, RETRY_MS,
			    read_more, stream);
}

static bool is_before(const char *a, const char *b)
{
	char *end_a, *end_b;
	unsigned long long ms_a = strtoull(a, &end_a, 10);
	unsigned long long ms_b = strtoull(b, &end_b, 10);

	if (ms_a != ms_b || *end_a != '-' || *end_b != '-')
		return ms_a < ms_b;

	return strtoull(end_a + 1, NULL, 10) < strtoull(end_b + 1, NULL, 10);
}

/*
 * The newest entry is where to begin. Later it tells whether the stream was
 * begun anew (a server that lost its data) with a clock that was behind: ids
 * would then be lower than our place, and unseen until the clock is there.
 */
static void on_newest(int err, const struct redis_val *val, void *arg)
{
	struct redis_stream *stream = arg;
	struct redis_entry entry = {.id = PL("0-0")};

	if (err)
		return;
	if (val->type != REDIS_ARRAY ||
	    (val->len && !entry_from(&entry, &val->el[0]))) {
		wheel_start(stream->wheel, &stream->retry_timer, RETRY_MS,
			    find_place, stream);
		return;
	}
	if (!stream->last[0] || is_before(entry.id.p, stream->last))
		set_place(stream, &entry.id);
	read_more(stream);
	stream->ready = true;
	if (stream->stateh)
		stream->stateh(true, stream->arg);
}

static void find_place(void *arg)
{
	struct redis_stream *stream = arg;
	const struct redis_arg argv[] = {
		redis_str("XREVRANGE"), redis_str(stream->key), redis_str("+"),
		redis_str("-"),         redis_str("COUNT"),     redis_str("1")};

	if (redis_link_send(stream->link, argv, 6, on_newest, stream) == ENOMEM)
		wheel_start(stream->wheel, &stream->retry_timer, RETRY_MS,
			    find_place, stream);
}

static void on_state(bool up, void *arg)
{
	struct redis_stream *stream = arg;
	bool was_ready = stream->ready;

	wheel_stop(&stream->retry_timer);
	stream->ready = false;
	if (up)
		find_place(stream);
	else if (was_ready && stream->stateh)
		stream->stateh(false, stream->arg);
}

int redis_stream_alloc(struct redis_stream **streamp,
		       const struct redis_stream_params *params)
{
	struct redis_stream *stream;
	struct redis_cfg cfg = *params->cfg;
	int err;

	if (params->after && strlen(params->after) > ID_MAX)
		return EINVAL;

	stream = mem_zalloc(sizeof(*stream), stream_destructor);
	if (!stream)
		return ENOMEM;

	if (params->after)
		memcpy(stream->last, params->after, strlen(params->after));
	stream->wheel = mem_ref(params->wheel);
	stream->entryh = params->entryh;
	stream->stateh = params->stateh;
	stream->arg = params->arg;
	cfg.blocking = true;
	cfg.command_ms = BLOCKED_MS;
	err = re_sdprintf(&stream->key, "%s", params->key);
	if (!err)
		err = redis_link_alloc(&stream->link, &cfg, params->wheel,
				       on_state, stream);
	if (err) {
		mem_deref(stream);
		return err;
	}
	*streamp = stream;
	return 0;
}

bool redis_stream_ready(const struct redis_stream *stream)
{
	return stream && stream->ready;
}

int redis_writer_alloc(struct redis_writer **writerp, struct redis_link *link,
		       struct wheel *wheel, const char *key, uint32_t maxlen,
		       uint32_t ttl_ms)
{
	struct redis_writer *writer;

	writer = mem_zalloc(sizeof(*writer), writer_destructor);
	if (!writer)
		return ENOMEM;

	if (re_sdprintf(&writer->key, "%s", key)) {
		mem_deref(writer);
		return ENOMEM;
	}
	writer->link = mem_ref(link);
	writer->wheel = mem_ref(wheel);
	writer->ttl_ms = ttl_ms;
	(void)re_snprintf(writer->maxlen, sizeof(writer->maxlen), "%u", maxlen);
	(void)re_snprintf(writer->ttl, sizeof(writer->ttl), "%u", ttl_ms);
	*writerp = writer;
	return 0;
}

/* Not with each entry; again on each connection, for the server may be
 * another one. */
static int renew(struct redis_writer *writer)
{
	const struct redis_arg argv[] = {redis_str("PEXPIRE"),
					 redis_str(writer->key),
					 redis_str(writer->ttl)};
	uint64_t now = wheel_now(writer->wheel);
	int err;

	if (writer->serial == redis_link_serial(writer->link) &&
	    now - writer->renewed_ms < writer->ttl_ms / 4)
		return 0;

	err = redis_link_send(writer->link, argv, 3, NULL, NULL);
	if (err)
		return err;

	writer->serial = redis_link_serial(writer->link);
	writer->renewed_ms = now;
	return 0;
}

int redis_writer_add(struct redis_writer *writer,
		     const struct redis_arg *fields, size_t nfields,
		     redis_reply_h *replyh, void *arg)
{
	struct redis_arg argv[6 + REDIS_FIELDS_MAX] = {
		redis_str("XADD"),         redis_str(writer->key),
		redis_str("MAXLEN"),       redis_str("~"),
		redis_str(writer->maxlen), redis_str("*")};
	int err;

	if (!nfields || nfields % 2 || nfields > REDIS_FIELDS_MAX)
		return EINVAL;

	memcpy(&argv[6], fields, nfields * sizeof(*fields));
	err = redis_link_send(writer->link, argv, 6 + nfields, replyh, arg);
	if (!err)
		(void)renew(writer); /* the next entry tries again */
	return err;
}
