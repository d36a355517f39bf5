/*
 * sigd_feeds.c  The receivers of events, as configured
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/fetch.h"
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
	mem_deref(feeds->redis);
}

/* Each node has a file of its own, and its own place in what happens. */
static int file_add(struct feeds *feeds, const struct worker *worker)
{
	char stem[STEM_MAX];
	const struct feed_params params = {.redis = feeds->redis,
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
					    .fetcher = feeds->fetcher,
					    .wheel = feeds->wheel};
	char stem[STEM_MAX];
	struct feed_params params = {.redis = feeds->redis,
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
	err = err ? err : fetcher_alloc(&feeds->fetcher, worker->wheel);
	err = err ? err : all_add(feeds, worker);
	if (err)
		mem_deref(feeds);
	else
		*feedsp = feeds;
	return err;
}

/* --- /metrics ------------------------------------------------------------------ */

static const char *const names[] = {
	"# HELP cordboard_sig_events_delivered_total Events that a receiver "
	"has, or wants not\n# TYPE cordboard_sig_events_delivered_total "
	"counter\n",
	"# HELP cordboard_sig_events_retries_total Tries in vain\n"
	"# TYPE cordboard_sig_events_retries_total counter\n",
	"# HELP cordboard_sig_events_refused_total Events passed over: the "
	"receiver refuses them\n"
	"# TYPE cordboard_sig_events_refused_total counter\n"};

static uint64_t value(const struct receiver *receiver, unsigned nr)
{
	const struct feed_counts *counts = feed_counts(receiver->feed);

	if (!nr)
		return counts->delivered;
	if (!receiver->hook)
		return nr == 1 ? counts->failed : 0;
	return nr == 1 ? feed_hook_counts(receiver->hook)->retried
		       : feed_hook_counts(receiver->hook)->refused;
}

void feeds_print(const struct feeds *feeds, struct mbuf *mb)
{
	static const char *const whats[] = {"delivered", "retries", "refused"};

	for (unsigned nr = 0; feeds && nr < 3; nr++) {
		(void)mbuf_write_str(mb, names[nr]);
		for (size_t i = 0; i < feeds->n; i++)
			(void)mbuf_printf(mb,
					  "cordboard_sig_events_%s_total{"
					  "receiver=\"%s\"} %llu\n",
					  whats[nr], feeds->list[i].name,
					  value(&feeds->list[i], nr));
	}
}
