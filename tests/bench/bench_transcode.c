/*
 * bench_transcode.c  CPU time, delay and memory of a transcoded call
 *
 * A call: Opus of 48 kHz, as a browser makes it, to PCMU, and PCMU to Opus,
 * 20 ms each. Three figures for one second of it, both directions:
 *
 *   floor    libopus alone, at the same settings: decode to 8 kHz, encode
 *   sound    mediad/sound with streams and headers, to a path that drops
 *   whole    sessions with sockets and SRTP, what the far ends do left out;
 *            delivery to their sockets counts. Without a loop every socket
 *            of a PBX is looked at in each turn, which epoll would spare
 *
 * Delay: from the begin of a turn that finds a packet of every call waiting to
 * the moment a packet leaves: what the code adds; ptime and codecs add theirs.
 *
 * SPDX-License-Identifier: MIT
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <opus.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/transcode.h"
#include "mediad/transport/hub.h"
#include "mediad/transport/mux.h"
#include "mediad/transport/path_priv.h"
#include "tests/bench/lib/voice.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"

enum {
	FRAMES = 500, /* 10 s, then again */
	CALLS = 100,
	WHOLE = 100,
	SECONDS = 10,
	RUNS = 3
};

static struct voice_frame opus[FRAMES], pcmu[FRAMES];

static double clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static double cpu_us(void)
{
	return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

/* --- floor ---------------------------------------------------------------------- */

static double run_floor(OpusDecoder *dec, OpusEncoder *enc)
{
	uint8_t buf[1275];
	int16_t pcm[160];
	double t0 = cpu_us();
	struct codec_dec *ulaw = NULL;
	size_t n;

	if (codec_pcmu.dec_alloc(&ulaw))
		return 0;
	for (unsigned i = 0; i < SECONDS * 50; i++) {
		const struct voice_frame *f = &opus[i % FRAMES];

		(void)!opus_decode(dec, f->data, (int)f->len, pcm, 160, 0);
		f = &pcmu[i % FRAMES];
		(void)codec_pcmu.decode(ulaw, f->data, f->len, pcm, &n);
		(void)!opus_encode(enc, pcm, 160, buf, sizeof(buf));
	}
	mem_deref(ulaw);
	return (cpu_us() - t0) / SECONDS;
}

static void bench_floor(unsigned complexity)
{
	int code;
	OpusDecoder *dec = opus_decoder_create(8000, 1, &code);
	OpusEncoder *enc =
		opus_encoder_create(8000, 1, OPUS_APPLICATION_VOIP, &code);
	double best = 1e9;

	opus_encoder_ctl(enc, OPUS_SET_BITRATE(24000));
	opus_encoder_ctl(enc, OPUS_SET_COMPLEXITY(complexity));
	opus_encoder_ctl(enc, OPUS_SET_INBAND_FEC(1));
	opus_encoder_ctl(enc, OPUS_SET_PACKET_LOSS_PERC(3));
	opus_encoder_ctl(enc, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	for (int r = 0; r < RUNS; r++) {
		double us = run_floor(dec, enc);

		best = us < best ? us : best;
	}
	printf("transcode floor complexity=%u call-second=%.2f ms\n",
	       complexity, best / 1000);
	opus_decoder_destroy(dec);
	opus_encoder_destroy(enc);
}

/* --- sound ------------------------------------------------------------------------ */

/* A path that drops, and notes when. */
struct sink {
	struct path path;
	double *left;
	unsigned *nleft;
};

static int sink_rtp(struct path *path, const uint8_t *pkt, size_t len,
		    uint64_t index)
{
	struct sink *sink = (struct sink *)path;

	(void)pkt;
	(void)len;
	(void)index;
	if (sink->left)
		sink->left[(*sink->nleft)++] = clock_us(CLOCK_MONOTONIC);
	return 0;
}

static int sink_rtcp(struct path *path, const uint8_t *pkt, size_t len,
		     uint32_t index)
{
	(void)path;
	(void)pkt;
	(void)len;
	(void)index;
	return 0;
}

static bool sink_ready(const struct path *path)
{
	(void)path;
	return true;
}

static const struct path_ops sink_ops = {"sink", sink_rtp, sink_rtcp,
					 sink_ready};

struct side {
	struct transcode *t;
	struct strm_in in;
	struct strm_out out;
	struct sink sink;
	const struct voice_frame *frames;
	uint8_t pt;
	uint32_t step;
	unsigned skew; /* no two calls say the same at once */
};

struct sound {
	struct wheel *wheel;
	struct side sides[CALLS][2];
	unsigned n; /* packets of each so far */
	double left[2 * CALLS * 2];
	unsigned nleft;
};

static int side_open(struct sound *s, struct side *side, bool from_opus,
		     unsigned complexity)
{
	const struct codec *a = from_opus ? &codec_opus : &codec_pcmu;
	const struct codec *b = from_opus ? &codec_pcmu : &codec_opus;
	const struct transcode_params params = {
		.wheel = s->wheel,
		.from = {a, from_opus ? 111 : 0, TRANSCODE_NO_PT, a->clock},
		.to = {b, from_opus ? 0 : 111, TRANSCODE_NO_PT, b->clock},
		.ptime = 20,
		.voice = {.bitrate = 24000,
			  .complexity = (uint8_t)complexity,
			  .fec = true},
		.out = &side->out,
		.path = &side->sink.path,
	};

	side->sink.path.ops = &sink_ops;
	side->frames = from_opus ? opus : pcmu;
	side->pt = from_opus ? 111 : 0;
	side->step = a->clock / 50;
	strm_in_init(&side->in, a->clock);
	strm_out_init(&side->out, 1, b->clock, 0, NULL);
	return transcode_alloc(&side->t, &params);
}

static void side_packet(struct sound *s, struct side *side)
{
	const struct voice_frame *f =
		&side->frames[(s->n + side->skew) % FRAMES];
	uint8_t buf[PKT_HDR + VOICE_MAX];
	struct strm_pkt sp = {
		.h = {.ssrc = 9,
		      .ts = s->n * side->step,
		      .seq = (uint16_t)s->n,
		      .pt = side->pt,
		      .hdr = PKT_HDR,
		      .paylen = (uint16_t)f->len},
		.now_ms = wheel_now(s->wheel),
	};

	memcpy(buf + PKT_HDR, f->data, f->len);
	if (strm_in_packet(&side->in, &sp))
		transcode_take(&side->in, &sp, buf, side->t);
}

static void turn(struct sound *s, unsigned calls)
{
	for (unsigned c = 0; c < calls; c++)
		for (unsigned d = 0; d < 2; d++)
			side_packet(s, &s->sides[c][d]);
	s->n++;
	wheel_advance(s->wheel, wheel_now(s->wheel) + 20);
}

static void print_delay(struct sound *s, unsigned calls)
{
	static double delays[SECONDS * 50 * 2 * CALLS];
	unsigned n = 0, turns = calls > 20 ? 50 : 250;

	for (unsigned c = 0; c < calls; c++)
		for (unsigned d = 0; d < 2; d++) {
			s->sides[c][d].sink.left = s->left;
			s->sides[c][d].sink.nleft = &s->nleft;
		}
	for (unsigned i = 0; i < turns; i++) {
		double t0 = clock_us(CLOCK_MONOTONIC);

		s->nleft = 0;
		turn(s, calls);
		for (unsigned k = 0; k < s->nleft; k++)
			delays[n++] = s->left[k] - t0;
	}
	for (unsigned c = 0; c < calls; c++)
		s->sides[c][0].sink.left = s->sides[c][1].sink.left = NULL;
	/* insertion sort would do for one call; for 100 it would not */
	for (unsigned gap = n / 2; gap; gap /= 2)
		for (unsigned i = gap; i < n; i++) {
			double v = delays[i];
			unsigned k = i;

			for (; k >= gap && delays[k - gap] > v; k -= gap)
				delays[k] = delays[k - gap];
			delays[k] = v;
		}
	printf("transcode delay calls=%-3u p50=%.3f ms p99=%.3f ms "
	       "max=%.3f ms\n",
	       calls, delays[n / 2] / 1000, delays[n * 99 / 100] / 1000,
	       delays[n - 1] / 1000);
}

static int bench_sound(unsigned complexity)
{
	static struct sound s;
	double best = 1e9;
	size_t before;
	int err;

	memset(&s, 0, sizeof(s));
	err = wheel_alloc(&s.wheel, 1000);
	before = mallinfo2().uordblks;
	for (unsigned c = 0; c < CALLS && !err; c++) {
		s.sides[c][0].skew = s.sides[c][1].skew = c * 37;
		err = side_open(&s, &s.sides[c][0], true, complexity);
		if (!err)
			err = side_open(&s, &s.sides[c][1], false, complexity);
	}
	if (err)
		return err;
	if (!complexity)
		printf("transcode memory of both directions=%zu bytes\n",
		       (mallinfo2().uordblks - before) / CALLS);
	for (unsigned r = 0; r < RUNS; r++) {
		double t0 = cpu_us(), us;

		for (unsigned i = 0; i < SECONDS * 50; i++)
			turn(&s, 10);
		us = (cpu_us() - t0) / SECONDS / 10;
		best = us < best ? us : best;
	}
	printf("transcode sound complexity=%u call-second=%.2f ms\n",
	       complexity, best / 1000);
	if (!complexity) {
		for (unsigned c = 10; c < CALLS; c++)
			s.sides[c][0].in.anew = s.sides[c][1].in.anew = true;
		print_delay(&s, 1);
		print_delay(&s, 20);
		print_delay(&s, 100);
	}
	for (unsigned c = 0; c < CALLS; c++)
		for (unsigned d = 0; d < 2; d++)
			mem_deref(s.sides[c][d].t);
	mem_deref(s.wheel);
	return 0;
}

/* --- whole ------------------------------------------------------------------------- */

struct whole {
	struct media_bed bed;
	struct media_page *pages[WHOLE];
	struct media_phone *phones[WHOLE];
	unsigned n;
};

static int call_up(struct whole *w, unsigned i)
{
	const char *session = media_id(i + 1);
	struct mbuf *mb = mbuf_alloc(4096);
	int err = mb ? 0 : ENOMEM;

	w->pages[i] = media_page_open(&w->bed);
	w->phones[i] = media_phone_open(&w->bed);
	if (err || !w->pages[i] || !w->phones[i])
		return ENOMEM;
	w->phones[i]->formats = "0 101";
	w->phones[i]->sending = false;
	err = media_remote(&w->bed, session, 1, false,
			   media_page_sdp(w->pages[i], false), NULL);
	if (!err)
		err = media_phone_called(w->phones[i], session, 2);
	if (!err)
		err = session_leg_join(w->bed.table, session, 1, 2, NULL);
	if (!err)
		err = media_local(&w->bed, session, 1, true, mb, NULL);
	if (!err)
		err = media_page_take(w->pages[i], (char *)mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

/* 20 ms: all far ends send, then mediad serves in `turns` turns. */
static double frame_of_all(struct whole *w, unsigned turns)
{
	double us = 0;

	for (unsigned i = 0; i < WHOLE; i++) {
		const struct voice_frame *a = &opus[(w->n + i * 37) % FRAMES];
		const struct voice_frame *b = &pcmu[(w->n + i * 37) % FRAMES];

		(void)mock_media_send(w->pages[i]->mock, w->pages[i]->pt,
				      w->n * 960, a->data, a->len);
		w->phones[i]->ts = w->n * 160;
		media_phone_send(w->phones[i], 0, b->data, b->len);
		if ((i + 1) % (WHOLE / turns))
			continue;
		double t0 = cpu_us();

		mux_poll(w->bed.env.mux);
		hub_poll(w->bed.rtp_env.hub);
		mux_flush(w->bed.env.mux);
		us += cpu_us() - t0;
	}
	w->bed.now_ms += 20;
	double t0 = cpu_us();

	wheel_advance(w->bed.wheel, w->bed.now_ms);
	us += cpu_us() - t0;
	for (unsigned i = 0; i < WHOLE; i++) {
		media_phone_poll(w->phones[i]);
		mock_media_poll(w->pages[i]->mock);
	}
	w->n++;
	return us;
}

static int bench_whole(void)
{
	static struct whole w;
	size_t before = 0, half;
	int err = media_bed_open(&w.bed, NULL);

	for (unsigned i = 0; i < WHOLE && !err; i++)
		err = call_up(&w, i);
	if (err || !media_bed_ready(&w.bed))
		return err ? err : ETIMEDOUT;
	for (unsigned i = 0; i < WHOLE; i++)
		w.pages[i]->sending = false;
	for (unsigned turns = 1; turns <= 10; turns *= 10) {
		double us = 0, best = 1e9;

		for (unsigned r = 0; r < RUNS; r++, us = 0) {
			for (unsigned i = 0; i < 100; i++)
				us += frame_of_all(&w, turns);
			us /= 2 * WHOLE;
			best = us < best ? us : best;
		}
		printf("transcode whole calls=%u turns=%-3u call-second=%.2f "
		       "ms, %.0f calls a core\n",
		       WHOLE, turns, best / 1000, 1e6 / best);
	}
	printf("transcode whole heard: page %u phone %u of %u, concealed "
	       "%llu\n",
	       w.pages[0]->heard, w.phones[0]->heard, w.n,
	       (unsigned long long)session_sound(w.bed.table)->concealed);
	before = mallinfo2().uordblks;
	half = 0;
	for (unsigned i = 0; i < WHOLE; i++)
		half += !session_drop(w.bed.table, media_id(i + 1));
	printf("transcode memory of a session=%zu bytes of heap\n",
	       half ? (before - mallinfo2().uordblks) / half : 0);
	media_bed_close(&w.bed);
	return 0;
}

int main(void)
{
	static const unsigned complexities[] = {0, 1, 3, 5};
	int err = libre_init();

	if (!err)
		err = voice_opus(opus, FRAMES);
	if (!err)
		err = voice_pcmu(pcmu, FRAMES);
	printf("transcode %s\n", opus_get_version_string());
	for (unsigned i = 0; i < 4 && !err; i++) {
		bench_floor(complexities[i]);
		err = bench_sound(complexities[i]);
	}
	if (!err)
		err = bench_whole();
	if (err)
		printf("transcode failed: %d\n", err);
	libre_close();
	return err;
}
