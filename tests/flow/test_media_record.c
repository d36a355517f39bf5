/*
 * test_media_record.c  Recorded and forked calls, through the sessions of a
 *                      worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "common/fault.h"
#include "common/loop.h"
#include "mediad/rtp/pkt.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/pcm.h"
#include "mediad/tap/fork.h"
#include "mediad/tap/recorder.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/red_packet.h"
#include "tests/lib/sound_files.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

static const char *const S = "00000000000000a1";

struct call {
	struct media_bed bed;
	struct media_phone *a, *b;
	char dir[200];
	uint8_t tone[2][160]; /* 1000 Hz, 500 Hz */
	struct rec_report ended[8];
	struct rec_report lost;
	unsigned nended, nlost;
	unsigned nhushed[2]; /* paused, resumed */
	int ears; /* a consumer's socket */
	struct sa ears_addr;
};

static void on_report(const struct rec_report *report, void *arg)
{
	struct call *c = arg;

	if (report->news == REC_PAUSED || report->news == REC_RESUMED) {
		c->nhushed[report->news == REC_RESUMED]++;
	} else if (report->news == REC_LOST) {
		c->nlost++;
		c->lost = *report;
	} else if (c->nended < 8) {
		c->ended[c->nended++] = *report;
	}
}

static void make_tone(uint8_t payload[160], double hz)
{
	struct codec_enc *enc = NULL;
	int16_t pcm[160];
	size_t len;

	REQUIRE(codec_pcma.enc_alloc(&enc) == 0);
	for (int i = 0; i < 160; i++)
		pcm[i] = (int16_t)lrint(8000 * sin(2 * M_PI * hz * i / 8000));
	CHECK_INT(codec_pcma.encode(enc, pcm, 160, payload, &len, 160), 0);
	mem_deref(enc);
}

static bool taps_open(struct call *c, size_t memory)
{
	const struct recorder_cfg cfg = {.dir = c->dir,
					 .format = REC_WAV,
					 .rate = 16000,
					 .bitrate = 32000,
					 .max_bytes = 1 << 30,
					 .max_s = 3600,
					 .memory = memory};
	struct fork_consumer consumer = {
		.name = "ears", .codec = &codec_pcmu, .ptime = 20};

	sa_set_str(&c->ears_addr, "127.0.0.1", 0);
	c->ears = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (c->ears < 0 ||
	    bind(c->ears, &c->ears_addr.u.sa, c->ears_addr.len) ||
	    getsockname(c->ears, &c->ears_addr.u.sa, &c->ears_addr.len))
		return false;
	consumer.addr = c->ears_addr;
	return !recorder_alloc(&c->bed.recorder, &cfg, on_report, c) &&
	       !forker_alloc(&c->bed.forker) &&
	       !forker_add(c->bed.forker, &consumer);
}

static bool call_open_with(struct call *c, size_t memory)
{
	char path[260];

	memset(c, 0, sizeof(*c));
	if (!sound_dir(c->dir, sizeof(c->dir)) || !taps_open(c, memory))
		return false;
	snprintf(path, sizeof(path), "%s/state", c->dir);
	if (media_bed_open(&c->bed, path) ||
	    !(c->a = media_phone_open(&c->bed)) ||
	    !(c->b = media_phone_open(&c->bed)))
		return false;
	make_tone(c->tone[0], 1000);
	make_tone(c->tone[1], 500);
	c->a->payload = c->tone[0];
	c->b->payload = c->tone[1];
	c->a->paylen = c->b->paylen = 160;
	return true;
}

static bool call_open(struct call *c)
{
	return call_open_with(c, 1 << 26);
}

static void up(struct call *c)
{
	CHECK_INT(media_phone_offers(c->a, S, 1), 0);
	CHECK_INT(media_phone_called(c->b, S, 2), 0);
	CHECK_INT(media_phone_gets(c->a, S, 1, true), 0);
	CHECK_INT(session_leg_join(c->bed.table, S, 1, 2, NULL), 0);
	media_bed_run(&c->bed, 500);
	CHECK_INT(recorder_figures(c->bed.recorder).begun, 0);
	CHECK_INT(session_answered(c->bed.table, S), 0);
}

static int tape(struct call *c, enum session_husher by, bool hushed)
{
	return session_tape(c->bed.table, S, by, hushed);
}

/* All is written; its reports have come. */
static void call_close(struct call *c)
{
	media_bed_close(&c->bed);
	c->bed.recorder = mem_deref(c->bed.recorder);
	c->bed.forker = mem_deref(c->bed.forker);
	close(c->ears);
}

/* Of one side of a file, Hz; 0: silence. */
static double heard(const struct call *c, unsigned nr, unsigned side)
{
	static int16_t pcm[16000];
	int16_t pair[2];
	char path[700];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", c->dir, c->ended[nr].file);
	f = fopen(path, "rb");
	if (!CHECK(f != NULL))
		return 0;
	(void)!fseek(f, 44 + 4 * 8000, SEEK_SET);
	while (n < 16000 && fread(pair, 4, 1, f) == 1)
		pcm[n++] = pair[side];
	fclose(f);
	CHECK_INT(n, 16000);
	return tone_measure(pcm, n, 16000).dbfs < -40
		       ? 0
		       : tone_hz(pcm, n, 16000);
}

static void each_side_is_a_channel(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	struct session_figures *figs = mem_zalloc(sizeof(*figs), NULL);

	REQUIRE(c && figs && call_open(c));
	c->a->terms.record = SESSION_RECORD_ALWAYS;
	up(c);
	media_bed_run(&c->bed, 5000);
	CHECK_INT(session_query(c->bed.table, S, figs), 0);
	CHECK(figs->legs[0].recorded && !figs->legs[1].recorded);
	CHECK_INT(session_drop(c->bed.table, S), 0);
	call_close(c);
	CHECK_INT(c->nended, 1);
	CHECK_INT(c->nlost, 0);
	CHECK_INT(c->ended[0].ms, 5000);
	CHECK_INT(c->ended[0].name.part, 1);
	CHECK(fabs(heard(c, 0, 0) - 1000) < 2);
	CHECK(fabs(heard(c, 0, 1) - 500) < 2);
	mem_deref(figs);
	mem_deref(c);
}

static void who_says_never_is_not_recorded(void)
{
	static const struct {
		enum session_recording a, b;
		unsigned files;
	} cases[] = {
		{SESSION_RECORD_ALWAYS, SESSION_RECORD_NEVER, 0},
		{SESSION_RECORD_UNSAID, SESSION_RECORD_UNSAID, 0},
		{SESSION_RECORD_UNSAID, SESSION_RECORD_ALWAYS, 1},
	};

	for (unsigned i = 0; i < 3; i++) {
		struct call *c = mem_zalloc(sizeof(*c), NULL);

		REQUIRE(c && call_open(c));
		c->a->terms.record = cases[i].a;
		c->b->terms.record = cases[i].b;
		up(c);
		media_bed_run(&c->bed, 1000);
		call_close(c);
		CHECK_INT(c->nended, cases[i].files);
		mem_deref(c);
	}
}

/* The recorder outlives the worker here: what it had is closed in order, and
 * the successor begins a part of its own. */
static void a_successor_goes_on_with_the_next_part(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	size_t alive = 0;

	REQUIRE(c && call_open(c));
	c->b->terms.record = SESSION_RECORD_ALWAYS;
	up(c);
	media_bed_run(&c->bed, 3000);
	CHECK_INT(media_bed_die(&c->bed, 100, &alive), 0);
	CHECK_INT(alive, 1);
	media_bed_run(&c->bed, 3000);
	CHECK_INT(session_drop(c->bed.table, S), 0);
	call_close(c);
	CHECK_INT(c->nended, 2);
	CHECK_INT(c->ended[0].name.part, 1);
	CHECK_INT(c->ended[1].name.part, 2);
	CHECK(c->ended[1].ms >= 2900);
	CHECK(fabs(heard(c, 1, 0) - 1000) < 2);
	CHECK(fabs(heard(c, 1, 1) - 500) < 2);
	mem_deref(c);
}

static unsigned nquiet; /* legs that were told not to be heard */
static unsigned nthere; /* ... and that it is a call of branch, too */

static void on_quiet(const struct session_quiet *quiet, void *arg)
{
	(void)arg;
	nquiet += quiet->why != NULL;
	nthere += !strcmp(quiet->there, "branch");
}

/* That somebody has never said a word does not make it a call that nobody has
 * answered: not for its recording, and not for who is told of the silence. */
static void a_successor_knows_that_it_was_answered(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	size_t alive = 0;

	REQUIRE(c && call_open(c));
	c->a->terms.record = SESSION_RECORD_ALWAYS;
	c->b->sending = false;
	up(c);
	media_bed_run(&c->bed, 1000);
	CHECK_INT(media_bed_die(&c->bed, 100, &alive), 0);
	CHECK_INT(alive, 1);
	session_on_quiet(c->bed.table, on_quiet);
	nquiet = nthere = 0;
	media_bed_run(&c->bed, 5000);
	CHECK_INT(nquiet, 1);
	CHECK_INT(nthere, 0);
	CHECK_STR(c->ended[0].name.there, "");
	CHECK_INT(session_drop(c->bed.table, S), 0);
	call_close(c);
	CHECK_INT(c->nended, 2);
	CHECK_INT(c->ended[1].name.part, 2);
	CHECK(c->ended[1].ms >= 4900);
	CHECK(fabs(heard(c, 1, 0) - 1000) < 2);
	CHECK(heard(c, 1, 1) == 0);
	mem_deref(c);
}

/* What is noticed of either side, and its recording, is told to both tenants;
 * by a successor, too. */
static void both_tenants_of_a_call_are_told_of_it(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	size_t alive = 0;

	REQUIRE(c && call_open(c));
	c->a->terms.record = SESSION_RECORD_ALWAYS;
	pl_set_str(&c->b->terms.owner, "branch");
	session_on_quiet(c->bed.table, on_quiet);
	nquiet = nthere = 0;
	c->a->sending = c->b->sending = false;
	up(c);
	media_bed_run(&c->bed, 5000);
	CHECK_INT(nquiet, 2);
	CHECK_INT(nthere, 2);
	CHECK_INT(media_bed_die(&c->bed, 100, &alive), 0);
	CHECK_INT(alive, 1);
	session_on_quiet(c->bed.table, on_quiet);
	nquiet = nthere = 0;
	media_bed_run(&c->bed, 5000);
	CHECK_INT(nquiet, 2);
	CHECK_INT(nthere, 2);
	CHECK_INT(session_drop(c->bed.table, S), 0);
	call_close(c);
	CHECK_INT(c->nended, 2);
	CHECK_STR(c->ended[0].name.there, "branch");
	CHECK_STR(c->ended[1].name.there, "branch");
	mem_deref(c);
}

/* ... and that one that rings was not, though both are heard. */
static void a_successor_records_no_call_that_rings(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	size_t alive = 0;

	REQUIRE(c && call_open(c));
	c->a->terms.record = SESSION_RECORD_ALWAYS;
	CHECK_INT(media_phone_offers(c->a, S, 1), 0);
	CHECK_INT(media_phone_called(c->b, S, 2), 0);
	CHECK_INT(media_phone_gets(c->a, S, 1, true), 0);
	CHECK_INT(session_leg_join(c->bed.table, S, 1, 2, NULL), 0);
	media_bed_run(&c->bed, 1000);
	CHECK_INT(media_bed_die(&c->bed, 100, &alive), 0);
	CHECK_INT(alive, 1);
	media_bed_run(&c->bed, 1000);
	CHECK_INT(recorder_figures(c->bed.recorder).begun, 0);
	CHECK_INT(session_answered(c->bed.table, S), 0);
	CHECK_INT(recorder_figures(c->bed.recorder).begun, 1);
	call_close(c);
	mem_deref(c);
}

/* For a card number: and whoever dies meanwhile, it stays so. */
static void a_pause_outlives_the_worker(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	struct session_figures *figs = mem_zalloc(sizeof(*figs), NULL);
	size_t alive = 0;

	REQUIRE(c && figs && call_open(c));
	c->a->terms.record = SESSION_RECORD_ALWAYS;
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, true), ENOENT);
	up(c);
	media_bed_run(&c->bed, 3000);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, true), 0);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, true), 0);
	media_bed_run(&c->bed, 1000);
	CHECK_INT(session_query(c->bed.table, S, figs), 0);
	CHECK(figs->legs[0].recorded && figs->legs[0].hushed);
	CHECK_INT(media_bed_die(&c->bed, 100, &alive), 0);
	CHECK_INT(alive, 1);
	media_bed_run(&c->bed, 3000);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, false), 0);
	media_bed_run(&c->bed, 1000);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, true), 0);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, false), 0);
	media_bed_run(&c->bed, 500);
	CHECK_INT(session_drop(c->bed.table, S), 0);
	call_close(c);
	CHECK_INT(c->nended, 2);
	CHECK(fabs(heard(c, 0, 0) - 1000) < 2);
	/* half a second of it on, for a second */
	CHECK(heard(c, 1, 0) == 0 && heard(c, 1, 1) == 0);
	CHECK_INT(c->nhushed[0], 3);
	CHECK_INT(c->nhushed[1], 2);
	mem_deref(figs);
	mem_deref(c);
}

/* Between two tenants neither undoes what the other one wants; a successor
 * knows who does. */
static void each_pause_stands_for_itself(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	size_t alive = 0;

	REQUIRE(c && call_open(c));
	c->a->terms.record = SESSION_RECORD_ALWAYS;
	CHECK(!session_hushed(c->bed.table, S));
	up(c);
	media_bed_run(&c->bed, 2500);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, true), 0);
	CHECK_INT(tape(c, SESSION_HUSH_CALLEE, false), 0);
	CHECK(session_hushed(c->bed.table, S));
	CHECK_INT(tape(c, SESSION_HUSH_CALLEE, true), 0);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, false), 0);
	CHECK(session_hushed(c->bed.table, S));
	CHECK_INT(media_bed_die(&c->bed, 100, &alive), 0);
	CHECK_INT(alive, 1);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, false), 0);
	CHECK(session_hushed(c->bed.table, S));
	media_bed_run(&c->bed, 2500);
	CHECK_INT(tape(c, SESSION_HUSH_CALLEE, false), 0);
	CHECK(!session_hushed(c->bed.table, S));
	/* the operator's own, which nobody else ends */
	CHECK_INT(tape(c, SESSION_HUSH_OPERATOR, true), 0);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, false), 0);
	CHECK_INT(tape(c, SESSION_HUSH_CALLEE, false), 0);
	CHECK(session_hushed(c->bed.table, S));
	/* ... and who ends all of them */
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, true), 0);
	CHECK_INT(tape(c, SESSION_HUSH_CALLEE, true), 0);
	CHECK_INT(tape(c, SESSION_HUSH_OPERATOR, false), 0);
	CHECK(!session_hushed(c->bed.table, S));
	media_bed_run(&c->bed, 500);
	CHECK_INT(session_drop(c->bed.table, S), 0);
	call_close(c);
	CHECK_INT(c->nended, 2);
	CHECK(fabs(heard(c, 0, 0) - 1000) < 2);
	CHECK(heard(c, 1, 0) == 0 && heard(c, 1, 1) == 0);
	mem_deref(c);
}

static void who_is_not_recorded_cannot_be_paused(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);

	REQUIRE(c && call_open(c));
	up(c);
	media_bed_run(&c->bed, 100);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, true), ENOTCONN);
	call_close(c);
	mem_deref(c);
}

/* CORDBOARD_FAULT; NULL: none from now on. The thread, which passes such points,
 * has nothing to do in that moment. */
static void fault_set(const struct call *c, const char *spec)
{
	while (c->bed.recorder && recorder_figures(c->bed.recorder).waiting)
		usleep(1000);
	if (spec)
		CHECK(!setenv("CORDBOARD_FAULT", spec, 1));
	fault_process("t", 1);
	unsetenv("CORDBOARD_FAULT");
	if (!spec)
		fault_process("t", 1);
}

/* Its side has left; the other one is still there, for a while. */
static void a_recording_ends_with_the_leg_that_it_is_of(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	struct session_figures *figs = mem_zalloc(sizeof(*figs), NULL);

	REQUIRE(c && figs && call_open(c));
	c->b->terms.record = SESSION_RECORD_ALWAYS;
	up(c);
	media_bed_run(&c->bed, 2000);
	c->a->sending = false;
	CHECK_INT(session_leg_drop(c->bed.table, S, 1), 0);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, true), ENOTCONN);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, false), ENOTCONN);
	media_bed_run(&c->bed, 1000);
	CHECK_INT(session_query(c->bed.table, S, figs), 0);
	CHECK_INT(figs->nlegs, 1);
	CHECK_INT(session_drop(c->bed.table, S), 0);
	call_close(c);
	CHECK_INT(c->nended, 1);
	CHECK_INT(c->ended[0].ms, 2000);
	mem_deref(figs);
	mem_deref(c);
}

/* Who is told that it is paused may let a card number be said. */
static void a_pause_that_is_not_stored_is_not_said_to_be(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	size_t alive = 0;

	REQUIRE(c && call_open(c));
	c->a->terms.record = SESSION_RECORD_ALWAYS;
	up(c);
	media_bed_run(&c->bed, 2000);
	fault_set(c, "mediad.leg.store=errno:ENOSPC");
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, true), ENOSPC);
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, true), ENOSPC);
	fault_set(c, NULL);
	/* asked again, it is stored */
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, true), 0);
	CHECK_INT(media_bed_die(&c->bed, 100, &alive), 0);
	CHECK_INT(alive, 1);
	media_bed_run(&c->bed, 1000);
	/* a successor would not know of the end: it stays paused */
	fault_set(c, "mediad.leg.store=errno:ENOSPC");
	CHECK_INT(tape(c, SESSION_HUSH_CALLER, false), ENOSPC);
	fault_set(c, NULL);
	media_bed_run(&c->bed, 2000);
	CHECK_INT(session_drop(c->bed.table, S), 0);
	call_close(c);
	CHECK_INT(c->nended, 2);
	CHECK(heard(c, 1, 0) == 0 && heard(c, 1, 1) == 0);
	CHECK_INT(c->nhushed[0], 2);
	CHECK_INT(c->nhushed[1], 0);
	mem_deref(c);
}

static uint64_t wall_ms(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_nsec / 1000000;
}

/* Who dies between the two leaves a part that its successor does not begin
 * again: the number is stored before there is a file. */
static void a_part_is_counted_before_it_begins(void)
{
	enum { STORE_MS = 300 };
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	struct timespec now;
	struct stat st;
	char cmd[500], path[600] = "";
	FILE *f;

	REQUIRE(c && call_open(c));
	c->a->terms.record = SESSION_RECORD_ALWAYS;
	CHECK_INT(media_phone_offers(c->a, S, 1), 0);
	CHECK_INT(media_phone_called(c->b, S, 2), 0);
	CHECK_INT(media_phone_gets(c->a, S, 1, true), 0);
	CHECK_INT(session_leg_join(c->bed.table, S, 1, 2, NULL), 0);
	media_bed_run(&c->bed, 100);
	fault_set(c, "mediad.leg.store=delay:300");
	clock_gettime(CLOCK_REALTIME, &now);
	CHECK_INT(session_answered(c->bed.table, S), 0);
	fault_set(c, NULL);
	while (!recorder_idle(c->bed.recorder))
		usleep(1000);
	snprintf(cmd, sizeof(cmd), "find %s -name '*.part'", c->dir);
	f = popen(cmd, "r");
	REQUIRE(f != NULL);
	CHECK(fgets(path, sizeof(path), f) != NULL);
	pclose(f);
	path[strcspn(path, "\n")] = '\0';
	if (CHECK_INT(stat(path, &st), 0))
		CHECK(wall_ms(&st.st_mtim) + 20 >= wall_ms(&now) + STORE_MS);
	call_close(c);
	mem_deref(c);
}

/* The first write of a file does not end before the call: a worker that waited
 * for it would not come to that end. */
static void a_disk_that_stands_still_holds_no_call_up(void)
{
	enum { MEMORY = 100000, BLOCK = 13000, RUN_MS = 8000 };
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	char hold[250], fault[300];
	uint64_t most = 0;
	uint32_t heard[2];

	REQUIRE(c && call_open_with(c, MEMORY));
	c->a->terms.record = SESSION_RECORD_ALWAYS;
	snprintf(hold, sizeof(hold), "%s/hold", c->dir);
	snprintf(fault, sizeof(fault), "tap.write=hold:%s@1", hold);
	REQUIRE(!mkdir(hold, 0700));
	fault_set(c, fault);
	up(c);
	heard[0] = c->a->heard;
	heard[1] = c->b->heard;
	for (unsigned t = 0; t < RUN_MS; t += 100) {
		media_bed_run(&c->bed, 100);
		most = max(most, recorder_figures(c->bed.recorder).waiting);
	}
	CHECK(c->a->heard - heard[0] >= RUN_MS / 20 - 1);
	CHECK(c->b->heard - heard[1] >= RUN_MS / 20 - 1);
	CHECK(most > MEMORY / 2 && most < MEMORY + BLOCK);
	CHECK(recorder_figures(c->bed.recorder).dropped > 0);
	CHECK_INT(c->bed.nlost, 0);
	CHECK_INT(session_drop(c->bed.table, S), 0);
	CHECK(!rmdir(hold));
	call_close(c);
	fault_set(c, NULL);
	CHECK_INT(c->nlost, 1);
	CHECK_INT(c->lost.end, REC_TOO_SLOW);
	CHECK_INT(c->nended, 1);
	CHECK_INT(c->ended[0].ms, RUN_MS);
	CHECK(c->ended[0].gap_ms > 1000 && c->ended[0].gap_ms < RUN_MS);
	mem_deref(c);
}

/* --- fork ----------------------------------------------------------------------------- */

struct stream {
	uint32_t ssrc, next_ts;
	uint16_t next_seq;
	unsigned packets, odd;
	int16_t pcm[8000 * 4];
	size_t count;
};

static void take(struct stream *st, const struct pkt *pkt,
		 const uint8_t *payload)
{
	struct codec_dec *dec = NULL;
	int16_t pcm[CODEC_SAMPLES_MAX];
	size_t n = 0;

	if (st->packets && (pkt->seq != st->next_seq || pkt->ts != st->next_ts))
		st->odd++;
	st->next_seq = (uint16_t)(pkt->seq + 1);
	st->next_ts = pkt->ts + 160;
	st->ssrc = pkt->ssrc;
	st->packets++;
	REQUIRE(codec_pcmu.dec_alloc(&dec) == 0);
	CHECK_INT(codec_pcmu.decode(dec, payload, pkt->paylen, pcm, &n), 0);
	mem_deref(dec);
	if (st->count + n > 8000 * 4)
		return;
	memcpy(st->pcm + st->count, pcm, n * 2);
	st->count += n;
}

static void listen_in(struct call *c, struct stream st[2])
{
	uint8_t buf[1500];
	struct pkt pkt;
	ssize_t n;

	while ((n = recv(c->ears, buf, sizeof(buf), 0)) > 0) {
		REQUIRE(pkt_read(&pkt, buf, (size_t)n) == 0);
		CHECK_INT(pkt.pt, 0);
		take(&st[pkt.ssrc & 1], &pkt, buf + pkt.hdr);
	}
}

static void a_consumer_hears_both_sides(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	struct stream *st = mem_zalloc(2 * sizeof(*st), NULL);
	uint32_t b_heard;

	REQUIRE(c && st && call_open(c));
	pl_set_str(&c->a->terms.fork, "ears");
	up(c);
	for (unsigned i = 0; i < 30; i++) {
		media_bed_run(&c->bed, 100);
		listen_in(c, st);
	}
	for (unsigned i = 0; i < 2; i++) {
		CHECK(st[i].packets >= 140 && st[i].packets <= 150);
		CHECK_INT(st[i].odd, 0);
		CHECK(fabs(tone_hz(st[i].pcm + 4000, 16000, 8000) -
			   (i ? 500 : 1000)) < 2);
	}
	CHECK_INT(st[0].ssrc ^ st[1].ssrc, 1);

	/* it goes: the call does not notice */
	close(c->ears);
	c->ears = -1;
	b_heard = c->b->heard;
	media_bed_run(&c->bed, 2000);
	CHECK(c->b->heard - b_heard >= 99);
	CHECK_INT(c->bed.nlost, 0);
	call_close(c);
	CHECK_INT(c->nended, 0);
	mem_deref(st);
	mem_deref(c);
}

static void only_consumers_of_the_configuration_hear(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);

	REQUIRE(c && call_open(c));
	pl_set_str(&c->a->terms.fork, "192.0.2.1");
	up(c);
	media_bed_run(&c->bed, 500);
	CHECK_INT(forker_figures(c->bed.forker)->forks, 0);
	call_close(c);
	mem_deref(c);
}

/* Of what it brings along twice, just what it says. */
static void a_side_with_redundant_audio_is_heard(void)
{
	struct call *c = mem_zalloc(sizeof(*c), NULL);
	struct stream *st = mem_zalloc(2 * sizeof(*st), NULL);
	struct session_figures *figs = mem_zalloc(sizeof(*figs), NULL);
	uint8_t red[RED_SIZE], silence[RED_FRAME];

	REQUIRE(c && st && figs && call_open(c));
	memset(silence, 0xd5, sizeof(silence));
	red_packet(red, silence, c->tone[0]);
	c->a->formats = RED_FORMATS;
	c->a->extra = RED_LINES;
	c->a->terms.record = SESSION_RECORD_ALWAYS;
	pl_set_str(&c->a->terms.codecs, "red,PCMA");
	pl_set_str(&c->a->terms.fork, "ears");
	up(c);
	c->a->pt = RED_PT;
	c->a->payload = red;
	c->a->paylen = sizeof(red);
	for (unsigned i = 0; i < 50; i++) {
		media_bed_run(&c->bed, 100);
		listen_in(c, st);
	}
	/* one is lost, and comes with the next one */
	c->a->seq++;
	c->a->ts += 160;
	media_bed_run(&c->bed, 100);
	CHECK_INT(session_query(c->bed.table, S, figs), 0);
	CHECK_INT(figs->legs[0].stats.lost_in, 1);
	CHECK_INT(figs->legs[0].stats.restored, 1);
	CHECK_INT(figs->legs[1].stats.restored, 0);
	CHECK_INT(session_restored(c->bed.table), 1);
	CHECK_INT(session_drop(c->bed.table, S), 0);
	call_close(c);
	mem_deref(figs);
	CHECK_INT(c->nended, 1);
	CHECK(fabs(heard(c, 0, 0) - 1000) < 2);
	CHECK(fabs(heard(c, 0, 1) - 500) < 2);
	CHECK(fabs(tone_hz(st[0].pcm + 8000, 16000, 8000) - 1000) < 2);
	mem_deref(st);
	mem_deref(c);
}

static void main_loop(void)
{
	CHECK_INT(loop_init(256), 0);
}

TEST_MAIN(TEST(main_loop), TEST(each_side_is_a_channel),
	  TEST(who_says_never_is_not_recorded),
	  TEST(a_successor_goes_on_with_the_next_part),
	  TEST(a_successor_knows_that_it_was_answered),
	  TEST(both_tenants_of_a_call_are_told_of_it),
	  TEST(a_successor_records_no_call_that_rings),
	  TEST(a_pause_outlives_the_worker),
	  TEST(each_pause_stands_for_itself),
	  TEST(who_is_not_recorded_cannot_be_paused),
	  TEST(a_recording_ends_with_the_leg_that_it_is_of),
	  TEST(a_pause_that_is_not_stored_is_not_said_to_be),
	  TEST(a_part_is_counted_before_it_begins),
	  TEST(a_disk_that_stands_still_holds_no_call_up),
	  TEST(a_consumer_hears_both_sides),
	  TEST(a_side_with_redundant_audio_is_heard),
	  TEST(only_consumers_of_the_configuration_hear))
