/*
 * test_media_onward.c  Numbers that never go back, whatever becomes of a call
 *
 * A page and a PBX whose streams begin just before the sequence number wraps.
 * Through holds, re-offers, restarts of ICE, deaths of the worker, changes of
 * address, services in between and transfers, each far side hears one stream:
 * one SSRC, no index twice, no timestamp that goes back.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/session/state_file.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/test.h"

enum {
	FIRST = 65530, /* sequence number of both */
	ROUNDS = 12,
	STEP_MS = 5000,
	SILENT_MS = 400, /* between what a step does to a stream, at most */
};

static const char *const S = "00000000000000a1";

struct call {
	struct media_bed bed;
	struct media_page *page;
	struct media_phone *phone; /* that the page is joined with */
	uint8_t leg;               /* of the phone: 2 or 3 */
	unsigned phones;
};

static void fault_free(const struct packet_check *check, const char *who)
{
	const char *fault = packet_check_fault(check);

	if (!CHECK(fault == NULL))
		printf("# %s: %s\n", who, fault);
}

static int page_takes(struct call *c, bool connects)
{
	struct mbuf *mb = mbuf_alloc(2048);
	int err = mb ? media_local(&c->bed, S, 1, true, mb, NULL) : ENOMEM;

	if (!err && connects)
		err = media_page_take(c->page, (char *)mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

/* The page offers, the phone is offered the same, both answers follow. */
static void reoffer(struct call *c, bool connects)
{
	CHECK_INT(media_remote(&c->bed, S, 1, false,
			       media_page_sdp(c->page, false), NULL),
		  0);
	CHECK_INT(media_phone_called(c->phone, S, c->leg), 0);
	CHECK_INT(page_takes(c, connects), 0);
}

static struct media_phone *phone_new(struct call *c)
{
	struct media_phone *phone = media_phone_open(&c->bed);

	if (CHECK(phone != NULL)) {
		phone->seq = FIRST;
		c->phones++;
	}
	return phone;
}

static bool call_up(struct call *c)
{
	char path[300];

	*c = (struct call){.leg = 2};
	snprintf(path, sizeof(path), "%s/onward", test_tmpdir());
	if (!CHECK_INT(media_bed_open(&c->bed, path), 0))
		return false;
	c->page = media_page_open(&c->bed);
	c->phone = phone_new(c);
	if (!CHECK(c->page && c->phone))
		return false;
	media_page_narrow(c->page);
	CHECK_INT(mock_media_set_index(c->page->mock, FIRST), 0);
	CHECK_INT(media_remote(&c->bed, S, 1, false,
			       media_page_sdp(c->page, false), NULL),
		  0);
	CHECK_INT(media_phone_called(c->phone, S, 2), 0);
	CHECK_INT(session_leg_join(c->bed.table, S, 1, 2, NULL), 0);
	CHECK_INT(page_takes(c, true), 0);
	return CHECK(media_bed_ready(&c->bed));
}

/* --- what becomes of a call ---------------------------------------------------- */

static void nothing(struct call *c)
{
	(void)c;
}

static void page_holds(struct call *c)
{
	str_ncpy(c->page->extra, "a=sendonly\r\n", sizeof(c->page->extra));
	c->phone->dir = "recvonly";
	reoffer(c, false);
	media_bed_run(&c->bed, 1000);
	c->page->extra[0] = '\0';
	c->phone->dir = NULL;
	reoffer(c, false);
}

static void phone_holds(struct call *c)
{
	for (unsigned i = 0; i < 2; i++) {
		c->phone->dir = i ? NULL : "inactive";
		CHECK_INT(media_phone_offers(c->phone, S, c->leg), 0);
		CHECK_INT(media_phone_gets(c->phone, S, c->leg, true), 0);
		media_bed_run(&c->bed, 1000);
	}
}

static void page_reoffers(struct call *c)
{
	reoffer(c, false);
}

static void ice_restarts(struct call *c)
{
	mock_media_restart(c->page->mock);
	reoffer(c, true);
}

static void page_roams(struct call *c)
{
	CHECK_INT(mock_media_roam(c->page->mock), 0);
}

static void worker_dies(struct call *c)
{
	size_t alive = 0;

	CHECK_INT(media_bed_die(&c->bed, 200, &alive), 0);
	CHECK_INT(alive, 1);
}

static void music_plays(struct call *c)
{
	static const char *const services[] = {"tone", "echo", "milliwatt"};

	for (unsigned i = 0; i < COUNTOF(services); i++) {
		CHECK_INT(session_leg_join(c->bed.table, S, 1, 0, services[i]),
			  0);
		media_bed_run(&c->bed, 515);
	}
	CHECK_INT(session_leg_join(c->bed.table, S, 1, c->leg, NULL), 0);
}

/* Another phone takes the place of this one, which is dropped. */
static void is_transferred(struct call *c)
{
	struct media_phone *former = c->phone;
	uint8_t leg = c->leg;

	c->phone = phone_new(c);
	c->leg = leg == 2 ? 3 : 2;
	CHECK_INT(media_phone_called(c->phone, S, c->leg), 0);
	CHECK_INT(session_leg_join(c->bed.table, S, 1, c->leg, NULL), 0);
	CHECK_INT(session_leg_drop(c->bed.table, S, leg), 0);
	fault_free(&former->check, "former phone");
	mem_deref(former);
}

static const struct {
	const char *name;
	void (*happens)(struct call *c);
} steps[] = {
	{"nothing", nothing},
	{"the page holds", page_holds},
	{"the phone holds", phone_holds},
	{"the page offers again", page_reoffers},
	{"ICE restarts", ice_restarts},
	{"the worker dies", worker_dies},
	{"services play", music_plays},
	{"the page has another address", page_roams},
	{"the call is transferred", is_transferred},
};

/* Both hear each other, and what they hear is one stream. */
static void flows(struct call *c, const char *after)
{
	const uint32_t page = c->page->heard, phone = c->phone->heard;
	bool ok;

	media_bed_run(&c->bed, STEP_MS);
	ok = CHECK(c->bed.now_ms - c->page->heard_ms <= SILENT_MS) &&
	     CHECK(c->bed.now_ms - c->phone->heard_ms <= SILENT_MS) &&
	     CHECK(c->page->heard - page >= STEP_MS / 20 - 50) &&
	     CHECK(c->phone->heard - phone >= STEP_MS / 20 - 50);
	if (!ok)
		printf("# after: %s\n", after);
	fault_free(&c->page->check, "page");
	fault_free(&c->phone->check, "phone");
}

static void numbers_never_go_back(void)
{
	struct call c;

	if (call_up(&c)) {
		for (unsigned i = 0; i < ROUNDS * COUNTOF(steps); i++) {
			/* each comes after each other one, in the end */
			unsigned k = i * (1 + i / COUNTOF(steps) % 8) %
				     COUNTOF(steps);

			steps[k].happens(&c);
			flows(&c, steps[k].name);
		}
		CHECK(c.page->heard > 20000);
		CHECK_INT(mock_media_stats(c.page->mock)->bad_srtp, 0);
		CHECK(c.phones > ROUNDS / 2);
		CHECK_INT(c.bed.nlost, 0);
		CHECK_INT(session_drop(c.bed.table, S), 0);
		CHECK_INT(state_file_used(c.bed.state), 0);
	}
	media_bed_close(&c.bed);
}

TEST_MAIN(TEST(numbers_never_go_back))
