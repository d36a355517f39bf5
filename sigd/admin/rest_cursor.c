/*
 * rest_cursor.c  Where a page of a list has ended, as whoever asks has it
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/route_check.h"
#include "sigd/admin/rest_cursor.h"

enum { DIGITS_MAX = 20 };

/* Digits at *text, which is behind them then. */
static bool number(uint64_t *num, const char **text)
{
	const char *p = *text;
	const size_t len = strspn(p, "0123456789");
	uint64_t sum = 0;

	if (!len || len > DIGITS_MAX || (len > 1 && *p == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		const uint64_t digit = (uint64_t)(p[i] - '0');

		if (sum > (UINT64_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*num = sum;
	*text = p + len;
	return true;
}

bool rest_cursor_read(uint64_t *nums, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if ((i && *text++ != '-') || !number(&nums[i], &text))
			return false;
	}
	return !*text;
}

void rest_cursor_write(char text[REST_CURSOR_MAX + 1], const uint64_t *nums,
		       size_t n)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n && i < REST_CURSOR_NUMS; i++) {
		const int more = re_snprintf(text + used,
					     REST_CURSOR_MAX + 1 - used,
					     "%s%llu", i ? "-" : "", nums[i]);

		used += more > 0 ? (size_t)more : 0;
	}
}

/* Of the fraction of a second the first three digits count. */
static unsigned thousandths(const char *text)
{
	const char *dot = strchr(text, '.');
	unsigned ms = 0;
	bool in = dot != NULL;

	for (unsigned i = 1; i <= 3; i++) {
		in = in && dot[i] >= '0' && dot[i] <= '9';
		ms = ms * 10 + (in ? (unsigned)(dot[i] - '0') : 0);
	}
	return ms;
}

bool rest_cursor_time(uint64_t *unix_ms, const char *text)
{
	uint64_t s;

	if (!route_ask_time(&s, text))
		return false;
	*unix_ms = s * 1000 + thousandths(text);
	return true;
}
