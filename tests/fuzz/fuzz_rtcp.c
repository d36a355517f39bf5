/*
 * fuzz_rtcp.c  RTCP compounds, and that we understand our own
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "mediad/rtp/report.h"
#include "mediad/rtp/stream.h"
#include "tests/lib/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report_time now = {1000, 1790000000000};
	uint8_t buf[REPORT_SIZE_MAX];
	struct report rep, before;
	struct strm_out out;
	struct strm_in in;
	uint32_t index;
	size_t len;

	report_init(&rep, 0x01010101, "fuzz", NULL);
	before = rep;
	if (report_read(&rep, data, size, &now)) {
		before.counts.refused = 1;
		assert(!memcmp(&before, &rep, sizeof(rep)));
	}
	now.now_ms += 500;
	now.wall_ms += 500;
	assert(rep.far.rtt_us <= 60000000);

	strm_in_init(&in, 48000);
	strm_out_init(&out, 0x01010101, 48000, 1, NULL);
	out.packets = size;
	len = report_write(&rep, &in, &out, &now, buf, &index);
	assert(len && len <= sizeof(buf));
	assert(report_read(&rep, buf, len, &now) == 0);
	return 0;
}
