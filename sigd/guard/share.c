/*
 * share.c  A worker's share of a rate that all workers have together
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/guard/share.h"

enum { ONE = 1000000 };

uint64_t share_of(uint64_t rate, const uint64_t *wanted, size_t n, size_t mine)
{
	bool done[SHARE_MAX] = {false};
	uint64_t left = rate;
	size_t open = n;
	bool more = true;

	if (!n || n > SHARE_MAX || mine >= n)
		return rate;
	while (open && more) {
		const uint64_t fair = left / open;

		more = false;
		for (size_t i = 0; i < n; i++) {
			if (done[i] || wanted[i] > fair)
				continue;
			done[i] = more = true;
			left -= wanted[i];
			--open;
		}
	}
	if (open)
		return done[mine] ? wanted[mine] : left / open;
	return wanted[mine] + left / n;
}

bool share_take(struct share_bucket *bucket, uint64_t rate, uint64_t now_ms)
{
	/* a thousandth a second is a millionth a millisecond */
	const uint64_t most = max(rate * 500, (uint64_t)ONE);

	if (!bucket->begun)
		bucket->tokens = most;
	else if (now_ms > bucket->last_ms)
		bucket->tokens += (now_ms - bucket->last_ms) * rate;
	bucket->begun	= true;
	bucket->last_ms = max(bucket->last_ms, now_ms);
	bucket->tokens	= min(bucket->tokens, most);
	if (bucket->tokens < ONE)
		return false;

	bucket->tokens -= ONE;
	return true;
}
