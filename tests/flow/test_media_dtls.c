/*
 * test_media_dtls.c  Who begins DTLS, and associations that follow one another
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/session/state_file.h"
#include "mediad/session/state_leg.h"
#include "mediad/transport/hub.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/mock_dtls.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	return path;
}

static void fault_free(const struct media_page *page)
{
	const char *fault = packet_check_fault(&page->check);

	if (!CHECK(fault == NULL))
		printf("# %s\n", fault);
	CHECK_INT(mock_media_stats(page->mock)->bad_srtp, 0);
}

/* Its echo comes back, all of it, for a second. */
static bool is_heard(struct media_bed *bed, struct media_page *page)
{
	uint32_t heard;

	media_bed_run(bed, 60);
	heard = page->heard;
	media_bed_run(bed, 1000);
	return page->heard - heard >= 49;
}

/* Does a leg, by its record, look for another association than it has? */
static bool seeks_another(const struct media_bed *bed)
{
	static struct state_leg st;
	const uint8_t *data;
	uint32_t rec = 0;
	bool seeks = false;
	size_t len;

	for (; !state_rec_next(bed->state, &rec); rec++) {
		CHECK_INT(state_rec_read(bed->state, rec, &data, &len), 0);
		CHECK_INT(state_leg_unpack(&st, data, len), 0);
		CHECK(st.resumable);
		seeks |= st.choice.profile == SDPM_BROWSER
				 ? st.path.web.dtls_open
				 : st.path.rtp.open;
	}
	return seeks;
}

/* --- browsers ------------------------------------------------------------------ */

static struct media_page *passive_page(struct media_bed *bed)
{
	struct media_page *page = media_page_open(bed);

	if (CHECK(page != NULL))
		media_page_passive(page);
	return page;
}

static void a_page_that_waits_is_called_by_dtls(void)
{
	for (unsigned offers = 0; offers < 2; offers++) {
		struct media_bed bed = {0};
		struct media_page *page;
		size_t alive = 0;

		REQUIRE(media_bed_open(&bed, file("passive")) == 0);
		page = passive_page(&bed);
		CHECK_INT(offers ? media_page_calls(page, S, 1)
				 : media_page_called(page, S, 1),
			  0);
		CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
		CHECK(strstr(page->sdp, offers ? "a=setup:active"
					       : "a=setup:actpass"));
		CHECK(media_bed_ready(&bed));
		CHECK(is_heard(&bed, page));
		/* the roles stay, also over a death */
		CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
		CHECK_INT(alive, 1);
		CHECK(is_heard(&bed, page));
		CHECK_INT(media_page_calls(page, S, 1), 0);
		CHECK(strstr(page->sdp, "a=setup:active"));
		CHECK(is_heard(&bed, page));
		fault_free(page);
		CHECK_INT(bed.nlost, 0);
		media_bed_close(&bed);
	}
}

/* Over a death the association is the same one, by whatever hash its
 * certificate was announced. */
static void a_page_known_by_sha_512_stays_known(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("strong")) == 0);
	page = passive_page(&bed);
	REQUIRE(page != NULL);
	mock_media_strong(page->mock);
	CHECK_INT(media_page_calls(page, S, 1), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
	CHECK(media_bed_ready(&bed));
	CHECK(is_heard(&bed, page));
	for (unsigned i = 0; i < 2; i++) {
		CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
		CHECK_INT(alive, 1);
		CHECK_INT(media_page_calls(page, S, 1), 0);
		media_bed_run(&bed, 15000);
		CHECK(is_heard(&bed, page));
		CHECK(!seeks_another(&bed));
		CHECK_INT(bed.nlost, 0);
	}
	fault_free(page);
	media_bed_close(&bed);
}

/* And another certificate is of another one. */
static void another_page_known_by_sha_512_is_another(void)
{
	struct media_bed bed = {0};
	struct media_page *page, *other;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("other")) == 0);
	page = media_page_open(&bed);
	REQUIRE(page != NULL);
	mock_media_strong(page->mock);
	CHECK_INT(media_page_calls(page, S, 1), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
	CHECK(media_bed_ready(&bed));
	CHECK(is_heard(&bed, page));
	CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
	page->sending = false;
	mock_media_silence(page->mock);
	other = media_page_open(&bed);
	REQUIRE(other != NULL);
	mock_media_strong(other->mock);
	CHECK_INT(media_page_calls(other, S, 1), 0);
	media_bed_run(&bed, 3000);
	CHECK(is_heard(&bed, other));
	media_bed_close(&bed);
}

/* Our ClientHello is for the other one, where that is: not for who was there
 * before. By the real clock nothing of it is sent again. */
static void another_page_that_waits_takes_the_place(void)
{
	for (unsigned i = 0; i < 50; i++) {
		struct media_bed bed = {0};
		struct media_page *page, *other;

		REQUIRE(media_bed_open(&bed, NULL) == 0);
		page = passive_page(&bed);
		CHECK_INT(media_page_calls(page, S, 1), 0);
		CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
		CHECK(media_bed_ready(&bed));
		page->sending = false;
		mock_media_silence(page->mock);
		other = passive_page(&bed);
		CHECK_INT(media_page_calls(other, S, 1), 0);
		media_bed_run(&bed, i % 3 ? 200 : 20);
		CHECK(mock_media_ready(other->mock));
		CHECK(is_heard(&bed, other));
		fault_free(other);
		CHECK_INT(bed.nlost, 0);
		media_bed_close(&bed);
	}
}

/* The far SDP, which is not said again to the successor, named another
 * association of the same certificate. */
static void a_page_that_begins_anew_does_so_with_the_successor(void)
{
	for (unsigned waits = 0; waits < 2; waits++) {
		struct media_bed bed = {0};
		struct media_page *page;
		size_t alive = 0;

		REQUIRE(media_bed_open(&bed, file("anew")) == 0);
		page = waits ? passive_page(&bed) : media_page_open(&bed);
		REQUIRE(page != NULL);
		strcpy(page->extra, "a=tls-id:abcdefghij0123456789\r\n");
		CHECK_INT(media_page_calls(page, S, 1), 0);
		CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
		CHECK(media_bed_ready(&bed));
		CHECK(is_heard(&bed, page));
		page->sending = false;
		strcpy(page->extra, "a=tls-id:klmnopqrst0123456789\r\n");
		CHECK_INT(media_page_calls(page, S, 1), 0);
		CHECK(seeks_another(&bed));
		CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
		CHECK_INT(alive, 1);
		CHECK(seeks_another(&bed));
		CHECK_INT(mock_media_again(page->mock, waits), 0);
		media_bed_run(&bed, 9000);
		CHECK(mock_media_ready(page->mock));
		page->sending = true;
		CHECK(is_heard(&bed, page));
		CHECK(!seeks_another(&bed));
		CHECK_INT(bed.nlost, 0);
		media_bed_close(&bed);
	}
}

/* Two clients: nobody's call, in the time of a handshake. */
static void a_page_that_takes_no_role_is_lost(void)
{
	struct media_bed bed = {0};
	struct media_page *page;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	page = media_page_open(&bed);
	page->setup = "passive"; /* it says so, and is a client after all */
	page->sending = false;
	CHECK_INT(media_page_calls(page, S, 1), 0);
	media_bed_run(&bed, 15000);
	CHECK_INT(bed.nlost, 1);
	CHECK_INT(bed.lost[0].cause, SESSION_DTLS_FAIL);
	media_bed_close(&bed);
}

/* --- PBXs ------------------------------------------------------------------------ */

struct call {
	struct media_bed bed;
	struct media_page *page;
	struct media_phone *phone;
};

static bool call_open(struct call *call, const char *state, const char *setup)
{
	memset(call, 0, sizeof(*call));
	if (!CHECK(media_bed_open(&call->bed, state) == 0))
		return false;
	call->page = media_page_open(&call->bed);
	call->phone = media_phone_open(&call->bed);
	if (!CHECK(call->page && call->phone))
		return false;
	media_page_narrow(call->page);
	call->phone->profile = SDPM_DTLS;
	call->phone->dtls.setup = setup;
	call->phone->dtls.mux = true;
	return true;
}

static bool page_answered(struct call *call)
{
	struct mbuf *mb = mbuf_alloc(2048);
	bool ok;

	CHECK_INT(session_leg_join(call->bed.table, S, 1, 2, NULL), 0);
	CHECK_INT(media_local(&call->bed, S, 1, true, mb, NULL), 0);
	CHECK_INT(media_page_take(call->page, (char *)mb->buf, mb->end), 0);
	ok = CHECK(media_bed_ready(&call->bed));
	mem_deref(mb);
	return ok;
}

/* A page calls the phone. */
static bool call_up(struct call *call)
{
	CHECK_INT(media_remote(&call->bed, S, 1, false,
			       media_page_sdp(call->page, false), NULL),
		  0);
	CHECK_INT(media_phone_called(call->phone, S, 2), 0);
	return page_answered(call);
}

/* Or the phone the page. */
static bool call_in(struct call *call)
{
	CHECK_INT(media_phone_offers(call->phone, S, 1), 0);
	CHECK_INT(media_page_called(call->page, S, 2), 0);
	CHECK_INT(session_leg_join(call->bed.table, S, 1, 2, NULL), 0);
	CHECK_INT(media_phone_gets(call->phone, S, 1, true), 0);
	return CHECK(media_bed_ready(&call->bed));
}

static bool says(const struct call *call, const char *line)
{
	return strstr(call->phone->sdp, line) != NULL;
}

static bool both_hear(struct call *call)
{
	uint32_t page, phone;

	media_bed_run(&call->bed, 100);
	page = call->page->heard;
	phone = call->phone->heard;
	media_bed_run(&call->bed, 1000);
	return call->page->heard - page >= 49 &&
	       call->phone->heard - phone >= 49;
}

static void no_fault(const struct packet_check *check)
{
	const char *fault = packet_check_fault(check);

	if (!CHECK(fault == NULL))
		printf("# %s\n", fault);
}

static const struct leg_figures *figures(struct call *call, uint8_t leg)
{
	static struct session_figures found;

	if (session_query(call->bed.table, S, &found))
		return NULL;
	for (size_t i = 0; i < found.nlegs; i++)
		if (found.legs[i].leg == leg)
			return &found.legs[i];
	return NULL;
}

static void call_close(struct call *call)
{
	media_bed_close(&call->bed);
}

static void a_pbx_known_by_sha_512_stays_known(void)
{
	struct call call;
	size_t alive = 0;

	if (call_open(&call, file("pbx512"), "passive")) {
		call.phone->dtls.strong = true;
		CHECK(call_up(&call));
		CHECK(both_hear(&call));
		for (unsigned i = 0; i < 2; i++) {
			CHECK_INT(media_bed_die(&call.bed, 150, &alive), 0);
			CHECK_INT(alive, 1);
			CHECK_INT(media_phone_calls(call.phone, S, 2), 0);
			media_bed_run(&call.bed, 15000);
			CHECK(both_hear(&call));
			CHECK(!seeks_another(&call.bed));
		}
		CHECK_INT(call.phone->dtls.handshakes, 1);
		CHECK_INT(call.bed.nlost, 0);
	}
	call_close(&call);
}

/* Each role, with RTCP on the same port and on another; through deaths. */
static void a_pbx_is_called_and_calls_in_each_role(void)
{
	static const struct {
		const char *setup;
		bool in, mux;
		const char *ours;
	} cases[] = {
		{"active", false, true, "a=setup:actpass"},
		{"passive", false, true, "a=setup:actpass"},
		{"active", false, false, "a=setup:actpass"},
		{"passive", false, false, "a=setup:actpass"},
		{"actpass", true, true, "a=setup:passive"},
		{"active", true, false, "a=setup:passive"},
		{"passive", true, true, "a=setup:active"},
		{"passive", true, false, "a=setup:active"},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		const uint8_t nr = cases[i].in ? 1 : 2;
		struct call call;
		size_t alive = 0;

		if (!call_open(&call, file("role"), cases[i].setup))
			continue;
		call.phone->dtls.mux = cases[i].mux;
		if (cases[i].in ? call_in(&call) : call_up(&call)) {
			CHECK(says(&call, "m=audio "));
			CHECK(says(&call, " UDP/TLS/RTP/SAVP 8"));
			CHECK(says(&call, cases[i].ours));
			CHECK(!says(&call, "a=ice-"));
			CHECK(both_hear(&call));
			CHECK_STR(figures(&call, nr)->secured,
				  "AEAD_AES_128_GCM");
			media_bed_run(&call.bed, 7000);
			for (unsigned n = 0; n < 2; n++) {
				CHECK_INT(media_bed_die(&call.bed, 150, &alive),
					  0);
				CHECK_INT(alive, 1);
				CHECK(both_hear(&call));
			}
			call.phone->heard_rtcp = 0;
			media_bed_run(&call.bed, 12000);
			CHECK(call.phone->heard_rtcp >= 1);
			/* what is told again is the same */
			CHECK_INT(media_phone_calls(call.phone, S, nr), 0);
			CHECK(both_hear(&call));
			if (!strcmp(cases[i].setup, "actpass"))
				call.phone->dtls.setup = "active";
			CHECK_INT(media_phone_called(call.phone, S, nr), 0);
			CHECK(both_hear(&call));
			CHECK_INT(call.phone->dtls.handshakes, 1);
			CHECK_INT(call.phone->keys.unreadable, 0);
			CHECK_INT(call.phone->dtls.rtcp.unreadable, 0);
			no_fault(&call.page->check);
			no_fault(&call.phone->check);
			CHECK_INT(call.bed.nlost, 0);
			CHECK_INT(session_drop(call.bed.table, S), 0);
			CHECK_INT(state_file_used(call.bed.state), 0);
		}
		call_close(&call);
	}
}

/* RFC 5763, 6.7.1: its ClientHello overtakes its answer. Of a large one, which
 * comes in two datagrams, so does the whole. */
static void hello_comes_first(bool large)
{
	struct call call;

	if (call_open(&call, NULL, "active")) {
		call.phone->dtls.large = large;
		CHECK_INT(media_remote(&call.bed, S, 1, false,
				       media_page_sdp(call.page, false), NULL),
			  0);
		CHECK_INT(media_phone_gets(call.phone, S, 2, false), 0);
		media_bed_run(&call.bed, 40);
		CHECK_INT(media_phone_answers(call.phone, S, 2), 0);
		/* by the real clock no time passes in which it came again */
		media_bed_run(&call.bed, 40);
		CHECK_INT(call.phone->dtls.handshakes, 1);
		CHECK(page_answered(&call));
		CHECK(both_hear(&call));
	}
	call_close(&call);
}

static void a_hello_before_the_answer_is_waited_with(void)
{
	hello_comes_first(false);
}

static void nor_is_one_in_pieces_lost(void)
{
	hello_comes_first(true);
}

static void a_reoffer_with_another_certificate_loses_nothing(void)
{
	static const char *const setups[] = {"active", "passive"};

	for (unsigned i = 0; i < COUNTOF(setups); i++) {
		struct call call;
		uint32_t heard;

		if (call_open(&call, NULL, setups[i]) && call_up(&call)) {
			CHECK(both_hear(&call));
			CHECK_INT(phone_dtls_renew(call.phone), 0);
			/* what it has serves until the new one stands */
			CHECK_INT(media_phone_offers(call.phone, S, 2), 0);
			CHECK_INT(media_phone_gets(call.phone, S, 2, true), 0);
			heard = call.page->heard;
			media_bed_run(&call.bed, 1000);
			CHECK(call.page->heard - heard >= 48);
			CHECK_INT(call.phone->dtls.handshakes, 2);
			CHECK(both_hear(&call));
			CHECK(call.phone->keys.unreadable <= 3);
			no_fault(&call.page->check);
			no_fault(&call.phone->check);
			CHECK_INT(packet_check_lost(&call.page->check), 0);
		}
		call_close(&call);
	}
}

/* Behind a PBX another one has picked up. */
static void another_one_picks_up(void)
{
	struct call call;

	if (call_open(&call, NULL, "active") && call_up(&call)) {
		struct media_phone *other = media_phone_open(&call.bed);

		CHECK(both_hear(&call));
		call.phone->sending = false;
		other->profile = SDPM_DTLS;
		other->dtls.setup = "passive";
		other->dtls.mux = true;
		CHECK_INT(media_phone_take(other, call.phone->sdp,
					   strlen(call.phone->sdp)),
			  0);
		CHECK_INT(media_phone_answers(other, S, 2), 0);
		call.phone = other;
		media_bed_run(&call.bed, 500);
		CHECK(both_hear(&call));
		CHECK_INT(call.bed.nlost, 0);
	}
	call_close(&call);
}

static void hold_and_resume_keep_the_association(void)
{
	struct call call;

	if (call_open(&call, NULL, "active") && call_up(&call)) {
		call.phone->dir = "sendonly";
		call.phone->conn = "0.0.0.0";
		CHECK_INT(media_phone_calls(call.phone, S, 2), 0);
		media_bed_run(&call.bed, 3000);
		call.phone->dir = call.phone->conn = NULL;
		CHECK_INT(media_phone_calls(call.phone, S, 2), 0);
		CHECK(both_hear(&call));
		CHECK_INT(call.phone->dtls.handshakes, 1);
	}
	call_close(&call);
}

/* --- what is not right --------------------------------------------------------------- */

static void another_certificate_than_told_is_no_call(void)
{
	static const char lie[] =
		"sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
		"10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";
	static const char *const setups[] = {"active", "passive"};

	for (unsigned i = 0; i < COUNTOF(setups); i++) {
		struct call call;

		if (call_open(&call, NULL, setups[i])) {
			call.phone->dtls.lie = lie;
			(void)call_up(&call);
			media_bed_run(&call.bed, 2000);
			CHECK_INT(call.page->heard, 0);
			CHECK_INT(call.phone->heard, 0);
			CHECK_INT(call.bed.nlost, 1);
			CHECK_INT(call.bed.lost[0].cause, SESSION_DTLS_FAIL);
		}
		call_close(&call);
	}
}

static void in_clear_nothing_is_heard_or_said(void)
{
	struct call call;

	if (call_open(&call, NULL, "active")) {
		call.phone->dtls.mute = true;
		call.phone->sending = false;
		if (call_up(&call)) {
			uint8_t pkt[172] = {0x80, 8};

			for (unsigned i = 0; i < 50; i++) {
				pkt[3] = (uint8_t)i;
				media_phone_send_raw(call.phone, false, pkt,
						     sizeof(pkt));
				media_bed_run(&call.bed, 20);
			}
			CHECK_INT(call.page->heard, 0);
			CHECK_INT(call.phone->heard, 0);
			CHECK_INT(call.phone->check.packets, 0);
		}
	}
	call_close(&call);
}

/* ES2023-01 without ICE: ClientHellos from others, who were there first. */
static void hellos_of_others_disturb_nothing(void)
{
	static const enum source_policy policies[] = {SOURCE_STRICT,
						      SOURCE_LEARN_ONCE};

	for (unsigned i = 0; i < COUNTOF(policies); i++) {
		struct media_phone *thief;
		struct call call;

		if (!call_open(&call, NULL, "active"))
			continue;
		call.phone->terms.source = policies[i];
		call.phone->dtls.mute = true;
		call.phone->sending = false;
		thief = media_phone_open(&call.bed);
		thief->profile = SDPM_DTLS;
		thief->dtls.setup = "active";
		thief->dtls.mux = true;
		if (call_up(&call)) {
			/* from the same host, which learn-once hears */
			CHECK_INT(media_phone_take(thief, call.phone->sdp,
						   strlen(call.phone->sdp)),
				  0);
			thief->sending = false;
			phone_dtls_poll(thief);
			media_bed_run(&call.bed, 10);
			call.phone->dtls.mute = false;
			call.phone->sending = true;
			media_bed_run(&call.bed, 300);
			CHECK(both_hear(&call));
			CHECK_INT(thief->heard, 0);
			CHECK_INT(call.bed.nlost, 0);
		}
		call_close(&call);
	}
}

struct forger {
	struct media_phone *thief, *victim;
	unsigned sent;
};

/* First as itself, then in the name of the other one. */
static void on_forged(const uint8_t *pkt, size_t len, void *arg)
{
	struct forger *forger = arg;

	media_phone_send_raw(forger->sent++ ? forger->victim : forger->thief,
			     false, pkt, len);
}

/* Who may be heard as well gets a cookie for itself alone. */
static void a_cookie_of_another_port_opens_nothing(void)
{
	struct forger forger = {.sent = 0};
	struct media_phone *thief;
	struct call call;

	if (!call_open(&call, NULL, "active"))
		return;
	call.phone->terms.source = SOURCE_LEARN_ONCE;
	call.phone->dtls.mute = true;
	call.phone->sending = false;
	thief = media_phone_open(&call.bed);
	thief->profile = SDPM_DTLS;
	thief->dtls.setup = "active";
	thief->dtls.mux = true;
	if (call_up(&call)) {
		CHECK_INT(media_phone_take(thief, call.phone->sdp,
					   strlen(call.phone->sdp)),
			  0);
		thief->sending = false;
		phone_dtls_close(thief);
		forger.thief = thief;
		forger.victim = call.phone;
		CHECK_INT(mock_dtls_alloc(&thief->dtls.end[0], NULL, on_forged,
					  &forger),
			  0);
		phone_dtls_poll(thief);
		media_bed_run(&call.bed, 20);
		CHECK_INT(forger.sent, 2);
		thief->dtls.mute = true;
		call.phone->dtls.mute = false;
		call.phone->sending = true;
		media_bed_run(&call.bed, 300);
		CHECK_INT(call.phone->dtls.handshakes, 1);
		CHECK(both_hear(&call));
		CHECK_INT(call.bed.nlost, 0);
	}
	call_close(&call);
}

/* For another association the worker asks for a cookie, and another process of
 * it gets that. */
static void a_cookie_outlives_the_worker(void)
{
	struct media_phone *phone;
	struct call call;
	size_t alive = 0;

	if (call_open(&call, file("cookie"), "active") && call_up(&call)) {
		phone = call.phone;
		CHECK(both_hear(&call));
		CHECK_INT(phone_dtls_renew(phone), 0);
		CHECK_INT(media_phone_offers(phone, S, 2), 0);
		CHECK_INT(media_phone_gets(phone, S, 2, true), 0);
		phone_dtls_poll(phone);
		hub_poll(call.bed.rtp_env.hub); /* its answer is under way */
		CHECK_INT(media_bed_die(&call.bed, 100, &alive), 0);
		CHECK_INT(alive, 1);
		CHECK_INT(media_phone_offers(phone, S, 2), 0);
		CHECK_INT(media_phone_gets(phone, S, 2, true), 0);
		media_bed_run(&call.bed, 300);
		CHECK_INT(phone->dtls.handshakes, 2);
		CHECK(both_hear(&call));
		CHECK_INT(call.bed.nlost, 0);
	}
	call_close(&call);
}

/* Of the same certificate, in the other role: what the far SDP said is not said
 * again to the successor. */
static void an_awaited_association_outlives_the_worker(void)
{
	static const char *const roles[][2] = {{"active", "passive"},
					       {"passive", "active"}};

	for (unsigned i = 0; i < 2 * COUNTOF(roles); i++) {
		const char *const *role = roles[i / 2];
		struct media_phone *phone;
		struct call call;
		size_t alive = 0;

		if (!call_open(&call, file("awaited"), role[0]))
			continue;
		phone = call.phone;
		phone->dtls.mux = i % 2;
		if (call_up(&call) && CHECK(both_hear(&call))) {
			media_bed_run(&call.bed, 7000); /* RTCP, too */
			CHECK_INT(phone_dtls_restart(phone), 0);
			phone->dtls.setup = role[1];
			phone->dtls.mute = true;
			CHECK_INT(media_phone_offers(phone, S, 2), 0);
			CHECK_INT(media_phone_gets(phone, S, 2, true), 0);
			media_bed_run(&call.bed, 20);
			CHECK(seeks_another(&call.bed));
			CHECK_INT(media_bed_die(&call.bed, 100, &alive), 0);
			CHECK_INT(alive, 1);
			CHECK(seeks_another(&call.bed));
			phone->dtls.mute = false;
			media_bed_run(&call.bed, 9000);
			CHECK_INT(phone->dtls.handshakes, 2);
			CHECK(both_hear(&call));
			CHECK(!seeks_another(&call.bed));
			CHECK_INT(call.bed.nlost, 0);
		}
		call_close(&call);
	}
}

/* All that it sends after its second hello is lost. */
static void on_two(const uint8_t *pkt, size_t len, void *arg)
{
	struct forger *forger = arg;

	if (forger->sent++ < 2)
		media_phone_send_raw(forger->victim, false, pkt, len);
}

/* It has shown a cookie, dies, and comes back with another hello. */
static void who_begins_anew_in_the_midst_is_heard(void)
{
	struct forger forger = {.sent = 0};
	struct media_phone *phone;
	struct call call;

	if (!call_open(&call, NULL, "active"))
		return;
	phone = call.phone;
	phone->dtls.mute = true;
	phone->sending = false;
	if (call_up(&call)) {
		struct mock_dtls *was = mem_ref(phone->dtls.end[0]);

		phone_dtls_close(phone);
		forger.victim = phone;
		CHECK_INT(mock_dtls_again(&phone->dtls.end[0], was, on_two,
					  &forger),
			  0);
		mem_deref(was);
		phone->dtls.mute = false;
		phone_dtls_poll(phone);
		media_bed_run(&call.bed, 20);
		CHECK(forger.sent > 2); /* it was answered */
		CHECK_INT(phone->dtls.handshakes, 0);
		CHECK_INT(phone_dtls_restart(phone), 0);
		media_bed_run(&call.bed, 300);
		CHECK_INT(phone->dtls.handshakes, 1);
		phone->sending = true;
		CHECK(both_hear(&call));
		CHECK_INT(call.bed.nlost, 0);
	}
	call_close(&call);
}

/* Our hellos go where the peer is, not where the latest datagram came from. */
static void a_stray_of_another_port_turns_nothing_away(void)
{
	static const uint8_t alert[] = {21, 254, 253, 0, 0, 0, 0, 0,
					0,  0,   5,   0, 2, 2, 40};
	struct media_phone *phone, *thief;
	struct call call;

	if (!call_open(&call, NULL, "passive"))
		return;
	phone = call.phone;
	phone->terms.source = SOURCE_LEARN_ONCE;
	phone->dtls.mute = true;
	phone->sending = false;
	thief = media_phone_open(&call.bed);
	thief->profile = SDPM_DTLS;
	thief->dtls.setup = "passive";
	thief->dtls.mux = thief->dtls.mute = true;
	thief->sending = false;
	if (call_up(&call)) {
		CHECK_INT(media_phone_take(thief, phone->sdp,
					   strlen(phone->sdp)),
			  0);
		media_bed_run(&call.bed, 20);
		media_phone_send_raw(thief, false, alert, sizeof(alert));
		media_bed_run(&call.bed, 20);
		phone->dtls.mute = false;
		media_bed_run(&call.bed, 16000);
		CHECK_INT(phone->dtls.handshakes, 1);
		phone->sending = true;
		CHECK(both_hear(&call));
		CHECK_INT(call.bed.nlost, 0);
	}
	call_close(&call);
}

/* What came from the address of who rings: of an earlier call, or forged. */
static void stray_datagrams_end_no_call(void)
{
	/* an alert of another association, one that refuses, a ServerHello and
	 * a ClientHello without sense */
	static const uint8_t sealed[] = {21, 254, 253, 0, 1, 0, 0, 0,
					 0,  0,   5,   0, 3, 1, 2, 3};
	static const uint8_t alert[] = {21, 254, 253, 0, 0, 0, 0, 0,
					0,  0,   5,   0, 2, 2, 40};
	static const uint8_t server[] = {22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0,
					 0,  14,  2,   0, 0, 2, 0, 0, 0, 0, 0,
					 0,  0,   2,   1, 1};
	static const uint8_t hello[] = {22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0,
					0,  14,  1,   0, 0, 2, 0, 0, 0, 0, 0,
					0,  0,   2,   1, 1};
	static const struct stray {
		const char *setup;
		const uint8_t *pkt;
		size_t len;
	} strays[] = {
		{"passive", sealed, sizeof(sealed)},
		{"passive", alert, sizeof(alert)},
		{"passive", server, sizeof(server)},
		{"active", alert, sizeof(alert)},
		{"active", hello, sizeof(hello)},
	};

	for (unsigned i = 0; i < COUNTOF(strays); i++) {
		const bool serves = !strcmp(strays[i].setup, "passive");
		struct media_phone *phone;
		struct call call;

		if (!call_open(&call, NULL, strays[i].setup))
			continue;
		phone = call.phone;
		phone->dtls.mute = true;
		phone->sending = false;
		if (call_up(&call)) {
			for (unsigned n = 0; n < 20; n++) {
				media_phone_send_raw(phone, false,
						     strays[i].pkt,
						     strays[i].len);
				media_bed_run(&call.bed, 20);
			}
			/* as client we wait for who picks up */
			media_bed_run(&call.bed, serves ? 15000 : 2000);
			CHECK_INT(call.bed.nlost, 0);
			phone->dtls.mute = false;
			phone->sending = true;
			/* by the real clock nothing is sent again */
			media_bed_run(&call.bed, serves ? 6000 : 4000);
			CHECK(both_hear(&call));
			CHECK_INT(phone->dtls.handshakes, 1);
		}
		call_close(&call);
	}
}

/* In the name of a client that is at its handshake: an alert, which anybody can
 * send, makes room for no other hello. */
static void an_alert_and_a_hello_break_no_handshake(void)
{
	static const uint8_t alert[] = {21, 254, 253, 0, 0, 0, 0, 0,
					0,  0,   5,   0, 2, 2, 40};
	static const uint8_t hello[] = {22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0,
					0,  14,  1,   0, 0, 2, 0, 0, 0, 0, 0,
					0,  0,   2,   1, 1};

	for (unsigned rounds = 1; rounds <= 9; rounds += 4) {
		struct call call;
		struct media_phone *phone;

		if (!call_open(&call, NULL, "active"))
			continue;
		phone = call.phone;
		phone->dtls.mute = true;
		phone->sending = false;
		if (call_up(&call)) {
			phone->dtls.mute = false;
			phone->sending = true;
			phone_dtls_poll(phone);
			for (unsigned i = 0; i < rounds; i++) {
				media_phone_send_raw(phone, false, alert,
						     sizeof(alert));
				media_phone_send_raw(phone, false, hello,
						     sizeof(hello));
			}
			media_bed_run(&call.bed, 300);
			CHECK_INT(phone->dtls.handshakes, 1);
			CHECK(both_hear(&call));
			CHECK_INT(call.bed.nlost, 0);
		}
		call_close(&call);
	}
}

/* A ClientHello of no suite that we have. */
static const uint8_t bad_hello[] = {
	22,  254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 54, 1, 0, 0, 42,
	0,   0,   0,   0, 0, 0, 0, 42, 254, 253, 1, 2, 3, 4, 5, 6, 7,
	8,   9,   0,   1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4,
	5,   6,   7,   8, 9, 0, 1, 2, 0, 0, 0, 2, 0, 1, 1, 0};

/* It begins, and one with the highest number comes in its name. */
static void one_hello_of_a_high_number_keeps_nobody_out(void)
{
	uint8_t hello[sizeof(bad_hello)];
	struct media_phone *phone;
	struct call call;

	memcpy(hello, bad_hello, sizeof(hello));
	memset(hello + 5, 0xff, 6);
	if (!call_open(&call, NULL, "active"))
		return;
	phone = call.phone;
	phone->dtls.mute = true;
	phone->sending = false;
	if (call_up(&call)) {
		phone->dtls.mute = false;
		phone_dtls_poll(phone);
		media_phone_send_raw(phone, false, hello, sizeof(hello));
		media_bed_run(&call.bed, 300);
		CHECK_INT(phone->dtls.handshakes, 1);
		phone->sending = true;
		CHECK(both_hear(&call));
		media_bed_run(&call.bed, 15000);
		CHECK_INT(call.bed.nlost, 0);
	}
	call_close(&call);
}

/* It is behind NAT, so that nobody is where its SDP says; but hellos come in the
 * name of that, as they would by the hand of who knows the SDP. */
static void hellos_from_where_the_sdp_says_stop_nobody_behind_nat(void)
{
	struct media_phone *phone;
	struct call call;
	int there;

	if (!call_open(&call, NULL, "active"))
		return;
	phone = call.phone;
	phone->terms.source = SOURCE_LEARN_ONCE;
	phone->dtls.mute = true;
	phone->sending = false;
	if (call_up(&call)) {
		there = dup(phone->fd[0]);
		CHECK_INT(media_phone_move(phone), 0);
		phone->dtls.mute = false;
		phone_dtls_poll(phone);
		for (unsigned i = 0; i < 100; i++) {
			CHECK_INT(sendto(there, bad_hello, sizeof(bad_hello), 0,
					 &phone->peer[0].u.sa,
					 phone->peer[0].len),
				  sizeof(bad_hello));
			media_bed_run(&call.bed, 1);
		}
		CHECK_INT(phone->dtls.handshakes, 1);
		phone->sending = true;
		CHECK(both_hear(&call));
		CHECK_INT(call.bed.nlost, 0);
		(void)close(there);
	}
	call_close(&call);
}

/* In its name, from before it begins until after it would have. */
static void hellos_without_end_keep_nobody_out(void)
{
	uint8_t hello[sizeof(bad_hello)];
	struct media_phone *phone;
	struct call call;

	memcpy(hello, bad_hello, sizeof(hello));

	if (!call_open(&call, NULL, "active"))
		return;
	phone = call.phone;
	phone->dtls.mute = true;
	phone->sending = false;
	if (call_up(&call)) {
		for (unsigned i = 0; i < 200; i++) {
			rand_bytes(hello + 5, 6); /* its number */
			media_phone_send_raw(phone, false, hello,
					     sizeof(hello));
			media_bed_run(&call.bed, 5);
			if (i == 40) {
				phone->dtls.mute = false;
				phone_dtls_poll(phone);
			}
		}
		CHECK_INT(phone->dtls.handshakes, 1);
		phone->sending = true;
		CHECK(both_hear(&call));
		CHECK_INT(call.bed.nlost, 0);
	}
	call_close(&call);
}

/* With hellos that bring no cookie meanwhile; false: the call is lost. */
static bool goes_on_for(struct call *call, unsigned s)
{
	while (s-- && !call->bed.nlost) {
		media_phone_send_raw(call->phone, false, bad_hello,
				     sizeof(bad_hello));
		media_bed_run(&call->bed, 1000);
	}
	return !call->bed.nlost;
}

/* Whose keys never come, by what it answers. */
static bool keyless_up(struct call *call, const char *dir)
{
	if (!call_open(call, NULL, "active"))
		return false;
	call->phone->dir = dir;
	call->phone->dtls.mute = true;
	call->phone->sending = false;
	return call_up(call);
}

static void is_lost_keyless(struct call *call)
{
	CHECK(!goes_on_for(call, 5));
	CHECK_INT(call->bed.nlost, 1);
	CHECK_INT(call->bed.lost[0].leg, 2);
	CHECK_INT(call->bed.lost[0].cause, SESSION_NO_DTLS);
}

enum {
	SETUP_S = 60
};

/* A stack that knows no HelloVerifyRequest: the call has no sound, whichever way
 * that would go, and is told of and ended when it is up for as long as a leg may
 * take. It may ring for longer. */
static void who_never_brings_a_cookie_is_named_and_lost(void)
{
	static const char *const dirs[] = {NULL, "sendonly", "recvonly"};

	for (unsigned i = 0; i < COUNTOF(dirs); i++) {
		struct call call;

		if (keyless_up(&call, dirs[i])) {
			const struct leg_figures *figs;

			CHECK(goes_on_for(&call, SETUP_S + 10));
			CHECK_INT(session_answered(call.bed.table, S), 0);
			CHECK(goes_on_for(&call, 5));
			figs = figures(&call, 2);
			if (!dirs[i])
				CHECK_STR(figs ? figs->voice.quiet : NULL,
					  "no-dtls");
			CHECK(goes_on_for(&call, SETUP_S - 7));
			is_lost_keyless(&call);
		}
		call_close(&call);
	}
}

/* Who is on hold needs no keys; from its return on it does. */
static void on_hold_no_keys_are_missed(void)
{
	static const struct hold {
		const char *dir, *conn;
	} holds[] = {{"inactive", NULL}, {"sendonly", "0.0.0.0"}};

	for (unsigned i = 0; i < COUNTOF(holds); i++) {
		struct call call;

		if (!call_open(&call, NULL, "active"))
			continue;
		call.phone->conn = holds[i].conn;
		call.phone->dir = holds[i].dir;
		call.phone->dtls.mute = true;
		call.phone->sending = false;
		if (call_up(&call)) {
			CHECK_INT(session_answered(call.bed.table, S), 0);
			CHECK(goes_on_for(&call, SETUP_S + 30));
			call.phone->dir = call.phone->conn = NULL;
			CHECK_INT(media_phone_calls(call.phone, S, 2), 0);
			CHECK(goes_on_for(&call, SETUP_S - 2));
			is_lost_keyless(&call);
		}
		call_close(&call);
	}
}

/* What there was before is over for the successor, too: the keys of the SDP, or
 * none, by which nothing may go out any more. */
static void dtls_that_comes_later_outlives_the_worker(void)
{
	static const char *const suites[] = {NULL, "AES_CM_128_HMAC_SHA1_80"};

	for (unsigned i = 0; i < 2 * COUNTOF(suites); i++) {
		struct media_phone *phone;
		struct call call;
		size_t alive = 0;

		if (!call_open(&call, file("later"), NULL))
			continue;
		phone = call.phone;
		phone->profile = SDPM_OSRTP;
		phone->keys.proto = "RTP/AVP";
		phone->keys.suite = suites[i / 2];
		if (call_up(&call) && CHECK(both_hear(&call))) {
			phone->dtls.setup = i % 2 ? "active" : "passive";
			phone->dtls.mute = true;
			CHECK_INT(media_phone_offers(phone, S, 2), 0);
			CHECK_INT(media_phone_gets(phone, S, 2, true), 0);
			media_bed_run(&call.bed, 40);
			CHECK_INT(media_bed_die(&call.bed, 100, &alive), 0);
			CHECK_INT(alive, 1);
			phone->heard = phone->check.packets = 0;
			media_bed_run(&call.bed, 500);
			CHECK_INT(phone->heard, 0);
			CHECK_INT(phone->check.packets, 0);
			phone->dtls.mute = false;
			/* by the real clock nothing is sent again */
			media_bed_run(&call.bed, 11000);
			CHECK_INT(phone->dtls.handshakes, 1);
			CHECK(both_hear(&call));
			CHECK(!seeks_another(&call.bed));
			CHECK_INT(call.bed.nlost, 0);
		}
		call_close(&call);
	}
}

/* And DTLS that has not come yet. */
static void who_rings_outlives_the_worker(void)
{
	struct call call;
	size_t alive = 0;

	for (unsigned mux = 0; mux < 2; mux++) {
		if (!call_open(&call, file("rings"), "active"))
			continue;
		call.phone->dtls.mux = mux;
		call.phone->dtls.mute = true;
		if (call_up(&call)) {
			media_bed_run(&call.bed, 100);
			CHECK_INT(media_bed_die(&call.bed, 100, &alive), 0);
			CHECK_INT(alive, 1);
			call.phone->dtls.mute = false;
			media_bed_run(&call.bed, 300);
			CHECK_INT(call.phone->dtls.handshakes, 1);
			CHECK(both_hear(&call));
			CHECK_INT(call.bed.nlost, 0);
		}
		call_close(&call);
	}
}

/* Before another association is asked of a phone, which does not begin it. */
enum before {
	IN_CLEAR,    /* for a while */
	ANOTHER_ONE, /* with another certificate */
	AGAIN,       /* the same, and before that one of its own certificate */
	EARLY,       /* the same before the answer: another one picks up */
	BEFORE
};

static void next_awaited(struct call *call, enum before before, const char *dir)
{
	struct media_phone *phone = call->phone;

	if (before != EARLY)
		CHECK_INT(session_answered(call->bed.table, S), 0);
	if (before == IN_CLEAR) {
		phone->dtls.setup = NULL;
		phone->dtls.mux = false;
		phone->keys.suite = NULL;
		phone->keys.proto = "RTP/AVP";
		CHECK_INT(media_phone_calls(phone, S, 1), 0);
		media_bed_run(&call->bed, 3000);
		phone->dtls.setup = "active";
		phone->dtls.mux = true;
	}
	phone->sending = false;
	phone->dtls.mute = true;
	if (before == AGAIN) {
		phone->extra = "a=tls-id:klmnopqrst0123456789\r\n";
		CHECK_INT(phone_dtls_restart(phone), 0);
		CHECK_INT(media_phone_calls(phone, S, 1), 0);
		media_bed_run(&call->bed, 1000);
	}
	if (before != IN_CLEAR)
		CHECK_INT(phone_dtls_renew(phone), 0);
	phone->dir = dir;
	CHECK_INT(media_phone_calls(phone, S, 1), 0);
	CHECK_INT(session_answered(call->bed.table, S), 0);
}

/* A second association has a time as the first has; of who sent before, that of
 * silence may be over first. */
static void later_keys_have_a_time_too(void)
{
	static const char *const dirs[] = {NULL, "recvonly"};

	for (unsigned i = 0; i < 2 * BEFORE * COUNTOF(dirs); i++) {
		const char *dir = dirs[i % COUNTOF(dirs)];
		const enum before before = i / COUNTOF(dirs) % BEFORE;
		const bool strong = i / COUNTOF(dirs) / BEFORE;
		struct call call;
		size_t alive;

		if (!call_open(&call, file("late"), "active"))
			continue;
		call.phone->profile = SDPM_OSRTP;
		call.phone->dtls.proto = "UDP/TLS/RTP/SAVPF";
		call.phone->dtls.strong = strong;
		if (call_in(&call) && CHECK(both_hear(&call))) {
			/* what the successor is told is all it knows of it */
			if (strong && before == ANOTHER_ONE)
				CHECK_INT(media_bed_die(&call.bed, 100, &alive),
					  0);
			next_awaited(&call, before, dir);
			media_bed_run(&call.bed, 3400);
			if (!dir)
				CHECK_STR(figures(&call, 1)->voice.quiet,
					  "no-dtls");
			media_bed_run(&call.bed, (SETUP_S - 5) * 1000);
			if (dir)
				CHECK_INT(call.bed.nlost, 0);
			media_bed_run(&call.bed, 4000);
			CHECK_INT(call.bed.nlost, 1);
			CHECK_INT(call.bed.lost[0].leg, 1);
			CHECK_INT(call.bed.lost[0].cause, SESSION_NO_DTLS);
		}
		call_close(&call);
	}
}

static bool goes_on(struct call *call)
{
	CHECK(both_hear(call));
	media_bed_run(&call->bed, (SETUP_S + 10) * 1000);
	return CHECK(both_hear(call)) && CHECK_INT(call->bed.nlost, 0);
}

/* Two ring behind a PBX, and the first picks up: its association stands. */
static void the_first_of_two_picks_up(void)
{
	static const char *const setups[] = {"active", "passive"};

	for (unsigned i = 0; i < 2 * COUNTOF(setups); i++) {
		struct media_phone *phone;
		struct mock_dtls *first[2];
		struct call call;

		if (!call_open(&call, NULL, setups[i / 2]))
			continue;
		phone = call.phone;
		phone->dtls.strong = i % 2;
		if (call_up(&call) && CHECK(both_hear(&call))) {
			first[0] = mem_ref(phone->dtls.end[0]);
			first[1] = mem_ref(phone->dtls.end[1]);
			CHECK_INT(phone_dtls_renew(phone), 0);
			phone->dtls.mute = true;
			CHECK_INT(media_phone_answers(phone, S, 2), 0);
			media_bed_run(&call.bed, 2000);
			phone_dtls_close(phone);
			memcpy(phone->dtls.end, first, sizeof(first));
			phone->dtls.shaken[0] = true;
			phone->dtls.mute = false;
			CHECK_INT(media_phone_answers(phone, S, 2), 0);
			CHECK_INT(session_answered(call.bed.table, S), 0);
			CHECK(goes_on(&call));
		}
		call_close(&call);
	}
}

/* By whatever hash its certificate is told; over a death, too. */
static void who_moves_keeps_its_keys(void)
{
	for (unsigned i = 0; i < 4; i++) {
		struct call call;
		size_t alive = 0;

		if (!call_open(&call, file("moves"), "active"))
			continue;
		call.phone->dtls.strong = i % 2;
		if (call_up(&call) && CHECK(both_hear(&call))) {
			CHECK_INT(session_answered(call.bed.table, S), 0);
			CHECK_INT(media_phone_move(call.phone), 0);
			CHECK_INT(media_phone_calls(call.phone, S, 2), 0);
			CHECK(both_hear(&call));
			if (i / 2) {
				CHECK_INT(media_bed_die(&call.bed, 100, &alive),
					  0);
				CHECK_INT(alive, 1);
			}
			CHECK(goes_on(&call));
		}
		call_close(&call);
	}
}

/* Who is asked for another association has the whole time for it. */
static void the_time_for_keys_begins_anew_with_them(void)
{
	struct call call;

	if (keyless_up(&call, "recvonly")) {
		CHECK_INT(session_answered(call.bed.table, S), 0);
		CHECK(goes_on_for(&call, SETUP_S - 3));
		CHECK_INT(phone_dtls_renew(call.phone), 0);
		CHECK_INT(media_phone_calls(call.phone, S, 2), 0);
		CHECK(goes_on_for(&call, SETUP_S - 3));
		is_lost_keyless(&call);
	}
	call_close(&call);
}

/* Nothing is to come of it but its keys. */
static void who_has_keys_and_only_hears_stays(void)
{
	struct call call;

	if (call_open(&call, NULL, "active")) {
		call.phone->dir = "recvonly";
		call.phone->sending = false;
		if (call_up(&call)) {
			CHECK_INT(session_answered(call.bed.table, S), 0);
			media_bed_run(&call.bed, 4 * SETUP_S * 1000);
			CHECK_INT(call.phone->dtls.handshakes, 1);
			CHECK_INT(call.bed.nlost, 0);
		}
	}
	call_close(&call);
}

/* It may be forged, so nothing ends and we try on; but it is named. */
static void who_refuses_in_clear_is_named(void)
{
	static const uint8_t alert[] = {21, 254, 253, 0, 0, 0, 0, 0,
					0,  0,   5,   0, 2, 2, 40};
	const struct leg_figures *figs;
	struct call call;

	if (!call_open(&call, NULL, "passive"))
		return;
	call.phone->dtls.mute = true;
	call.phone->sending = false;
	if (call_up(&call)) {
		CHECK_INT(session_answered(call.bed.table, S), 0);
		media_phone_send_raw(call.phone, false, alert, sizeof(alert));
		media_bed_run(&call.bed, 4000);
		figs = figures(&call, 2);
		CHECK_STR(figs ? figs->voice.quiet : NULL, "dtls-refused");
		CHECK_INT(call.bed.nlost, 0);
		call.phone->dtls.mute = false;
		call.phone->sending = true;
		media_bed_run(&call.bed, 6000);
		CHECK(both_hear(&call));
		figs = figures(&call, 2);
		CHECK_STR(figs ? figs->voice.quiet : NULL, "");
	}
	call_close(&call);
}

static void opportunistic_offers_by_dtls_are_taken(void)
{
	static const char *const protos[] = {"RTP/AVP", "UDP/TLS/RTP/SAVPF"};

	for (unsigned i = 0; i < COUNTOF(protos); i++) {
		struct call call;
		size_t alive = 0;

		if (!call_open(&call, file("osrtp"), "actpass"))
			continue;
		call.phone->profile = SDPM_OSRTP;
		call.phone->dtls.proto = protos[i];
		if (call_in(&call)) {
			CHECK(says(&call, "a=setup:passive"));
			CHECK(!says(&call, "a=crypto"));
			CHECK(both_hear(&call));
			CHECK_STR(figures(&call, 1)->secured,
				  "AEAD_AES_128_GCM");
			CHECK_INT(media_bed_die(&call.bed, 150, &alive), 0);
			CHECK_INT(alive, 1);
			CHECK(both_hear(&call));
			/* we offer: the same, with an association there is */
			call.phone->dtls.setup = "active";
			CHECK_INT(media_phone_called(call.phone, S, 1), 0);
			CHECK(says(&call, "a=setup:actpass"));
			CHECK(!says(&call, "a=crypto"));
			CHECK(both_hear(&call));
			CHECK_INT(call.phone->dtls.handshakes, 1);
		}
		call_close(&call);
	}
}

TEST_MAIN(TEST(a_page_known_by_sha_512_stays_known),
	  TEST(another_page_that_waits_takes_the_place),
	  TEST(another_page_known_by_sha_512_is_another),
	  TEST(a_pbx_known_by_sha_512_stays_known),
	  TEST(a_page_that_begins_anew_does_so_with_the_successor),
	  TEST(a_page_that_waits_is_called_by_dtls),
	  TEST(a_page_that_takes_no_role_is_lost),
	  TEST(a_pbx_is_called_and_calls_in_each_role),
	  TEST(a_hello_before_the_answer_is_waited_with),
	  TEST(nor_is_one_in_pieces_lost),
	  TEST(a_reoffer_with_another_certificate_loses_nothing),
	  TEST(another_one_picks_up),
	  TEST(hold_and_resume_keep_the_association),
	  TEST(another_certificate_than_told_is_no_call),
	  TEST(in_clear_nothing_is_heard_or_said),
	  TEST(hellos_of_others_disturb_nothing),
	  TEST(stray_datagrams_end_no_call),
	  TEST(an_alert_and_a_hello_break_no_handshake),
	  TEST(a_cookie_of_another_port_opens_nothing),
	  TEST(a_cookie_outlives_the_worker),
	  TEST(one_hello_of_a_high_number_keeps_nobody_out),
	  TEST(hellos_from_where_the_sdp_says_stop_nobody_behind_nat),
	  TEST(hellos_without_end_keep_nobody_out),
	  TEST(who_never_brings_a_cookie_is_named_and_lost),
	  TEST(on_hold_no_keys_are_missed),
	  TEST(dtls_that_comes_later_outlives_the_worker),
	  TEST(who_rings_outlives_the_worker),
	  TEST(later_keys_have_a_time_too),
	  TEST(the_time_for_keys_begins_anew_with_them),
	  TEST(the_first_of_two_picks_up),
	  TEST(who_moves_keeps_its_keys),
	  TEST(who_has_keys_and_only_hears_stays),
	  TEST(an_awaited_association_outlives_the_worker),
	  TEST(who_begins_anew_in_the_midst_is_heard),
	  TEST(a_stray_of_another_port_turns_nothing_away),
	  TEST(who_refuses_in_clear_is_named),
	  TEST(opportunistic_offers_by_dtls_are_taken))
