/*
 * call_log_writer.c  Tells what happened to calls, and waits for nobody
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/call_log_writer.h"
#include "common/wheel.h"

enum {
	BATCH = 12, /* notes of a command */
};

/* In the room, one behind the other; its data is behind it. */
struct note {
	char call[ID_LEN + 1];
	struct call_log_entry entry;
	bool brief;
	size_t room; /* of all of it */
};

struct call_log_writer {
	struct redis_link *link;
	struct wheel *wheel;
	struct wheel_timer timer;
	char by[NODE_ADDR_MAX + 1];
	struct call_log_counts counts;
	/* notes of each command without a reply, the oldest at `first` */
	uint8_t notes[CALL_LOG_WRITER_OPEN];
	unsigned first, open;
	size_t used;
	uint8_t room[CALL_LOG_WRITER_ROOM] __attribute__((aligned(16)));
};

static void destructor(void *data)
{
	struct call_log_writer *writer = data;

	wheel_stop(&writer->timer);
	redis_link_forget(writer->link, writer);
}

static uint64_t unix_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* --- to Redis ------------------------------------------------------------------- */

/* How many entries, how long they are kept, and the entries. With its time to live in the same step no stream stays
 * for ever, whoever dies. */
static const struct redis_script script_write = {
	"call-log-write",
	"for i = 3, #ARGV, 12 do "
	"  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', "
	"    unpack(ARGV, i, i + 11)) "
	"end "
	"redis.call('EXPIRE', KEYS[1], ARGV[2]) "
	"return 1"};

struct batch {
	const char *call;
	bool brief;
	size_t n;
	struct call_log_args args[BATCH];
};

static void on_written(int err, const struct redis_val *val, void *arg)
{
	struct call_log_writer *writer = arg;
	const unsigned notes = writer->notes[writer->first];

	writer->first = (writer->first + 1) % CALL_LOG_WRITER_OPEN;
	writer->open--;
	if (err || val->type != REDIS_INT)
		writer->counts.dropped += notes;
	else
		writer->counts.written += notes;
}

static void sent(struct call_log_writer *writer, size_t notes)
{
	const unsigned last = writer->first + writer->open;

	writer->notes[last % CALL_LOG_WRITER_OPEN] = (uint8_t)notes;
	writer->open++;
}

static void send_batch(struct call_log_writer *writer,
		       const struct batch *batch)
{
	struct redis_arg argv[REDIS_EVAL_ARGS], key_arg;
	char key[CALL_LOG_KEY], entries[12], keep[12];
	size_t argc = 2;

	if (writer->open == CALL_LOG_WRITER_OPEN) {
		writer->counts.dropped += batch->n;
		return;
	}
	call_log_key(key, batch->call);
	(void)re_snprintf(entries, sizeof(entries), "%u", CALL_LOG_ENTRIES);
	(void)re_snprintf(keep, sizeof(keep), "%u",
			  batch->brief ? CALL_LOG_BRIEF_S : CALL_LOG_KEEP_S);
	argv[0] = redis_str(entries);
	argv[1] = redis_str(keep);
	for (size_t i = 0; i < batch->n; i++) {
		memcpy(&argv[argc], batch->args[i].argv,
		       sizeof(batch->args[i].argv));
		argc += CALL_LOG_FIELDS;
	}
	key_arg = redis_str(key);
	if (redis_link_eval(writer->link, &script_write, &key_arg, 1, argv,
			    argc, on_written, writer))
		writer->counts.dropped += batch->n;
	else
		sent(writer, batch->n);
}

void call_log_flush(struct call_log_writer *writer)
{
	struct batch batch = {.n = 0};

	wheel_stop(&writer->timer);
	for (size_t at = 0; at < writer->used;) {
		const struct note *note =
			(const struct note *)(const void *)(writer->room + at);

		if (batch.n == BATCH ||
		    (batch.n && (batch.brief != note->brief ||
				 strcmp(batch.call, note->call)))) {
			send_batch(writer, &batch);
			batch.n = 0;
		}
		batch.call = note->call;
		batch.brief = note->brief;
		call_log_args(&batch.args[batch.n++], &note->entry);
		at += note->room;
	}
	if (batch.n)
		send_batch(writer, &batch);
	writer->used = 0;
}

static void on_timer(void *arg)
{
	call_log_flush(arg);
}

/* --- from those who have something to tell ------------------------------------------ */

static size_t room_of(const struct call_log_data *data)
{
	const size_t all = sizeof(struct note) + (data ? data->len : 0);

	return (all + 15) & ~(size_t)15;
}

static void fill(struct note *note, const struct call_log_note *from,
		 const char *by)
{
	struct call_log_entry *entry = &note->entry;
	char *text = (char *)(note + 1);

	memset(note, 0, sizeof(*note));
	str_ncpy(note->call, from->call, sizeof(note->call));
	str_ncpy(entry->by, by, sizeof(entry->by));
	entry->ms = from->ms ? from->ms : unix_ms();
	if (from->session)
		str_ncpy(entry->session, from->session, sizeof(entry->session));
	entry->leg = from->leg;
	note->brief = from->brief;
	str_ncpy(entry->kind, from->kind, sizeof(entry->kind));
	if (!from->data)
		return;
	memcpy(text, from->data->text, from->data->len);
	entry->data = (struct pl){text, from->data->len};
}

void call_log_write(struct call_log_writer *writer,
		    const struct call_log_note *from)
{
	const size_t room = room_of(from->data);
	struct note *note;

	if (!redis_link_up(writer->link)) {
		writer->counts.dropped++;
		return;
	}
	if (writer->used + room > CALL_LOG_WRITER_ROOM)
		call_log_flush(writer);
	note = (struct note *)(void *)(writer->room + writer->used);
	fill(note, from, writer->by);
	note->room = room;
	writer->used += room;
	if (!wheel_runs(&writer->timer))
		wheel_start(writer->wheel, &writer->timer, CALL_LOG_WRITER_MS,
			    on_timer, writer);
}

const struct call_log_counts *
call_log_counts(const struct call_log_writer *writer)
{
	return &writer->counts;
}

int call_log_writer_alloc(struct call_log_writer **writerp,
			  struct redis_link *link, struct wheel *wheel,
			  const char *by)
{
	struct call_log_writer *writer =
		mem_zalloc(sizeof(*writer), destructor);

	if (!writer)
		return ENOMEM;

	writer->link = link;
	writer->wheel = wheel;
	str_ncpy(writer->by, by, sizeof(writer->by));
	*writerp = writer;
	return 0;
}
