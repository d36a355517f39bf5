/*
 * bucket.c  Token buckets: how often somebody may ask for something
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "common/bucket.h"

enum {
	WAYS = 8,
	SECRET_LEN = 16,
	SITE_LEN = 8,    /* of an IPv6 address */
	TOKEN = 1000,    /* counted in thousandths: 1 per_s is 1 a ms */
};

struct entry {
	uint64_t key; /* 0: free */
	uint64_t last_ms;
	uint64_t tokens;  /* thousandths */
	uint64_t answers; /* ... of refusals that may be sent */
};

struct bucket_table {
	EVP_MAC_CTX *mac; /* SipHash: fast, and nobody can aim at a set */
	uint8_t secret[SECRET_LEN];
	uint32_t sets;
	struct entry entries[];
};

static void destructor(void *data)
{
	struct bucket_table *table = data;

	EVP_MAC_CTX_free(table->mac);
}

static EVP_MAC_CTX *mac_new(void)
{
	size_t size = sizeof(uint64_t);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
		OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	if (ctx && !EVP_MAC_CTX_set_params(ctx, params)) {
		EVP_MAC_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

int bucket_table_alloc(struct bucket_table **tablep, uint32_t slots)
{
	const uint32_t sets = slots / WAYS + !!(slots % WAYS);
	struct bucket_table *table;

	if (!tablep || !slots)
		return EINVAL;
	table = mem_zalloc(sizeof(*table) + (size_t)sets * WAYS *
						    sizeof(struct entry),
			   destructor);
	if (!table)
		return ENOMEM;

	table->sets = sets;
	rand_bytes(table->secret, sizeof(table->secret));
	table->mac = mac_new();
	if (!table->mac) {
		mem_deref(table);
		return ENOMEM;
	}
	*tablep = table;
	return 0;
}

/* With its length in front: no two names are the same bytes. */
static bool add(EVP_MAC_CTX *mac, const struct pl *text)
{
	const uint64_t len = text->l;

	return EVP_MAC_update(mac, (const uint8_t *)&len, sizeof(len)) &&
	       (!len || EVP_MAC_update(mac, (const uint8_t *)text->p, len));
}

/* 0: it cannot be told. */
static uint64_t key_of(const struct bucket_table *table,
		       const struct bucket_name *name)
{
	uint64_t key = 0;
	size_t len;

	if (!EVP_MAC_init(table->mac, table->secret, SECRET_LEN, NULL) ||
	    !EVP_MAC_update(table->mac, &name->kind, 1) ||
	    !add(table->mac, &name->group) || !add(table->mac, &name->name) ||
	    !EVP_MAC_final(table->mac, (uint8_t *)&key, &len, sizeof(key)))
		return 0;
	return key ? key : 1;
}

static uint64_t most(const struct bucket_rate *rate)
{
	return (uint64_t)max(rate->burst, 1u) * TOKEN;
}

/* Of two that were last heard at the same time the one that asked less. */
static bool quieter(const struct entry *a, const struct entry *b)
{
	return a->last_ms != b->last_ms ? a->last_ms < b->last_ms
					: a->tokens > b->tokens;
}

/* Its own place, or that of who was quiet for longest (a free one: for ever).
 */
static struct entry *place(struct bucket_table *table, uint64_t key,
			   const struct bucket_rate *rate)
{
	struct entry *set = &table->entries[key % table->sets * WAYS];
	struct entry *oldest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (quieter(&set[i], oldest))
			oldest = &set[i];
	}
	*oldest = (struct entry){.key = key,
				 .tokens = most(rate),
				 .answers = most(rate)};
	return oldest;
}

static void refill(uint64_t *tokens, uint64_t ms,
		   const struct bucket_rate *rate)
{
	/* a silence longer than this fills any bucket */
	ms = min(ms, (uint64_t)UINT32_MAX);
	*tokens = min(*tokens + ms * rate->per_s, most(rate));
}

static bool take(uint64_t *tokens)
{
	if (*tokens < TOKEN)
		return false;
	*tokens -= TOKEN;
	return true;
}

enum bucket_verdict bucket_take(struct bucket_table *table,
				const struct bucket_name *name,
				const struct bucket_rate *rate,
				uint64_t now_ms)
{
	const uint64_t key = rate->per_s ? key_of(table, name) : 0;
	struct entry *e;

	if (!key)
		return BUCKET_TAKEN;

	e = place(table, key, rate);
	if (e->last_ms && now_ms > e->last_ms) {
		refill(&e->tokens, now_ms - e->last_ms, rate);
		refill(&e->answers, now_ms - e->last_ms, rate);
	}
	e->last_ms = now_ms;
	if (take(&e->tokens))
		return BUCKET_TAKEN;
	return take(&e->answers) ? BUCKET_EMPTY : BUCKET_FLOOD;
}

void bucket_source(struct pl *name, char text[BUCKET_SOURCE_MAX],
		   const struct sa *source)
{
	uint8_t in6[16];

	name->p = text;
	if (sa_af(source) == AF_INET6) {
		sa_in6(source, in6);
		memcpy(text, in6, SITE_LEN);
		name->l = SITE_LEN;
		return;
	}
	if (re_snprintf(text, BUCKET_SOURCE_MAX, "%j", source) < 0)
		text[0] = '\0';
	name->l = strlen(text);
}

bool bucket_same_source(const struct sa *a, const struct sa *b)
{
	char texts[2][BUCKET_SOURCE_MAX];
	struct pl names[2];

	bucket_source(&names[0], texts[0], a);
	bucket_source(&names[1], texts[1], b);
	return sa_af(a) == sa_af(b) && !pl_cmp(&names[0], &names[1]);
}
