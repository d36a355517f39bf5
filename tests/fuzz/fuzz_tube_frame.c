/*
 * fuzz_tube_frame.c  Frames of the tunnel: what is read is written the same
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>
#include <re.h>

#include "common/tube_frame.h"
#include "tests/lib/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tube_frame frame;
	struct tube_addr dst;
	uint8_t *buf;

	if (tube_frame_read(&frame, &dst, data, size))
		return 0;

	assert(frame.len <= TUBE_PAYLOAD_MAX);
	assert(frame.payload + frame.len == data + size);
	assert(tube_frame_size(&frame, &dst) == size);
	buf = mem_alloc(size, NULL);
	if (!buf)
		return 0;

	tube_frame_write(buf, &frame, &dst);
	assert(!memcmp(buf, data, size));
	mem_deref(buf);
	return 0;
}
