/*
 * journal.c  The logs of devices and connections, on their way to Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/journal/journal.h"
#include "sigd/journal/journal_lua.h"

enum { BUCKETS = 256, NUMBER_LEN = 24 };

struct journal {
	struct redis_link *redis;
	struct wheel *wheel;
	struct wheel_timer timer;
	struct hash *refusals;
	uint32_t n;
	struct journal_counts counts;
};

/* What was refused lately, to one from one address. */
struct refusal {
	struct le le;
	struct journal *journal;
	char key[JOURNAL_KEY_MAX];
	char from[JOURNAL_FROM_MAX + 1]; /* without the port */
	char said[JOURNAL_ROW_MAX];
	uint16_t code;
	uint32_t most;    /* entries of its list */
	uint32_t count;   /* not yet told */
	uint32_t wait_ms; /* from one time to the next */
	uint64_t due_ms;  /* wheel time */
};

static void refusal_destructor(void *data)
{
	struct refusal *refusal = data;

	--refusal->journal->n;
	hash_unlink(&refusal->le);
}

static void destructor(void *data)
{
	struct journal *journal = data;

	wheel_stop(&journal->timer);
	hash_flush(journal->refusals);
	mem_deref(journal->refusals);
}

int journal_alloc(struct journal **journalp, struct redis_link *redis,
		  struct wheel *wheel)
{
	struct journal *journal = mem_zalloc(sizeof(*journal), destructor);

	if (!journal)
		return ENOMEM;
	journal->redis = redis;
	journal->wheel = wheel;
	if (hash_alloc(&journal->refusals, BUCKETS)) {
		mem_deref(journal);
		return ENOMEM;
	}
	*journalp = journal;
	return 0;
}

uint64_t journal_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

const struct journal_counts *journal_counts(const struct journal *journal)
{
	return &journal->counts;
}

int journal_key(char key[JOURNAL_KEY_MAX], const struct journal_of *of,
		const char *what)
{
	int n;

	if (of->whose == JOURNAL_NOBODY)
		n = re_snprintf(key, JOURNAL_KEY_MAX, "cb:{m:%H}:nobody",
				redis_key_part, &of->tenant);
	else
		n = re_snprintf(key, JOURNAL_KEY_MAX, "cb:{%c:%H/%H}:%s",
				of->whose == JOURNAL_USER ? 'a' : 'i',
				redis_key_part, &of->tenant, redis_key_part,
				&of->name, what);
	return n < 0 ? EOVERFLOW : 0;
}

/* --- an entry ------------------------------------------------------------------ */

/* ARGV: what is said, round trip, count, 1: it may be counted in another, index
 * of the oldest. */
static const struct redis_script script_note = {
	"journal-note",
	"local t = redis.call('TIME') "
	"local now = t[1] * 1000 + math.floor(t[2] / 1000) "
	"local at = string.format('%.0f', now) " JOURNAL_LUA
	"last = ARGV[5] "
	"note(KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), "
	"  ARGV[4] == '1' and '\\n' or nil) "
	"return 1"};

struct entry {
	const char *said;
	uint32_t rtt_us, count, most;
	bool folds;
};

static void put(struct journal *journal, const char *key,
		const struct entry *entry)
{
	char rtt[NUMBER_LEN], count[NUMBER_LEN], last[NUMBER_LEN];
	re_snprintf(rtt, sizeof(rtt), "%u", entry->rtt_us);
	re_snprintf(count, sizeof(count), "%u", entry->count);
	re_snprintf(last, sizeof(last), "%u", entry->most - 1);

	const struct redis_arg keys[] = {redis_str(key)};
	const struct redis_arg args[] = {redis_str(entry->said), redis_str(rtt),
					 redis_str(count),
					 redis_str(entry->folds ? "1" : ""),
					 redis_str(last)};

	if (!redis_link_eval(journal->redis, &script_note, keys, 1, args, 5,
			     NULL, NULL))
		++journal->counts.told;
}

void journal_note(struct journal *journal, const struct journal_of *of,
		  const struct journal_row *row)
{
	char key[JOURNAL_KEY_MAX], said[JOURNAL_ROW_MAX];
	const struct entry entry = {.said = said,
				    .rtt_us = row->rtt_us,
				    .count = 1,
				    .most = JOURNAL_ENTRIES,
				    .folds = row->event == JOURNAL_REFRESHED ||
					     row->event == JOURNAL_REFUSED ||
					     row->event == JOURNAL_FAILED};

	if (journal && journal->redis && !journal_key(key, of, "log") &&
	    !journal_row_said(said, sizeof(said), row))
		put(journal, key, &entry);
}

/* --- what was refused ------------------------------------------------------------ */

static bool is_refusal(struct le *le, void *arg)
{
	const struct refusal *a = le->data, *b = arg;

	return a->code == b->code && !strcmp(a->key, b->key) &&
	       !strcmp(a->from, b->from);
}

static void on_due(void *arg);

static void timer_start(struct journal *journal)
{
	if (!wheel_runs(&journal->timer))
		wheel_start(journal->wheel, &journal->timer, JOURNAL_AGAIN_MS,
			    on_due, journal);
}

static void tell(struct refusal *refusal)
{
	const struct entry entry = {.said = refusal->said,
				    .count = refusal->count,
				    .most = refusal->most,
				    .folds = true};

	put(refusal->journal, refusal->key, &entry);
	refusal->count = 0;
	refusal->due_ms = wheel_now(refusal->journal->wheel) + refusal->wait_ms;
	refusal->wait_ms = min(2 * refusal->wait_ms,
			       (uint32_t)JOURNAL_AGAIN_MAX_MS);
}

/* True ends the walk: the table has changed. */
static bool is_quiet(struct le *le, void *arg)
{
	struct refusal *refusal = le->data;
	const uint64_t *now = arg;

	if (refusal->due_ms > *now)
		return false;
	if (refusal->count) {
		tell(refusal);
		return false;
	}
	return true;
}

static void on_due(void *arg)
{
	struct journal *journal = arg;
	uint64_t now = wheel_now(journal->wheel);
	struct le *le;

	while ((le = hash_apply(journal->refusals, is_quiet, &now)))
		mem_deref(le->data);
	if (journal->n)
		timer_start(journal);
}

static void refusal_add(struct journal *journal, const struct refusal *what,
			const struct journal_row *row)
{
	struct refusal *refusal;

	if (journal->n >= JOURNAL_GUESSERS) {
		++journal->counts.unsaid;
		return;
	}
	refusal = mem_zalloc(sizeof(*refusal), refusal_destructor);
	if (!refusal)
		return;
	*refusal = *what;
	refusal->journal = journal;
	refusal->wait_ms = JOURNAL_AGAIN_MS;
	refusal->count = 1;
	++journal->n;
	hash_append(journal->refusals, hash_joaat_str(refusal->key),
		    &refusal->le, refusal);
	if (journal_row_said(refusal->said, sizeof(refusal->said), row)) {
		mem_deref(refusal);
		return;
	}
	tell(refusal);
	timer_start(journal);
}

/* The address without its port. */
static void host_of(char host[JOURNAL_FROM_MAX + 1], const char *from)
{
	char *colon;

	str_ncpy(host, from, JOURNAL_FROM_MAX + 1);
	colon = strrchr(host, ':');
	if (colon)
		*colon = '\0';
}

void journal_refused(struct journal *journal, const struct journal_of *of,
		     struct journal_row *row)
{
	struct refusal what = {.code = row->code}, *refusal;

	if (!journal || !journal->redis || journal_key(what.key, of, "refused"))
		return;
	row->event = JOURNAL_REFUSED;
	host_of(what.from, row->from);
	what.most = of->whose == JOURNAL_NOBODY ? JOURNAL_NOBODIES
						: JOURNAL_ENTRIES;
	refusal = list_ledata(hash_lookup(journal->refusals,
					  hash_joaat_str(what.key), is_refusal,
					  &what));
	if (refusal)
		++refusal->count;
	else
		refusal_add(journal, &what, row);
}

/* --- round trips ------------------------------------------------------------------- */

void journal_rtt(struct journal *journal, const struct journal_of *of,
		 const struct rtt_row *row)
{
	static const struct redis_script script = {
		"journal-rtt",
		"redis.call('RPUSH', KEYS[1], ARGV[1]) "
		"redis.call('LTRIM', KEYS[1], -ARGV[2], -1) "
		"redis.call('EXPIRE', KEYS[1], ARGV[3]) "
		"return 1"};
	char key[JOURNAL_KEY_MAX], rows[NUMBER_LEN], ttl[NUMBER_LEN];
	uint8_t buf[RTT_ROW_LEN];

	if (!journal || !journal->redis || journal_key(key, of, "rtt"))
		return;
	rtt_row_pack(buf, row);
	re_snprintf(rows, sizeof(rows), "%u", JOURNAL_RTT_ROWS);
	re_snprintf(ttl, sizeof(ttl), "%u", JOURNAL_RTT_TTL_S);

	const struct redis_arg keys[] = {redis_str(key)};
	const struct redis_arg args[] = {{buf, sizeof(buf)}, redis_str(rows),
					 redis_str(ttl)};

	(void)redis_link_eval(journal->redis, &script, keys, 1, args, 3, NULL,
			      NULL);
}
