/*
 * sse_backlog.c  What has happened, for who comes back: the newest of all
 *                streams, in the order of time
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/admin/rest_priv.h"
#include "sigd/sse/sse_priv.h"

struct sse_backlog {
	struct list events; /* struct item, the newest first */
	size_t bytes;
	uint64_t cut_ms; /* 0: none is left out, else some until then */
	uint64_t full_ms; /* until then there is no room; 0: there is */
	char tenant[FEED_TENANT_MAX + 1];
};

struct item {
	struct le le;
	uint64_t time_ms;
	struct mbuf *mb; /* its frame */
};

static void item_destructor(void *data)
{
	struct item *item = data;

	list_unlink(&item->le);
	mem_deref(item->mb);
}

static void destructor(void *data)
{
	struct sse_backlog *backlog = data;

	list_flush(&backlog->events);
}

int sse_backlog_alloc(struct sse_backlog **backlogp, const char *tenant)
{
	struct sse_backlog *backlog = mem_zalloc(sizeof(*backlog), destructor);

	if (!backlog)
		return ENOMEM;
	str_ncpy(backlog->tenant, tenant ? tenant : "",
		 sizeof(backlog->tenant));
	*backlogp = backlog;
	return 0;
}

int sse_event_frame(struct mbuf *mb, const struct feed_event *event)
{
	char id[FEED_ID_MAX + 1];

	re_snprintf(id, sizeof(id), "%b", event->entry,
		    strcspn(event->entry, "-"));
	return sse_frame(mb, id, event->type, event->json);
}

uint64_t sse_entry_ms(const struct redis_val *entry)
{
	struct pl pl;

	if (entry->type != REDIS_ARRAY || !entry->len ||
	    entry->el[0].type != REDIS_STR)
		return 0;
	pl.p = entry->el[0].str;
	pl.l = strcspn(pl.p, "-");
	return pl_u64(&pl);
}

void sse_backlog_cut(struct sse_backlog *backlog, uint64_t time_ms)
{
	backlog->cut_ms = max(backlog->cut_ms, time_ms);
}

/* Behind those of its time: of one stream the newest come first. */
static void insert(struct sse_backlog *backlog, struct item *item)
{
	struct le *le = backlog->events.head;

	while (le && ((struct item *)le->data)->time_ms >= item->time_ms)
		le = le->next;
	if (le)
		list_insert_before(&backlog->events, le, &item->le, item);
	else
		list_append(&backlog->events, &item->le, item);
	backlog->bytes += item->mb->end;
}

static void make_room(struct sse_backlog *backlog)
{
	while (backlog->bytes > SSE_BACKLOG_MAX) {
		struct item *last = list_ledata(list_tail(&backlog->events));

		backlog->bytes -= last->mb->end;
		backlog->full_ms = max(backlog->full_ms, last->time_ms);
		sse_backlog_cut(backlog, last->time_ms);
		mem_deref(last);
	}
}

bool sse_backlog_take(struct sse_backlog *backlog, unsigned source,
		      const struct redis_val *entry)
{
	const uint64_t time_ms = sse_entry_ms(entry);
	struct feed_event *event;
	struct item *item;

	if (time_ms <= backlog->full_ms) {
		sse_backlog_cut(backlog, time_ms);
		return false;
	}
	if (sse_event_read(&event, source, entry))
		return true;
	item = mem_zalloc(sizeof(*item), item_destructor);
	if (item && feed_event_is_for(event, backlog->tenant) &&
	    (item->mb = mbuf_alloc(event->json->end + 128)) &&
	    !sse_event_frame(item->mb, event)) {
		item->time_ms = time_ms;
		insert(backlog, mem_ref(item));
		make_room(backlog);
	}
	mem_deref(item);
	mem_deref(event);
	return true;
}

static int cut_write(struct mbuf *mb, uint64_t cut_ms)
{
	struct mbuf *data = mbuf_alloc(64);
	struct jsonw json;
	int err;

	if (!data)
		return ENOMEM;
	jsonw_init(&json, data);
	jsonw_object(&json, NULL);
	rest_time(&json, "until", cut_ms);
	jsonw_end(&json);
	err = jsonw_done(&json);
	if (!err)
		err = sse_frame(mb, NULL, "cut", data);
	mem_deref(data);
	return err;
}

int sse_backlog_write(const struct sse_backlog *backlog, struct mbuf *mb)
{
	int err = backlog->cut_ms ? cut_write(mb, backlog->cut_ms) : 0;

	for (struct le *le = backlog->events.tail; le && !err; le = le->prev) {
		const struct item *item = le->data;

		err = mbuf_write_mem(mb, item->mb->buf, item->mb->end);
	}
	return err;
}
