/*
 * route_sieve.c  Which rules of many can be for a request at all
 *
 * Each rule stands under one kind of key, that which rules out most: what
 * callee, number or caller begins with, what the callee ends with or holds, who
 * calls, the method; or under none. A key is a text; all are sorted, so that those
 * of a kind and length stand together and one is found by binary search.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "routing/plan/route_sieve.h"
#include "routing/route_conn.h"
#include "routing/text/route_head.h"

/* What a key is about; better ones first. */
enum kind {
	KIND_CALLEE,
	KIND_NUMBER,
	KIND_TAIL, /* of the callee */
	KIND_INSIDE, /* the callee */
	KIND_CALLER,
	KIND_FROM,
	KIND_METHOD,
	KIND_ANY,
	KIND_COUNT
};

enum {
	LEN_MAX = ROUTE_CONN_MAX, /* bytes of a key */
	TAIL_MIN = 2, /* a shorter one rules out too little */
};

struct key {
	uint8_t kind, len;
	uint32_t nr; /* of the rule */
	const char *text;
};

/* Keys of one kind and length: the slots from `from` up to `to`. */
struct range {
	uint32_t from, to;
};

/* One key with all its rules. */
struct slot {
	const char *text;
	uint32_t first, n; /* in `rules` */
};

struct route_sieve {
	struct slot *slots;
	uint32_t *rules;
	struct range range[KIND_COUNT][LEN_MAX + 1];
};

static void destructor(void *arg)
{
	struct route_sieve *sieve = arg;

	mem_deref(sieve->slots);
	mem_deref(sieve->rules);
}

/* --- keys ---------------------------------------------------------------------- */

struct keys {
	struct key *list; /* NULL: they are only counted */
	uint32_t n;
};

static void put(struct keys *keys, enum kind kind, uint32_t nr,
		const struct pl *text)
{
	if (keys->list)
		keys->list[keys->n] = (struct key){(uint8_t)kind,
						   (uint8_t)text->l, nr,
						   text->p};
	++keys->n;
}

static bool put_heads(struct keys *keys, enum kind kind, uint32_t nr,
		      const struct route_cond *cond)
{
	struct pl head = pl_null;
	bool any = false;

	while (cond && route_regex_head(cond->data, &head)) {
		put(keys, kind, nr, &head);
		any = true;
	}
	return any;
}

static bool put_tail(struct keys *keys, uint32_t nr,
		     const struct route_cond *cond)
{
	const struct pl tail =
		cond ? route_regex_tail(cond->data) : pl_null;

	if (tail.l < TAIL_MIN)
		return false;
	put(keys, KIND_TAIL, nr, &tail);
	return true;
}

static bool put_inside(struct keys *keys, uint32_t nr,
		       const struct route_cond *cond)
{
	struct pl core = cond ? route_regex_core(cond->data) : pl_null;

	if (core.l < ROUTE_SIEVE_INSIDE_MIN)
		return false;
	core.l = min(core.l, (size_t)ROUTE_SIEVE_INSIDE_MAX);
	put(keys, KIND_INSIDE, nr, &core);
	return true;
}

static bool put_prefixes(struct keys *keys, uint32_t nr,
			 const struct route_cond *cond)
{
	const char *const *list = cond ? cond->data : NULL;

	for (uint32_t i = 0; list && i < cond->n; i++) {
		struct pl text;

		pl_set_str(&text, list[i]);
		text.l = min(text.l, (size_t)ROUTE_HEAD_LEN);
		put(keys, KIND_CALLEE, nr, &text);
		/* one with + is meant in E.164, whatever was dialled */
		if (text.l && text.p[0] == '+')
			put(keys, KIND_NUMBER, nr, &text);
	}
	return list != NULL;
}

static bool put_from(struct keys *keys, uint32_t nr,
		     const struct route_match *match, bool users)
{
	static const struct pl only = PL(ROUTE_FROM_USERS);

	for (uint32_t i = 0; i < match->nfrom; i++) {
		struct pl name;

		pl_set_str(&name, match->from[i]);
		put(keys, KIND_FROM, nr, &name);
	}
	if (!match->nfrom && users)
		put(keys, KIND_FROM, nr, &only);
	return match->nfrom || users;
}

static bool put_methods(struct keys *keys, uint32_t nr, uint32_t methods)
{
	static const char letter[] = "0123456789abcdef";

	for (unsigned bit = 0; bit < sizeof(letter) - 1; bit++) {
		const struct pl text = {&letter[bit], 1};

		if (methods & 1u << bit)
			put(keys, KIND_METHOD, nr, &text);
	}
	return methods != 0;
}

static void put_rule(struct keys *keys, const struct route_rule *rule,
		     uint32_t nr)
{
	const struct route_conds *conds = &rule->conds;
	const struct pl none = PL("");

	if (put_prefixes(keys, nr, route_conds_find(conds, "prefix")) ||
	    put_heads(keys, KIND_CALLEE, nr, rule->callee) ||
	    put_heads(keys, KIND_NUMBER, nr,
		      route_conds_find(conds, "number")) ||
	    put_tail(keys, nr, rule->callee) ||
	    put_inside(keys, nr, rule->callee) ||
	    put_heads(keys, KIND_CALLER, nr, rule->caller) ||
	    put_from(keys, nr, &rule->match, rule->for_users) ||
	    put_methods(keys, nr, rule->methods))
		return;
	put(keys, KIND_ANY, nr, &none);
}

static void put_all(struct keys *keys, const struct route_tenant *tenant)
{
	keys->n = 0;
	for (uint32_t i = 0; i < tenant->nrules; i++)
		put_rule(keys, &tenant->rules[i], i);
}

/* --- slots ---------------------------------------------------------------------- */

static int same(const struct key *a, const struct key *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->text, b->text, a->len);
}

static int compare(const void *pa, const void *pb)
{
	const struct key *a = pa, *b = pb;
	int diff = same(a, b);

	return diff ? diff : a->nr < b->nr ? -1 : a->nr > b->nr;
}

static void fill(struct route_sieve *sieve, const struct keys *keys)
{
	uint32_t nslots = 0;

	for (uint32_t i = 0; i < keys->n; i++) {
		const struct key *key = &keys->list[i];
		struct range *range = &sieve->range[key->kind][key->len];

		sieve->rules[i] = key->nr;
		if (i && !same(key - 1, key)) {
			++sieve->slots[nslots - 1].n;
			continue;
		}
		if (!range->to)
			range->from = nslots;
		sieve->slots[nslots] = (struct slot){key->text, i, 1};
		range->to = ++nslots;
	}
}

int route_sieve_alloc(struct route_sieve **sievep,
		      const struct route_tenant *tenant)
{
	struct route_sieve *sieve = mem_zalloc(sizeof(*sieve), destructor);
	struct keys keys = {NULL, 0};

	if (!sieve)
		return ENOMEM;
	put_all(&keys, tenant);
	keys.list = mem_alloc((keys.n + 1) * sizeof(*keys.list), NULL);
	sieve->slots = mem_alloc((keys.n + 1) * sizeof(*sieve->slots), NULL);
	sieve->rules = mem_alloc((keys.n + 1) * sizeof(*sieve->rules), NULL);
	if (!keys.list || !sieve->slots || !sieve->rules) {
		mem_deref(keys.list);
		mem_deref(sieve);
		return ENOMEM;
	}
	put_all(&keys, tenant);
	qsort(keys.list, keys.n, sizeof(*keys.list), compare);
	fill(sieve, &keys);
	mem_deref(keys.list);
	*sievep = sieve;
	return 0;
}

/* --- a request -------------------------------------------------------------------- */

/* Those from rule number `first` on. */
static void enter(struct route_sieve_walk *walk,
		  const struct route_sieve *sieve, const struct slot *slot,
		  uint32_t first)
{
	const uint32_t *at = &sieve->rules[slot->first];
	const uint32_t *end = at + slot->n;
	const uint32_t *hi = end;

	while (at < hi) {
		const uint32_t *mid = at + (hi - at) / 2;

		if (*mid < first)
			at = mid + 1;
		else
			hi = mid;
	}
	if (at == end || walk->n >= ROUTE_SIEVE_LISTS)
		return;
	walk->list[walk->n++] = (struct route_sieve_list){at, end};
}

static void seek(struct route_sieve_walk *walk,
		 const struct route_sieve *sieve, enum kind kind,
		 const struct pl *text, uint32_t first)
{
	const struct range *range = &sieve->range[kind][text->l];
	uint32_t lo = range->from, hi = range->to;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		const struct slot *slot = &sieve->slots[mid];
		const int diff =
			text->l ? memcmp(slot->text, text->p, text->l) : 0;

		if (!diff) {
			enter(walk, sieve, slot, first);
			return;
		}
		if (diff < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
}

static void seek_heads(struct route_sieve_walk *walk,
		       const struct route_sieve *sieve, enum kind kind,
		       const struct pl *text, uint32_t first)
{
	const size_t most = min(text->l, (size_t)ROUTE_HEAD_LEN);

	for (size_t len = 1; len <= most; len++) {
		const struct pl head = {text->p, len};

		seek(walk, sieve, kind, &head, first);
	}
}

static void seek_tails(struct route_sieve_walk *walk,
		       const struct route_sieve *sieve, const struct pl *text,
		       uint32_t first)
{
	const size_t most = min(text->l, (size_t)ROUTE_HEAD_LEN);

	for (size_t len = TAIL_MIN; len <= most; len++) {
		const struct pl tail = {text->p + text->l - len, len};

		seek(walk, sieve, KIND_TAIL, &tail, first);
	}
}

/* A callee may hold the same several times: "000000". */
static void enter_once(struct route_sieve_walk *walk,
		       const struct route_sieve *sieve, const struct pl *text,
		       unsigned before, uint32_t first)
{
	const unsigned n = walk->n;

	seek(walk, sieve, KIND_INSIDE, text, first);
	for (unsigned i = before; i < n && walk->n > n; i++) {
		if (walk->list[i].end == walk->list[n].end)
			walk->n = n;
	}
}

static void seek_inside(struct route_sieve_walk *walk,
			const struct route_sieve *sieve,
			const struct pl *text, uint32_t first)
{
	const unsigned before = walk->n;

	for (size_t len = ROUTE_SIEVE_INSIDE_MIN;
	     len <= ROUTE_SIEVE_INSIDE_MAX; len++) {
		if (!sieve->range[KIND_INSIDE][len].to)
			continue;
		for (size_t i = 0; i + len <= text->l; i++) {
			const struct pl part = {text->p + i, len};

			enter_once(walk, sieve, &part, before, first);
		}
	}
}

static bool has(const struct route_sieve *sieve, enum kind kind)
{
	for (unsigned len = 0; len <= LEN_MAX; len++) {
		if (sieve->range[kind][len].to)
			return true;
	}
	return false;
}

static void seek_number(struct route_sieve_walk *walk,
			const struct route_sieve *sieve,
			struct route_input *input, uint32_t first)
{
	struct pl text;

	if (!has(sieve, KIND_NUMBER))
		return;
	pl_set_str(&text, route_input_number(input)->e164);
	seek_heads(walk, sieve, KIND_NUMBER, &text, first);
}

static void seek_rest(struct route_sieve_walk *walk,
		      const struct route_sieve *sieve,
		      const struct route_input *input, uint32_t first)
{
	static const char letter[] = "0123456789abcdef";
	const struct pl none = PL("");
	struct pl text;
	unsigned bit = 0;

	pl_set_str(&text, input->foreign       ? ROUTE_FROM_TENANTS
			  : input->query->from ? input->query->from->name
					       : ROUTE_FROM_USERS);
	seek(walk, sieve, KIND_FROM, &text, first);
	while (!(input->method >> bit & 1))
		++bit;
	text = (struct pl){&letter[bit], 1};
	seek(walk, sieve, KIND_METHOD, &text, first);
	seek(walk, sieve, KIND_ANY, &none, first);
}

/* Below it the heap is one. */
static void sift_down(struct route_sieve_walk *walk, unsigned i)
{
	const struct route_sieve_list list = walk->list[i];

	for (unsigned k; (k = 2 * i + 1) < walk->n; i = k) {
		if (k + 1 < walk->n &&
		    *walk->list[k + 1].at < *walk->list[k].at)
			++k;
		if (*list.at <= *walk->list[k].at)
			break;
		walk->list[i] = walk->list[k];
	}
	walk->list[i] = list;
}

void route_sieve_begin(struct route_sieve_walk *walk,
		       const struct route_sieve *sieve,
		       struct route_input *input, uint32_t first)
{
	walk->n = 0;
	walk->last = UINT32_MAX;
	seek_heads(walk, sieve, KIND_CALLEE, &input->callee, first);
	seek_number(walk, sieve, input, first);
	seek_tails(walk, sieve, &input->callee, first);
	seek_inside(walk, sieve, &input->callee, first);
	seek_heads(walk, sieve, KIND_CALLER, &input->caller, first);
	seek_rest(walk, sieve, input, first);
	for (unsigned i = walk->n / 2; i-- > 0;)
		sift_down(walk, i);
}

bool route_sieve_next(struct route_sieve_walk *walk, uint32_t *nr)
{
	struct route_sieve_list *top = &walk->list[0];

	while (walk->n) {
		const uint32_t least = *top->at++;

		if (top->at == top->end)
			*top = walk->list[--walk->n];
		if (walk->n)
			sift_down(walk, 0);
		/* one that stands in two of the lists is tried once */
		if (least == walk->last)
			continue;
		*nr = walk->last = least;
		return true;
	}
	return false;
}
