/*
 * ogg_file.c  Samples to an Ogg Opus file (RFC 7845), by libopus and libogg
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <re.h>
#include <ogg/ogg.h>
#include <opus.h>

#include "mediad/sound/ogg_file.h"

enum {
	CLOCK = 48000, /* of granule positions, whatever the rate */
	FRAMES_S = 50,
	FRAME_MAX = 48000 / FRAMES_S * 2,
	PACKET_MAX = 2 * 1275 + 7,
	COMPLEXITY = 1,
	HEAD_LEN = 19,
	TITLE_MAX = 200,
};

struct oggfile {
	struct oggfile_params params;
	OpusEncoder *opus;
	ogg_stream_state stream;
	bool open;
	int16_t pcm[FRAME_MAX]; /* what is not a frame yet */
	size_t frame, fill;     /* samples of each channel */
	uint64_t put;           /* that were given, */
	uint64_t encoded;       /* and that are in packets */
	uint32_t skip;          /* that a decoder leaves out at the begin */
	int64_t packet;
	unsigned on_page;
};

static void destructor(void *data)
{
	struct oggfile *of = data;

	if (of->opus)
		opus_encoder_destroy(of->opus);
	if (of->open)
		ogg_stream_clear(&of->stream);
}

static int64_t granule(const struct oggfile *of, uint64_t samples)
{
	return (int64_t)(samples * (CLOCK / of->params.rate));
}

static int write_pages(struct oggfile *of, bool flush)
{
	ogg_page page;

	while (flush ? ogg_stream_flush(&of->stream, &page)
		     : ogg_stream_pageout(&of->stream, &page)) {
		int err = of->params.writeh(page.header,
					    (size_t)page.header_len,
					    of->params.arg);

		if (!err)
			err = of->params.writeh(page.body,
						(size_t)page.body_len,
						of->params.arg);
		if (err)
			return err;
		of->on_page = 0;
	}
	return 0;
}

static int put_packet(struct oggfile *of, uint8_t *data, size_t len,
		      int64_t granulepos)
{
	ogg_packet packet = {
		.packet = data,
		.bytes = (long)len,
		.b_o_s = of->packet == 0,
		.granulepos = granulepos,
		.packetno = of->packet,
	};

	of->packet++;
	return ogg_stream_packetin(&of->stream, &packet) ? ENOMEM : 0;
}

/* --- heads (RFC 7845, 5) -------------------------------------------------------- */

static void le32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static int put_head(struct oggfile *of)
{
	uint8_t head[HEAD_LEN] = "OpusHead\1";
	const uint32_t skip = of->skip * (CLOCK / of->params.rate);
	int err;

	head[9] = of->params.channels;
	head[10] = (uint8_t)skip;
	head[11] = (uint8_t)(skip >> 8);
	le32(head + 12, of->params.rate);
	err = put_packet(of, head, sizeof(head), 0);
	return err ? err : write_pages(of, true);
}

static int put_tags(struct oggfile *of)
{
	static const char vendor[] = "Cordboard";
	uint8_t tags[8 + 4 + sizeof(vendor) + 4 + 4 + 6 + TITLE_MAX] =
		"OpusTags";
	size_t n = 8, len = of->params.title ? strlen(of->params.title) : 0;
	int err;

	le32(tags + n, sizeof(vendor) - 1);
	memcpy(tags + n + 4, vendor, sizeof(vendor) - 1);
	n += 4 + sizeof(vendor) - 1;
	le32(tags + n, len ? 1 : 0);
	n += 4;
	if (len > TITLE_MAX)
		len = TITLE_MAX;
	if (len) {
		le32(tags + n, (uint32_t)len + 6);
		memcpy(tags + n + 4, "TITLE=", 6);
		memcpy(tags + n + 10, of->params.title, len);
		n += 10 + len;
	}
	err = put_packet(of, tags, n, 0);
	return err ? err : write_pages(of, true);
}

static int encoder_make(struct oggfile *of)
{
	opus_int32 skip = 0;
	int code = OPUS_OK;

	of->opus = opus_encoder_create((opus_int32)of->params.rate,
				       of->params.channels,
				       OPUS_APPLICATION_AUDIO, &code);
	if (code != OPUS_OK)
		return code == OPUS_ALLOC_FAIL ? ENOMEM : EINVAL;
	if (opus_encoder_ctl(of->opus,
			     OPUS_SET_BITRATE(
				     (opus_int32)of->params.bitrate)) ||
	    opus_encoder_ctl(of->opus, OPUS_SET_COMPLEXITY(COMPLEXITY)) ||
	    opus_encoder_ctl(of->opus, OPUS_GET_LOOKAHEAD(&skip)))
		return EINVAL;
	of->skip = (uint32_t)skip;
	return 0;
}

int oggfile_alloc(struct oggfile **ofp, const struct oggfile_params *params)
{
	struct oggfile *of;
	int err;

	if (!params->channels || params->channels > 2 || !params->rate ||
	    CLOCK % params->rate)
		return EINVAL;
	of = mem_zalloc(sizeof(*of), destructor);
	if (!of)
		return ENOMEM;
	of->params = *params;
	of->frame = params->rate / FRAMES_S;
	err = encoder_make(of);
	if (!err && ogg_stream_init(&of->stream, (int)params->serial))
		err = ENOMEM;
	else if (!err)
		of->open = true;
	if (!err)
		err = put_head(of);
	if (!err)
		err = put_tags(of);
	of->params.title = NULL; /* the caller's */
	if (err)
		mem_deref(of);
	else
		*ofp = of;
	return err;
}

/* --- sound ------------------------------------------------------------------------- */

static int encode(struct oggfile *of, int64_t last, bool end)
{
	uint8_t packet[PACKET_MAX];
	ogg_packet op = {.packet = packet};
	int n = opus_encode(of->opus, of->pcm, (int)of->frame, packet,
			    sizeof(packet));

	if (n < 0)
		return n == OPUS_ALLOC_FAIL ? ENOMEM : EINVAL;
	of->encoded += of->frame;
	of->fill = 0;
	op.bytes = n;
	op.e_o_s = end;
	op.packetno = of->packet++;
	op.granulepos = end ? last : granule(of, of->encoded);
	if (ogg_stream_packetin(&of->stream, &op))
		return ENOMEM;
	return write_pages(of, end || ++of->on_page >= FRAMES_S);
}

int oggfile_put(struct oggfile *of, const int16_t *pcm, size_t count)
{
	const unsigned channels = of->params.channels;
	int err = 0;

	of->put += count;
	while (count && !err) {
		size_t n = min(of->frame - of->fill, count);

		memcpy(of->pcm + of->fill * channels, pcm,
		       n * channels * sizeof(*pcm));
		pcm += n * channels;
		of->fill += n;
		count -= n;
		if (of->fill == of->frame)
			err = encode(of, 0, false);
	}
	return err;
}

/* What the encoder holds back is to come out, too; the last granule position
 * cuts off what is too much (RFC 7845, 4.4). */
int oggfile_end(struct oggfile *of)
{
	const unsigned channels = of->params.channels;
	const uint64_t all = of->put + of->skip;
	int err = 0;

	do {
		memset(of->pcm + of->fill * channels, 0,
		       (of->frame - of->fill) * channels * sizeof(of->pcm[0]));
		err = encode(of, granule(of, all),
			     of->encoded + of->frame >= all);
	} while (!err && of->encoded < all);
	return err;
}
