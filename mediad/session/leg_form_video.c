/*
 * leg_form_video.c  The video of a leg's form
 *
 * `video=` line, both directions, feedback, the format agreed on; a `vformat=`
 * for each format whose payload type is given away, in order; `vext=` numbers
 * of header extensions. No SSRCs, addresses or keys: those are new.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "mediad/session/leg_form_priv.h"

enum {
	EXT_MAX = 14 /* RFC 8285, 4.2 */
};

int leg_form_video_print(struct re_printf *pf, const struct sdpm_video *video)
{
	int err = re_hprintf(pf, " video=%u,%u,%u,%u,%u", video->line,
			     video->dir, video->theirs, video->feedback,
			     video->chosen);

	for (unsigned i = 0; i < video->nformats && !err; i++) {
		const struct sdpm_vformat *f = &video->formats[i];
		const unsigned profile = (unsigned)f->profile[0] << 16 |
					 (unsigned)f->profile[1] << 8 |
					 f->profile[2];

		err = re_hprintf(pf, " vformat=%u,%u,%u,%u,%u", f->codec,
				 f->mode, profile, f->rx_pt, f->tx_pt);
	}
	if (err)
		return err;
	return re_hprintf(pf, " vext=%u,%u,%u", video->ext[SDPM_EXT_TWCC],
			  video->ext[SDPM_EXT_SENT], video->ext[SDPM_EXT_TURN]);
}

int leg_form_video(const struct leg_form *form, const struct pl *part,
		   unsigned nparts)
{
	struct sdpm_video *video = form->video;
	uint64_t line, dir, theirs, feedback, chosen;

	if (nparts != 5 || leg_form_num(&line, &part[0], SDPM_MEDIA_MAX - 1) ||
	    leg_form_num(&dir, &part[1], SDPM_SENDRECV) ||
	    leg_form_num(&theirs, &part[2], SDPM_SENDRECV) ||
	    leg_form_num(&feedback, &part[3], SDPM_FB_ALL) ||
	    leg_form_num(&chosen, &part[4], SDPM_VFORMATS_MAX - 1))
		return EBADMSG;
	video->line = (uint8_t)line;
	video->dir = (uint8_t)dir;
	video->theirs = (uint8_t)theirs;
	video->feedback = (uint8_t)feedback;
	video->chosen = (uint8_t)chosen;
	return 0;
}

int leg_form_vformat(const struct leg_form *form, const struct pl *part,
		     unsigned nparts)
{
	struct sdpm_video *video = form->video;
	uint64_t codec, mode, profile, rx, tx;

	if (nparts != 5 || video->nformats == SDPM_VFORMATS_MAX ||
	    leg_form_num(&codec, &part[0], SDPM_VCODECS - 1) ||
	    leg_form_num(&mode, &part[1], UINT8_MAX) ||
	    leg_form_num(&profile, &part[2], 0xffffff) ||
	    leg_form_num(&rx, &part[3], 127) ||
	    leg_form_num(&tx, &part[4], 127))
		return EBADMSG;
	video->formats[video->nformats++] = (struct sdpm_vformat){
		.codec = (uint8_t)codec,
		.mode = (uint8_t)mode,
		.profile = {(uint8_t)(profile >> 16), (uint8_t)(profile >> 8),
			    (uint8_t)profile},
		.rx_pt = (uint8_t)rx,
		.tx_pt = (uint8_t)tx,
	};
	return 0;
}

int leg_form_vext(const struct leg_form *form, const struct pl *part,
		  unsigned nparts)
{
	uint64_t num[SDPM_VEXTS];

	if (nparts != SDPM_VEXTS)
		return EBADMSG;
	for (unsigned i = 0; i < SDPM_VEXTS; i++) {
		if (leg_form_num(&num[i], &part[i], EXT_MAX))
			return EBADMSG;
		form->video->ext[i] = (uint8_t)num[i];
	}
	return 0;
}

int leg_form_video_check(const struct leg_form *form)
{
	const struct sdpm_layout *layout = &form->choice->layout;
	const struct sdpm_video *video = form->video;

	if (!video->nformats)
		return 0;
	return sdpm_video_sound(video) && video->line < layout->nlines &&
			       layout->lines[video->line].kind == SDPM_VIDEO
		       ? 0
		       : EBADMSG;
}
