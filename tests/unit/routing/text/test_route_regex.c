/*
 * test_route_regex.c  Patterns: what matches, what is captured, what it costs
 *
 * SPDX-License-Identifier: MIT
 */
#include <time.h>
#include <re.h>

#include "common/countof.h"
#include "routing/text/route_regex.h"
#include "tests/lib/test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static enum route_hit match(const char *pattern, const char *text,
			    struct route_captures *captures)
{
	struct route_engine *engine = NULL;
	struct route_regex *rx = NULL;
	enum route_hit hit = ROUTE_MISS;
	struct pl pl;
	char why[200] = "";

	pl_set_str(&pl, text);
	if (!route_engine_alloc(&engine) &&
	    !route_regex_alloc(&rx, engine, pattern, why, sizeof(why)))
		hit = route_regex_match(rx, engine, &pl, captures);
	if (!test_oom_hit())
		CHECK_STR(why, "");
	mem_deref(rx);
	mem_deref(engine);
	return hit;
}

static void pattern_is_for_the_whole_text(void)
{
	static const struct {
		const char *pattern, *text;
		enum route_hit want;
	} row[] = {
		{"echo", "echo", ROUTE_HIT},
		{"echo", "echoes", ROUTE_MISS},
		{"echo", "an echo", ROUTE_MISS},
		{"^echo$", "echo", ROUTE_HIT},
		{"echo|tone", "tone", ROUTE_HIT},
		{"echo|tone", "tonecho", ROUTE_MISS},
		{"a|ab", "ab", ROUTE_HIT},
		{"\\*4[35]", "*43", ROUTE_HIT},
		{"\\*4[35]", "*44", ROUTE_MISS},
		{"00(44|49).*", "0049301234", ROUTE_HIT},
		{"00(44|49).*", "0033", ROUTE_MISS},
		{".*", "", ROUTE_HIT},
		{"", "", ROUTE_HIT},
		{"", "x", ROUTE_MISS},
		{".", "\n", ROUTE_HIT},
		{"echo$", "echo\n", ROUTE_MISS},
		{"(?i)echo", "ECHO", ROUTE_HIT},
		{"(?i)echo", "Echo", ROUTE_HIT},
		{"Echo", "echo", ROUTE_MISS},
		{"[^0-9].*", "alice", ROUTE_HIT},
		{"[^0-9].*", "1alice", ROUTE_MISS},
		{"\\d{3,5}", "1234", ROUTE_HIT},
		{"\\d{3,5}", "12", ROUTE_MISS},
		{"(?!00).*", "0123", ROUTE_HIT},
		{"(?!00).*", "00123", ROUTE_MISS},
		{"(?:\\+|00)49\\d+", "+4930", ROUTE_HIT},
		{"(?:\\+|00)49\\d+", "004930", ROUTE_HIT},
		{"x?y?", "y", ROUTE_HIT},
		{"^^a", "a", ROUTE_HIT},
		{"^a|b", "b", ROUTE_HIT},
		{"\xc3\xa9.*", "\xc3\xa9l", ROUTE_HIT},
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		if (match(row[i].pattern, row[i].text, NULL) != row[i].want)
			CHECK_STR(row[i].pattern, row[i].text);
	}
}

static void captures_are_parts_of_the_text(void)
{
	struct route_captures got;

	REQUIRE(match("(\\+|00)(49)?([0-9]+)(x)?", "0030123", &got) ==
		ROUTE_HIT);
	CHECK_INT(got.count, 4);
	CHECK(!pl_strcmp(&got.group[0], "0030123"));
	CHECK(!pl_strcmp(&got.group[1], "00"));
	CHECK(!got.group[2].l);
	CHECK(!pl_strcmp(&got.group[3], "30123"));
}

static void more_groups_than_room_are_left_out(void)
{
	struct route_captures got;

	REQUIRE(match("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)", "abcdefghijk",
		      &got) == ROUTE_HIT);
	CHECK_INT(got.count, ROUTE_GROUPS_MAX);
	CHECK(!pl_strcmp(&got.group[9], "i"));
}

static void start_may_be_moved(void)
{
	struct route_captures got;

	REQUIRE(match("00\\K49", "0049", &got) == ROUTE_HIT);
	CHECK(!pl_strcmp(&got.group[0], "49"));
}

/* A small generator of its own: the same patterns in every run. */
static unsigned next(uint32_t *seed, unsigned count)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 16) % count;
}

static void make_pattern(uint32_t *seed, char *out, size_t size)
{
	static const char *const part[] = {
		"a",       "b",   "[ab]",   "[^a]",        ".",       "a?",
		"b*",      "a+",  "(a|b)",  "(?i)A",       "\\d",     "\\D",
		"(?:)",    "|",   "a{0,2}", "(?:ab)?",     "(?=a)",   "(?!b)",
		"(?i:ab)", "\\w", "0",      "[[:punct:]]", "(b*)\\1", "\\x62"};
	unsigned n = 1 + next(seed, 6);

	for (*out = '\0'; n--;)
		strncat(out, part[next(seed, COUNT(part))],
			size - strlen(out) - 1);
}

/*
 * The look at the first byte must not change what matches: behind another
 * byte the same pattern is not looked at in that way.
 */
static void look_at_the_first_byte_hides_no_match(void)
{
	static const char *const text[] = {"",  "a",  "b",  "A",   "B",
					   "0", "ab", "ba", "aab", "Ab",
					   "-", "b0", "aB", "_",   "\xff"};
	uint32_t seed = 1;

	for (int i = 0; i < 3000; i++) {
		char pattern[128], behind[160], moved[8];

		make_pattern(&seed, pattern, sizeof(pattern));
		re_snprintf(behind, sizeof(behind), "=(?:%s)", pattern);
		for (size_t k = 0; k < COUNT(text); k += 1 + next(&seed, 3)) {
			re_snprintf(moved, sizeof(moved), "=%s", text[k]);
			if (match(pattern, text[k], NULL) !=
			    match(behind, moved, NULL))
				CHECK_STR(pattern, text[k]);
		}
	}
}

static uint64_t cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Of five times the shortest, in us: the others are the machine's. */
static uint64_t shortest_us(const char *pattern, const char *text)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 5; i++) {
		uint64_t start = cpu_us();

		CHECK(match(pattern, text, NULL) != ROUTE_HIT);
		best = min(best, cpu_us() - start);
	}
	return best;
}

static void evil_patterns_give_up_in_bounded_time(void)
{
	static const char *const evil[] = {
		"(a+)+$",
		"(a+)+b",
		"(a|aa)+b",
		"(a|a?)+b",
		"(.*)*b",
		"(.*a){20}b",
		"^(([a-z])+.)+[A-Z]([a-z])+$",
		"(?:(?:a*)*)*b",
		"((a*)*)*\\1b",
		"(a?){40}a{40}b",
		"(?=(a+))\\1*b",
		"(?<!b)(a+)+b",
		"(?R)?a+b",
	};
	static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";

	for (size_t i = 0; i < COUNT(evil); i++) {
		if (shortest_us(evil[i], text) >= 5000)
			CHECK_STR(evil[i], "took 5 ms or more");
	}
	CHECK_INT(match("(a+)+$", text, NULL), ROUTE_GAVE_UP);
	CHECK_INT(match("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			NULL),
		  ROUTE_HIT);
}

static void deep_recursion_gives_up(void)
{
	char text[129];

	memset(text, '(', sizeof(text));
	text[128] = '\0';
	CHECK(match("(\\((?1)*\\)?)+x", text, NULL) != ROUTE_HIT);
}

/* The words are PCRE2's and change with it. */
static void broken_patterns_are_named(void)
{
	static const struct {
		const char *pattern, *why;
	} bad[] = {
		{"(a", "missing closing parenthesis"},
		{"*43", "quantifier does not follow a repeatable item"},
		{"^*a", "quantifier does not follow a repeatable item"},
		{"^{2}a", "quantifier does not follow a repeatable item"},
		{"[a", "missing terminating ]"},
		{"a{3,2}", "numbers out of order"},
		{"a\\Cb", "disabled"},
	};
	struct route_engine *engine = NULL;

	REQUIRE(!route_engine_alloc(&engine));
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct route_regex *rx = NULL;
		char why[200];

		CHECK_INT(route_regex_alloc(&rx, engine, bad[i].pattern, why,
					    sizeof(why)),
			  EINVAL);
		CHECK(!strncmp(why, "a regular expression (", 22));
		CHECK(strstr(why, bad[i].why) && strstr(why, ", at character"));
	}
	mem_deref(engine);
}

static void verbs_are_refused(void)
{
	static const char *const bad[] = {
		"\\d(*ACCEPT)}", "(*SKIP)a", "(*LIMIT_MATCH=9)a", "(*UTF)a",
		"[a](*F)", "\\\\(*F)", "\\Qa\\E(*F)", "[]](*F)", "[^]a](*F)",
		"(?#[)\\d(*ACCEPT)}(?#])", "(?C'[')\\d(*ACCEPT)(?C']')",
		"(?i-sx)#[\n\\d(*ACCEPT)}#]", "\\c\\(*ACCEPT)",
		"[[:alpha:][](*ACCEPT)", "[\\Q]\\E[](*ACCEPT)",
		"(?#\\Q)(*ACCEPT)", "\\Q(*\\E"};
	static const char *const good[] = {"\\(*", "[(*]+", "[](*]", "\\Qa*\\E",
					   "(\\*)", "[\\](*]", "a*(b)*"};
	struct route_engine *engine = NULL;
	struct route_regex *rx = NULL;
	char why[200] = "";

	REQUIRE(!route_engine_alloc(&engine));
	for (size_t i = 0; i < COUNTOF(bad); i++) {
		CHECK_INT(route_regex_alloc(&rx, engine, bad[i], why,
					    sizeof(why)),
			  EINVAL);
		CHECK(strstr(why, "without verbs and options"));
	}
	for (size_t i = 0; i < COUNTOF(good); i++) {
		CHECK(!route_regex_alloc(&rx, engine, good[i], why,
					 sizeof(why)));
		rx = mem_deref(rx);
	}
	mem_deref(engine);
}

static void huge_patterns_are_refused(void)
{
	static char big[ROUTE_PATTERN_MAX + 2];
	struct route_engine *engine = NULL;
	struct route_regex *rx = NULL;
	char why[200];

	memset(big, 'a', ROUTE_PATTERN_MAX + 1);
	REQUIRE(!route_engine_alloc(&engine));
	CHECK_INT(route_regex_alloc(&rx, engine, big, why, sizeof(why)),
		  EINVAL);
	CHECK_INT(route_regex_alloc(&rx, engine, "((a{900}){900}){900}", why,
				    sizeof(why)),
		  EINVAL);
	memset(big, '(', 200);
	memset(big + 200, ')', 200);
	big[400] = '\0';
	CHECK_INT(route_regex_alloc(&rx, engine, big, why, sizeof(why)),
		  EINVAL);
	mem_deref(engine);
}

static void groups_are_counted(void)
{
	struct route_engine *engine = NULL;
	struct route_regex *rx = NULL;
	char why[200];

	REQUIRE(!route_engine_alloc(&engine));
	REQUIRE(!route_regex_alloc(&rx, engine, "(a)(?:b)(c(d))", why,
				   sizeof(why)));
	CHECK_INT(route_regex_groups(rx), 3);
	mem_deref(rx);
	mem_deref(engine);
}

static void memory_may_end_anywhere(void)
{
	struct route_captures got;

	(void)match("(a+)(b*)", "aab", &got);
}

TEST_MAIN(TEST(pattern_is_for_the_whole_text),
	  TEST(captures_are_parts_of_the_text),
	  TEST(more_groups_than_room_are_left_out), TEST(start_may_be_moved),
	  TEST(look_at_the_first_byte_hides_no_match),
	  TEST(evil_patterns_give_up_in_bounded_time),
	  TEST(deep_recursion_gives_up), TEST(broken_patterns_are_named),
	  TEST(verbs_are_refused), TEST(huge_patterns_are_refused), TEST(groups_are_counted),
	  TEST_OOM(memory_may_end_anywhere))
