/*
 * invite_heard.c  How long a caller waits until there is something to hear of
 *                 (post-dial delay)
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/wheel.h"
#include "sigd/proxy/invite/invite_priv.h"

enum { TRYING = 100, REFUSALS = 300 };

void invite_heard(struct invite *inv, uint16_t scode)
{
	if (inv->heard || scode <= TRYING || scode >= REFUSALS)
		return;

	inv->heard = true;
	metric_observe(&inv->px->counts.heard,
		       wheel_now(inv->px->deps.wheel) - inv->begun_ms);
}
