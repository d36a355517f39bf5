/*
 * test_media_attack.c  Strangers at calls that live, and at calls that begin
 *
 * They know the ports, the SSRC, sequence and payload type of a call, but
 * not its passwords and keys; they send from a host of their own, from
 * another port of the peer's host, and with the peer's own address.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/transport/lite_stun.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/mock_dtls.h"
#include "tests/lib/null_hello.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";

enum {
	SHOTS = 100000,
	SHOTS_A_STEP = 100,
	CALLS = 50,
};

/* --- who attacks ------------------------------------------------------------------ */

struct thief {
	int fd;
	uint64_t sent, sent_bytes, got, got_bytes;
	uint8_t hello[1500];
	size_t hello_len;
};

static void on_hello(const uint8_t *pkt, size_t len, void *arg)
{
	struct thief *thief = arg;

	if (thief->hello_len || len > sizeof(thief->hello))
		return;
	memcpy(thief->hello, pkt, len);
	thief->hello_len = len;
}

/* As a browser sends it. */
static void hello_make(struct thief *thief)
{
	struct mock_dtls *dtls = NULL;

	thief->hello_len = 0;
	CHECK_INT(mock_dtls_alloc(&dtls, NULL, on_hello, thief), 0);
	mock_dtls_poll(dtls);
	mem_deref(dtls);
}

static void thief_open(struct thief *thief, const char *ip)
{
	struct sa addr;

	memset(thief, 0, sizeof(*thief));
	sa_set_str(&addr, ip, 0);
	thief->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	CHECK(thief->fd >= 0 && !bind(thief->fd, &addr.u.sa, addr.len));
	null_hello(thief->hello);
	thief->hello_len = NULL_HELLO_LEN;
}

static void shoot(struct thief *thief, const struct sa *at, const void *pkt,
		  size_t len)
{
	if (sendto(thief->fd, pkt, len, 0, &at->u.sa, at->len) < 0)
		return;
	++thief->sent;
	thief->sent_bytes += len;
}

static void thief_listen(struct thief *thief)
{
	uint8_t buf[2048];
	ssize_t n;

	while ((n = recv(thief->fd, buf, sizeof(buf), 0)) >= 0 ||
	       errno == ECONNREFUSED) {
		thief->got += n >= 0;
		thief->got_bytes += n > 0 ? (uint64_t)n : 0;
	}
}

/* --- with what ------------------------------------------------------------------------ */

static void put(uint8_t *p, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
}

/* As like the peer's next packet as anybody can make one. */
static size_t make_rtp(uint8_t *pkt, uint8_t pt, uint32_t ssrc, uint16_t seq)
{
	memset(pkt, 0x55, 172);
	pkt[0] = 0x80;
	pkt[1] = pt;
	put(pkt + 2, seq, 2);
	put(pkt + 8, ssrc, 4);
	return 172;
}

/* A BYE of the peer, behind an empty report. */
static size_t make_bye(uint8_t *pkt, uint32_t ssrc)
{
	static const uint8_t head[] = {0x80, 201, 0, 1, 0, 0, 0, 0,
				       0x81, 203, 0, 1, 0, 0, 0, 0};

	memcpy(pkt, head, sizeof(head));
	put(pkt + 4, ssrc, 4);
	put(pkt + 12, ssrc, 4);
	return sizeof(head);
}

static size_t make_check(uint8_t *pkt, size_t cap, const char *user,
			 const char *pwd)
{
	struct lite_stun_out out = {.msg = pkt, .cap = cap};
	uint8_t tid[LITE_STUN_TID];

	rand_bytes(tid, sizeof(tid));
	lite_stun_begin(&out, LITE_STUN_REQUEST, tid);
	if (user)
		lite_stun_attr(&out, 0x0006, user, strlen(user));
	lite_stun_attr(&out, 0x0025, NULL, 0);
	return lite_stun_end(&out, pwd);
}

static void shoot_one(struct thief *thief, const struct sa *at, unsigned nr,
		      const struct media_phone *phone)
{
	uint8_t pkt[300];
	size_t len = 0;

	switch (nr % 5) {
	case 0:
		len = make_rtp(pkt, phone->pt, phone->ssrc,
			       (uint16_t)(phone->seq + nr % 3));
		break;
	case 1:
		len = make_bye(pkt, phone->ssrc);
		break;
	case 2:
		len = make_rtp(pkt, 8, rand_u32(), (uint16_t)nr);
		break;
	case 3:
		len = make_check(pkt, sizeof(pkt), "abcdefghijkl:Brow",
				 "aaaaaaaaaaaaaaaaaaaaaaaa");
		break;
	default:
		shoot(thief, at, thief->hello, thief->hello_len);
		return;
	}
	shoot(thief, at, pkt, len);
}

/* --- calls that live --------------------------------------------------------------------- */

struct call {
	struct media_bed bed;
	struct media_page *page;
	struct media_phone *phone;
};

static bool call_up(struct call *call, enum sdpm_profile profile)
{
	struct mbuf *mb = mbuf_alloc(2048);
	bool ok;

	memset(call, 0, sizeof(*call));
	if (!CHECK(media_bed_open(&call->bed, NULL) == 0))
		return false;
	call->page = media_page_open(&call->bed);
	call->phone = media_phone_open(&call->bed);
	media_page_narrow(call->page);
	call->phone->profile = profile;
	call->phone->dtls.setup = profile == SDPM_DTLS ? "active" : NULL;
	call->phone->dtls.mux = profile == SDPM_DTLS;
	call->phone->keys.suite =
		profile == SDPM_SDES ? "AES_CM_128_HMAC_SHA1_80" : NULL;
	CHECK_INT(media_remote(&call->bed, S, 1, false,
			       media_page_sdp(call->page, false), NULL),
		  0);
	CHECK_INT(media_phone_called(call->phone, S, 2), 0);
	CHECK_INT(session_leg_join(call->bed.table, S, 1, 2, NULL), 0);
	CHECK_INT(media_local(&call->bed, S, 1, true, mb, NULL), 0);
	CHECK_INT(media_page_take(call->page, (char *)mb->buf, mb->end), 0);
	ok = CHECK(media_bed_ready(&call->bed));
	mem_deref(mb);
	media_bed_run(&call->bed, 200);
	return ok;
}

static void untouched(struct call *call)
{
	const char *fault = packet_check_fault(&call->page->check);

	if (!CHECK(fault == NULL))
		printf("# page: %s\n", fault);
	fault = packet_check_fault(&call->phone->check);
	if (!CHECK(fault == NULL))
		printf("# phone: %s\n", fault);
	CHECK_INT(packet_check_lost(&call->page->check), 0);
	CHECK_INT(packet_check_lost(&call->phone->check), 0);
	CHECK_INT(call->bed.nlost, 0);
	CHECK_INT(call->phone->keys.unreadable, 0);
	CHECK_INT(mock_media_stats(call->page->mock)->bad_srtp, 0);
}

/* 5 s of a call, in which 100,000 packets of strangers come. */
static void attack(struct call *call, struct thief *thieves, size_t count)
{
	const struct sa *at[] = {&call->phone->peer[0], &call->phone->peer[1],
				 &call->bed.addr};
	const uint32_t page = call->page->heard, phone = call->phone->heard;
	unsigned nr = 0;

	while (nr < SHOTS) {
		for (unsigned i = 0; i < SHOTS_A_STEP; i++, nr++)
			shoot_one(&thieves[nr % count],
				  at[nr / 7 % COUNTOF(at)], nr / 5 + nr,
				  call->phone);
		media_bed_run(&call->bed, MEDIA_STEP_MS);
		for (size_t i = 0; i < count; i++)
			thief_listen(&thieves[i]);
	}
	/* nothing of theirs is heard, and nothing of ours is missing */
	CHECK(call->page->heard - page >= 248 && call->page->heard - page <= 252);
	CHECK(call->phone->heard - phone >= 248 &&
	      call->phone->heard - phone <= 252);
}

static void strangers_at_a_live_call_change_nothing(void)
{
	static const enum sdpm_profile profiles[] = {SDPM_RTP, SDPM_SDES,
						     SDPM_DTLS};

	for (size_t i = 0; i < COUNTOF(profiles); i++) {
		struct thief thieves[2];
		struct call call;

		thief_open(&thieves[0], "127.9.9.9");
		thief_open(&thieves[1], "127.0.0.1"); /* the phone's host */
		if (call_up(&call, profiles[i])) {
			attack(&call, thieves, COUNTOF(thieves));
			untouched(&call);
			for (unsigned n = 0; n < COUNTOF(thieves); n++) {
				CHECK(thieves[n].sent >= SHOTS / 2 - 100);
				CHECK_INT(thieves[n].got, 0);
			}
		}
		media_bed_close(&call.bed);
		close(thieves[0].fd);
		close(thieves[1].fd);
	}
}

/* With the peer's own address: SRTP is not its, whoever sends it. */
static void garbage_in_the_peers_name_changes_nothing(void)
{
	struct call call;

	if (call_up(&call, SDPM_SDES)) {
		const uint32_t page = call.page->heard;
		const uint32_t phone = call.phone->heard;
		uint8_t pkt[300];

		for (unsigned nr = 0; nr < SHOTS;) {
			for (unsigned i = 0; i < SHOTS_A_STEP; i++, nr++) {
				size_t len = make_rtp(
					pkt, 8,
					nr % 2 ? call.phone->ssrc : rand_u32(),
					(uint16_t)(call.phone->seq + nr % 5));

				if (nr % 4 < 2)
					media_phone_send_raw(call.phone, false,
							     pkt, len);
				else
					(void)mock_media_send_raw(
						call.page->mock, pkt, len);
			}
			media_bed_run(&call.bed, MEDIA_STEP_MS);
		}
		CHECK(call.page->heard - page >= 248);
		CHECK(call.phone->heard - phone >= 248);
		untouched(&call);
	}
	media_bed_close(&call.bed);
}

/* --- RTP bleed ------------------------------------------------------------------------------- */

static void spray(struct media_bed *bed, struct thief *thief,
		  const struct media_phone *phone, unsigned ms)
{
	uint8_t pkt[300];

	for (unsigned t = 0; t < ms; t += MEDIA_STEP_MS) {
		for (unsigned i = 0; i < 20; i++) {
			/* PCMU as that of ES2025-01, and what is agreed */
			size_t len = make_rtp(pkt, i % 4 < 2 ? 0 : 8, 1,
					      (uint16_t)(t * 20 + i));

			shoot(thief, &phone->peer[i % 2], pkt, len);
		}
		media_bed_run(bed, MEDIA_STEP_MS);
		thief_listen(thief);
	}
}

/* Before there is an agreement, while the true source is silent as yet, in
 * its first seconds, and later: who sprays gets nothing. */
static void spray_at(enum source_policy source, const char *from)
{
	struct session_terms terms = {.source = source,
				      .networks = PL("127.0.0.1/32")};
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	struct thief thief;
	uint32_t before;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	thief_open(&thief, from);
	page = media_page_open(&bed);
	phone = media_phone_open(&bed);
	media_page_narrow(page);
	phone->terms = terms;
	phone->sending = false;
	CHECK_INT(media_page_calls(page, S, 1), 0);
	CHECK_INT(media_phone_gets(phone, S, 2, false), 0);
	spray(&bed, &thief, phone, 500);
	CHECK_INT(media_phone_answers(phone, S, 2), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
	spray(&bed, &thief, phone, 2000);
	phone->sending = true;
	spray(&bed, &thief, phone, 5000);
	CHECK(phone->heard >= 245);
	before = page->heard;
	spray(&bed, &thief, phone, 1000);
	CHECK(page->heard - before >= 48 && page->heard - before <= 52);
	CHECK_INT(thief.got, 0);
	CHECK_INT(packet_check_lost(&page->check), 0);
	close(thief.fd);
	media_bed_close(&bed);
}

static void who_sprays_a_port_hears_nothing(void)
{
	spray_at(SOURCE_STRICT, "127.9.9.9");
	spray_at(SOURCE_STRICT, "127.0.0.1");
	spray_at(SOURCE_LEARN_ONCE, "127.9.9.9");
	spray_at(SOURCE_NETWORK, "127.9.9.9");
}

/* --- calls that begin ------------------------------------------------------------------------ */

/* ES2023-01: 50 of 50 get media while ClientHellos come from everywhere. */
static void calls_begin_under_a_flood_of_hellos(void)
{
	struct media_bed bed = {0};
	struct thief thief;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	thief_open(&thief, "127.9.9.9");
	for (unsigned i = 0; i < CALLS; i++) {
		struct media_page *page = media_page_open(&bed);

		REQUIRE(page != NULL);
		for (unsigned n = 0; n < 20; n++)
			shoot(&thief, &bed.addr, thief.hello, thief.hello_len);
		CHECK_INT(media_page_calls(page, media_id(i), 1), 0);
		CHECK_INT(session_leg_join(bed.table, media_id(i), 1, 0,
					   "echo"),
			  0);
		media_bed_run(&bed, MEDIA_STEP_MS);
	}
	for (unsigned i = 0; i < 400; i++) {
		for (unsigned n = 0; n < 50; n++)
			shoot(&thief, &bed.addr, thief.hello, thief.hello_len);
		media_bed_run(&bed, MEDIA_STEP_MS);
	}
	CHECK(media_bed_ready(&bed));
	media_bed_run(&bed, 500);
	for (unsigned i = 0; i < CALLS; i++)
		CHECK(bed.pages[i]->heard > 20);
	thief_listen(&thief);
	CHECK_INT(thief.got, 0);
	CHECK_INT(bed.nlost, 0);
	close(thief.fd);
	media_bed_close(&bed);
}

/* The same at a port of plain kind whose peer makes keys by DTLS. */
static void a_pbx_begins_under_a_flood_of_hellos(void)
{
	unsigned heard = 0;

	for (unsigned i = 0; i < 10; i++) {
		struct media_bed bed = {0};
		struct media_phone *phone;
		struct thief thief;

		REQUIRE(media_bed_open(&bed, NULL) == 0);
		thief_open(&thief, i % 2 ? "127.0.0.1" : "127.9.9.9");
		phone = media_phone_open(&bed);
		phone->profile = SDPM_DTLS;
		phone->dtls.setup = "active";
		phone->dtls.mux = true;
		CHECK_INT(media_phone_gets(phone, S, 1, false), 0);
		for (unsigned n = 0; n < 300; n++)
			shoot(&thief, &phone->peer[0], thief.hello,
			      thief.hello_len);
		media_bed_run(&bed, 20);
		CHECK_INT(media_phone_answers(phone, S, 1), 0);
		CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
		for (unsigned n = 0; n < 100; n++) {
			for (unsigned k = 0; k < 20; k++)
				shoot(&thief, &phone->peer[0], thief.hello,
				      thief.hello_len);
			media_bed_run(&bed, 2 * MEDIA_STEP_MS);
		}
		heard += phone->heard > 20;
		thief_listen(&thief);
		CHECK_INT(thief.got, 0);
		CHECK_INT(bed.nlost, 0);
		close(thief.fd);
		media_bed_close(&bed);
	}
	CHECK_INT(heard, 10);
}

/* From the peer's host, which learn-once hears: whoever forges that would have
 * us send it more than he does. */
static void hellos_and_alerts_bring_back_less_than_they_are(void)
{
	static const uint8_t alert[] = {21, 254, 253, 0, 0, 0, 0, 0,
					0,  0,   5,   0, 2, 2, 40};
	struct media_bed bed = {0};
	struct media_phone *phone;
	struct thief thief;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	thief_open(&thief, "127.0.0.1");
	hello_make(&thief);
	phone = media_phone_open(&bed);
	phone->profile = SDPM_DTLS;
	phone->terms.source = SOURCE_LEARN_ONCE;
	phone->dtls.setup = "active";
	phone->dtls.mux = phone->dtls.mute = true;
	CHECK_INT(media_phone_called(phone, S, 1), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
	for (unsigned i = 0; i < 200; i++) {
		shoot(&thief, &phone->peer[0], thief.hello, thief.hello_len);
		shoot(&thief, &phone->peer[0], alert, sizeof(alert));
		media_bed_run(&bed, MEDIA_STEP_MS);
		thief_listen(&thief);
	}
	CHECK(thief.got > 0); /* it is heard at all */
	CHECK(thief.got_bytes <= thief.sent_bytes);
	phone->dtls.mute = false;
	media_bed_run(&bed, 1000);
	CHECK(phone->heard > 20);
	CHECK_INT(bed.nlost, 0);
	close(thief.fd);
	media_bed_close(&bed);
}

/* --- floods --------------------------------------------------------------------------------------- */

/* Without a password: bounded memory, and no more bytes back than came. */
static void floods_cost_no_memory_and_are_not_echoed(void)
{
	struct call call;
	struct thief thief;
	char user[64];
	uint8_t pkt[300];
	size_t before;

	thief_open(&thief, "127.9.9.9");
	if (call_up(&call, SDPM_RTP)) {
		const char *ufrag = strstr(call.page->sdp, "a=ice-ufrag:") + 12;

		before = mallinfo2().uordblks;
		for (unsigned nr = 0; nr < SHOTS;) {
			for (unsigned i = 0; i < SHOTS_A_STEP; i++, nr++) {
				size_t len;

				/* every third names the call */
				re_snprintf(user, sizeof(user), "%b:%08x",
					    ufrag, (size_t)12, nr);
				len = make_check(pkt, sizeof(pkt),
						 nr % 3   ? "nobody:Brow"
						 : nr % 2 ? user
							  : NULL,
						 nr % 5 ? "aaaaaaaaaaaaaaaaaaaa"
							: NULL);
				shoot(&thief, &call.bed.addr, pkt, len);
			}
			media_bed_run(&call.bed, MEDIA_STEP_MS);
			thief_listen(&thief);
		}
		CHECK(mallinfo2().uordblks < before + 65536);
		CHECK(thief.got_bytes <= thief.sent_bytes);
		/* what names a call is refused ten times a second */
		CHECK(thief.got <= 70);
		untouched(&call);
	}
	media_bed_close(&call.bed);
	close(thief.fd);
}

TEST_MAIN(TEST(strangers_at_a_live_call_change_nothing),
	  TEST(who_sprays_a_port_hears_nothing),
	  TEST(garbage_in_the_peers_name_changes_nothing),
	  TEST(calls_begin_under_a_flood_of_hellos),
	  TEST(a_pbx_begins_under_a_flood_of_hellos),
	  TEST(hellos_and_alerts_bring_back_less_than_they_are),
	  TEST(floods_cost_no_memory_and_are_not_echoed))
