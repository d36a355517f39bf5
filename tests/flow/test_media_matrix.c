/*
 * test_media_matrix.c  From each codec to each other one, in each packet time,
 *                      over each transport, both ways at once: frequency,
 *                      level, and noise beside an ideal transcoder's
 *
 * Leg 1 is a page (DTLS, Opus or PCMA), or a PBX with SRTP (keys in the SDP, or
 * by DTLS) or plain RTP; leg 2 is a PBX with plain RTP. The ideal one decodes
 * and encodes the same samples with the same codecs, with nothing between.
 * G.729 is among them where its module was built (libbcg729).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/rtp/pkt.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/codec_set.h"
#include "mediad/sound/transcode.h"
#include "tests/lib/loaded_codecs.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"
#include "tests/lib/test.h"
#include "tests/lib/tone.h"

static const char *const S = "00000000000000c1";

enum {
	SPEAK_MS = 960, /* a multiple of all packet times but 50 */
	SAMPLES = (SPEAK_MS + 240) * CODEC_WIDE_RATE / 1000,
	PEAK = 8000,
	HZ_LOW = 602, /* of leg 2 */
	HZ_HIGH = 1004,
	HEAD = 360, /* ms that a codec needs to know a tone */
	TAIL = 840,
};

enum transport {
	PLAIN,
	SDES,
	DTLS,
	PAGE,
	TRANSPORTS
};

static const char *const transports[] = {"rtp", "sdes", "dtls", "browser"};

struct kind {
	const struct codec *codec;
	const char *name;    /* of terms */
	const char *formats; /* of a phone */
	const char *extra;
};

static struct kind kinds[] = {
	{&codec_opus, "opus", "96", "a=rtpmap:96 opus/48000/2\r\n"},
	{&codec_g722, "G722", "9", NULL},
	{&codec_l16, "L16", "97", "a=rtpmap:97 L16/16000\r\n"},
	{&codec_pcmu, "PCMU", "0", NULL},
	{&codec_pcma, "PCMA", "8", NULL},
	{NULL, "G729", "18", NULL}, /* NULL: not loaded */
};
static struct codec_set *codecs;

/* What costs so much is not tried in all packet times over all transports. */
#define G729 (&kinds[COUNTOF(kinds) - 1])

/* One side's voice and ear, and those of the ideal transcoder. */
struct end {
	const struct kind *kind;
	uint32_t rate; /* of both codecs, Hz */
	double hz;
	unsigned ptime;
	struct codec_enc *enc;
	struct codec_dec *dec;
	size_t said;
	uint32_t ts;
	unsigned heard;
	uint32_t first_ts;
	int16_t pcm[SAMPLES + CODEC_VOICE_MAX];
};

static void hear(const uint8_t *data, size_t len, void *arg)
{
	struct end *end = arg;
	const struct codec *codec = end->kind->codec;
	int16_t pcm[CODEC_VOICE_MAX];
	struct pkt pkt;
	size_t n = 0, at;

	REQUIRE(pkt_read(&pkt, data, len) == 0);
	CHECK_INT(codec->decode(end->dec, data + pkt.hdr, pkt.paylen, pcm, &n),
		  0);
	if (!end->heard++)
		end->first_ts = pkt.ts;
	at = codec_samples(codec, end->rate, pkt.ts - end->first_ts);
	if (at + n <= COUNTOF(end->pcm))
		memcpy(end->pcm + at, pcm, n * sizeof(*pcm));
}

static void tone(const struct end *end, size_t at, int16_t *pcm, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pcm[i] = (int16_t)lrint(PEAK * sin(2 * M_PI * end->hz *
						   (double)(at + i) /
						   end->rate));
}

static size_t say(struct end *end, uint8_t *payload)
{
	const size_t count = end->ptime * end->rate / 1000;
	int16_t pcm[CODEC_VOICE_MAX];
	size_t len = 0;

	tone(end, end->said, pcm, count);
	end->said += count;
	CHECK_INT(end->kind->codec->encode(end->enc, pcm, count, payload, &len,
					   CODEC_PAYLOAD_MAX),
		  0);
	return len;
}

static struct codec_voice voice_of(uint32_t rate)
{
	return (struct codec_voice){.rate = rate, .bitrate = 24000};
}

static int end_open(struct end *end, const struct kind *kind, double hz,
		    uint32_t rate)
{
	const struct codec_voice voice = voice_of(rate);

	memset(end, 0, sizeof(*end));
	end->kind = kind;
	end->rate = rate;
	end->hz = hz;
	return kind->codec->voice_enc_alloc(&end->enc, &voice) |
	       kind->codec->voice_dec_alloc(&end->dec, rate);
}

static void end_close(struct end *end)
{
	end->enc = mem_deref(end->enc);
	end->dec = mem_deref(end->dec);
}

static struct tone heard(const struct end *end)
{
	const uint32_t ms = end->rate / 1000;

	return tone_measure(end->pcm + HEAD * ms, (TAIL - HEAD) * ms,
			    end->rate);
}

static double snr(const struct tone *tone)
{
	const double rest = 1 - tone->purity;

	return 10 * log10((tone->purity + 1e-9) / (rest > 1e-9 ? rest : 1e-9));
}

/* What `ear` would hear of it by decoding and encoding alone, in frames of
 * 20 ms, or of 10, of which some codecs make less. */
static double ideal_snr(const struct end *speaker, const struct kind *ear)
{
	static double known[2][2][COUNTOF(kinds)][COUNTOF(kinds)];
	const struct kind *mouth = speaker->kind;
	const unsigned ms = speaker->ptime < 20 ? 10 : 20;
	const uint32_t rate = speaker->rate;
	double *cell = &known[ms == 20][speaker->hz > HZ_LOW][mouth - kinds]
			     [ear - kinds];
	static struct end from, to;
	const size_t count = ms * rate / 1000;
	struct tone sounds;

	if (*cell != 0)
		return *cell;
	if (!CHECK(!end_open(&from, mouth, speaker->hz, rate) &&
		   !end_open(&to, ear, 0, rate)))
		return 0;
	from.ptime = ms;
	for (size_t at = 0; at + count <= SPEAK_MS * (rate / 1000);
	     at += count) {
		uint8_t buf[CODEC_PAYLOAD_MAX];
		int16_t pcm[CODEC_VOICE_MAX];
		size_t n = 0, len = say(&from, buf);

		CHECK_INT(mouth->codec->decode(from.dec, buf, len, pcm, &n), 0);
		CHECK_INT(ear->codec->encode(to.enc, pcm, n, buf, &len,
					     sizeof(buf)),
			  0);
		CHECK_INT(ear->codec->decode(to.dec, buf, len, to.pcm + at, &n),
			  0);
	}
	sounds = heard(&to);
	*cell = snr(&sounds);
	end_close(&from);
	end_close(&to);
	return *cell;
}

/* --- a call --------------------------------------------------------------------- */

struct call {
	struct media_bed bed;
	struct media_page *page; /* leg 1 is this, */
	struct media_phone *phone[2]; /* or [0]; leg 2 is [1] */
	struct end end[2];
};

static void phone_is(struct media_phone *phone, const struct kind *kind,
		     enum transport transport)
{
	phone->formats = kind->formats;
	phone->extra = kind->extra;
	phone->sending = false;
	pl_set_str(&phone->terms.codecs, kind->name);
	phone->terms.order = SESSION_ORDER_LISTED;
	if (transport == SDES) {
		phone->profile = SDPM_SDES;
		phone->keys.suite = "AES_CM_128_HMAC_SHA1_80";
		pl_set_str(&phone->terms.suites, phone->keys.suite);
	} else if (transport == DTLS) {
		phone->profile = SDPM_DTLS;
		phone->dtls.setup = "active";
		phone->dtls.mux = true;
	}
}

static int set_up(struct call *call, const struct kind *a, const struct kind *b,
		  enum transport transport)
{
	int err;

	call->phone[1] = media_phone_open(&call->bed);
	if (!call->phone[1])
		return ENOMEM;
	phone_is(call->phone[1], b, PLAIN);
	if (transport == PAGE) {
		call->page = media_page_open(&call->bed);
		if (!call->page)
			return ENOMEM;
		if (a->codec == &codec_pcma)
			media_page_narrow(call->page);
		call->page->sending = false;
		err = media_page_calls(call->page, S, 1);
	} else {
		call->phone[0] = media_phone_open(&call->bed);
		if (!call->phone[0])
			return ENOMEM;
		phone_is(call->phone[0], a, transport);
		err = media_phone_calls(call->phone[0], S, 1);
	}
	if (!err)
		err = media_phone_called(call->phone[1], S, 2);
	if (!err)
		err = session_leg_join(call->bed.table, S, 1, 2, NULL);
	if (!err && call->page)
		call->page->sending = true;
	if (!err && !media_bed_ready(&call->bed))
		err = ETIMEDOUT;
	if (call->page)
		call->page->sending = false;
	if (!err && transport == DTLS)
		media_bed_run(&call->bed, 100);
	return err;
}

static void speak(struct call *call, unsigned side, const uint8_t *payload,
		  size_t len)
{
	struct end *end = &call->end[side];
	struct media_phone *phone = call->phone[side];
	/* the bed's own clock of them is for packets of 20 ms */
	const uint32_t ts = end->ts;

	end->ts += end->kind->codec->clock / 1000 * end->ptime;
	if (phone) {
		phone->ts = ts;
		media_phone_send(phone, phone->pt, payload, len);
	} else {
		(void)mock_media_send(call->page->mock, call->page->pt, ts,
				      payload, len);
	}
}

static void both_speak(struct call *call)
{
	for (unsigned ms = 0; ms < SPEAK_MS; ms += 10) {
		for (unsigned side = 0; side < 2; side++) {
			uint8_t payload[CODEC_PAYLOAD_MAX];

			if (ms % call->end[side].ptime)
				continue;
			speak(call, side, payload,
			      say(&call->end[side], payload));
		}
		media_bed_run(&call->bed, 10);
	}
	media_bed_run(&call->bed, 60);
}

static void have_heard(struct call *call)
{
	for (unsigned side = 0; side < 2; side++) {
		if (!call->phone[side])
			continue;
		call->phone[side]->rtph = hear;
		call->phone[side]->arg = &call->end[side];
	}
	if (call->page) {
		call->page->rtph = hear;
		call->page->arg = &call->end[0];
	}
}

static void judge(const struct call *call, unsigned side, const char *what)
{
	const struct end *mouth = &call->end[!side], *ear = &call->end[side];
	struct tone sounds = heard(ear);
	const double off = sounds.dbfs - 20 * log10(PEAK / 32768.0);
	const double ideal = ideal_snr(mouth, ear->kind);
	/* what an encoder makes of a tone depends on where its frames begin */
	const bool fine = fabs(sounds.hz - mouth->hz) < 3 && fabs(off) < 1 &&
			  snr(&sounds) > (ideal < 26 ? ideal - 3 : 23);

	if (!CHECK(fine))
		printf("# %s: %s to %s: %.1f Hz, %.2f dB, SNR %.1f dB, ideally "
		       "%.1f\n",
		       what, mouth->kind->name, ear->kind->name, sounds.hz,
		       off, snr(&sounds), ideal);
}

static uint32_t rate_for(const struct kind *a, const struct kind *b)
{
	return a->codec->voice_rate < b->codec->voice_rate
		       ? a->codec->voice_rate
		       : b->codec->voice_rate;
}

static void one(const struct kind *a, const struct kind *b, unsigned ptime,
		enum transport transport)
{
	struct call *call = mem_zalloc(sizeof(*call), NULL);
	const uint32_t rate = rate_for(a, b);
	char what[60];

	REQUIRE(call);
	re_snprintf(what, sizeof(what), "%s, %u ms", transports[transport],
		    ptime);
	call->bed.codecs = codecs;
	if (!CHECK(!media_bed_open(&call->bed, NULL)) ||
	    !CHECK(!set_up(call, a, b, transport)) ||
	    !CHECK(!end_open(&call->end[0], a, HZ_HIGH, rate)) ||
	    !CHECK(!end_open(&call->end[1], b, HZ_LOW, rate))) {
		printf("# %s: %s with %s\n", what, a->name, b->name);
	} else {
		call->end[0].ptime = a->codec->voice_frame(ptime);
		call->end[1].ptime = b->codec->voice_frame(ptime);
		have_heard(call);
		both_speak(call);
		judge(call, 0, what);
		judge(call, 1, what);
	}
	end_close(&call->end[0]);
	end_close(&call->end[1]);
	media_bed_close(&call->bed);
	mem_deref(call);
}

static bool has(enum transport transport, const struct kind *kind)
{
	return kind->codec &&
	       (transport != PAGE || kind->codec == &codec_opus ||
		kind->codec == &codec_pcma);
}

static void all(enum transport transport)
{
	static const unsigned ptimes[] = {10, 20, 30, 40, 50, 60};

	for (size_t i = 0; i < COUNTOF(kinds) * COUNTOF(kinds); i++) {
		const struct kind *a = &kinds[i / COUNTOF(kinds)];
		const struct kind *b = &kinds[i % COUNTOF(kinds)];

		if (!has(transport, a) || !b->codec)
			continue;
		for (size_t n = 0; n < COUNTOF(ptimes); n++)
			if (transport == PLAIN || ptimes[n] == 20 ||
			    (a != G729 && b != G729))
				one(a, b, ptimes[n], transport);
	}
}

/* Loaded for all that follow. */
static void g729_where_it_was_built(void)
{
	codecs = loaded_codec("g729");
	G729->codec = codec_set_find(codecs, "G729");
	if (!G729->codec)
		test_skip("no module of G.729: see `make g729`");
}

static void the_end(void)
{
	codecs = mem_deref(codecs);
}

static void plain_rtp(void)
{
	all(PLAIN);
}

static void srtp_with_keys_in_sdp(void)
{
	all(SDES);
}

static void srtp_by_dtls(void)
{
	all(DTLS);
}

static void pages(void)
{
	all(PAGE);
}

TEST_MAIN(TEST(g729_where_it_was_built), TEST(plain_rtp),
	  TEST(srtp_with_keys_in_sdp), TEST(srtp_by_dtls), TEST(pages),
	  TEST(the_end))
