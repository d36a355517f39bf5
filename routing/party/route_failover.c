/*
 * route_failover.c  When the next target is tried: which codes, how long
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "common/countof.h"
#include "routing/route_conn.h"
#include "routing/route_failover.h"

enum {
	FIRST = 400,
	LAST = 599,
	CODE_LEN = 3,
};

struct route_codes {
	uint8_t bits[(LAST - FIRST) / 8 + 1];
};

static bool has(const struct route_codes *set, uint16_t code)
{
	const unsigned nr = code - FIRST;

	return code >= FIRST && code <= LAST &&
	       set->bits[nr / 8] & 1u << nr % 8;
}

static void put(struct route_codes *set, uint16_t code, bool in)
{
	const unsigned nr = code - FIRST;

	if (in)
		set->bits[nr / 8] |= (uint8_t)(1u << nr % 8);
	else
		set->bits[nr / 8] &= (uint8_t)~(1u << nr % 8);
}

/* --- "503", "500-504", "5xx" --------------------------------------------------- */

struct range {
	uint16_t from, to;
};

static bool read_code(uint16_t *code, const char *text)
{
	if (strspn(text, "0123456789") < CODE_LEN)
		return false;
	*code = (uint16_t)((text[0] - '0') * 100 + (text[1] - '0') * 10 +
			   (text[2] - '0'));
	return true;
}

static bool read_range(struct range *range, const char *text)
{
	const size_t len = strlen(text);

	if (len == CODE_LEN && text[0] >= '4' && text[0] <= '5' &&
	    !strcmp(text + 1, "xx")) {
		range->from = (uint16_t)((text[0] - '0') * 100);
		range->to   = range->from + 99;
		return true;
	}
	if (!read_code(&range->from, text))
		return false;
	range->to = range->from;
	if (len == 2 * CODE_LEN + 1 && text[CODE_LEN] == '-')
		return read_code(&range->to, text + CODE_LEN + 1);
	return len == CODE_LEN;
}

/* Challenges are answered, and who has cancelled wants no further call. */
static bool is_ours(uint16_t code)
{
	return code == 401 || code == 407 || code == 487;
}

static bool check_codes(const char *text, char *why, size_t size)
{
	struct range range;

	if (!read_range(&range, text) || range.from < FIRST ||
	    range.to < range.from) {
		str_ncpy(why, "a code, a range or a class from 400 to 599: "
			 "503, 500-504, 5xx", size);
		return false;
	}
	if (range.to > LAST) {
		str_ncpy(why, "no 6xx: it speaks for whoever is called, "
			 "and ends the call", size);
		return false;
	}
	if (range.from == range.to && is_ours(range.from)) {
		str_ncpy(why, "none of 401, 407 (they are answered) and 487 "
			 "(the caller has given up)", size);
		return false;
	}
	return true;
}

/* --- the description --------------------------------------------------------- */

/* clang-format off */
static const struct cfg_choice failures[] = {
	{"unreachable", ROUTE_UNREACHABLE,
	 "Nothing could be sent: no address, no connection, refused."},
	{"silent", ROUTE_SILENT,
	 "Nothing at all was heard within `answer_within`."},
	{"unanswered", ROUTE_UNANSWERED,
	 "It rang, and neither answered nor refused in time."},
	{NULL, 0, NULL},
};

static const struct cfg_choice unhealthy[] = {
	{"skip", ROUTE_UNHEALTHY_SKIP,
	 "It is left out; when all are, those that are so because calls have "
	 "failed (and not for their probes) are tried all the same; else the "
	 "call gets 503."},
	{"last", ROUTE_UNHEALTHY_LAST,
	 "It is tried when all else has failed: for one that takes calls and "
	 "does not answer OPTIONS. Never what an operator took out."},
	{NULL, 0, NULL},
};

static const struct cfg_field failure_item = {
	.type = CFG_ENUM, .size = sizeof(enum route_failure),
	.choices = failures,
};

static const struct cfg_field code_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 3, .max = 7,
	.check = check_codes, .pattern = "^[45]([0-9]{2}(-[45][0-9]{2})?|xx)$",
};

#define AT(member) CFG_AT(struct route_failover, member)
static const struct cfg_field fields[] = {
	{.type = CFG_POS, AT(pos)},
	{"codes", CFG_LIST,
	 CFG_ITEMS(struct route_failover, codes, ncodes),
	 .item = &code_item, .min = 1, .max = 64, .flags = CFG_F_ALONE,
	 .help = "Refusals after which the next target is tried; none: 408, "
		 "430, 5xx. What speaks of who is called (404, 410, 484, 486 "
		 "..) is not among them, but may be named: some carriers mean "
		 "themselves. A 6xx always ends the call.",
	 .example = "5xx, 408, 480"},
	{"never", CFG_LIST,
	 CFG_ITEMS(struct route_failover, never, nnever),
	 .item = &code_item, .min = 1, .max = 64, .flags = CFG_F_ALONE,
	 .help = "Of these codes, those after which it is not.",
	 .example = "500"},
	{"when", CFG_LIST,
	 CFG_ITEMS(struct route_failover, when, nwhen),
	 .item = &failure_item, .min = 1, .max = 3, .flags = CFG_F_ALONE,
	 .help = "After which failures to answer the next target is tried; "
		 "none: all.",
	 .example = "unreachable, silent"},
	{"answer_within", CFG_DURATION, AT(answer_ms), .min = 100,
	 .max = 32000,
	 .help = "When nothing at all is heard of a try for so long, it has "
		 "failed; none: `answer_within` of the connection."},
	{"ring_within", CFG_DURATION, AT(ring_ms), .min = 1000,
	 .max = ROUTE_FAILOVER_MS_MAX,
	 .help = "How long it may ring, from its first 18x; none: as long as "
		 "the try may take."},
	{"try_within", CFG_DURATION, AT(try_ms), .min = 100,
	 .max = ROUTE_FAILOVER_MS_MAX,
	 .help = "When a try is neither answered nor refused for so long, it "
		 "has failed; none: `ring_within` of the connection."},
	{"total_within", CFG_DURATION, AT(total_ms), .min = 1000,
	 .max = ROUTE_FAILOVER_MS_MAX,
	 .help = "When the call is not answered after so long, whatever was "
		 "tried, it ends; none, and at most: what the server allows "
		 "to a call. The first target's counts, and so of `tries`."},
	{"tries", CFG_INT, AT(tries), .min = 1, .max = 32,
	 .help = "So many targets are tried at most; none: all."},
	{"unhealthy", CFG_ENUM, AT(unhealthy), .choices = unhealthy,
	 .help = "What becomes of a target that does not answer its probes, "
		 "or where calls have failed; none: `skip`."},
	CFG_END,
};

const struct cfg_table route_failover_table = {
	sizeof(struct route_failover), "a failover", fields,
	"When the next target is tried, and how long one may take. Key by key "
	"what a route says counts before what the group says, and that before "
	"what the connection says.", 0};
/* clang-format on */

/* --- load ----------------------------------------------------------------------- */

/* The usual ones, when nothing is named (RFC 3261 16.7 step 6). */
static void put_usual(struct route_codes *set)
{
	put(set, 408, true);
	put(set, 430, true);
	for (uint16_t code = 500; code <= LAST; code++)
		put(set, code, true);
}

static void put_all(struct route_codes *set, const char **texts, uint32_t n,
		    bool in)
{
	struct range range;

	for (uint32_t i = 0; i < n; i++) {
		if (!read_range(&range, texts[i]))
			continue;
		for (uint16_t code = range.from; code <= range.to; code++) {
			if (!is_ours(code))
				put(set, code, in);
		}
	}
}

int route_failover_load(struct route_failover *failover, struct arena *mem)
{
	struct route_codes *set;

	if (!failover->ncodes && !failover->nnever)
		return 0;
	set = arena_get(mem, sizeof(*set));
	if (!set)
		return ENOMEM;

	if (failover->ncodes)
		put_all(set, failover->codes, failover->ncodes, true);
	else
		put_usual(set);
	put_all(set, failover->never, failover->nnever, false);
	failover->set = set;
	return 0;
}

/* --- what counts ------------------------------------------------------------------ */

static uint32_t when_of(const struct route_failover *failover)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < failover->nwhen; i++)
		bits |= 1u << failover->when[i];
	return bits;
}

/* What nobody nearer to the call has said. */
static void add(struct route_limits *limits, const struct route_failover *say)
{
	if (!say)
		return;
	if (!limits->codes)
		limits->codes = say->set;
	if (!limits->when)
		limits->when = when_of(say);
	if (!limits->answer_ms)
		limits->answer_ms = say->answer_ms;
	if (!limits->ring_ms)
		limits->ring_ms = say->ring_ms;
	if (!limits->try_ms)
		limits->try_ms = say->try_ms;
	if (!limits->total_ms)
		limits->total_ms = say->total_ms;
	if (!limits->tries)
		limits->tries = say->tries;
}

void route_limits_set(struct route_limits *limits,
		      const struct route_failover *route,
		      const struct route_failover *group,
		      const struct route_connection *conn)
{
	const struct route_failover *const says[] = {
		route, group, conn ? &conn->failover : NULL};
	enum route_unhealthy how = (enum route_unhealthy)0;

	memset(limits, 0, sizeof(*limits));
	for (size_t i = 0; i < COUNTOF(says); i++) {
		add(limits, says[i]);
		if (says[i] && !how)
			how = says[i]->unhealthy;
	}
	limits->doubtful = how == ROUTE_UNHEALTHY_LAST;
	if (!limits->answer_ms && conn)
		limits->answer_ms = conn->times.answer;
	if (!limits->try_ms && conn)
		limits->try_ms = conn->times.ring;
}

bool route_limits_next(const struct route_limits *limits, uint16_t code)
{
	if (limits->codes)
		return has(limits->codes, code);
	return code == 408 || code == 430 || (code >= 500 && code <= LAST);
}

bool route_limits_when(const struct route_limits *limits,
		       enum route_failure failure)
{
	return !limits->when || limits->when & 1u << failure;
}
