/*
 * test_feed.c  A feed goes on where it was, and gives again what failed
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/lease.h"
#include "sigd/feed/feed.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

enum {
	GOT_MAX = 64,
	LEASE_MS = 3000
};

/* A receiver that refuses so many batches first, but for so many of each. */
struct sink {
	unsigned refuse;
	size_t part;
	size_t n, want;
	size_t all, batches, most; /* that were taken, seen, in one */
	bool mixed; /* not in the order of their streams */
	struct {
		char stem[FEED_ID_MAX + 1];
		uint64_t nr;
	} last[FEED_SOURCES];
	struct {
		char id[FEED_ID_MAX + 1], type[FEED_TYPE_MAX + 1], json[1024];
	} got[GOT_MAX];
};

/* Redis counts on in an id: "news-1763700000123-0". */
static uint64_t nr_of(const struct feed_event *event, size_t *stem)
{
	const char *nr = strrchr(event->id, '-'), *ms = nr;
	struct pl pl;
	uint64_t num;

	while (ms > event->id && ms[-1] != '-')
		--ms;
	*stem = (size_t)(ms - event->id);
	pl = (struct pl){ms, (size_t)(nr - ms)};
	num = pl_u64(&pl);
	pl_set_str(&pl, nr + 1);
	return num * 1000 + pl_u64(&pl) + 1;
}

static void order_look(struct sink *sink, const struct feed_event *event)
{
	size_t len, i = 0;
	const uint64_t nr = nr_of(event, &len);

	while (sink->last[i].stem[0] &&
	       (strncmp(sink->last[i].stem, event->id, len) ||
		sink->last[i].stem[len]))
		i++;
	sink->mixed |= nr <= sink->last[i].nr;
	sink->last[i].nr = nr;
	(void)re_snprintf(sink->last[i].stem, FEED_ID_MAX + 1, "%b", event->id,
			  len);
}

static void deliver(void *arg, struct feed_event *const *events, size_t n,
		    feed_done_h *doneh, void *done_arg)
{
	struct sink *sink = arg;

	sink->batches++;
	sink->most = max(sink->most, n);
	if (sink->refuse)
		n = min(n, sink->part);
	for (size_t i = 0; i < n; i++, sink->all++)
		order_look(sink, events[i]);
	for (size_t i = 0; i < n && sink->n < GOT_MAX; i++, sink->n++) {
		str_ncpy(sink->got[sink->n].id, events[i]->id,
			 sizeof(sink->got[0].id));
		str_ncpy(sink->got[sink->n].type, events[i]->type,
			 sizeof(sink->got[0].type));
		re_snprintf(sink->got[sink->n].json, sizeof(sink->got[0].json),
			    "%b", events[i]->json->buf, events[i]->json->end);
	}
	if (sink->refuse)
		--sink->refuse;
	doneh(n, done_arg);
}

static struct feed *feed_open_with(struct redis_bed *bed,
				   feed_deliver_h *deliverh, void *sink,
				   const char *owner)
{
	struct feed_reader *reader = NULL;
	struct feed_params params = {.redis = bed->link,
					   .wheel = bed->wheel,
					   .stem = "cb:{h:test}",
					   .owner = owner,
					   .lease_ms = LEASE_MS,
					   .deliverh = deliverh,
					   .sink = sink};
	struct feed *feed = NULL;

	CHECK(!feed_reader_alloc(&reader, bed->link));
	params.reader = reader;
	CHECK(!feed_alloc(&feed, &params));
	mem_deref(reader);
	return feed;
}

static struct feed *feed_open(struct redis_bed *bed, struct sink *sink,
			      const char *owner)
{
	return feed_open_with(bed, deliver, sink, owner);
}

static bool has_place(struct redis_bed *bed)
{
	return redis_bed_say(bed, "EXISTS cb:{h:test}:places").num == 1;
}

static void place_wait(struct redis_bed *bed)
{
	for (int i = 0; i < 100 && !has_place(bed); i++)
		redis_bed_idle(bed, 50);
	CHECK(has_place(bed));
}

static bool is_got(void *arg)
{
	const struct sink *sink = arg;

	return sink->n >= sink->want;
}

/* Until it has had so many. */
static bool gets(struct redis_bed *bed, struct sink *sink, size_t n)
{
	sink->want = n;
	return redis_test_until(bed->wheel, 15000, is_got, sink);
}

static void what_was_before_is_old_and_what_failed_comes_again(void)
{
	struct sink sink = {.refuse = 1};
	struct redis_bed bed;
	struct feed *feed;

	if (redis_bed_start(&bed)) {
		redis_bed_say(&bed, "XADD cb:news * type call.started n 0");
		redis_bed_idle(&bed, 5);
		feed = feed_open(&bed, &sink, NULL);
		place_wait(&bed);
		redis_bed_say(&bed,
			      "XADD cb:news * type call.started tenant t n 1");
		redis_bed_say(&bed,
			      "XADD cb:news * type call.answered tenant t n 2");
		redis_bed_say(&bed,
			      "XADD cb:alarms * kind connection-down tenant t");
		CHECK(gets(&bed, &sink, 3));
		CHECK_STR(sink.got[0].type, "call.started");
		CHECK(strstr(sink.got[0].json, "\"tenant\":\"t\"") &&
		      strstr(sink.got[0].json, "\"n\":\"1\""));
		CHECK_STR(sink.got[1].type, "call.answered");
		CHECK_STR(sink.got[2].type, "connection.down");
		CHECK_INT(feed_counts(feed)->delivered, 3);
		CHECK_INT(feed_counts(feed)->failed, 1);
		mem_deref(feed);
		/* a successor begins behind that */
		redis_bed_say(&bed, "XADD cb:news * type call.started n 3");
		sink.n = 0;
		feed = feed_open(&bed, &sink, NULL);
		redis_bed_say(&bed, "XADD cb:news * type call.started n 4");
		redis_bed_say(&bed, "XADD cb:news * type call.started n 5");
		CHECK(gets(&bed, &sink, 3));
		CHECK(strstr(sink.got[0].json, "\"n\":\"3\""));
		CHECK_INT(sink.n, 3);
		mem_deref(feed);
	}
	redis_bed_stop(&bed);
}

static void an_ended_call_is_told_with_both_sides_and_its_media(void)
{
	struct sink sink = {.n = 2};
	struct redis_bed bed;
	struct feed *feed;

	if (redis_bed_start(&bed)) {
		feed = feed_open(&bed, &sink, NULL);
		place_wait(&bed);
		redis_bed_say(&bed, "HSET cb:{c:a}:media:a123 session s1 at "
				    "1763700000000 state ended leg.2 profile=rtp leg.1 "
				    "profile=browser leg.17 x leg.x y form.1 z");
		redis_bed_say(&bed,
			      "XADD cb:{c:a}:cdr * reason bye by a1/1 end 9000 "
			      "call a123 callid x@y tenant acme a.user alice "
			      "b.user bob b.conn pbx start 1000 up 4000 "
			      "media m1/1 a.flow 00ff");
		CHECK(gets(&bed, &sink, 3));
		CHECK_STR(sink.got[2].type, "call.ended");
		CHECK(!strncmp(sink.got[2].id, "cdr-a-", 6));
		CHECK(strstr(sink.got[2].json, "\"duration_ms\":8000,"
					       "\"talk_ms\":5000"));
		CHECK(strstr(sink.got[2].json, "\"connection\":\"pbx\""));
		CHECK(strstr(sink.got[2].json, "\"media\":{"));
		CHECK(strstr(sink.got[2].json, "\"legs\":[{\"leg\":1,"));
		CHECK(strstr(sink.got[2].json, "},{\"leg\":2,"));
		CHECK(!strstr(sink.got[2].json, "\"leg\":17"));
		CHECK(!strstr(sink.got[2].json, "form"));
		CHECK(!strstr(sink.got[2].json, "00ff"));
		mem_deref(feed);
	}
	redis_bed_stop(&bed);
}

/* --- figures that are final --------------------------------------------------- */

/* So late that it is always of just now, and waits for its figures. */
#define LATE "99999999999999"
#define CDR "XADD cb:{c:a}:cdr "
#define KEPT "XADD cb:{c:a}:cdr:media "
#define BYE " reason bye by a1/1 end 9000 tenant t media m1/1 call "

static void up_say(struct redis_bed *bed)
{
	redis_bed_say(bed, "HSET cb:{c:a}:media:a123 session s1 at m1/1 time "
			   "1763700000000 state up cdr 60 leg.1 profile=rtp");
}

static void figures_outlive_the_sheet(void)
{
	/* spaces part its words */
	static const char *const others =
		"EVAL for\ti=1,100\tdo\tredis.call('XADD','cb:{c:a}:cdr:media',"
		"'*','call',i,'state','ended','leg.1','profile=sdes')end 0";
	struct sink sink = {.n = 0};
	struct redis_bed bed;
	struct feed *feed;

	if (redis_bed_start(&bed)) {
		feed = feed_open(&bed, &sink, NULL);
		place_wait(&bed);
		mem_deref(feed);
		redis_bed_say(&bed, CDR "*" BYE "a123");
		redis_bed_say(&bed, CDR "*" BYE "a124");
		redis_bed_say(&bed, others);
		redis_bed_say(&bed, KEPT "* call a124 session s4 state ended "
					 "leg.1 profile=browser");
		redis_bed_say(&bed, KEPT "* call a123 session s3 state ended "
					 "leg.1 profile=rtp");
		feed = feed_open(&bed, &sink, NULL);
		CHECK(gets(&bed, &sink, 2));
		CHECK(strstr(sink.got[0].json, "\"session\":\"s3\"") &&
		      strstr(sink.got[0].json, "\"state\":\"ended\"") &&
		      strstr(sink.got[0].json, "\"profile\":\"rtp\""));
		CHECK(strstr(sink.got[1].json, "\"session\":\"s4\""));
		mem_deref(feed);
	}
	redis_bed_stop(&bed);
}

/* How often streams were looked at. */
static uint64_t looks(struct redis_bed *bed)
{
	const struct redis_said said = redis_bed_say(
		bed, "EVAL return\tstring.match(redis.call('INFO',"
		     "'commandstats'),'cmdstat_xrange:calls=(%d+)') 0");
	struct pl num;

	pl_set_str(&num, said.text);
	return pl_u64(&num);
}

/* Each look asks all streams, and one for figures. */
static void a_cdr_waits_for_its_figures_and_who_comes_behind_it_too(void)
{
	struct sink sink = {.n = 0};
	struct redis_bed bed;
	struct feed *feed;
	uint64_t was;

	if (redis_bed_start(&bed)) {
		feed = feed_open(&bed, &sink, NULL);
		place_wait(&bed);
		up_say(&bed);
		redis_bed_say(&bed, CDR LATE "-1" BYE "a123");
		redis_bed_say(&bed, CDR LATE "-2 reason bye call a124");
		redis_bed_say(&bed, "XADD cb:{c:b}:cdr * reason bye call b1");
		CHECK(gets(&bed, &sink, 1));
		was = looks(&bed);
		redis_bed_idle(&bed, 4 * FEED_POLL_MS);
		CHECK(looks(&bed) - was <= 6 * (FEED_SOURCES + 1));
		CHECK_INT(sink.n, 1);
		CHECK(!strncmp(sink.got[0].id, "cdr-b-", 6));
		redis_bed_say(&bed, KEPT LATE "-0 call a123 session s1 state "
					      "ended leg.1 profile=rtp");
		CHECK(gets(&bed, &sink, 3));
		CHECK(strstr(sink.got[1].json, "\"state\":\"ended\""));
		CHECK(strstr(sink.got[2].json, "\"call\":\"a124\""));
		redis_bed_idle(&bed, 2 * FEED_POLL_MS);
		CHECK_INT(sink.n, 3);
		/* what waited had not gone */
		redis_bed_say(&bed, "XTRIM cb:{c:a}:cdr MAXLEN 0");
		redis_bed_say(&bed, CDR LATE "-3 reason bye call a125");
		CHECK(gets(&bed, &sink, 4));
		CHECK_INT(feed_counts(feed)->lost, 0);
		/* and what goes while it waits is missed */
		redis_bed_say(&bed, CDR LATE "-4" BYE "a126");
		redis_bed_idle(&bed, 2 * FEED_POLL_MS);
		redis_bed_say(&bed, "XTRIM cb:{c:a}:cdr MAXLEN 0");
		redis_bed_say(&bed, CDR LATE "-5 reason bye call a127");
		CHECK(gets(&bed, &sink, 5));
		CHECK_INT(feed_counts(feed)->lost, 1);
		mem_deref(feed);
	}
	redis_bed_stop(&bed);
}

/* In ms, by Redis: of its entry until now. */
static int64_t age_of(struct redis_bed *bed, const char *entry)
{
	const struct pl ms = {entry, strcspn(entry, "-")};
	const struct redis_said now = redis_bed_say(
		bed, "EVAL local\tt=redis.call('TIME')return\tt[1]*1000+"
		     "math.floor(t[2]/1000) 0");

	return now.num - (int64_t)pl_u64(&ms);
}

/* Its media worker is dead, or too late. */
static void a_cdr_waits_for_two_seconds(void)
{
	struct sink sink = {.n = 0};
	struct redis_said cdr;
	struct redis_bed bed;
	struct feed *feed;

	if (redis_bed_start(&bed)) {
		feed = feed_open(&bed, &sink, NULL);
		place_wait(&bed);
		up_say(&bed);
		cdr = redis_bed_say(&bed, CDR "*" BYE "a123");
		CHECK(gets(&bed, &sink, 1));
		CHECK(age_of(&bed, cdr.text) >= 2000);
		CHECK(age_of(&bed, cdr.text) < 6000);
		CHECK(strstr(sink.got[0].json, "\"state\":\"up\""));
		CHECK(!strstr(sink.got[0].json, "\"cdr\""));
		mem_deref(feed);
	}
	redis_bed_stop(&bed);
}

static void of_what_media_workers_know_some_is_told(void)
{
	struct sink sink = {.n = 2};
	struct redis_bed bed;
	struct feed *feed;

	if (redis_bed_start(&bed)) {
		feed = feed_open(&bed, &sink, NULL);
		place_wait(&bed);
		redis_bed_say(&bed, "XADD cb:facts * type event event leg.up "
				    "call c1 leg 1 mac 00ff");
		redis_bed_say(&bed, "XADD cb:facts * type event event "
				    "recording.ended call c1 tenant t leg 1 "
				    "from m1/1 text a.ogg mac 00ff");
		CHECK(gets(&bed, &sink, 3));
		CHECK_STR(sink.got[2].type, "recording.ended");
		CHECK(strstr(sink.got[2].json, "\"tenant\":\"t\"") &&
		      strstr(sink.got[2].json, "\"text\":\"a.ogg\"") &&
		      strstr(sink.got[2].json, "\"leg\":1,"));
		CHECK(!strstr(sink.got[2].json, "00ff"));
		CHECK_INT(feed_counts(feed)->delivered, 1);
		mem_deref(feed);
	}
	redis_bed_stop(&bed);
}

static void of_two_one_serves(void)
{
	struct sink a = {.n = 0}, b = {.n = 0};
	struct redis_bed bed;
	struct feed *fa, *fb;

	if (redis_bed_start(&bed)) {
		fa = feed_open(&bed, &a, "a1/admin");
		place_wait(&bed);
		fb = feed_open(&bed, &b, "a2/admin");
		for (int i = 0; i < 3; i++)
			redis_bed_say(&bed, "XADD cb:news * type call.started");
		CHECK(gets(&bed, &a, 3));
		CHECK_INT(b.n, 0);
		/* it leaves: the other one goes on */
		mem_deref(fa);
		for (int i = 0; i < 3; i++)
			redis_bed_say(&bed, "XADD cb:news * type call.started");
		CHECK(gets(&bed, &b, 3));
		CHECK_INT(a.n, 3);
		CHECK_INT(b.n, 3);
		mem_deref(fb);
	}
	redis_bed_stop(&bed);
}

/* --- a lease that goes in the midst of a delivery ------------------------------- */

/* A receiver that answers when it is told to. */
struct slow {
	struct sink sink;
	feed_done_h *doneh;
	void *arg;
	size_t n;
};

static void deliver_slowly(void *arg, struct feed_event *const *events,
			   size_t n, feed_done_h *doneh, void *done_arg)
{
	struct slow *slow = arg;
	struct sink *sink = &slow->sink;

	for (size_t i = 0; i < n && sink->n < GOT_MAX; i++, sink->n++)
		str_ncpy(sink->got[sink->n].id, events[i]->id,
			 sizeof(sink->got[0].id));
	slow->n = n;
	slow->doneh = doneh;
	slow->arg = done_arg;
}

static bool is_under_way(void *arg)
{
	return ((const struct slow *)arg)->doneh;
}

static void answer(struct slow *slow)
{
	feed_done_h *doneh = slow->doneh;

	slow->doneh = NULL;
	if (CHECK(doneh != NULL))
		doneh(slow->n, slow->arg);
}

static bool is_ours(struct redis_bed *bed)
{
	const struct redis_said said =
		redis_bed_say(bed, "GET cb:{h:test}:lease");

	return !strncmp(said.text, "a1/admin", 8);
}

static bool is_lost(void *arg)
{
	return !feed_counts(arg)->oldest_ms;
}

/* Somebody else had it, has told what waited and one more, and is gone. */
static void others_go_on(struct redis_bed *bed, struct feed *feed)
{
	struct redis_said last;
	char line[128];

	CHECK(!is_lost(feed));
	redis_bed_say(bed, "SET cb:{h:test}:lease a2/admin");
	CHECK(redis_test_until(bed->wheel, 15000, is_lost, feed));
	last = redis_bed_say(bed, "XADD cb:news * type call.started n 2");
	(void)re_snprintf(line, sizeof(line),
			  "HSET cb:{h:test}:places %u %s n%u 2", FEED_SHARDS,
			  last.text, FEED_SHARDS);
	redis_bed_say(bed, line);
	redis_bed_say(bed, "DEL cb:{h:test}:lease");
	for (int i = 0; i < 120 && !is_ours(bed); i++)
		redis_bed_idle(bed, 50);
	CHECK(is_ours(bed));
}

/* What was delivered meanwhile says nothing of how far the others have come:
 * nothing goes back behind that. */
static void a_lease_lost_in_a_delivery_takes_nothing_back(void)
{
	struct slow slow = {.n = 0};
	struct redis_said third;
	struct redis_bed bed;
	struct feed *feed;

	if (redis_bed_start(&bed)) {
		feed = feed_open_with(&bed, deliver_slowly, &slow, "a1/admin");
		place_wait(&bed);
		redis_bed_say(&bed, "XADD cb:news * type call.started n 1");
		CHECK(redis_test_until(bed.wheel, 5000, is_under_way, &slow));
		CHECK_INT(slow.sink.n, 1);
		others_go_on(&bed, feed);
		third = redis_bed_say(&bed, "XADD cb:news * type call.started");
		redis_bed_idle(&bed, FEED_RETRY_MS + 2 * FEED_POLL_MS);
		CHECK_INT(slow.sink.n, 1); /* one thing at a time */
		answer(&slow);
		CHECK(redis_test_until(bed.wheel, 5000, is_under_way, &slow));
		CHECK_INT(slow.n, 1);
		CHECK_INT(slow.sink.n, 2);
		CHECK_STR(strchr(slow.sink.got[1].id, '-') + 1, third.text);
		answer(&slow);
		redis_bed_idle(&bed, 2 * FEED_POLL_MS);
		CHECK_INT(slow.sink.n, 2);
		CHECK_INT(feed_counts(feed)->delivered, 2);
		mem_deref(feed);
	}
	redis_bed_stop(&bed);
}

static bool got_all(void *arg)
{
	return ((const struct sink *)arg)->all >= 1700;
}

static void what_waits_in_all_streams_goes_together_and_in_order(void)
{
	/* spaces part its words */
	static const char *const lua =
		"EVAL for\ti=0,99\tdo\tfor\tx=0,15\tdo\tredis.call('XADD',"
		"string.format('cb:{c:%x}:cdr',x),'*','reason','bye','call',"
		"i*16+x)end\tredis.call('XADD','cb:news','*','type',"
		"'call.started','n',i)end 0";
	for (unsigned open = 0; open < 2; open++) {
		struct sink sink = {.refuse = !open};
		struct redis_bed bed;
		struct feed *feed;

		if (redis_bed_start(&bed)) {
			feed = feed_open(&bed, &sink, NULL);
			place_wait(&bed);
			redis_bed_idle(&bed, 2 * FEED_POLL_MS);
			if (!open)
				mem_deref(feed);
			redis_bed_say(&bed, lua);
			if (!open)
				feed = feed_open(&bed, &sink, NULL);
			CHECK(redis_test_until(bed.wheel, 8000, got_all,
					       &sink));
			CHECK_INT(sink.all, 1700);
			CHECK(!sink.mixed);
			CHECK_INT(sink.most, FEED_BATCH);
			/* with the one that failed */
			CHECK(sink.batches <= 1 + 1700 / FEED_BATCH + 2);
			CHECK_INT(feed_counts(feed)->delivered, 1700);
			CHECK_INT(feed_counts(feed)->failed, !open);
			mem_deref(feed);
		}
		redis_bed_stop(&bed);
	}
}

/* From there on, in all streams: nothing twice, and nothing left out. */
static void of_a_batch_the_rest_comes_again(void)
{
	struct sink sink = {.refuse = 2, .part = 2};
	struct redis_bed bed;
	struct feed *feed;

	if (redis_bed_start(&bed)) {
		feed = feed_open(&bed, &sink, NULL);
		place_wait(&bed);
		mem_deref(feed);
		for (int i = 0; i < 2; i++) {
			redis_bed_say(&bed, "XADD cb:{c:3}:cdr * reason bye "
					    "call 3 tenant t");
			redis_bed_say(&bed, "XADD cb:{c:a}:cdr * reason bye "
					    "call a tenant t");
			redis_bed_say(&bed, "XADD cb:news * type call.started");
		}
		feed = feed_open(&bed, &sink, NULL);
		CHECK(gets(&bed, &sink, 6));
		redis_bed_idle(&bed, 2 * FEED_POLL_MS);
		CHECK_INT(sink.all, 6);
		CHECK_INT(sink.batches, 3);
		CHECK(!sink.mixed);
		CHECK_INT(feed_counts(feed)->delivered, 6);
		CHECK_INT(feed_counts(feed)->failed, 2);
		mem_deref(feed);
	}
	redis_bed_stop(&bed);
}

static void news_say(struct redis_bed *bed, int n)
{
	for (int i = 0; i < n; i++)
		redis_bed_say(bed, "XADD cb:news * type call.started");
}

static void what_redis_could_not_keep_is_counted(void)
{
	struct sink sink = {.n = 0};
	struct redis_bed bed;
	struct feed *feed;

	if (redis_bed_start(&bed)) {
		news_say(&bed, 5);
		feed = feed_open(&bed, &sink, NULL);
		place_wait(&bed);
		news_say(&bed, 4);
		CHECK(gets(&bed, &sink, 4));
		redis_bed_idle(&bed, 2 * FEED_POLL_MS);
		mem_deref(feed);
		/* what has been delivered may go */
		redis_bed_say(&bed, "XTRIM cb:news MAXLEN 2");
		news_say(&bed, 4);
		sink.n = 0;
		feed = feed_open(&bed, &sink, NULL);
		CHECK(gets(&bed, &sink, 4));
		redis_bed_idle(&bed, 2 * FEED_POLL_MS);
		CHECK_INT(feed_counts(feed)->lost, 0);
		mem_deref(feed);
		/* away for ten, of which four are kept; and refused once more:
		 * it is one gap */
		news_say(&bed, 10);
		redis_bed_say(&bed, "XTRIM cb:news MAXLEN 4");
		sink.n = 0;
		sink.refuse = 1;
		feed = feed_open(&bed, &sink, NULL);
		CHECK(gets(&bed, &sink, 4));
		redis_bed_idle(&bed, 2 * FEED_POLL_MS);
		CHECK_INT(feed_counts(feed)->lost, 6);
		CHECK_INT(sink.n, 4);
		mem_deref(feed);
	}
	redis_bed_stop(&bed);
}

/* As after a week of nothing. */
static void a_stream_that_has_ended_is_no_gap(void)
{
	struct sink sink = {.n = 1};
	struct redis_bed bed;
	struct feed *feed;

	if (redis_bed_start(&bed)) {
		feed = feed_open(&bed, &sink, NULL);
		place_wait(&bed);
		news_say(&bed, 3);
		CHECK(gets(&bed, &sink, 4));
		redis_bed_idle(&bed, 2 * FEED_POLL_MS);
		redis_bed_say(&bed, "DEL cb:news");
		redis_bed_idle(&bed, 2 * FEED_POLL_MS);
		sink.n = 0;
		news_say(&bed, 4);
		CHECK(gets(&bed, &sink, 4));
		CHECK_INT(feed_counts(feed)->lost, 0);
		mem_deref(feed);
	}
	redis_bed_stop(&bed);
}

TEST_MAIN(TEST(what_was_before_is_old_and_what_failed_comes_again),
	  TEST(an_ended_call_is_told_with_both_sides_and_its_media),
	  TEST(figures_outlive_the_sheet),
	  TEST(a_cdr_waits_for_its_figures_and_who_comes_behind_it_too),
	  TEST(a_cdr_waits_for_two_seconds),
	  TEST(of_what_media_workers_know_some_is_told),
	  TEST(of_two_one_serves), TEST(of_a_batch_the_rest_comes_again),
	  TEST(a_lease_lost_in_a_delivery_takes_nothing_back),
	  TEST(what_redis_could_not_keep_is_counted),
	  TEST(a_stream_that_has_ended_is_no_gap),
	  TEST(what_waits_in_all_streams_goes_together_and_in_order))
