/*
 * test_media_session.c  Calls through the sessions of a worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <re.h>

#include "mediad/session/state_file.h"
#include "mediad/sound/codec.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

static const char *const S = "00000000000000a1";

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	return path;
}

static const struct leg_figures *figures(struct media_bed *bed, uint8_t leg)
{
	static struct session_figures figs;

	if (session_query(bed->table, S, &figs))
		return NULL;
	for (size_t i = 0; i < figs.nlegs; i++)
		if (figs.legs[i].leg == leg)
			return &figs.legs[i];
	return NULL;
}

static void fault_free(const struct media_page *page)
{
	const char *fault = packet_check_fault(&page->check);

	if (!CHECK(fault == NULL))
		printf("# %s\n", fault);
	/* an index used twice is a replay to the browser */
	CHECK_INT(mock_media_stats(page->mock)->bad_srtp, 0);
}

/* A page in the call, joined with a service. */
static struct media_page *call_service(struct media_bed *bed,
				       const char *service)
{
	struct media_page *page = media_page_open(bed);

	if (!CHECK(page != NULL))
		return NULL;
	CHECK_INT(media_page_calls(page, S, 1), 0);
	CHECK_INT(session_leg_join(bed->table, S, 1, 0, service), 0);
	CHECK(media_bed_ready(bed));
	return page;
}

static void echo_gives_back_every_packet(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	const struct leg_figures *leg;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	page = call_service(&bed, "echo");
	media_bed_run(&bed, 10000);
	fault_free(page);
	CHECK(page->heard >= 499);
	CHECK_INT(packet_check_lost(&page->check), 0);
	CHECK_INT(page->check.last_pt, 111);

	leg = figures(&bed, 1);
	REQUIRE(leg != NULL);
	CHECK_STR(leg->chosen, "opus/48000/2");
	CHECK_STR(leg->offered,
		  "opus/48000 red/48000 PCMA/8000 telephone-event/48000");
	CHECK_STR(leg->service, "echo");
	CHECK_INT(leg->stats.packets_in, leg->stats.packets_out);
	CHECK_INT(leg->stats.lost_in, 0);
	for (unsigned step = 1; step < LEG_STEPS; step++)
		CHECK(leg->at_ms[step] >= leg->at_ms[step - 1]);
	CHECK_INT(session_drop(bed.table, S), 0);
	CHECK_INT(session_count(bed.table), 0);
	media_bed_close(&bed);
}

static void hear_tone(const char *service, double hz, double dbfs)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct tone tone;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	page = call_service(&bed, service);
	page->sending = false;
	CHECK_INT(media_page_record(page, &codec_opus, 5), 0);
	media_bed_run(&bed, 5000);
	fault_free(page);
	CHECK(page->heard >= 249);
	CHECK_INT(page->undecodable, 0);
	CHECK(page->npcm > 4 * 48000);
	tone = tone_measure(page->pcm + 24000, 3 * 48000, 48000);
	printf("# %s: %.2f Hz %.2f dBFS\n", service, tone.hz, tone.dbfs);
	CHECK(fabs(tone.hz - hz) < 0.5);
	CHECK(fabs(tone.dbfs - dbfs) < 0.2);
	CHECK(tone.purity > 0.99);
	media_bed_close(&bed);
}

static void a_leg_s_first_packet_is_told_once(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("up")) == 0);
	a = media_page_open(&bed);
	b = media_page_open(&bed);
	REQUIRE(a && b);
	b->sending = false;
	CHECK_INT(media_page_calls(a, S, 1), 0);
	CHECK_INT(media_page_called(b, S, 2), 0);
	CHECK(media_bed_ready(&bed));
	media_bed_run(&bed, 100);
	CHECK_INT(bed.nup, 1);
	CHECK_INT(bed.up_leg, 1);
	CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
	media_bed_run(&bed, 500);
	CHECK_INT(bed.nup, 1);
	CHECK_INT(session_drop(bed.table, S), 0);
	media_bed_close(&bed);
}

static void tone_is_heard(void)
{
	hear_tone("tone", 440, -13.14);
}

static void milliwatt_is_heard(void)
{
	hear_tone("milliwatt", 1004, -3.14);
}

/* Two pages, joined. The callee's payload types are the worker's. */
static bool call_up(struct media_bed *bed, struct media_page **a,
		    struct media_page **b)
{
	struct mbuf *mb = mbuf_alloc(2048);
	bool ok;

	*a = media_page_open(bed);
	*b = media_page_open(bed);
	if (!CHECK(mb && *a && *b))
		return false;
	/* the order of a call: offer, offer, answer, answer */
	(*a)->pt = 109;
	CHECK_INT(media_remote(bed, S, 1, false, media_page_sdp(*a, false),
			       NULL),
		  0);
	CHECK_INT(media_page_called(*b, S, 2), 0);
	CHECK_INT(media_local(bed, S, 1, true, mb, NULL), 0);
	CHECK_INT(media_page_take(*a, (char *)mb->buf, mb->end), 0);
	CHECK_INT(session_leg_join(bed->table, S, 1, 2, NULL), 0);
	ok = CHECK(media_bed_ready(bed));
	mem_deref(mb);
	return ok;
}

static void two_pages_hear_each_other(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 20000);
		fault_free(a);
		fault_free(b);
		CHECK(a->heard >= 999 && b->heard >= 999);
		CHECK_INT(packet_check_lost(&a->check), 0);
		CHECK_INT(packet_check_lost(&b->check), 0);
		CHECK_INT(a->check.last_pt, a->pt);
		CHECK_INT(b->check.last_pt, b->pt);
		CHECK(a->check.ssrc != mock_media_ssrc(b->mock));
		CHECK_STR(figures(&bed, 2)->chosen, "opus/48000/2");
		CHECK_INT(figures(&bed, 2)->peer, 1);
	}
	media_bed_close(&bed);
}

/* The codec of the callee's leg is asked of the caller's. */
static void callee_is_offered_what_the_caller_has(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		CHECK(strstr(b->sdp, "opus/48000") != NULL);
		CHECK(strstr(b->sdp, "PCMA/8000") != NULL);
		CHECK(strstr(b->sdp, "PCMU") == NULL);
		CHECK(strstr(b->sdp, "telephone-event/8000") == NULL);
	}
	media_bed_close(&bed);
}

static void digits_pass_from_page_to_page(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	static const uint8_t digit[4] = {5, 10, 0, 160};

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 1000);
		a->sending = false;
		CHECK(a->event && b->event);
		CHECK_INT(mock_media_send(a->mock, a->event, a->ts, digit,
					  sizeof(digit)),
			  0);
		media_bed_run(&bed, 20);
		CHECK_INT(b->check.last_pt, b->event);
		fault_free(b);
	}
	media_bed_close(&bed);
}

/* From service to service to peer: one stream for the page. */
static void switching_what_is_heard_keeps_one_stream(void)
{
	static const char *const services[] = {"echo", "tone", "milliwatt"};
	struct media_bed bed = {0};
	struct media_page *a, *b;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		for (unsigned i = 0; i < 30; i++) {
			CHECK_INT(session_leg_join(bed.table, S, 1, 0,
						   services[i % 3]),
				  0);
			media_bed_run(&bed, 215);
			CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL),
				  0);
			media_bed_run(&bed, 195);
		}
		fault_free(a);
		fault_free(b);
		CHECK_INT(packet_check_lost(&a->check), 0);
		CHECK(figures(&bed, 1)->stats.switches >= 60);
		CHECK(a->heard >= 30 * 20);
	}
	media_bed_close(&bed);
}

static void put32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint8_t kind_of(const struct media_page *page)
{
	return page->lastlen > 1 ? page->last[1] : 0;
}

static void reports_tell_both_sides(void)
{
	/* receiver report: of 256 packets 64 lost lately, 77 in all */
	uint8_t rr[32] = {0x81, 201, 0, 7, 0,  0, 0, 1,
			  0,    0,   0, 0, 64, 0, 0, 77};
	struct media_bed bed = {0};
	struct media_page *a, *b;
	const struct leg_figures *leg;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 30000);
		CHECK(a->heard_rtcp >= 4 && a->heard_rtcp <= 12);
		CHECK_INT(kind_of(a), 200);
		CHECK_INT(a->last[0] & 0x1f, 1);
		leg = figures(&bed, 1);
		put32(rr + 4, mock_media_ssrc(a->mock));
		put32(rr + 8, leg->ssrc_out);
		/* LSR: the middle of the sender's NTP time; DLSR 1 s */
		memcpy(rr + 24, a->last + 10, 4);
		rr[29] = 1;
		CHECK_INT(mock_media_send_rtcp(a->mock, rr, sizeof(rr)), 0);
		media_bed_run(&bed, 10);
		leg = figures(&bed, 1);
		CHECK_INT(leg->stats.far_lost, 77);
		CHECK_INT(leg->stats.far_fraction, 64);
		CHECK(leg->stats.rtt_us > 0);
	}
	media_bed_close(&bed);
}

static void bye_and_rubbish_end_nothing(void)
{
	uint8_t bye[] = {0x80, 201, 0, 1, 0, 0, 0, 0,
			 0x81, 203, 0, 1, 0, 0, 0, 0};
	/* CSRCs that are not there */
	static const uint8_t csrcs[30] = {0x8f, 0x6f};
	struct media_bed bed = {0};
	struct media_page *a, *b;
	uint32_t heard;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		put32(bye + 4, mock_media_ssrc(a->mock));
		put32(bye + 12, mock_media_ssrc(a->mock));
		CHECK_INT(mock_media_send_rtcp(a->mock, bye, sizeof(bye)), 0);
		media_bed_run(&bed, 10);
		CHECK_INT(figures(&bed, 1)->stats.refused_in, 0);
		bye[11] = 200; /* longer than it is */
		CHECK_INT(mock_media_send_rtcp(a->mock, bye, sizeof(bye)), 0);
		media_bed_run(&bed, 10);
		CHECK_INT(figures(&bed, 1)->stats.refused_in, 1);
		CHECK_INT(mock_media_send_raw(a->mock, csrcs, sizeof(csrcs)),
			  0);
		media_bed_run(&bed, 100);
		heard = b->heard;
		media_bed_run(&bed, 1000);
		CHECK_INT(b->heard, heard + 50);
		CHECK_INT(bed.nlost, 0);
	}
	media_bed_close(&bed);
}

static void hold_stops_and_resume_goes_on(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	struct mbuf *mb = mbuf_alloc(2048);
	uint32_t heard;

	REQUIRE(mb && media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 1000);
		str_ncpy(a->extra, "a=inactive\r\n", sizeof(a->extra));
		CHECK_INT(media_remote(&bed, S, 1, false,
				       media_page_sdp(a, false), NULL),
			  0);
		CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
		media_bed_run(&bed, 20);
		heard = a->heard;
		media_bed_run(&bed, 1000);
		CHECK_INT(a->heard, heard);

		str_ncpy(a->extra, "a=sendrecv\r\n", sizeof(a->extra));
		CHECK_INT(media_remote(&bed, S, 1, false,
				       media_page_sdp(a, false), NULL),
			  0);
		CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
		media_bed_run(&bed, 1000);
		CHECK(a->heard >= heard + 49);
		fault_free(a);
		fault_free(b);
		CHECK_INT(packet_check_lost(&a->check), 0);
	}
	mem_deref(mb);
	media_bed_close(&bed);
}

static void same_answer_is_byte_identical_and_may_be_repeated(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	struct mbuf *mb = mbuf_alloc(2048);

	REQUIRE(mb && media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
		CHECK_INT(mb->end, strlen(a->sdp));
		CHECK(!memcmp(mb->buf, a->sdp, mb->end));
		CHECK_INT(media_remote(&bed, S, 2, true,
				       media_page_sdp(b, true), NULL),
			  0);
		/* nothing is open, and nothing is taken back */
		CHECK_INT(session_leg_rollback(bed.table, S, 2), 0);
		/* another answer to the same offer takes its place */
		str_ncpy(b->extra, "a=inactive\r\n", sizeof(b->extra));
		CHECK_INT(media_remote(&bed, S, 2, true,
				       media_page_sdp(b, true), NULL),
			  0);
		CHECK_INT(media_remote(&bed, S, 2, true,
				       media_page_sdp(b, true), NULL),
			  0);
		/* but not that of another browser */
		mock_media_restart(b->mock);
		CHECK_INT(media_remote(&bed, S, 2, true,
				       media_page_sdp(b, true), NULL),
			  EPROTO);
	}
	mem_deref(mb);
	media_bed_close(&bed);
}

static void ice_restart_keeps_the_stream(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	struct mbuf *mb = mbuf_alloc(2048);

	REQUIRE(mb && media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 1000);
		mock_media_restart(a->mock);
		CHECK_INT(media_remote(&bed, S, 1, false,
				       media_page_sdp(a, false), NULL),
			  0);
		CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
		CHECK_INT(media_page_take(a, (char *)mb->buf, mb->end), 0);
		media_bed_run(&bed, 3000);
		CHECK(b->heard >= 3900 / 20);
		CHECK(b->check.max_gap_ms <= 200);
		fault_free(a);
		fault_free(b);
	}
	mem_deref(mb);
	media_bed_close(&bed);
}

static const char *lines_of(const char *sdp, const char *prefix)
{
	const char *p = strstr(sdp, prefix);

	return p ? p : "";
}

/* Up to the end of the line. */
static bool same_line(const char *a, const char *b)
{
	size_t n = strcspn(a, "\r\n");

	return n && n == strcspn(b, "\r\n") && !memcmp(a, b, n);
}

static bool hear_each_other(struct media_bed *bed, const struct media_page *a,
			    const struct media_page *b)
{
	uint32_t ha = a->heard, hb = b->heard;

	media_bed_run(bed, 1000);
	return a->heard >= ha + 45 && b->heard >= hb + 45;
}

static void our_open_offer_stays_the_same(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	struct mbuf *first = mbuf_alloc(2048), *again = mbuf_alloc(2048);

	REQUIRE(first && again && media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		CHECK_INT(media_local(&bed, S, 2, false, first, NULL), 0);
		CHECK_INT(media_local(&bed, S, 2, false, again, NULL), 0);
		CHECK_INT(again->end, first->end);
		CHECK(!memcmp(again->buf, first->buf, first->end));
		/* and again after it was refused: nothing is new */
		CHECK_INT(session_leg_rollback(bed.table, S, 2), 0);
		mbuf_rewind(again);
		CHECK_INT(media_local(&bed, S, 2, false, again, NULL), 0);
		CHECK_INT(again->end, first->end);
		CHECK(!memcmp(again->buf, first->buf, first->end));
	}
	mem_deref(first);
	mem_deref(again);
	media_bed_close(&bed);
}

/* The far side has refused our re-offer, and offers itself. */
static void our_refused_offer_makes_room_for_theirs(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	struct mbuf *mb = mbuf_alloc(2048);

	REQUIRE(mb && media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		CHECK_INT(media_local(&bed, S, 2, false, mb, NULL), 0);
		CHECK_INT(media_remote(&bed, S, 2, false,
				       media_page_sdp(b, false), NULL),
			  EPROTO);
		CHECK_INT(session_leg_rollback(bed.table, S, 2), 0);
		CHECK(hear_each_other(&bed, a, b));
		CHECK_INT(media_remote(&bed, S, 2, true,
				       media_page_sdp(b, true), NULL),
			  0); /* the one of before */
		CHECK_INT(media_remote(&bed, S, 2, false,
				       media_page_sdp(b, false), NULL),
			  0);
		mbuf_rewind(mb);
		CHECK_INT(media_local(&bed, S, 2, true, mb, NULL), 0);
		CHECK(hear_each_other(&bed, a, b));
		fault_free(a);
		fault_free(b);
	}
	mem_deref(mb);
	media_bed_close(&bed);
}

/* Nothing of an offer has happened before it is answered: not its ICE
 * restart, either. */
static void their_refused_offer_changes_nothing(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	struct mbuf *mb = mbuf_alloc(2048);
	char sdp[4096], *ufrag;

	REQUIRE(mb && media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		str_ncpy(sdp, media_page_sdp(a, false), sizeof(sdp));
		ufrag = strstr(sdp, "ice-ufrag:") + strlen("ice-ufrag:");
		memcpy(ufrag, "NEXT", 4);
		ufrag = strstr(sdp, "a=sendrecv");
		memcpy(ufrag, "a=inactive", 10);
		CHECK_INT(media_remote(&bed, S, 1, false, sdp, NULL), 0);
		CHECK_INT(media_local(&bed, S, 1, false, mb, NULL), EPROTO);
		CHECK(hear_each_other(&bed, a, b));
		CHECK_INT(session_leg_rollback(bed.table, S, 1), 0);
		CHECK_INT(session_leg_rollback(bed.table, S, 1), 0);
		CHECK(hear_each_other(&bed, a, b));

		/* the next offer is that of a page that never restarted */
		CHECK_INT(media_remote(&bed, S, 1, false,
				       media_page_sdp(a, false), NULL),
			  0);
		CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
		mb->buf[mb->end - 1] = '\0';
		CHECK(same_line(lines_of((char *)mb->buf, "a=ice-ufrag:"),
				lines_of(a->sdp, "a=ice-ufrag:")));
		CHECK(same_line(lines_of((char *)mb->buf, "a=ice-pwd:"),
				lines_of(a->sdp, "a=ice-pwd:")));
		CHECK(hear_each_other(&bed, a, b));
		fault_free(a);
		fault_free(b);
	}
	mem_deref(mb);
	media_bed_close(&bed);
}

static void a_first_offer_may_be_rolled_back(void)
{
	struct media_bed bed = {0};
	struct media_page *a;
	struct mbuf *mb = mbuf_alloc(2048);

	REQUIRE(mb && media_bed_open(&bed, NULL) == 0);
	a = media_page_open(&bed);
	REQUIRE(a != NULL);
	CHECK_INT(session_leg_rollback(bed.table, S, 1), ENOENT);
	CHECK_INT(media_local(&bed, S, 1, false, mb, NULL), 0);
	CHECK_INT(session_leg_rollback(bed.table, S, 2), ENOENT);
	CHECK_INT(session_leg_rollback(bed.table, S, 17), EINVAL);
	CHECK_INT(session_leg_rollback(bed.table, S, 1), 0);
	CHECK_INT(media_remote(&bed, S, 1, false, media_page_sdp(a, false),
			       NULL),
		  0);
	CHECK_INT(session_leg_rollback(bed.table, S, 1), 0);
	CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), EPROTO);
	CHECK_INT(media_page_called(a, S, 1), 0);
	CHECK(media_bed_ready(&bed));
	mem_deref(mb);
	media_bed_close(&bed);
}

static void state_of_offer_and_answer_is_kept(void)
{
	struct media_bed bed = {0};
	struct media_page *a;
	struct sdpm_error why;
	struct mbuf *mb = mbuf_alloc(2048);

	REQUIRE(mb && media_bed_open(&bed, NULL) == 0);
	a = media_page_open(&bed);
	REQUIRE(a != NULL);
	CHECK_INT(media_local(&bed, S, 1, true, mb, &why), ENOENT);
	CHECK_INT(media_remote(&bed, S, 1, true, media_page_sdp(a, true), &why),
		  ENOENT);
	CHECK_INT(media_local(&bed, S, 1, false, mb, &why), 0);
	CHECK_INT(media_local(&bed, S, 1, true, mb, &why), EPROTO);
	CHECK_INT(media_remote(&bed, S, 1, false, media_page_sdp(a, false),
			       &why),
		  EPROTO);
	CHECK_INT(why.sip, 491);
	CHECK_INT(session_leg_drop(bed.table, S, 1), 0);
	CHECK_INT(media_remote(&bed, S, 1, false, media_page_sdp(a, false),
			       &why),
		  0);
	CHECK_INT(media_local(&bed, S, 1, false, mb, &why), EPROTO);
	mem_deref(mb);
	media_bed_close(&bed);
}

static void bad_sdp_leaves_nothing_behind(void)
{
	struct media_bed bed = {0};
	struct media_page *a;
	struct sdpm_error why;
	char sdp[4096], *p;

	REQUIRE(media_bed_open(&bed, file("bad-sdp")) == 0);
	a = media_page_open(&bed);
	REQUIRE(a != NULL);
	CHECK_INT(media_remote(&bed, S, 1, false, "rubbish", &why), EBADMSG);
	CHECK_INT(why.sip, 400);
	str_ncpy(sdp, media_page_sdp(a, false), sizeof(sdp));
	while ((p = strstr(sdp, "opus")) != NULL)
		memcpy(p, "nope", 4);
	while ((p = strstr(sdp, "PCMA")) != NULL)
		memcpy(p, "NOPE", 4);
	CHECK_INT(media_remote(&bed, S, 1, false, sdp, &why), ENOTSUP);
	CHECK_INT(why.sip, 488);
	CHECK_INT(session_count(bed.table), 0);
	CHECK_INT(state_file_used(bed.state), 0);
	media_bed_close(&bed);
}

static void joins_that_make_no_sense_are_refused(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		struct session_table *t = bed.table;

		CHECK_INT(session_leg_join(t, S, 1, 1, NULL), EINVAL);
		CHECK_INT(session_leg_join(t, S, 1, 3, NULL), ENOENT);
		CHECK_INT(session_leg_join(t, S, 3, 1, NULL), ENOENT);
		CHECK_INT(session_leg_join(t, S, 0, 1, NULL), EINVAL);
		CHECK_INT(session_leg_join(t, S, 17, 1, NULL), EINVAL);
		CHECK_INT(session_leg_join(t, S, 1, 0, "nothing"), EINVAL);
		CHECK_INT(session_leg_join(t, S, 1, 0, NULL), EINVAL);
		CHECK_INT(session_leg_join(t, media_id(9), 1, 2, NULL), ENOENT);
	}
	media_bed_close(&bed);
}

static void a_dropped_leg_leaves_its_peer_alone(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;

	REQUIRE(media_bed_open(&bed, file("drop")) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 500);
		CHECK_INT(session_leg_drop(bed.table, S, 2), 0);
		media_bed_run(&bed, 500);
		CHECK_INT(figures(&bed, 1)->peer, 0);
		CHECK_INT(state_file_used(bed.state), 1);
		CHECK_INT(session_leg_join(bed.table, S, 1, 0, "tone"), 0);
		media_bed_run(&bed, 500);
		fault_free(a);
		CHECK(a->heard >= 47);
		CHECK_INT(session_leg_drop(bed.table, S, 1), 0);
		CHECK_INT(session_count(bed.table), 1);
		media_bed_run(&bed, 30100);
		CHECK_INT(session_count(bed.table), 0);
		CHECK_INT(state_file_used(bed.state), 0);
	}
	media_bed_close(&bed);
}

/* It may ring for longer than sigd lets it (Timer C, 3 min). */
static void a_leg_may_ring_for_minutes(void)
{
	struct media_bed bed = {.cfg = {.grace_ms = 1000}};
	struct media_page *a, *b;
	struct mbuf *mb = mbuf_alloc(2048);

	REQUIRE(mb && media_bed_open(&bed, NULL) == 0);
	a = media_page_open(&bed);
	b = media_page_open(&bed);
	REQUIRE(a && b);
	CHECK_INT(media_remote(&bed, S, 1, false, media_page_sdp(a, false),
			       NULL),
		  0);
	CHECK_INT(media_local(&bed, S, 2, false, mb, NULL), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
	media_bed_run(&bed, 200000);
	CHECK_INT(bed.nlost, 0);
	CHECK_INT(media_page_called(b, S, 2), 0);
	mbuf_rewind(mb);
	CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
	CHECK_INT(media_page_take(a, (char *)mb->buf, mb->end), 0);
	media_bed_run(&bed, 3000);
	CHECK(hear_each_other(&bed, a, b));
	media_bed_run(&bed, 300000);
	CHECK_INT(bed.nlost, 0);
	mem_deref(mb);
	media_bed_close(&bed);
}

static void a_leg_that_nobody_answers_is_lost(void)
{
	struct media_bed bed = {.cfg = {.grace_ms = 1000}};
	struct media_page *a;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	a = media_page_open(&bed);
	REQUIRE(a != NULL);
	CHECK_INT(media_remote(&bed, S, 1, false, media_page_sdp(a, false),
			       NULL),
		  0);
	media_bed_run(&bed, 239900);
	CHECK_INT(bed.nlost, 0);
	media_bed_run(&bed, 200);
	CHECK_INT(bed.nlost, 1);
	CHECK_INT(bed.lost[0].leg, 1);
	CHECK_INT(bed.lost[0].cause, SESSION_NO_ANSWER);
	media_bed_run(&bed, 2100);
	CHECK_INT(session_count(bed.table), 0);
	CHECK_INT(bed.nlost, 1);
	media_bed_close(&bed);
}

static void a_leg_that_nobody_comes_to_is_lost(void)
{
	struct media_bed bed = {.cfg = {.grace_ms = 1000}};
	struct media_page *a;
	struct mbuf *mb = mbuf_alloc(2048);

	REQUIRE(mb && media_bed_open(&bed, NULL) == 0);
	a = media_page_open(&bed);
	REQUIRE(a != NULL);
	CHECK_INT(media_remote(&bed, S, 1, false, media_page_sdp(a, false),
			       NULL),
		  0);
	media_bed_run(&bed, 59900);
	CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
	media_bed_run(&bed, 59900);
	CHECK_INT(bed.nlost, 0);
	media_bed_run(&bed, 200);
	CHECK_INT(bed.nlost, 1);
	CHECK_STR(bed.lost[0].session, S);
	CHECK_INT(bed.lost[0].leg, 1);
	CHECK_INT(bed.lost[0].cause, SESSION_NO_ICE);
	CHECK(figures(&bed, 1) != NULL);
	media_bed_run(&bed, 2100);
	CHECK_INT(session_count(bed.table), 0);
	CHECK_INT(bed.nlost, 1);
	mem_deref(mb);
	media_bed_close(&bed);
}

static void a_page_that_vanishes_is_lost_after_its_consent(void)
{
	struct media_bed bed = {.cfg = {.grace_ms = 1000}};
	struct media_page *a, *b;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 1000);
		mock_media_silence(b->mock);
		b->sending = false;
		media_bed_run(&bed, 25000);
		CHECK_INT(bed.nlost, 0);
		media_bed_run(&bed, 12000);
		CHECK_INT(bed.nlost, 1);
		CHECK_INT(bed.lost[0].leg, 2);
		CHECK_INT(bed.lost[0].cause, SESSION_SILENT);
		CHECK(figures(&bed, 2) == NULL);
		CHECK(figures(&bed, 1) != NULL);
	}
	media_bed_close(&bed);
}

/* Its network changed, and it comes back with a re-INVITE. */
static void a_lost_leg_is_mended_by_an_ice_restart(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;
	struct mbuf *mb = mbuf_alloc(2048);

	REQUIRE(mb && media_bed_open(&bed, file("mend")) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 1000);
		mock_media_silence(b->mock);
		media_bed_run(&bed, 31000);
		CHECK_INT(bed.nlost, 1);
		mock_media_restart(b->mock);
		CHECK_INT(media_remote(&bed, S, 2, false,
				       media_page_sdp(b, false), NULL),
			  0);
		CHECK_INT(media_local(&bed, S, 2, true, mb, NULL), 0);
		CHECK_INT(media_page_take(b, (char *)mb->buf, mb->end), 0);
		media_bed_run(&bed, 1000);
		CHECK(hear_each_other(&bed, a, b));
		media_bed_run(&bed, 60000);
		CHECK(hear_each_other(&bed, a, b));
		CHECK_INT(bed.nlost, 1);
		b->check.ts_odd = 0; /* the silence */
		fault_free(a);
		fault_free(b);
		CHECK(b->heard_rtcp > 8);
		/* and when it goes again, that is told again */
		mock_media_silence(b->mock);
		media_bed_run(&bed, 31000);
		CHECK_INT(bed.nlost, 2);
	}
	mem_deref(mb);
	media_bed_close(&bed);
}

static void a_page_that_closes_is_lost_at_once(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 1000);
		mock_media_close(b->mock);
		media_bed_run(&bed, 100);
		CHECK_INT(bed.nlost, 1);
		CHECK_INT(bed.lost[0].leg, 2);
		CHECK_INT(bed.lost[0].cause, SESSION_CLOSED);
	}
	media_bed_close(&bed);
}

static void limits_hold(void)
{
	struct media_bed bed = {.cfg = {.max_sessions = 3}};
	struct media_page *a;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	a = media_page_open(&bed);
	REQUIRE(a != NULL);
	for (unsigned i = 1; i <= 5; i++)
		CHECK_INT(media_remote(&bed, media_id(i), 1, false,
				       media_page_sdp(a, false), NULL),
			  i <= 3 ? 0 : EUSERS);
	CHECK_INT(session_drop(bed.table, media_id(1)), 0);
	CHECK_INT(session_drop(bed.table, media_id(1)), ENOENT);
	session_drain(bed.table, true);
	CHECK_INT(media_remote(&bed, media_id(4), 1, false,
			       media_page_sdp(a, false), NULL),
		  EUSERS);
	/* but the present ones go on */
	CHECK_INT(media_remote(&bed, media_id(2), 2, false,
			       media_page_sdp(a, false), NULL),
		  0);
	session_drain(bed.table, false);
	CHECK_INT(media_remote(&bed, media_id(4), 1, false,
			       media_page_sdp(a, false), NULL),
		  0);
	CHECK_INT(session_count(bed.table), 3);
	media_bed_close(&bed);
}

static void memory_runs_out_anywhere(void)
{
	struct media_bed bed = {0};
	struct media_page *a;

	if (!media_bed_open(&bed, file("oom"))) {
		a = media_page_open(&bed);
		if (a && !media_page_calls(a, S, 1)) {
			(void)session_leg_join(bed.table, S, 1, 0, "tone");
			(void)media_bed_run(&bed, 200);
		}
		(void)session_drop(bed.table, S);
	}
	media_bed_close(&bed);
}

/* 2,000 seconds in both directions. */
static void two_hundred_thousand_packets_are_relayed(void)
{
	struct media_bed bed = {0};
	struct media_page *a, *b;

	REQUIRE(media_bed_open(&bed, file("many")) == 0);
	if (call_up(&bed, &a, &b)) {
		media_bed_run(&bed, 2000000);
		fault_free(a);
		fault_free(b);
		CHECK(a->heard + b->heard >= 200000 - 20);
		CHECK_INT(packet_check_lost(&a->check), 0);
		CHECK_INT(packet_check_lost(&b->check), 0);
		CHECK(a->check.high >> 16 >= 1);
		CHECK_INT(bed.nlost, 0);
		CHECK_INT(figures(&bed, 1)->stats.lost_in, 0);
		CHECK_INT(session_drop(bed.table, S), 0);
		CHECK_INT(state_file_used(bed.state), 0);
	}
	media_bed_close(&bed);
}

TEST_MAIN(TEST(echo_gives_back_every_packet),
	  TEST(a_leg_s_first_packet_is_told_once), TEST(tone_is_heard),
	  TEST(milliwatt_is_heard), TEST(two_pages_hear_each_other),
	  TEST(callee_is_offered_what_the_caller_has),
	  TEST(digits_pass_from_page_to_page),
	  TEST(switching_what_is_heard_keeps_one_stream),
	  TEST(reports_tell_both_sides), TEST(bye_and_rubbish_end_nothing),
	  TEST(hold_stops_and_resume_goes_on),
	  TEST(same_answer_is_byte_identical_and_may_be_repeated),
	  TEST(ice_restart_keeps_the_stream),
	  TEST(our_open_offer_stays_the_same),
	  TEST(our_refused_offer_makes_room_for_theirs),
	  TEST(their_refused_offer_changes_nothing),
	  TEST(a_first_offer_may_be_rolled_back),
	  TEST(state_of_offer_and_answer_is_kept),
	  TEST(bad_sdp_leaves_nothing_behind),
	  TEST(joins_that_make_no_sense_are_refused),
	  TEST(a_dropped_leg_leaves_its_peer_alone),
	  TEST(a_leg_may_ring_for_minutes),
	  TEST(a_leg_that_nobody_answers_is_lost),
	  TEST(a_leg_that_nobody_comes_to_is_lost),
	  TEST(a_page_that_vanishes_is_lost_after_its_consent),
	  TEST(a_lost_leg_is_mended_by_an_ice_restart),
	  TEST(a_page_that_closes_is_lost_at_once), TEST(limits_hold),
	  TEST_OOM(memory_runs_out_anywhere),
	  TEST(two_hundred_thousand_packets_are_relayed))
