/*
 * sdp_video_dtls.c  Video whose keys come by DTLS without ICE (RFC 5763)
 *
 * Each m-line is a transport with an association of its own (RFC 8842, 5.1).
 * An endpoint has one certificate: an m-line that names another one is refused.
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/sdp/sdp_video_priv.h"

bool sdpm_video_dtls_fits(const struct sdpm_media *media,
			  const struct sdpm_choice *choice)
{
	struct sdpm_peer peer = {0};

	sdpm_prints_read(&peer, &media->transport);
	return sdpm_prints_same(&peer, &choice->peer);
}

static bool has_moved(const struct sa *was, const struct sa *now)
{
	return was && sa_isset(was, SA_ADDR) && sa_isset(now, SA_ADDR) &&
	       !sa_cmp(was, now, SA_ALL);
}

/* As audio's does, by its own address: that audio moved alone, without
 * another certificate, is no matter of video. */
void sdpm_video_dtls_read(struct sdpm_video *video,
			  const struct sdpm_media *media,
			  const struct sdpm_choice *choice,
			  const struct sa *was)
{
	const struct sdpm_transport *tp = &media->transport;
	const struct sdpm_change *change = &choice->change;
	const bool moved = has_moved(was, &video->rtp);
	const bool before = video->client;

	video->dtls = true;
	video->anew = (change->dtls_restart && (moved || !change->address)) ||
		      (moved && !tp->tls_id.l);
	video->client = tp->setup == SDPM_PASSIVE ||
			(tp->setup == SDPM_ACTPASS && !video->anew && before);
}
