/*
 * fuzz_state.c  The loader of the state file: records and the image around
 *
 * Input: a byte that says what is damaged (0: a record behind its checksum, 1:
 * the whole image), then patches: offset (2 bytes), length (1), bytes. They are
 * applied to a sound one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>
#include <re.h>

#include "mediad/session/state_leg.h"
#include "tests/lib/fuzz.h"

enum {
	COUNT = 2,
	SIZE = (COUNT + 2) * STATE_STRIDE
};

static const struct state_geometry GEO = {"f1/1", COUNT, 1};

static void sound_choice(struct sdpm_choice *choice)
{
	choice->profile = SDPM_BROWSER;
	choice->dir = SDPM_SENDRECV;
	choice->rtcp_mux = true;
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

/* What was found good must serve: an answer is written from it. */
static void use(struct state_leg *leg)
{
	struct mbuf *mb = mbuf_alloc(1024);
	struct lite *lite = NULL;
	struct sa addr;

	sa_set_str(&addr, "192.0.2.1", 4000);
	assert(mb && !sdpm_local_add_host(&leg->local, &addr));
	assert(!sdpm_write_answer(mb, &leg->local, &leg->choice));
	mem_deref(mb);
	if (!lite_import(&lite, &leg->path.web.lite, 1000))
		mem_deref(lite);
	(void)replay_sound(&leg->path.web.replay);
}

static void take(const uint8_t *data, size_t len)
{
	uint8_t again[sizeof(struct state_leg)];
	struct state_leg leg, copy;

	if (state_leg_unpack(&leg, data, len))
		return;
	assert(state_leg_pack(again, &leg) == len);
	assert(!state_leg_unpack(&copy, again, len));
	if (leg.resumable)
		use(&leg);
}

static void damaged_record(const uint8_t *data, size_t size)
{
	uint8_t buf[sizeof(struct state_leg)];
	struct state_leg leg;
	size_t len;

	sound_leg(&leg);
	len = state_leg_pack(buf, &leg);
	assert(!state_leg_unpack(&leg, buf, len));
	patch(buf, len, data, size);
	take(buf, len);
	if (size)
		take(buf, len - data[0] % len);
}

static void damaged_image(const uint8_t *data, size_t size)
{
	static uint8_t image[SIZE];
	uint8_t buf[sizeof(struct state_leg)];
	const uint8_t *rec;
	struct state_leg leg;
	size_t len;

	memset(image, 0, sizeof(image));
	state_image_make(image, &GEO);
	sound_leg(&leg);
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
		damaged_image(data + 1, size - 1);
	else
		damaged_record(data + 1, size - 1);
	return 0;
}
