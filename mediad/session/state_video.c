/*
 * state_video.c  The video of a leg as it stands in the state file
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/id.h"
#include "mediad/session/state_image.h"
#include "mediad/session/state_video.h"

_Static_assert((int)STATE_VIDEO_MAX <= (int)STATE_DATA_MAX,
	       "video fits into a record");

bool state_video_is(const uint8_t *data, size_t len)
{
	return len && data[0] == STATE_VIDEO;
}

/* A bool that holds neither 0 nor 1 may not even be read. */
static bool is_bool(const bool *b)
{
	uint8_t v;

	memcpy(&v, b, sizeof(v));
	return v <= 1;
}

size_t state_video_pack(uint8_t *buf, const struct state_video *video)
{
	return state_pack(buf, STATE_VIDEO, video, sizeof(*video));
}

int state_video_unpack(struct state_video *video, const uint8_t *data,
		       size_t len)
{
	if (state_unpack(video, sizeof(*video), STATE_VIDEO, data, len) ||
	    !video->leg ||
	    video->leg > SESSION_LEGS_MAX || video->on > 1 ||
	    video->session[SESSION_ID_LEN] ||
	    !id_valid(video->session, SESSION_ID_LEN) ||
	    !is_bool(&video->agreed.rsize) || !is_bool(&video->agreed.mux) ||
	    !is_bool(&video->agreed.dtls) || !is_bool(&video->agreed.client) ||
	    !is_bool(&video->agreed.anew) ||
	    !sdpm_video_sound(&video->agreed))
		return EBADMSG;
	sa_init(&video->agreed.rtp, AF_UNSPEC);
	sa_init(&video->agreed.rtcp, AF_UNSPEC);
	return 0;
}
