/*
 * test_tube_frame.c  A frame of the tunnel as bytes
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/tube_frame.h"
#include "tests/lib/test.h"

static const struct tube_addr dst = {.node = "b2",
				     .slot = 7,
				     .epoch = 0x01020304};

static size_t sample(uint8_t *buf, size_t size)
{
	const struct tube_frame frame = {
		.type = 3,
		.flags = 0x81,
		.src = {.node = "a1", .slot = 2, .epoch = 77},
		.ref = 0x1122334455667788ull,
		.payload = (const uint8_t *)"bytes",
		.len = 5,
	};
	size_t len = tube_frame_size(&frame, &dst);

	CHECK(len <= size);
	tube_frame_write(buf, &frame, &dst);
	return len;
}

static void a_frame_has_the_documented_bytes(void)
{
	static const uint8_t want[] = {
		1, 3,    0x81, 0,    0,    0,    0,    77,   1,    2,   3,
		4, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 2,   7,
		2, 2,    'a',  '1',  'b',  '2',  'b',  'y',  't',  'e', 's',
	};
	uint8_t buf[100];

	CHECK_INT(sample(buf, sizeof(buf)), sizeof(want));
	CHECK(!memcmp(buf, want, sizeof(want)));
}

static void a_frame_comes_back(void)
{
	struct tube_frame frame;
	struct tube_addr to;
	uint8_t buf[100];
	size_t len = sample(buf, sizeof(buf));

	CHECK(!tube_frame_read(&frame, &to, buf, len));
	CHECK_INT(frame.type, 3);
	CHECK_INT(frame.flags, 0x81);
	CHECK_STR(frame.src.node, "a1");
	CHECK_INT(frame.src.slot, 2);
	CHECK_INT(frame.src.epoch, 77);
	CHECK(frame.ref == 0x1122334455667788ull);
	CHECK_STR(to.node, "b2");
	CHECK_INT(to.slot, 7);
	CHECK_INT(to.epoch, 0x01020304);
	CHECK_INT(frame.len, 5);
	CHECK(!memcmp(frame.payload, "bytes", 5));
}

static void what_is_no_frame_is_refused(void)
{
	struct tube_frame frame;
	struct tube_addr to;
	uint8_t buf[100], bad[100];
	size_t len = sample(buf, sizeof(buf));

	/* without its payload it is a frame, too */
	for (size_t n = 0; n < len - 5; n++)
		CHECK_INT(tube_frame_read(&frame, &to, buf, n), EBADMSG);

	memcpy(bad, buf, len);
	bad[0] = 2;
	CHECK_INT(tube_frame_read(&frame, &to, bad, len), EPROTO);
	for (size_t i = 20; i < 24; i++) { /* no slot, no node */
		memcpy(bad, buf, len);
		bad[i] = 0;
		CHECK_INT(tube_frame_read(&frame, &to, bad, len), EBADMSG);
	}
	memcpy(bad, buf, len);
	bad[22] = 255;
	CHECK_INT(tube_frame_read(&frame, &to, bad, len), EBADMSG);
	memcpy(bad, buf, len);
	bad[24] = '/';
	CHECK_INT(tube_frame_read(&frame, &to, bad, len), EBADMSG);
	memcpy(bad, buf, len);
	bad[7] = 0; /* epoch of the sender */
	CHECK_INT(tube_frame_read(&frame, &to, bad, len), EBADMSG);
}

TEST_MAIN(TEST(a_frame_has_the_documented_bytes), TEST(a_frame_comes_back),
	  TEST(what_is_no_frame_is_refused))
