/*
 * test_media_churn.c  Calls that come and go leave nothing behind
 *
 * Each with all that a call has: a page with ICE and DTLS, a PBX with ports of
 * its own, media both ways. 100 of them; CHURN=10000 (make soak) has more.
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
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/test.h"

enum {
	USUAL = 100,
	AT_ONCE = 10,
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

/* Some at once, as they come: they speak, and end in either way. */
static bool calls(struct media_bed *bed, unsigned first)
{
	struct media_page *pages[AT_ONCE];
	struct media_phone *phones[AT_ONCE];
	bool ok = true;

	for (unsigned i = 0; i < AT_ONCE; i++) {
		const char *id = media_id(first + i);

		pages[i] = media_page_open(bed);
		phones[i] = media_phone_open(bed);
		if (!pages[i] || !phones[i])
			return CHECK(false);
		media_page_narrow(pages[i]);
		ok &= CHECK_INT(media_page_calls(pages[i], id, 1), 0);
		id = media_id(first + i);
		ok &= CHECK_INT(media_phone_called(phones[i], id, 2), 0);
		ok &= CHECK_INT(session_leg_join(bed->table, id, 1, 2, NULL),
				0);
	}
	ok &= CHECK(media_bed_ready(bed));
	media_bed_run(bed, 200);
	for (unsigned i = 0; i < AT_ONCE; i++) {
		const char *id = media_id(first + i);

		ok &= CHECK(pages[i]->heard && phones[i]->heard);
		if (i % 3 == 0)
			(void)session_leg_drop(bed->table, id, 1);
		ok &= CHECK_INT(session_drop(bed->table, id), 0);
		mem_deref(phones[i]);
		/* the bed has these alone */
		bed->pages[i] = mem_deref(pages[i]);
	}
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
