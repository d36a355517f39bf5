/*
 * lite_state.c  An ICE-lite agent for the state file, and back
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/transport/lite_priv.h"

static void addr_export(struct lite_addr *out, const struct lite_pair *pair)
{
	memset(out, 0, sizeof(*out));
	if (!pair->used)
		return;

	out->sock = pair->sock;
	out->port = sa_port(&pair->addr);
	out->priority = pair->priority;
	if (sa_af(&pair->addr) == AF_INET) {
		uint32_t in = sa_in(&pair->addr);

		out->family = 4;
		memcpy(out->addr, &in, sizeof(in));
	} else {
		out->family = 6;
		sa_in6(&pair->addr, out->addr);
	}
}

void lite_export(const struct lite *lite, struct lite_state *state)
{
	memset(state, 0, sizeof(*state));
	state->cur = lite->cur;
	state->old = lite->old;
	state->selected = (int8_t)lite->selected;
	state->settled = lite->cur_selected;
	for (unsigned i = 0; i < LITE_PAIRS_MAX; i++)
		addr_export(&state->pairs[i], &lite->pairs[i]);
}

static int addr_import(struct lite_pair *pair, const struct lite_addr *in,
		       uint64_t now_ms)
{
	uint32_t v4;

	switch (in->family) {
	case 0:
		return 0;
	case 4:
		memcpy(&v4, in->addr, sizeof(v4));
		sa_set_in(&pair->addr, v4, in->port);
		break;
	case 6:
		sa_set_in6(&pair->addr, in->addr, in->port);
		break;
	default:
		return EBADMSG;
	}
	pair->used = true;
	pair->sock = in->sock;
	pair->priority = in->priority;
	pair->heard_ms = pair->nominated_ms = now_ms;
	return in->port ? 0 : EBADMSG;
}

static bool text_ok(const char *text, size_t size, size_t min)
{
	size_t len = strnlen(text, size);

	return len < size && len >= min && lite_chars_ok(text, len);
}

static bool gen_ok(const struct lite_gen *gen, bool optional)
{
	size_t ufrag = LITE_UFRAG_LEN, pwd = LITE_PWD_LEN;

	if (optional && !gen->local.ufrag[0])
		ufrag = pwd = 0;
	return text_ok(gen->local.ufrag, sizeof(gen->local.ufrag), ufrag) &&
	       text_ok(gen->local.pwd, sizeof(gen->local.pwd), pwd) &&
	       text_ok(gen->remote, sizeof(gen->remote), 0);
}

static bool pairs_ok(const struct lite *lite)
{
	if (lite->selected < -1 || lite->selected >= LITE_PAIRS_MAX ||
	    (lite->selected >= 0 && !lite->pairs[lite->selected].used))
		return false;

	for (unsigned i = 1; i < LITE_PAIRS_MAX; i++) {
		if (lite->pairs[i].used && !lite->pairs[i - 1].used)
			return false;
	}
	return true;
}

int lite_import(struct lite **litep, const struct lite_state *state,
		uint64_t now_ms)
{
	struct lite *lite;
	struct pl ufrag;
	int slot, err = 0;

	if (!gen_ok(&state->cur, false) || !gen_ok(&state->old, true))
		return EBADMSG;
	lite = mem_zalloc(sizeof(*lite), NULL);
	if (!lite)
		return ENOMEM;

	pl_set_str(&ufrag, state->cur.local.ufrag);
	slot = lite_slot(&ufrag);
	lite->slot = slot < 0 ? 0 : (uint8_t)slot;
	lite->cur = state->cur;
	lite->old = state->old;
	lite->selected = state->selected;
	lite->cur_selected = state->settled;
	lite->heard_ms = now_ms;
	for (unsigned i = 0; i < LITE_PAIRS_MAX && !err; i++)
		err = addr_import(&lite->pairs[i], &state->pairs[i], now_ms);
	if (!err && !pairs_ok(lite))
		err = EBADMSG;
	if (err)
		mem_deref(lite);
	else
		*litep = lite;
	return err;
}
