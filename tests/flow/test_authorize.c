/*
 * test_authorize.c  Who sent this request: what is asked, what is accepted,
 *                   and what is not told
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "sigd/auth/guess.h"
#include "sigd/guard/alarm.h"
#include "tests/lib/proxy_bed.h"

/* MD5 of old:cordboard:old-secret */
#define OLD_MD5 "245bd9216c2f5c90c186ee51762e7c4e"

#define NO_MD5 "00000000000000000000000000000000"

static void routes_algs(const struct fixture *fix, char *text, size_t size)
{
	(void)fix;
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "      bob: {password: bob-secret, algorithms: SHA-256}\n"
		 "      old: {ha1_md5: %s}\n"
		 "    connections:\n"
		 "      hq: {kind: inbound, username: office, password: "
		 "office-secret, algorithms: [MD5]}\n"
		 "  plain:\n"
		 "    domains: [\"plain.test\"]\n"
		 "    realm: cordboard\n"
		 "    algorithms: MD5\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n",
		 OLD_MD5);
}

static bool begin(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_algs};

	return start_cfg(fix, &cfg);
}

/* The algorithms asked of who has no credentials yet, in order. */
static const char *asked(const char *resp)
{
	static char list[64];
	const char *p = resp;

	list[0] = '\0';
	while ((p = strstr(p, "algorithm="))) {
		p += strlen("algorithm=");
		snprintf(list + strlen(list), sizeof(list) - strlen(list),
			 "%s%.*s", list[0] ? " " : "",
			 (int)strcspn(p, ",\r"), p);
	}
	return list;
}

static const char *asked_of(struct fixture *fix, const char *user)
{
	static unsigned num = 100;

	put_register(fix, &fix->desk, 0, user, ++num, "");
	CHECK_INT(answer(fix, &fix->desk), 401);
	return asked(fix->desk.resp);
}

static void each_is_asked_for_what_it_can_answer(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_STR(asked_of(&fix, "alice"), "SHA-256 MD5");
		CHECK_STR(asked_of(&fix, "bob"), "SHA-256");
		CHECK_STR(asked_of(&fix, "old"), "MD5");
		CHECK_STR(asked_of(&fix, "office"), "MD5");
		CHECK_INT(register_user(&fix, &fix.alice, 0, "old-secret"),
			  200);
		CHECK_INT(register_user(&fix, &fix.pbx[0], 0, "office-secret"),
			  200);
	}
	stop(&fix);
}

/* The right password by an algorithm that is not offered. */
static void what_was_not_asked_for_is_not_right(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 0, "bob-secret"), 401);
		CHECK_STR(asked(fix.bob.resp), "SHA-256");
	}
	stop(&fix);
}

/* What stands in for a hash that is not there, anybody can write: it opens
 * nothing, neither for a name that is nobody's nor for one without a hash for
 * this algorithm. */
static void the_hash_of_nobody_opens_nothing(void)
{
	static const char *const names[] = {"nobody", "bob"};
	struct fixture fix;
	char auth[1024];

	if (begin(&fix)) {
		for (unsigned i = 0; i < 2; i++) {
			const char *const who[2] = {names[i], NO_MD5};

			put_register(&fix, &fix.desk, 0, names[i], 2 * i + 1,
				     "");
			CHECK_INT(answer(&fix, &fix.desk), 401);
			credentials_ha1(&fix.desk, "REGISTER", "sip:demo.test",
					who, auth);
			put_register(&fix, &fix.desk, 0, names[i], 2 * i + 2,
				     auth);
			CHECK_INT(answer(&fix, &fix.desk), 401);
		}
	}
	stop(&fix);
}

/* Of names that are not there some look like each user. */
static void a_name_that_is_not_there_looks_like_one_that_is(void)
{
	unsigned two = 0, sha = 0, md5_alone = 0;
	struct fixture fix;

	if (begin(&fix)) {
		for (unsigned i = 0; i < 40; i++) {
			char name[16], first[64];

			snprintf(name, sizeof(name), "nobody%u", i);
			strcpy(first, asked_of(&fix, name));
			CHECK_STR(asked_of(&fix, name), first);
			two += !strcmp(first, "SHA-256 MD5");
			sha += !strcmp(first, "SHA-256");
			md5_alone += !strcmp(first, "MD5");
		}
		CHECK_INT(two + sha + md5_alone, 40);
		CHECK(two && sha && md5_alone);
	}
	stop(&fix);
}

/* Anybody who has seen it: from elsewhere it is of no use, and from there only
 * once, at whichever worker. */
static void an_answer_is_good_once_and_from_one_place(void)
{
	struct fixture fix;
	char auth[1024];

	if (begin(&fix)) {
		put_register(&fix, &fix.alice, 0, "alice", 1, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
		credentials(&fix.alice, "REGISTER", "sip:demo.test",
			    "alice-secret", auth);
		put_register(&fix, &fix.alice, 0, "alice", 2, auth);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		put_register(&fix, &fix.alice, 0, "alice", 3, auth);
		CHECK_INT(answer(&fix, &fix.alice), 401);
		CHECK(strstr(fix.alice.resp, "stale=true"));
		/* he is asked once more, and not refused */
		CHECK(!strstr(fix.alice.resp, "Reason:"));
		put_register(&fix, &fix.alice, 1, "alice", 4, auth);
		CHECK_INT(answer(&fix, &fix.alice), 401);
		CHECK(strstr(fix.alice.resp, "stale=true"));
		put_register(&fix, &fix.desk, 0, "alice", 5, auth);
		CHECK_INT(answer(&fix, &fix.desk), 401);
		CHECK(strstr(fix.desk.resp, "stale=true"));
	}
	stop(&fix);
}

/* Over UDP anybody can write anybody's address, but does not see what goes
 * there: neither the challenge nor its nonce. */
static void who_has_not_seen_our_challenge_locks_nobody_out(void)
{
	static const char forged[] =
		"Authorization: Digest username=\"alice\", "
		"realm=\"cordboard\", nonce=\"made-up\", "
		"uri=\"sip:demo.test\", algorithm=MD5, qop=auth, "
		"nc=00000001, cnonce=\"c\", "
		"response=\"8ca523f5e9506fed4657c9700eebdbec\"\r\n";
	struct fixture fix;

	if (begin(&fix)) {
		for (unsigned i = 0; i < 2 * GUESS_FREE; i++) {
			put_register(&fix, &fix.desk, 0, "alice", 100 + i,
				     forged);
			CHECK_INT(answer(&fix, &fix.desk), 401);
			/* and that tells nothing of the password */
			CHECK(strstr(fix.desk.resp, "stale=true"));
		}
		CHECK_INT(register_user(&fix, &fix.alice, 0, "alice-secret"),
			  200);
	}
	stop(&fix);
}

static void guessing_is_told(void)
{
	struct fixture fix;
	char auth[1024], name[16], password[32];
	const uint64_t *alarms;

	if (begin(&fix)) {
		alarms = alarm_counts(fix.nodes[0].proxy->alarms);
		put_register(&fix, &fix.alice, 0, "alice", 1, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
		for (unsigned i = 0; i <= GUESS_NAMES; i++) {
			snprintf(name, sizeof(name), "n%u", i);
			snprintf(password, sizeof(password), "n%u-x", i);
			CHECK_INT(alarms[ALARM_GUESSING], 0);
			credentials(&fix.alice, "REGISTER", "sip:demo.test",
				    password, auth);
			put_register(&fix, &fix.alice, 0, name, i + 2, auth);
			CHECK_INT(answer(&fix, &fix.alice), 401);
		}
		CHECK_INT(alarms[ALARM_GUESSING], 1);
		/* this address waits, for any name */
		credentials(&fix.alice, "REGISTER", "sip:demo.test",
			    "alice-secret", auth);
		put_register(&fix, &fix.alice, 0, "alice", 99, auth);
		CHECK_INT(answer(&fix, &fix.alice), 403);
		/* at another worker it does not yet */
		put_register(&fix, &fix.alice, 1, "alice", 100, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
	}
	stop(&fix);
}

/* --- who is there ------------------------------------------------------------- */

enum {
	SAMPLES = 1000
};

/* Header names and what does not change from request to request. */
static void shape(const char *resp, char *out)
{
	char line[512];
	const char *end;

	for (*out = '\0'; (end = strstr(resp, "\r\n")); resp = end + 2) {
		snprintf(line, sizeof(line), "%.*s", (int)(end - resp), resp);
		if (!strncmp(line, "WWW-", 4)) {
			char *nonce = strstr(line, "nonce=\"");

			if (nonce)
				memset(nonce + 7, 'n',
				       strcspn(nonce + 7, "\""));
		} else {
			line[strcspn(line, ":")] = '\0';
		}
		strcat(strcat(out, line), "\n");
	}
}

static uint64_t micros(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* A wrong password for this name; microseconds until its answer. */
static uint64_t wrong(struct fixture *fix, const char *user, unsigned num,
		      char *looks)
{
	char auth[1024], password[64];
	uint64_t began;

	snprintf(password, sizeof(password), "%s-wrong", user);
	credentials(&fix->alice, "REGISTER", "sip:demo.test", password, auth);
	began = micros();
	put_register(fix, &fix->alice, 0, user, num, auth);
	CHECK_INT(answer(fix, &fix->alice), 401);
	began = micros() - began;
	shape(fix->alice.resp, looks);
	return began;
}

/* Times are printed; that the work is the same is in what is done for both:
 * one hash more or less would be 1 us. */
static void a_name_that_is_not_there_costs_the_same(void)
{
	uint64_t us[2] = {0, 0};
	char looks[2][TEXT_MAX];
	struct fixture fix;
	char other[6] = "alic?";
	unsigned num = 1;

	if (begin(&fix)) {
		/* nobody's, of those that look like alice's */
		for (other[4] = 'f'; other[4] < 'z'; other[4]++) {
			if (!strcmp(asked_of(&fix, other), "SHA-256 MD5"))
				break;
		}
		put_register(&fix, &fix.alice, 0, "alice", num, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
		for (unsigned i = 0; i < SAMPLES; i++) {
			/* guessing is made slow: that is not meant here */
			if (i % 4 == 0) {
				fix.nodes[0].proxy->guess =
					mem_deref(fix.nodes[0].proxy->guess);
				CHECK(!guess_alloc(&fix.nodes[0].proxy->guess,
						   64));
			}
			us[0] += wrong(&fix, "alice", ++num, looks[0]);
			us[1] += wrong(&fix, other, ++num, looks[1]);
		}
		printf("# %u samples each: known %.1f us, unknown %.1f us\n",
		       SAMPLES, (double)us[0] / SAMPLES,
		       (double)us[1] / SAMPLES);
		CHECK_STR(looks[0], looks[1]);
	}
	stop(&fix);
}

TEST_MAIN(TEST(each_is_asked_for_what_it_can_answer),
	  TEST(what_was_not_asked_for_is_not_right),
	  TEST(the_hash_of_nobody_opens_nothing),
	  TEST(a_name_that_is_not_there_looks_like_one_that_is),
	  TEST(an_answer_is_good_once_and_from_one_place),
	  TEST(who_has_not_seen_our_challenge_locks_nobody_out),
	  TEST(guessing_is_told),
	  TEST(a_name_that_is_not_there_costs_the_same))
