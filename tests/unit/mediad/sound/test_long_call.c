/*
 * test_long_call.c  Ten minutes between two clocks and a bad network
 *
 * The source's clock is 200 ppm from ours, either way; its network loses 2 %,
 * delays by 0 to 50 ms, so that packets overtake each other, and doubles some.
 * Nothing of ours runs by a clock (decision 11), so what is heard is judged at
 * the far end: a telephone with a clock of its own (ours, as it happens), a
 * buffer of 120 ms and a rate that follows the buffer. Virtual time.
 *
 * A click is what a steady tone leaves when the tone is taken out of it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <re.h>

#include "common/countof.h"
#include "common/wheel.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/transcode.h"
#include "mediad/sound/transcode_priv.h"
#include "mediad/transport/path.h"
#include "tests/lib/test.h"

enum {
	RATE = CODEC_VOICE_RATE,
	FRAME = 160,
	FRAME_US = 20000,
	MINUTES = 10,
	FRAMES = MINUTES * 60 * 50,
	NET_MIN_US = 20000, /* every packet is under way for so long, */
	FLIGHT = 16,        /* and so many are at most */
	RING = 1 << 13,
	TARGET = 120 * RATE / 1000, /* of the telephone's buffer, samples */
	BEGIN = 5000                /* ms */
};

static const double TONE_HZ = 1004, TONE_PEAK = 8000;

/* --- the click detector --------------------------------------------------- */

/* Two notches at the tone, one behind the other; then the power of 5 ms. */
struct clicks {
	double x[2][2], y[2][2];
	double power, worst; /* of full tone: 1 */
	uint64_t n, worst_at;
};

static double notch(double in, double *x, double *y)
{
	const double w = 2 * cos(2 * M_PI * TONE_HZ / RATE), r = 0.93;
	const double out = in - w * x[0] + x[1] + r * w * y[0] - r * r * y[1];

	x[1] = x[0];
	x[0] = in;
	y[1] = y[0];
	y[0] = out;
	return out;
}

static void clicks_hear(struct clicks *c, double v)
{
	for (unsigned i = 0; i < 2; i++)
		v = notch(v, c->x[i], c->y[i]);
	c->power += (v * v / (TONE_PEAK * TONE_PEAK / 2) - c->power) / 40;
	c->n++;
	if (c->n > 2 * RATE && c->power > c->worst) {
		c->worst = c->power;
		c->worst_at = c->n;
	}
}

static double clicks_db(const struct clicks *c)
{
	return 10 * log10(c->worst + 1e-12);
}

/* --- the telephone -------------------------------------------------------- */

struct phone {
	int16_t ring[RING]; /* by the timestamp in samples */
	uint64_t put;       /* behind the highest sample that came */
	double at;          /* is played next */
	bool playing;
	uint64_t holes;  /* samples that never came */
	uint64_t missed; /* packets that came after their time */
	double least, most; /* of the buffer after the first 30 s, samples */
	double ms, level;
	struct clicks clicks;
};

static double sample_at(const struct phone *phone, double at)
{
	const uint64_t i = (uint64_t)at;
	const double f = at - (double)i;
	const double a = phone->ring[(i - 1) & (RING - 1)];
	const double b = phone->ring[i & (RING - 1)];
	const double c = phone->ring[(i + 1) & (RING - 1)];
	const double d = phone->ring[(i + 2) & (RING - 1)];

	return b + 0.5 * f *
			   (c - a + f * (2 * a - 5 * b + 4 * c - d +
					 f * (3 * (b - c) + d - a)));
}

static void phone_put(struct phone *phone, uint64_t at, const int16_t *pcm,
		      size_t count)
{
	if (at < phone->put)
		phone->missed++;
	if (at > phone->put)
		phone->holes += at - phone->put;
	for (size_t i = 0; i < count; i++)
		phone->ring[(at + i) & (RING - 1)] = pcm[i];
	phone->put = at + count > phone->put ? at + count : phone->put;
}

/* A millisecond of its clock. */
static void phone_play(struct phone *phone)
{
	double left = (double)phone->put - phone->at, rate;

	if (!phone->playing) {
		phone->playing = left >= TARGET;
		phone->level = left;
		return;
	}
	phone->level += (left - phone->level) / 2000;
	rate = 1 + 0.004 * fmax(-1, fmin(1, phone->level / TARGET - 1));
	if (++phone->ms > 30000) {
		phone->least = fmin(phone->least, left);
		phone->most = fmax(phone->most, left);
	}
	for (unsigned i = 0; i < RATE / 1000; i++) {
		clicks_hear(&phone->clicks, sample_at(phone, phone->at));
		phone->at += rate;
	}
}

/* --- in the place of the path --------------------------------------------- */

struct path {
	const struct codec *codec;
	struct codec_dec *dec;
	struct phone *phone;
	unsigned sent;
	uint64_t ext; /* timestamps, extended */
	uint32_t ts;
	uint16_t seq;
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
	size_t n = 0;

	CHECK(pkt_read(&view, pkt, len) == 0);
	CHECK_INT((uint16_t)index, view.seq);
	if (path->sent++) {
		CHECK_INT((uint16_t)(view.seq - path->seq), 1);
		path->ext += (uint32_t)(view.ts - path->ts);
	}
	path->seq = view.seq;
	path->ts = view.ts;
	CHECK_INT(path->codec->decode(path->dec, pkt + view.hdr, view.paylen,
				      pcm, &n),
		  0);
	phone_put(path->phone, path->ext / (path->codec->clock / RATE), pcm, n);
	return 0;
}

/* --- the network ---------------------------------------------------------- */

struct net {
	double drift;     /* of the source's clock, 1 + ppm */
	unsigned jitter_us;
	unsigned loss, dup; /* of 1,000 */
};

struct flying {
	double at_us; /* 0: no packet */
	struct pkt h;
	uint8_t data[CODEC_PAYLOAD_MAX];
};

struct call {
	struct wheel *wheel;
	struct transcode *t;
	struct strm_in in;
	struct strm_out out;
	struct path path;
	struct phone phone;
	const struct codec *from;
	struct codec_enc *enc;
	struct net net;
	struct flying air[FLIGHT];
	unsigned lost, doubled, held_most;
	uint32_t rnd;
};

static unsigned dice(struct call *call, unsigned sides)
{
	call->rnd = call->rnd * 1664525u + 1013904223u;
	return (call->rnd >> 8) % sides;
}

static int call_open(struct call *call, const struct codec *from,
		     const struct codec *to)
{
	const struct codec_voice voice = {.fec = true, .complexity = 1};
	const struct transcode_params params = {
		.from = {from, 96, TRANSCODE_NO_PT, from->clock},
		.to = {to, 97, TRANSCODE_NO_PT, to->clock},
		.ptime = 20,
		.out = &call->out,
		.path = &call->path,
	};
	struct transcode_params p = params;
	int err = wheel_alloc(&call->wheel, BEGIN);

	p.wheel = call->wheel;
	call->from = from;
	call->path.codec = to;
	call->path.phone = &call->phone;
	call->path.ext = 1000 * (uint64_t)(to->clock / RATE);
	call->phone.put = 1000;
	call->phone.at = 1000;
	call->phone.least = 1e9;
	strm_in_init(&call->in, from->clock);
	strm_out_init(&call->out, 5, to->clock, 0, NULL);
	err |= to->voice_dec_alloc(&call->path.dec, RATE);
	err |= from->voice_enc_alloc(&call->enc, &voice);
	return err ? err : transcode_alloc(&call->t, &p);
}

static void call_close(struct call *call)
{
	mem_deref(call->t);
	mem_deref(call->enc);
	mem_deref(call->path.dec);
	mem_deref(call->wheel);
	mem_deref(call);
}

static void fly(struct call *call, const struct flying *packet, double sent_us)
{
	for (unsigned i = 0; i < FLIGHT; i++) {
		if (call->air[i].at_us > 0)
			continue;
		call->air[i] = *packet;
		call->air[i].at_us =
			sent_us + NET_MIN_US + dice(call, call->net.jitter_us + 1);
		return;
	}
	CHECK(!"too many under way");
}

static void speak(struct call *call, unsigned n)
{
	struct flying packet = {
		.h = {.ssrc = 9, .ts = n * (call->from->clock / 50),
		      .seq = (uint16_t)(65000 + n), .pt = 96, .hdr = PKT_HDR}};
	const double sent_us =
		BEGIN * 1000.0 + n * (double)FRAME_US * call->net.drift;
	int16_t pcm[FRAME];
	size_t len = 0;

	for (unsigned i = 0; i < FRAME; i++)
		pcm[i] = (int16_t)lrint(TONE_PEAK *
					sin(2 * M_PI * TONE_HZ *
					    ((double)n * FRAME + i) / RATE));
	CHECK_INT(call->from->encode(call->enc, pcm, FRAME, packet.data, &len,
				     sizeof(packet.data)),
		  0);
	packet.h.paylen = (uint16_t)len;
	if (n > 100 && dice(call, 1000) < call->net.loss) {
		call->lost++;
		return;
	}
	fly(call, &packet, sent_us);
	if (dice(call, 1000) < call->net.dup) {
		call->doubled++;
		fly(call, &packet, sent_us);
	}
}

/* The packet that comes next, if it comes by then. */
static struct flying *lands(struct call *call, double by_us)
{
	struct flying *first = NULL;

	for (unsigned i = 0; i < FLIGHT; i++) {
		struct flying *f = &call->air[i];

		if (f->at_us > 0 && f->at_us <= by_us &&
		    (!first || f->at_us < first->at_us))
			first = f;
	}
	return first;
}

static void bring(struct call *call, const struct flying *f)
{
	uint8_t buf[PKT_HDR + CODEC_PAYLOAD_MAX];
	struct strm_pkt sp = {.h = f->h, .now_ms = wheel_now(call->wheel)};

	memcpy(buf + PKT_HDR, f->data, f->h.paylen);
	if (strm_in_packet(&call->in, &sp))
		transcode_take(&call->in, &sp, buf, call->t);
	if (call->t->jitter.count > call->held_most)
		call->held_most = call->t->jitter.count;
}

static void run(struct call *call, unsigned frames)
{
	const double end_ms = frames * FRAME_US / 1000.0 * call->net.drift;
	struct flying *f;
	unsigned n = 0;

	for (uint64_t ms = BEGIN; (double)ms < BEGIN + end_ms; ms++) {
		wheel_advance(call->wheel, ms);
		while (n < frames &&
		       n * (double)FRAME_US * call->net.drift <=
			       (double)(ms - BEGIN) * 1000)
			speak(call, n++);
		while ((f = lands(call, (double)ms * 1000))) {
			bring(call, f);
			f->at_us = 0;
		}
		phone_play(&call->phone);
	}
}

static void ten_minutes(const struct codec *from, const struct codec *to,
			double ppm, double clean_db)
{
	struct call *call = mem_zalloc(sizeof(*call), NULL);
	const struct transcode_stats *stats;
	struct phone *phone;

	REQUIRE(call != NULL && call_open(call, from, to) == 0);
	phone = &call->phone;
	call->net = (struct net){1 - ppm * 1e-6, 50000, 20, 10};
	run(call, FRAMES);
	stats = transcode_stats(call->t);
	printf("# %s to %s, %+.0f ppm: lost %u, doubled %u; concealed %llu, "
	       "repaired %llu, overtaken %llu, late %llu\n",
	       from->name, to->name, ppm, call->lost, call->doubled,
	       (unsigned long long)stats->concealed,
	       (unsigned long long)stats->repaired,
	       (unsigned long long)stats->reordered,
	       (unsigned long long)stats->late);
	printf("#   held at most %u; telephone's buffer %.0f to %.0f ms, worst "
	       "5 ms %.1f dB under the tone, at %.1f s\n",
	       call->held_most, phone->least * 1000 / RATE,
	       phone->most * 1000 / RATE, -clicks_db(&phone->clicks),
	       (double)phone->clicks.worst_at / RATE);
	/* each sample once, in order, none left out */
	CHECK_INT(phone->holes, 0);
	CHECK_INT(phone->missed, 0);
	CHECK(call->path.sent >= FRAMES - 5);
	CHECK_INT(call->in.dups + call->in.refused, call->doubled);
	/* what is not lost is not made up for, but for a few that were late */
	CHECK(stats->concealed >= call->lost);
	CHECK(stats->concealed <= call->lost + stats->late);
	CHECK(stats->late < FRAMES / 200);
	CHECK(stats->reordered > FRAMES / 50);
	/* bounded, at the end as at the begin */
	CHECK(call->held_most <= 5);
	CHECK(phone->least > 0);
	CHECK(phone->most < 2.2 * TARGET);
	CHECK(clicks_db(&phone->clicks) < clean_db);
	call_close(call);
}

/* Each fault alone: who is told of which, and what is heard of it. */
static void one_minute(const char *name, const struct net *net,
		       struct transcode_stats *stats, double clean_db)
{
	struct call *call = mem_zalloc(sizeof(*call), NULL);

	REQUIRE(call != NULL && call_open(call, &codec_g722, &codec_pcmu) == 0);
	call->net = *net;
	run(call, 3000);
	*stats = *transcode_stats(call->t);
	stats->skipped += call->lost + call->doubled; /* as it was */
	printf("# %s: worst 5 ms %.1f dB under the tone\n", name,
	       -clicks_db(&call->phone.clicks));
	CHECK_INT(call->phone.holes, 0);
	CHECK_INT(call->phone.missed, 0);
	CHECK(call->path.sent >= 2995);
	CHECK(clicks_db(&call->phone.clicks) < clean_db);
	call_close(call);
}

static void each_fault_alone_is_made_good(void)
{
	struct transcode_stats stats;

	one_minute("nothing", &(struct net){1, 0, 0, 0}, &stats, -25);
	CHECK_INT(stats.concealed + stats.late + stats.reordered, 0);
	one_minute("lost", &(struct net){1, 0, 20, 0}, &stats, -9);
	CHECK_INT(stats.concealed, stats.skipped);
	CHECK_INT(stats.late + stats.reordered, 0);
	one_minute("doubled", &(struct net){1, 0, 0, 100}, &stats, -25);
	CHECK(stats.skipped > 200);
	CHECK_INT(stats.concealed + stats.late + stats.reordered, 0);
	one_minute("late, in order", &(struct net){1, 19000, 0, 0}, &stats,
		   -25);
	CHECK_INT(stats.concealed + stats.late + stats.reordered, 0);
	one_minute("overtaken", &(struct net){1, 30000, 0, 0}, &stats, -20);
	CHECK(stats.reordered > 100);
	CHECK_INT(stats.concealed, stats.late);
	CHECK(stats.late < 10);
}

static void ten_minutes_of_g711_from_a_fast_clock(void)
{
	ten_minutes(&codec_pcmu, &codec_pcma, 200, -20);
}

static void ten_minutes_of_g711_from_a_slow_clock(void)
{
	ten_minutes(&codec_pcma, &codec_pcmu, -200, -20);
}

static void ten_minutes_of_opus_from_a_fast_clock(void)
{
	ten_minutes(&codec_opus, &codec_pcma, 200, -12);
}

static void ten_minutes_to_opus_from_a_slow_clock(void)
{
	ten_minutes(&codec_pcmu, &codec_opus, -200, -12);
}

/* The detector is no better than what it finds: half a millisecond that is
 * left out is a click. */
static void a_click_would_be_found(void)
{
	struct clicks clicks = {.n = 0};
	double at = 0;

	for (unsigned i = 0; i < 10 * RATE; i++) {
		clicks_hear(&clicks,
			    TONE_PEAK * sin(2 * M_PI * TONE_HZ * at / RATE));
		at += i == 5 * RATE ? 5 : 1;
	}
	printf("# %.1f dB under the tone\n", -clicks_db(&clicks));
	CHECK(clicks_db(&clicks) > -8);
}

TEST_MAIN(TEST(a_click_would_be_found), TEST(each_fault_alone_is_made_good),
	  TEST(ten_minutes_of_g711_from_a_fast_clock),
	  TEST(ten_minutes_of_g711_from_a_slow_clock),
	  TEST(ten_minutes_of_opus_from_a_fast_clock),
	  TEST(ten_minutes_to_opus_from_a_slow_clock))
