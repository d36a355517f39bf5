/*
 * fuzz_stun.c  STUN messages, and steps of the ICE-lite agent
 *
 * Input: one message; or, behind a first byte of 0xff (no STUN message begins
 * so), steps of a flag byte, a length byte (in 4 bytes) and a message. Flags:
 * 1 sign with the right password, 2 with the former one, 4 a source of its
 * own, 8 time passes, 16 restart.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "mediad/transport/lite.h"
#include "mediad/transport/lite_stun.h"
#include "tests/lib/fuzz.h"

enum {
	SIGN = 1,
	SIGN_OLD = 2,
	OTHER = 4,
	LATER = 8,
	RESTART = 16
};

static void one_message(const uint8_t *data, size_t size)
{
	struct lite_stun st;
	struct pl ufrag, local, remote;

	if (lite_stun_read(&st, data, size))
		return;
	assert(size >= 20 && size % 4 == 0);
	assert(st.nunknown <= LITE_STUN_UNKNOWN_MAX);
	(void)lite_stun_authentic(&st, data, "VOkJxbRl1RmTxUk/WvJxBt");
	if (!lite_stun_user(&st, &local, &remote))
		assert(local.l + remote.l + 1 == st.username.l);
	if (!lite_route(&ufrag, data, size))
		assert((const uint8_t *)ufrag.p >= data &&
		       (const uint8_t *)ufrag.p + ufrag.l <= data + size);
}

/* Header, the fuzzed attributes, MESSAGE-INTEGRITY, FINGERPRINT. */
static size_t sign(uint8_t *msg, size_t len, const char *pwd)
{
	struct lite_stun_out out = {.msg = msg, .len = len, .cap = 1280};

	return len < 20 ? 0 : lite_stun_end(&out, pwd);
}

static void check_result(const struct lite *lite, const struct lite_check *chk,
			 const struct lite_result *res, bool is_signed)
{
	struct lite_stun st;

	assert(res->len <= LITE_REPLY_MAX);
	if (res->len)
		assert(!lite_stun_read(&st, res->reply, res->len));
	if (res->verdict >= LITE_VALID) {
		/* nobody guesses a password of 24 characters */
		assert(is_signed && st.type == LITE_STUN_SUCCESS);
		assert(lite_is_valid(lite, &chk->src, chk->sock));
	} else {
		assert(!res->added && !res->evicted && !res->old_ended);
		assert(!res->len || st.code >= 400);
		assert(is_signed || res->len <= chk->len);
	}
}

static void step(struct lite *lite, uint8_t flags, const uint8_t *data,
		 size_t len, uint64_t *now_ms)
{
	const struct lite_creds *old = lite_former(lite);
	struct lite_check chk = {.len = len};
	struct lite_creds ended;
	struct lite_result res;
	uint8_t *msg = malloc(1280);

	if (len)
		memcpy(msg, data, len);
	if (flags & SIGN)
		chk.len = sign(msg, len, lite_local(lite)->pwd);
	else if (flags & SIGN_OLD && old)
		chk.len = sign(msg, len, old->pwd);
	if (flags & LATER)
		*now_ms += 700;
	sa_set_str(&chk.src, "192.0.2.1", flags & OTHER ? flags : 5000);
	chk.now_ms = *now_ms;
	chk.msg = msg;
	lite_recv(lite, &chk, &res);
	check_result(lite, &chk, &res, flags & (SIGN | SIGN_OLD));
	if (flags & RESTART)
		lite_restart(lite, &ended);
	free(msg);
}

static void steps(const uint8_t *data, size_t size)
{
	struct lite_state state = {.selected = -1};
	struct lite *lite = NULL;
	uint64_t now_ms = 1000;

	str_ncpy(state.cur.local.ufrag, "abcdefghijkl",
		 sizeof(state.cur.local.ufrag));
	str_ncpy(state.cur.local.pwd, "abcdefghijklmnopqrstuvwx",
		 sizeof(state.cur.local.pwd));
	str_ncpy(state.cur.remote, "Brow", sizeof(state.cur.remote));
	if (lite_import(&lite, &state, now_ms))
		return;
	while (size >= 2) {
		size_t len = data[1] * 4u;

		if (len > size - 2)
			len = size - 2;
		step(lite, data[0], data + 2, len, &now_ms);
		data += 2 + len;
		size -= 2 + len;
	}
	lite_export(lite, &state);
	lite = mem_deref(lite);
	assert(!lite_import(&lite, &state, now_ms));
	mem_deref(lite);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] == 0xff)
		steps(data + 1, size - 1);
	else
		one_message(data, size);
	return 0;
}
