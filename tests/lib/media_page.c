/*
 * media_page.c  Browser pages of a media_bed: their SDP, what they hear
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "tests/lib/media_bed.h"

static void page_destructor(void *data)
{
	struct media_page *page = data;

	mem_deref(page->mock);
	mem_deref(page->dec);
	mem_deref(page->pcm);
	packet_check_close(&page->check);
	packet_check_close(&page->vcheck);
}

static void listen_to(struct media_page *page, const uint8_t *pkt, size_t len)
{
	static int16_t frame[CODEC_SAMPLES_MAX];
	size_t count = 0;

	if (!page->dec || len < 12)
		return;
	if (page->codec->decode(page->dec, pkt + 12, len - 12, frame, &count))
		page->undecodable++;
	if (page->npcm + count > page->pcmcap)
		return;
	memcpy(page->pcm + page->npcm, frame, count * sizeof(frame[0]));
	page->npcm += count;
}

static void hear_video(struct media_page *page, const uint8_t *pkt, size_t len,
		       uint64_t index)
{
	page->vheard++;
	packet_check_add(&page->vcheck, pkt, len, index, page->bed->now_ms);
	if (page->videoh)
		page->videoh(pkt, len, page->arg);
}

static bool on_lose(const uint8_t *pkt, size_t len, void *arg)
{
	struct media_page *page = arg;
	bool lost = page->losing && page->vpt && len > 12 &&
		    (pkt[1] & 0x7f) == page->vpt &&
		    (pkt[2] << 8 | pkt[3]) == page->lose;

	if (lost)
		page->losing = false;
	return lost;
}

static void on_rtp(const uint8_t *pkt, size_t len, uint64_t index, void *arg)
{
	struct media_page *page = arg;

	if (page->vpt && (pkt[1] & 0x7f) == page->vpt) {
		hear_video(page, pkt, len, index);
		return;
	}
	page->heard++;
	page->heard_ms = page->bed->now_ms;
	packet_check_add(&page->check, pkt, len, index, page->bed->now_ms);
	listen_to(page, pkt, len);
	if (page->rtph)
		page->rtph(pkt, len, page->arg);
}

static void on_rtcp(const uint8_t *pkt, size_t len, uint64_t index, void *arg)
{
	struct media_page *page = arg;

	(void)index;
	page->heard_rtcp++;
	page->lastlen = len < sizeof(page->last) ? len : 0;
	memcpy(page->last, pkt, page->lastlen);
	if (page->rtcph)
		page->rtcph(pkt, len, page->arg);
}

struct media_page *media_page_open(struct media_bed *bed)
{
	struct media_page *page = mem_zalloc(sizeof(*page), page_destructor);
	struct mock_media_cfg cfg = {
		.wheel = bed->wheel,
		.no_loop = true,
		.rtph = on_rtp,
		.rtcph = on_rtcp,
		.loseh = on_lose,
		.arg = page,
	};
	size_t i = 0;

	if (!page)
		return NULL;
	packet_check_open(&page->check, 48000);
	page->check.ts_slack_ms = 60;
	packet_check_open(&page->vcheck, 90000);
	page->bed = bed;
	page->pt = 111;
	page->event = 110;
	page->rate = 48000;
	page->sending = true;
	page->ts = 0xffff0000u; /* wraps soon */
	while (i < MEDIA_PAGES_MAX && bed->pages[i])
		i++;
	if (i == MEDIA_PAGES_MAX || mock_media_alloc(&page->mock, &cfg))
		return mem_deref(page);
	bed->pages[i] = page;
	return page;
}

void media_page_narrow(struct media_page *page)
{
	page->narrow = true;
	page->pt = 8;
	page->event = 101;
	page->rate = 8000;
	packet_check_close(&page->check);
	packet_check_open(&page->check, 8000);
	page->check.ts_slack_ms = 60;
}

void media_page_passive(struct media_page *page)
{
	page->setup = "passive";
	mock_media_serve(page->mock);
}

static const char *page_formats(const struct media_page *page, bool answer)
{
	static char text[600];

	if (page->narrow)
		snprintf(text, sizeof(text),
			 "a=rtpmap:8 PCMA/8000\r\n"
			 "a=rtpmap:%u telephone-event/8000\r\n",
			 page->event);
	else
		snprintf(text, sizeof(text),
			 "a=rtpmap:%u opus/48000/2\r\n"
			 "a=fmtp:%u minptime=10;useinbandfec=1\r\n"
			 "a=rtpmap:8 PCMA/8000\r\n"
			 "%sa=rtpmap:%u telephone-event/48000\r\n",
			 page->pt, page->pt,
			 answer ? "" : "a=rtpmap:63 red/48000/2\r\n",
			 page->event);
	return text;
}

static bool find_line(const char *sdp, const char *prefix, char *value,
		      size_t size)
{
	const char *p = strstr(sdp, prefix);
	size_t n;

	if (!p)
		return false;
	p += strlen(prefix);
	n = strcspn(p, "\r\n");
	if (n >= size)
		return false;
	memcpy(value, p, n);
	value[n] = '\0';
	return true;
}

const char media_page_feedback[] =
	"a=rtcp-fb:* nack\r\na=rtcp-fb:* nack pli\r\n"
	"a=rtcp-fb:* ccm fir\r\na=rtcp-fb:* goog-remb\r\n"
	"a=rtcp-fb:* transport-cc\r\n"
	"a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-"
	"transport-wide-cc-extensions-01\r\n"
	"a=extmap:5 urn:3gpp:video-orientation\r\n";

/* The mid of the worker's m-line; "1" in an offer. */
static void video_mid(char mid[40], const struct media_page *page, bool answer)
{
	const char *at = answer ? strstr(page->sdp, "m=video ") : NULL;

	strcpy(mid, "1");
	if (at && !find_line(at, "a=mid:", mid, 40))
		strcpy(mid, "1");
}

static const char *video_lines(const struct media_page *page, bool answer)
{
	static char text[2048];
	char mid[40];

	if (!page->video || (answer && !strstr(page->sdp, "m=video ")))
		return "";
	video_mid(mid, page, answer);
	snprintf(text, sizeof(text),
		 "m=video 9 UDP/TLS/RTP/SAVPF %u\r\nc=IN IP4 0.0.0.0\r\n"
		 "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:%s\r\n"
		 "a=setup:%s\r\na=mid:%s\r\na=rtcp-mux\r\n"
		 "a=rtcp-rsize\r\na=%s\r\na=rtpmap:%u VP8/90000\r\n%s"
		 "a=ssrc:%u cname:page\r\n",
		 page->vpt ? page->vpt : 96, mock_media_ufrag(page->mock),
		 mock_media_pwd(page->mock), mock_media_fingerprint(page->mock),
		 answer ? "active" : "actpass", mid,
		 page->vdir ? page->vdir : "sendrecv",
		 page->vpt ? page->vpt : 96,
		 page->vextra ? page->vextra : media_page_feedback,
		 mock_media_video_ssrc(page->mock));
	return text;
}

const char *media_page_sdp(struct media_page *page, bool answer)
{
	const char *video = video_lines(page, answer);
	static char sdp[4096];
	char mid[40];

	video_mid(mid, page, answer);

	snprintf(sdp, sizeof(sdp),
		 "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n"
		 "s=-\r\nt=0 0\r\na=group:BUNDLE 0%s%s\r\n"
		 "m=audio 9 UDP/TLS/RTP/SAVPF %u%s %u\r\n"
		 "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
		 "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
		 "a=ice-options:trickle\r\na=fingerprint:%s\r\n"
		 "a=setup:%s\r\na=mid:0\r\na=rtcp-mux\r\n"
		 "%s%s"
		 "a=ssrc:%u cname:page\r\n%s",
		 *video ? " " : "", *video ? mid : "", page->pt,
		 page->narrow ? ""
		 : answer     ? " 8"
			      : " 63 8",
		 page->event, mock_media_ufrag(page->mock),
		 mock_media_pwd(page->mock), mock_media_fingerprint(page->mock),
		 page->setup ? page->setup
		 : answer    ? "active"
			     : "actpass",
		 page_formats(page, answer),
		 page->extra[0] ? page->extra : "a=sendrecv\r\n",
		 mock_media_ssrc(page->mock), video);
	return sdp;
}

/* The number in front of " name" in an rtpmap line. */
static uint8_t find_pt(const char *sdp, const char *name)
{
	const char *p = strstr(sdp, name);

	while (p && p > sdp && p[-1] != ':')
		p--;
	return p ? (uint8_t)atoi(p) : 0;
}

int media_page_take(struct media_page *page, const char *sdp, size_t len)
{
	struct mock_remote remote = {0};
	char ufrag[300], pwd[300], fp[300], cand[300], ip[64];
	unsigned port;

	if (len >= sizeof(page->sdp))
		return EOVERFLOW;
	memcpy(page->sdp, sdp, len);
	page->sdp[len] = '\0';
	if (!find_line(page->sdp, "a=ice-ufrag:", ufrag, sizeof(ufrag)) ||
	    !find_line(page->sdp, "a=ice-pwd:", pwd, sizeof(pwd)) ||
	    !find_line(page->sdp, "a=fingerprint:", fp, sizeof(fp)) ||
	    !find_line(page->sdp, "a=candidate:", cand, sizeof(cand)) ||
	    sscanf(cand, "%*s %*s %*s %*s %63s %u", ip, &port) != 2)
		return EBADMSG;

	page->pt =
		find_pt(page->sdp, page->narrow ? " PCMA/8000" : " opus/48000");
	page->event =
		find_pt(page->sdp, page->narrow ? " telephone-event/8000"
						: " telephone-event/48000");
	page->vpt = page->video && !strstr(page->sdp, "m=video 0 ")
			    ? find_pt(page->sdp, " VP8/90000")
			    : 0;
	remote.ufrag = ufrag;
	remote.pwd = pwd;
	remote.fingerprint = fp;
	sa_set_str(&remote.addr, ip, (uint16_t)port);
	return mock_media_connect(page->mock, &remote);
}

int media_page_record(struct media_page *page, const struct codec *codec,
		      unsigned seconds)
{
	mem_deref(page->dec);
	mem_deref(page->pcm);
	page->codec = codec;
	page->npcm = 0;
	page->pcmcap = (size_t)seconds * codec->rate;
	page->pcm = mem_alloc(page->pcmcap * sizeof(int16_t), NULL);
	return page->pcm ? codec->dec_alloc(&page->dec) : ENOMEM;
}
