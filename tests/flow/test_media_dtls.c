/*
 * test_media_dtls.c  Who begins DTLS, and associations that follow one another
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <re.h>

#include "tests/lib/media_bed.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	return path;
}

static void fault_free(const struct media_page *page)
{
	const char *fault = packet_check_fault(&page->check);

	if (!CHECK(fault == NULL))
		printf("# %s\n", fault);
	CHECK_INT(mock_media_stats(page->mock)->bad_srtp, 0);
}

/* Its echo comes back, all of it, for a second. */
static bool is_heard(struct media_bed *bed, struct media_page *page)
{
	uint32_t heard;

	media_bed_run(bed, 60);
	heard = page->heard;
	media_bed_run(bed, 1000);
	return page->heard - heard >= 49;
}

/* --- browsers ------------------------------------------------------------------ */

static struct media_page *passive_page(struct media_bed *bed)
{
	struct media_page *page = media_page_open(bed);

	if (CHECK(page != NULL))
		media_page_passive(page);
	return page;
}

static void a_page_that_waits_is_called_by_dtls(void)
{
	for (unsigned offers = 0; offers < 2; offers++) {
		struct media_bed bed = {0};
		struct media_page *page;
		size_t alive = 0;

		REQUIRE(media_bed_open(&bed, file("passive")) == 0);
		page = passive_page(&bed);
		CHECK_INT(offers ? media_page_calls(page, S, 1)
				 : media_page_called(page, S, 1),
			  0);
		CHECK_INT(session_leg_join(bed.table, S, 1, 0, "echo"), 0);
		CHECK(strstr(page->sdp, offers ? "a=setup:active"
					       : "a=setup:actpass"));
		CHECK(media_bed_ready(&bed));
		CHECK(is_heard(&bed, page));
		/* the roles stay, also over a death */
		CHECK_INT(media_bed_die(&bed, 100, &alive), 0);
		CHECK_INT(alive, 1);
		CHECK(is_heard(&bed, page));
		CHECK_INT(media_page_calls(page, S, 1), 0);
		CHECK(strstr(page->sdp, "a=setup:active"));
		CHECK(is_heard(&bed, page));
		fault_free(page);
		CHECK_INT(bed.nlost, 0);
		media_bed_close(&bed);
	}
}

/* Two clients: nobody's call, in the time of a handshake. */
static void a_page_that_takes_no_role_is_lost(void)
{
	struct media_bed bed = {0};
	struct media_page *page;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	page = media_page_open(&bed);
	page->setup = "passive"; /* it says so, and is a client after all */
	page->sending = false;
	CHECK_INT(media_page_calls(page, S, 1), 0);
	media_bed_run(&bed, 15000);
	CHECK_INT(bed.nlost, 1);
	CHECK_INT(bed.lost[0].cause, SESSION_DTLS_FAIL);
	media_bed_close(&bed);
}

TEST_MAIN(TEST(a_page_that_waits_is_called_by_dtls),
	  TEST(a_page_that_takes_no_role_is_lost))
