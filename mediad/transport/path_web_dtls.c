/*
 * path_web_dtls.c  A browser's path: its DTLS association, its keys
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

#include "mediad/transport/path_web_priv.h"

/* As server to where the latest datagram came from; as client to the pair in
 * use, and as long as there is none nowhere: it is sent again. */
static void on_send(const uint8_t *pkt, size_t len, void *arg)
{
	struct path_web *pw = arg;
	struct sa to = pw->dtls.to;
	uint8_t sock = pw->dtls.sock;
	size_t cap;
	uint8_t *out;

	if (pw->assoc.client && !lite_selected(pw->lite, &to, &sock))
		return;
	out = mux_slot(pw->env->mux, &cap);
	if (len > cap)
		return;
	memcpy(out, pkt, len);
	mux_push(pw->env->mux, sock, &to, len);
}

int path_web_keys_set(struct path_web *pw, const struct hs_keys *keys)
{
	struct crypt *rx = NULL, *tx = NULL;
	int err;

	err = crypt_alloc(&rx, pw->env->impl, keys->suite, keys->rx_key,
			  keys->rx_salt);
	if (!err)
		err = crypt_alloc(&tx, pw->env->impl, keys->suite,
				  keys->tx_key, keys->tx_salt);
	if (err) {
		mem_deref(rx);
		return err;
	}
	mem_deref(pw->rx);
	mem_deref(pw->tx);
	pw->rx = rx;
	pw->tx = tx;
	pw->dtls.keys = *keys;
	return 0;
}

/* To the peer, another association is another SRTP session, which begins at
 * ROC 0 for each SSRC; our sequences go on (RFC 3711, 3.3.1; RFC 5764, 5.1). */
static void count_from_here(struct path_web *pw)
{
	const struct path_handlers *h = pw->base.h;
	struct path_stream streams[PATH_STREAMS_MAX] = {0};

	if (h->streams)
		(void)h->streams(streams, pw->base.arg);
	for (unsigned i = 0; i < PATH_STREAMS_MAX; i++) {
		pw->dtls.tx_ssrc[i] = streams[i].ssrc;
		pw->dtls.tx_base[i] = streams[i].next & ~UINT64_C(0xffff);
	}
}

static int on_keys(const struct hs_keys *keys, void *arg)
{
	struct path_web *pw = arg;
	int err = path_web_keys_set(pw, keys);

	if (err)
		return err;
	count_from_here(pw);
	/* what was replayed belongs to a key (RFC 3711, 3.3.2) */
	memset(&pw->replay, 0, sizeof(pw->replay));
	/* who shook hands and names no pair is not waited for without end */
	path_web_consent_start(pw);

	mem_ref(pw);
	if (path_climb(&pw->base, PATH_DTLS, wheel_now(pw->env->wheel)))
		path_report(&pw->base, PATH_DTLS);
	if (mem_nrefs(pw) > 1)
		path_web_changed(pw);
	mem_deref(pw);
	return 0;
}

static void on_lost(enum path_why why, void *arg)
{
	struct path_web *pw = arg;

	assoc_tell_lost(&pw->assoc, why, false);
	path_web_lose(pw, why);
}

static void on_note(const struct path_note *note, void *arg)
{
	const struct path_web *pw = arg;

	path_tell(&pw->base, note);
}

static const struct assoc_handlers handlers = {
	.send = on_send,
	.keys = on_keys,
	.lost = on_lost,
	.note = on_note,
};

void path_web_dtls_init(struct path_web *pw)
{
	const struct assoc_params params = {
		.wheel = pw->env->wheel,
		.hs_ctx = pw->env->hs_ctx,
		.handshake_ms = pw->env->handshake_ms,
		.call = pw->call,
	};

	assoc_init(&pw->assoc, &params, &handlers, pw);
}

/* The mux only hands out what comes from an address that a valid check has
 * shown. */
bool path_web_dtls(struct path_web *pw, const struct mux_packet *packet)
{
	const struct assoc_packet in = {
		.pkt = packet->pkt,
		.len = packet->len,
		.src = &packet->src,
		.at = packet->sock,
	};
	struct path_dtls was = {.to = pw->dtls.to, .sock = pw->dtls.sock};
	enum assoc_took took;

	pw->dtls.to = packet->src;
	pw->dtls.sock = packet->sock;
	took = assoc_recv(&pw->assoc, &in);
	if (took == ASSOC_TOOK)
		return true; /* a handler may have freed us */
	/* who is asked for a cookie does not get what is sent again */
	pw->dtls.to = was.to;
	pw->dtls.sock = was.sock;
	pw->base.stats.refused += took == ASSOC_NOTHING;
	return took == ASSOC_ASKED;
}
