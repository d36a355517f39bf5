/*
 * journal_row.c  An entry of a log, as text in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "common/pairs.h"
#include "common/redis_link.h"
#include "sigd/journal/journal_row.h"

static const char *const events[JOURNAL_EVENTS + 1] = {
	[JOURNAL_REGISTERED] = "registered",
	[JOURNAL_REFRESHED] = "refreshed",
	[JOURNAL_MOVED] = "moved",
	[JOURNAL_UNREGISTERED] = "unregistered",
	[JOURNAL_LOST] = "lost",
	[JOURNAL_EXPIRED] = "expired",
	[JOURNAL_REFUSED] = "refused",
	[JOURNAL_FAILED] = "failed",
	[JOURNAL_UP] = "up",
	[JOURNAL_DOWN] = "down",
	[JOURNAL_BROKEN] = "broken",
	[JOURNAL_BUSY] = "busy",
	[JOURNAL_MENDED] = "mended",
	[JOURNAL_FORCED] = "forced",
};

const char *journal_event_name(enum journal_event event)
{
	return (unsigned)event < JOURNAL_EVENTS ? events[event] : NULL;
}

/* Where each text stands in the struct. */
static const struct {
	const char *key;
	size_t at, size;
} texts[] = {
#define TEXT(key, member)                                                    \
	{                                                                    \
		key, offsetof(struct journal_row, member),                   \
			sizeof(((struct journal_row *)0)->member)            \
	}
	TEXT("device", device), TEXT("name", name),	TEXT("conn", conn),
	TEXT("line", line),	TEXT("from", from),	TEXT("flow", flow),
	TEXT("worker", worker), TEXT("why", why),	TEXT("agent", agent),
#undef TEXT
};

static int number(struct re_printf *pf, const char *key, uint32_t num)
{
	return num ? re_hprintf(pf, " %s=%u", key, num) : 0;
}

/* The first is the device: so a script finds it. */
static int said(struct re_printf *pf, const struct journal_row *row)
{
	int err = re_hprintf(pf, "%s", events[row->event]);

	for (size_t i = 0; i < COUNTOF(texts) && !err; i++) {
		struct pl val;

		pl_set_str(&val, (const char *)row + texts[i].at);
		if (val.l)
			err = re_hprintf(pf, " %s=%H", texts[i].key,
					 redis_key_part, &val);
		if (!err && !i)
			err = number(pf, "expires", row->expires);
	}
	return err ? err : number(pf, "code", row->code);
}

int journal_row_said(char *text, size_t size, const struct journal_row *row)
{
	if ((unsigned)row->event >= JOURNAL_EVENTS ||
	    re_snprintf(text, size, "%H", said, row) < 0)
		return EOVERFLOW;
	return 0;
}

int journal_row_print(char *text, size_t size, const struct journal_row *row)
{
	if ((unsigned)row->event >= JOURNAL_EVENTS ||
	    re_snprintf(text, size, "%llu %llu %llu %u %H", row->at_ms,
			row->since_ms, row->count, row->rtt_us, said, row) < 0)
		return EOVERFLOW;
	return 0;
}

/* The next of the numbers at the beginning. */
static int number_next(uint64_t *num, struct pl *text, uint64_t max)
{
	struct pl digits = {text->p, 0};

	while (text->l && *text->p >= '0' && *text->p <= '9') {
		pl_advance(text, 1);
		++digits.l;
	}
	if (!digits.l || digits.l > 19 || !text->l || *text->p != ' ')
		return EBADMSG;
	pl_advance(text, 1);
	*num = pl_u64(&digits);
	return *num <= max ? 0 : EBADMSG;
}

static int event_read(enum journal_event *event, struct pl *text)
{
	const char *end = memchr(text->p, ' ', text->l);
	const struct pl word = {text->p,
				end ? (size_t)(end - text->p) : text->l};

	for (unsigned i = 0; i < JOURNAL_EVENTS; i++) {
		if (pl_strcmp(&word, events[i]))
			continue;
		*event = (enum journal_event)i;
		pl_advance(text, (ssize_t)word.l);
		return 0;
	}
	return EBADMSG;
}

/* Absent is 0. */
static uint32_t optional(const struct pl *text, const char *key, uint32_t most)
{
	uint64_t num;

	return pairs_num(&num, text, key, most) ? 0 : (uint32_t)num;
}

int journal_row_parse(struct journal_row *row, const struct pl *text)
{
	struct pl rest = *text;
	uint64_t rtt;

	if (rest.l > JOURNAL_ROW_MAX)
		return EBADMSG;
	memset(row, 0, sizeof(*row));
	if (number_next(&row->at_ms, &rest, INT64_MAX) ||
	    number_next(&row->since_ms, &rest, INT64_MAX) ||
	    number_next(&row->count, &rest, INT64_MAX) ||
	    number_next(&rtt, &rest, UINT32_MAX) ||
	    event_read(&row->event, &rest))
		return EBADMSG;

	row->rtt_us = (uint32_t)rtt;
	row->expires = optional(&rest, "expires", UINT32_MAX);
	row->code = (uint16_t)optional(&rest, "code", 699);
	for (size_t i = 0; i < COUNTOF(texts); i++) {
		char *to = (char *)row + texts[i].at;

		if (pairs_text(to, texts[i].size, &rest, texts[i].key))
			*to = '\0';
	}
	return 0;
}
