/*
 * test_media_xr.c  Extended reports of a telephone, and ours to it
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/wheel.h"
#include "mediad/rtp/report.h"
#include "mediad/rtp/report_priv.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";

struct call {
	struct media_bed bed;
	struct media_phone *a, *b;
};

static bool call_up(struct call *call, enum session_xr policy)
{
	memset(call, 0, sizeof(*call));
	call->bed.cfg.xr = policy;
	if (!CHECK(!media_bed_open(&call->bed, NULL)))
		return false;
	call->a = media_phone_open(&call->bed);
	call->b = media_phone_open(&call->bed);
	if (!CHECK(call->a && call->b))
		return false;
	CHECK_INT(media_phone_calls(call->a, S, 1), 0);
	CHECK_INT(media_phone_called(call->b, S, 2), 0);
	CHECK_INT(session_leg_join(call->bed.table, S, 1, 2, NULL), 0);
	media_bed_run(&call->bed, 1000);
	return true;
}

/* Of the telephone, about what it hears of the worker. */
static void report(struct call *call)
{
	const struct report_time now = {call->bed.now_ms,
					1790000000000 + call->bed.now_ms};
	const struct report_xr_own own = {.ssrc = call->a->ssrc,
					  .about = call->a->check.ssrc,
					  .loss = 26,
					  .discard = 5,
					  .r = 70,
					  .mos = 360};
	uint8_t buf[REPORT_SIZE_MAX + 160];
	struct report rep;
	size_t len;

	report_init(&rep, call->a->ssrc, "phone", NULL);
	len = report_write_empty(&rep, buf);
	len += report_xr_write(&rep.xr, &own, &now, buf + len);
	media_phone_report(call->a, buf, len);
}

static bool has_xr(const struct media_phone *phone)
{
	struct report_part part;
	size_t pos = 0;

	while (pos < phone->lastlen &&
	       report_next_part(&part, phone->last + pos,
				phone->lastlen - pos)) {
		if (part.kind == REPORT_KIND_XR)
			return true;
		pos += part.len;
	}
	return false;
}

static const struct leg_stats *stats(struct call *call, uint8_t leg)
{
	static struct session_figures figs;

	CHECK_INT(session_query(call->bed.table, S, &figs), 0);
	return &figs.legs[leg - 1].stats;
}

static void who_sends_them_is_read_and_gets_them(void)
{
	struct call call;

	if (call_up(&call, SESSION_XR_ANSWER)) {
		media_bed_run(&call.bed, 10000);
		CHECK(call.a->lastlen && !has_xr(call.a));
		report(&call);
		media_bed_run(&call.bed, 10000);
		CHECK(has_xr(call.a));
		CHECK(!has_xr(call.b));
		CHECK(stats(&call, 1)->far_xr);
		CHECK_INT(stats(&call, 1)->far_xr_mos, 36);
		CHECK_INT(stats(&call, 1)->far_xr_loss, 26);
		CHECK_INT(stats(&call, 1)->far_xr_discard, 5);
		CHECK(!stats(&call, 2)->far_xr);
	}
	media_bed_close(&call.bed);
}

static void all_or_nobody_gets_them(void)
{
	for (unsigned i = 0; i < 2; i++) {
		struct call call;

		if (call_up(&call,
			    i ? SESSION_XR_ALWAYS : SESSION_XR_NEVER)) {
			report(&call);
			media_bed_run(&call.bed, 10000);
			CHECK_INT(has_xr(call.a), i);
			CHECK_INT(has_xr(call.b), i);
			CHECK(stats(&call, 1)->far_xr);
		}
		media_bed_close(&call.bed);
	}
}

TEST_MAIN(TEST(who_sends_them_is_read_and_gets_them),
	  TEST(all_or_nobody_gets_them))
