/*
 * path_web_state.c  A browser's path for the state file, and back
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

#include "mediad/transport/path_web_priv.h"

int path_web_export(const struct path *path, struct path_web_state *state)
{
	const struct path_web *pw = path_web_self(path);
	const struct hs_keys *keys = &pw->dtls.keys;

	if (!path_rung_ms(path, PATH_MEDIA) || !pw->rx)
		return EAGAIN;

	memset(state, 0, sizeof(*state));
	lite_export(pw->lite, &state->lite);
	state->replay = pw->replay;
	state->suite = (uint16_t)keys->suite;
	memcpy(state->rx_key, keys->rx_key, CRYPT_KEY_LEN);
	memcpy(state->rx_salt, keys->rx_salt, CRYPT_SALT_MAX);
	memcpy(state->tx_key, keys->tx_key, CRYPT_KEY_LEN);
	memcpy(state->tx_salt, keys->tx_salt, CRYPT_SALT_MAX);
	memcpy(state->tx_ssrc, pw->dtls.tx_ssrc, sizeof(state->tx_ssrc));
	memcpy(state->tx_base, pw->dtls.tx_base, sizeof(state->tx_base));
	memcpy(state->peer_md, pw->assoc.md, sizeof(state->peer_md));
	state->dtls_client = pw->assoc.client;
	state->dtls_open = pw->assoc.wanted;
	return 0;
}

static bool bases_sound(const struct path_web_state *state)
{
	for (unsigned i = 0; i < PATH_STREAMS_MAX; i++)
		if (state->tx_base[i] & 0xffff || state->tx_base[i] >> 48)
			return false;

	return true;
}

static int import_keys(struct path_web *pw, const struct path_web_state *state)
{
	struct hs_keys keys = {.suite = (enum crypt_suite)state->suite};
	int err;

	if (crypt_key_len(keys.suite) != CRYPT_KEY_LEN ||
	    !replay_sound(&state->replay) || !bases_sound(state) ||
	    state->dtls_client > 1 || state->dtls_open > 1)
		return EBADMSG;

	memcpy(keys.rx_key, state->rx_key, CRYPT_KEY_LEN);
	memcpy(keys.rx_salt, state->rx_salt, CRYPT_SALT_MAX);
	memcpy(keys.tx_key, state->tx_key, CRYPT_KEY_LEN);
	memcpy(keys.tx_salt, state->tx_salt, CRYPT_SALT_MAX);
	err = path_web_keys_set(pw, &keys);
	memcpy(pw->dtls.tx_ssrc, state->tx_ssrc, sizeof(state->tx_ssrc));
	memcpy(pw->dtls.tx_base, state->tx_base, sizeof(state->tx_base));
	OPENSSL_cleanse(&keys, sizeof(keys));
	return err;
}

static int import_addresses(struct path_web *pw)
{
	const struct lite_creds *former = lite_former(pw->lite);
	struct sa addr;
	uint8_t sock;
	int err = path_web_name_add(pw, lite_local(pw->lite));

	if (!err && former)
		err = path_web_name_add(pw, former);
	if (err)
		return err == EEXIST ? EADDRINUSE : err;
	for (unsigned i = 0; lite_pair(pw->lite, i, &addr, &sock); i++)
		path_web_tuple_add(pw, &addr, sock);
	return 0;
}

int path_web_import(struct path **pathp, const struct path_web_env *env,
		    const char *call, const struct path_web_state *state,
		    const struct path_handlers *handlers, void *arg)
{
	const struct assoc_record record = {
		.md = state->peer_md,
		.client = state->dtls_client,
		.open = state->dtls_open,
	};
	uint64_t now_ms = wheel_now(env->wheel);
	struct path_web *pw;
	int err = path_web_make(&pw, env, call, handlers, arg);

	if (err)
		return err;
	err = lite_import(&pw->lite, &state->lite, now_ms);
	if (!err)
		err = import_keys(pw, state);
	if (!err)
		err = assoc_resume(&pw->assoc, &record);
	if (!err)
		err = import_addresses(pw);
	if (err) {
		mem_deref(pw);
		return err;
	}
	pw->replay = state->replay;
	for (unsigned rung = PATH_STUN; rung < PATH_RUNGS; rung++)
		path_climb(&pw->base, rung, now_ms);
	path_web_consent_start(pw);
	*pathp = &pw->base;
	return 0;
}

int path_web_known(struct path *path, const struct cert_fp *fps, size_t nfps)
{
	struct path_web *pw = path_web_self(path);
	const struct assoc_remote remote = {
		.fps = fps,
		.nfps = nfps,
		.client = pw->assoc.client,
	};
	int err = assoc_fps_ok(&remote) ? assoc_remote(&pw->assoc, &remote)
					: EINVAL;

	if (!err && lite_settled(pw->lite))
		assoc_ready(&pw->assoc); /* one that was awaited */
	return err;
}
