/*
 * test_media_rtp.c  Legs of plain RTP through the sessions of a worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "mediad/session/state_file.h"
#include "mediad/transport/hub.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	return path;
}

static const struct leg_figures *figures(struct media_bed *bed, uint8_t leg)
{
	static struct session_figures figs[2];
	struct session_figures *found = &figs[leg & 1];

	if (session_query(bed->table, S, found))
		return NULL;
	for (size_t i = 0; i < found->nlegs; i++)
		if (found->legs[i].leg == leg)
			return &found->legs[i];
	return NULL;
}

static void fault_free(const struct packet_check *check)
{
	const char *fault = packet_check_fault(check);

	if (!CHECK(fault == NULL))
		printf("# %s\n", fault);
}

static uint32_t ports_free(const struct media_bed *bed)
{
	uint32_t count, nfree;

	hub_ports(bed->rtp_env.hub, &count, &nfree);
	return nfree;
}

/* A page with PCMA calls a PBX. */
static bool call_up(struct media_bed *bed, struct media_page **page,
		    struct media_phone **phone)
{
	struct mbuf *mb = mbuf_alloc(2048);
	bool ok;

	*page = media_page_open(bed);
	*phone = media_phone_open(bed);
	if (!CHECK(mb && *page && *phone))
		return false;
	media_page_narrow(*page);
	CHECK_INT(media_remote(bed, S, 1, false, media_page_sdp(*page, false),
			       NULL),
		  0);
	CHECK_INT(media_phone_called(*phone, S, 2), 0);
	CHECK_INT(session_leg_join(bed->table, S, 1, 2, NULL), 0);
	CHECK_INT(media_local(bed, S, 1, true, mb, NULL), 0);
	CHECK_INT(media_page_take(*page, (char *)mb->buf, mb->end), 0);
	ok = CHECK(media_bed_ready(bed));
	mem_deref(mb);
	return ok;
}

static void a_page_and_a_pbx_hear_each_other(void)
{
	struct media_bed bed = {0};
	struct media_page *page;
	struct media_phone *phone;
	const struct leg_figures *leg;

	REQUIRE(media_bed_open(&bed, file("call")) == 0);
	if (call_up(&bed, &page, &phone)) {
		media_bed_run(&bed, 20000);
		fault_free(&page->check);
		fault_free(&phone->check);
		CHECK(page->heard >= 999 && phone->heard >= 999);
		CHECK_INT(packet_check_lost(&page->check), 0);
		CHECK_INT(packet_check_lost(&phone->check), 0);
		CHECK_INT(phone->foreign, 0);
		CHECK_INT(phone->check.last_pt, 8);
		CHECK(phone->check.ssrc != mock_media_ssrc(page->mock));
		CHECK(page->check.ssrc != phone->ssrc);
		CHECK(phone->heard_rtcp >= 2);

		leg = figures(&bed, 2);
		REQUIRE(leg != NULL);
		CHECK_INT(leg->profile, SDPM_RTP);
		CHECK_STR(leg->chosen, "PCMA/8000/1");
		CHECK_STR(leg->offered,
			  "PCMA/8000 PCMU/8000 telephone-event/8000");
		CHECK(leg->at_ms[LEG_RTP_IN] >= leg->at_ms[LEG_REMOTE]);
		CHECK_INT(leg->at_ms[LEG_DTLS], 0);
		CHECK_INT(leg->stats.lost_in, 0);
		CHECK_INT(leg->stats.refused_in, 0);
		CHECK_INT(session_drop(bed.table, S), 0);
		CHECK_INT(state_file_used(bed.state), 0);
		CHECK_INT(ports_free(&bed), 200);
	}
	media_bed_close(&bed);
}

TEST_MAIN(TEST(a_page_and_a_pbx_hear_each_other))
