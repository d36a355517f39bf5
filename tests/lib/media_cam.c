/*
 * media_cam.c  The camera of a media_page
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "tests/lib/media_cam.h"

void media_put(uint8_t *p, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
}

uint32_t media_get(const uint8_t *p, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

/* With TWCC as 3, an element that nobody agreed on, and an orientation as 5;
 * who was called has our numbers, 1 and 3. */
static void packet_send(struct media_cam *cam, bool last)
{
	uint8_t pkt[700] = {0x90, cam->page->vpt};

	pkt[1] |= last ? 0x80 : 0;
	media_put(pkt + 2, cam->seq, 2);
	media_put(pkt + 4, cam->ts, 4);
	media_put(pkt + 8, cam->ssrc, 4);
	media_put(pkt + 12, 0xbede0002, 4);
	media_put(pkt + 16, (cam->called ? 0x11000000u : 0x31000000u) | (uint32_t)cam->seq << 8 | 0x70, 4);
	media_put(pkt + 20, cam->called ? 0x99300100 : 0x99500100, 4);
	memset(pkt + 24, cam->seq & 0xff, sizeof(pkt) - 24);
	cam->seq++;
	if (cam->skips)
		cam->skips = false;
	else
		(void)mock_media_send_rtp(cam->page->mock, pkt, sizeof(pkt));
}

void media_cam_send(struct media_cam *cam)
{
	cam->ts += 90 * MEDIA_CAM_MS;
	if (cam->covered || !cam->page->vpt ||
	    !mock_media_ready(cam->page->mock))
		return;
	for (unsigned i = 1; i <= MEDIA_CAM_PACKETS; i++)
		packet_send(cam, i == MEDIA_CAM_PACKETS);
}

static void on_video(const uint8_t *pkt, size_t len, void *arg)
{
	struct media_cam *cam = arg;

	memset(cam->exts, 0, sizeof(cam->exts));
	if (pkt[0] & 0x10 && len >= 12 + sizeof(cam->exts))
		memcpy(cam->exts, pkt + 12, sizeof(cam->exts));
	cam->markers += pkt[1] >> 7;
}

static void part_seen(struct media_cam *cam, const uint8_t *p, size_t len)
{
	unsigned fmt = p[0] & 31;

	if (p[1] < 205 || p[1] > 206 || len < 12)
		return;
	cam->about = media_get(p + 8, 4);
	if (p[1] == 205 && fmt == 1) {
		cam->nacks++;
		cam->nacked = (uint16_t)media_get(p + 12, 2);
	} else if (p[1] == 205 && fmt == 15) {
		cam->twccs++;
	} else if (fmt == 1) {
		cam->plis++;
	} else if (fmt == 4) {
		cam->firs++;
		cam->about = media_get(p + 12, 4);
	} else if (fmt == 15) {
		cam->rembs++;
		cam->about = media_get(p + 20, 4);
	}
}

static void on_rtcp(const uint8_t *pkt, size_t len, void *arg)
{
	while (len >= 8) {
		size_t size = 4 * (media_get(pkt + 2, 2) + 1);

		if (size > len)
			return;
		part_seen(arg, pkt, size);
		pkt += size;
		len -= size;
	}
}

/* In its answer: the numbers of our offer. */
static const char called_extra[] =
	"a=rtcp-fb:* nack\r\na=rtcp-fb:* nack pli\r\n"
	"a=rtcp-fb:* ccm fir\r\na=rtcp-fb:* goog-remb\r\n"
	"a=rtcp-fb:* transport-cc\r\n"
	"a=extmap:1 http://www.ietf.org/id/draft-holmer-rmcat-"
	"transport-wide-cc-extensions-01\r\n"
	"a=extmap:3 urn:3gpp:video-orientation\r\n";

void media_cam_open(struct media_cam *cam, struct media_bed *bed)
{
	memset(cam, 0, sizeof(*cam));
	cam->page = media_page_open(bed);
	if (!cam->page)
		abort(); /* no memory, no socket: nothing can be tried */
	cam->page->video = true;
	cam->page->videoh = on_video;
	cam->page->rtcph = on_rtcp;
	cam->page->arg = cam;
	cam->ssrc = mock_media_video_ssrc(cam->page->mock);
	cam->seq = 65500; /* wraps soon */
	cam->ts = 0xffff0000u;
}

void media_cam_called(struct media_cam *cam, struct media_bed *bed)
{
	media_cam_open(cam, bed);
	cam->called = true;
	cam->page->vextra = called_extra;
}

void media_cam_run(struct media_bed *bed, struct media_cam *cams, size_t n, unsigned ms)
{
	for (unsigned t = 0; t < ms; t += MEDIA_CAM_MS) {
		for (size_t i = 0; i < n; i++)
			media_cam_send(&cams[i]);
		media_bed_run(bed, MEDIA_CAM_MS);
	}
}

/* What is said about the stream that a page hears. */
void media_cam_tell(struct media_cam *cam, uint8_t kind, uint8_t fmt,
			  const void *fci, size_t len)
{
	uint8_t pkt[200] = {0x80 | fmt, kind};

	media_put(pkt + 2, (uint32_t)(len / 4 + 2), 2);
	media_put(pkt + 4, cam->ssrc, 4);
	media_put(pkt + 8, cam->page->vcheck.ssrc, 4);
	if (len)
		memcpy(pkt + 12, fci, len);
	(void)mock_media_send_rtcp(cam->page->mock, pkt, 12 + len);
}

void media_cam_clear(struct media_cam *cam)
{
	cam->plis = cam->firs = cam->nacks = cam->rembs = cam->twccs = 0;
}
