/*
 * route_regex.c  Patterns of routes: PCRE2 with JIT, in bounded time
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "routing/text/route_head.h"
#include "routing/text/route_regex.h"

enum {
	PARENS_MAX = 50
};

struct route_engine {
	pcre2_general_context *general;
	pcre2_compile_context *compile;
	pcre2_match_context *match;
	pcre2_match_data *data;
};

struct route_regex {
	/* most rules are passed by after one look at these: what a match
	 * begins and ends with, or where that is not known its first byte */
	char *heads; /* each with its length before it, up to 0; NULL: any */
	struct route_head tail, core;
	uint8_t first[32];
	bool any_first;
	bool jit; /* else, where it is forbidden, the interpreter serves */
	uint32_t groups;
	pcre2_code *code;
	const char *pattern; /* borrowed */
};

static void *take(size_t size, void *arg)
{
	(void)arg;
	return mem_alloc(size, NULL);
}

static void give_back(void *p, void *arg)
{
	(void)arg;
	mem_deref(p);
}

static void engine_destructor(void *arg)
{
	struct route_engine *eng = arg;

	pcre2_match_data_free(eng->data);
	pcre2_match_context_free(eng->match);
	pcre2_compile_context_free(eng->compile);
	pcre2_general_context_free(eng->general);
}

int route_engine_alloc(struct route_engine **engp)
{
	struct route_engine *eng = mem_zalloc(sizeof(*eng), engine_destructor);

	if (!eng)
		return ENOMEM;
	eng->general = pcre2_general_context_create(take, give_back, NULL);
	if (eng->general) {
		eng->compile = pcre2_compile_context_create(eng->general);
		eng->match = pcre2_match_context_create(eng->general);
		eng->data =
			pcre2_match_data_create(ROUTE_GROUPS_MAX, eng->general);
	}
	if (!eng->compile || !eng->match || !eng->data) {
		mem_deref(eng);
		return ENOMEM;
	}
	pcre2_set_max_pattern_length(eng->compile, ROUTE_PATTERN_MAX);
	pcre2_set_parens_nest_limit(eng->compile, PARENS_MAX);
	pcre2_set_match_limit(eng->match, ROUTE_MATCH_LIMIT);
	pcre2_set_depth_limit(eng->match, ROUTE_DEPTH_LIMIT);
	pcre2_set_heap_limit(eng->match, ROUTE_HEAP_LIMIT_K);
	*engp = eng;
	return 0;
}

static void regex_destructor(void *arg)
{
	struct route_regex *rx = arg;

	mem_deref(rx->heads);
	pcre2_code_free(rx->code);
}

static pcre2_code *compile(const struct route_engine *eng, const char *pattern,
			   uint32_t options, int *code, size_t *at)
{
	return pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
			     options | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
				     PCRE2_NEVER_BACKSLASH_C | PCRE2_DOTALL |
				     PCRE2_DOLLAR_ENDONLY,
			     code, at, eng->compile);
}

static void set_bit(uint8_t bits[32], unsigned byte)
{
	bits[byte / 8] |= (uint8_t)(1u << byte % 8);
}

/* PCRE2 does not say whether the byte may have either case: assume it. */
static void set_either_case(uint8_t bits[32], unsigned byte)
{
	set_bit(bits, byte);
	if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z')
		set_bit(bits, byte ^ 0x20);
}

/*
 * PCRE2 finds the bytes that a match can begin with only for patterns that
 * are not anchored, so the pattern is compiled once more without that. A "^"
 * at its head says nothing here, where every match begins at the start (and
 * "^*" is no pattern).
 */
static void find_first(struct route_regex *rx, const struct route_engine *eng,
		       const char *pattern)
{
	const uint8_t *bitmap = NULL;
	uint32_t type = 0, byte = 0;
	pcre2_code *loose;
	int code;
	size_t at;

	rx->any_first = true;
	if (pattern[0] == '^')
		++pattern;
	loose = compile(eng, pattern, 0, &code, &at);
	if (!loose)
		return;
	pcre2_pattern_info(loose, PCRE2_INFO_FIRSTCODETYPE, &type);
	pcre2_pattern_info(loose, PCRE2_INFO_FIRSTCODEUNIT, &byte);
	pcre2_pattern_info(loose, PCRE2_INFO_FIRSTBITMAP, &bitmap);
	if (type == 1) {
		set_either_case(rx->first, byte & 0xff);
		rx->any_first = false;
	} else if (bitmap) {
		memcpy(rx->first, bitmap, sizeof(rx->first));
		rx->any_first = false;
	}
	pcre2_code_free(loose);
}

/* Those that a text may begin with, behind each other. */
static int keep_heads(struct route_regex *rx, const char *pattern)
{
	struct route_heads heads;
	size_t size = 1;
	char *to;

	route_tail_find(&rx->tail, pattern);
	route_core_find(&rx->core, pattern);
	route_heads_find(&heads, pattern);
	if (!heads.n)
		return 0;
	for (unsigned i = 0; i < heads.n; i++)
		size += 1u + heads.head[i].len;
	rx->heads = to = mem_zalloc(size, NULL);
	if (!to)
		return ENOMEM;
	for (unsigned i = 0; i < heads.n; i++) {
		*to++ = (char)heads.head[i].len;
		memcpy(to, heads.head[i].text, heads.head[i].len);
		to += heads.head[i].len;
	}
	rx->any_first = true;
	return 0;
}

/* A class, from behind its "[": behind its "]". One at its start is part of
 * it. */
static const char *skip_class(const char *p)
{
	p += *p == '^';
	p += *p == ']';
	for (; *p && *p != ']'; p++) {
		if (*p == '\\' && p[1])
			++p;
	}
	return *p ? p + 1 : p;
}

/* "(?x": what follows may have comments. */
static bool is_extended(const char *p)
{
	static const char options[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ^-";

	return memchr(p, 'x', strspn(p, options)) != NULL;
}

/* Has it what lets text stand that means nothing, or "[" and "]" that are not
 * where they seem to be: comments, texts of callouts, \Q, \c[, [:alpha:]? */
static bool is_obscure(const char *p)
{
	for (; *p; p++) {
		if (p[0] == '\\' && (p[1] == 'Q' || p[1] == 'c'))
			return true;
		if (p[0] == '[' && p[1] && strchr(":.=", p[1]))
			return true;
		if (p[0] == '(' && p[1] == '?' &&
		    (p[2] == '#' || p[2] == 'C' || is_extended(p + 2)))
			return true;
	}
	return false;
}

/*
 * "(*...": verbs decide for the whole pattern ((*ACCEPT) ends a match
 * anywhere, and with JIT otherwise than without), and options at its begin
 * could take our limits away. NULL: there is none, for certain: where that is
 * hard to tell, anything that looks like one is.
 */
static const char *find_verb(const char *p)
{
	if (is_obscure(p))
		return strstr(p, "(*");
	while (*p) {
		if (p[0] == '\\' && p[1]) {
			p += 2;
		} else if (*p == '[') {
			p = skip_class(p + 1);
		} else if (p[0] == '(' && p[1] == '*') {
			return p;
		} else {
			++p;
		}
	}
	return NULL;
}

int route_regex_alloc(struct route_regex **rxp, const struct route_engine *eng,
		      const char *pattern, char *why, size_t size)
{
	const char *verb = find_verb(pattern);
	struct route_regex *rx;
	char message[120];
	size_t at;
	int code;

	if (verb) {
		re_snprintf(why, size,
			    "a regular expression without verbs and options "
			    "(\"(*\", at character %zu)",
			    (size_t)(verb - pattern) + 1);
		return EINVAL;
	}
	rx = mem_zalloc(sizeof(*rx), regex_destructor);
	if (!rx)
		return ENOMEM;
	rx->pattern = pattern;
	rx->code = compile(eng, pattern, PCRE2_ANCHORED | PCRE2_ENDANCHORED,
			   &code, &at);
	if (!rx->code) {
		mem_deref(rx);
		if (code == PCRE2_ERROR_HEAP_FAILED)
			return ENOMEM;
		pcre2_get_error_message(code, (PCRE2_UCHAR *)message,
					sizeof(message));
		re_snprintf(why, size,
			    "a regular expression (%s, at character %zu)",
			    message, at + 1);
		return EINVAL;
	}
	pcre2_pattern_info(rx->code, PCRE2_INFO_CAPTURECOUNT, &rx->groups);
	if (keep_heads(rx, pattern)) {
		mem_deref(rx);
		return ENOMEM;
	}
	if (!rx->heads)
		find_first(rx, eng, pattern);
	rx->jit = !pcre2_jit_compile(rx->code, PCRE2_JIT_COMPLETE);
	*rxp = rx;
	return 0;
}

const char *route_regex_text(const struct route_regex *rx)
{
	return rx->pattern;
}

bool route_regex_head(const struct route_regex *rx, struct pl *head)
{
	const char *at = pl_isset(head) ? head->p + head->l : rx->heads;

	if (!at || !*at)
		return false;
	*head = (struct pl){at + 1, (size_t)*at};
	return true;
}

struct pl route_regex_tail(const struct route_regex *rx)
{
	return (struct pl){rx->tail.text, rx->tail.len};
}

struct pl route_regex_core(const struct route_regex *rx)
{
	return (struct pl){rx->core.text, rx->core.len};
}

/* What it begins or ends with was looked at. */
static bool can_hold(const struct route_regex *rx, const struct pl *text)
{
	const size_t len = rx->core.len;

	return rx->heads || rx->tail.len || !len ||
	       (len <= text->l && memmem(text->p, text->l, rx->core.text, len));
}

static bool can_end(const struct route_regex *rx, const struct pl *text)
{
	const size_t len = rx->tail.len;

	return len <= text->l &&
	       (!len || !memcmp(text->p + text->l - len, rx->tail.text, len));
}

static bool can_begin(const struct route_regex *rx, const struct pl *text)
{
	const unsigned byte = text->l ? (uint8_t)text->p[0] : 0;

	for (const char *at = rx->heads; at && *at; at += 1 + *at) {
		if ((size_t)*at <= text->l &&
		    !memcmp(at + 1, text->p, (size_t)*at))
			return true;
	}
	if (rx->heads)
		return false;
	if (rx->any_first)
		return true;
	return text->l && rx->first[byte / 8] >> byte % 8 & 1;
}

bool route_regex_can(const struct route_regex *rx, const struct pl *text)
{
	return can_begin(rx, text) && can_end(rx, text) && can_hold(rx, text);
}

static void copy_groups(struct route_captures *captures,
			const struct route_engine *eng, const struct pl *text,
			int count)
{
	const size_t *at = pcre2_get_ovector_pointer(eng->data);

	/* 0: more groups than there is room for */
	captures->count = count ? (unsigned)count : ROUTE_GROUPS_MAX;
	for (unsigned i = 0; i < captures->count; i++) {
		const size_t from = at[2 * i], to = at[2 * i + 1];

		captures->group[i] = pl_null;
		/* "\K" in a lookahead may put the start behind the end */
		if (from != PCRE2_UNSET && to >= from && to <= text->l) {
			captures->group[i].p = text->p + from;
			captures->group[i].l = to - from;
		}
	}
}

enum route_hit route_regex_match(const struct route_regex *rx,
				 const struct route_engine *eng,
				 const struct pl *text,
				 struct route_captures *captures)
{
	int n;

	if (!route_regex_can(rx, text))
		return ROUTE_MISS;
	/* the first saves the checks of its arguments: a fifth of the time */
	n = (rx->jit ? pcre2_jit_match
		     : pcre2_match)(rx->code,
				    (PCRE2_SPTR)(text->p ? text->p : ""),
				    text->l, 0, 0, eng->data, eng->match);
	if (n == PCRE2_ERROR_NOMATCH)
		return ROUTE_MISS;
	if (n < 0)
		return ROUTE_GAVE_UP;
	if (captures)
		copy_groups(captures, eng, text, n);
	return ROUTE_HIT;
}

unsigned route_regex_groups(const struct route_regex *rx)
{
	return rx->groups;
}
