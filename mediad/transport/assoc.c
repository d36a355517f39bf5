/*
 * assoc.c  A leg's DTLS association: who it is with, its handshakes, its keys
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

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

/* What the far SDP tells of now is of the certificate of these keys. */
static void hold(struct assoc *assoc)
{
	mem_deref(assoc->held);
	assoc->held = mem_ref(assoc->fps);
	assoc->nheld = assoc->nfps;
	assoc->another = false;
}

static void give_keys(struct assoc *assoc)
{
	struct hs_keys keys;
	int err = hs_keys(assoc->hs, &keys);

	if (!err) {
		(void)hs_peer_md(assoc->hs, assoc->md);
		hold(assoc);
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

/* cookie: it was brought; NULL: none is asked for. */
static int begin(struct assoc *assoc, const uint8_t *cookie)
{
	int err = hs_alloc(&assoc->hs, assoc->params.hs_ctx,
			   assoc->params.wheel, most_ms(assoc));

	if (err)
		return err;
	hs_handlers(assoc->hs, on_send, on_handshake, assoc);
	if (cookie)
		hs_listen(assoc->hs, cookie);
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
	else if (!begin(assoc, NULL))
		connect_now(assoc);
	else
		assoc->h->lost(PATH_LOST_HANDSHAKE, assoc->arg);
}

void assoc_ready(struct assoc *assoc)
{
	if (assoc->client && assoc->wanted && !assoc->hs && assoc->fps)
		look_soon(assoc);
}

void assoc_moved(struct assoc *assoc)
{
	if (assoc->client && assoc->hs && !hs_is_answered(assoc->hs))
		assoc->hs = mem_deref(assoc->hs);
	assoc_ready(assoc);
}

/* --- datagrams --------------------------------------------------------------------- */

static bool is_other(const struct assoc *assoc, const struct hello *hello)
{
	return assoc->named &&
	       memcmp(assoc->random, hello->random, sizeof(assoc->random)) != 0;
}

static void remember(struct assoc *assoc, const struct hello *hello)
{
	memcpy(assoc->random, hello->random, sizeof(assoc->random));
	assoc->named = true;
}

/* RFC 6347, 4.2.1: all that a hello gets which has no cookie; it makes no state
 * and starts no clock. Who never brings one is to be found in the log. */
static void ask(struct assoc *assoc, const uint8_t cookie[HS_COOKIE_LEN])
{
	uint8_t out[HELLO_VERIFY_LEN];

	if (!assoc->asked)
		assoc_tell_hello(assoc, "asked");
	assoc->asked = true;
	hello_verify(out, cookie);
	on_send(out, sizeof(out), assoc);
}

/* A last act. */
static enum assoc_took feed(struct assoc *assoc, const struct assoc_packet *in)
{
	assoc_see_alert(assoc, in->pkt, in->len);
	hs_recv(assoc->hs, in->pkt, in->len);
	return ASSOC_TOOK;
}

/* hello: NULL: the first of it is elsewhere. cookie: it was brought. */
static enum assoc_took begin_by(struct assoc *assoc,
				const struct assoc_packet *in,
				const struct hello *hello,
				const uint8_t *cookie)
{
	if (wheel_runs(&assoc->soon) || begin(assoc, cookie))
		return ASSOC_NOTHING;
	assoc_tell_hello(assoc, "seen");
	assoc->named = false;
	if (hello)
		remember(assoc, hello);
	return feed(assoc, in);
}

/*
 * Of a handshake that began without a cookie nobody knows whose it is, and of
 * another hello beside it neither. So that goes on, and this one gets a cookie;
 * who brings it is the peer, and the other one was not. What began with one is
 * the peer's: another hello may be of the same peer, which begins anew, and has
 * to bring one as well.
 */
static enum assoc_took hello_recv(struct assoc *assoc,
				  const struct assoc_packet *in)
{
	const struct hs_way way = {in->src, assoc->params.call, in->at};
	const bool goes_on = assoc_shakes(assoc);
	uint8_t cookie[HS_COOKIE_LEN];
	struct hello hello;
	bool shown;

	if (assoc->hs && !goes_on)
		return feed(assoc, in);
	if (!hello_read(&hello, in->pkt, in->len)) {
		if (goes_on)
			return feed(assoc, in);
		return assoc->asks ? ASSOC_NOTHING
				   : begin_by(assoc, in, NULL, NULL);
	}
	if (hs_ctx_cookie(assoc->params.hs_ctx, cookie, &way))
		return ASSOC_NOTHING;
	shown = hello_brings(&hello, cookie);
	if (goes_on && (assoc->asks || !shown) && !is_other(assoc, &hello)) {
		remember(assoc, &hello);
		return feed(assoc, in);
	}
	if (shown) {
		assoc->asks = true;
		assoc->hs = mem_deref(assoc->hs);
	} else if (goes_on || assoc->asks) {
		ask(assoc, cookie);
		return ASSOC_ASKED;
	}
	return begin_by(assoc, in, &hello, shown ? cookie : NULL);
}

/* Nothing but a ClientHello makes state. Of an association that stands there
 * is none: it is of another call that the peer makes from the same port. Nor
 * does a ClientHello end a handshake that goes on, whatever alert was before
 * it: both may be forged, and our answer is larger than they are. */
enum assoc_took assoc_recv(struct assoc *assoc, const struct assoc_packet *in)
{
	const bool hello = hello_is(in->pkt, in->len);

	if (assoc->hs && hs_listens(assoc->hs))
		assoc->hs = mem_deref(assoc->hs); /* it was no use to OpenSSL */
	if (hello && (!assoc->wanted || assoc->client))
		return ASSOC_NOTHING;
	if (hello)
		return hello_recv(assoc, in);
	return assoc->hs ? feed(assoc, in) : ASSOC_NOTHING;
}

bool assoc_brings(struct assoc *assoc, const struct assoc_packet *in)
{
	const struct hs_way way = {in->src, assoc->params.call, in->at};
	uint8_t cookie[HS_COOKIE_LEN];
	struct hello hello;

	if (!hello_read(&hello, in->pkt, in->len) ||
	    hs_ctx_cookie(assoc->params.hs_ctx, cookie, &way))
		return false;
	if (hello_brings(&hello, cookie))
		return true;
	ask(assoc, cookie);
	return false;
}

bool assoc_unanswered(const struct assoc *assoc)
{
	return assoc->client && assoc->hs && !hs_is_answered(assoc->hs);
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

/* Is it of the keys in use? *told: there was something to compare it with. */
static bool is_held(const struct assoc *assoc, const struct cert_fp *fp,
		    bool *told)
{
	bool same = false;

	if (fp->hash == CERT_SHA256) {
		*told = true;
		same = !memcmp(fp->md, assoc->md, sizeof(assoc->md));
	}
	for (size_t i = 0; i < assoc->nheld; i++) {
		*told |= fp->hash == assoc->held[i].hash;
		same |= same_fp(fp, &assoc->held[i]);
	}
	return same;
}

/* By hashes that were never told of those keys nobody can say. */
static bool is_of_another(const struct assoc *assoc,
			  const struct assoc_remote *rem)
{
	bool told = false;

	for (size_t i = 0; assoc->held && i < rem->nfps; i++) {
		if (is_held(assoc, &rem->fps[i], &told))
			return false;
	}
	return told;
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
	assoc->seen = assoc->heard = assoc->asked = false;
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
	const bool resumed = assoc->resumed;
	const bool known = resumed || same_peer(assoc, rem);
	struct cert_fp *fps;

	assoc->resumed = false;
	if (assoc->fps && same_set(assoc, rem) && !rem->anew && !turned)
		return 0;

	fps = mem_zalloc(rem->nfps * sizeof(*fps), NULL);
	if (!fps)
		return ENOMEM;
	memcpy(fps, rem->fps, rem->nfps * sizeof(*fps));
	assoc->another = is_of_another(assoc, rem);
	if (rem->anew || turned || (assoc->seen && !known))
		expect_new(assoc);
	mem_deref(assoc->fps);
	assoc->fps = fps;
	assoc->nfps = rem->nfps;
	assoc->client = rem->client;
	if (resumed)
		hold(assoc);
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
	hold(assoc);
	assoc->seen = true;
	assoc->wanted = record->open;
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

void assoc_end(struct assoc *assoc)
{
	assoc_stop(assoc);
	assoc->wanted = false;
	assoc->held = mem_deref(assoc->held);
	assoc->nheld = 0;
}

void assoc_close(struct assoc *assoc)
{
	assoc_end(assoc);
	assoc->fps = mem_deref(assoc->fps);
}
