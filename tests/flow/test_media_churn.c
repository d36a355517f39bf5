/*
 * test_media_churn.c  Calls that come and go leave nothing behind
 *
 * Each with all that a call has: a page with ICE and DTLS, media both ways, and
 * one of: a PBX with plain RTP, with keys in SDP, with DTLS-SRTP, with another
 * codec; or another page, and video. 100 of them; CHURN=10000 (make soak) has
 * more.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/session/state_file.h"
#include "mediad/transport/hub.h"
#include "tests/lib/media_cam.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/test.h"

enum {
	USUAL = 100,
	AT_ONCE = 10,
	SPEAK_MS = 400,
	SETTLE_MS = 60000, /* beyond every time that something is kept for */
	SLACK = 65536      /* bytes of the heap, for all calls together: the C
			      library keeps what was freed for a while */
};

/* What a worker holds, apart from memory that it has not given back. */
struct held {
	size_t heap, timers, records, fds;
	uint32_t ports;
};

static size_t fds_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static struct held held(const struct media_bed *bed)
{
	struct held held = {
		.heap = mallinfo2().uordblks + mallinfo2().hblkhd,
		.timers = wheel_count(bed->wheel),
		.records = state_file_used(bed->state),
		.fds = fds_open(),
	};
	uint32_t count;

	hub_ports(bed->rtp_env.hub, &count, &held.ports);
	return held;
}

static unsigned calls_wanted(void)
{
	const char *text = getenv("CHURN");
	unsigned n = text ? (unsigned)atoi(text) : 0;

	return n ? n : USUAL;
}

enum kind {
	PLAIN,
	SDES,
	DTLS,
	TRANSCODED,
	VIDEO,
	KINDS
};

struct call {
	enum kind kind;
	struct media_cam cams[2];
	struct media_page *page;
	struct media_phone *phone; /* not VIDEO */
};

static bool phone_make(struct call *call, struct media_bed *bed)
{
	struct media_phone *phone = media_phone_open(bed);

	if (!phone)
		return false;
	call->phone = phone;
	if (call->kind == SDES) {
		phone->profile = SDPM_SDES;
		phone->keys.suite = "AES_CM_128_HMAC_SHA1_80";
	} else if (call->kind == DTLS) {
		phone->profile = SDPM_DTLS;
		phone->dtls.setup = "active";
	}
	return true;
}

static bool call_begin(struct call *call, struct media_bed *bed, unsigned nr)
{
	bool ok = true;

	*call = (struct call){.kind = nr % KINDS};
	if (call->kind == VIDEO) {
		media_cam_open(&call->cams[0], bed);
		media_cam_called(&call->cams[1], bed);
		call->page = call->cams[0].page;
	} else {
		call->page = media_page_open(bed);
		if (!call->page || !phone_make(call, bed))
			return CHECK(false);
	}
	if (call->kind < TRANSCODED)
		media_page_narrow(call->page);
	ok &= CHECK_INT(media_remote(bed, media_id(nr), 1, false,
				     media_page_sdp(call->page, false), NULL),
			0);
	if (call->phone)
		ok &= CHECK_INT(media_phone_called(call->phone, media_id(nr),
						   2),
				0);
	else
		ok &= CHECK_INT(media_page_called(call->cams[1].page,
						  media_id(nr), 2),
				0);
	return ok & CHECK_INT(session_leg_join(bed->table, media_id(nr), 1, 2,
					       NULL),
			      0);
}

static bool call_answer(const struct call *call, struct media_bed *bed,
			unsigned nr)
{
	struct mbuf *mb = mbuf_alloc(4096);
	bool ok = CHECK_INT(media_local(bed, media_id(nr), 1, true, mb, NULL),
			    0) &&
		  CHECK_INT(media_page_take(call->page, (char *)mb->buf,
					    mb->end),
			    0);

	mem_deref(mb);
	return ok;
}

static void page_drop(struct media_bed *bed, const struct media_page *page)
{
	/* the bed has these alone */
	for (unsigned i = 0; page && i < MEDIA_PAGES_MAX; i++)
		if (bed->pages[i] == page)
			bed->pages[i] = mem_deref(bed->pages[i]);
}

/* All heard each other; it ends in either way. */
static bool call_end(struct call *call, struct media_bed *bed, unsigned nr)
{
	const struct media_page *other = call->cams[1].page;
	bool ok = CHECK(call->page->heard > 0);

	if (call->phone)
		ok &= CHECK(call->phone->heard > 0);
	else
		ok &= CHECK(other->heard && other->vheard &&
			    call->page->vheard);
	if (!ok)
		printf("# kind %d\n", call->kind);
	if (nr % 3 == 0)
		(void)session_leg_drop(bed->table, media_id(nr), 1);
	ok &= CHECK_INT(session_drop(bed->table, media_id(nr)), 0);
	mem_deref(call->phone);
	page_drop(bed, call->page);
	page_drop(bed, other);
	return ok;
}

static void all_speak(struct media_bed *bed, struct call *all)
{
	for (unsigned t = 0; t < SPEAK_MS; t += MEDIA_CAM_MS) {
		for (unsigned i = 0; i < AT_ONCE; i++) {
			if (all[i].kind != VIDEO)
				continue;
			media_cam_send(&all[i].cams[0]);
			media_cam_send(&all[i].cams[1]);
		}
		media_bed_run(bed, MEDIA_CAM_MS);
	}
}

/* Some at once, as they come. */
static bool calls(struct media_bed *bed, unsigned first)
{
	static struct call all[AT_ONCE];
	bool ok = true;

	for (unsigned i = 0; i < AT_ONCE && ok; i++)
		ok = call_begin(&all[i], bed, first + i) &&
		     call_answer(&all[i], bed, first + i);
	if (!ok)
		return false;
	ok &= CHECK(media_bed_ready(bed));
	all_speak(bed, all);
	for (unsigned i = 0; i < AT_ONCE; i++)
		ok &= call_end(&all[i], bed, first + i);
	return ok;
}

static void nothing_is_left_of_calls_that_are_over(void)
{
	struct media_bed bed = {0};
	struct held before, after;
	const unsigned wanted = calls_wanted();
	char path[300];
	bool ok = true;

	snprintf(path, sizeof(path), "%s/churn", test_tmpdir());
	REQUIRE(media_bed_open(&bed, path) == 0);
	/* what is made once and kept: tables of libraries, caches */
	for (unsigned i = 0; i < 8 && ok; i++)
		ok = calls(&bed, 1 + i * AT_ONCE);
	media_bed_run(&bed, SETTLE_MS);
	before = held(&bed);
	for (unsigned i = 0; i < wanted && ok; i += AT_ONCE)
		ok = calls(&bed, 1000 + i);
	media_bed_run(&bed, SETTLE_MS);
	after = held(&bed);
	printf("# %u calls: heap %zu, then %zu bytes; %zu timers, %zu "
	       "descriptors, %u pairs of ports free\n",
	       wanted, before.heap, after.heap, after.timers, after.fds,
	       after.ports);
	CHECK_INT(session_count(bed.table), 0);
	CHECK(after.heap <= before.heap + SLACK);
	CHECK_INT(after.timers, before.timers);
	CHECK_INT(after.records, 0);
	CHECK_INT(after.fds, before.fds);
	CHECK_INT(after.ports, before.ports);
	media_bed_close(&bed);
}

TEST_MAIN(TEST(nothing_is_left_of_calls_that_are_over))
