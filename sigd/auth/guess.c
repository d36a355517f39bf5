/*
 * guess.c  Makes guessing passwords slow
 *
 * A set of WAYS places for each hash: whoever sends many names drives out
 * what shares a set by chance, and cannot choose, as the hash is keyed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <openssl/evp.h>

#include "sigd/auth/guess.h"

enum {
	WAYS = 8,
	SECRET_LEN = 16,
	SITE_LEN = 8 /* of an IPv6 address */
};

/* What an entry is of. */
enum kind {
	PAIR,   /* a source and a name: failures */
	SOURCE, /* names that it has failed with */
	NAME,   /* sources that have failed with it */
};

struct entry {
	uint64_t key; /* 0: free */
	uint64_t last_ms;
	uint64_t until_ms;
	uint32_t failures;
};

struct guess {
	uint8_t secret[SECRET_LEN];
	uint32_t sets;
	struct entry entries[];
};

int guess_alloc(struct guess **guessp, uint32_t slots)
{
	const uint32_t sets = (slots + WAYS - 1) / WAYS;
	struct guess *guess;

	if (!guessp || !slots)
		return EINVAL;
	guess = mem_zalloc(sizeof(*guess) +
				   sets * WAYS * sizeof(guess->entries[0]),
			   NULL);
	if (!guess)
		return ENOMEM;

	guess->sets = sets;
	rand_bytes(guess->secret, sizeof(guess->secret));
	*guessp = guess;
	return 0;
}

/* With its length in front: no two lists of texts are the same bytes. */
static bool add(EVP_MD_CTX *ctx, const void *p, size_t len)
{
	const uint64_t n = len;

	return EVP_DigestUpdate(ctx, &n, sizeof(n)) &&
	       (!len || EVP_DigestUpdate(ctx, p, len));
}

static bool add_source(EVP_MD_CTX *ctx, const struct pl *source)
{
	uint8_t in6[16];
	struct sa sa;

	if (sa_set(&sa, source, 0) || sa_af(&sa) != AF_INET6)
		return add(ctx, source->p, source->l);
	sa_in6(&sa, in6);
	return add(ctx, in6, SITE_LEN);
}

/* 0: it cannot be told. */
static uint64_t key_of(const struct guess *guess, const struct guess_who *who,
		       enum kind kind)
{
	const uint8_t letter = (uint8_t)kind;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t md[EVP_MAX_MD_SIZE];
	uint64_t key = 0;

	if (ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) &&
	    add(ctx, guess->secret, sizeof(guess->secret)) &&
	    add(ctx, &letter, 1) &&
	    (kind == NAME || add_source(ctx, &who->source)) &&
	    (kind == SOURCE || (add(ctx, who->realm.p, who->realm.l) &&
				add(ctx, who->name.p, who->name.l))) &&
	    EVP_DigestFinal_ex(ctx, md, NULL))
		memcpy(&key, md, sizeof(key));
	EVP_MD_CTX_free(ctx);
	return key;
}

static const struct entry *set_of(const struct guess *guess, uint64_t key)
{
	return &guess->entries[key % guess->sets * WAYS];
}

static const struct entry *find(const struct guess *guess, uint64_t key)
{
	const struct entry *set = set_of(guess, key);

	for (unsigned i = 0; key && i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
	}
	return NULL;
}

/* Its own place, or that of who was quiet for longest (a free one: for ever).
 */
static struct entry *place(struct guess *guess, uint64_t key)
{
	const struct entry *own = find(guess, key);
	struct entry *set = guess->entries + (set_of(guess, key) -
					      guess->entries);
	struct entry *oldest = set;

	if (own)
		return guess->entries + (own - guess->entries);
	for (unsigned i = 1; i < WAYS; i++) {
		if (set[i].last_ms < oldest->last_ms)
			oldest = &set[i];
	}
	*oldest = (struct entry){.key = key};
	return oldest;
}

static uint64_t wait_of(const struct guess *guess, const struct guess_who *who,
			enum kind kind, uint64_t now_ms)
{
	const struct entry *e = find(guess, key_of(guess, who, kind));

	return e && e->until_ms > now_ms ? e->until_ms - now_ms : 0;
}

uint64_t guess_wait(const struct guess *guess, const struct guess_who *who,
		    uint64_t now_ms)
{
	uint64_t pair, source;

	if (!guess)
		return 0;
	pair   = wait_of(guess, who, PAIR, now_ms);
	source = wait_of(guess, who, SOURCE, now_ms);
	return max(pair, source);
}

static struct entry *seek(struct guess *guess, const struct guess_who *who,
			  enum kind kind)
{
	const struct entry *e = find(guess, key_of(guess, who, kind));

	return e ? guess->entries + (e - guess->entries) : NULL;
}

/* One more. NULL: it cannot be told. */
static struct entry *count(struct guess *guess, const struct guess_who *who,
			   enum kind kind, uint64_t now_ms)
{
	const uint64_t key = key_of(guess, who, kind);
	struct entry *e = key ? place(guess, key) : NULL;

	if (!e)
		return NULL;
	if (e->last_ms + GUESS_FORGET_MS < now_ms)
		e->failures = 0;
	e->last_ms = now_ms;
	++e->failures;
	return e;
}

/* Each one past those that are free doubles the wait. */
static bool make_wait(struct entry *e, uint32_t free, uint64_t now_ms)
{
	uint64_t wait = GUESS_WAIT_MIN_MS;

	if (e->failures <= free)
		return false;
	for (uint32_t i = free + 1;
	     i < e->failures && wait < GUESS_WAIT_MAX_MS; i++)
		wait *= 2;
	e->until_ms = now_ms + min(wait, (uint64_t)GUESS_WAIT_MAX_MS);
	return true;
}

enum guess_event guess_failed(struct guess *guess, const struct guess_who *who,
			      uint64_t now_ms)
{
	enum guess_event event = GUESS_NONE;
	struct entry *pair, *e;
	uint32_t sources = 0;
	bool first, waits;

	pair = guess ? count(guess, who, PAIR, now_ms) : NULL;
	if (!pair)
		return GUESS_NONE;
	first = pair->failures == 1;
	e = first ? count(guess, who, NAME, now_ms)
		  : seek(guess, who, NAME);
	if (e && e->last_ms + GUESS_FORGET_MS >= now_ms)
		sources = e->failures;
	if (first && sources > GUESS_SOURCES)
		event = GUESS_NAME_TRIED;
	e = first ? count(guess, who, SOURCE, now_ms) : NULL;
	if (e && make_wait(e, GUESS_NAMES, now_ms))
		event = GUESS_SOURCE_WAITS;
	/* the places above may have taken its own */
	pair = seek(guess, who, PAIR);
	waits = pair && make_wait(pair, sources > GUESS_SOURCES ? 1
								: GUESS_FREE,
				  now_ms);
	return waits && event == GUESS_NONE ? GUESS_WAITS : event;
}

void guess_passed(struct guess *guess, const struct guess_who *who)
{
	const struct entry *e =
		guess ? find(guess, key_of(guess, who, PAIR)) : NULL;

	if (e)
		guess->entries[e - guess->entries] = (struct entry){.key = 0};
}
