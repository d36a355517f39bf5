/*
 * fuzz_state.c  The loader of the state file: records and the image around
 *
 * Input: a byte that says what is damaged (bit 0 clear: a record behind its
 * checksum, else the whole image; bit 1: of a leg of plain RTP, with bit 2 by
 * DTLS, bits 3 and 4: whose RTP has keys, whose RTCP has some), then
 * patches: offset (2 bytes), length (1), bytes. They are
 * applied to a sound one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/session/state_leg.h"
#include "mediad/transport/cert.h"
#include "mediad/transport/hs.h"
#include "mediad/transport/hub.h"
#include "tests/lib/fuzz.h"

enum {
	COUNT = 2,
	SIZE = (COUNT + 3) * STATE_STRIDE, /* state_image_size() */
	RTP_PORT = 5998
};

static const struct state_geometry GEO = {"f1/1", COUNT, 1};

static void sound_choice(struct sdpm_choice *choice)
{
	choice->profile = SDPM_BROWSER;
	choice->dir = SDPM_SENDRECV;
	choice->rtcp_mux = true;
	choice->dtls = true;
	choice->nmaps = 2;
	choice->event = 1;
	choice->maps[0] = (struct sdpm_map){SDPM_OPUS, 48000, 111, 96};
	choice->maps[1] = (struct sdpm_map){SDPM_EVENT, 48000, 110, 97};
	choice->layout.nlines = 2;
	strcpy(choice->layout.lines[0].type, "audio");
	strcpy(choice->layout.lines[0].proto, "UDP/TLS/RTP/SAVPF");
	strcpy(choice->layout.lines[0].mid, "0");
	choice->layout.lines[1] = choice->layout.lines[0];
	choice->peer.nprints = 1;
	choice->peer.prints[0] = (struct sdpm_print){SDPM_SHA256, 32, {7}};
	strcpy(choice->peer.ufrag, "abcd");
	strcpy(choice->peer.pwd, "0123456789012345678901");
}

static void sound_leg(struct state_leg *leg)
{
	memset(leg, 0, sizeof(*leg));
	strcpy(leg->session, "00000000000000a1");
	strcpy(leg->call, "00000000000000ca");
	strcpy(leg->tenant, "test");
	leg->leg = 1;
	leg->resumable = 1;
	strcpy(leg->local.ufrag, "wxyz");
	strcpy(leg->local.pwd, "9876543210987654321098");
	leg->local.print = (struct sdpm_print){SDPM_SHA256, 32, {9}};
	strcpy(leg->path.web.lite.cur.local.ufrag, "wxyz");
	strcpy(leg->path.web.lite.cur.local.pwd, "9876543210987654321098");
	strcpy(leg->path.web.lite.cur.remote, "abcd");
	leg->path.web.lite.selected = -1;
	leg->path.web.suite = CRYPT_AEAD_AES_128_GCM;
	sound_choice(&leg->choice);
}

/* A PBX instead of a browser. */
static void sound_rtp(struct state_leg *leg)
{
	struct path_rtp_state *rtp = &leg->path.rtp;
	const struct path_rtp_addr addr = {4, {1, 0, 0, 127}, 4000};

	leg->choice.profile = SDPM_RTP;
	leg->choice.dtls = false;
	leg->choice.theirs = SDPM_SENDRECV;
	strcpy(leg->choice.layout.lines[0].proto, "RTP/AVP");
	leg->ncodecs = 2;
	leg->codecs[0] = SDPM_PCMA;
	leg->codecs[1] = SDPM_OPUS;
	memset(rtp, 0, sizeof(*rtp));
	rtp->local = addr;
	rtp->local.port = RTP_PORT;
	rtp->said[0] = rtp->said[1] = rtp->from[0] = addr;
	rtp->policy = SOURCE_NETWORK;
	rtp->nnets = 1;
	rtp->nets[0] = (struct path_rtp_net){addr, 8};
	rtp->pts[0] = 1 << 8;
}

/* Each association that has no keys is awaited. */
static void sound_dtls(struct state_leg *leg, bool rtp_keys, bool rtcp_keys)
{
	struct path_rtp_state *rtp = &leg->path.rtp;

	leg->choice.profile = SDPM_DTLS;
	leg->choice.dtls = true;
	strcpy(leg->choice.layout.lines[0].proto, "UDP/TLS/RTP/SAVP");
	rtp->dtls = 1 + rtcp_keys;
	rtp->open = !rtp_keys;
	if (rtp_keys)
		rtp->keys[0].suite = CRYPT_AEAD_AES_128_GCM;
	if (rtcp_keys)
		rtp->keys[1].suite = CRYPT_AEAD_AES_128_GCM;
}

static void sound_kind(struct state_leg *leg, uint8_t kind)
{
	sound_leg(leg);
	if (kind & 2)
		sound_rtp(leg);
	if ((kind & 6) == 6)
		sound_dtls(leg, kind & 8, kind & 16);
}

static struct hs_ctx *hs_ctx_of_all(void)
{
	static struct hs_ctx *ctx;
	struct cert *cert = NULL;

	if (!ctx) {
		assert(!cert_make(&cert) && !hs_ctx_alloc(&ctx, cert));
		mem_deref(cert);
	}
	return ctx;
}

static void patch(uint8_t *to, size_t size, const uint8_t *data, size_t len)
{
	while (len >= 3) {
		size_t at = (size_t)(data[0] << 8 | data[1]) % size;
		size_t n = data[2] < len - 3 ? data[2] : len - 3;

		n = n < size - at ? n : size - at;
		memcpy(to + at, data + 3, n);
		data += 3 + n;
		len -= 3 + n;
	}
}

static void use_rtp(const struct state_leg *leg)
{
	static const struct path_handlers handlers = {NULL};
	struct hub_iface iface = {.lo = RTP_PORT, .hi = RTP_PORT + 1};
	struct path_rtp_env env = {.hs_ctx = hs_ctx_of_all()};
	struct secure_keys keys = {.suite = CRYPT_NONE};
	const struct path_rtp_record record = {&leg->path.rtp, &keys,
						"00000000000000ca"};
	struct path_rtp_state again;
	struct path *path = NULL;
	struct sa rtp, rtcp;

	sa_set_str(&iface.bind, "127.0.0.1", 0);
	iface.advertise = iface.bind;
	assert(!wheel_alloc(&env.wheel, 1000));
	assert(!hub_alloc(&env.hub) && !hub_add(env.hub, &iface));
	if (leg->choice.peer.sdes.suite != SDPM_NO_SUITE) {
		keys.suite = CRYPT_AES_CM_128_SHA1_80;
		keys.base = leg->choice.peer.sdes.ours.base;
		keys.mki_len = leg->choice.peer.sdes.mki_len;
	}
	path_rtp_said(&leg->path.rtp, &rtp, &rtcp);
	if (!path_rtp_import(&path, &env, &record, &handlers, NULL)) {
		assert(!path_rtp_export(path, &again));
		(void)path_send_rtp(path, (const uint8_t *)"", 0, 0);
	}
	mem_deref(path);
	mem_deref(env.hub);
	mem_deref(env.wheel);
}

static void use_web(const struct state_leg *leg)
{
	struct lite *lite = NULL;

	if (!lite_import(&lite, &leg->path.web.lite, 1000))
		mem_deref(lite);
	(void)replay_sound(&leg->path.web.replay);
}

/* What was found good must serve: an answer is written from it. */
static void use(struct state_leg *leg)
{
	struct mbuf *mb = mbuf_alloc(1024);
	struct sdpm_host host = {.priority = 1};

	sa_set_str(&host.addr, "192.0.2.1", 4000);
	leg->local.nhosts = 1;
	leg->local.hosts = &host;
	assert(mb);
	assert(!sdpm_write_answer(mb, &leg->local, &leg->choice));
	mem_deref(mb);
	if (leg->choice.profile != SDPM_BROWSER)
		use_rtp(leg);
	else
		use_web(leg);
}

static void take(const uint8_t *data, size_t len)
{
	uint8_t again[STATE_LEG_MAX];
	struct state_leg leg, copy;

	if (state_leg_unpack(&leg, data, len))
		return;
	assert(!state_leg_unpack(&copy, again, state_leg_pack(again, &leg)));
	assert(!memcmp(&copy, &leg, sizeof(leg)));
	if (leg.resumable)
		use(&leg);
}

static void damaged_record(const uint8_t *data, size_t size, uint8_t kind)
{
	uint8_t buf[STATE_LEG_MAX];
	struct state_leg leg;
	size_t len;

	sound_kind(&leg, kind);
	len = state_leg_pack(buf, &leg);
	assert(!state_leg_unpack(&leg, buf, len));
	patch(buf, len, data, size);
	take(buf, len);
	if (size)
		take(buf, len - data[0] % len);
}

static void damaged_image(const uint8_t *data, size_t size, uint8_t kind)
{
	static uint8_t image[SIZE];
	uint8_t buf[STATE_LEG_MAX];
	const uint8_t *rec;
	struct state_leg leg;
	size_t len;

	assert(state_image_size(COUNT) == SIZE);
	memset(image, 0, sizeof(image));
	state_image_make(image, &GEO);
	sound_kind(&leg, kind);
	len = state_leg_pack(buf, &leg);
	state_image_write(image, 1, buf, len);
	patch(image, SIZE, data, size);
	if (state_image_check(image, SIZE, &GEO))
		return;
	state_image_recover(image);
	for (uint32_t nr = 0; nr < COUNT; nr++)
		if (!state_image_read(image, nr, &rec, &len))
			take(rec, len);
	state_image_write(image, 0, NULL, 0);
	assert(state_image_read(image, 0, &rec, &len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		damaged_image(data + 1, size - 1, data[0]);
	else
		damaged_record(data + 1, size - 1, data[0]);
	return 0;
}
