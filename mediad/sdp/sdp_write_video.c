/*
 * sdp_write_video.c  The m-line of video
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/sdp/sdp_sdes.h"
#include "mediad/sdp/sdp_video_priv.h"
#include "mediad/sdp/sdp_write_priv.h"

/* An answer has what was chosen alone: whatever else came could not be passed
 * on. */
static int formats_write(struct mbuf *mb, const struct sdpm_video *video,
			 bool offer)
{
	int err = 0;

	for (unsigned i = 0; i < video->nformats; i++) {
		if (offer ? i >= video->noffered : i != video->chosen)
			continue;
		err |= sdpm_vformat_write(mb, &video->formats[i]);
	}
	return err;
}

static int feedback_write(struct mbuf *mb, const struct sdpm_video *video)
{
	int err = 0;

	for (unsigned i = 0; i < SDPM_FB_NAMES; i++)
		if (video->feedback & sdpm_fb_names[i].bit)
			err |= mbuf_printf(mb, "a=rtcp-fb:* %s\r\n",
					   sdpm_fb_names[i].text);
	return err;
}

static int exts_write(struct mbuf *mb, const struct sdpm_video *video)
{
	int err = 0;

	for (unsigned i = 0; i < SDPM_VEXTS; i++)
		if (video->ext[i])
			err |= mbuf_printf(mb, "a=extmap:%u %s\r\n",
					   video->ext[i],
					   sdpm_ext_uri((enum sdpm_vext)i));
	return err;
}

/* The same stream as audio, another track. */
static int streams_write(struct mbuf *mb, const struct sdpm_local *local,
			 uint32_t ssrc)
{
	return mbuf_printf(mb,
			   "a=msid:%s %sv\r\n"
			   "a=ssrc:%u cname:%s\r\n"
			   "a=ssrc:%u msid:%s %sv\r\n",
			   local->msid, local->msid, ssrc, local->cname, ssrc,
			   local->msid, local->msid);
}

static int head_write(struct mbuf *mb, const struct sdpm_local *local,
		      const struct sdpm_words *words)
{
	const struct sdpm_vlocal *ours = words->video;
	const struct sdpm_video *video = ours->video;
	const struct sdpm_line *line = &words->layout->lines[video->line];
	bool browser = words->profile == SDPM_BROWSER;
	int err = mbuf_printf(mb, "m=video %u %s",
			      sa_port(browser ? &local->hosts[0].addr
					      : &ours->addr),
			      line->proto);

	for (unsigned i = 0; i < video->nformats; i++)
		if (words->offer ? i < video->noffered : i == video->chosen)
			err |= mbuf_printf(mb, " %u",
					   video->formats[i].rx_pt);
	err |= mbuf_write_str(mb, "\r\n");
	if (line->mid[0])
		err |= mbuf_printf(mb, "a=mid:%s\r\n", line->mid);
	return err | mbuf_printf(mb, "a=%s\r\n",
				 sdpm_dir_name((enum sdpm_dir)video->dir));
}

/* An association of its own: audio's tls-id names another one (RFC 8842, 4). */
static int own_write(struct mbuf *mb, const struct sdpm_local *local,
		     const struct sdpm_words *words)
{
	struct sdpm_words own = *words;

	own.client = words->video->video->client;
	own.tls_id = false;
	return sdpm_dtls_write(mb, local, &own);
}

int sdpm_video_write(struct mbuf *mb, const struct sdpm_local *local,
		     const struct sdpm_words *words)
{
	const struct sdpm_vlocal *ours = words->video;
	const struct sdpm_video *video = ours->video;
	int err = head_write(mb, local, words);

	err |= formats_write(mb, video, words->offer);
	err |= feedback_write(mb, video);
	err |= exts_write(mb, video);
	if (video->mux)
		err |= mbuf_write_str(mb, "a=rtcp-mux\r\n");
	if (video->rsize)
		err |= mbuf_write_str(mb, "a=rtcp-rsize\r\n");
	for (size_t i = 0; i < ours->nown; i++)
		err |= sdpm_crypto_write(mb, ours->tag + (uint32_t)i,
					 ours->own[i].suite,
					 ours->own[i].secret);
	if (words->profile != SDPM_BROWSER)
		return video->dtls ? err | own_write(mb, local, words) : err;

	if (words->offer)
		err |= mbuf_write_str(mb, "a=rtcp-mux-only\r\n");
	err |= sdpm_transport_write(mb, local, words);
	return err | streams_write(mb, local, ours->ssrc);
}
