/*
 * quality_peers.c  How speech sounds behind a bad network and a transcoder:
 *                  mediad and RTPEngine
 *
 * The same packets with the same faults, one program after the other, through
 * calls of plain RTP on loopback: Opus with PCMU, PCMA and G.722, both ways.
 * What comes out is heard by one and the same receiver (ears.h), and compared
 * with the original (judge.h). docs/quality.md says what the figures mean.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <opus.h>
#include <re.h>

#include "common/countof.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/corpus.h"
#include "tests/bench/lib/ears.h"
#include "tests/bench/lib/judge.h"
#include "tests/bench/lib/legs.h"
#include "tests/bench/lib/quality_plot.h"
#include "tests/bench/lib/rtpengine.h"
#include "tests/bench/lib/stack.h"

enum {
	FRAME_US = 20000,
	WARM = 200, /* frames before those that count */
	ALL = WARM + CORPUS_FRAMES,
	RTP_HDR = 12,
	CODECS = 3,
	CELLS = QUALITY_CELLS,
	CALLS = CELLS, /* of one codec at a time */
	LOSSES = 5,
	PT_OPUS = 111,
	FRAME_MAX = 400
};

/* One kind of network. */
static const struct cell {
	const char *name;
	double loss;  /* percent */
	double burst; /* packets at once, mean */
	unsigned jitter_us;
} cells[CELLS] = {
	{"clean", 0, 1, 0},	     {"1 % loss", 1, 1, 0},
	{"3 % loss", 3, 1, 0},	     {"5 % loss", 5, 1, 0},
	{"10 % loss", 10, 1, 0},     {"3 % in bursts", 3, 2.5, 0},
	{"5 % in bursts", 5, 2.5, 0}, {"10 % in bursts", 10, 2.5, 0},
	{"jitter 20 ms", 0, 1, 20000}, {"jitter 40 ms", 0, 1, 40000},
	{"jitter 60 ms", 0, 1, 60000}};

static const double losses[LOSSES] = {0, 1, 3, 5, 10};

static const struct partner {
	const struct codec *codec;
	const char *rtpmap;
	uint8_t pt;
	uint32_t rate;
} partners[CODECS] = {{&codec_pcmu, "PCMU/8000", 0, 8000},
		      {&codec_pcma, "PCMA/8000", 8, 8000},
		      {&codec_g722, "G722/8000", 9, 16000}};

struct frame {
	uint16_t len;
	uint8_t data[FRAME_MAX];
};

static struct corpus corpus;
static struct frame opus[LOSSES][CORPUS_FRAMES], other[CODECS][CORPUS_FRAMES];

/* One end of a call. */
struct end {
	int fd, rtcp;
	uint16_t port;
	bool opus;
	const struct partner *partner;
	const struct frame *frames;
	uint32_t when_us[ALL]; /* each is sent, from the begin; 0: lost */
	unsigned next;
	double sent_us; /* the latest */
	struct ears ears;
	double since_us[EARS_PACKETS]; /* the other end's latest packet */
};

static struct end ends[CALLS][2];
static double delays[2 * CODECS * EARS_PACKETS]; /* of clean calls */
static size_t ndelays;

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* --- what is said --------------------------------------------------------- */

/* As a browser would: VOIP, 32 kbit/s, LBRR for the loss that it is told. */
static void encode_opus(struct frame *frames, double loss)
{
	int code;
	OpusEncoder *enc =
		opus_encoder_create(16000, 1, OPUS_APPLICATION_VOIP, &code);

	opus_encoder_ctl(enc, OPUS_SET_BITRATE(32000));
	opus_encoder_ctl(enc, OPUS_SET_INBAND_FEC(1));
	opus_encoder_ctl(enc, OPUS_SET_PACKET_LOSS_PERC((int)loss));
	for (unsigned i = 0; i < CORPUS_FRAMES; i++)
		frames[i].len = (uint16_t)opus_encode(
			enc, corpus.wide + i * 320, 320, frames[i].data,
			FRAME_MAX);
	opus_encoder_destroy(enc);
}

static void encode_other(struct frame *frames, const struct partner *partner)
{
	const struct codec_voice voice = {.rate = partner->rate};
	const unsigned n = partner->rate / 50;
	const int16_t *pcm = partner->rate > 8000 ? corpus.wide : corpus.narrow;
	struct codec_enc *enc = NULL;
	size_t len;

	if (partner->codec->voice_enc_alloc(&enc, &voice))
		bench_die("no encoder");
	for (unsigned i = 0; i < CORPUS_FRAMES; i++) {
		(void)partner->codec->encode(enc, pcm + i * n, n,
					     frames[i].data, &len, FRAME_MAX);
		frames[i].len = (uint16_t)len;
	}
	mem_deref(enc);
}

static void encode_all(void)
{
	for (unsigned i = 0; i < LOSSES; i++)
		encode_opus(opus[i], losses[i]);
	for (unsigned i = 0; i < CODECS; i++)
		encode_other(other[i], &partners[i]);
}

/* --- the network ---------------------------------------------------------- */

static double dice(uint32_t *rnd)
{
	*rnd = *rnd * 1664525u + 1013904223u;
	return (*rnd >> 8) / (double)(1 << 24);
}

/* Order is kept; each direction of each codec has the same faults in all
 * programs. */
static void plan(struct end *end, const struct cell *cell, uint32_t seed)
{
	const double bad = 1 / cell->burst, p = cell->loss / 100;
	const double good = p * bad / (1 - p);
	uint32_t rnd = seed * 2654435761u + 1, last = 0;
	bool lost = false;

	for (unsigned n = 0; n < ALL; n++) {
		const double delay = dice(&rnd) * cell->jitter_us;
		uint32_t at = n * FRAME_US + 1 + seed * 331 % FRAME_US;

		at += (uint32_t)delay;
		if (at < last)
			at = last;
		last = at;
		lost = dice(&rnd) < (cell->burst <= 1 ? p
				     : lost           ? 1 - bad
						      : good);
		end->when_us[n] = lost ? 0 : at;
	}
}

/* --- far ends ------------------------------------------------------------- */

static int bound(uint16_t port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sa addr;

	sa_set_str(&addr, "127.0.0.1", port);
	if (fd >= 0 && !bind(fd, &addr.u.sa, addr.len))
		return fd;
	close(fd);
	return -1;
}

static void end_open(struct end *end)
{
	struct sa addr;

	for (unsigned i = 0; i < 1000; i++) {
		stack_free_port(&addr, SOCK_DGRAM);
		end->port = sa_port(&addr) & 0xfffe;
		end->fd = bound(end->port);
		end->rtcp = bound(end->port + 1);
		if (end->fd >= 0 && end->rtcp >= 0)
			return;
		close(end->fd);
		close(end->rtcp);
	}
	bench_die("no pair of ports");
}

static uint8_t end_pt(const struct end *end)
{
	return end->opus ? PT_OPUS : end->partner->pt;
}

static void end_sdp(const struct end *end, char sdp[LEGS_SDP])
{
	snprintf(sdp, LEGS_SDP,
		 "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		 "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %u RTP/AVP %u\r\n"
		 "a=rtpmap:%u %s\r\n%sa=ptime:20\r\na=sendrecv\r\n",
		 end->port, end_pt(end), end_pt(end),
		 end->opus ? "opus/48000/2" : end->partner->rtpmap,
		 end->opus ? "a=fmtp:111 minptime=10;useinbandfec=1\r\n" : "");
}

static void end_takes(struct end *end, const char *sdp)
{
	const char *m = strstr(sdp, "m=audio ");
	unsigned port, first;
	struct sa peer;

	if (!m || sscanf(m, "m=audio %u RTP/AVP %u", &port, &first) != 2 ||
	    first != end_pt(end))
		bench_die("not what was asked for: %s", sdp);
	sa_set_str(&peer, "127.0.0.1", (uint16_t)port);
	if (connect(end->fd, &peer.u.sa, peer.len))
		bench_die("port %u: %s", port, strerror(errno));
}

static void end_speaks(struct end *end, unsigned n)
{
	const struct frame *f =
		&end->frames[(n + CORPUS_FRAMES - WARM) % CORPUS_FRAMES];
	const unsigned step = end->opus ? 960 : 160;
	uint8_t pkt[RTP_HDR + FRAME_MAX] = {0x80, end_pt(end)};
	uint16_t seq = htons((uint16_t)n);
	uint32_t ts = htonl(n * step), ssrc = htonl(end->port);

	memcpy(pkt + 2, &seq, 2);
	memcpy(pkt + 4, &ts, 4);
	memcpy(pkt + 8, &ssrc, 4);
	memcpy(pkt + RTP_HDR, f->data, f->len);
	(void)!send(end->fd, pkt, RTP_HDR + f->len, 0);
	end->sent_us = now_us();
}

static void end_hears(struct end *end, const struct end *far)
{
	uint8_t pkt[1500];
	uint32_t ts;
	ssize_t n;

	while ((n = recv(end->fd, pkt, sizeof(pkt), 0)) > 0) {
		struct ears_packet *p = &end->ears.packets[end->ears.count];

		if (far->next < WARM || n <= RTP_HDR ||
		    n > RTP_HDR + EARS_BYTES ||
		    (pkt[1] & 0x7f) != end_pt(end) ||
		    end->ears.count == EARS_PACKETS)
			continue;
		memcpy(&ts, pkt + 4, 4);
		p->at_us = now_us();
		p->ts = ntohl(ts);
		p->len = (uint16_t)(n - RTP_HDR);
		memcpy(p->data, pkt + RTP_HDR, p->len);
		end->since_us[end->ears.count++] = p->at_us - far->sent_us;
	}
}

/* --- a run ---------------------------------------------------------------- */

static void end_begin(struct end *end)
{
	end->next = 0;
	end->ears.count = 0;
	end_open(end);
}

static void calls_open(unsigned codec)
{
	for (unsigned c = 0; c < CALLS; c++)
		for (unsigned k = 0; k < 2; k++) {
			struct end *end = &ends[c][k];
			const struct cell *cell = &cells[c];
			unsigned l = 0;

			while (losses[l] < cell->loss)
				l++;
			end->opus = !k;
			end->partner = &partners[codec];
			end->frames = k ? other[codec] : opus[l];
			end_begin(end);
			plan(end, cell, 2 * (c + codec * CELLS) + k);
		}
}

static void calls_close(void)
{
	for (unsigned c = 0; c < CALLS; c++)
		for (unsigned k = 0; k < 2; k++) {
			close(ends[c][k].fd);
			close(ends[c][k].rtcp);
		}
}

static void send_due(struct end *end, double at_us)
{
	while (end->next < ALL && end->when_us[end->next] <= at_us) {
		if (end->when_us[end->next])
			end_speaks(end, end->next);
		end->next++;
	}
}

static void speak(void)
{
	const double begin = now_us();
	struct pollfd fds[2 * CALLS];

	for (unsigned i = 0; i < 2 * CALLS; i++)
		fds[i] = (struct pollfd){ends[i / 2][i % 2].fd, POLLIN, 0};
	while (now_us() < begin + (ALL + 10.0) * FRAME_US) {
		for (unsigned i = 0; i < 2 * CALLS; i++)
			send_due(&ends[i / 2][i % 2], now_us() - begin);
		if (poll(fds, 2 * CALLS, 1) <= 0)
			continue;
		for (unsigned i = 0; i < 2 * CALLS; i++)
			if (fds[i].revents)
				end_hears(&ends[i / 2][i % 2],
					  &ends[i / 2][1 - i % 2]);
	}
}

static void judge_end(struct end *end, struct judgement *j)
{
	static int16_t pcm[CORPUS_WIDE];
	const uint32_t rate = end->partner->rate;
	const size_t count = rate > 8000 ? CORPUS_WIDE : CORPUS_NARROW;

	ears_sound(&end->ears, end->opus ? &codec_opus : end->partner->codec,
		   rate, pcm, count);
	judge(j, rate > 8000 ? corpus.wide : corpus.narrow, pcm, count, rate);
}

static void judge_all(struct quality *q, unsigned codec)
{
	for (unsigned c = 0; c < CALLS; c++)
		for (unsigned k = 0; k < 2; k++)
			/* the end with Opus hears the other codec's voice */
			judge_end(&ends[c][k],
				  &q->of[codec][!k][c]);
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Of the clean calls: a packet's time since the one that it is made of. */
static void note_delay(void)
{
	for (unsigned k = 0; k < 2; k++) {
		const struct end *end = &ends[0][k];

		memcpy(delays + ndelays, end->since_us,
		       end->ears.count * sizeof(*delays));
		ndelays += end->ears.count;
	}
}

static void print_delay(const char *name)
{
	const unsigned sent = 2 * CODECS * (CORPUS_FRAMES + 1);

	qsort(delays, ndelays, sizeof(*delays), by_value);
	printf("%s: %u calls at once; of the clean ones %.1f %% of the packets "
	       "came, %.1f ms (median) and %.1f ms (99 %%) after the one before "
	       "them\n",
	       name, CALLS, 100.0 * (double)ndelays / sent,
	       delays[ndelays / 2] / 1000, delays[ndelays * 99 / 100] / 1000);
	ndelays = 0;
}

typedef void(call_h)(void *program, unsigned nr, const char *codec,
		     const char *const sdp[2], char told[2][LEGS_SDP]);

static void set_up(unsigned codec, call_h *callh, void *program)
{
	static char sdp[2][LEGS_SDP], told[2][LEGS_SDP];
	const char *const says[2] = {sdp[0], sdp[1]};

	calls_open(codec);
	for (unsigned c = 0; c < CALLS; c++) {
		struct end *end = ends[c];

		end_sdp(&end[0], sdp[0]);
		end_sdp(&end[1], sdp[1]);
		callh(program, c, end[0].partner->codec->name, says, told);
		end_takes(&end[0], told[0]);
		end_takes(&end[1], told[1]);
	}
}

static void by_mediad(void *program, unsigned nr, const char *codec,
		      const char *const sdp[2], char told[2][LEGS_SDP])
{
	legs_transcode(program, nr, codec, sdp, told);
}

static void run_mediad(struct loop_test *lt, unsigned codec, struct quality *q)
{
	const struct stack_cfg cfg = {.media = true, .rtp = true, .users = 1};
	struct stack stack;
	struct legs legs;

	stack_start(&stack, &cfg);
	legs_open(&legs, lt, &stack);
	set_up(codec, by_mediad, &legs);
	speak();
	note_delay();
	legs_close(&legs);
	calls_close();
	stack_stop(&stack);
	judge_all(q, codec);
}

static void by_rtpengine(void *program, unsigned nr, const char *codec,
			 const char *const sdp[2], char told[2][LEGS_SDP])
{
	rtpengine_transcode(program, nr, codec, sdp, told);
}

static void run_rtpengine(unsigned codec, struct quality *q)
{
	struct rtpengine peer;

	rtpengine_start(&peer);
	set_up(codec, by_rtpengine, &peer);
	speak();
	note_delay();
	calls_close();
	rtpengine_stop(&peer);
	judge_all(q, codec);
}

/* --- an ideal transcoder -------------------------------------------------- */

static void ideal(struct judgement *j, const struct partner *partner,
		  bool to_opus)
{
	const struct codec_voice voice = {.rate = partner->rate,
					  .bitrate = 24000,
					  .complexity = 10};
	const struct codec *a = to_opus ? partner->codec : &codec_opus;
	const struct codec *b = to_opus ? &codec_opus : partner->codec;
	const struct frame *f = to_opus ? other[partner - partners] : opus[0];
	const size_t frame = partner->rate / 50;
	static int16_t out[CORPUS_WIDE];
	struct codec_dec *dec[2] = {NULL, NULL};
	struct codec_enc *enc = NULL;
	int16_t pcm[CODEC_VOICE_MAX];
	uint8_t buf[FRAME_MAX];
	size_t n, len;

	if (a->voice_dec_alloc(&dec[0], partner->rate) ||
	    b->voice_dec_alloc(&dec[1], partner->rate) ||
	    b->voice_enc_alloc(&enc, &voice))
		bench_die("no codec");
	for (unsigned i = 0; i < CORPUS_FRAMES; i++) {
		(void)a->decode(dec[0], f[i].data, f[i].len, pcm, &n);
		(void)b->encode(enc, pcm, frame, buf, &len, sizeof(buf));
		(void)b->decode(dec[1], buf, len, pcm, &n);
		memcpy(out + i * frame, pcm, frame * sizeof(*pcm));
	}
	mem_deref(dec[0]);
	mem_deref(dec[1]);
	mem_deref(enc);
	judge(j, partner->rate > 8000 ? corpus.wide : corpus.narrow, out,
	      CORPUS_FRAMES * frame, partner->rate);
}

/* --- report --------------------------------------------------------------- */

static void print_row(const struct partner *partner, bool to_opus,
		      unsigned cell, const struct quality q[2])
{
	const struct judgement *a = &q[0].of[partner - partners][to_opus][cell];
	const struct judgement *b = &q[1].of[partner - partners][to_opus][cell];

	printf("| %s to %s | %s | %.1f / %.1f | %.3f / %.3f | %.1f / %.1f |\n",
	       to_opus ? partner->codec->name : "Opus",
	       to_opus ? "Opus" : partner->codec->name, cells[cell].name,
	       a->segsnr, b->segsnr, a->band, b->band, a->lsd, b->lsd);
}

static void report(const struct quality q[2])
{
	printf("\nmediad / RTPEngine\n| way | network | segmental SNR, dB | "
	       "bands | spectral distance, dB |\n|---|---|---|---|---|\n");
	for (unsigned i = 0; i < 2 * CODECS; i++) {
		const struct partner *partner = &partners[i / 2];
		struct judgement j;

		ideal(&j, partner, i % 2);
		printf("| | *ideal, clean* | %.1f | %.3f | %.1f |\n", j.segsnr,
		       j.band, j.lsd);
		for (unsigned cell = 0; cell < CELLS; cell++)
			print_row(partner, i % 2, cell, q);
	}
}

int main(int argc, char **argv)
{
	static struct quality q[2];
	struct loop_test lt;
	char version[128];

	signal(SIGPIPE, SIG_IGN);
	if (!rtpengine_version(version, sizeof(version)))
		bench_die("rtpengine is not installed");
	printf("Cordboard %s, RTPEngine %s\n", VERSION, version);
	if (libre_init() || !loop_test_open(&lt))
		bench_die("no loop");
	corpus_load(&corpus);
	encode_all();
	for (unsigned i = 0; i < CODECS; i++)
		run_mediad(&lt, i, &q[0]);
	print_delay("mediad");
	for (unsigned i = 0; i < CODECS; i++)
		run_rtpengine(i, &q[1]);
	print_delay("RTPEngine");
	report(q);
	if (argc > 1)
		quality_plot(argv[1], q);
	loop_test_close(&lt);
	libre_close();
	return 0;
}
