/*
 * test_assoc.c  A leg's DTLS association: who begins a handshake, and its end
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/transport/assoc.h"
#include "mediad/transport/cert.h"
#include "mediad/transport/hs.h"
#include "tests/lib/test.h"

enum {
	START_MS = 1000,
	AT_RANDOM = 27,
	AT_COOKIE = 60
};

struct bed {
	struct wheel *wheel;
	struct cert *cert;
	struct hs_ctx *ctx;
	struct assoc assoc;
	unsigned sent, lost, asked, seen, broken;
	size_t largest;
	enum path_why why;
};

static void on_send(const uint8_t *pkt, size_t len, void *arg)
{
	struct bed *bed = arg;

	(void)pkt;
	++bed->sent;
	if (len > bed->largest)
		bed->largest = len;
}

static int on_keys(const struct hs_keys *keys, void *arg)
{
	(void)keys;
	(void)arg;
	return 0;
}

static void on_lost(enum path_why why, void *arg)
{
	struct bed *bed = arg;

	++bed->lost;
	bed->why = why;
}

static void on_note(const struct path_note *note, void *arg)
{
	struct bed *bed = arg;

	bed->asked += note->event == PATH_EV_HELLO &&
		      !strcmp(note->text, "asked");
	bed->seen += note->event == PATH_EV_HELLO &&
		     !strcmp(note->text, "seen");
	bed->broken += note->event == PATH_EV_BROKEN;
}

static const struct assoc_handlers handlers = {
	.send = on_send,
	.keys = on_keys,
	.lost = on_lost,
	.note = on_note,
};

static bool bed_open(struct bed *bed, bool doubt)
{
	const struct cert_fp fp = {.hash = CERT_SHA256, .len = 32};
	const struct assoc_remote remote = {.fps = &fp, .nfps = 1};
	struct assoc_params params = {.call = "ca", .doubt = doubt};

	memset(bed, 0, sizeof(*bed));
	if (wheel_alloc(&bed->wheel, START_MS) || cert_make(&bed->cert) ||
	    hs_ctx_alloc(&bed->ctx, bed->cert))
		return false;
	params.wheel = bed->wheel;
	params.hs_ctx = bed->ctx;
	assoc_init(&bed->assoc, &params, &handlers, bed);
	return !assoc_remote(&bed->assoc, &remote);
}

static void bed_close(struct bed *bed)
{
	assoc_close(&bed->assoc);
	CHECK_INT(wheel_count(bed->wheel), 0);
	mem_deref(bed->ctx);
	mem_deref(bed->cert);
	mem_deref(bed->wheel);
}

/* Of no suite that we have: OpenSSL breaks it off. From 192.0.2.1:port, with
 * the cookie of 192.0.2.1:cookie, when that is one. */
static bool hello(struct bed *bed, uint16_t port, uint16_t cookie)
{
	static const uint8_t end[] = {0, 2, 0, 1, 1, 0};
	const uint8_t ncookie = cookie ? HS_COOKIE_LEN : 0;
	const uint8_t body = (uint8_t)(35 + 1 + ncookie + sizeof(end));
	uint8_t pkt[128] = {22, 254, 253};
	struct sa src, of;
	const struct hs_way way = {&of, "ca", 20000};
	const struct assoc_packet in = {
		.pkt = pkt,
		.len = 25u + body,
		.src = &src,
		.at = 20000,
	};

	sa_set_str(&src, "192.0.2.1", port);
	sa_set_str(&of, "192.0.2.1", cookie);
	pkt[12] = (uint8_t)(12 + body);
	pkt[13] = 1;
	pkt[16] = pkt[24] = body;
	pkt[18] = ncookie != 0; /* message_seq */
	pkt[25] = 254;
	pkt[26] = 253;
	memset(pkt + AT_RANDOM, 'r', 32);
	pkt[AT_COOKIE] = ncookie;
	if (ncookie && hs_ctx_cookie(bed->ctx, pkt + AT_COOKIE + 1, &way))
		return false;
	memcpy(pkt + AT_COOKIE + 1 + ncookie, end, sizeof(end));
	return assoc_recv(&bed->assoc, &in) != ASSOC_NOTHING;
}

/* However many, and of whom: no SSL, no timer, one note. */
static void a_hello_without_a_cookie_makes_no_state(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, true));
	for (uint16_t i = 1; i <= 1000; i++) {
		CHECK(hello(&bed, i, 0));
		CHECK(!bed.assoc.hs);
		CHECK_INT(wheel_count(bed.wheel), 0);
		CHECK_INT(bed.sent, i);
	}
	CHECK(bed.largest <= HELLO_VERIFY_LEN);
	CHECK_INT(bed.asked, 1);
	CHECK_INT(bed.seen, 0);
	wheel_advance(bed.wheel, START_MS + 60000);
	CHECK_INT(bed.lost, 0);
	bed_close(&bed);
}

static void a_cookie_of_another_port_makes_none(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, true));
	CHECK(hello(&bed, 4000, 4001));
	CHECK(!bed.assoc.hs);
	CHECK_INT(bed.seen, 0);
	CHECK_INT(bed.sent, 1);
	/* and its own begins a handshake */
	CHECK(hello(&bed, 4000, 4000));
	CHECK_INT(bed.seen, 1);
	CHECK_INT(bed.broken, 1);
	bed_close(&bed);
}

/* Who has begun one, with a cookie or where none is asked for, has ten seconds
 * over all tries. */
static void one_that_broke_has_an_end(void)
{
	for (unsigned doubt = 0; doubt < 2; doubt++) {
		struct bed bed;

		REQUIRE(bed_open(&bed, doubt));
		CHECK(hello(&bed, 4000, doubt ? 4000 : 0));
		CHECK_INT(bed.broken, 1);
		/* from now on a browser needs one, too */
		CHECK(hello(&bed, 4000, 0));
		CHECK_INT(bed.broken, 1);
		CHECK_INT(bed.asked, 1);
		wheel_advance(bed.wheel, START_MS + 9000);
		CHECK_INT(bed.lost, 0);
		wheel_advance(bed.wheel, START_MS + 10100);
		CHECK_INT(bed.lost, 1);
		CHECK_INT(bed.why, PATH_LOST_HANDSHAKE);
		bed_close(&bed);
	}
}

TEST_MAIN(TEST(a_hello_without_a_cookie_makes_no_state),
	  TEST(a_cookie_of_another_port_makes_none),
	  TEST(one_that_broke_has_an_end))
