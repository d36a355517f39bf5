/*
 * live.c  What calls to a connection have come to
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/redis_link.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/guard/alarm.h"
#include "sigd/guard/breaker.h"
#include "sigd/proxy/conn/conn_calls.h"
#include "sigd/proxy/conn/conn_journal.h"
#include "sigd/proxy/conn/health.h"
#include "sigd/proxy/conn/live.h"
#include "sigd/proxy/proxy_priv.h"

enum { BUCKETS = 64, SEEN_MAX = 16 };

struct live {
	struct proxy *px;
	struct hash *counts; /* struct count */
	struct list all;     /* of them, the oldest first */
	uint32_t n;
};

/* A failure that was counted, by hashes. */
struct seen {
	uint32_t caller, callee; /* caller 0: none */
	uint32_t row;
	uint64_t at_ms;
};

/* Kept by name: a reload makes other connections of the same names. */
struct count {
	struct le le, all_le;
	struct live *live;
	char name[HEALTH_NAME_MAX + 1];
	struct breaker breaker;
	uint32_t row; /* grows with each answer, from 1 */
	struct seen seen[SEEN_MAX]; /* row 0: none */
	unsigned next;
};

static void count_destructor(void *data)
{
	struct count *count = data;

	hash_unlink(&count->le);
	list_unlink(&count->all_le);
	--count->live->n;
}

static void destructor(void *data)
{
	struct live *live = data;

	hash_flush(live->counts);
	mem_deref(live->counts);
}

int live_alloc(struct live **livep, struct proxy *px)
{
	struct live *live = mem_zalloc(sizeof(*live), destructor);

	if (!live)
		return ENOMEM;
	live->px = px;
	if (hash_alloc(&live->counts, BUCKETS)) {
		mem_deref(live);
		return ENOMEM;
	}
	*livep = live;
	return 0;
}

static bool is_name(struct le *le, void *arg)
{
	const struct count *count = le->data;

	return !strcmp(count->name, arg);
}

/* make: when there is none; for one more than LIVE_MAX the oldest is
 * forgotten, which may be of a table that is gone. NULL: there is none, or no
 * memory. */
static struct count *count_of(struct live *live,
			      const struct route_connection *conn, bool make)
{
	char name[HEALTH_NAME_MAX + 1];
	struct count *count;
	uint32_t hash;

	health_name(name, conn, NULL);
	hash  = hash_joaat_str(name);
	count = list_ledata(hash_lookup(live->counts, hash, is_name, name));
	if (count || !make)
		return count;
	if (live->n >= LIVE_MAX)
		mem_deref(list_ledata(list_head(&live->all)));
	count = mem_zalloc(sizeof(*count), count_destructor);
	if (!count)
		return NULL;
	str_ncpy(count->name, name, sizeof(count->name));
	count->live = live;
	count->row = 1;
	hash_append(live->counts, hash, &count->le, count);
	list_append(&live->all, &count->all_le, count);
	++live->n;
	return count;
}

static struct breaker_limits limits_of(const struct route_connection *conn)
{
	return (struct breaker_limits){
		.failures = conn->breaker.failures,
		.percent = conn->breaker.percent,
		.tries = conn->breaker.calls,
		.window_ms = conn->breaker.window_ms};
}

static void tell(struct live *live, const struct route_connection *conn,
		 enum alarm_kind kind, const char *why)
{
	struct alarm_about about = {.load = 0};

	pl_set_str(&about.tenant, conn->tenant->id);
	pl_set_str(&about.name, conn->name);
	pl_set_str(&about.why, why);
	alarm_note(live->px->alarms, kind, &about);
	conn_journal_state(live->px, conn,
			   kind == ALARM_CONN_BROKEN ? JOURNAL_BROKEN
						     : JOURNAL_MENDED,
			   why);
}

/* --- in Redis -------------------------------------------------------------------- */

static void store(struct live *live, const struct route_connection *conn,
		  const struct health_row *row)
{
	struct redis_link *link = live->px->deps.redis;
	char name[HEALTH_NAME_MAX + 1], text[HEALTH_ROW_MAX], ttl[16];

	health_name(name, conn, NULL);
	re_snprintf(ttl, sizeof(ttl), "%d", LIVE_KEEP_S);
	if (health_row_print(text, row))
		return;

	const struct redis_arg hset[] = {
		redis_str("HSET"), redis_str(HEALTH_BROKEN_KEY),
		redis_str(name), redis_str(text)};
	const struct redis_arg expire[] = {redis_str("EXPIRE"),
					   redis_str(HEALTH_BROKEN_KEY),
					   redis_str(ttl)};

	if (!redis_link_send(link, hset, 4, NULL, NULL))
		(void)redis_link_send(link, expire, 3, NULL, NULL);
}

static void forget(struct live *live, const struct route_connection *conn)
{
	char name[HEALTH_NAME_MAX + 1];

	health_name(name, conn, NULL);

	const struct redis_arg del[] = {redis_str("HDEL"),
					redis_str(HEALTH_BROKEN_KEY),
					redis_str(name)};

	(void)redis_link_send(live->px->deps.redis, del, 3, NULL, NULL);
}

/* ms: from now on. */
static void leave_alone(struct live *live, const struct route_connection *conn,
			struct health_row *row, uint32_t ms)
{
	const struct health_row *was = health_broken(live->px->health, conn);

	/* without Redis' clock nobody could say until when */
	if (!live->px->health ||
	    !redis_link_time(live->px->deps.redis, &row->until_ms))
		return;
	row->since_ms = was ? was->since_ms : row->until_ms;
	row->until_ms += ms;
	str_ncpy(row->by, live->px->worker, sizeof(row->by));
	health_broken_set(live->px->health, conn, row);
	store(live, conn, row);
}

/* --- what came of a call ---------------------------------------------------------- */

/* Its time to be left alone is over, and nobody has found out since. */
static bool is_past(const struct live *live, const struct health_row *row)
{
	uint64_t now;

	return row && row->state == ROUTE_STATE_BROKEN &&
	       redis_link_time(live->px->deps.redis, &now) &&
	       now >= row->until_ms;
}

void live_answered(struct live *live, const struct route_connection *conn)
{
	const struct breaker_limits limits = limits_of(conn);
	/* of one that never failed nothing is counted but by its share */
	struct count *count = count_of(live, conn, limits.percent > 0);

	if (count) {
		++count->row;
		breaker_answered(&count->breaker, &limits,
				 wheel_now(live->px->deps.wheel));
	}
	if (!is_past(live, health_broken(live->px->health, conn)))
		return;
	health_broken_set(live->px->health, conn, NULL);
	forget(live, conn);
	conn_calls_trial_end(live->px, conn);
	tell(live, conn, ALARM_CONN_MENDED, "a call was answered");
}

void live_rings(struct live *live, const struct route_connection *conn)
{
	if (is_past(live, health_broken(live->px->health, conn)))
		live_answered(live, conn);
}

static uint32_t hash_of(const struct pl *text)
{
	return pl_isset(text)
		       ? hash_joaat((const uint8_t *)text->p, text->l) | 1
		       : 0;
}

static bool is_same(const struct seen *a, const struct seen *b)
{
	return a->callee == b->callee || (a->caller && a->caller == b->caller);
}

/* False: his, or of that number, another one has been counted. */
static bool is_new(struct count *count, const struct live_call *call,
		   uint32_t window_ms, uint64_t now_ms)
{
	const struct seen one = {hash_of(&call->caller),
				 hash_of(&call->callee), count->row, now_ms};

	for (unsigned i = 0; i < SEEN_MAX; i++) {
		const struct seen *seen = &count->seen[i];

		if (seen->row && is_same(seen, &one) &&
		    (seen->row == count->row ||
		     now_ms - seen->at_ms < window_ms))
			return false;
	}
	count->seen[count->next++ % SEEN_MAX] = one;
	return true;
}

/* NULL call: it is no number's fault. */
static bool counts(struct live *live, struct count *count,
		   const struct route_connection *conn,
		   const struct live_call *call)
{
	return !call || !count ||
	       is_new(count, call, conn->breaker.window_ms,
		      wheel_now(live->px->deps.wheel));
}

void live_failed(struct live *live, const struct route_connection *conn,
		 const char *why, const struct live_call *call)
{
	const struct health_row *was = health_broken(live->px->health, conn);
	const struct breaker_limits limits = limits_of(conn);
	struct count *count = count_of(live, conn, true);
	struct health_row row = {.state = ROUTE_STATE_BROKEN};
	const bool again = is_past(live, was);
	bool fresh;

	/* what was under way when it broke is no news */
	if (was && was->state == ROUTE_STATE_BROKEN && !again)
		return;
	fresh = counts(live, count, conn, call);
	if (!again && (!count || !fresh ||
		       !breaker_failed(&count->breaker, &limits,
				       wheel_now(live->px->deps.wheel))))
		return;
	row.times = again ? was->times + fresh : 0;
	str_ncpy(row.why, why, sizeof(row.why));
	leave_alone(live, conn, &row,
		    breaker_open_ms(conn->breaker.open_ms, row.times));
	if (again)
		conn_calls_trial_end(live->px, conn);
	else
		tell(live, conn, ALARM_CONN_BROKEN, why);
}

void live_busy(struct live *live, const struct route_connection *conn,
	       uint32_t ms)
{
	struct health_row row = {.state = ROUTE_STATE_BUSY};
	const struct health_row *was = health_broken(live->px->health, conn);
	const bool again = is_past(live, was);
	const bool busy = was && was->state == ROUTE_STATE_BUSY;

	/* what was under way when it broke is no news */
	if (!ms || (was && was->state == ROUTE_STATE_BROKEN && !again))
		return;
	str_ncpy(row.why, "503 with Retry-After", sizeof(row.why));
	ms = min(ms, (uint32_t)LIVE_BUSY_MAX_MS);
	/* a trial that failed: for as long as both say */
	if (again) {
		row.state = ROUTE_STATE_BROKEN;
		row.times = was->times + 1;
		ms = max(ms, breaker_open_ms(conn->breaker.open_ms, row.times));
	}
	leave_alone(live, conn, &row, ms);
	if (again)
		conn_calls_trial_end(live->px, conn);
	else if (!busy)
		conn_journal_state(live->px, conn, JOURNAL_BUSY, row.why);
}
