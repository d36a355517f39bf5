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
static uint64_t key_of(const struct guess *guess, const struct guess_who *who)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t md[EVP_MAX_MD_SIZE];
	uint64_t key = 0;

	if (ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) &&
	    add(ctx, guess->secret, sizeof(guess->secret)) &&
	    add_source(ctx, &who->source) &&
	    add(ctx, who->realm.p, who->realm.l) &&
	    add(ctx, who->name.p, who->name.l) &&
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

uint64_t guess_wait(const struct guess *guess, const struct guess_who *who,
		    uint64_t now_ms)
{
	const struct entry *e = guess ? find(guess, key_of(guess, who)) : NULL;

	return e && e->until_ms > now_ms ? e->until_ms - now_ms : 0;
}

void guess_failed(struct guess *guess, const struct guess_who *who,
		  uint64_t now_ms)
{
	const uint64_t key = guess ? key_of(guess, who) : 0;
	uint64_t wait = GUESS_WAIT_MIN_MS;
	struct entry *e;

	if (!key)
		return;

	e = place(guess, key);
	if (e->last_ms + GUESS_FORGET_MS < now_ms)
		e->failures = 0;
	e->last_ms = now_ms;
	if (++e->failures <= GUESS_FREE)
		return;

	for (uint32_t i = GUESS_FREE + 1;
	     i < e->failures && wait < GUESS_WAIT_MAX_MS; i++)
		wait *= 2;
	e->until_ms = now_ms + min(wait, (uint64_t)GUESS_WAIT_MAX_MS);
}

void guess_passed(struct guess *guess, const struct guess_who *who)
{
	const struct entry *e = guess ? find(guess, key_of(guess, who)) : NULL;

	if (e)
		guess->entries[e - guess->entries] = (struct entry){.key = 0};
}
