/*
 * media_cam.h  The camera of a media_page: VP8 packets, and what is said
 *              about them
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_MEDIA_CAM_H
#define TESTS_LIB_MEDIA_CAM_H

#include "tests/lib/media_bed.h"

enum {
	MEDIA_CAM_PACKETS = 3, /* of a picture */
	MEDIA_CAM_MS = 40,
	MEDIA_CAM_PT = 96,
};

/* A page's camera, and what it is told. */
struct media_cam {
	struct media_page *page;
	uint32_t ssrc, ts;
	uint16_t seq;
	bool covered, called;
	bool skips;          /* one packet is lost on its way to us */
	/* RTCP about what we send: */
	unsigned plis, firs, nacks, rembs, twccs;
	uint16_t nacked;
	uint32_t about;
	uint8_t exts[64]; /* header extension of the latest packet heard */
	unsigned markers;
};

void media_put(uint8_t *p, uint32_t v, unsigned bytes);
uint32_t media_get(const uint8_t *p, unsigned bytes);

/* A page of its own, with video. */
void media_cam_open(struct media_cam *cam, struct media_bed *bed);
/* One that will be called. */
void media_cam_called(struct media_cam *cam, struct media_bed *bed);
/* A picture, when there is somebody to send it to. */
void media_cam_send(struct media_cam *cam);
/* Time passes, and cameras send. */
void media_cam_run(struct media_bed *bed, struct media_cam *cams, size_t n,
		   unsigned ms);
/* RTCP feedback about the stream that the page hears. */
void media_cam_tell(struct media_cam *cam, uint8_t kind, uint8_t fmt,
		    const void *fci, size_t len);
void media_cam_clear(struct media_cam *cam);

#endif
