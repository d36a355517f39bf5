/*
 * test_red.c  Redundant audio: read, passed on, and taken apart
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/rtp/red.h"
#include "mediad/rtp/relay.h"
#include "mediad/rtp/wire.h"
#include "mediad/transport/path.h"
#include "tests/lib/test.h"

enum {
	SENT_MAX = 64,
	STEP = 960,
	RED = 63
};

struct sent {
	struct pkt h;
	char text[16];
	uint64_t index;
};

/* In the place of the real one. */
struct path {
	struct sent sent[SENT_MAX];
	unsigned n;
};

bool path_ready(const struct path *path)
{
	(void)path;
	return true;
}

int path_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
		  uint64_t index)
{
	struct sent *sent = &path->sent[path->n++ % SENT_MAX];

	memset(sent, 0, sizeof(*sent));
	CHECK_INT(pkt_read(&sent->h, pkt, len), 0);
	memcpy(sent->text, pkt + PKT_HDR, min(len - PKT_HDR, (size_t)15));
	sent->index = index;
	return 0;
}

struct bed {
	struct path path;
	struct strm_in in;
	struct strm_out out;
	struct relay relay;
};

static void bed_init(struct bed *bed, uint8_t red_out)
{
	memset(bed, 0, sizeof(*bed));
	strm_in_init(&bed->in, 48000);
	strm_out_init(&bed->out, 7, 48000, 10, NULL);
	relay_open(&bed->relay, &bed->out, &bed->path);
	relay_pass(&bed->relay, 111, 96);
	relay_pass_red(&bed->relay, RED, red_out);
}

/* Packet n says "n", with so many of those before it. */
static size_t write_red(uint8_t *p, unsigned n, unsigned copies)
{
	size_t len = 0;

	for (unsigned i = copies; i; i--) {
		const unsigned back = i * STEP;

		p[len++] = 0x80 | 111;
		p[len++] = (uint8_t)(back >> 6);
		p[len++] = (uint8_t)(back << 2);
		p[len++] = 2;
	}
	p[len++] = 111;
	for (unsigned i = copies; i; i--) {
		p[len++] = (uint8_t)('a' + n - i);
		p[len++] = '!';
	}
	p[len++] = (uint8_t)('a' + n);
	p[len++] = '.';
	return len;
}

static void come(struct bed *bed, unsigned n, unsigned copies)
{
	uint8_t buf[PATH_HEADROOM + PKT_MAX];
	struct path_packet packet = {.pkt = buf + PATH_HEADROOM,
				     .cap = PKT_MAX,
				     .now_ms = 1000 + 20 * n};
	struct strm_pkt sp;
	uint64_t bad = 0;

	pkt_write(packet.pkt, &(struct pkt){.ssrc = 9,
					    .seq = (uint16_t)(65533 + n),
					    .ts = n * STEP,
					    .pt = RED});
	packet.len = PKT_HDR + write_red(packet.pkt + PKT_HDR, n, copies);
	if (relay_read(&bed->in, &sp, &packet, &bad))
		relay_forward(&bed->relay, &bed->in, &sp, packet.pkt);
	CHECK_INT(bad, 0);
}

static void blocks_are_found(void)
{
	uint8_t p[64];
	size_t len = write_red(p, 5, 2);
	struct red red;

	REQUIRE(red_read(&red, p, len) == 0);
	CHECK_INT(red.count, 3);
	CHECK_INT(red.blocks[0].back, 2 * STEP);
	CHECK_INT(red.blocks[1].back, STEP);
	CHECK_INT(red.blocks[2].back, 0);
	CHECK_INT(red.blocks[2].pt, 111);
	CHECK(!memcmp(p + red.blocks[0].at, "d!", 2));
	CHECK(!memcmp(p + red.blocks[2].at, "f.", 2));
	CHECK_INT(red.blocks[2].len, 2);
}

static void what_is_cut_off_is_refused(void)
{
	uint8_t p[64] = {0};
	size_t len = write_red(p, 5, 2);
	struct red red;

	for (size_t n = 0; n < 13; n++)
		CHECK_INT(red_read(&red, p, n), EBADMSG);
	CHECK_INT(red_read(&red, p, len - 2), 0); /* an empty primary */
	CHECK_INT(red.blocks[2].len, 0);
	for (unsigned i = 0; i < 8; i++)
		memcpy(p + 4 * i, "\xef\0\0\0", 4);
	p[32] = 111;
	CHECK_INT(red_read(&red, p, 40), EBADMSG); /* nine blocks */
	CHECK_INT(red_read(&red, p + 4, 36), 0);
}

static void who_takes_no_redundancy_gets_the_primary(void)
{
	struct bed bed;

	bed_init(&bed, RELAY_NO_PT);
	for (unsigned n = 0; n < 8; n++)
		come(&bed, n, n < 2 ? n : 2);
	CHECK_INT(bed.path.n, 8);
	CHECK_INT(bed.relay.red.filled, 0);
	CHECK_INT(bed.relay.dropped, 0);
	for (unsigned n = 0; n < 8; n++) {
		CHECK_INT(bed.path.sent[n].text[0], 'a' + n);
		CHECK_INT(bed.path.sent[n].text[1], '.');
		CHECK_INT(bed.path.sent[n].h.pt, 96);
		CHECK_INT(bed.path.sent[n].h.paylen, 2);
	}
}

static void what_was_lost_is_taken_from_what_follows(void)
{
	struct bed bed;
	unsigned at = 0;

	bed_init(&bed, RELAY_NO_PT);
	for (unsigned n = 0; n < 20; n++)
		if (n % 5 != 2 && n % 5 != 3)
			come(&bed, n, n < 2 ? n : 2);
	CHECK_INT(bed.path.n, 20);
	CHECK_INT(bed.relay.red.filled, 8);
	for (unsigned n = 0; n < 20; n++, at++) {
		CHECK_INT(bed.path.sent[at].text[0], 'a' + n);
		CHECK_INT(bed.path.sent[at].text[1],
			  n % 5 == 2 || n % 5 == 3 ? '!' : '.');
		CHECK_INT(bed.path.sent[at].index - bed.path.sent[0].index, n);
		CHECK_INT(bed.path.sent[at].h.ts - bed.path.sent[0].h.ts,
			  n * STEP);
	}
}

/* More is lost than is repeated; and what comes late comes once. */
static void no_packet_goes_out_twice(void)
{
	static const unsigned order[] = {0, 1, 6, 5, 4, 7, 9, 8, 12};
	struct bed bed;

	bed_init(&bed, RELAY_NO_PT);
	for (unsigned i = 0; i < COUNTOF(order); i++)
		come(&bed, order[i], order[i] ? 1 : 0);
	CHECK_INT(bed.path.n, 10); /* 0 1 5! 6 4 7 8! 9 11! 12 */
	for (unsigned i = 0; i < bed.path.n; i++)
		for (unsigned k = 0; k < i; k++)
			CHECK(bed.path.sent[i].index != bed.path.sent[k].index);
	CHECK_INT(bed.relay.red.filled, 3);
}

static void who_takes_it_gets_it_under_its_own_numbers(void)
{
	struct bed bed;

	bed_init(&bed, 98);
	come(&bed, 0, 0);
	come(&bed, 2, 2);
	CHECK_INT(bed.path.n, 2);
	CHECK_INT(bed.path.sent[1].h.pt, 98);
	CHECK_INT((uint8_t)bed.path.sent[1].text[0], 0x80 | 96);
	CHECK_INT((uint8_t)bed.path.sent[1].text[4], 0x80 | 96);
	CHECK_INT((uint8_t)bed.path.sent[1].text[8], 96);
	CHECK(!memcmp(bed.path.sent[1].text + 9, "a!b!c.", 6));
	CHECK_INT(bed.relay.red.filled, 0);
}

static void redundancy_in_redundancy_is_dropped(void)
{
	static const uint8_t nested[] = {0x80, RED, 0, 1, 0, 0, 0, 0, 0, 0,
					 0,    9,   RED, RED, 111, 'x'};
	uint8_t buf[PATH_HEADROOM + PKT_MAX];
	struct path_packet packet = {.pkt = buf + PATH_HEADROOM,
				     .len = sizeof(nested),
				     .cap = PKT_MAX,
				     .now_ms = 1};
	struct strm_pkt sp;
	struct bed bed;
	uint64_t bad = 0;

	bed_init(&bed, RELAY_NO_PT);
	memcpy(packet.pkt, nested, sizeof(nested));
	REQUIRE(relay_read(&bed.in, &sp, &packet, &bad));
	relay_forward(&bed.relay, &bed.in, &sp, packet.pkt);
	CHECK_INT(bed.path.n, 0);
}

TEST_MAIN(TEST(blocks_are_found), TEST(what_is_cut_off_is_refused),
	  TEST(who_takes_no_redundancy_gets_the_primary),
	  TEST(what_was_lost_is_taken_from_what_follows),
	  TEST(no_packet_goes_out_twice),
	  TEST(who_takes_it_gets_it_under_its_own_numbers),
	  TEST(redundancy_in_redundancy_is_dropped))
