/*
 * test_media_sdes.c  Legs with keys in their SDP through the sessions of a
 *                    worker (RFC 4568, RFC 8643)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/session/state_file.h"
#include "mediad/transport/hub.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";
static const char usual[] = "AES_CM_128_HMAC_SHA1_80";

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	return path;
}

static const struct leg_figures *figures(struct media_bed *bed, uint8_t leg)
{
	static struct session_figures found;

	if (session_query(bed->table, S, &found))
		return NULL;
	for (size_t i = 0; i < found.nlegs; i++)
		if (found.legs[i].leg == leg)
			return &found.legs[i];
	return NULL;
}

static void fault_free(const struct packet_check *check)
{
	const char *fault = packet_check_fault(check);

	if (!CHECK(fault == NULL))
		printf("# %s\n", fault);
}

static uint32_t ports_free(const struct media_bed *bed)
{
	uint32_t count, nfree;

	hub_ports(bed->rtp_env.hub, &count, &nfree);
	return nfree;
}

struct call {
	struct media_bed bed;
	struct media_page *page;
	struct media_phone *phone;
};

static bool call_open(struct call *call, const char *state, const char *suite)
{
	memset(call, 0, sizeof(*call));
	if (!CHECK(media_bed_open(&call->bed, state) == 0))
		return false;
	call->page = media_page_open(&call->bed);
	call->phone = media_phone_open(&call->bed);
	if (!CHECK(call->page && call->phone))
		return false;
	media_page_narrow(call->page);
	call->phone->profile = SDPM_SDES;
	call->phone->keys.suite = suite;
	pl_set_str(&call->phone->terms.suites,
		   "AES_CM_128_HMAC_SHA1_80,AES_CM_128_HMAC_SHA1_32,"
		   "AES_256_CM_HMAC_SHA1_80,AES_256_CM_HMAC_SHA1_32,"
		   "AEAD_AES_128_GCM,AEAD_AES_256_GCM");
	return true;
}

/* A page calls the phone. */
static bool call_up(struct call *call)
{
	struct media_bed *bed = &call->bed;
	struct mbuf *mb = mbuf_alloc(2048);
	bool ok;

	CHECK_INT(media_remote(bed, S, 1, false,
			       media_page_sdp(call->page, false), NULL),
		  0);
	CHECK_INT(media_phone_called(call->phone, S, 2), 0);
	CHECK_INT(session_leg_join(bed->table, S, 1, 2, NULL), 0);
	CHECK_INT(media_local(bed, S, 1, true, mb, NULL), 0);
	CHECK_INT(media_page_take(call->page, (char *)mb->buf, mb->end), 0);
	ok = CHECK(media_bed_ready(bed));
	mem_deref(mb);
	return ok;
}

static void call_close(struct call *call)
{
	media_bed_close(&call->bed);
}

static bool says(const struct call *call, const char *line)
{
	return strstr(call->phone->sdp, line) != NULL;
}

/* Both directions, for a second. */
static bool both_hear(struct call *call)
{
	uint32_t page, phone;

	media_bed_run(&call->bed, 60);
	page = call->page->heard;
	phone = call->phone->heard;
	media_bed_run(&call->bed, 1000);
	return call->page->heard - page >= 49 &&
	       call->phone->heard - phone >= 49;
}

static void each_suite_is_heard_by_another_implementation(void)
{
	static const char *const suites[] = {"AES_CM_128_HMAC_SHA1_80",
					     "AES_CM_128_HMAC_SHA1_32",
					     "AES_256_CM_HMAC_SHA1_80",
					     "AES_256_CM_HMAC_SHA1_32",
					     "AEAD_AES_128_GCM",
					     "AEAD_AES_256_GCM"};

	for (size_t i = 0; i < COUNTOF(suites); i++) {
		struct call call;

		if (call_open(&call, NULL, suites[i]) && call_up(&call)) {
			CHECK(says(&call, " RTP/SAVP 8"));
			media_bed_run(&call.bed, 12000);
			CHECK(both_hear(&call));
			fault_free(&call.page->check);
			fault_free(&call.phone->check);
			CHECK_INT(packet_check_lost(&call.page->check), 0);
			CHECK_INT(packet_check_lost(&call.phone->check), 0);
			CHECK_INT(call.phone->keys.unreadable, 0);
			CHECK(call.phone->heard_rtcp >= 1);
			CHECK_STR(figures(&call.bed, 2)->secured, suites[i]);
			CHECK_INT(figures(&call.bed, 2)->profile, SDPM_SDES);
			CHECK_INT(figures(&call.bed, 2)->stats.refused_in, 0);
			CHECK_INT(session_drop(call.bed.table, S), 0);
			CHECK_INT(ports_free(&call.bed), 200);
		}
		call_close(&call);
	}
}

static void reports_are_secured_both_ways(void)
{
	static const uint8_t rr[8] = {0x80, 201, 0, 1, 1, 2, 3, 4};
	struct call call;

	if (call_open(&call, NULL, usual) && call_up(&call)) {
		CHECK(both_hear(&call));
		call.phone->sending = false;
		for (unsigned i = 0; i < 4; i++) {
			media_bed_run(&call.bed, 50000);
			media_phone_report(call.phone, rr, sizeof(rr));
		}
		CHECK_INT(call.bed.nlost, 0);
		/* in clear they are no sign of life */
		media_bed_run(&call.bed, 50000);
		media_phone_send_raw(call.phone, true, rr, sizeof(rr));
		media_bed_run(&call.bed, 12000);
		CHECK_INT(call.bed.nlost, 1);
	}
	call_close(&call);
}

static void a_phone_with_keys_calls(void)
{
	struct call call;

	if (call_open(&call, NULL, usual)) {
		call.phone->keys.tag = 7;
		CHECK_INT(media_phone_offers(call.phone, S, 1), 0);
		CHECK_INT(media_page_called(call.page, S, 2), 0);
		CHECK_INT(session_leg_join(call.bed.table, S, 1, 2, NULL), 0);
		CHECK_INT(media_phone_gets(call.phone, S, 1, true), 0);
		CHECK(says(&call, "a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline"));
		CHECK(media_bed_ready(&call.bed));
		CHECK(both_hear(&call));
		/* who tells it again (18x, 200) tells the same */
		CHECK_INT(media_phone_gets(call.phone, S, 1, true), 0);
		CHECK_INT(call.phone->keys.changes, 1);
	}
	call_close(&call);
}

/* --- what is not under the key ----------------------------------------------------- */

static void another_key_is_silence_and_counted(void)
{
	struct call call;

	if (call_open(&call, NULL, usual) && call_up(&call)) {
		uint32_t heard;

		CHECK(both_hear(&call));
		heard = call.page->heard;
		phone_keys_renew(&call.phone->keys);
		phone_keys_settle(&call.phone->keys);
		media_bed_run(&call.bed, 2000);
		CHECK(call.page->heard <= heard + 2);
		CHECK(figures(&call.bed, 2)->stats.refused_in >= 98);
		CHECK(hub_stats(call.bed.rtp_env.hub)->bad_auth >= 98);
		CHECK_INT(call.bed.nlost, 0);
	}
	call_close(&call);
}

/* Nothing moves the source but what is under the key. */
static void strangers_do_not_move_the_source(void)
{
	struct call call;

	if (call_open(&call, NULL, usual)) {
		struct media_phone *thief = media_phone_open(&call.bed);

		thief->sending = false;
		call.phone->terms.source = SOURCE_NETWORK;
		pl_set_str(&call.phone->terms.networks, "127.0.0.0/8");
		call.phone->sending = false;
		if (call_up(&call)) {
			uint32_t heard;

			thief->peer[0] = call.phone->peer[0];
			thief->peer[1] = call.phone->peer[1];
			for (unsigned i = 0; i < 50; i++) {
				media_phone_send(thief, 8, "12345678", 8);
				media_bed_run(&call.bed, 20);
			}
			CHECK_INT(thief->heard, 0);
			call.phone->sending = true;
			CHECK(both_hear(&call));
			/* with a key of its own, while the phone is silent */
			thief->keys.suite = usual;
			phone_keys_settle(&thief->keys);
			call.phone->sending = false;
			media_bed_run(&call.bed, 1500);
			heard = call.page->heard;
			for (unsigned i = 0; i < 50; i++) {
				media_phone_send(thief, 8, "12345678", 8);
				media_bed_run(&call.bed, 20);
			}
			CHECK_INT(thief->heard + thief->keys.unreadable, 0);
			CHECK_INT(call.page->heard, heard);
			call.phone->sending = true;
			CHECK(both_hear(&call));
		}
	}
	call_close(&call);
}

static void what_comes_again_is_not_heard_again(void)
{
	struct call call;

	if (call_open(&call, NULL, usual) && call_up(&call)) {
		struct phone_keys *keys = &call.phone->keys;
		uint8_t pkt[64] = {0x80, 8};
		size_t len = 40;
		uint32_t heard;

		CHECK(both_hear(&call));
		call.phone->sending = false;
		pkt[2] = (uint8_t)(call.phone->seq >> 8);
		pkt[3] = (uint8_t)call.phone->seq;
		pkt[8] = (uint8_t)(call.phone->ssrc >> 24);
		pkt[9] = (uint8_t)(call.phone->ssrc >> 16);
		pkt[10] = (uint8_t)(call.phone->ssrc >> 8);
		pkt[11] = (uint8_t)call.phone->ssrc;
		CHECK(phone_keys_seal(keys, false, pkt, &len));
		heard = call.page->heard;
		for (unsigned i = 0; i < 10; i++)
			media_phone_send_raw(call.phone, false, pkt, len);
		media_bed_run(&call.bed, 100);
		CHECK(call.page->heard <= heard + 2);
		CHECK(figures(&call.bed, 2)->stats.dups_in >= 9);
	}
	call_close(&call);
}

/* --- keys change -------------------------------------------------------------------- */

static void hold_and_resume_keep_the_keys(void)
{
	struct call call;

	if (call_open(&call, NULL, usual) && call_up(&call)) {
		CHECK(both_hear(&call));
		call.phone->dir = "sendonly";
		CHECK_INT(media_phone_calls(call.phone, S, 2), 0);
		CHECK(says(&call, "a=recvonly"));
		media_bed_run(&call.bed, 3000);
		call.phone->dir = NULL;
		CHECK_INT(media_phone_calls(call.phone, S, 2), 0);
		CHECK(both_hear(&call));
		/* the worker offers */
		CHECK_INT(media_phone_called(call.phone, S, 2), 0);
		CHECK(both_hear(&call));
		CHECK_INT(call.phone->keys.changes, 1);
		CHECK_INT(call.phone->keys.unreadable, 0);
		fault_free(&call.page->check);
		fault_free(&call.phone->check);
	}
	call_close(&call);
}

/* RFC 4568, 7.1.4: another key is a new begin for both, ROC 0, and what is on
 * its way under the old one is heard. */
static void a_reoffer_with_another_key_loses_nothing(void)
{
	struct call call;

	if (call_open(&call, NULL, usual) && call_up(&call)) {
		/* past the first wraps */
		media_bed_run(&call.bed, 1400000);
		CHECK(both_hear(&call));
		for (unsigned i = 0; i < 3; i++) {
			phone_keys_renew(&call.phone->keys);
			CHECK_INT(media_phone_offers(call.phone, S, 2), 0);
			media_bed_run(&call.bed, 100);
			CHECK_INT(media_phone_gets(call.phone, S, 2, true), 0);
			CHECK_INT(call.phone->keys.changes, i + 2);
			CHECK(both_hear(&call));
		}
		fault_free(&call.page->check);
		fault_free(&call.phone->check);
		CHECK_INT(packet_check_lost(&call.page->check), 0);
		CHECK(call.phone->keys.unreadable <= 3);
	}
	call_close(&call);
}

static void an_offer_that_is_refused_changes_no_key(void)
{
	struct call call;

	if (call_open(&call, NULL, usual) && call_up(&call)) {
		CHECK(both_hear(&call));
		call.phone->keys.params = " UNENCRYPTED_SRTP";
		CHECK_INT(media_phone_offers(call.phone, S, 2), ENOTSUP);
		CHECK(both_hear(&call));
		call.phone->keys.params = NULL;
		/* and one that is taken back */
		phone_keys_renew(&call.phone->keys);
		CHECK_INT(media_phone_offers(call.phone, S, 2), 0);
		CHECK_INT(session_leg_rollback(call.bed.table, S, 2), 0);
		CHECK(both_hear(&call));
		CHECK_INT(call.phone->keys.unreadable, 0);
	}
	call_close(&call);
}

/* Behind a PBX early media comes from one and the answer from another, with
 * a key and a suite of its own. */
static void another_one_picks_up_with_another_suite(void)
{
	struct call call;

	if (call_open(&call, NULL, "AES_256_CM_HMAC_SHA1_80") &&
	    call_up(&call)) {
		struct media_phone *other = media_phone_open(&call.bed);
		struct media_phone *first = call.phone;

		CHECK(both_hear(&call));
		first->sending = false;
		other->profile = SDPM_SDES;
		other->terms = first->terms;
		other->keys.suite = usual;
		CHECK_INT(media_phone_take(other, first->sdp,
					   strlen(first->sdp)),
			  0);
		CHECK_INT(media_phone_answers(other, S, 2), 0);
		call.phone = other;
		CHECK(both_hear(&call));
		CHECK_INT(other->keys.unreadable, 0);
		/* and back: no index is used twice under a key */
		call.phone = first;
		first->sending = true;
		other->sending = false;
		CHECK_INT(media_phone_answers(first, S, 2), 0);
		CHECK(both_hear(&call));
		CHECK_INT(first->keys.changes, 1);
	}
	call_close(&call);
}

/* A key that was offered and not in use begins when it is taken: who takes it
 * counts from ROC 0, however long ago the offer was. */
static void a_key_begins_when_it_is_taken(void)
{
	struct call call;

	if (call_open(&call, NULL, "AES_256_CM_HMAC_SHA1_80") &&
	    call_up(&call)) {
		struct media_phone *other = media_phone_open(&call.bed);
		struct media_phone *first = call.phone;

		other->sending = false;
		other->profile = SDPM_SDES;
		other->terms = first->terms;
		other->keys.suite = usual;
		CHECK_INT(media_phone_take(other, first->sdp,
					   strlen(first->sdp)),
			  0);
		/* past a wrap */
		media_bed_run(&call.bed, 1400000);
		CHECK(both_hear(&call));
		CHECK(first->keys.high >> 16 >= 1);
		first->sending = false;
		other->sending = true;
		call.phone = other;
		CHECK_INT(media_phone_answers(other, S, 2), 0);
		CHECK(both_hear(&call));
		CHECK_INT(other->keys.unreadable, 0);
		/* and who had the other one counts on, by a new key of its
		 * own */
		call.phone = first;
		phone_keys_renew(&first->keys);
		first->sending = true;
		other->sending = false;
		CHECK_INT(media_phone_answers(first, S, 2), 0);
		CHECK(both_hear(&call));
		CHECK_INT(first->keys.changes, 1);
		CHECK_INT(first->keys.unreadable, 0);
		CHECK(first->keys.high >> 16 >= 1);
	}
	call_close(&call);
}

/* The same of a re-offer; and what is in use goes on, over a worker's death
 * and another offer. */
static void a_key_of_a_reoffer_begins_when_it_is_taken(void)
{
	struct call call;
	size_t alive = 0;

	if (call_open(&call, file("taken"), "AES_256_CM_HMAC_SHA1_80") &&
	    call_up(&call)) {
		struct phone_keys *keys = &call.phone->keys;

		CHECK_INT(media_phone_gets(call.phone, S, 2, false), 0);
		media_bed_run(&call.bed, 1400000);
		keys->suite = usual;
		phone_keys_renew(keys);
		CHECK_INT(phone_keys_take(keys, call.phone->sdp), 0);
		CHECK_INT(media_phone_answers(call.phone, S, 2), 0);
		CHECK(both_hear(&call));
		CHECK_INT(media_bed_die(&call.bed, 150, &alive), 0);
		CHECK_INT(alive, 1);
		CHECK(both_hear(&call));
		CHECK_INT(media_phone_gets(call.phone, S, 2, false), 0);
		media_bed_run(&call.bed, 1400000);
		CHECK_INT(media_phone_answers(call.phone, S, 2), 0);
		CHECK(both_hear(&call));
		CHECK(keys->high >> 16 >= 1);
		fault_free(&call.page->check);
		fault_free(&call.phone->check);
	}
	call_close(&call);
}

/* --- keys or none -------------------------------------------------------------------- */

static void keys_that_may_be_taken_are_used_or_not(void)
{
	for (unsigned i = 0; i < 2; i++) {
		struct call call;

		if (!call_open(&call, NULL, i ? usual : NULL))
			continue;
		call.phone->profile = SDPM_OSRTP;
		call.phone->keys.proto = "RTP/AVP";
		if (call_up(&call)) {
			CHECK(says(&call, " RTP/AVP 8"));
			CHECK(says(&call, "a=crypto:1 "));
			CHECK(both_hear(&call));
			CHECK_INT(!figures(&call.bed, 2)->secured, !i);
			/* it learns to, or forgets */
			call.phone->keys.suite = i ? NULL : usual;
			CHECK_INT(media_phone_calls(call.phone, S, 2), 0);
			CHECK(both_hear(&call));
			CHECK_INT(!figures(&call.bed, 2)->secured, i);
		}
		call_close(&call);
	}
}

static void plain_rtp_is_not_heard_where_keys_are_due(void)
{
	struct call call;

	if (call_open(&call, NULL, usual) && call_up(&call)) {
		uint32_t heard;

		CHECK(both_hear(&call));
		heard = call.page->heard;
		call.phone->keys.suite = NULL;
		media_bed_run(&call.bed, 1000);
		CHECK(call.page->heard <= heard + 2);
		CHECK_INT(media_phone_offers(call.phone, S, 2), ENOTSUP);
	}
	call_close(&call);
}

/* --- the worker dies ---------------------------------------------------------------------- */

static void a_death_is_survived_with_the_same_keys(void)
{
	static const char *const suites[] = {"AES_CM_128_HMAC_SHA1_80",
					     "AEAD_AES_256_GCM"};

	for (size_t i = 0; i < COUNTOF(suites); i++) {
		struct call call;
		size_t alive = 0;

		if (call_open(&call, file("die"), suites[i]) &&
		    call_up(&call)) {
			media_bed_run(&call.bed, 7000);
			for (unsigned n = 0; n < 3; n++) {
				CHECK_INT(media_bed_die(&call.bed, 150, &alive),
					  0);
				CHECK_INT(alive, 1);
				media_bed_run(&call.bed, 6000);
			}
			CHECK(both_hear(&call));
			fault_free(&call.page->check);
			fault_free(&call.phone->check);
			CHECK(call.phone->check.max_gap_ms <= 250);
			CHECK(call.page->check.max_gap_ms <= 250);
			CHECK_INT(packet_check_lost(&call.phone->check), 0);
			CHECK_INT(call.phone->keys.unreadable, 0);
			/* what it is told again is what it knows */
			CHECK_INT(media_phone_calls(call.phone, S, 2), 0);
			CHECK_INT(call.phone->keys.changes, 1);
			CHECK(both_hear(&call));
			CHECK_INT(media_phone_called(call.phone, S, 2), 0);
			CHECK_INT(call.phone->keys.changes, 1);
			CHECK(both_hear(&call));
			CHECK_INT(session_drop(call.bed.table, S), 0);
			CHECK_INT(state_file_used(call.bed.state), 0);
			CHECK_INT(ports_free(&call.bed), 200);
		}
		call_close(&call);
	}
}

static void deaths_around_the_wraps_are_survived(void)
{
	struct call call;
	size_t alive = 0;

	if (call_open(&call, file("wrap"), usual) && call_up(&call)) {
		for (unsigned i = 0; i < 14; i++) {
			media_bed_run(&call.bed, 100000);
			CHECK_INT(media_bed_die(&call.bed, 100, &alive), 0);
			CHECK_INT(alive, 1);
		}
		CHECK(both_hear(&call));
		fault_free(&call.page->check);
		fault_free(&call.phone->check);
		CHECK(call.phone->keys.high >> 16 >= 1);
		CHECK_INT(call.phone->keys.unreadable, 0);
	}
	call_close(&call);
}

TEST_MAIN(TEST(each_suite_is_heard_by_another_implementation),
	  TEST(reports_are_secured_both_ways), TEST(a_phone_with_keys_calls),
	  TEST(another_key_is_silence_and_counted),
	  TEST(strangers_do_not_move_the_source),
	  TEST(what_comes_again_is_not_heard_again),
	  TEST(hold_and_resume_keep_the_keys),
	  TEST(a_reoffer_with_another_key_loses_nothing),
	  TEST(an_offer_that_is_refused_changes_no_key),
	  TEST(another_one_picks_up_with_another_suite),
	  TEST(a_key_begins_when_it_is_taken),
	  TEST(a_key_of_a_reoffer_begins_when_it_is_taken),
	  TEST(keys_that_may_be_taken_are_used_or_not),
	  TEST(plain_rtp_is_not_heard_where_keys_are_due),
	  TEST(a_death_is_survived_with_the_same_keys),
	  TEST(deaths_around_the_wraps_are_survived))
