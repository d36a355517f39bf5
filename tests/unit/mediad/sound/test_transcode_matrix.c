/*
 * test_transcode_matrix.c  From each codec to each other one, in each packet
 *                          time: the tone that went in comes out
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/rtp/wire.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/transcode.h"
#include "mediad/transport/path.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

enum {
	SECONDS = 3,
	SAMPLES = SECONDS * CODEC_WIDE_RATE,
	PEAK = 8000
};

/* In the place of the real one: what is heard, by its timestamps. */
struct path {
	const struct codec *codec;
	struct codec_dec *dec;
	uint32_t rate;
	uint32_t first_ts;
	unsigned sent;
	size_t least, most; /* samples of a packet */
	size_t end;
	int16_t pcm[SAMPLES + CODEC_VOICE_MAX];
};

bool path_ready(const struct path *path)
{
	(void)path;
	return true;
}

int path_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
		  uint64_t index)
{
	int16_t pcm[CODEC_VOICE_MAX];
	struct pkt view;
	size_t n = 0, at;

	(void)index;
	CHECK_INT(pkt_read(&view, pkt, len), 0);
	CHECK_INT(path->codec->decode(path->dec, pkt + view.hdr, view.paylen,
				      pcm, &n),
		  0);
	if (!path->sent++)
		path->first_ts = view.ts;
	path->least = path->sent == 1 || n < path->least ? n : path->least;
	path->most = n > path->most ? n : path->most;
	at = codec_samples(path->codec, path->rate, view.ts - path->first_ts);
	if (at + n <= SAMPLES + CODEC_VOICE_MAX)
		memcpy(path->pcm + at, pcm, n * sizeof(*pcm));
	path->end = at + n;
	return 0;
}

struct bed {
	struct wheel *wheel;
	struct transcode *t;
	struct path path;
	struct strm_out out;
	struct strm_in in;
	const struct codec *from;
	struct codec_enc *enc;
	uint32_t rate;
	uint32_t ts;
	uint16_t seq;
	bool (*lost)(uint16_t seq);
};

static uint32_t lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static int bed_alloc(struct bed **bedp, const struct codec *from,
		     const struct codec *to, uint16_t ptime)
{
	struct bed *bed = mem_zalloc(sizeof(*bed), NULL);
	struct codec_voice voice = {
		.rate = lesser(from->voice_rate, to->voice_rate),
		.bitrate = 32000,
		.complexity = 5,
		.fec = true,
	};
	struct transcode_params params = {
		.from = {from, 96, TRANSCODE_NO_PT, from->clock},
		.to = {to, 97, TRANSCODE_NO_PT, to->clock},
		.ptime = ptime,
		.voice = {.bitrate = 32000, .complexity = 5, .fec = true},
	};
	int err;

	if (!bed)
		return ENOMEM;
	*bedp = bed;
	bed->from = from;
	bed->rate = bed->path.rate = voice.rate;
	bed->path.codec = to;
	bed->ts = 0xfffff000u;
	err = wheel_alloc(&bed->wheel, 1000);
	strm_in_init(&bed->in, from->clock);
	strm_out_init(&bed->out, 5, to->clock, 0, NULL);
	params.wheel = bed->wheel;
	params.out = &bed->out;
	params.path = &bed->path;
	if (!err)
		err = to->voice_dec_alloc(&bed->path.dec, bed->rate);
	if (!err)
		err = from->voice_enc_alloc(&bed->enc, &voice);
	if (!err)
		from->voice_loss(bed->enc, 10);
	return err ? err : transcode_alloc(&bed->t, &params);
}

static void bed_free(struct bed *bed)
{
	mem_deref(bed->t);
	mem_deref(bed->enc);
	mem_deref(bed->path.dec);
	mem_deref(bed->wheel);
	mem_deref(bed);
}

/* One packet of the source. */
static void say(struct bed *bed, const int16_t *pcm, size_t count)
{
	uint8_t buf[PATH_HEADROOM + PKT_MAX];
	uint8_t *pkt = buf + PATH_HEADROOM;
	struct strm_pkt sp = {.h = {.ssrc = 99,
				    .ts = bed->ts,
				    .seq = bed->seq++,
				    .pt = 96,
				    .hdr = PKT_HDR},
			      .now_ms = wheel_now(bed->wheel)};
	size_t len = 0;

	CHECK_INT(bed->from->encode(bed->enc, pcm, count, pkt + PKT_HDR, &len,
				    CODEC_PAYLOAD_MAX),
		  0);
	sp.h.paylen = (uint16_t)len;
	bed->ts += codec_ticks(bed->from, bed->rate, (int64_t)count);
	if (bed->lost && bed->lost(sp.h.seq))
		return;
	if (strm_in_packet(&bed->in, &sp))
		transcode_take(&bed->in, &sp, pkt, bed->t);
}

static void talk(struct bed *bed, double hz)
{
	const size_t frame = bed->rate / 50;
	int16_t pcm[CODEC_WIDE_RATE / 50];

	for (size_t at = 0; at < SECONDS * bed->rate; at += frame) {
		for (size_t i = 0; i < frame; i++)
			pcm[i] = (int16_t)lrint(
				PEAK * sin(2 * M_PI * hz * (double)(at + i) /
					   bed->rate));
		say(bed, pcm, frame);
		for (unsigned ms = 0; ms < 20; ms++)
			wheel_advance(bed->wheel, wheel_now(bed->wheel) + 1);
	}
}

static struct tone heard(const struct bed *bed)
{
	return tone_measure(bed->path.pcm + bed->rate, bed->rate, bed->rate);
}

static void pair(const struct codec *from, const struct codec *to, double hz)
{
	struct bed *bed = NULL;
	struct tone tone;
	double off;

	REQUIRE(bed_alloc(&bed, from, to, 20) == 0);
	talk(bed, hz);
	tone = heard(bed);
	off = tone.dbfs - 20 * log10(PEAK / 32768.0);
	if (!CHECK(fabs(tone.hz - hz) < 3 && fabs(off) < 1 &&
		   tone.purity > 0.9))
		printf("# %s to %s: %.1f Hz, %.2f dB, purity %.3f\n",
		       from->name, to->name, tone.hz, off, tone.purity);
	/* nothing is left out, nothing is made up */
	CHECK(bed->path.end >= (SECONDS * 1000 - 40) * (bed->rate / 1000));
	CHECK_INT(transcode_stats(bed->t)->concealed, 0);
	CHECK_INT(transcode_stats(bed->t)->unusable, 0);
	bed_free(bed);
}

static void every_codec_speaks_with_every_other(void)
{
	const struct codec *from, *to;

	for (size_t i = 0; (from = codec_nth(i)) != NULL; i++)
		for (size_t k = 0; (to = codec_nth(k)) != NULL; k++)
			pair(from, to, 1000);
}

static void wide_ones_do_it_in_wide_band(void)
{
	static const struct codec *const wide[] = {&codec_opus, &codec_g722,
						   &codec_l16};

	for (unsigned i = 0; i < 3; i++)
		for (unsigned k = 0; k < 3; k++)
			pair(wide[i], wide[k], 5000);
}

static void every_packet_time_is_met(void)
{
	static const uint16_t times[] = {10, 20, 30, 40, 60};
	const struct codec *to;

	for (size_t k = 0; (to = codec_nth(k)) != NULL; k++) {
		for (unsigned i = 0; i < 5; i++) {
			unsigned ms = to->voice_frame(times[i]);
			struct bed *bed = NULL;
			struct tone tone;

			REQUIRE(bed_alloc(&bed, &codec_g722, to, times[i]) ==
				0);
			talk(bed, 700);
			CHECK(ms >= 10 && ms <= times[i]);
			CHECK_INT(bed->path.least, ms * (bed->rate / 1000));
			CHECK_INT(bed->path.most, bed->path.least);
			tone = heard(bed);
			CHECK(fabs(tone.hz - 700) < 2);
			CHECK(tone.purity > 0.9);
			bed_free(bed);
		}
	}
}

static bool one_of_ten(uint16_t seq)
{
	return seq % 10 == 7;
}

static void what_is_lost_is_made_up_in_wide_band(void)
{
	static const struct codec *const wide[] = {&codec_g722, &codec_l16};

	for (unsigned i = 0; i < 2; i++) {
		struct bed *bed = NULL;
		struct tone tone;

		REQUIRE(bed_alloc(&bed, wide[i], &codec_l16, 20) == 0);
		bed->lost = one_of_ten;
		talk(bed, 500);
		tone = heard(bed);
		CHECK(fabs(tone.hz - 500) < 2);
		CHECK(tone.purity > 0.9);
		CHECK_INT(transcode_stats(bed->t)->concealed, 15);
		CHECK(bed->path.end >=
		      (SECONDS * 1000 - 60) * (bed->rate / 1000));
		bed_free(bed);
	}
}

/* Who cannot hear wide band is not sent any. */
static void a_narrow_receiver_of_opus_is_served_narrow(void)
{
	struct bed *bed = NULL;
	struct transcode *narrow = NULL;
	struct transcode_params params;

	REQUIRE(bed_alloc(&bed, &codec_g722, &codec_opus, 20) == 0);
	params = (struct transcode_params){
		.wheel = bed->wheel,
		.from = {&codec_g722, 96, TRANSCODE_NO_PT, 8000},
		.to = {&codec_opus, 97, TRANSCODE_NO_PT, 48000},
		.ptime = 20,
		.voice = {.rate = CODEC_VOICE_RATE,
			  .bitrate = 32000,
			  .complexity = 5,
			  .fec = true},
		.out = &bed->out,
		.path = &bed->path,
	};
	CHECK(!transcode_same(bed->t, &params));
	REQUIRE(transcode_alloc(&narrow, &params) == 0);
	mem_deref(bed->t);
	bed->t = narrow;
	/* of 5 kHz nothing is left */
	talk(bed, 5000);
	CHECK(heard(bed).dbfs < -50);
	bed_free(bed);
}

TEST_MAIN(TEST(every_codec_speaks_with_every_other),
	  TEST(wide_ones_do_it_in_wide_band), TEST(every_packet_time_is_met),
	  TEST(what_is_lost_is_made_up_in_wide_band),
	  TEST(a_narrow_receiver_of_opus_is_served_narrow))
