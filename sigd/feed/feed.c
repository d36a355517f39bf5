/*
 * feed.c  Brings what happened to one receiver
 *
 * One thing at a time: places are read, then all streams, until the batch is
 * full; that is delivered, and the places are written. The streams are asked all
 * at once as long as there is little in them, one after the other when there is
 * more than a batch, or may be: at the begin, and after a delivery that took long.
 * What does not fit would be read in vain. When Redis is away, or
 * somebody else has the lease, it begins anew with the places.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/lease.h"
#include "common/log.h"
#include "common/wheel.h"
#include "sigd/feed/feed.h"

enum {
	LONG_MS = 1000, /* a delivery, while others send on */
	STEM_MAX = 64,
};

/* KEYS: places. For each stream its place, and for one that has none the time
 * of now; and which entry that is, or "": [place, number ...]. */
static const struct redis_script script_places = {
	"feed-places",
	"local t, out = redis.call('TIME'), {} "
	"local now = string.format('%.0f', t[1] * 1000 "
	"  + math.floor(t[2] / 1000)) .. '-0' "
	"for i = 0, ARGV[1] - 1 do "
	"  local at = redis.call('HGET', KEYS[1], i) "
	"  if not at then at = now redis.call('HSET', KEYS[1], i, at) end "
	"  out[2 * i + 1] = at "
	"  out[2 * i + 2] = redis.call('HGET', KEYS[1], 'n' .. i) or '' end "
	"redis.call('EXPIRE', KEYS[1], ARGV[2]) "
	"return out"};

/* KEYS: places. ARGV: seconds to keep them, then streams with their places. */
static const struct redis_script script_place = {
	"feed-place", "redis.call('HSET', KEYS[1], unpack(ARGV, 2)) "
		      "redis.call('EXPIRE', KEYS[1], ARGV[1]) "
		      "return 1"};

struct feed {
	struct redis_link *redis;
	struct feed_reader *reader;
	struct wheel *wheel;
	struct wheel_timer timer;
	struct lease *lease; /* NULL: each node does it */
	feed_deliver_h *deliverh;
	void *sink;
	struct feed_counts counts;
	struct feed_place at[FEED_SOURCES];
	struct feed_place last[FEED_SOURCES]; /* of this batch, bad ones too */
	bool learned[FEED_SOURCES]; /* which one its place is: to be written */
	unsigned first;  /* stream of this turn */
	unsigned sent;   /* so many of this turn have been asked, */
	unsigned read;   /* and read */
	size_t asked[FEED_SOURCES]; /* for how many */
	bool more;       /* one of them has more */
	bool behind;     /* one had, the last time */
	uint64_t begun_ms; /* the latest delivery */
	bool delivering;
	bool lost; /* the lease, meanwhile: others have gone on */
	struct feed_event *events[FEED_BATCH];
	int64_t nrs[FEED_BATCH]; /* their places in their streams */
	size_t n;
	char places[STEM_MAX];
};

static void places_ask(void *arg);
static void read_begin(void *arg);

static void batch_drop(struct feed *feed)
{
	while (feed->n)
		mem_deref(feed->events[--feed->n]);
	memset(feed->last, 0, sizeof(feed->last));
	feed->sent = feed->read = 0;
	feed->behind = feed->more;
	feed->more = false;
}

static void destructor(void *data)
{
	struct feed *feed = data;

	if (feed->wheel)
		wheel_stop(&feed->timer);
	if (feed->redis)
		redis_link_forget(feed->redis, feed);
	if (feed->reader)
		feed_reader_forget(feed->reader, feed);
	mem_deref(feed->lease);
	batch_drop(feed);
	mem_deref(feed->reader);
	mem_deref(feed->redis);
	mem_deref(feed->wheel);
}

/* Else on_lease() begins anew when it is ours again. */
static bool may_go_on(const struct feed *feed)
{
	return !feed->lease || lease_held(feed->lease);
}

static void again(struct feed *feed)
{
	wheel_start(feed->wheel, &feed->timer, FEED_RETRY_MS, places_ask, feed);
}

/* --- a batch ------------------------------------------------------------------ */

/* What has come meanwhile goes together. All receivers look at the same moments:
 * what each of them is behind is then read once (feed_read.h). */
static void pause(struct feed *feed)
{
	const uint64_t since = wheel_now(feed->wheel) % FEED_POLL_MS;

	feed->counts.oldest_ms = 0;
	wheel_start(feed->wheel, &feed->timer, FEED_POLL_MS - since, read_begin,
		    feed);
}

static void on_placed(int err, const struct redis_val *val, void *arg)
{
	struct feed *feed = arg;
	const bool more = feed->more;

	batch_drop(feed);
	if (err || val->type == REDIS_ERR)
		again(feed);
	else if (more)
		read_begin(feed);
	else
		pause(feed);
}

/* All up to here is delivered. */
static void places_write(struct feed *feed)
{
	struct redis_arg argv[1 + 4 * FEED_SOURCES];
	const struct redis_arg key = redis_str(feed->places);
	char nr[FEED_SOURCES][8], keep[16];
	char texts[FEED_SOURCES][FEED_PLACE_MAX + 1];
	size_t n = 1;

	if (!may_go_on(feed))
		return;
	re_snprintf(keep, sizeof(keep), "%u", FEED_KEEP_S);
	argv[0] = redis_str(keep);
	for (unsigned i = 0; i < FEED_SOURCES; i++) {
		if (!feed->last[i].id[0] && !feed->learned[i])
			continue;
		if (feed->last[i].id[0])
			feed->at[i] = feed->last[i];
		feed->learned[i] = false;
		re_snprintf(nr[i], sizeof(nr[i]), "n%u", i);
		feed_place_print(texts[i], &feed->at[i]);
		argv[n++] = redis_str(nr[i] + 1);
		argv[n++] = redis_str(feed->at[i].id);
		argv[n++] = redis_str(nr[i]);
		argv[n++] = redis_str(texts[i]);
	}
	if (redis_link_eval(feed->redis, &script_place, &key, 1, argv, n,
			    on_placed, feed))
		again(feed);
}

/* As if only the first n had been read. */
static void cut(struct feed *feed, size_t n)
{
	memset(feed->last, 0, sizeof(feed->last));
	for (size_t i = 0; i < n; i++) {
		const struct feed_event *event = feed->events[i];
		struct feed_place *last = &feed->last[event->source];

		str_ncpy(last->id, event->entry, sizeof(last->id));
		last->nr = feed->nrs[i];
	}
	feed->more = true;
}

static void on_done(size_t n, void *arg)
{
	struct feed *feed = arg;

	const bool lost = feed->lost;

	feed->delivering = feed->lost = false;
	feed->more |= wheel_now(feed->wheel) - feed->begun_ms > LONG_MS;
	feed->counts.delivered += n;
	if (lost) {
		if (may_go_on(feed))
			again(feed);
		return;
	}
	if (n < feed->n) {
		++feed->counts.failed;
		cut(feed, n);
	}
	if (n)
		places_write(feed);
	else
		again(feed);
}

/* All streams have been read, or there is no room for more. */
static void turn_end(struct feed *feed)
{
	bool any = false;

	for (unsigned i = 0; i < FEED_SOURCES; i++)
		any |= feed->last[i].id[0] || feed->learned[i];
	if (feed->n) {
		feed->delivering = true;
		feed->begun_ms = wheel_now(feed->wheel);
		feed->deliverh(feed->sink, feed->events, feed->n, on_done,
			       feed);
	} else if (any) {
		places_write(feed);
	} else {
		batch_drop(feed);
		pause(feed);
	}
}

/* What is no event is passed over. */
static void batch_take(struct feed *feed, const struct feed_page *page)
{
	struct feed_place *last = &feed->last[page->source];
	int64_t nr = feed->at[page->source].nr;
	size_t i;

	for (i = 0; i < page->n && feed->n < FEED_BATCH; i++) {
		const struct feed_entry *entry = &page->entries[i];

		if (nr >= 0)
			++nr;
		if (entry->id[0])
			str_ncpy(last->id, entry->id, sizeof(last->id));
		last->nr = nr;
		if (!entry->event)
			continue;
		feed->nrs[feed->n] = nr;
		feed->events[feed->n++] = mem_ref(entry->event);
	}
	feed->more |= i < page->n || page->n == feed->asked[page->source];
}

/* Has something gone that it should have had? */
static void gap_look(struct feed *feed, const struct feed_page *page)
{
	struct feed_place *at = &feed->at[page->source];
	const int64_t was = at->nr;
	const uint64_t lost = feed_place_look(at, &page->stream);
	char key[FEED_KEY_MAX + 1];

	feed->learned[page->source] |= at->nr != was;
	if (!lost)
		return;
	feed->counts.lost += lost;
	feed_source_key(key, page->source);
	log_error(NULL, "Redis had no room: a receiver has missed events",
		  "places=%s stream=%s events=%llu behind=%s", feed->places,
		  key, (unsigned long long)lost, at->id);
}

/* The time of an entry is the begin of its id. */
static void age_note(struct feed *feed, const struct feed_entry *first)
{
	const struct pl ms_text = {first->id, strcspn(first->id, "-")};
	uint64_t ms;

	if (!first->id[0])
		return;
	ms = pl_u64(&ms_text);
	if (!feed->counts.oldest_ms || ms < feed->counts.oldest_ms)
		feed->counts.oldest_ms = ms;
}

static void read_failed(struct feed *feed)
{
	feed_reader_forget(feed->reader, feed);
	again(feed);
}

static void read_on(struct feed *feed);

/* When there is no room for more, the next turn begins with the stream behind. */
static void on_page(const struct feed_page *page, void *arg)
{
	struct feed *feed = arg;

	if (!page) {
		read_failed(feed);
		return;
	}
	gap_look(feed, page);
	if (page->n) {
		if (!feed->n)
			feed->counts.oldest_ms = 0;
		age_note(feed, &page->entries[0]);
		batch_take(feed, page);
	}
	if (++feed->read < FEED_SOURCES && feed->n < FEED_BATCH) {
		read_on(feed);
		return;
	}
	if (feed->read < FEED_SOURCES) {
		feed->more = true;
		feed->first = (page->source + 1) % FEED_SOURCES;
	}
	feed_reader_forget(feed->reader, feed);
	turn_end(feed);
}

/* Ask for as many as may be under way. */
static void read_on(struct feed *feed)
{
	const unsigned most = feed->behind ? 1 : FEED_SOURCES;
	const size_t at_once = feed->behind ? FEED_READ_BEHIND : FEED_READ;
	unsigned source;
	int err = 0;

	if (!may_go_on(feed))
		return;
	while (!err && feed->sent < FEED_SOURCES &&
	       feed->sent - feed->read < most) {
		source = (feed->first + feed->sent++) % FEED_SOURCES;
		feed->asked[source] = min(at_once, FEED_BATCH - feed->n);
		err = feed_reader_ask(feed->reader, source, &feed->at[source],
				      feed->asked[source], on_page, feed);
	}
	if (err)
		read_failed(feed);
}

static void read_begin(void *arg)
{
	read_on(arg);
}

/* --- its places ---------------------------------------------------------------- */

/* What is counted as missed is not counted again when it is read again. */
static void place_take(struct feed_place *at, const struct redis_val *val)
{
	struct feed_place is;

	feed_place_read(&is, val[0].type == REDIS_STR ? val[0].str : "0-0",
			val[1].type == REDIS_STR ? val[1].str : NULL);
	if (!strcmp(is.id, at->id) && at->nr > is.nr)
		is.nr = at->nr;
	*at = is;
}

static void on_places(int err, const struct redis_val *val, void *arg)
{
	struct feed *feed = arg;

	if (err || val->type != REDIS_ARRAY || val->len != 2 * FEED_SOURCES) {
		again(feed);
		return;
	}
	for (unsigned i = 0; i < FEED_SOURCES; i++)
		place_take(&feed->at[i], &val->el[2 * i]);
	read_begin(feed);
}

/* Whatever has been read and not delivered is read again. */
static void places_ask(void *arg)
{
	struct feed *feed = arg;
	char count[8], keep[16];
	const struct redis_arg key = redis_str(feed->places);
	struct redis_arg argv[2];

	batch_drop(feed);
	feed->behind = true; /* perhaps: it has been away */
	if (!may_go_on(feed))
		return;
	re_snprintf(count, sizeof(count), "%u", FEED_SOURCES);
	re_snprintf(keep, sizeof(keep), "%u", FEED_KEEP_S);
	argv[0] = redis_str(count);
	argv[1] = redis_str(keep);
	if (redis_link_eval(feed->redis, &script_places, &key, 1, argv, 2,
			    on_places, feed))
		again(feed);
}

/* A batch that is under way when the lease is lost is delivered, and again by
 * who has it then; nothing else is gone on with. */
static void on_lease(bool held, uint64_t fence, void *arg)
{
	struct feed *feed = arg;
	(void)fence;

	wheel_stop(&feed->timer);
	redis_link_forget(feed->redis, feed);
	feed_reader_forget(feed->reader, feed);
	feed->lost |= !held && feed->delivering;
	if (!held)
		feed->counts.oldest_ms = 0;
	if (held && !feed->delivering)
		wheel_start(feed->wheel, &feed->timer, 0, places_ask, feed);
}

static int lease_start(struct feed *feed, const struct feed_params *params)
{
	const struct lease_params lp = {
		.link = params->redis,
		.wheel = params->wheel,
		.stem = params->stem,
		.owner = params->owner,
		.ttl_ms = params->lease_ms ? params->lease_ms : FEED_LEASE_MS,
		.wait = true,
	};

	return lease_alloc(&feed->lease, &lp, on_lease, feed);
}

int feed_alloc(struct feed **feedp, const struct feed_params *params)
{
	struct feed *feed = mem_zalloc(sizeof(*feed), destructor);
	int err = 0;

	if (!feed)
		return ENOMEM;
	feed->redis = mem_ref(params->redis);
	feed->reader = mem_ref(params->reader);
	feed->wheel = mem_ref(params->wheel);
	feed->deliverh = params->deliverh;
	feed->sink = params->sink;
	if (re_snprintf(feed->places, sizeof(feed->places), "%s:places",
			params->stem) < 0)
		err = EINVAL;
	if (!err && params->owner)
		err = lease_start(feed, params);
	if (err) {
		mem_deref(feed);
		return err;
	}
	if (!params->owner)
		again(feed);
	*feedp = feed;
	return 0;
}

const struct feed_counts *feed_counts(const struct feed *feed)
{
	return &feed->counts;
}
