/*
 * sigd_feeds.c  The receivers of events, as configured
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/fetch.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/feed/feed_file.h"
#include "sigd/feed/feed_hook.h"
#include "sigd/sigd_feeds.h"

enum {
	STEM_MAX = 64
};

struct receiver {
	const char *name; /* "file", or the hook's */
	struct feed *feed;
	struct feed_hook *hook; /* NULL: the file */
};

struct feeds {
	const struct sigd_events_cfg *cfg;
	struct redis_link *redis;
	struct feed_reader *reader;
	struct wheel *wheel;
	struct fetcher *fetcher;
	struct feed_file *file;
	size_t n;
	struct receiver list[];
};

static void destructor(void *data)
{
	struct feeds *feeds = data;

	for (size_t i = 0; i < feeds->n; i++) {
		mem_deref(feeds->list[i].hook);
		mem_deref(feeds->list[i].feed);
	}
	mem_deref(feeds->file);
	mem_deref(feeds->fetcher);
	mem_deref(feeds->reader);
	mem_deref(feeds->redis);
}

/* Each node has a file of its own, and its own place in what happens. */
static int file_add(struct feeds *feeds, const struct worker *worker)
{
	char stem[STEM_MAX];
	const struct feed_params params = {.redis = feeds->redis,
					   .reader = feeds->reader,
					   .wheel = feeds->wheel,
					   .stem = stem,
					   .deliverh = feed_file_deliver,
					   .sink = feeds->file};

	re_snprintf(stem, sizeof(stem), "cb:{n:%s}:file", worker->node);
	feeds->list[feeds->n].name = "file";
	return feed_alloc(&feeds->list[feeds->n++].feed, &params);
}

static int hook_add(struct feeds *feeds, const struct sigd_hook_cfg *cfg,
		    const char *owner)
{
	struct receiver *receiver = &feeds->list[feeds->n++];
	const struct feed_hook_params hp = {.name = cfg->name,
					    .url = cfg->url,
					    .secret = cfg->secret,
					    .types = cfg->types,
					    .ntypes = cfg->ntypes,
					    .batch = cfg->batch,
					    .batch_bytes = cfg->batch_bytes,
					    .fetcher = feeds->fetcher,
					    .wheel = feeds->wheel};
	char stem[STEM_MAX];
	struct feed_params params = {.redis = feeds->redis,
				     .reader = feeds->reader,
				     .wheel = feeds->wheel,
				     .stem = stem,
				     .owner = owner,
				     .deliverh = feed_hook_deliver};
	int err = feed_hook_alloc(&receiver->hook, &hp);

	if (err)
		return err;
	receiver->name = cfg->name;
	params.sink = receiver->hook;
	re_snprintf(stem, sizeof(stem), "cb:{h:%s}", cfg->name);
	return feed_alloc(&receiver->feed, &params);
}

static int all_add(struct feeds *feeds, const struct worker *worker)
{
	const struct sigd_events_cfg *cfg = feeds->cfg;
	char owner[NODE_ADDR_MAX + 8];
	int err = 0;

	re_snprintf(owner, sizeof(owner), "%s/admin", worker->node);
	if (cfg->file) {
		err = feed_file_alloc(&feeds->file, cfg->file);
		err = err ? err : file_add(feeds, worker);
	}
	for (uint32_t i = 0; !err && i < cfg->nhooks; i++)
		err = hook_add(feeds, &cfg->hooks[i], owner);
	return err;
}

int feeds_alloc(struct feeds **feedsp, const struct sigd_events_cfg *cfg,
		const struct redis_cfg *redis, const struct worker *worker)
{
	struct feeds *feeds;
	int err;

	if (!cfg->file && !cfg->nhooks)
		return 0;
	feeds = mem_zalloc(sizeof(*feeds) +
				   (cfg->nhooks + 1) * sizeof(feeds->list[0]),
			   destructor);
	if (!feeds)
		return ENOMEM;
	feeds->cfg = cfg;
	feeds->wheel = worker->wheel;
	err = redis_link_alloc(&feeds->redis, redis, worker->wheel, NULL, NULL);
	err = err ? err : feed_reader_alloc(&feeds->reader, feeds->redis);
	err = err ? err : fetcher_alloc(&feeds->fetcher, worker->wheel);
	err = err ? err : all_add(feeds, worker);
	if (err)
		mem_deref(feeds);
	else
		*feedsp = feeds;
	return err;
}

/* --- /metrics ------------------------------------------------------------------ */

#define ROW(type, name, help)                                         \
	{type, "cordboard_sig_events_" name, "receiver=\"\"", help, 0, NULL}

enum row { DELIVERED, POSTS, RETRIES, REFUSED, LOST, BEHIND, ROWS };

static const struct metric_desc rows[ROWS] = {
	[DELIVERED] = ROW(METRIC_COUNTER, "delivered_total",
			  "Events that a receiver has, or wants not"),
	[POSTS] = ROW(METRIC_COUNTER, "posts_total",
		      "HTTP requests to a webhook, in vain or not"),
	[RETRIES] = ROW(METRIC_COUNTER, "retries_total", "Tries in vain"),
	[REFUSED] = ROW(METRIC_COUNTER, "refused_total",
			"Events passed over: the receiver refuses them"),
	[LOST] = ROW(METRIC_COUNTER, "lost_total",
		     "Events that Redis had no more when a receiver was there "
		     "again"),
	[BEHIND] = ROW(METRIC_GAUGE, "behind_seconds",
		       "Age of the oldest event that is being delivered; 0: "
		       "it has all, or another node posts to it"),
};

static uint64_t value(const struct receiver *receiver, enum row row)
{
	const struct feed_counts *counts = feed_counts(receiver->feed);
	const struct feed_hook_counts *hook =
		receiver->hook ? feed_hook_counts(receiver->hook) : NULL;
	const uint64_t now = rest_now_ms();

	switch (row) {
	case DELIVERED:
		return counts->delivered;
	case POSTS:
		return hook ? hook->posts : 0;
	case RETRIES:
		return hook ? hook->retried : counts->failed;
	case REFUSED:
		return hook ? hook->refused : 0;
	case LOST:
		return counts->lost;
	case BEHIND:
		return counts->oldest_ms && now > counts->oldest_ms
			       ? (now - counts->oldest_ms) / 1000
			       : 0;
	case ROWS:
		break;
	}
	return 0;
}

void feeds_print(const struct feeds *feeds, struct mbuf *mb,
		 enum metric_form form)
{
	for (unsigned nr = 0; feeds && nr < ROWS; nr++) {
		(void)metric_print_head(mb, form, &rows[nr]);
		for (size_t i = 0; i < feeds->n; i++)
			(void)mbuf_printf(mb, "%s{receiver=\"%s\"} %llu\n",
					  rows[nr].name, feeds->list[i].name,
					  value(&feeds->list[i], nr));
	}
}

int feeds_reference(struct mbuf *mb)
{
	int err = 0;

	for (unsigned nr = 0; nr < ROWS; nr++)
		err |= metric_print_row(mb, &rows[nr]);
	return err ? ENOMEM : 0;
}
