/*
 * route_head.c  What every text that a pattern matches begins and ends with, or
 *               holds
 *
 * Reads the part of PCRE2's language that people write for numbers: literals,
 * classes of a few characters, groups, alternatives, quantifiers. At anything
 * else (options, lookaround, references) it says "anything".
 *
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <string.h>
#include <re.h>

#include "routing/text/route_head.h"

enum {
	DEPTH_MAX = 6, /* groups within each other */
	CLASS_MAX = 5 /* characters of a class that are told apart */
};

/* Heads as far as they are known; one that is shut is not made longer. */
struct set {
	unsigned n;
	struct route_head head[ROUTE_HEADS_MAX];
	bool shut[ROUTE_HEADS_MAX];
};

struct reader {
	const char *p;
	unsigned depth;
	bool lost; /* nothing is known of all of it */
};

static void clear(struct set *set)
{
	set->n = 1;
	set->head[0].len = 0;
	set->shut[0] = false;
}

static void shut(struct set *set)
{
	for (unsigned i = 0; i < set->n; i++)
		set->shut[i] = true;
}

/* False: there is no room, or it would be too much. */
static bool add(struct set *set, const struct route_head *head, bool is_shut)
{
	if (set->n >= ROUTE_HEADS_MAX)
		return false;
	set->head[set->n] = *head;
	set->shut[set->n++] = is_shut;
	return true;
}

/* What is longer than there is room for is cut, and nothing follows. */
static bool join(struct route_head *to, const struct route_head *tail)
{
	const unsigned n = min((unsigned)tail->len,
			       (unsigned)(ROUTE_HEAD_LEN - to->len));

	memcpy(to->text + to->len, tail->text, n);
	to->len = (uint8_t)(to->len + n);
	return n < tail->len;
}

/* Each of set followed by each of tail; optional: or by nothing. */
static void append(struct set *set, const struct set *tail, bool optional)
{
	struct set out = {.n = 0};
	bool room = true;

	for (unsigned i = 0; i < set->n && room; i++) {
		if (set->shut[i] || optional)
			room = add(&out, &set->head[i], set->shut[i]);
		if (set->shut[i])
			continue;
		for (unsigned k = 0; k < tail->n && room; k++) {
			struct route_head head = set->head[i];
			bool cut = join(&head, &tail->head[k]);

			room = add(&out, &head, cut || tail->shut[k]);
		}
	}
	if (room)
		*set = out;
	else
		shut(set);
}

static bool read_any_of(struct set *out, struct reader *rd);

/* --- atoms ------------------------------------------------------------------- */

static void one(struct set *atom, char c)
{
	atom->n = 1;
	atom->head[0].len = 1;
	atom->head[0].text[0] = c;
	atom->shut[0] = false;
}

static void unknown(struct set *atom)
{
	clear(atom);
	shut(atom);
}

static bool read_escape(struct set *atom, struct reader *rd)
{
	const char c = *rd->p++;

	if (c && !isalnum((unsigned char)c)) {
		one(atom, c);
		return true;
	}
	unknown(atom);
	/* single characters of a kind; all others mean something else */
	return c && strchr("dDwWsShHvVN", c) != NULL;
}

/* Up to its end. Only [abc0-9] is told apart. */
static bool read_class(struct set *atom, struct reader *rd)
{
	bool told = *rd->p != '^' && *rd->p != ']';

	atom->n = 0;
	if (!told)
		rd->p += *rd->p == '^' ? 1 : 0;
	if (*rd->p == ']')
		++rd->p;
	for (; *rd->p && *rd->p != ']'; rd->p++) {
		unsigned char from = (unsigned char)*rd->p, to = from;

		if (from == '[' || from == '\\')
			return false;
		if (rd->p[1] == '-' && rd->p[2] && rd->p[2] != ']') {
			to = (unsigned char)rd->p[2];
			rd->p += 2;
			if (to == '[' || to == '\\')
				return false;
		}
		told = told && to >= from &&
		       atom->n + (to - from) < CLASS_MAX;
		for (unsigned c = from; told && c <= to; c++) {
			const struct route_head head = {1, {(char)c}};

			(void)add(atom, &head, false);
		}
	}
	if (!told)
		unknown(atom);
	return *rd->p++ == ']';
}

static bool read_group(struct set *atom, struct reader *rd)
{
	if (*rd->p == '*' || ++rd->depth > DEPTH_MAX)
		return false;
	if (*rd->p == '?') {
		if (rd->p[1] != ':')
			return false;
		rd->p += 2;
	}
	if (!read_any_of(atom, rd) || *rd->p != ')')
		return false;
	++rd->p;
	--rd->depth;
	return true;
}

static bool read_atom(struct set *atom, struct reader *rd)
{
	const char c = *rd->p++;

	switch (c) {
	case '.':
		unknown(atom);
		return true;
	case '\\':
		return read_escape(atom, rd);
	case '[':
		return read_class(atom, rd);
	case '(':
		return read_group(atom, rd);
	case '*':
	case '+':
	case '?':
	case '{':
		return false;
	default:
		one(atom, c);
		return true;
	}
}

/* --- how often ----------------------------------------------------------------- */

struct times {
	bool optional, more;
};

static bool read_braces(struct times *times, struct reader *rd)
{
	unsigned least = 0;
	const char *p = rd->p + 1;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++)
		least = min(least * 10 + (unsigned)(*p - '0'), 1000u);
	times->optional = least == 0;
	times->more = least != 1;
	if (*p == ',') {
		times->more = true;
		for (++p; isdigit((unsigned char)*p); p++)
			;
	}
	if (*p != '}')
		return false;
	rd->p = p + 1;
	return true;
}

static bool read_times(struct times *times, struct reader *rd)
{
	*times = (struct times){false, false};
	switch (*rd->p) {
	case '?':
	case '*':
		times->optional = true;
		times->more = *rd->p++ == '*';
		break;
	case '+':
		times->more = true;
		++rd->p;
		break;
	case '{':
		if (!read_braces(times, rd))
			return false;
		break;
	default:
		return true;
	}
	/* lazy, possessive */
	if (*rd->p == '?' || *rd->p == '+')
		++rd->p;
	return !strchr("*+?{", *rd->p) || !*rd->p;
}

/* --- the whole ------------------------------------------------------------------- */

static bool read_one_of(struct set *out, struct reader *rd)
{
	struct set atom;
	struct times times;

	clear(out);
	while (*rd->p && *rd->p != '|' && *rd->p != ')') {
		/* where it ends is no matter of how it begins */
		if (*rd->p == '$') {
			++rd->p;
			shut(out);
			continue;
		}
		if (*rd->p == '^' || !read_atom(&atom, rd) ||
		    !read_times(&times, rd))
			return false;
		append(out, &atom, times.optional);
		if (times.more)
			shut(out);
	}
	return true;
}

static bool read_any_of(struct set *out, struct reader *rd)
{
	struct set branch;

	if (!read_one_of(out, rd))
		return false;
	while (*rd->p == '|') {
		++rd->p;
		if (!read_one_of(&branch, rd))
			return false;
		for (unsigned i = 0; i < branch.n; i++) {
			if (!add(out, &branch.head[i], branch.shut[i]))
				return false;
		}
	}
	return true;
}

static bool begins(const struct route_head *text, const struct route_head *with)
{
	return with->len <= text->len &&
	       !memcmp(with->text, text->text, with->len);
}

/* Without those that another one covers. */
static void keep(struct route_heads *heads, const struct set *set)
{
	for (unsigned i = 0; i < set->n; i++) {
		bool covered = false;

		for (unsigned k = 0; k < set->n && !covered; k++)
			covered = k != i &&
				  begins(&set->head[i], &set->head[k]) &&
				  (k < i || set->head[k].len <
						    set->head[i].len);
		if (!covered)
			heads->head[heads->n++] = set->head[i];
	}
	if (heads->n == 1 && !heads->head[0].len)
		heads->n = 0;
}

void route_heads_find(struct route_heads *heads, const char *pattern)
{
	struct reader rd = {.p = pattern + (pattern[0] == '^')};
	struct set set;

	heads->n = 0;
	if (read_any_of(&set, &rd) && !*rd.p)
		keep(heads, &set);
}

/* --- without reading all of it ------------------------------------------------- */

/* Nothing in it could make letters and digits mean anything else. */
static bool is_plain(const char *pattern)
{
	if (strchr(pattern, '|') || strstr(pattern, "(*") ||
	    strstr(pattern, "\\Q") || strstr(pattern, "\\K"))
		return false;
	for (const char *p = pattern; (p = strstr(p, "(?")); p += 2) {
		if (p[2] != ':')
			return false;
	}
	return true;
}

/* A run of letters and digits at the end. */
void route_tail_find(struct route_head *tail, const char *pattern)
{
	const char *end = pattern + strlen(pattern), *p;

	tail->len = 0;
	if (!is_plain(pattern))
		return;
	if (end > pattern && end[-1] == '$' &&
	    (end - pattern < 2 || end[-2] != '\\'))
		--end;
	for (p = end; p > pattern && isalnum((unsigned char)p[-1]); p--)
		;
	/* "\x41", "\12" */
	if (p > pattern && p[-1] == '\\')
		return;
	/* of "[a", "{1": not compiled at all, or no literals */
	if (end - p > ROUTE_HEAD_LEN)
		p = end - ROUTE_HEAD_LEN;
	tail->len = (uint8_t)(end - p);
	memcpy(tail->text, p, tail->len);
}

/* Behind a class, from behind its "[". */
static const char *skip_class(const char *p)
{
	p += *p == '^';
	p += *p == ']';
	for (; *p && *p != ']'; p++) {
		/* classes of POSIX, escapes */
		if (*p == '[' || *p == '\\')
			return NULL;
	}
	return *p ? p + 1 : NULL;
}

/* Behind what is no literal; NULL: it is not understood. */
static const char *skip_other(const char *p, unsigned *depth)
{
	const char c = *p++;

	if (c == '[')
		return skip_class(p);
	/* "\d", "\."; but "\x41", "\12" */
	if (c == '\\')
		return *p && (!isalnum((unsigned char)*p) ||
			      strchr("dDwWsS", *p))
			       ? p + 1
			       : NULL;
	if (c == '{')
		return strchr(p, '}');
	if (c == ')' && !*depth)
		return NULL;
	*depth += (c == '(') - (c == ')');
	return p;
}

/* Up to `to`; the last one may be there no time. */
static void keep_longest(struct route_head *core, const char *from,
			 const char *to)
{
	size_t len = (size_t)(to - from);

	len -= *to && strchr("?*{", *to) ? 1 : 0;
	len = min(len, (size_t)ROUTE_HEAD_LEN);
	if (len <= core->len)
		return;
	core->len = (uint8_t)len;
	memcpy(core->text, from, len);
}

/* The longest run of letters and digits that is in no group. */
void route_core_find(struct route_head *core, const char *pattern)
{
	const char *p = pattern, *from;
	unsigned depth = 0;

	core->len = 0;
	if (!is_plain(pattern))
		return;
	while (p && *p) {
		for (from = p; isalnum((unsigned char)*p); p++)
			;
		if (from == p)
			p = skip_other(p, &depth);
		else if (!depth)
			keep_longest(core, from, p);
	}
	if (!p || depth)
		core->len = 0;
}
