/*
 * path_web_dtls.c  A browser's path: the DTLS association
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

#include "common/log.h"
#include "mediad/transport/path_web_priv.h"

enum {
	HANDSHAKE_MS = 10000,
	TRIES_MAX = 8,
	DTLS_HDR = 13,
	DTLS_HANDSHAKE = 22,
	DTLS_CLIENT_HELLO = 1,
};

/* --- the end of a handshake ------------------------------------------------------- */

static void send_datagram(const uint8_t *pkt, size_t len, void *arg)
{
	struct path_web *pw = arg;
	size_t cap;
	uint8_t *out = mux_slot(pw->env->mux, &cap);

	if (len > cap)
		return;
	memcpy(out, pkt, len);
	mux_push(pw->env->mux, pw->assoc.sock, &pw->assoc.to, len);
}

int path_web_keys_set(struct path_web *pw, const struct hs_keys *keys)
{
	struct crypt *rx = NULL, *tx = NULL;
	int err;

	err = crypt_alloc(&rx, pw->env->impl, keys->suite, keys->client_key,
			  keys->client_salt);
	if (!err)
		err = crypt_alloc(&tx, pw->env->impl, keys->suite,
				  keys->server_key, keys->server_salt);
	if (err) {
		mem_deref(rx);
		return err;
	}
	mem_deref(pw->rx);
	mem_deref(pw->tx);
	pw->rx = rx;
	pw->tx = tx;
	pw->assoc.keys = *keys;
	return 0;
}

/* To the peer, another association is another SRTP session, which begins at
 * ROC 0; our sequence goes on (RFC 3711, 3.3.1; RFC 5764, 5.1). */
static void count_from_here(struct path_web *pw)
{
	const struct path_handlers *h = pw->base.h;
	uint64_t next = h->next ? h->next(pw->base.arg) : 0;

	pw->assoc.tx_base = next & ~UINT64_C(0xffff);
}

static void use_keys(struct path_web *pw)
{
	struct hs_keys keys;
	int err = hs_keys(pw->assoc.hs, &keys);

	if (!err)
		err = path_web_keys_set(pw, &keys);
	OPENSSL_cleanse(&keys, sizeof(keys));
	if (err) {
		log_warn(pw->call, "srtp keys not usable", "err=%d", err);
		path_web_lose(pw, PATH_LOST_HANDSHAKE);
		return;
	}
	count_from_here(pw);
	/* what was replayed belongs to a key (RFC 3711, 3.3.2) */
	memset(&pw->replay, 0, sizeof(pw->replay));
	(void)hs_peer_md(pw->assoc.hs, pw->peer.md);
	pw->peer.seen = true;
	pw->assoc.wanted = false;
	wheel_stop(&pw->assoc.giveup);
	/* who shook hands and names no pair is not waited for without end */
	path_web_consent_start(pw);

	mem_ref(pw);
	if (path_climb(&pw->base, PATH_DTLS, wheel_now(pw->env->wheel)))
		path_report(&pw->base, PATH_DTLS);
	if (mem_nrefs(pw) > 1)
		path_web_changed(pw);
	mem_deref(pw);
}

static bool may_settle(const struct path_web *pw)
{
	return pw->assoc.wanted && pw->assoc.hs && pw->peer.fps &&
	       hs_is_done(pw->assoc.hs);
}

/* A last act. */
static void settle(struct path_web *pw)
{
	int err;

	if (!may_settle(pw))
		return;

	err = hs_verify(pw->assoc.hs, pw->peer.fps, pw->peer.nfps);
	if (err) {
		log_warn(pw->call, "certificate is not the signalled one",
			 "err=%d", err);
		path_web_lose(pw, PATH_LOST_FINGERPRINT);
		return;
	}
	use_keys(pw);
}

static void on_settle(void *arg)
{
	settle(arg);
}

void path_web_dtls_settle_soon(struct path_web *pw)
{
	if (may_settle(pw))
		wheel_start(pw->env->wheel, &pw->assoc.settle, 0, on_settle,
			    pw);
}

void path_web_dtls_stop(struct path_web *pw)
{
	wheel_stop(&pw->assoc.giveup);
	wheel_stop(&pw->assoc.settle);
	pw->assoc.hs = mem_deref(pw->assoc.hs);
}

/*
 * A handshake that breaks does not end the call: whoever can send from the
 * validated address, forged or not, could break it with one ClientHello
 * (ES2023-01). The next ClientHello begins a new one, within limits.
 */
static void on_broken(struct path_web *pw, const char *what)
{
	log_info(pw->call, "dtls handshake broke", "why=%s try=%u", what,
		 pw->assoc.tries + 1);
	pw->assoc.hs = mem_deref(pw->assoc.hs);
	if (++pw->assoc.tries >= TRIES_MAX)
		path_web_lose(pw, PATH_LOST_HANDSHAKE);
}

/* A first try that did not end, or one of several. */
static void on_giveup(void *arg)
{
	struct path_web *pw = arg;

	path_web_lose(pw, pw->assoc.tries ? PATH_LOST_HANDSHAKE
					  : PATH_LOST_TIMEOUT);
}

static void on_handshake(int err, const char *what, void *arg)
{
	struct path_web *pw = arg;

	if (!err) {
		wheel_stop(&pw->assoc.giveup);
		settle(pw);
	} else if (err == ECONNRESET) {
		path_web_lose(pw, PATH_LOST_CLOSED);
	} else if (err == ETIMEDOUT) {
		on_giveup(pw);
	} else {
		on_broken(pw, what);
	}
}

/* --- datagrams --------------------------------------------------------------------- */

static int begin(struct path_web *pw)
{
	uint32_t ms =
		pw->env->handshake_ms ? pw->env->handshake_ms : HANDSHAKE_MS;
	int err = hs_alloc(&pw->assoc.hs, pw->env->hs_ctx, pw->env->wheel, ms);

	if (err)
		return err;
	hs_handlers(pw->assoc.hs, send_datagram, on_handshake, pw);
	/* over all tries */
	if (!wheel_runs(&pw->assoc.giveup))
		wheel_start(pw->env->wheel, &pw->assoc.giveup, ms, on_giveup,
			    pw);
	return 0;
}

static bool is_client_hello(const struct mux_packet *packet)
{
	return packet->len > DTLS_HDR && packet->pkt[0] == DTLS_HANDSHAKE &&
	       packet->pkt[DTLS_HDR] == DTLS_CLIENT_HELLO;
}

/* Of an association that stands there is none: it is of another call that the
 * browser makes from the same port. */
static bool is_for_others(const struct path_web *pw,
			  const struct mux_packet *packet)
{
	return !pw->assoc.wanted && is_client_hello(packet);
}

/* The mux only hands out what comes from an address that a valid check has
 * shown. Nothing but a ClientHello makes state. */
bool path_web_dtls(struct path_web *pw, const struct mux_packet *packet)
{
	if (is_for_others(pw, packet) ||
	    (!pw->assoc.hs &&
	     (!pw->assoc.wanted || !is_client_hello(packet) || begin(pw)))) {
		++pw->base.stats.refused;
		return false;
	}
	pw->assoc.to = packet->src;
	pw->assoc.sock = packet->sock;
	hs_recv(pw->assoc.hs, packet->pkt, packet->len);
	return true;
}

/* --- whom the far SDP announces ------------------------------------------------------ */

static bool same_fp(const struct cert_fp *a, const struct cert_fp *b)
{
	return a->hash == b->hash && a->len == b->len &&
	       !memcmp(a->md, b->md, a->len);
}

static bool same_set(const struct path_peer *peer,
		     const struct path_web_remote *rem)
{
	for (size_t i = 0; i < rem->nfps && i < peer->nfps; i++) {
		if (!same_fp(&peer->fps[i], &rem->fps[i]))
			return false;
	}
	return peer->nfps == rem->nfps;
}

/* By the certificate's SHA-256, all that is kept of it. */
static bool same_peer(const struct path_peer *peer,
		      const struct path_web_remote *rem)
{
	for (size_t i = 0; peer->seen && i < rem->nfps; i++) {
		if (rem->fps[i].hash == CERT_SHA256 &&
		    !memcmp(rem->fps[i].md, peer->md, sizeof(peer->md)))
			return true;
	}
	return false;
}

/* RFC 8842, 5.1: another certificate, or another tls-id, is another
 * association. The old keys serve until it stands. */
static void expect_new(struct path_web *pw)
{
	path_web_dtls_stop(pw);
	pw->assoc.tries = 0;
	pw->assoc.wanted = true;
	pw->peer.seen = false;
}

bool path_web_fps_ok(const struct path_web_remote *rem)
{
	for (size_t i = 0; i < rem->nfps && i < CERT_FPS_MAX; i++) {
		if (rem->fps[i].len > sizeof(rem->fps[i].md))
			return false;
	}
	return rem->nfps && rem->nfps <= CERT_FPS_MAX;
}

int path_web_peer_set(struct path_web *pw, const struct path_web_remote *rem)
{
	struct cert_fp *fps;

	if (pw->peer.fps && same_set(&pw->peer, rem) && !rem->new_dtls)
		return 0;

	fps = mem_zalloc(rem->nfps * sizeof(*fps), NULL);
	if (!fps)
		return ENOMEM;
	memcpy(fps, rem->fps, rem->nfps * sizeof(*fps));
	if (rem->new_dtls || (pw->peer.seen && !same_peer(&pw->peer, rem)))
		expect_new(pw);
	mem_deref(pw->peer.fps);
	pw->peer.fps = fps;
	pw->peer.nfps = rem->nfps;
	return 0;
}
