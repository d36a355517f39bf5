/*
 * trace_said.c  What was said in a stretch of time, as much as there is room
 *               for
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sigd/trace/trace_said.h"

struct trace_said {
	struct trace_said_cfg cfg;
	struct trace_said_one **list; /* cfg.messages of them */
	size_t n, bytes;
	bool gap;
};

static void destructor(void *data)
{
	struct trace_said *said = data;

	for (size_t i = 0; i < said->n; i++)
		mem_deref(said->list[i]);
	mem_deref(said->list);
}

int trace_said_alloc(struct trace_said **saidp,
		     const struct trace_said_cfg *cfg)
{
	struct trace_said *said;

	if (!saidp || !cfg || cfg->messages < 2 || !cfg->bytes)
		return EINVAL;
	said = mem_zalloc(sizeof(*said), destructor);
	if (!said)
		return ENOMEM;
	said->cfg = *cfg;
	said->list = mem_alloc(cfg->messages * sizeof(*said->list), NULL);
	if (!said->list) {
		mem_deref(said);
		return ENOMEM;
	}
	*saidp = said;
	return 0;
}

static int by_time(const void *pa, const void *pb)
{
	const struct trace_said_one *a = *(struct trace_said_one *const *)pa;
	const struct trace_said_one *b = *(struct trace_said_one *const *)pb;

	return a->msg.us < b->msg.us ? -1 : a->msg.us > b->msg.us;
}

void trace_said_sort(struct trace_said *said)
{
	qsort(said->list, said->n, sizeof(*said->list), by_time);
}

static size_t size_of(const struct trace_said_one *one)
{
	return sizeof(*one) + one->msg.text.l + one->msg.worker.l;
}

static void drop_from(struct trace_said *said, size_t nr)
{
	while (said->n > nr) {
		struct trace_said_one *one = said->list[--said->n];

		said->bytes -= size_of(one);
		mem_deref(one);
	}
}

/* The later half goes, but none of the last microsecond that stays. */
static void make_room(struct trace_said *said)
{
	size_t bytes = 0, half = 0, keep;

	trace_said_sort(said);
	while (half < said->n && (half < 1 || half < said->cfg.messages / 2) &&
	       (half < 1 || bytes <= said->cfg.bytes / 2))
		bytes += size_of(said->list[half++]);
	for (keep = half; keep < said->n && said->list[keep]->msg.us ==
						    said->list[half - 1]->msg.us;
	     keep++)
		;
	if (keep == said->n) { /* all of one */
		said->gap = true;
		keep = half;
	}
	drop_from(said, keep);
	said->cfg.until_us = said->list[keep - 1]->msg.us;
}

/* In one piece: what its texts point to lies behind it. */
static struct trace_said_one *copy(const struct trace_msg *msg,
				   const char *trace)
{
	struct trace_said_one *one = mem_alloc(
		sizeof(*one) + msg->text.l + msg->worker.l, NULL);
	char *text;

	if (!one)
		return NULL;
	text = (char *)(one + 1);
	one->msg = *msg;
	memcpy(text, msg->text.p, msg->text.l);
	one->msg.text.p = text;
	memcpy(text + msg->text.l, msg->worker.p, msg->worker.l);
	one->msg.worker.p = text + msg->text.l;
	str_ncpy(one->trace, trace, sizeof(one->trace));
	return one;
}

int trace_said_take(struct trace_said *said, const struct trace_msg *msg,
		    const char *trace)
{
	struct trace_said_one *one;

	if (msg->us <= said->cfg.after_us || msg->us > said->cfg.until_us)
		return 0;
	one = copy(msg, trace);
	if (!one) {
		said->gap = true;
		return ENOMEM;
	}
	said->list[said->n++] = one;
	said->bytes += size_of(one);
	if (said->n == said->cfg.messages || said->bytes > said->cfg.bytes)
		make_room(said);
	return 0;
}

void trace_said_miss(struct trace_said *said)
{
	said->gap = true;
}

const struct trace_said_one *trace_said_at(const struct trace_said *said,
					   size_t nr)
{
	return nr < said->n ? said->list[nr] : NULL;
}

uint64_t trace_said_until(const struct trace_said *said)
{
	return said->cfg.until_us;
}

bool trace_said_gap(const struct trace_said *said)
{
	return said->gap;
}
