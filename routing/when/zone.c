/*
 * zone.c  A TZif file (RFC 8536): when its clocks changed, and the rule for
 *         later years
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/when/tz_rule.h"
#include "routing/when/zone.h"

enum {
	HEAD = 44, /* bytes of a header */
	TYPE = 6,  /* ... of a type of local time */
	TYPES_MAX = 256,
	OFFSET_MIN = -89999, /* RFC 8536 section 3.2 */
	OFFSET_MAX = 93599,
};

struct change {
	int64_t at; /* unix seconds */
	int32_t offset;
};

struct zone {
	char name[ZONE_NAME_MAX + 1];
	int32_t first; /* before the first change */
	struct change *changes;
	uint32_t nchanges;
	struct tz_rule rule; /* behind the last one */
	bool has_rule;
};

/* A header's counts (section 3.1), and the size of a time: 4 or 8 bytes. */
struct block {
	uint32_t isut, isstd, leaps, times, types, chars;
	unsigned width;
	char version;
};

static void destructor(void *arg)
{
	struct zone *zone = arg;

	mem_deref(zone->changes);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static int64_t get_time(const uint8_t *p, unsigned width)
{
	if (width == 4)
		return (int32_t)get32(p);
	return (int64_t)((uint64_t)get32(p) << 32 | get32(p + 4));
}

static bool read_head(struct block *block, const uint8_t *p, size_t len,
		      unsigned width)
{
	if (len < HEAD || memcmp(p, "TZif", 4))
		return false;
	block->version = (char)p[4];
	block->isut = get32(p + 20);
	block->isstd = get32(p + 24);
	block->leaps = get32(p + 28);
	block->times = get32(p + 32);
	block->types = get32(p + 36);
	block->chars = get32(p + 40);
	block->width = width;
	return true;
}

/* Bytes behind the header. 64 bits: counts are 32 bits of a stranger. */
static uint64_t size_of(const struct block *block)
{
	const uint64_t width = block->width;

	return block->times * (width + 1) + block->types * (uint64_t)TYPE +
	       block->chars + block->leaps * (width + 4) +
	       (uint64_t)block->isstd + block->isut;
}

static bool read_types(int32_t offsets[TYPES_MAX], const struct block *block,
		       const uint8_t *p)
{
	for (uint32_t i = 0; i < block->types; i++, p += TYPE) {
		offsets[i] = (int32_t)get32(p);
		if (offsets[i] < OFFSET_MIN || offsets[i] > OFFSET_MAX)
			return false;
	}
	return true;
}

static const char *read_changes(struct zone *zone, const struct block *block,
				const uint8_t *p)
{
	const uint8_t *index = p + (size_t)block->times * block->width;
	int32_t offsets[TYPES_MAX];

	if (!read_types(offsets, block, index + block->times))
		return "an offset from UTC of more than a day";
	zone->first = offsets[0];
	for (uint32_t i = 0; i < block->times; i++) {
		struct change *change = &zone->changes[i];

		if (index[i] >= block->types)
			return "a type that is not there";
		change->at =
			get_time(p + (size_t)i * block->width, block->width);
		change->offset = offsets[index[i]];
		if (i && change->at <= change[-1].at)
			return "times that are not in order";
	}
	return NULL;
}

static const char *check_counts(const struct block *block, uint64_t room)
{
	if (size_of(block) > room)
		return "cut short";
	if (!block->types || block->types > TYPES_MAX)
		return "no types of time, or more than 256";
	if (block->times > ZONE_CHANGES_MAX)
		return "more than 5,000 changes of the clocks";
	if (block->leaps)
		return "leap seconds: unix time has none";
	return NULL;
}

/* Between two line feeds; empty: there is no rule (section 3.3). */
static const char *read_footer(struct zone *zone, const uint8_t *p, size_t len)
{
	const uint8_t *end;

	if (!len || p[0] != '\n')
		return "no footer";
	end = len > 1 ? memchr(p + 1, '\n', len - 1) : NULL;
	if (!end)
		return "no end of the footer";
	len = (size_t)(end - p) - 1;
	zone->has_rule = len > 0;
	return !len || tz_rule_read(&zone->rule, (const char *)p + 1, len)
		       ? NULL
		       : "a footer that is no TZ string";
}

/* Finds the block to read; version 2 and later have one of 64 bits behind
 * that of 32 bits. */
static const char *find_block(struct block *block, const uint8_t **p,
			      size_t *len)
{
	const char *why;
	uint64_t skip;

	if (!read_head(block, *p, *len, 4))
		return "no TZif file";
	if (block->version >= '2') {
		skip = HEAD + size_of(block);
		if (skip > *len)
			return "cut short";
		*p += skip;
		*len -= skip;
		if (!read_head(block, *p, *len, 8))
			return "no second header";
	}
	*p += HEAD;
	*len -= HEAD;
	why = check_counts(block, *len);
	return why;
}

static int read_zone(struct zone *zone, const uint8_t *p, size_t len,
		     const char **why)
{
	struct block block;

	*why = find_block(&block, &p, &len);
	if (*why)
		return EINVAL;
	zone->nchanges = block.times;
	zone->changes =
		mem_zalloc(block.times * sizeof(*zone->changes) + 1, NULL);
	if (!zone->changes)
		return ENOMEM;
	*why = read_changes(zone, &block, p);
	if (!*why && block.version >= '2')
		*why = read_footer(zone, p + size_of(&block),
				   len - (size_t)size_of(&block));
	return *why ? EINVAL : 0;
}

int zone_read(struct zone **zonep, const char *name, const void *data,
	      size_t len, const char **why)
{
	struct zone *zone = mem_zalloc(sizeof(*zone), destructor);
	int err;

	if (!zone)
		return ENOMEM;
	str_ncpy(zone->name, name, sizeof(zone->name));
	err = read_zone(zone, data, len, why);
	if (err)
		mem_deref(zone);
	else
		*zonep = zone;
	return err;
}

const char *zone_name(const struct zone *zone)
{
	return zone ? zone->name : "UTC";
}

/* How many of the changes have come. */
static uint32_t passed(const struct zone *zone, int64_t utc)
{
	uint32_t lo = 0, hi = zone->nchanges;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (zone->changes[mid].at <= utc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int32_t zone_offset(const struct zone *zone, int64_t utc)
{
	uint32_t n;

	if (!zone)
		return 0;
	n = passed(zone, utc);
	if (n == zone->nchanges && zone->has_rule)
		return tz_rule_offset(&zone->rule, utc);
	return n ? zone->changes[n - 1].offset : zone->first;
}
