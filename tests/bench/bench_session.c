/*
 * bench_session.c  CPU time of a relayed SRTP packet at 100 legs, and memory
 *                  of a call, through whole sessions
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "mediad/transport/mux.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/kernel.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"

enum {
	CALLS = 50,
	LEGS = 2 * CALLS,
	ROUNDS = 1000
};

static const char title[] =
	"A packet through whole sessions (streams, statistics, RTCP, state "
	"file), 100\nlegs: 50 calls of two browser legs, Opus of 24 kbit/s; "
	"then 50 of a browser\nand a PBX, G.711, SRTP on one side, plain RTP "
	"on a port of its own on the\nother. The worker's part alone. "
	"\"spread\": 5 packets wait at each wake-up, as\n100 legs have it in "
	"a millisecond; \"burst\": all. Between browsers the wait\nitself "
	"(epoll) is not in it; with all of it: bench_call.\n";

/* Of pages and worker together on the heap; the worker's alone is taken by
 * dropping its sessions. */
static size_t heap(void)
{
	return mallinfo2().uordblks;
}

static int set_up(struct media_bed *bed)
{
	int err = 0;

	for (unsigned i = 0; !err && i < CALLS; i++) {
		const char *id = media_id(1 + i);
		struct media_page *a = media_page_open(bed);
		struct media_page *b = media_page_open(bed);

		if (!a || !b)
			return ENOMEM;
		err = media_page_calls(a, id, 1);
		if (!err)
			err = media_page_called(b, id, 2);
		if (!err)
			err = session_leg_join(bed->table, id, 1, 2, NULL);
	}
	if (!err && !media_bed_ready(bed))
		err = ETIMEDOUT;
	return err;
}

static double serve(struct media_bed *bed)
{
	double begin = bench_cpu_us();

	wheel_advance(bed->wheel, bed->now_ms);
	mux_poll(bed->env.mux);
	mux_flush(bed->env.mux);
	return bench_cpu_us() - begin;
}

/* One round is 20 ms: each page sends once, `group` of them at a time. */
static double rounds(struct media_bed *bed, unsigned group)
{
	static const uint8_t payload[60] = {0x78, 1, 2, 3};
	double us = 0;

	for (unsigned r = 0; r < ROUNDS; r++) {
		for (unsigned i = 0; i < LEGS; i++) {
			struct media_page *page = bed->pages[i];

			page->ts += 960;
			(void)mock_media_send(page->mock, page->pt, page->ts,
					      payload, sizeof(payload));
			if ((i + 1) % group)
				continue;
			bed->now_ms += 20 * group / LEGS;
			us += serve(bed);
		}
		for (unsigned i = 0; i < LEGS; i++)
			mock_media_poll(bed->pages[i]->mock);
	}
	return us;
}

static uint32_t heard(const struct media_bed *bed)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < LEGS; i++)
		n += bed->pages[i]->heard;
	return n;
}

static void measure(struct media_bed *bed, const char *name, unsigned group)
{
	uint32_t before = heard(bed), packets;
	double us = rounds(bed, group);
	char text[60], note[60];

	packets = heard(bed) - before;
	snprintf(text, sizeof(text), "browser to browser, %s", name);
	snprintf(note, sizeof(note), "%u packets, %.2f %% lost", packets,
		 100.0 - 100.0 * packets / (LEGS * ROUNDS));
	BENCH(text, us / packets, "us", 12, note);
}

static void memory(struct media_bed *bed)
{
	size_t before;

	/* DTLS state is kept for a while after the handshake */
	for (unsigned s = 0; s < 20; s++) {
		bed->now_ms += 1000;
		wheel_advance(bed->wheel, bed->now_ms);
	}
	before = heap();
	for (unsigned i = 0; i < CALLS; i++)
		(void)session_drop(bed->table, media_id(1 + i));
	BENCH("... heap of a call", (double)(before - heap()) / CALLS / 1024,
	      "kB", 20, "and 2 kB of the state file, on tmpfs");
}

/* --- a browser and a PBX ------------------------------------------------------- */

static int set_up_pbx(struct media_bed *bed)
{
	int err = 0;

	for (unsigned i = 0; !err && i < CALLS; i++) {
		const char *id = media_id(1 + i);
		struct media_page *page = media_page_open(bed);
		struct media_phone *phone = media_phone_open(bed);

		if (!page || !phone)
			return ENOMEM;
		media_page_narrow(page);
		phone->sending = false;
		err = media_page_calls(page, id, 1);
		if (!err)
			err = media_phone_called(phone, id, 2);
		if (!err)
			err = session_leg_join(bed->table, id, 1, 2, NULL);
	}
	if (!err && !media_bed_ready(bed))
		err = ETIMEDOUT;
	return err;
}

static void on_turn_over(void *arg)
{
	(void)arg;
	loop_stop();
}

/* One turn of the loop, with its wait. */
static double turn(struct media_bed *bed)
{
	struct tmr over;
	double begin;

	tmr_init(&over);
	tmr_start(&over, 0, on_turn_over, NULL);
	begin = bench_cpu_us();
	wheel_advance(bed->wheel, bed->now_ms);
	(void)loop_run();
	return bench_cpu_us() - begin;
}

/* 20 ms in one direction. */
static double pbx_round(struct media_bed *bed, bool to_pbx, unsigned group)
{
	static const uint8_t payload[160] = {0xd5, 1, 2, 3};
	struct le *le = list_head(&bed->phones);
	double us = 0;

	for (unsigned i = 0; i < CALLS; i++, le = le->next) {
		struct media_page *page = bed->pages[i];
		struct media_phone *phone = le->data;

		page->ts += 160;
		phone->ts += 160;
		if (to_pbx)
			(void)mock_media_send(page->mock, page->pt, page->ts,
					      payload, sizeof(payload));
		else
			media_phone_send(phone, phone->pt, payload,
					 sizeof(payload));
		if ((i + 1) % group)
			continue;
		bed->now_ms += 20 * group / CALLS;
		us += turn(bed);
	}
	for (unsigned i = 0; i < CALLS; i++)
		mock_media_poll(bed->pages[i]->mock);
	for (le = list_head(&bed->phones); le; le = le->next)
		media_phone_poll(le->data);
	return us;
}

static uint32_t heard_pbx(const struct media_bed *bed, bool to_pbx)
{
	struct le *le = list_head(&bed->phones);
	uint32_t n = 0;

	for (unsigned i = 0; i < CALLS; i++, le = le->next) {
		const struct media_phone *phone = le->data;

		n += to_pbx ? phone->heard : bed->pages[i]->heard;
	}
	return n;
}

static void measure_pbx(struct media_bed *bed, bool to_pbx, unsigned group)
{
	uint32_t before = heard_pbx(bed, to_pbx), packets;
	char text[60], note[60];
	double us = 0;

	for (unsigned r = 0; r < ROUNDS; r++)
		us += pbx_round(bed, to_pbx, group);
	packets = heard_pbx(bed, to_pbx) - before;
	snprintf(text, sizeof(text), "%s, %s",
		 to_pbx ? "browser to PBX" : "PBX to browser",
		 group == CALLS ? "burst" : "spread");
	snprintf(note, sizeof(note), "%u packets, %.2f %% lost", packets,
		 100.0 - 100.0 * packets / (CALLS * ROUNDS));
	BENCH(text, us / packets, "us", 12, note);
}

static int bench_pbx(struct media_bed *bed, const char *state)
{
	int err = media_bed_open(bed, state);

	if (!err)
		err = set_up_pbx(bed);
	if (!err) {
		for (unsigned i = 0; i < CALLS; i++)
			bed->pages[i]->sending = false;
		for (unsigned i = 0; i < 4; i++)
			measure_pbx(bed, !(i & 1), i & 2 ? CALLS : 5);
		memory(bed);
	}
	media_bed_close(bed);
	return err;
}

static int bench_browsers(struct media_bed *bed, const char *state)
{
	int err = media_bed_open(bed, state);

	if (!err)
		err = set_up(bed);
	if (!err) {
		for (unsigned i = 0; i < LEGS; i++)
			bed->pages[i]->sending = false;
		measure(bed, "spread", 5);
		measure(bed, "burst", LEGS);
		memory(bed);
	}
	media_bed_close(bed);
	return err;
}

int main(void)
{
	struct media_bed *bed;
	char state[] = "/dev/shm/bench_session.XXXXXX";
	int fd, err;

	bench_title(title);
	if (libre_init() || loop_init(1024))
		return 1;
	BENCH("limit: kernel, 5 at once", kernel_relay_us(5, 40000), "us", 0,
	      "recvmmsg and sendmmsg alone");
	BENCH("limit: kernel, 50 at once", kernel_relay_us(50, 40000), "us", 0,
	      NULL);
	bed = mem_zalloc(sizeof(*bed), NULL);
	fd = mkstemp(state);
	err = bed && fd >= 0 ? bench_browsers(bed, state) : ENOMEM;
	if (!err) {
		memset(bed, 0, sizeof(*bed));
		err = bench_pbx(bed, state);
	}
	if (err)
		re_fprintf(stderr, "bench_session: %m\n", err);
	mem_deref(bed);
	loop_close();
	libre_close();
	return err ? 1 : 0;
}
