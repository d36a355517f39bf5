/*
 * prefixes.c  A table of prefixes with attributes: the longest one wins
 *
 * A key is the digits in 4 bits each (1..10, 0 behind the last), from the
 * top: keys in the order of numbers are prefixes in the order of a
 * dictionary, each before those that go on with it. The last key that is not
 * above a number's is its longest prefix, or shares its own longest prefix
 * with it: then it is one of those that the key goes on with ("up").
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "routing/number/intern.h"
#include "routing/number/prefixes.h"

enum {
	ENTRIES_MAX = 8000000,
	HEAD_BITS = 16, /* 4 digits */
	HEADS = 1 << HEAD_BITS,
	HEADS_FROM = 4096, /* fewer entries are found without */
	NO_ENTRY = UINT32_MAX,
};

struct entry {
	uint64_t key;
	uint32_t set;
	uint32_t up; /* the entry it goes on with; the line until sealed */
};

struct prefixes {
	struct entry *entries;
	uint32_t count, room;
	uint32_t *heads; /* the first entry from each start on; or NULL */
	struct intern *texts, *sets;
	unsigned ncolumns;
	char columns[PREFIX_COLUMNS_MAX][PREFIX_NAME_MAX + 1];
};

static void destructor(void *arg)
{
	struct prefixes *table = arg;

	mem_deref(table->entries);
	mem_deref(table->heads);
	mem_deref(table->texts);
	mem_deref(table->sets);
}

int prefixes_alloc(struct prefixes **tablep, const char *const *names,
		   unsigned count)
{
	struct prefixes *table;
	int err;

	if (count > PREFIX_COLUMNS_MAX)
		return EINVAL;
	table = mem_zalloc(sizeof(*table), destructor);
	if (!table)
		return ENOMEM;
	for (unsigned i = 0; i < count; i++)
		str_ncpy(table->columns[i], names[i],
			 sizeof(table->columns[i]));
	table->ncolumns = count;
	err = intern_alloc(&table->texts);
	err = err ? err : intern_alloc(&table->sets);
	if (err)
		mem_deref(table);
	else
		*tablep = table;
	return err;
}

/* Of up to 15 digits; false: there is something else. */
static bool key_of(uint64_t *key, const struct pl *digits)
{
	uint64_t k = 0;

	if (digits->l > PREFIX_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < digits->l; i++) {
		const char c = digits->p[i];

		if (c < '0' || c > '9')
			return false;
		k |= (uint64_t)(c - '0' + 1) << (60 - 4 * i);
	}
	*key = k;
	return true;
}

static void digits_of(char digits[PREFIX_DIGITS_MAX + 1], uint64_t key)
{
	unsigned i = 0;

	for (; i < PREFIX_DIGITS_MAX && key >> 60; i++, key <<= 4)
		digits[i] = (char)('0' + (key >> 60) - 1);
	digits[i] = '\0';
}

static int grow(struct prefixes *table)
{
	uint32_t room = table->room ? table->room * 2 : 64;
	struct entry *entries;

	if (table->count < table->room)
		return 0;
	if (table->count >= ENTRIES_MAX)
		return E2BIG;
	entries = mem_realloc(table->entries, room * sizeof(*entries));
	if (!table->entries)
		entries = mem_alloc(room * sizeof(*entries), NULL);
	if (!entries)
		return ENOMEM;
	table->entries = entries;
	table->room = room;
	return 0;
}

static int add_set(struct prefixes *table, const struct pl *values,
		   uint32_t *set)
{
	uint32_t ids[PREFIX_COLUMNS_MAX];
	int err = 0;

	for (unsigned i = 0; i < table->ncolumns && !err; i++) {
		if (values[i].l > PREFIX_VALUE_MAX)
			return E2BIG;
		err = intern_add(table->texts, values[i].p, values[i].l,
				 &ids[i]);
	}
	return err ? err
		   : intern_add(table->sets, ids,
				table->ncolumns * sizeof(ids[0]), set);
}

int prefixes_add(struct prefixes *table, const struct pl *digits,
		 const struct pl *values, uint32_t line)
{
	struct entry entry = {.up = line};
	int err;

	if (!digits->l || !key_of(&entry.key, digits))
		return EINVAL;
	err = add_set(table, values, &entry.set);
	err = err ? err : grow(table);
	if (!err)
		table->entries[table->count++] = entry;
	return err;
}

/* Of one prefix the first line first. */
static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->up < y->up ? -1 : x->up > y->up;
}

/* Tables that come from a database are in order already. */
static bool in_order(const struct prefixes *table)
{
	for (uint32_t i = 1; i < table->count; i++) {
		if (compare(&table->entries[i - 1], &table->entries[i]) > 0)
			return false;
	}
	return true;
}

static int tell_twice(const struct prefixes *table, prefixes_twice_h *twiceh,
		      void *arg)
{
	char digits[PREFIX_DIGITS_MAX + 1];
	uint32_t first = 0;
	int err = 0;

	for (uint32_t i = 1; i < table->count; i++) {
		if (table->entries[i].key != table->entries[first].key) {
			first = i;
			continue;
		}
		err = EINVAL;
		digits_of(digits, table->entries[i].key);
		if (twiceh)
			twiceh(digits, table->entries[i].up,
			       table->entries[first].up, arg);
	}
	return err;
}

/* Whether the digits of a are the first ones of b. */
static bool goes_on(uint64_t a, uint64_t b)
{
	const unsigned rest = (unsigned)__builtin_ctzll(a) / 4 * 4;

	return a >> rest == b >> rest;
}

/* Each entry before is above, beside, or one that this one goes on with. */
static void link_up(struct prefixes *table)
{
	for (uint32_t i = 0; i < table->count; i++) {
		struct entry *entry = &table->entries[i];
		uint32_t up = i ? i - 1 : NO_ENTRY;

		while (up != NO_ENTRY &&
		       !goes_on(table->entries[up].key, entry->key))
			up = table->entries[up].up;
		entry->up = up;
	}
}

static int index_heads(struct prefixes *table)
{
	uint32_t i = 0;

	if (table->count < HEADS_FROM)
		return 0;
	table->heads = mem_alloc((HEADS + 1) * sizeof(*table->heads), NULL);
	if (!table->heads)
		return ENOMEM;
	for (uint32_t head = 0; head < HEADS; head++) {
		while (i < table->count &&
		       table->entries[i].key >> (64 - HEAD_BITS) < head)
			++i;
		table->heads[head] = i;
	}
	table->heads[HEADS] = table->count;
	return 0;
}

int prefixes_seal(struct prefixes *table, prefixes_twice_h *twiceh, void *arg)
{
	struct entry *entries;
	int err;

	if (!table->count)
		return 0;
	if (!in_order(table))
		qsort(table->entries, table->count, sizeof(*table->entries),
		      compare);
	err = tell_twice(table, twiceh, arg);
	if (err)
		return err;
	link_up(table);
	entries = mem_realloc(table->entries,
			      table->count * sizeof(*table->entries));
	table->entries = entries ? entries : table->entries;
	intern_seal(table->texts);
	intern_seal(table->sets);
	return index_heads(table);
}

uint32_t prefixes_count(const struct prefixes *table)
{
	return table ? table->count : 0;
}

size_t prefixes_bytes(const struct prefixes *table)
{
	if (!table)
		return 0;
	return sizeof(*table) + table->count * sizeof(*table->entries) +
	       (table->heads ? (HEADS + 1) * sizeof(*table->heads) : 0) +
	       intern_bytes(table->texts) + intern_bytes(table->sets);
}

int prefixes_column(const struct prefixes *table, const char *name)
{
	for (unsigned i = 0; table && i < table->ncolumns; i++) {
		if (!strcmp(table->columns[i], name))
			return (int)i;
	}
	return -1;
}

unsigned prefixes_columns(const struct prefixes *table)
{
	return table ? table->ncolumns : 0;
}

const char *prefixes_column_name(const struct prefixes *table, unsigned column)
{
	return column < prefixes_columns(table) ? table->columns[column] : "";
}

/* The last entry that is not above key; NO_ENTRY: all are. */
static uint32_t last_upto(const struct prefixes *table, uint64_t key)
{
	const uint32_t head = (uint32_t)(key >> (64 - HEAD_BITS));
	uint32_t lo = table->heads ? table->heads[head] : 0;
	uint32_t hi = table->heads ? table->heads[head + 1] : table->count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (table->entries[mid].key <= key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? lo - 1 : NO_ENTRY;
}

bool prefixes_find(const struct prefixes *table, const struct pl *number,
		   struct prefix_hit *hit)
{
	struct pl digits;
	uint64_t key;
	uint32_t i;

	if (!table || !table->count || !number || !number->l)
		return false;
	/* no prefix is longer: what is behind does not count */
	digits = *number;
	digits.l = min(digits.l, (size_t)PREFIX_DIGITS_MAX);
	if (!key_of(&key, &digits))
		return false;
	i = last_upto(table, key);
	while (i != NO_ENTRY && !goes_on(table->entries[i].key, key))
		i = table->entries[i].up;
	if (i == NO_ENTRY)
		return false;
	digits_of(hit->digits, table->entries[i].key);
	hit->set = table->entries[i].set;
	return true;
}

const char *prefixes_value(const struct prefixes *table,
			   const struct prefix_hit *hit, unsigned column)
{
	const uint32_t *ids;

	if (column >= prefixes_columns(table))
		return "";
	ids = intern_get(table->sets, hit->set);
	return intern_get(table->texts, ids[column]);
}
