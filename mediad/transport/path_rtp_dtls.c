/*
 * path_rtp_dtls.c  A PBX's path: keys that DTLS makes (RFC 5763, RFC 5764)
 *
 * No ICE tells who the peer is: a handshake is taken from whom RTP would be
 * (source_lock.h), its certificate then decides. One for RTP, and another for
 * RTCP on a port of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

#include "common/log.h"
#include "mediad/transport/hello.h"
#include "mediad/transport/path_rtp_priv.h"

enum {
	OUST_MS = 2000, /* silent, and another one may begin in its place */
	STRANGERS_MAX = 8
};

static const struct source_lock *lock_of(const struct path_guard *guard)
{
	return guard->rtcp ? &guard->pr->rtcp : &guard->pr->rtp;
}

/* --- what the association does ---------------------------------------------------- */

static void on_send(const uint8_t *pkt, size_t len, void *arg)
{
	const struct path_guard *guard = arg;
	struct sa to = guard->to;

	if (!sa_isset(&to, SA_ALL) && !source_lock_dest(lock_of(guard), &to))
		return;
	/* lost, it is sent again */
	(void)hub_pair_send(guard->pr->pair, guard->rtcp, &to, pkt, len);
}

static void keys_copy(struct secure_keys *to, const struct hs_keys *keys)
{
	const size_t klen = crypt_key_len(keys->suite);
	const size_t slen = crypt_salt_len(keys->suite);

	memset(to, 0, sizeof(*to));
	to->suite = keys->suite;
	memcpy(to->rx, keys->rx_key, klen);
	memcpy(to->rx + klen, keys->rx_salt, slen);
	memcpy(to->tx, keys->tx_key, klen);
	memcpy(to->tx + klen, keys->tx_salt, slen);
}

/* Who has shown the certificate is the peer. */
static void follow(struct path_guard *guard)
{
	struct path_rtp *pr = guard->pr;
	const struct source_packet packet = {
		.src = &guard->to,
		.now_ms = wheel_now(pr->env->wheel),
		.authentic = true,
	};
	enum source_verdict verdict = SOURCE_DROP;

	if (!sa_isset(&guard->to, SA_ALL))
		return;
	if (guard->rtcp)
		verdict = source_lock_rtcp(&pr->rtcp, &pr->rule, &pr->rtp,
					   &packet);
	else
		verdict = source_lock_rtp(&pr->rtp, &pr->rule, &packet);
	if (verdict == SOURCE_LOCKED)
		path_rtp_settle(pr, guard->rtcp);
}

static int on_keys(const struct hs_keys *keys, void *arg)
{
	struct path_guard *guard = arg;
	struct path_rtp *pr = guard->pr;
	const struct path_handlers *h = pr->base.h;
	const uint64_t now_ms = wheel_now(pr->env->wheel);
	struct path_stream streams[PATH_STREAMS_MAX] = {0};
	int err;

	keys_copy(&guard->keys, keys);
	/* to the peer this is another SRTP session, which begins at ROC 0 */
	if (h->streams)
		(void)h->streams(streams, pr->base.arg);
	guard->keys.base = streams[0].next & ~UINT64_C(0xffff);
	err = path_rtp_secure(pr, guard->rtcp, &guard->keys);
	if (err)
		return err;
	follow(guard);

	mem_ref(pr);
	if (!guard->rtcp && path_climb(&pr->base, PATH_DTLS, now_ms))
		path_report(&pr->base, PATH_DTLS);
	if (h->changed && mem_nrefs(pr) > 1)
		h->changed(pr->base.arg);
	mem_deref(pr);
	return 0;
}

/* Whoever may send from the peer's host or networks can begin a handshake, and
 * not show its certificate: that ends no call. After some of them nobody may
 * but whom the SDP names. */
static bool was_a_stranger(struct path_guard *guard, enum path_why why)
{
	if (why == PATH_LOST_CLOSED || !sa_isset(&guard->to, SA_ALL) ||
	    sa_cmp(&guard->to, &lock_of(guard)->said, SA_ALL))
		return false;
	assoc_tell_lost(&guard->assoc, why, true);
	assoc_stop(&guard->assoc);
	guard->assoc.tries = 0;
	guard->to = (struct sa){0};
	++guard->strangers;
	assoc_ready(&guard->assoc);
	return true;
}

/* Without RTCP there is a call. */
static void on_lost(enum path_why why, void *arg)
{
	struct path_guard *guard = arg;
	struct path_rtp *pr = guard->pr;

	if (guard->assoc.wanted && was_a_stranger(guard, why))
		return;
	assoc_tell_lost(&guard->assoc, why, false);
	assoc_end(&guard->assoc);
	pr->secure[guard->rtcp] = mem_deref(pr->secure[guard->rtcp]);
	OPENSSL_cleanse(&guard->keys, sizeof(guard->keys));
	if (!guard->rtcp) {
		if (pr->base.h->lost)
			pr->base.h->lost(why, pr->base.arg);
		return;
	}
	log_info(pr->call, "no rtcp: dtls failed", "why=%d", why);
	if (pr->base.h->changed)
		pr->base.h->changed(pr->base.arg);
}

static bool on_broken(void *arg)
{
	return was_a_stranger(arg, PATH_LOST_HANDSHAKE);
}

static void on_note(const struct path_note *note, void *arg)
{
	const struct path_guard *guard = arg;
	struct path_note told = *note;

	told.rtcp = guard->rtcp;
	path_tell(&guard->pr->base, &told);
}

static const struct assoc_handlers handlers = {
	.note = on_note,
	.send = on_send,
	.keys = on_keys,
	.lost = on_lost,
	.broken = on_broken,
};

/* --- life -------------------------------------------------------------------------- */

static void destructor(void *arg)
{
	struct path_guard *guard = arg;

	assoc_close(&guard->assoc);
	OPENSSL_cleanse(&guard->keys, sizeof(guard->keys));
}

int path_guard_make(struct path_rtp *pr, bool rtcp)
{
	const struct assoc_params params = {
		.wheel = pr->env->wheel,
		.hs_ctx = pr->env->hs_ctx,
		.handshake_ms = pr->env->handshake_ms,
		.call = pr->call,
		.doubt = true,
	};
	struct path_guard *guard;

	if (pr->guard[rtcp])
		return 0;
	if (!params.hs_ctx)
		return ENOTSUP;
	guard = mem_zalloc(sizeof(*guard), destructor);
	if (!guard)
		return ENOMEM;
	guard->pr = pr;
	guard->rtcp = rtcp;
	assoc_init(&guard->assoc, &params, &handlers, guard);
	pr->guard[rtcp] = guard;
	return 0;
}

bool path_guard_keyed(const struct path_rtp *pr)
{
	const struct path_guard *guard = pr->guard[0];

	return guard && guard->keys.suite != CRYPT_NONE &&
	       !guard->assoc.another;
}

void path_guard_end(struct path_rtp *pr, bool rtcp)
{
	pr->guard[rtcp] = mem_deref(pr->guard[rtcp]);
}

static int agree_on(struct path_rtp *pr, bool rtcp,
		    const struct assoc_remote *remote)
{
	int err = path_guard_make(pr, rtcp);

	if (err)
		return err;
	if (remote->anew) {
		pr->guard[rtcp]->to = (struct sa){0};
		pr->guard[rtcp]->strangers = 0;
	}
	return assoc_remote(&pr->guard[rtcp]->assoc, remote);
}

int path_guard_agree(struct path_rtp *pr, const struct path_rtp_terms *terms)
{
	int err;

	if (!assoc_fps_ok(terms->dtls))
		return EINVAL;
	err = agree_on(pr, false, terms->dtls);
	if (!err && !terms->mux)
		err = agree_on(pr, true, terms->dtls);
	if (err || !terms->mux)
		return err;
	path_guard_end(pr, true);
	pr->secure[1] = mem_deref(pr->secure[1]);
	return 0;
}

/* --- datagrams ---------------------------------------------------------------------- */

/* A handshake that goes on is not disturbed by another one; but whom the SDP
 * names has it at once, and who is silent has it no longer. */
static bool may_oust(const struct path_guard *guard,
		     const struct hub_packet *in, uint64_t now_ms)
{
	return !assoc_shakes(&guard->assoc) ||
	       sa_cmp(&lock_of(guard)->said, &in->src, SA_ALL) ||
	       now_ms - guard->heard_ms >= OUST_MS;
}

/* In anybody's name a hello can be sent: whose it is shows the cookie. Until
 * then the handshake of the other one goes on. */
static bool ousts(struct path_guard *guard, const struct assoc_packet *packet)
{
	const struct sa was = guard->to;

	if (guard->assoc.client || !assoc_shakes(&guard->assoc) ||
	    sa_cmp(&guard->to, packet->src, SA_ALL))
		return true;
	guard->to = *packet->src;
	if (assoc_brings(&guard->assoc, packet)) {
		assoc_stop(&guard->assoc);
		return true;
	}
	guard->to = was;
	return false;
}

static bool may_shake(const struct path_guard *guard, const struct hub_packet *in,
		      uint64_t now_ms)
{
	const struct path_rtp *pr = guard->pr;

	if (sa_cmp(&guard->to, &in->src, SA_ALL))
		return true;
	if (guard->strangers >= STRANGERS_MAX &&
	    !sa_cmp(&lock_of(guard)->said, &in->src, SA_ALL))
		return false;
	if (!source_lock_may(lock_of(guard), &pr->rule, &in->src, now_ms) &&
	    !(guard->rtcp && pr->rule.policy != SOURCE_STRICT &&
	      sa_cmp(&pr->rtp.from, &in->src, SA_ADDR)))
		return false;
	/* as client we have one answer to expect, from wherever it comes */
	if (guard->assoc.client)
		return !assoc_shakes(&guard->assoc) ||
		       assoc_unanswered(&guard->assoc);
	return hello_is(in->pkt, in->len) && may_oust(guard, in, now_ms);
}

/* Ours goes to where it came from, if anything comes of it. May free the path. */
static bool take(struct path_guard *guard, const struct assoc_packet *packet,
		 uint64_t now_ms)
{
	const struct path_guard was = {.to = guard->to,
				       .heard_ms = guard->heard_ms};
	enum assoc_took took;

	mem_ref(guard);
	guard->to = *packet->src;
	guard->heard_ms = now_ms;
	took = assoc_recv(&guard->assoc, packet);
	if ((took != ASSOC_TOOK || assoc_unanswered(&guard->assoc)) &&
	    sa_cmp(&guard->to, packet->src, SA_ALL)) {
		guard->to = was.to;
		guard->heard_ms = was.heard_ms;
	}
	mem_deref(guard);
	return took != ASSOC_NOTHING;
}

void path_guard_recv(struct path_rtp *pr, const struct hub_packet *in)
{
	struct path_guard *guard = pr->guard[in->rtcp];
	const uint64_t now_ms = wheel_now(pr->env->wheel);
	const struct assoc_packet packet = {
		.pkt = in->pkt,
		.len = in->len,
		.src = &in->src,
		.at = (uint16_t)(sa_port(hub_pair_local(pr->pair)) + in->rtcp),
	};

	if (!guard || !may_shake(guard, in, now_ms)) {
		++pr->base.stats.strangers;
		++hub_stats(pr->env->hub)->strangers;
		path_rtp_tell(pr, PATH_EV_STRANGER, in);
		return;
	}
	if (!ousts(guard, &packet))
		return;
	if (take(guard, &packet, now_ms))
		return;
	++pr->base.stats.refused;
	++hub_stats(pr->env->hub)->rubbish;
}

/* --- what comes before its time ------------------------------------------------------- */

/* Who answers our offer as client begins at once, and its answer takes another
 * way than its ClientHello (RFC 5763, 6.7.1). The latest is kept, until it is
 * known whose it should be: else it comes again after a second. Of one in
 * pieces the first, which is all that the cookie is asked for. */
void path_guard_keep(struct path_rtp *pr, const struct hub_packet *in)
{
	struct path_hello *hello;
	struct hello first;

	if (!hello_read(&first, in->pkt, in->len) || in->len > PATH_MTU)
		return;
	hello = mem_alloc(sizeof(*hello) + in->len, NULL);
	if (!hello)
		return;
	hello->src = in->src;
	hello->len = in->len;
	memcpy(hello->pkt, in->pkt, in->len);
	mem_deref(pr->hello[in->rtcp]);
	pr->hello[in->rtcp] = hello;
}

static void on_kept(void *arg)
{
	struct path_rtp *pr = arg;

	mem_ref(pr);
	for (unsigned i = 0; i < 2 && mem_nrefs(pr) > 1; i++) {
		struct path_hello *hello = pr->hello[i];
		struct hub_packet in = {.rtcp = i};

		pr->hello[i] = NULL;
		if (hello) {
			in.src = hello->src;
			in.pkt = hello->pkt;
			in.len = in.cap = hello->len;
			path_guard_recv(pr, &in);
		}
		mem_deref(hello);
	}
	mem_deref(pr);
}

void path_guard_begin(struct path_rtp *pr)
{
	struct sa to;

	for (unsigned i = 0; i < 2; i++) {
		struct path_guard *guard = pr->guard[i];

		if (guard && source_lock_dest(lock_of(guard), &to))
			assoc_ready(&guard->assoc);
	}
	/* not within the agreement that has made us know */
	if (pr->hello[0] || pr->hello[1])
		wheel_start(pr->env->wheel, &pr->kept, 0, on_kept, pr);
}
