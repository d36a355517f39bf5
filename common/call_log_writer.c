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

/* In the room, one behind the other; its data is behind it. */
struct note {
	char call[ID_LEN + 1]; /* empty: it has gone */
	struct call_log_entry entry;
	struct pl why; /* behind its data */
	bool brief;
	size_t room; /* of all of it */
};

struct call_log_writer {
	struct redis_link *link;
	struct wheel *wheel;
	struct wheel_timer timer;
	struct call_log_cfg cfg;
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

static void on_stored(int err, const struct redis_val *val, void *arg)
{
	struct call_log_writer *writer = arg;
	struct call_log_counts *counts = &writer->counts;
	const unsigned notes = writer->notes[writer->first];

	writer->first = (writer->first + 1) % CALL_LOG_WRITER_OPEN;
	writer->open--;
	if (err || val->type != REDIS_INT) {
		counts->dropped += notes;
		return;
	}
	counts->written += notes;
	counts->gone += (uint64_t)val->num;
}

static void sent(struct call_log_writer *writer, size_t notes)
{
	const unsigned last = writer->first + writer->open;

	writer->notes[last % CALL_LOG_WRITER_OPEN] = (uint8_t)notes;
	writer->open++;
}

static void send_batch(struct call_log_writer *writer,
		       const struct call_log_batch *batch)
{
	if (writer->open == CALL_LOG_WRITER_OPEN ||
	    call_log_store(writer->link, &writer->cfg, batch, on_stored,
			   writer))
		writer->counts.dropped += batch->n;
	else
		sent(writer, batch->n);
}

static struct note *note_at(struct call_log_writer *writer, size_t at)
{
	return (struct note *)(void *)(writer->room + at);
}

static void batch_add(struct call_log_batch *batch, struct note *note)
{
	if (note->why.l)
		batch->why = note->why;
	call_log_args(&batch->args[batch->n++], &note->entry);
	note->call[0] = '\0';
}

/* The note that stands there, and what else is told of its call: a command
 * costs Redis more than an entry. */
static void send_call(struct call_log_writer *writer, size_t at)
{
	struct note *note = note_at(writer, at);
	char call[ID_LEN + 1];
	struct call_log_batch batch = {.call = call, .brief = note->brief};

	str_ncpy(call, note->call, sizeof(call));
	for (; at < writer->used && batch.n < CALL_LOG_BATCH;
	     at += note->room) {
		note = note_at(writer, at);
		if (strcmp(note->call, call))
			continue;
		if (note->brief != batch.brief)
			break;
		batch_add(&batch, note);
	}
	send_batch(writer, &batch);
}

void call_log_flush(struct call_log_writer *writer)
{
	wheel_stop(&writer->timer);
	for (size_t at = 0; at < writer->used; at += note_at(writer, at)->room)
		if (note_at(writer, at)->call[0])
			send_call(writer, at);
	writer->used = 0;
}

static void on_timer(void *arg)
{
	call_log_flush(arg);
}

/* --- from those who have something to tell ------------------------------------------ */

static size_t why_len(const struct call_log_note *note)
{
	return note->why ? min(strlen(note->why), (size_t)CALL_LOG_WHY_MAX) : 0;
}

static size_t room_of(const struct call_log_note *note)
{
	const size_t all = sizeof(struct note) + why_len(note) +
			   (note->data ? note->data->len : 0);

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
	if (from->data) {
		memcpy(text, from->data->text, from->data->len);
		entry->data = (struct pl){text, from->data->len};
		text += from->data->len;
	}
	note->why = (struct pl){text, why_len(from)};
	if (note->why.l)
		memcpy(text, from->why, note->why.l);
}

void call_log_write(struct call_log_writer *writer,
		    const struct call_log_note *from)
{
	const size_t room = room_of(from);
	struct note *note;

	if (!redis_link_up(writer->link)) {
		writer->counts.dropped++;
		return;
	}
	if (writer->used + room > CALL_LOG_WRITER_ROOM)
		call_log_flush(writer);
	note = note_at(writer, writer->used);
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
			  const struct call_log_cfg *cfg,
			  struct redis_link *link, struct wheel *wheel,
			  const char *by)
{
	struct call_log_writer *writer =
		mem_zalloc(sizeof(*writer), destructor);

	if (!writer)
		return ENOMEM;

	writer->cfg = *cfg;
	writer->link = link;
	writer->wheel = wheel;
	str_ncpy(writer->by, by, sizeof(writer->by));
	*writerp = writer;
	return 0;
}
