/*
 * fuzz_rest_cursor.c  Where a page has ended, and when: as whoever asks has it
 *
 * What is read of a cursor is written again as it was.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "sigd/admin/rest_cursor.h"
#include "tests/lib/fuzz.h"

enum { TEXT_MAX = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX + 1], again[REST_CURSOR_MAX + 1];
	uint64_t nums[REST_CURSOR_NUMS], ms;

	if (size > TEXT_MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t n = 1; n <= REST_CURSOR_NUMS; n++) {
		if (!rest_cursor_read(nums, n, text))
			continue;
		rest_cursor_write(again, nums, n);
		if (strcmp(again, text))
			abort();
	}
	/* no later than the year 9999 and a leap second */
	if (rest_cursor_time(&ms, text) && ms > 253402300800999)
		abort();
	return 0;
}
