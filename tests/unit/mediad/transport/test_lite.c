/*
 * test_lite.c  The ICE-lite agent: checks, pairs, restart, consent, abuse
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/transport/lite.h"
#include "mediad/transport/lite_stun.h"
#include "tests/lib/test.h"

enum {
	PRIO = 0x7e0001ff
};

/* What a browser's check looks like; zeroed members are the usual. */
struct shape {
	const char *remote; /* NULL: "Brow" */
	const char *pwd;    /* NULL: the right one */
	const char *user;   /* NULL: local:remote */
	uint16_t extra;     /* a further attribute */
	uint32_t priority;  /* 0: PRIO */
	bool nominate, controlled, no_mi, indication;
};

static size_t make_check(uint8_t msg[512], const struct lite_creds *creds,
			 const struct shape *sh)
{
	static const uint8_t tid[LITE_STUN_TID] = "abcdefghijk";
	struct lite_stun_out out = {.msg = msg, .cap = 512};
	const char *pwd = sh->pwd ? sh->pwd : creds->pwd;
	uint32_t prio = htonl(sh->priority ? sh->priority : PRIO);
	uint8_t tie[8] = {1};
	char user[300];

	re_snprintf(user, sizeof(user), "%s:%s", creds->ufrag,
		    sh->remote ? sh->remote : "Brow");
	if (sh->user)
		str_ncpy(user, sh->user, sizeof(user));

	lite_stun_begin(&out, sh->indication ? 0x0011 : LITE_STUN_REQUEST, tid);
	if (user[0])
		lite_stun_attr(&out, 0x0006, user, strlen(user));
	lite_stun_attr(&out, 0x0024, &prio, 4);
	lite_stun_attr(&out, sh->controlled ? 0x8029 : 0x802a, tie, 8);
	if (sh->nominate)
		lite_stun_attr(&out, 0x0025, NULL, 0);
	if (sh->extra)
		lite_stun_attr(&out, sh->extra, "abc", 3);
	return lite_stun_end(&out, sh->no_mi ? NULL : pwd);
}

struct source {
	const char *ip;
	uint16_t port;
	uint64_t now_ms;
};

static struct lite_result check_with(struct lite *lite,
				     const struct lite_creds *creds,
				     const struct source *from,
				     const struct shape *sh)
{
	struct lite_check chk = {.now_ms = from->now_ms};
	struct lite_result res;
	uint8_t msg[512];

	sa_set_str(&chk.src, from->ip, from->port);
	chk.msg = msg;
	chk.len = make_check(msg, creds, sh);
	lite_recv(lite, &chk, &res);
	return res;
}

static struct lite_result check(struct lite *lite, const struct source *from,
				const struct shape *sh)
{
	return check_with(lite, lite_local(lite), from, sh);
}

static int reply_code(const struct lite_result *res)
{
	struct lite_stun st;

	if (!res->len || lite_stun_read(&st, res->reply, res->len))
		return -1;
	return st.type == LITE_STUN_SUCCESS ? 200 : st.code;
}

static void set_remote(struct lite *lite, const char *ufrag)
{
	struct pl pl;

	pl_set_str(&pl, ufrag);
	CHECK_INT(lite_remote(lite, &pl), 0);
}

static struct lite *agent(void)
{
	struct lite *lite = NULL;

	if (!lite_alloc(&lite, 1, 1000))
		set_remote(lite, "Brow");
	return lite;
}

static bool selected_is(const struct lite *lite, uint16_t port)
{
	struct sa peer;
	uint8_t sock;

	return lite_selected(lite, &peer, &sock) && sa_port(&peer) == port;
}

static const struct source home = {"192.0.2.10", 5000, 2000};

/* --- what is right --------------------------------------------------------------- */

static void a_valid_check_is_answered_with_its_source(void)
{
	struct lite *lite = agent();
	struct lite_result res;
	struct lite_stun st;
	struct sa src;

	if (!lite)
		return;
	res = check(lite, &home, &(struct shape){0});
	CHECK_INT(res.verdict, LITE_VALID);
	CHECK(res.added && !res.evicted && !res.old_ended);
	CHECK(!lite_stun_read(&st, res.reply, res.len));
	CHECK_INT(st.type, LITE_STUN_SUCCESS);
	CHECK(st.fingerprint);
	CHECK(lite_stun_authentic(&st, res.reply, lite_local(lite)->pwd));
	CHECK(!memcmp(st.tid, "abcdefghijk", 12));
	sa_set_str(&src, home.ip, home.port);
	CHECK(sa_cmp(&st.mapped, &src, SA_ALL));
	CHECK(lite_is_valid(lite, &src, 0));
	CHECK(!lite_is_valid(lite, &src, 1));
	CHECK(!selected_is(lite, 5000));
	mem_deref(lite);
}

static void regular_nomination_selects(void)
{
	struct lite *lite = agent();
	struct lite_result res;

	check(lite, &home, &(struct shape){0});
	res = check(lite, &home, &(struct shape){.nominate = true});
	CHECK_INT(res.verdict, LITE_SELECTED);
	CHECK(!res.added);
	CHECK(selected_is(lite, 5000));
	res = check(lite, &home, &(struct shape){.nominate = true});
	CHECK_INT(res.verdict, LITE_VALID);
	mem_deref(lite);
}

static void aggressive_nomination_takes_the_best(void)
{
	struct lite *lite = agent();
	struct source a = {"192.0.2.10", 5001, 2000};
	struct source b = {"192.0.2.10", 5002, 2010};
	struct source c = {"192.0.2.10", 5003, 2020};
	struct shape sh = {.nominate = true, .priority = 100};

	check(lite, &a, &sh);
	sh.priority = 300;
	check(lite, &b, &sh);
	CHECK(selected_is(lite, 5002));
	sh.priority = 200;
	check(lite, &c, &sh);
	CHECK(selected_is(lite, 5002));
	mem_deref(lite);
}

static void a_roaming_peer_is_followed(void)
{
	struct lite *lite = agent();
	struct source lte = {"198.51.100.9", 6000, 60000};
	struct shape sh = {.nominate = true, .priority = 500};
	struct lite_result res;

	check(lite, &home, &sh);
	sh.priority = 100; /* a worse network */
	res = check(lite, &lte, &sh);
	CHECK_INT(res.verdict, LITE_SELECTED);
	CHECK(selected_is(lite, 6000));
	CHECK_INT(lite_heard_ms(lite), 60000);
	mem_deref(lite);
}

static void a_check_may_come_before_the_answer(void)
{
	struct lite *lite = NULL;
	struct lite_result res;

	REQUIRE(!lite_alloc(&lite, 1, 0));
	res = check(lite, &home, &(struct shape){.remote = "early"});
	CHECK_INT(res.verdict, LITE_VALID);
	set_remote(lite, "other");
	res = check(lite, &home, &(struct shape){.remote = "early"});
	CHECK_INT(res.verdict, LITE_REFUSED);
	CHECK_INT(reply_code(&res), 401);
	mem_deref(lite);
}

static void ipv6_sources_are_pairs_too(void)
{
	struct lite *lite = agent();
	struct source v6 = {"2001:db8::5", 7000, 2000};
	struct lite_result res;

	res = check(lite, &v6, &(struct shape){.nominate = true});
	CHECK_INT(res.verdict, LITE_SELECTED);
	CHECK_INT(reply_code(&res), 200);
	mem_deref(lite);
}

/* --- consent ------------------------------------------------------------------------ */

static void consent_is_that_of_the_selected_pair(void)
{
	struct lite *lite = agent();
	struct source other = {"192.0.2.99", 5009, 9000};
	struct source again = home;

	CHECK_INT(lite_heard_ms(lite), 1000);
	check(lite, &home, &(struct shape){.nominate = true});
	CHECK_INT(lite_heard_ms(lite), 2000);
	check(lite, &other, &(struct shape){0});
	CHECK_INT(lite_heard_ms(lite), 2000);
	again.now_ms = 12000;
	check(lite, &again, &(struct shape){.pwd = "wrong wrong wrong wrong"});
	CHECK_INT(lite_heard_ms(lite), 2000);
	check(lite, &again, &(struct shape){0});
	CHECK_INT(lite_heard_ms(lite), 12000);
	mem_deref(lite);
}

/* --- restart -------------------------------------------------------------------------- */

static void a_restart_keeps_the_old_until_the_new_is_selected(void)
{
	struct lite *lite = agent();
	struct lite_creds old = *lite_local(lite), ended;
	struct source moved = {"192.0.2.20", 5050, 9000};
	struct lite_result res;

	check(lite, &home, &(struct shape){.nominate = true});
	lite_restart(lite, &ended);
	set_remote(lite, "New1");
	CHECK(!ended.ufrag[0]);
	CHECK(strcmp(old.ufrag, lite_local(lite)->ufrag));
	CHECK(lite_former(lite));

	res = check_with(lite, &old, &home, &(struct shape){0});
	CHECK_INT(res.verdict, LITE_VALID);
	CHECK(selected_is(lite, 5000));
	/* the remote parts belong to their generation */
	res = check(lite, &moved, &(struct shape){0});
	CHECK_INT(res.verdict, LITE_REFUSED);
	res = check(lite, &moved, &(struct shape){.remote = "New1"});
	CHECK_INT(res.verdict, LITE_VALID);
	CHECK(selected_is(lite, 5000) && !res.old_ended);

	res = check(lite, &moved,
		    &(struct shape){.remote = "New1", .nominate = true});
	CHECK_INT(res.verdict, LITE_SELECTED);
	CHECK(selected_is(lite, 5050) && res.old_ended);
	CHECK_STR(res.old.ufrag, old.ufrag);
	CHECK(!lite_former(lite));
	res = check_with(lite, &old, &home, &(struct shape){0});
	CHECK_INT(res.verdict, LITE_REFUSED);
	mem_deref(lite);
}

static void a_restart_on_the_same_address_ends_the_old(void)
{
	struct lite *lite = agent();
	struct lite_creds ended;
	struct lite_result res;

	check(lite, &home, &(struct shape){.nominate = true});
	lite_restart(lite, &ended);
	set_remote(lite, "New1");
	res = check(lite, &home,
		    &(struct shape){.remote = "New1", .nominate = true});
	CHECK_INT(res.verdict, LITE_SELECTED);
	CHECK(res.old_ended && !res.added);
	mem_deref(lite);
}

static void a_second_restart_ends_the_one_between(void)
{
	struct lite *lite = agent();
	struct lite_creds first = *lite_local(lite), second, ended;

	check(lite, &home, &(struct shape){.nominate = true});
	lite_restart(lite, &ended);
	second = *lite_local(lite);
	lite_restart(lite, &ended);
	CHECK_STR(ended.ufrag, second.ufrag);
	CHECK_STR(lite_former(lite)->ufrag, first.ufrag);
	mem_deref(lite);
}

static void credentials_are_random_ice_chars(void)
{
	struct lite *a = agent(), *b = agent();

	CHECK_INT(strlen(lite_local(a)->ufrag), LITE_UFRAG_LEN);
	CHECK_INT(strlen(lite_local(a)->pwd), LITE_PWD_LEN);
	CHECK(strcmp(lite_local(a)->ufrag, lite_local(b)->ufrag));
	CHECK(strcmp(lite_local(a)->pwd, lite_local(b)->pwd));
	mem_deref(a);
	mem_deref(b);
}

static void remote_ufrags_have_their_syntax(void)
{
	struct lite *lite = agent();
	char text[300];
	struct pl pl;

	pl_set_str(&pl, "abc");
	CHECK_INT(lite_remote(lite, &pl), EINVAL);
	pl_set_str(&pl, "ab:cd");
	CHECK_INT(lite_remote(lite, &pl), EINVAL);
	memset(text, 'x', sizeof(text));
	pl.p = text;
	pl.l = 256;
	CHECK_INT(lite_remote(lite, &pl), 0);
	CHECK(!lite_remote_differs(lite, &pl));
	pl.l = 257;
	CHECK_INT(lite_remote(lite, &pl), EINVAL);
	CHECK(lite_remote_differs(lite, &pl));
	mem_deref(lite);
}

/* --- what is wrong --------------------------------------------------------------------- */

struct wrong {
	struct shape shape;
	int code; /* -1: no answer */
};

static void what_is_wrong_makes_no_state(void)
{
	static const struct wrong wrongs[] = {
		{{.pwd = "nothisnothisnothisnothis"}, 401},
		{{.user = "nobodyhome12:Brow"}, 401},
		{{.user = "nocolon"}, 401},
		{{.user = ":"}, 401},
		{{.no_mi = true}, 400},
		{{.user = ""}, 400},
		{{.extra = 0x7ffe}, 420},
		{{.controlled = true}, 487},
		{{.controlled = true, .nominate = true}, 487},
		{{.indication = true}, -1},
	};

	for (unsigned i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct lite *lite = agent();
		struct lite_result res;
		struct sa src;

		sa_set_str(&src, home.ip, home.port);
		res = check(lite, &home, &wrongs[i].shape);
		CHECK(res.verdict <= LITE_REFUSED);
		CHECK_INT(reply_code(&res), wrongs[i].code);
		CHECK(!lite_is_valid(lite, &src, 0) && !res.added);
		CHECK_INT(lite_heard_ms(lite), 1000);
		mem_deref(lite);
	}
}

static void an_unknown_attribute_is_named_in_the_answer(void)
{
	struct lite *lite = agent();
	struct lite_result res;
	static const uint8_t want[] = {0, 0x0a, 0, 2, 0x7f, 0xfe};
	bool found = false;
	struct lite_stun st;

	res = check(lite, &home, &(struct shape){.extra = 0x7ffe});
	for (size_t i = 20; i + sizeof(want) <= res.len; i += 4)
		found |= !memcmp(res.reply + i, want, sizeof(want));
	CHECK(found);
	REQUIRE(!lite_stun_read(&st, res.reply, res.len));
	CHECK(lite_stun_authentic(&st, res.reply, lite_local(lite)->pwd));
	mem_deref(lite);
}

static void answers_to_strangers_are_few_and_never_larger(void)
{
	struct lite *lite = agent();
	unsigned answers = 0;
	uint8_t msg[512];
	struct shape bad = {.pwd = "x"};
	size_t len = make_check(msg, lite_local(lite), &bad);

	for (unsigned i = 0; i < 10000; i++) {
		struct lite_result res = check(lite, &home, &bad);

		answers += res.len > 0;
		CHECK(res.len <= len);
	}
	CHECK(answers <= 10);
	/* the rightful peer is not starved by them */
	CHECK_INT(check(lite, &home, &(struct shape){0}).verdict, LITE_VALID);
	mem_deref(lite);
}

/* All in the same moment. */
static void strangers_leave_the_peer_its_error_answers(void)
{
	struct shape conflict = {.controlled = true}, odd = {.extra = 0x7ffe};
	struct lite *lite = agent();
	struct lite_result res;

	for (unsigned i = 0; i < 100; i++)
		(void)check(lite, &home, &(struct shape){.pwd = "x"});
	for (unsigned i = 0; i < 20; i++) {
		res = check(lite, &home, &conflict);
		CHECK_INT(reply_code(&res), 487);
		res = check(lite, &home, &odd);
		CHECK_INT(reply_code(&res), 420);
	}
	mem_deref(lite);
}

static void a_minimal_request_gets_no_larger_answer(void)
{
	static const uint8_t tid[LITE_STUN_TID] = {0};
	struct lite *lite = agent();
	struct lite_check chk = {.now_ms = 1};
	struct lite_result res;
	uint8_t msg[64];
	struct lite_stun_out out = {.msg = msg, .cap = sizeof(msg)};

	lite_stun_begin(&out, LITE_STUN_REQUEST, tid);
	chk.msg = msg;
	chk.len = lite_stun_end(&out, NULL);
	sa_set_str(&chk.src, home.ip, 1);
	lite_recv(lite, &chk, &res);
	CHECK_INT(res.verdict, LITE_REFUSED);
	CHECK_INT(res.len, 0);
	mem_deref(lite);
}

static void the_table_is_bounded_and_keeps_the_selected(void)
{
	struct lite *lite = agent();
	struct source from = home;
	unsigned evicted = 0;

	check(lite, &home, &(struct shape){.nominate = true});
	for (unsigned i = 1; i <= 100; i++) {
		struct lite_result res;

		from.port = (uint16_t)(6000 + i);
		from.now_ms += 1;
		res = check(lite, &from, &(struct shape){0});
		CHECK(res.added);
		evicted += res.evicted;
		if (res.evicted)
			CHECK(sa_port(&res.gone) != 5000);
	}
	CHECK_INT(evicted, 100 - (LITE_PAIRS_MAX - 1));
	CHECK(selected_is(lite, 5000));
	mem_deref(lite);
}

static void the_route_is_the_local_part(void)
{
	struct lite *lite = agent();
	uint8_t msg[512];
	struct pl ufrag;
	size_t len = make_check(msg, lite_local(lite), &(struct shape){0});

	CHECK_INT(lite_route(&ufrag, msg, len), 0);
	CHECK(!pl_strcmp(&ufrag, lite_local(lite)->ufrag));
	msg[len - 1] ^= 1;
	CHECK_INT(lite_route(&ufrag, msg, len), EBADMSG);
	len = make_check(msg, lite_local(lite),
			 &(struct shape){.indication = true});
	CHECK_INT(lite_route(&ufrag, msg, len), EBADMSG);
	mem_deref(lite);
}

/* --- the state file ---------------------------------------------------------------------- */

static void a_state_comes_back_whole(void)
{
	struct lite *lite = agent(), *heir = NULL;
	struct source v6 = {"2001:db8::5", 7000, 2100};
	struct lite_state state, again;
	struct lite_creds ended;
	struct sa peer;
	uint8_t sock;

	check(lite, &home, &(struct shape){0});
	check(lite, &v6, &(struct shape){.nominate = true});
	lite_restart(lite, &ended);
	set_remote(lite, "New1");
	lite_export(lite, &state);
	REQUIRE(!lite_import(&heir, &state, 50000));
	CHECK(selected_is(heir, 7000));
	CHECK(lite_pair(heir, 0, &peer, &sock) && sa_port(&peer) == 5000);
	CHECK_INT(lite_heard_ms(heir), 50000);
	lite_export(heir, &again);
	CHECK(!memcmp(&state, &again, sizeof(state)));
	v6.now_ms = 51000;
	CHECK_INT(check_with(heir, lite_former(heir), &v6, &(struct shape){0})
			  .verdict,
		  LITE_VALID);
	mem_deref(lite);
	mem_deref(heir);
}

static void unsound_states_are_refused(void)
{
	struct lite *lite = agent(), *heir = NULL;
	struct lite_state good, bad;

	check(lite, &home, &(struct shape){.nominate = true});
	lite_export(lite, &good);
	bad = good;
	bad.selected = 3;
	CHECK_INT(lite_import(&heir, &bad, 1), EBADMSG);
	bad = good;
	bad.selected = 100;
	CHECK_INT(lite_import(&heir, &bad, 1), EBADMSG);
	bad = good;
	bad.cur.local.ufrag[3] = 0;
	CHECK_INT(lite_import(&heir, &bad, 1), EBADMSG);
	bad = good;
	memset(bad.cur.remote, 'a', sizeof(bad.cur.remote));
	CHECK_INT(lite_import(&heir, &bad, 1), EBADMSG);
	bad = good;
	bad.pairs[0].family = 9;
	CHECK_INT(lite_import(&heir, &bad, 1), EBADMSG);
	bad = good;
	bad.pairs[0].port = 0;
	CHECK_INT(lite_import(&heir, &bad, 1), EBADMSG);
	bad = good;
	bad.pairs[2] = bad.pairs[0];
	CHECK_INT(lite_import(&heir, &bad, 1), EBADMSG);
	CHECK(!heir);
	mem_deref(lite);
}

static void an_ufrag_tells_its_worker(void)
{
	static const char *const others[] = {"", "AB", "ABaaaaaaaaa",
					     "EBaaaaaaaaaa", "A\"aaaaaaaaaa"};

	for (unsigned slot = 0; slot < 256; slot++) {
		struct lite_creds ended;
		struct lite *lite = NULL;
		struct pl ufrag;

		REQUIRE(!lite_alloc(&lite, (uint8_t)slot, 0));
		pl_set_str(&ufrag, lite_local(lite)->ufrag);
		CHECK_INT(lite_slot(&ufrag), slot);
		lite_restart(lite, &ended);
		CHECK_INT(lite_slot(&ufrag), slot);
		mem_deref(lite);
	}
	for (size_t i = 0; i < COUNTOF(others); i++) {
		struct pl ufrag;

		pl_set_str(&ufrag, others[i]);
		CHECK_INT(lite_slot(&ufrag), -1);
	}
}

TEST_MAIN(TEST(an_ufrag_tells_its_worker), TEST_OOM(a_valid_check_is_answered_with_its_source),
	  TEST(regular_nomination_selects),
	  TEST(aggressive_nomination_takes_the_best),
	  TEST(a_roaming_peer_is_followed),
	  TEST(a_check_may_come_before_the_answer),
	  TEST(ipv6_sources_are_pairs_too),
	  TEST(consent_is_that_of_the_selected_pair),
	  TEST(a_restart_keeps_the_old_until_the_new_is_selected),
	  TEST(a_restart_on_the_same_address_ends_the_old),
	  TEST(a_second_restart_ends_the_one_between),
	  TEST(credentials_are_random_ice_chars),
	  TEST(remote_ufrags_have_their_syntax),
	  TEST(what_is_wrong_makes_no_state),
	  TEST(an_unknown_attribute_is_named_in_the_answer),
	  TEST(answers_to_strangers_are_few_and_never_larger),
	  TEST(strangers_leave_the_peer_its_error_answers),
	  TEST(a_minimal_request_gets_no_larger_answer),
	  TEST(the_table_is_bounded_and_keeps_the_selected),
	  TEST(the_route_is_the_local_part), TEST(a_state_comes_back_whole),
	  TEST(unsound_states_are_refused))
