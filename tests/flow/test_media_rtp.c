/*
 * test_media_rtp.c  Legs of plain RTP through the sessions of a worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "mediad/session/state_file.h"
#include "mediad/transport/hub.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	return path;
}

static const struct leg_figures *figures(struct media_bed *bed, uint8_t leg)
{
	static struct session_figures figs[2];
	struct session_figures *found = &figs[leg & 1];

	if (session_query(bed->table, S, found))
		return NULL;
	for (size_t i = 0; i < found->nlegs; i++)
		if (found->legs[i].leg == leg)
			return &found->legs[i];
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

/* A page with PCMA calls a PBX. */
static bool call_up(struct media_bed *bed, struct media_page **page,
		    struct media_phone **phone)
{
	struct mbuf *mb = mbuf_alloc(2048);
	bool ok;

	*page = media_page_open(bed);
	*phone = media_phone_open(bed);
	if (!CHECK(mb && *page && *phone))
		return false;
	media_page_narrow(*page);
	CHECK_INT(media_remote(bed, S, 1, false, media_page_sdp(*page, false),
			       NULL),
		  0);
	CHECK_INT(media_phone_called(*phone, S, 2), 0);
	CHECK_INT(session_leg_join(bed->table, S, 1, 2, NULL), 0);
	CHECK_INT(media_local(bed, S, 1, true, mb, NULL), 0);
	CHECK_INT(media_page_take(*page, (char *)mb->buf, mb->end), 0);
	ok = CHECK(media_bed_ready(bed));
	mem_deref(mb);
	return ok;
}

static void a_page_and_a_pbx_hear_each_other(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	const struct leg_figures *leg;

	REQUIRE(media_bed_open(&bed, file("call")) == 0);
	if (call_up(&bed, &page, &phone)) {
		media_bed_run(&bed, 20000);
		fault_free(&page->check);
		fault_free(&phone->check);
		CHECK(page->heard >= 999 && phone->heard >= 999);
		CHECK_INT(packet_check_lost(&page->check), 0);
		CHECK_INT(packet_check_lost(&phone->check), 0);
		CHECK_INT(phone->foreign, 0);
		CHECK_INT(phone->check.last_pt, 8);
		CHECK(phone->check.ssrc != mock_media_ssrc(page->mock));
		CHECK(page->check.ssrc != phone->ssrc);
		CHECK(phone->heard_rtcp >= 2);

		leg = figures(&bed, 2);
		REQUIRE(leg != NULL);
		CHECK_INT(leg->profile, SDPM_RTP);
		CHECK_STR(leg->chosen, "PCMA/8000/1");
		CHECK_STR(leg->offered,
			  "PCMA/8000 PCMU/8000 telephone-event/8000");
		CHECK(leg->at_ms[LEG_RTP_IN] >= leg->at_ms[LEG_REMOTE]);
		CHECK_INT(leg->at_ms[LEG_DTLS], 0);
		CHECK_INT(leg->stats.lost_in, 0);
		CHECK_INT(leg->stats.refused_in, 0);
		CHECK_INT(session_drop(bed.table, S), 0);
		CHECK_INT(state_file_used(bed.state), 0);
		CHECK_INT(ports_free(&bed), 200);
	}
	media_bed_close(&bed);
}

/* --- hold -------------------------------------------------------------------------- */

static bool says(const char *sdp, const char *line)
{
	char whole[64];

	snprintf(whole, sizeof(whole), "\r\n%s\r\n", line);
	return strstr(sdp, whole) != NULL;
}

/* The worker's latest SDP to the page. */
static int page_gets(struct media_bed *bed, struct media_page *page)
{
	struct mbuf *mb = mbuf_alloc(2048);
	int err = mb ? media_local(bed, S, 1, true, mb, NULL) : ENOMEM;

	if (!err && mb->end < sizeof(page->sdp)) {
		memcpy(page->sdp, mb->buf, mb->end);
		page->sdp[mb->end] = '\0';
	}
	mem_deref(mb);
	return err;
}

/* A re-INVITE of the page, through to the phone and back. */
static void page_reoffers(struct media_bed *bed, struct media_page *page,
			  struct media_phone *phone, const char *dir)
{
	snprintf(page->extra, sizeof(page->extra), "a=%s\r\n", dir);
	CHECK_INT(media_remote(bed, S, 1, false, media_page_sdp(page, false),
			       NULL),
		  0);
	CHECK_INT(media_phone_gets(phone, S, 2, false), 0);
	CHECK_INT(media_phone_answers(phone, S, 2), 0);
	CHECK_INT(page_gets(bed, page), 0);
}

static void phone_reoffers(struct media_bed *bed, struct media_page *page,
			   struct media_phone *phone)
{
	struct mbuf *mb = mbuf_alloc(2048);

	CHECK_INT(media_phone_offers(phone, S, 2), 0);
	REQUIRE(mb != NULL);
	CHECK_INT(media_local(bed, S, 1, false, mb, NULL), 0);
	CHECK(mb->end < sizeof(page->sdp));
	memcpy(page->sdp, mb->buf, mb->end);
	page->sdp[mb->end] = '\0';
	CHECK_INT(media_remote(bed, S, 1, true, media_page_sdp(page, true),
			       NULL),
		  0);
	CHECK_INT(media_phone_gets(phone, S, 2, true), 0);
	mem_deref(mb);
}

struct flow {
	uint32_t to_page, to_phone; /* packets in a second */
};

static struct flow flows(struct media_bed *bed, const struct media_page *page,
			 const struct media_phone *phone)
{
	struct flow was;

	media_bed_run(bed, 40);
	was = (struct flow){page->heard, phone->heard};
	media_bed_run(bed, 1000);
	return (struct flow){page->heard - was.to_page,
			     phone->heard - was.to_phone};
}

static void the_page_holds_and_resumes(void)
{
	static const struct {
		const char *page, *phone; /* what they say */
		const char *to_phone, *to_page;
		bool hears_page, hears_phone;
	} cases[] = {
		{"sendonly", "recvonly", "a=sendonly", "a=recvonly", true,
		 false},
		{"sendonly", "inactive", "a=sendonly", "a=inactive", false,
		 false},
		{"inactive", "inactive", "a=inactive", "a=inactive", false,
		 false},
		{"recvonly", "sendonly", "a=recvonly", "a=sendonly", false,
		 true},
	};
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;

	REQUIRE(media_bed_open(&bed, file("hold")) == 0);
	if (call_up(&bed, &page, &phone)) {
		for (unsigned i = 0; i < 8; i++) {
			struct flow flow;

			page->sending = true;
			phone->dir = cases[i % 4].phone;
			page_reoffers(&bed, page, phone, cases[i % 4].page);
			CHECK(says(phone->sdp, cases[i % 4].to_phone));
			CHECK(says(page->sdp, cases[i % 4].to_page));
			flow = flows(&bed, page, phone);
			CHECK_INT(flow.to_phone,
				  cases[i % 4].hears_page ? 50 : 0);
			CHECK_INT(flow.to_page,
				  cases[i % 4].hears_phone ? 50 : 0);

			phone->dir = NULL;
			page_reoffers(&bed, page, phone, "sendrecv");
			CHECK(says(phone->sdp, "a=sendrecv"));
			CHECK(says(page->sdp, "a=sendrecv"));
			flow = flows(&bed, page, phone);
			CHECK_INT(flow.to_phone, 50);
			CHECK_INT(flow.to_page, 50);
		}
		fault_free(&page->check);
		fault_free(&phone->check);
		CHECK_INT(packet_check_lost(&page->check), 0);
		CHECK_INT(packet_check_lost(&phone->check), 0);
		CHECK_INT(bed.nlost, 0);
	}
	media_bed_close(&bed);
}

static void the_pbx_holds_and_resumes(void)
{
	static const struct {
		const char *dir, *conn;
		const char *to_page, *to_phone;
		bool music;
	} cases[] = {
		{"sendonly", NULL, "a=sendonly", "a=recvonly", true},
		{"inactive", NULL, "a=inactive", "a=inactive", false},
		/* RFC 2543 */
		{"sendrecv", "0.0.0.0", "a=sendonly", "a=recvonly", true},
		{"inactive", "0.0.0.0", "a=inactive", "a=inactive", false},
	};
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;

	REQUIRE(media_bed_open(&bed, file("pbx-hold")) == 0);
	if (call_up(&bed, &page, &phone)) {
		for (unsigned i = 0; i < 8; i++) {
			struct flow flow;

			phone->dir = cases[i % 4].dir;
			phone->conn = cases[i % 4].conn;
			/* as Chromium answers sendonly and inactive */
			str_ncpy(page->extra,
				 cases[i % 4].music ? "a=recvonly\r\n"
						    : "a=inactive\r\n",
				 sizeof(page->extra));
			phone_reoffers(&bed, page, phone);
			CHECK(says(page->sdp, cases[i % 4].to_page));
			CHECK(says(phone->sdp, cases[i % 4].to_phone));
			flow = flows(&bed, page, phone);
			CHECK_INT(flow.to_phone, 0);
			CHECK_INT(flow.to_page, cases[i % 4].music ? 50 : 0);

			phone->dir = phone->conn = NULL;
			page->extra[0] = '\0';
			phone_reoffers(&bed, page, phone);
			CHECK(says(page->sdp, "a=sendrecv"));
			CHECK(says(phone->sdp, "a=sendrecv"));
			flow = flows(&bed, page, phone);
			CHECK_INT(flow.to_phone, 50);
			CHECK_INT(flow.to_page, 50);
		}
		fault_free(&page->check);
		fault_free(&phone->check);
		CHECK_INT(packet_check_lost(&phone->check), 0);
	}
	media_bed_close(&bed);
}

static unsigned descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void two_hundred_holds_leave_no_trace(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	uint32_t fds, nfree, ssrc_page, ssrc_phone;

	REQUIRE(media_bed_open(&bed, file("holds")) == 0);
	if (call_up(&bed, &page, &phone)) {
		media_bed_run(&bed, 1000);
		fds = descriptors();
		nfree = ports_free(&bed);
		ssrc_page = page->check.ssrc;
		ssrc_phone = phone->check.ssrc;
		for (unsigned i = 0; i < 200; i++) {
			phone->dir = "recvonly";
			page_reoffers(&bed, page, phone, "sendonly");
			media_bed_run(&bed, 100);
			phone->dir = NULL;
			page_reoffers(&bed, page, phone, "sendrecv");
			media_bed_run(&bed, 100);
		}
		CHECK_INT(descriptors(), fds);
		CHECK_INT(ports_free(&bed), nfree);
		CHECK_INT(state_file_used(bed.state), 2);
		fault_free(&page->check);
		fault_free(&phone->check);
		CHECK_INT(page->check.ssrc, ssrc_page);
		CHECK_INT(phone->check.ssrc, ssrc_phone);
		CHECK_INT(packet_check_lost(&page->check), 0);
		CHECK_INT(packet_check_lost(&phone->check), 0);
		CHECK(phone->heard_rtcp > 3);
		CHECK_INT(flows(&bed, page, phone).to_phone, 50);
		CHECK_INT(bed.nlost, 0);
		CHECK_INT(session_drop(bed.table, S), 0);
		CHECK_INT(ports_free(&bed), 200);
		CHECK_INT(descriptors(), fds - 2);
	}
	media_bed_close(&bed);
}

/* RFC 3264, 8.2 */
static void a_stream_that_is_off_may_come_back(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	struct session_remote off = {
		.session = S,
		.call = "00000000000000ca",
		.tenant = "test",
		.leg = 2,
		.profile = SDPM_RTP,
		.sdp = PL("v=0\r\no=pbx 12345 99 IN IP4 127.0.0.1\r\ns=-\r\n"
			  "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
			  "m=audio 0 RTP/AVP 8\r\n"),
	};
	struct session_local local = {.session = S,
				      .leg = 2,
				      .answer = true,
				      .profile = SDPM_RTP};
	struct mbuf *mb = mbuf_alloc(1024);

	REQUIRE(mb && media_bed_open(&bed, file("off")) == 0);
	if (call_up(&bed, &page, &phone)) {
		media_bed_run(&bed, 500);
		CHECK_INT(session_leg_remote(bed.table, &off, NULL), 0);
		CHECK_INT(session_leg_local(bed.table, &local, mb, NULL), 0);
		mbuf_write_u8(mb, 0);
		CHECK(strstr((char *)mb->buf, "m=audio 0 RTP/AVP 8\r\n"));
		CHECK_INT(flows(&bed, page, phone).to_phone, 0);
		media_bed_run(&bed, 300000);
		CHECK_INT(bed.nlost, 0);
		CHECK_INT(media_phone_calls(phone, S, 2), 0);
		CHECK_INT(flows(&bed, page, phone).to_phone, 50);
		CHECK_INT(flows(&bed, page, phone).to_page, 50);
		fault_free(&phone->check);
		fault_free(&page->check);
	}
	mem_deref(mb);
	media_bed_close(&bed);
}

/* --- ports ------------------------------------------------------------------------- */

static void after_a_thousand_calls_every_port_is_free(void)
{
	struct media_bed bed = {0};
	struct media_phone *phone;
	uint16_t last = 0, again = 0;

	REQUIRE(media_bed_open(&bed, file("thousand")) == 0);
	phone = media_phone_open(&bed);
	REQUIRE(phone != NULL);
	phone->sending = false;
	for (unsigned i = 1; i <= 1000; i++) {
		CHECK_INT(media_phone_called(phone, media_id(i), 2), 0);
		again += sa_port(&phone->peer[0]) == last;
		last = sa_port(&phone->peer[0]);
		if (i % 2)
			CHECK_INT(session_drop(bed.table, media_id(i)), 0);
		else
			CHECK_INT(session_leg_drop(bed.table, media_id(i), 2),
				  0);
	}
	/* and those that were refused on the way */
	phone->formats = "3";
	for (unsigned i = 2001; i <= 2300; i++) {
		CHECK_INT(media_phone_calls(phone, media_id(i), 2), ENOTSUP);
		CHECK_INT(media_phone_called(phone, media_id(i), 2), ENOTSUP);
		CHECK_INT(session_drop(bed.table, media_id(i)), 0);
	}
	CHECK_INT(again, 0);
	CHECK_INT(ports_free(&bed), 200);
	CHECK_INT(state_file_used(bed.state), 0);
	media_bed_run(&bed, 31000);
	CHECK_INT(session_count(bed.table), 0);
	media_bed_close(&bed);
}

static void without_a_port_a_leg_is_refused(void)
{
	struct media_bed bed = {0};
	struct media_phone *phone;
	unsigned n = 0;
	int err = 0;

	REQUIRE(media_bed_open(&bed, file("no-port")) == 0);
	phone = media_phone_open(&bed);
	REQUIRE(phone != NULL);
	while (n < 200 && !err) {
		err = media_phone_calls(phone, media_id(n + 1), 1);
		n += !err;
	}
	/* somebody else on this machine may have a few of them */
	CHECK(n > 150);
	CHECK(ports_free(&bed) <= 200 - n);
	CHECK_INT(media_phone_calls(phone, media_id(201), 1), EADDRINUSE);
	CHECK_INT(media_phone_called(phone, media_id(201), 1), EADDRINUSE);
	CHECK_INT(session_count(bed.table), n);
	CHECK_INT(session_drop(bed.table, media_id(7)), 0);
	CHECK_INT(media_phone_calls(phone, media_id(201), 1), 0);
	media_bed_close(&bed);
}

/* --- who is heard -------------------------------------------------------------------- */

/* Somebody who guesses the port, with all that can be guessed. */
static void a_stranger_neither_is_heard_nor_hears(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone, *thief;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &page, &phone)) {
		thief = media_phone_open(&bed);
		REQUIRE(thief != NULL);
		thief->peer[0] = phone->peer[0];
		thief->peer[1] = phone->peer[1];
		thief->ssrc = phone->ssrc;
		thief->seq = (uint16_t)(phone->seq + 1);
		media_bed_run(&bed, 10000);
		CHECK_INT(thief->heard + thief->heard_rtcp, 0);
		fault_free(&page->check);
		CHECK(page->heard >= 499 && page->heard <= 510);
		CHECK_INT(figures(&bed, 2)->ssrc_in, phone->ssrc);
	}
	media_bed_close(&bed);
}

static void behind_nat_the_source_is_learnt_once(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone, *thief;
	struct session_terms terms = {.source = SOURCE_LEARN_ONCE};

	REQUIRE(media_bed_open(&bed, file("nat")) == 0);
	page = media_page_open(&bed);
	phone = media_phone_open(&bed);
	thief = media_phone_open(&bed);
	REQUIRE(page && phone && thief);
	media_page_narrow(page);
	phone->terms = terms;
	phone->sending = thief->sending = false;
	CHECK_INT(media_page_calls(page, S, 1), 0);
	CHECK_INT(media_phone_called(phone, S, 2), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
	/* it sends from elsewhere than it said */
	CHECK_INT(media_phone_move(phone), 0);
	phone->sending = true;
	CHECK(media_bed_ready(&bed));
	media_bed_run(&bed, 1000);
	CHECK(phone->heard >= 47 && page->heard >= 45);
	thief->peer[0] = phone->peer[0];
	thief->sending = true;
	media_bed_run(&bed, 5000);
	CHECK_INT(thief->heard, 0);
	phone->sending = false;
	media_bed_run(&bed, 5000);
	CHECK_INT(thief->heard, 0);
	fault_free(&page->check);
	CHECK_INT(bed.nlost, 0);
	media_bed_close(&bed);
}

static void in_a_network_another_one_goes_on(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone, *other;
	struct session_terms terms = {.source = SOURCE_NETWORK,
				      .networks = PL("127.0.0.0/8,::1")};

	REQUIRE(media_bed_open(&bed, file("network")) == 0);
	page = media_page_open(&bed);
	phone = media_phone_open(&bed);
	other = media_phone_open(&bed);
	REQUIRE(page && phone && other);
	media_page_narrow(page);
	phone->terms = terms;
	other->sending = false;
	CHECK_INT(media_page_calls(page, S, 1), 0);
	CHECK_INT(media_phone_called(phone, S, 2), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
	CHECK(media_bed_ready(&bed));
	media_bed_run(&bed, 2000);
	other->peer[0] = phone->peer[0];
	other->sending = true;
	media_bed_run(&bed, 2000);
	CHECK_INT(other->heard, 0);
	phone->sending = false;
	media_bed_run(&bed, 3000);
	CHECK(other->heard >= 95);
	CHECK(bed.now_ms - page->heard_ms <= 40);
	CHECK(page->check.max_gap_ms <= 1200);
	fault_free(&page->check);
	media_bed_close(&bed);
}

/* The 183 was of one phone behind the PBX, the 200 is of another. */
static void the_latest_answer_to_an_offer_counts(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone, *second;
	struct mbuf *mb = mbuf_alloc(2048);

	REQUIRE(mb && media_bed_open(&bed, file("fork")) == 0);
	if (call_up(&bed, &page, &phone)) {
		media_bed_run(&bed, 1000);
		second = media_phone_open(&bed);
		REQUIRE(second != NULL);
		second->peer[0] = phone->peer[0];
		second->peer[1] = phone->peer[1];
		second->formats = "8";
		CHECK_INT(media_phone_answers(second, S, 2), 0);
		/* the page's answer is what it was */
		CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), 0);
		CHECK_INT(mb->end, strlen(page->sdp));
		CHECK(!memcmp(mb->buf, page->sdp, mb->end));
		phone->heard = second->heard = 0;
		media_bed_run(&bed, 1000);
		CHECK(phone->heard <= 1);
		CHECK(second->heard >= 49);
		fault_free(&page->check);
		CHECK_INT(packet_check_lost(&page->check), 0);
		CHECK_INT(figures(&bed, 2)->ssrc_in, second->ssrc);
		/* after our next offer it is too late for the old one */
		CHECK_INT(media_phone_gets(second, S, 2, false), 0);
		CHECK_INT(media_phone_answers(second, S, 2), 0);
		CHECK_INT(media_phone_offers(second, S, 2), 0);
		CHECK_INT(media_phone_answers(second, S, 2), EPROTO);
	}
	mem_deref(mb);
	media_bed_close(&bed);
}

/* The PBX puts another source behind its port, or restarts it. */
static void another_ssrc_is_followed_without_a_seam(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &page, &phone)) {
		for (unsigned i = 0; i < 5; i++) {
			media_bed_run(&bed, 1000);
			phone->ssrc += 77;
			phone->seq = (uint16_t)(phone->seq * 31 + 7);
			phone->ts ^= 0x5a5a5a5a;
		}
		media_bed_run(&bed, 1000);
		fault_free(&page->check);
		CHECK_INT(packet_check_lost(&page->check), 0);
		CHECK(page->check.max_gap_ms <= 60);
		CHECK(figures(&bed, 1)->stats.switches >= 6);
	}
	media_bed_close(&bed);
}

static void digits_pass_to_the_pbx(void)
{
	static const uint8_t digit[4] = {5, 10, 0, 160};
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &page, &phone)) {
		media_bed_run(&bed, 500);
		page->sending = phone->sending = false;
		media_bed_run(&bed, 40);
		CHECK_INT(mock_media_send(page->mock, page->event, page->ts,
					  digit, sizeof(digit)),
			  0);
		media_phone_send(phone, phone->event, digit, sizeof(digit));
		media_bed_run(&bed, 40);
		CHECK_INT(phone->check.last_pt, 101);
		CHECK_INT(page->check.last_pt, page->event);
	}
	media_bed_close(&bed);
}

/* --- silence -------------------------------------------------------------------------- */

static void a_silent_pbx_is_lost(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;

	REQUIRE(media_bed_open(&bed, file("silent")) == 0);
	if (call_up(&bed, &page, &phone)) {
		media_bed_run(&bed, 2000);
		phone->sending = false;
		media_bed_run(&bed, 59000);
		CHECK_INT(bed.nlost, 0);
		media_bed_run(&bed, 2000);
		CHECK_INT(bed.nlost, 1);
		CHECK_INT(bed.lost[0].leg, 2);
		CHECK_INT(bed.lost[0].cause, SESSION_MEDIA_TIMEOUT);
		media_bed_run(&bed, 31000);
		CHECK(figures(&bed, 2) == NULL);
		CHECK_INT(ports_free(&bed), 200);
		CHECK(figures(&bed, 1) != NULL);
	}
	media_bed_close(&bed);
}

static void reports_are_a_sign_of_life(void)
{
	static const uint8_t rr[8] = {0x80, 201, 0, 1, 1, 2, 3, 4};
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &page, &phone)) {
		media_bed_run(&bed, 2000);
		phone->sending = false;
		for (unsigned i = 0; i < 10; i++) {
			media_bed_run(&bed, 50000);
			media_phone_send_raw(phone, true, rr, sizeof(rr));
		}
		CHECK_INT(bed.nlost, 0);
		media_bed_run(&bed, 61000);
		CHECK_INT(bed.nlost, 1);
	}
	media_bed_close(&bed);
}

static void who_is_on_hold_may_be_silent(void)
{
	struct media_bed bed = {.cfg = {.media_ms = 10000}};
	struct media_page *page;
	struct media_phone *phone;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &page, &phone)) {
		media_bed_run(&bed, 2000);
		phone->dir = "inactive";
		phone_reoffers(&bed, page, phone);
		phone->sending = false;
		media_bed_run(&bed, 600000);
		CHECK_INT(bed.nlost, 0);
		/* the time begins anew with the end of the hold */
		phone->dir = NULL;
		phone_reoffers(&bed, page, phone);
		media_bed_run(&bed, 9000);
		CHECK_INT(bed.nlost, 0);
		/* which repeating the same does not put off */
		phone_reoffers(&bed, page, phone);
		media_bed_run(&bed, 2000);
		CHECK_INT(bed.nlost, 1);
	}
	media_bed_close(&bed);
}

static void while_it_rings_nobody_needs_to_speak(void)
{
	struct media_bed bed = {.cfg = {.grace_ms = 1000}};
	struct media_phone *phone;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	phone = media_phone_open(&bed);
	REQUIRE(phone != NULL);
	phone->sending = false;
	/* offered, not answered */
	CHECK_INT(media_phone_gets(phone, S, 2, false), 0);
	/* early media that never comes */
	CHECK_INT(media_phone_called(phone, media_id(7), 2), 0);
	media_bed_run(&bed, 239000);
	CHECK_INT(bed.nlost, 0);
	media_bed_run(&bed, 2000);
	CHECK_INT(bed.nlost, 2);
	for (unsigned i = 0; i < 2; i++)
		CHECK_INT(bed.lost[i].cause, strcmp(bed.lost[i].session, S)
						     ? SESSION_MEDIA_TIMEOUT
						     : SESSION_NO_ANSWER);
	media_bed_run(&bed, 3000);
	CHECK_INT(session_count(bed.table), 0);
	CHECK_INT(ports_free(&bed), 200);
	media_bed_close(&bed);
}

/* --- reports --------------------------------------------------------------------------- */

static void put32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void reports_go_both_ways_and_name_nobody(void)
{
	uint8_t rr[32] = {0x81, 201, 0, 7, 0,  0, 0, 1,
			  0,    0,   0, 0, 64, 0, 0, 77};
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	const struct leg_figures *leg;
	size_t len;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &page, &phone)) {
		media_bed_run(&bed, 30000);
		CHECK(phone->heard_rtcp >= 4 && phone->heard_rtcp <= 12);
		CHECK_INT(phone->last[1], 200);
		/* behind SR and one block: SDES with a CNAME of letters */
		len = phone->lastlen;
		REQUIRE(len > 52 + 10);
		CHECK_INT(phone->last[53], 202);
		CHECK_INT(phone->last[60], 1);
		CHECK_INT(phone->last[61], 16);
		for (size_t i = 62; i < 78 && i < len; i++)
			CHECK(phone->last[i] != '@' && phone->last[i] != '.');

		leg = figures(&bed, 2);
		put32(rr + 8, leg->ssrc_out);
		memcpy(rr + 24, phone->last + 10, 4);
		rr[29] = 1;
		media_phone_send_raw(phone, true, rr, sizeof(rr));
		media_bed_run(&bed, 10);
		leg = figures(&bed, 2);
		CHECK_INT(leg->stats.far_lost, 77);
		CHECK_INT(leg->stats.far_fraction, 64);
		CHECK(leg->stats.rtt_us > 0);
	}
	media_bed_close(&bed);
}

static void rtcp_may_be_elsewhere_or_on_the_same_port(void)
{
	struct media_bed bed = {0};
	struct media_phone *phone, *rtcp;
	char extra[64];

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	phone = media_phone_open(&bed);
	rtcp = media_phone_open(&bed);
	REQUIRE(phone && rtcp);
	rtcp->sending = false;
	snprintf(extra, sizeof(extra), "a=rtcp:%u\r\n",
		 sa_port(&rtcp->addr[1]));
	phone->extra = extra;
	CHECK_INT(media_phone_calls(phone, S, 1), 0);
	rtcp->peer[1] = phone->peer[1];
	CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
	media_bed_run(&bed, 20000);
	CHECK(phone->heard >= 998);
	CHECK_INT(phone->heard_rtcp, 0);
	CHECK(rtcp->heard_rtcp > 1);

	phone->extra = "a=rtcp-mux\r\n";
	CHECK_INT(media_phone_calls(phone, S, 1), 0);
	CHECK(says(phone->sdp, "a=rtcp-mux"));
	rtcp->heard_rtcp = 0;
	phone->heard = 0;
	media_bed_run(&bed, 20000);
	CHECK_INT(rtcp->heard_rtcp, 0);
	CHECK(phone->heard >= 998);
	CHECK(phone->heard_rtcp > 1);
	media_bed_close(&bed);
}

/* What is between us forgets who is silent: RFC 6263. */
static void who_is_sent_nothing_is_kept_open(void)
{
	struct media_bed bed = {0};
	struct media_phone *phone;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	phone = media_phone_open(&bed);
	REQUIRE(phone != NULL);
	/* there is nobody for it to hear */
	CHECK_INT(media_phone_calls(phone, S, 1), 0);
	media_bed_run(&bed, 60000);
	CHECK(phone->empty >= 6 && phone->empty <= 30);
	CHECK_INT(phone->heard, 0);
	/* media is enough */
	CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
	media_bed_run(&bed, 10000);
	phone->empty = 0;
	media_bed_run(&bed, 30000);
	CHECK_INT(phone->empty, 0);
	/* and so are reports from the same port; on hold, too */
	phone->extra = "a=rtcp-mux\r\n";
	phone->dir = "inactive";
	CHECK_INT(media_phone_calls(phone, S, 1), 0);
	phone->heard_rtcp = 0;
	media_bed_run(&bed, 30000);
	CHECK_INT(phone->empty, 0);
	CHECK(phone->heard_rtcp >= 2);
	phone->extra = NULL;
	CHECK_INT(media_phone_calls(phone, S, 1), 0);
	media_bed_run(&bed, 30000);
	CHECK(phone->empty >= 2);
	/* where nobody is, nothing goes */
	phone->conn = "0.0.0.0";
	CHECK_INT(media_phone_calls(phone, S, 1), 0);
	phone->empty = 0;
	media_bed_run(&bed, 30000);
	CHECK_INT(phone->empty, 0);
	media_bed_close(&bed);
}

/* --- what is refused --------------------------------------------------------------------- */

static int with_terms(struct media_phone *phone,
		      const struct session_terms *terms)
{
	phone->terms = *terms;
	return media_phone_calls(phone, S, 1);
}

static void terms_that_make_no_sense_are_refused(void)
{
	struct session_terms bad[] = {
		{.codecs = PL("PCMA,GSM")},   {.codecs = PL("telephone-event")},
		{.codecs = PL("PCMA,,PCMU")}, {.networks = PL("192.0.2.0/33")},
		{.networks = PL("pbx")},      {.networks = PL("10.0.0.1/8")},
		{.source = SOURCE_POLICIES},
	};
	struct session_terms good = {.codecs = PL("pcmu,PCMU,Opus"),
				     .ptime = 30};
	char many[300] = "";
	struct media_bed bed = {0};
	struct media_phone *phone;

	REQUIRE(media_bed_open(&bed, file("terms")) == 0);
	phone = media_phone_open(&bed);
	REQUIRE(phone != NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(with_terms(phone, &bad[i]), EINVAL);
	for (unsigned i = 0; i < 17; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many),
			 "10.0.0.%u,", i);
	pl_set_str(&bad[0].networks, many);
	pl_set_str(&bad[0].codecs, "");
	CHECK_INT(with_terms(phone, &bad[0]), EINVAL);
	CHECK_INT(session_count(bed.table), 0);
	CHECK_INT(state_file_used(bed.state), 0);

	CHECK_INT(with_terms(phone, &good), 0);
	CHECK(strstr(phone->sdp, "RTP/AVP 0 101\r\n"));
	CHECK(strstr(phone->sdp, "a=ptime:30\r\n"));
	media_bed_close(&bed);
}

static void a_leg_keeps_its_profile(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	struct mbuf *mb = mbuf_alloc(2048);

	REQUIRE(mb && media_bed_open(&bed, NULL) == 0);
	page = media_page_open(&bed);
	phone = media_phone_open(&bed);
	REQUIRE(page && phone);
	CHECK_INT(media_phone_calls(phone, S, 1), 0);
	CHECK_INT(media_remote(&bed, S, 1, false, media_page_sdp(page, false),
			       NULL),
		  EINVAL);
	CHECK_INT(media_local(&bed, S, 1, true, mb, NULL), EINVAL);
	CHECK_INT(media_page_calls(page, S, 2), 0);
	CHECK_INT(media_phone_offers(phone, S, 2), EINVAL);
	mem_deref(mb);
	media_bed_close(&bed);
}

static void the_page_has_opus_and_the_pbx_g711(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	page = media_page_open(&bed);
	phone = media_phone_open(&bed);
	REQUIRE(page && phone);
	CHECK_INT(media_remote(&bed, S, 1, false, media_page_sdp(page, false),
			       NULL),
		  0);
	phone->formats = "0 101";
	CHECK_INT(media_phone_called(phone, S, 2), 0);
	/* what the page has, too, stands first */
	CHECK(strstr(phone->sdp, "RTP/AVP 8 0 9 101\r\n"));
	CHECK_INT(page_gets(&bed, page), 0);
	CHECK_STR(figures(&bed, 1)->chosen, "opus/48000/2");
	CHECK_STR(figures(&bed, 2)->chosen, "PCMU/8000/1");
	media_bed_close(&bed);
}

static void a_policy_with_opus_avoids_transcoding(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	struct session_terms terms = {.codecs = PL("PCMU,opus")};

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	page = media_page_open(&bed);
	phone = media_phone_open(&bed);
	REQUIRE(page && phone);
	phone->terms = terms;
	/* the PBX calls, and the page has answered */
	phone->formats = "0 96 101";
	phone->extra = "a=rtpmap:96 opus/48000/2\r\n";
	CHECK_INT(media_phone_offers(phone, S, 1), 0);
	CHECK_INT(media_page_called(page, S, 2), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
	CHECK_INT(media_phone_gets(phone, S, 1, true), 0);
	CHECK(strstr(phone->sdp, "RTP/AVP 96 101\r\n"));
	CHECK_STR(figures(&bed, 1)->chosen, "opus/48000/2");
	media_bed_close(&bed);
}

/* --- behind a PBX another one picks up ---------------------------------------------- */

/* Before that the first one has changed what it had agreed on (RFC 3311). */
static void an_early_agreement_that_changed_gives_way_to_another_ones(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone, *other;
	struct session_remote again = {.session = S,
				       .leg = 2,
				       .call = "00000000000000ca",
				       .tenant = "test",
				       .answer = true,
				       .profile = SDPM_RTP};
	char offer[2048], answer[2048];

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	page = media_page_open(&bed);
	phone = media_phone_open(&bed);
	other = media_phone_open(&bed);
	REQUIRE(page && phone && other);
	media_page_narrow(page);
	CHECK_INT(media_remote(&bed, S, 1, false, media_page_sdp(page, false),
			       NULL),
		  0);
	CHECK_INT(media_phone_gets(phone, S, 2, false), 0);
	memcpy(offer, phone->sdp, sizeof(offer));
	str_ncpy(answer, media_phone_sdp(phone), sizeof(answer));
	pl_set_str(&again.sdp, answer);
	CHECK_INT(session_leg_remote(bed.table, &again, NULL), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
	CHECK_INT(media_page_calls(page, S, 1), 0);
	CHECK(media_bed_ready(&bed));

	/* UPDATE: music from another port */
	CHECK_INT(media_phone_move(phone), 0);
	CHECK_INT(media_phone_calls(phone, S, 2), 0);
	media_bed_run(&bed, 1000);
	CHECK(phone->heard >= 45);
	/* its 200 says what its 183 had said: that is over */
	CHECK_INT(session_leg_remote(bed.table, &again, NULL), 0);
	phone->heard = 0;
	media_bed_run(&bed, 1000);
	CHECK(phone->heard >= 45);

	/* and a 200 of another one */
	CHECK_INT(media_phone_take(other, offer, strlen(offer)), 0);
	CHECK_INT(media_phone_answers(other, S, 2), 0);
	phone->sending = false;
	media_bed_run(&bed, 1000);
	CHECK(other->heard >= 45);
	CHECK(bed.now_ms - page->heard_ms <= 40);
	media_bed_close(&bed);
}

/* Who is told of keys has agreed on no events: so it stays. */
static void how_keys_are_told_survives_a_death(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("told")) == 0);
	page = media_page_open(&bed);
	phone = media_phone_open(&bed);
	REQUIRE(page && phone);
	phone->terms.digits = SESSION_DIGITS_TOLD;
	CHECK_INT(media_page_calls(page, S, 1), 0);
	CHECK_INT(media_phone_called(phone, S, 2), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
	CHECK(media_bed_ready(&bed));
	media_bed_run(&bed, 1000);
	CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
	CHECK_INT(alive, 1);
	CHECK_INT(media_phone_gets(phone, S, 2, false), 0);
	CHECK(!strstr(phone->sdp, "telephone-event"));
	media_bed_close(&bed);
}

/* --- what runs in circles ------------------------------------------------------------- */

/* Two legs of ours may have been given each other's address: what then runs in
 * circles, and what anybody sends, is bounded. */
static void nobody_sends_without_bound(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	if (call_up(&bed, &page, &phone)) {
		uint32_t heard;

		media_bed_run(&bed, 1000);
		heard = page->heard;
		phone->sending = false;
		for (unsigned i = 0; i < 400; i++) {
			for (unsigned n = 0; n < 5; n++)
				media_phone_send(phone, 8, "12345678", 8);
			media_bed_run(&bed, 5);
		}
		/* two seconds, of which the first had begun */
		CHECK(page->heard - heard <= 3 * 500);
		CHECK(page->heard - heard >= 500);
		CHECK(figures(&bed, 2)->stats.refused_in >= 500);
		CHECK(hub_stats(bed.rtp_env.hub)->too_many >= 500);
		phone->sending = true;
		media_bed_run(&bed, 1500);
		CHECK(bed.now_ms - page->heard_ms <= 40);
	}
	media_bed_close(&bed);
}

/* --- the worker dies ---------------------------------------------------------------------- */

static void a_death_is_survived_on_the_same_ports(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	struct session_figures figs;
	size_t alive = 0;
	char sdp[2048];

	REQUIRE(media_bed_open(&bed, file("die")) == 0);
	if (call_up(&bed, &page, &phone)) {
		memcpy(sdp, phone->sdp, sizeof(sdp));
		media_bed_run(&bed, 7000);
		for (unsigned i = 0; i < 3; i++) {
			CHECK_INT(media_bed_die(&bed, 150, &alive), 0);
			CHECK_INT(alive, 1);
			media_bed_run(&bed, 6000);
		}
		fault_free(&page->check);
		fault_free(&phone->check);
		CHECK_INT(phone->foreign, 0);
		CHECK(page->check.max_gap_ms <= 250);
		CHECK(phone->check.max_gap_ms <= 250);
		CHECK_INT(packet_check_lost(&phone->check), 0);
		CHECK_INT(bed.nlost, 0);
		CHECK_INT(session_query(bed.table, S, &figs), 0);
		CHECK_INT(figs.legs[1].profile, SDPM_RTP);
		CHECK(figs.legs[1].resumes);
		CHECK(phone->heard_rtcp >= 2);

		/* signalling goes on: hold, resume, the same port */
		phone->dir = "sendonly";
		phone_reoffers(&bed, page, phone);
		CHECK(says(phone->sdp, "a=recvonly"));
		phone->dir = NULL;
		phone_reoffers(&bed, page, phone);
		media_bed_run(&bed, 1000);
		CHECK(bed.now_ms - phone->heard_ms <= 40);
		CHECK(bed.now_ms - page->heard_ms <= 40);
		CHECK_INT(session_drop(bed.table, S), 0);
		CHECK_INT(state_file_used(bed.state), 0);
		CHECK_INT(ports_free(&bed), 200);
	}
	media_bed_close(&bed);
}

static void a_wrap_of_both_streams_is_survived(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("wrap")) == 0);
	if (call_up(&bed, &page, &phone)) {
		/* 2^16 packets and more, with deaths around the wraps */
		for (unsigned i = 0; i < 14; i++) {
			media_bed_run(&bed, 100000);
			CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
			CHECK_INT(alive, 1);
		}
		media_bed_run(&bed, 1000);
		fault_free(&page->check);
		fault_free(&phone->check);
		CHECK(phone->check.high >> 16 >= 2);
		CHECK(page->check.high >> 16 >= 1);
		CHECK_INT(packet_check_lost(&phone->check), 0);
		CHECK(bed.now_ms - phone->heard_ms <= 40);
		CHECK_INT(bed.nlost, 0);
	}
	media_bed_close(&bed);
}

static void what_was_learnt_is_not_learnt_again(void)
{
	struct media_bed bed = {0};
	struct media_phone *phone, *thief;
	struct session_terms terms = {.source = SOURCE_LEARN_ONCE};
	size_t alive = 0;

	REQUIRE(media_bed_open(&bed, file("learnt")) == 0);
	phone = media_phone_open(&bed);
	thief = media_phone_open(&bed);
	REQUIRE(phone && thief);
	phone->terms = terms;
	thief->sending = false;
	CHECK_INT(media_phone_calls(phone, S, 1), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
	CHECK_INT(media_phone_move(phone), 0);
	media_bed_run(&bed, 1000);
	CHECK(phone->heard >= 48);
	CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
	CHECK_INT(alive, 1);
	thief->peer[0] = phone->peer[0];
	thief->sending = true;
	phone->sending = false;
	media_bed_run(&bed, 1000);
	CHECK_INT(thief->heard, 0);
	phone->sending = true;
	phone->heard = 0;
	media_bed_run(&bed, 1000);
	CHECK(phone->heard >= 48);
	media_bed_close(&bed);
}

/* Four of them share a page of memory. */
static void records_of_a_usual_call_are_short(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	const uint8_t *data;
	uint32_t rec = 0;
	size_t len;

	REQUIRE(media_bed_open(&bed, file("short")) == 0);
	if (call_up(&bed, &page, &phone)) {
		media_bed_run(&bed, 6000);
		CHECK_INT(state_file_used(bed.state), 2);
		for (; !state_rec_next(bed.state, &rec); rec++) {
			CHECK_INT(state_rec_read(bed.state, rec, &data, &len),
				  0);
			printf("# %zu bytes\n", len);
			CHECK(len <= STATE_SHORT_MAX);
		}
	}
	media_bed_close(&bed);
}

/* Another program has taken a port in the meantime: that leg is lost, and
 * told, the other goes on. */
static void a_port_that_is_gone_costs_its_leg_alone(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	struct sa addr;
	size_t alive = 0;
	int fd;

	REQUIRE(media_bed_open(&bed, file("gone")) == 0);
	if (call_up(&bed, &page, &phone)) {
		media_bed_run(&bed, 1000);
		addr = phone->peer[1];
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		/* in use by ourselves still: taken in the moment of death */
		CHECK(bind(fd, &addr.u.sa, addr.len) < 0);
		bed.thief = addr;
		bed.thief_fd = fd;
		CHECK_INT(media_bed_die(&bed, 50, &alive), 0);
		CHECK_INT(alive, 1);
		CHECK_INT(bed.nlost, 1);
		CHECK_INT(bed.lost[0].leg, 2);
		CHECK_INT(bed.lost[0].cause, SESSION_TOO_EARLY);
		CHECK(figures(&bed, 1) != NULL);
		CHECK_INT(ports_free(&bed), 200);
		close(fd);
	}
	media_bed_close(&bed);
}

static void memory_runs_out_anywhere(void)
{
	struct media_bed bed = {0};
	struct media_phone *phone;
	size_t alive = 0;

	if (!media_bed_open(&bed, file("oom"))) {
		phone = media_phone_open(&bed);
		if (phone && !media_phone_calls(phone, S, 1)) {
			(void)session_leg_join(bed.table, S, 1, 0, "tone");
			media_bed_run(&bed, 100);
			(void)media_phone_called(phone, S, 1);
			(void)media_bed_die(&bed, 50, &alive);
		}
		if (bed.table)
			(void)session_drop(bed.table, S);
	}
	media_bed_close(&bed);
}

TEST_MAIN(TEST(a_page_and_a_pbx_hear_each_other),
	  TEST(the_page_holds_and_resumes), TEST(the_pbx_holds_and_resumes),
	  TEST(two_hundred_holds_leave_no_trace),
	  TEST(a_stream_that_is_off_may_come_back),
	  TEST(records_of_a_usual_call_are_short),
	  TEST(after_a_thousand_calls_every_port_is_free),
	  TEST(without_a_port_a_leg_is_refused),
	  TEST(a_stranger_neither_is_heard_nor_hears),
	  TEST(behind_nat_the_source_is_learnt_once),
	  TEST(in_a_network_another_one_goes_on),
	  TEST(the_latest_answer_to_an_offer_counts),
	  TEST(another_ssrc_is_followed_without_a_seam),
	  TEST(digits_pass_to_the_pbx), TEST(a_silent_pbx_is_lost),
	  TEST(reports_are_a_sign_of_life), TEST(who_is_on_hold_may_be_silent),
	  TEST(while_it_rings_nobody_needs_to_speak),
	  TEST(reports_go_both_ways_and_name_nobody),
	  TEST(rtcp_may_be_elsewhere_or_on_the_same_port),
	  TEST(who_is_sent_nothing_is_kept_open),
	  TEST(terms_that_make_no_sense_are_refused),
	  TEST(a_leg_keeps_its_profile),
	  TEST(the_page_has_opus_and_the_pbx_g711),
	  TEST(a_policy_with_opus_avoids_transcoding),
	  TEST(an_early_agreement_that_changed_gives_way_to_another_ones),
	  TEST(how_keys_are_told_survives_a_death),
	  TEST(nobody_sends_without_bound),
	  TEST(a_death_is_survived_on_the_same_ports),
	  TEST(a_wrap_of_both_streams_is_survived),
	  TEST(what_was_learnt_is_not_learnt_again),
	  TEST(a_port_that_is_gone_costs_its_leg_alone),
	  TEST_OOM(memory_runs_out_anywhere))
