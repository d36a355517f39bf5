/*
 * test_keytone.c  Digits as tones: which, how loud, how long
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/rtp/feed.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/keytone.h"
#include "mediad/transport/path.h"
#include "tests/lib/test.h"

enum {
	RATE = CODEC_VOICE_RATE,
	SAMPLES = 30 * RATE,
	BLOCK = 80 /* 10 ms */
};

/* In the place of the real one: decodes what it is sent. */
struct path {
	const struct codec *codec;
	struct codec_dec *dec;
	int16_t pcm[SAMPLES];
	size_t end;
	uint32_t first_ts;
	struct pkt last;
	unsigned sent, markers;
};

bool path_ready(const struct path *path)
{
	return path->codec != NULL;
}

int path_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
		  uint64_t index)
{
	uint32_t scale = path->codec->clock / RATE;
	int16_t pcm[CODEC_VOICE_MAX];
	struct pkt view;
	size_t n = 0, at;

	CHECK_INT(pkt_read(&view, pkt, len), 0);
	CHECK_INT((uint16_t)index, view.seq);
	if (path->sent++)
		CHECK((int32_t)(view.ts - path->last.ts) >= 0);
	else
		path->first_ts = view.ts;
	path->last = view;
	path->markers += view.marker;
	CHECK_INT(path->codec->decode(path->dec, pkt + view.hdr, view.paylen,
				      pcm, &n),
		  0);
	at = (view.ts - path->first_ts) / scale;
	if (at + n > SAMPLES)
		return 0;
	memcpy(path->pcm + at, pcm, n * sizeof(*pcm));
	path->end = at + n;
	return 0;
}

struct bed {
	struct wheel *wheel;
	struct keytone *kt;
	struct strm_slot slot;
	struct strm_out out;
	struct path path;
	uint32_t ts; /* of the events' source */
};

static int bed_alloc(struct bed **bedp, const struct codec *codec)
{
	struct bed *bed = mem_zalloc(sizeof(*bed), NULL);
	struct keytone_params params;
	int err;

	if (!bed)
		return ENOMEM;
	*bedp = bed;
	bed->ts = 5000;
	bed->path.codec = codec;
	strm_out_init(&bed->out, 5, codec->clock, 0, &bed->slot);
	err = wheel_alloc(&bed->wheel, 1000);
	if (!err)
		err = codec->voice_dec_alloc(&bed->path.dec, CODEC_VOICE_RATE);
	params = (struct keytone_params){
		.wheel = bed->wheel,
		.codec = codec,
		.pt = 8,
		.from = {48000, 48000},
		.out = &bed->out,
		.path = &bed->path,
	};
	return err ? err : keytone_alloc(&bed->kt, &params);
}

static void bed_free(struct bed *bed)
{
	if (!bed)
		return;
	mem_deref(bed->kt);
	mem_deref(bed->path.dec);
	mem_deref(bed->wheel);
	mem_deref(bed);
}

static void pass(struct bed *bed, unsigned ms)
{
	for (unsigned i = 0; i < ms; i++)
		wheel_advance(bed->wheel, wheel_now(bed->wheel) + 1);
	bed->ts += 48 * ms;
}

static void tell(struct bed *bed, uint8_t code, uint32_t begin, bool end)
{
	struct digit digit = {
		.code = code,
		.volume = 10,
		.end = end,
		.duration = (uint16_t)(bed->ts - begin),
	};

	keytone_event(bed->kt, begin, &digit, wheel_now(bed->wheel));
}

/* Pressed for ms: an event's packets each 20 ms, then three of its end. */
static void press(struct bed *bed, uint8_t code, unsigned ms)
{
	uint32_t begin = bed->ts - 1;

	for (unsigned t = 0; t < ms; t += 20) {
		tell(bed, code, begin, false);
		pass(bed, 20);
	}
	for (unsigned i = 0; i < 3; i++)
		tell(bed, code, begin, true);
}

/* --- a receiver of tones ---------------------------------------------------------- */

static const double rows[4] = {697, 770, 852, 941};
static const double columns[4] = {1209, 1336, 1477, 1633};

/* Goertzel: mean square of one frequency in a block of 20 ms. */
static double power_at(const int16_t *pcm, double hz)
{
	double w = 2 * M_PI * hz / RATE, c = 2 * cos(w), s1 = 0, s2 = 0;

	for (unsigned i = 0; i < 2 * BLOCK; i++) {
		double s0 = pcm[i] / 32768.0 + c * s1 - s2;

		s2 = s1;
		s1 = s0;
	}
	return 2 * (s1 * s1 + s2 * s2 - c * s1 * s2) / (4.0 * BLOCK * BLOCK);
}

static unsigned strongest(const int16_t *pcm, const double *hz, double *power)
{
	unsigned best = 0;

	*power = 0;
	for (unsigned i = 0; i < 4; i++) {
		double p = power_at(pcm, hz[i]);

		if (p > *power) {
			*power = p;
			best = i;
		}
	}
	return best;
}

/* The digit in 20 ms; 0: none. Level within ITU-T Q.24, twist under 4 dB. */
static char heard_at(const int16_t *pcm)
{
	static const char keys[] = "123A456B789C*0#D";
	double low, high, all = 0;
	unsigned row = strongest(pcm, rows, &low);
	unsigned column = strongest(pcm, columns, &high);

	for (unsigned i = 0; i < 2 * BLOCK; i++)
		all += pcm[i] / 32768.0 * (pcm[i] / 32768.0) / (2 * BLOCK);
	if (10 * log10(all + 1e-12) < -28 || low + high < 0.8 * all ||
	    high / low > 2.5 || high / low < 0.4)
		return 0;
	return keys[row * 4 + column];
}

/* All digits that sound for 40 ms and more. shortest: ms of a tone. */
static void recognise(const struct path *path, char *text, size_t size,
		      unsigned *shortest)
{
	unsigned run = 0;
	size_t n = 0;
	char now = 0;

	*shortest = 10000;
	for (size_t at = 0; at + 2 * BLOCK <= path->end + BLOCK; at += BLOCK) {
		char c = at + 2 * BLOCK <= path->end ? heard_at(path->pcm + at)
						     : 0;

		if (c == now) {
			run++;
			continue;
		}
		if (now && run >= 3) {
			if (n + 1 < size)
				text[n++] = now;
			/* blocks overlap by half */
			if ((run + 1) * 10 < *shortest)
				*shortest = (run + 1) * 10;
		}
		now = c;
		run = 1;
	}
	text[n] = '\0';
}

/* --- cases -------------------------------------------------------------------------- */

static void every_digit_through(const struct codec *codec)
{
	struct bed *bed = NULL;
	unsigned shortest;
	char text[40];

	REQUIRE(bed_alloc(&bed, codec) == 0);
	for (uint8_t code = 0; code < DIGIT_CODES; code++) {
		press(bed, code, 100);
		pass(bed, 200);
	}
	recognise(&bed->path, text, sizeof(text), &shortest);
	printf("# %s: %s, shortest %u ms\n", codec->name, text, shortest);
	CHECK_STR(text, "0123456789*#ABCD");
	CHECK(shortest >= 70);
	CHECK_INT(bed->path.markers, 16);
	CHECK(bed->out.solo == NULL);
	bed_free(bed);
}

static void every_digit_is_its_tones(void)
{
	every_digit_through(&codec_pcma);
	every_digit_through(&codec_pcmu);
	every_digit_through(&codec_opus);
}

static void the_level_is_as_told(void)
{
	struct bed *bed = NULL;
	double dbm0;

	REQUIRE(bed_alloc(&bed, &codec_pcma) == 0);
	press(bed, 5, 400);
	dbm0 = 10 * log10(power_at(bed->path.pcm + RATE / 10, 770) +
			  power_at(bed->path.pcm + RATE / 10, 1336)) +
	       3.01 + 3.14;
	printf("# %.2f dBm0\n", dbm0);
	CHECK(fabs(dbm0 + 10) < 0.5);
	bed_free(bed);
}

static void a_short_press_sounds_long_enough(void)
{
	struct bed *bed = NULL;
	unsigned shortest;
	char text[8];

	REQUIRE(bed_alloc(&bed, &codec_pcmu) == 0);
	press(bed, 7, 20);
	pass(bed, 500);
	recognise(&bed->path, text, sizeof(text), &shortest);
	CHECK_STR(text, "7");
	CHECK(shortest >= 70);
	CHECK_INT(bed->path.sent, 4 + 3);
	CHECK_INT(wheel_count(bed->wheel), 0);
	bed_free(bed);
}

static void digits_that_come_too_fast_wait(void)
{
	struct bed *bed = NULL;
	unsigned shortest;
	char text[20];

	REQUIRE(bed_alloc(&bed, &codec_pcmu) == 0);
	for (uint8_t code = 0; code < 10; code++) {
		press(bed, code / 2, 20);
		pass(bed, 20);
	}
	pass(bed, 3000);
	recognise(&bed->path, text, sizeof(text), &shortest);
	CHECK_STR(text, "0011223344");
	CHECK(shortest >= 70);
	CHECK_INT(bed->path.markers, 1);
	bed_free(bed);
}

static void a_lost_end_stops_the_tone(void)
{
	struct bed *bed = NULL;
	unsigned shortest;
	char text[8];
	uint32_t begin;

	REQUIRE(bed_alloc(&bed, &codec_pcmu) == 0);
	begin = bed->ts;
	for (unsigned i = 0; i < 5; i++) {
		pass(bed, 20);
		tell(bed, 3, begin, false);
	}
	pass(bed, 3000);
	tell(bed, 3, begin, true); /* much too late */
	pass(bed, 500);
	recognise(&bed->path, text, sizeof(text), &shortest);
	CHECK_STR(text, "3");
	CHECK(shortest >= 200 && shortest <= 340);
	bed_free(bed);
}

/* The stream is the tone's alone meanwhile; what speaks goes on behind it. */
static void nothing_else_is_heard_meanwhile(void)
{
	struct feed other;
	struct feed_pkt pkt = {.pt = 8, .paylen = 4};
	uint8_t buf[PKT_HDR + 4] = {0};
	struct bed *bed = NULL;
	unsigned through = 0;

	REQUIRE(bed_alloc(&bed, &codec_pcmu) == 0);
	feed_open(&other, &bed->out, &bed->path);
	for (unsigned n = 0; n < 50; n++) {
		if (n == 20)
			tell(bed, 3, bed->ts, false);
		if (n == 22)
			tell(bed, 3, bed->ts - 1920, true);
		pkt.now_ms = wheel_now(bed->wheel);
		pkt.ts = n * 160;
		through += feed_send(&other, &pkt, buf);
		pass(bed, 20);
	}
	CHECK_INT(through, 50 - 7);
	CHECK_INT(bed->path.sent, 50);
	bed_free(bed);
}

static void a_successor_plays_no_digit_twice(void)
{
	struct bed *bed = NULL;
	struct keytone_params params;
	uint32_t begin;
	unsigned sent;

	REQUIRE(bed_alloc(&bed, &codec_pcmu) == 0);
	begin = bed->ts;
	for (unsigned i = 0; i < 5; i++) {
		pass(bed, 20);
		tell(bed, 3, begin, false);
	}
	mem_deref(bed->kt);
	bed->kt = NULL;
	sent = bed->path.sent;
	pass(bed, 200);
	strm_out_resume(&bed->out, 5, 8000, &bed->slot, wheel_now(bed->wheel));
	params = (struct keytone_params){
		.wheel = bed->wheel,
		.codec = &codec_pcmu,
		.pt = 8,
		.from = {48000, 48000},
		.out = &bed->out,
		.path = &bed->path,
	};
	REQUIRE(keytone_alloc(&bed->kt, &params) == 0);
	tell(bed, 3, begin, false);
	pass(bed, 20);
	tell(bed, 3, begin, true);
	pass(bed, 500);
	CHECK_INT(bed->path.sent, sent);
	press(bed, 3, 60);
	pass(bed, 500);
	CHECK(bed->path.sent > sent);
	bed_free(bed);
}

static void memory_runs_out_anywhere(void)
{
	struct bed *bed = NULL;
	int err = bed_alloc(&bed, &codec_opus);

	CHECK_INT(err, 0);
	bed_free(bed);
}

TEST_MAIN(TEST(every_digit_is_its_tones), TEST(the_level_is_as_told),
	  TEST(a_short_press_sounds_long_enough),
	  TEST(digits_that_come_too_fast_wait), TEST(a_lost_end_stops_the_tone),
	  TEST(nothing_else_is_heard_meanwhile),
	  TEST(a_successor_plays_no_digit_twice),
	  TEST_OOM(memory_runs_out_anywhere))
