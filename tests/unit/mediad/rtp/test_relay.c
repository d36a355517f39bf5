/*
 * test_relay.c  The packet path, with a path that only remembers
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "mediad/rtp/relay.h"
#include "mediad/rtp/wire.h"
#include "mediad/transport/path.h"
#include "tests/lib/test.h"

/* In the place of the real one. */
struct path {
	bool ready;
	int err;
	unsigned sent;
	uint8_t pkt[PKT_MAX];
	size_t len;
	uint64_t index;
};

bool path_ready(const struct path *path)
{
	return path->ready;
}

int path_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
		  uint64_t index)
{
	if (path->err)
		return path->err;
	path->sent++;
	memcpy(path->pkt, pkt, len);
	path->len = len;
	path->index = index;
	return 0;
}

struct bed {
	struct path path;
	struct strm_in in;
	struct strm_out out;
	struct relay relay;
	uint64_t bad;
	uint8_t buf[PATH_HEADROOM + PKT_MAX];
};

static void bed_init(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	bed->path.ready = true;
	strm_in_init(&bed->in, 48000);
	bed->in.event = 126;
	strm_out_init(&bed->out, 0x11223344, 48000, 10, NULL);
	relay_open(&bed->relay, &bed->out, &bed->path);
	relay_pass(&bed->relay, 111, 96);
	relay_pass(&bed->relay, 126, 101);
}

static bool put(struct bed *bed, const uint8_t *data, size_t len)
{
	struct path_packet packet = {
		.pkt = bed->buf + PATH_HEADROOM,
		.len = len,
		.cap = PKT_MAX,
		.now_ms = 1000,
	};
	struct strm_pkt sp;
	unsigned sent = bed->path.sent;

	memcpy(packet.pkt, data, len);
	if (relay_read(&bed->in, &sp, &packet, &bed->bad))
		relay_forward(&bed->relay, &bed->in, &sp, packet.pkt);
	return bed->path.sent > sent;
}

static void payload_passes_under_a_header_of_ours(void)
{
	/* one CSRC, an extension of one word, 2 bytes of padding */
	static const uint8_t in[] = {0xb1, 111,  0,   5, 0,    0,    1, 0,
				     9,    9,    9,   9, 0xcc, 0xcc, 0, 0,
				     0xbe, 0xde, 0,   1, 1,    2,    3, 4,
				     'a',  'b',  'c', 0, 2};
	struct bed bed;

	bed_init(&bed);
	REQUIRE(put(&bed, in, sizeof(in)));
	CHECK_INT(bed.path.len, PKT_HDR + 3);
	CHECK_INT(bed.path.pkt[0], 0x80);
	CHECK_INT(bed.path.pkt[1], 0x80 | 96);
	CHECK_INT(wire_get16(bed.path.pkt + 2), 10);
	CHECK_INT(wire_get32(bed.path.pkt + 8), 0x11223344);
	CHECK(!memcmp(bed.path.pkt + PKT_HDR, "abc", 3));
	CHECK_INT(bed.path.index, 10);
	CHECK_INT(bed.out.packets, 1);
	CHECK_INT(bed.out.octets, 3);
	CHECK_INT(bed.out.first_ms, 1000);
}

static void payload_types_are_mapped_or_dropped(void)
{
	uint8_t in[16] = {0x80, 0};
	struct bed bed;

	bed_init(&bed);
	for (unsigned pt = 0; pt < 128; pt++) {
		in[1] = (uint8_t)pt;
		in[3]++;
		CHECK_INT(put(&bed, in, sizeof(in)), pt == 111 || pt == 126);
	}
	CHECK_INT(bed.path.pkt[1], 101);
	CHECK_INT(bed.relay.dropped, 126);
	CHECK_INT(bed.in.packets, 128);
}

static void an_event_keeps_no_marker_but_its_own(void)
{
	uint8_t in[16] = {0x80, 0x80 | 126};
	struct bed bed;

	bed_init(&bed);
	CHECK(put(&bed, in, sizeof(in)));
	CHECK_INT(bed.path.pkt[1], 101); /* the first packet of ours */
	in[3] = 1;
	CHECK(put(&bed, in, sizeof(in)));
	CHECK_INT(bed.path.pkt[1], 0x80 | 101);
}

static void nothing_goes_to_nobody(void)
{
	uint8_t in[16] = {0x80, 111};
	struct bed bed;

	bed_init(&bed);
	relay_close(&bed.relay);
	CHECK(!put(&bed, in, sizeof(in)));
	CHECK_INT(bed.in.packets, 1);
}

static void a_path_that_is_not_ready_costs_no_index(void)
{
	uint8_t in[16] = {0x80, 111};
	struct bed bed;

	bed_init(&bed);
	bed.path.ready = false;
	CHECK(!put(&bed, in, sizeof(in)));
	CHECK_INT(bed.out.next, 10);
	bed.path.ready = true;
	bed.path.err = ENOTCONN;
	in[3]++;
	CHECK(!put(&bed, in, sizeof(in)));
	CHECK_INT(bed.out.packets, 0);
	CHECK_INT(bed.out.next, 11); /* it may have been used */
}

static void what_is_no_packet_is_counted(void)
{
	uint8_t in[11] = {0x80, 111};
	struct bed bed;

	bed_init(&bed);
	CHECK(!put(&bed, in, sizeof(in)));
	CHECK_INT(bed.bad, 1);
	CHECK_INT(bed.in.packets, 0);
}

static void reopening_goes_on_in_the_same_stream(void)
{
	uint8_t in[16] = {0x80, 111};
	struct bed bed;
	uint64_t index;

	bed_init(&bed);
	CHECK(put(&bed, in, sizeof(in)));
	index = bed.path.index;
	relay_close(&bed.relay);
	for (unsigned n = 0; n < 50; n++) {
		in[3]++;
		CHECK(!put(&bed, in, sizeof(in)));
	}
	relay_open(&bed.relay, &bed.out, &bed.path);
	relay_pass(&bed.relay, 111, 111);
	in[3]++;
	CHECK(put(&bed, in, sizeof(in)));
	CHECK_INT(bed.path.index, index + 1);
	CHECK_INT(bed.path.pkt[1], 0x80 | 111);
}

TEST_MAIN(TEST(payload_passes_under_a_header_of_ours),
	  TEST(payload_types_are_mapped_or_dropped),
	  TEST(an_event_keeps_no_marker_but_its_own),
	  TEST(nothing_goes_to_nobody),
	  TEST(a_path_that_is_not_ready_costs_no_index),
	  TEST(what_is_no_packet_is_counted),
	  TEST(reopening_goes_on_in_the_same_stream))
