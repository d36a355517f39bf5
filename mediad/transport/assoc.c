/*
 * assoc.c  A leg's DTLS association: who it is with, its handshakes, its keys
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "common/log.h"
#include "mediad/transport/assoc.h"
#include "mediad/transport/assoc_priv.h"
#include "mediad/transport/hello.h"

enum {
	HANDSHAKE_MS = 10000,
	TRIES_MAX = 8,
	TRY_AGAIN_MS = 500, /* as client, after one that broke */
	DEAF_MS = 1000,     /* as server, after TRIES_MAX of them */
};

/* --- the end of a handshake ------------------------------------------------------- */

static void give_keys(struct assoc *assoc)
{
	struct hs_keys keys;
	int err = hs_keys(assoc->hs, &keys);

	if (!err) {
		(void)hs_peer_md(assoc->hs, assoc->md);
		assoc->seen = true;
		assoc->wanted = false;
		wheel_stop(&assoc->giveup);
		assoc_tell_shaken(assoc, keys.suite);
		err = assoc->h->keys(&keys, assoc->arg);
	}
	OPENSSL_cleanse(&keys, sizeof(keys));
	if (!err)
		return;
	log_warn(assoc->params.call, "srtp keys not usable", "err=%d", err);
	assoc->h->lost(PATH_LOST_HANDSHAKE, assoc->arg);
}

static bool may_settle(const struct assoc *assoc)
{
	return assoc->wanted && assoc->hs && assoc->fps &&
	       hs_is_done(assoc->hs);
}

/* A last act. */
static void settle(struct assoc *assoc)
{
	int err;

	if (!may_settle(assoc))
		return;

	err = hs_verify(assoc->hs, assoc->fps, assoc->nfps);
	if (err) {
		log_warn(assoc->params.call,
			 "certificate is not the signalled one", "err=%d", err);
		assoc->h->lost(PATH_LOST_FINGERPRINT, assoc->arg);
		return;
	}
	give_keys(assoc);
}

void assoc_stop(struct assoc *assoc)
{
	wheel_stop(&assoc->giveup);
	wheel_stop(&assoc->soon);
	assoc->hs = mem_deref(assoc->hs);
}

static void on_soon(void *arg);
static void giveup_begin(struct assoc *assoc);

/*
 * A handshake that breaks does not end the call: whoever can send from the
 * peer's address, forged or not, could break it with one ClientHello
 * (ES2023-01). The next ClientHello, theirs or ours, begins a new one: from
 * now on one of theirs that has brought a cookie; after some of them in a while
 * only.
 */
static void on_broken(struct assoc *assoc, const char *what)
{
	log_info(assoc->params.call, "dtls handshake broke", "why=%s try=%u",
		 what, assoc->tries + 1);
	assoc->what = what;
	assoc_tell_broken(assoc);
	assoc->heard |= hs_is_answered(assoc->hs);
	assoc->hs = mem_deref(assoc->hs);
	giveup_begin(assoc);
	assoc->asks = true;
	if (assoc->tries < UINT8_MAX)
		++assoc->tries;
	if (assoc->tries == TRIES_MAX && assoc->h->broken &&
	    assoc->h->broken(assoc->arg))
		return;
	if (assoc->client)
		wheel_start(assoc->params.wheel, &assoc->soon, TRY_AGAIN_MS,
			    on_soon, assoc);
	else if (assoc->tries % TRIES_MAX == 0)
		wheel_start(assoc->params.wheel, &assoc->soon, DEAF_MS, on_soon,
			    assoc);
}

static void look_soon(struct assoc *assoc)
{
	if (!wheel_runs(&assoc->soon))
		wheel_start(assoc->params.wheel, &assoc->soon, 0, on_soon,
			    assoc);
}

static bool was_refused(const struct assoc *assoc)
{
	return assoc->tries || (assoc->hs && hs_is_refused(assoc->hs));
}

/* Who has not taken part may still be ringing, whatever came from its address:
 * that is not our matter, and we ask again. Not who has refused, where nobody
 * else can do so in its name. */
static void on_giveup(void *arg)
{
	struct assoc *assoc = arg;
	const bool heard = assoc->heard ||
			   (assoc->hs && hs_is_answered(assoc->hs));
	const bool refused = was_refused(assoc);

	if (assoc->client && !heard && (!refused || assoc->params.doubt)) {
		if (refused)
			log_info(assoc->params.call, "dtls refused",
				 "by=%s", "somebody");
		assoc_stop(assoc);
		assoc->tries = 0;
		look_soon(assoc);
		return;
	}
	assoc->h->lost(refused ? PATH_LOST_HANDSHAKE : PATH_LOST_TIMEOUT,
		       assoc->arg);
}

static void on_handshake(int err, const char *what, void *arg)
{
	struct assoc *assoc = arg;

	if (!err) {
		wheel_stop(&assoc->giveup);
		settle(assoc);
	} else if (err == ECONNRESET) {
		assoc->h->lost(PATH_LOST_CLOSED, assoc->arg);
	} else if (err == ETIMEDOUT) {
		on_giveup(assoc);
	} else {
		on_broken(assoc, what);
	}
}

/* --- its begin ------------------------------------------------------------------------ */

static void on_send(const uint8_t *pkt, size_t len, void *arg)
{
	struct assoc *assoc = arg;

	assoc->h->send(pkt, len, assoc->arg);
}

static uint32_t most_ms(const struct assoc *assoc)
{
	return assoc->params.handshake_ms ? assoc->params.handshake_ms
					  : HANDSHAKE_MS;
}

/* Over all tries. */
static void giveup_begin(struct assoc *assoc)
{
	if (!wheel_runs(&assoc->giveup))
		wheel_start(assoc->params.wheel, &assoc->giveup, most_ms(assoc),
			    on_giveup, assoc);
}

/* Of one association, so that who is late with it need not begin anew. */
static int bake(struct assoc *assoc)
{
	if (!assoc->baked)
		assoc->baked =
			RAND_bytes(assoc->cookie, sizeof(assoc->cookie)) == 1;
	return assoc->baked ? 0 : EIO;
}

/* Who may be anybody is first to show that it reads what is sent to the peer:
 * until then the peer itself may begin at any time, and no time runs. */
static int begin(struct assoc *assoc)
{
	const bool listens = !assoc->client && assoc->asks;
	int err = listens ? bake(assoc) : 0;

	if (!err)
		err = hs_alloc(&assoc->hs, assoc->params.hs_ctx,
			       assoc->params.wheel, most_ms(assoc));
	if (err)
		return err;
	hs_handlers(assoc->hs, on_send, on_handshake, assoc);
	if (listens)
		hs_listen(assoc->hs, assoc->cookie);
	else
		giveup_begin(assoc);
	return 0;
}

static void connect_now(struct assoc *assoc)
{
	assoc_tell_hello(assoc, "sent");
	hs_connect(assoc->hs);
}

static void on_soon(void *arg)
{
	struct assoc *assoc = arg;

	if (!assoc->client || !assoc->wanted || assoc->hs)
		settle(assoc);
	else if (!begin(assoc))
		connect_now(assoc);
	else
		assoc->h->lost(PATH_LOST_HANDSHAKE, assoc->arg);
}

void assoc_ready(struct assoc *assoc)
{
	if (assoc->client && assoc->wanted && !assoc->hs && assoc->fps)
		look_soon(assoc);
}

static void forget_hellos(struct assoc *assoc)
{
	/* what was sent elsewhere is nobody's proof here */
	assoc->baked = false;
	if (assoc->hs && hs_listens(assoc->hs))
		assoc->hs = mem_deref(assoc->hs);
}

void assoc_moved(struct assoc *assoc)
{
	forget_hellos(assoc);
	if (assoc->client && assoc->hs && !hs_is_answered(assoc->hs))
		assoc->hs = mem_deref(assoc->hs);
	assoc_ready(assoc);
}

/* --- datagrams --------------------------------------------------------------------- */

/*
 * Of a handshake that began without a cookie nobody knows whose it is, and of
 * another hello beside it neither. So that goes on, and this one gets a cookie;
 * who brings it is the peer, and the other one was not.
 */
static bool is_rival(struct assoc *assoc, const struct hello *hello)
{
	if (assoc->asks || !assoc_shakes(assoc))
		return false;
	if (!assoc->named)
		memcpy(assoc->random, hello->random, sizeof(assoc->random));
	assoc->named = true;
	return memcmp(assoc->random, hello->random, sizeof(assoc->random)) ||
	       (assoc->baked && hello_brings(hello, assoc->cookie));
}

/* True: it was answered, and that is all. */
static bool rival_asked(struct assoc *assoc, const struct hello *hello)
{
	uint8_t out[HELLO_VERIFY_LEN];

	if (assoc->baked && hello_brings(hello, assoc->cookie)) {
		assoc->asks = true;
		assoc->hs = mem_deref(assoc->hs);
		return false;
	}
	if (!assoc->baked)
		log_info(assoc->params.call, "two dtls handshakes", "by=%s",
			 "who brings a cookie");
	if (!bake(assoc)) {
		hello_verify(out, assoc->cookie);
		on_send(out, sizeof(out), assoc);
	}
	return true;
}

/* Nothing but a ClientHello makes state. Of an association that stands there
 * is none: it is of another call that the peer makes from the same port. Nor
 * does a ClientHello end a handshake that goes on, whatever alert was before
 * it: both may be forged, and our answer is larger than they are. */
bool assoc_recv(struct assoc *assoc, const uint8_t *pkt, size_t len)
{
	const bool hello = hello_is(pkt, len);
	struct hello first;

	if (hello && (!assoc->wanted || assoc->client))
		return false;
	if (hello_read(&first, pkt, len) && is_rival(assoc, &first) &&
	    rival_asked(assoc, &first))
		return true;
	if (!assoc->hs) {
		if (!hello || wheel_runs(&assoc->soon) || begin(assoc))
			return false;
		assoc_tell_hello(assoc, "seen");
		assoc->named = hello_read(&first, pkt, len);
		if (assoc->named)
			memcpy(assoc->random, first.random,
			       sizeof(assoc->random));
	}
	assoc_see_alert(assoc, pkt, len);
	hs_recv(assoc->hs, pkt, len);
	return true;
}

bool assoc_shakes(const struct assoc *assoc)
{
	return assoc->hs && !hs_is_done(assoc->hs) && !hs_listens(assoc->hs);
}

/* --- whom the far SDP announces ------------------------------------------------------ */

static bool same_fp(const struct cert_fp *a, const struct cert_fp *b)
{
	return a->hash == b->hash && a->len == b->len &&
	       !memcmp(a->md, b->md, a->len);
}

static bool same_set(const struct assoc *assoc, const struct assoc_remote *rem)
{
	for (size_t i = 0; i < rem->nfps && i < assoc->nfps; i++) {
		if (!same_fp(&assoc->fps[i], &rem->fps[i]))
			return false;
	}
	return assoc->nfps == rem->nfps;
}

/* By the certificate's SHA-256, all that is kept of it. */
static bool same_peer(const struct assoc *assoc, const struct assoc_remote *rem)
{
	for (size_t i = 0; assoc->seen && i < rem->nfps; i++) {
		if (rem->fps[i].hash == CERT_SHA256 &&
		    !memcmp(rem->fps[i].md, assoc->md, sizeof(assoc->md)))
			return true;
	}
	return false;
}

/* RFC 8842, 5.1: another certificate, role or tls-id is another association.
 * The old keys serve until it stands. */
static void expect_new(struct assoc *assoc)
{
	assoc_stop(assoc);
	assoc->tries = assoc->alert = 0;
	assoc->what = NULL;
	assoc->wanted = true;
	assoc->asks = assoc->params.doubt;
	assoc->seen = assoc->heard = false;
}

bool assoc_fps_ok(const struct assoc_remote *rem)
{
	for (size_t i = 0; i < rem->nfps && i < CERT_FPS_MAX; i++) {
		if (rem->fps[i].len > sizeof(rem->fps[i].md))
			return false;
	}
	return rem->nfps && rem->nfps <= CERT_FPS_MAX;
}

int assoc_remote(struct assoc *assoc, const struct assoc_remote *rem)
{
	const bool turned = assoc->fps && assoc->client != rem->client;
	const bool known = assoc->resumed || same_peer(assoc, rem);
	struct cert_fp *fps;

	assoc->resumed = false;
	if (assoc->fps && same_set(assoc, rem) && !rem->anew && !turned)
		return 0;

	fps = mem_zalloc(rem->nfps * sizeof(*fps), NULL);
	if (!fps)
		return ENOMEM;
	memcpy(fps, rem->fps, rem->nfps * sizeof(*fps));
	if (rem->anew || turned || (assoc->seen && !known))
		expect_new(assoc);
	mem_deref(assoc->fps);
	assoc->fps = fps;
	assoc->nfps = rem->nfps;
	assoc->client = rem->client;
	if (assoc->client)
		forget_hellos(assoc);
	/* a handshake that waited for its fingerprint is judged soon: that may
	 * lose the path, and the owner is in the middle of something */
	if (may_settle(assoc))
		look_soon(assoc);
	return 0;
}

/* The certificate's own fingerprint, for as long as no other is told. */
int assoc_resume(struct assoc *assoc, const struct assoc_record *record)
{
	const uint8_t *md = record->md;

	assoc->fps = mem_zalloc(sizeof(*assoc->fps), NULL);
	if (!assoc->fps)
		return ENOMEM;
	assoc->nfps = 1;
	assoc->fps[0].hash = CERT_SHA256;
	assoc->fps[0].len = sizeof(assoc->md);
	memcpy(assoc->fps[0].md, md, sizeof(assoc->md));
	memcpy(assoc->md, md, sizeof(assoc->md));
	assoc->seen = true;
	assoc->wanted = false;
	assoc->client = record->client;
	assoc->resumed = !record->open;
	return 0;
}

/* --- life ------------------------------------------------------------------------------ */

void assoc_init(struct assoc *assoc, const struct assoc_params *params,
		const struct assoc_handlers *handlers, void *arg)
{
	assoc->params = *params;
	assoc->h = handlers;
	assoc->arg = arg;
	assoc->wanted = true;
	assoc->asks = params->doubt;
}

void assoc_close(struct assoc *assoc)
{
	assoc_stop(assoc);
	assoc->fps = mem_deref(assoc->fps);
}
