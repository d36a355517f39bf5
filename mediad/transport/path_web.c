/*
 * path_web.c  The path to a browser: its parts together, packets in and out
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

#include "mediad/transport/classify.h"
#include "mediad/transport/lite_stun.h"
#include "mediad/transport/path_web_priv.h"

/* The receive indices in the state file are at most this old: about 5 s, and
 * far less than the half ROC that an estimate may be off. */
enum {
	CHANGED_PACKETS = 256
};

static void destructor(void *arg)
{
	struct path_web *pw = arg;

	path_web_unlink(pw);
	mem_deref(pw->seek);
	assoc_close(&pw->assoc);
	OPENSSL_cleanse(&pw->dtls.keys, sizeof(pw->dtls.keys));
	mem_deref(pw->rx);
	mem_deref(pw->tx);
	mem_deref(pw->lite);
}

void path_web_changed(struct path_web *pw)
{
	pw->since_changed = 0;
	if (pw->base.h->changed)
		pw->base.h->changed(pw->base.arg);
}

void path_web_lose(struct path_web *pw, enum path_why why)
{
	if (pw->lost)
		return;
	pw->lost = true;
	path_web_unlink(pw);
	assoc_stop(&pw->assoc);
	if (pw->base.h->lost)
		pw->base.h->lost(why, pw->base.arg);
}

/* --- packets in -------------------------------------------------------------- */

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static void count_error(struct path_web *pw, int err)
{
	struct path_stats *stats = &pw->base.stats;

	if (err == EALREADY)
		++stats->replayed;
	else if (err == EBADE)
		++stats->bad_auth;
	else
		++stats->refused;
}

static void hand_over(const struct path *path, const struct path_packet *packet,
		      enum classify kind)
{
	const struct path_handlers *h = path->h;

	if (kind == CLASSIFY_RTP && h->rtp)
		h->rtp(packet, path->arg);
	else if (kind == CLASSIFY_RTCP && h->rtcp)
		h->rtcp(packet, path->arg);
}

/* An authentic packet; is_new: of a new SSRC. Now and then it is worth a rung
 * or a record, too: then each handler may free us before the next. */
static void deliver(struct path_web *pw, const struct path_packet *packet,
		    enum classify kind, bool is_new)
{
	bool first = path_climb(&pw->base, PATH_MEDIA, packet->now_ms);

	if (!first && !is_new && ++pw->since_changed < CHANGED_PACKETS) {
		hand_over(&pw->base, packet, kind);
		return;
	}
	mem_ref(pw);
	if (first)
		path_report(&pw->base, PATH_MEDIA);
	if (mem_nrefs(pw) > 1)
		path_web_changed(pw);
	if (mem_nrefs(pw) > 1)
		hand_over(&pw->base, packet, kind);
	mem_deref(pw);
}

/* False: it is not, or nobody can tell. */
static bool is_ours(int err)
{
	return !err || err == EALREADY;
}

static bool take_rtp(struct path_web *pw, struct mux_packet *in)
{
	struct path_packet out = {.pkt = in->pkt,
				  .len = in->len,
				  .cap = in->cap,
				  .now_ms = wheel_now(pw->env->wheel)};
	uint32_t ssrc = get32(in->pkt + 8);
	uint16_t seq = (uint16_t)get32(in->pkt);
	bool is_new;
	int err;

	err = replay_rtp_check(&pw->replay, ssrc, seq, &out.index);
	if (!err)
		err = crypt_rtp_unprotect(pw->rx, out.pkt, &out.len, out.index);
	if (err) {
		count_error(pw, err);
		return is_ours(err);
	}
	is_new = replay_rtp_accept(&pw->replay, ssrc, out.index);
	++pw->base.stats.rx;
	pw->base.stats.rx_bytes += out.len;
	deliver(pw, &out, CLASSIFY_RTP, is_new);
	return true;
}

static bool take_rtcp(struct path_web *pw, struct mux_packet *in)
{
	struct path_packet out = {.pkt = in->pkt,
				  .len = in->len,
				  .cap = in->cap,
				  .now_ms = wheel_now(pw->env->wheel)};
	uint32_t ssrc = get32(in->pkt + 4), index = 0;
	bool is_new;
	int err;

	err = crypt_rtcp_unprotect(pw->rx, out.pkt, &out.len, &index);
	if (!err)
		err = replay_rtcp_check(&pw->replay, ssrc, index);
	if (err) {
		count_error(pw, err);
		return is_ours(err);
	}
	out.index = index;
	is_new = replay_rtcp_accept(&pw->replay, ssrc, index);
	++pw->base.stats.rx_rtcp;
	deliver(pw, &out, CLASSIFY_RTCP, is_new);
	return true;
}

static bool take_media(struct path_web *pw, struct mux_packet *in)
{
	if (!pw->rx) {
		++pw->base.stats.early;
		return false;
	}
	if (in->len > PATH_MTU + CRYPT_GROWTH) {
		++pw->base.stats.refused;
		return false;
	}
	return in->kind == CLASSIFY_RTP ? take_rtp(pw, in) : take_rtcp(pw, in);
}

bool path_web_recv(struct mux_packet *packet, void *arg)
{
	struct path_web *pw = arg;

	switch ((enum classify)packet->kind) {
	case CLASSIFY_STUN:
		if (pw->seek && packet->pkt[0] == LITE_STUN_SUCCESS >> 8)
			return path_web_answered(pw, packet);
		path_web_check(pw, packet);
		return true;
	case CLASSIFY_DTLS:
		return path_web_dtls(pw, packet);
	case CLASSIFY_RTP:
	case CLASSIFY_RTCP:
		return take_media(pw, packet);
	case CLASSIFY_OTHER:
	case CLASSIFY_N:
		break;
	}
	return false;
}

/* --- packets out --------------------------------------------------------------- */

static bool web_ready(const struct path *path)
{
	const struct path_web *pw = path_web_self(path);
	struct sa peer;
	uint8_t sock;

	return pw->tx && !pw->lost && lite_selected(pw->lite, &peer, &sock);
}

/* Where to, and a copy of the packet in the queue's slot. */
static int send_begin(struct path_web *pw, const uint8_t *pkt, size_t len,
		      struct mux_packet *out)
{
	if (len > PATH_MTU)
		return EMSGSIZE;
	if (!pw->tx || pw->lost ||
	    !lite_selected(pw->lite, &out->src, &out->sock)) {
		++pw->base.stats.unsent;
		return ENOTCONN;
	}
	out->pkt = mux_slot(pw->env->mux, &out->cap);
	out->len = len;
	memcpy(out->pkt, pkt, len);
	return 0;
}

/* A stream that began under these keys counts from 0. */
static uint64_t base_of(const struct path_web *pw, const uint8_t *pkt,
			size_t len)
{
	uint32_t ssrc = len < 12 ? 0 : get32(pkt + 8);

	for (unsigned i = 0; i < PATH_STREAMS_MAX; i++)
		if (pw->dtls.tx_ssrc[i] == ssrc)
			return pw->dtls.tx_base[i];

	return 0;
}

static int web_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
			uint64_t index)
{
	struct path_web *pw = path_web_self(path);
	struct mux_packet out;
	int err = send_begin(pw, pkt, len, &out);

	/* one of before these keys wraps round and is out of range */
	if (!err)
		err = crypt_rtp_protect(pw->tx, out.pkt, &out.len, out.cap,
					index - base_of(pw, pkt, len));
	if (err)
		return err;
	++path->stats.tx;
	path->stats.tx_bytes += len;
	mux_push(pw->env->mux, out.sock, &out.src, out.len);
	return 0;
}

static int web_send_rtcp(struct path *path, const uint8_t *pkt, size_t len,
			 uint32_t index)
{
	struct path_web *pw = path_web_self(path);
	struct mux_packet out;
	int err = send_begin(pw, pkt, len, &out);

	if (!err)
		err = crypt_rtcp_protect(pw->tx, out.pkt, &out.len, out.cap,
					 index);
	if (err)
		return err;
	++path->stats.tx_rtcp;
	mux_push(pw->env->mux, out.sock, &out.src, out.len);
	return 0;
}

/* --- life ------------------------------------------------------------------------ */

static const struct path_ops path_web_ops = {
	.name = "web",
	.send_rtp = web_send_rtp,
	.send_rtcp = web_send_rtcp,
	.ready = web_ready,
};

int path_web_make(struct path_web **pwp, const struct path_web_env *env,
		  const char *call, const struct path_handlers *handlers,
		  void *arg)
{
	struct path_web *pw = mem_zalloc(sizeof(*pw), destructor);

	if (!pw)
		return ENOMEM;
	pw->base.ops = &path_web_ops;
	pw->base.h = handlers;
	pw->base.arg = arg;
	pw->env = env;
	str_ncpy(pw->call, call ? call : "", sizeof(pw->call));
	path_web_dtls_init(pw);
	*pwp = pw;
	return 0;
}

int path_web_alloc(struct path **pathp, const struct path_web_env *env,
		   const char *call, const struct path_handlers *handlers,
		   void *arg)
{
	struct path_web *pw;
	int err = path_web_make(&pw, env, call, handlers, arg);

	if (err)
		return err;
	err = lite_alloc(&pw->lite, env->slot, wheel_now(env->wheel));
	if (!err)
		err = path_web_name_add(pw, lite_local(pw->lite));
	if (err) {
		mem_deref(pw);
		return err;
	}
	*pathp = &pw->base;
	return 0;
}

const struct lite_creds *path_web_creds(const struct path *path)
{
	return lite_local(path_web_self(path)->lite);
}

int path_web_restart(struct path *path)
{
	struct path_web *pw = path_web_self(path);
	bool was_lost = pw->lost;
	struct lite_creds ended;
	int err;

	/* of lost ones nothing was left: those credentials are burnt
	 * (RFC 7675, 5.1) */
	if (was_lost)
		lite_forget(pw->lite, wheel_now(pw->env->wheel));
	lite_restart(pw->lite, &ended);
	path_tell(&pw->base, &(struct path_note){.event = PATH_EV_RESTART});
	path_web_name_del(pw, &ended);
	err = path_web_name_add(pw, lite_local(pw->lite));
	pw->lost = err != 0;
	if (was_lost && !err) {
		pw->assoc.tries = 0;
		path_web_consent_start(pw);
	}
	return err;
}

int path_web_remote(struct path *path, const struct path_web_remote *remote)
{
	struct path_web *pw = path_web_self(path);
	const struct assoc_remote rem = {
		.fps = remote->fps,
		.nfps = remote->nfps,
		.anew = remote->new_dtls,
		.client = remote->dtls_client,
	};
	int err;

	/* all of it is sound, or nothing changes */
	if (!lite_ufrag_ok(&remote->ufrag) || !assoc_fps_ok(&rem))
		return EINVAL;
	if (lite_remote_differs(pw->lite, &remote->ufrag)) {
		err = path_web_restart(path);
		if (err)
			return err;
	}
	err = lite_remote(pw->lite, &remote->ufrag);
	if (!err)
		err = assoc_remote(&pw->assoc, &rem);
	if (!err)
		err = path_web_seek(pw, remote);
	/* a check may have come before; one that comes yet is of the peer whose
	 * association this is */
	if (!err && lite_settled(pw->lite))
		assoc_ready(&pw->assoc);
	return err;
}

int path_web_peer(const struct path *path, struct sa *peer)
{
	uint8_t sock;

	return lite_selected(path_web_self(path)->lite, peer, &sock) ? 0
								     : ENOENT;
}

enum crypt_suite path_web_suite(const struct path *path)
{
	return path_web_self(path)->dtls.keys.suite;
}

int path_web_debug(struct re_printf *pf, const struct path *path)
{
	const struct path_web *pw = path_web_self(path);
	const struct path_stats *st = &path->stats;
	struct sa peer;
	uint8_t sock;
	int err;

	err = re_hprintf(pf, "path call=%s ufrag=%s suite=%s lost=%d", pw->call,
			 lite_local(pw->lite)->ufrag,
			 crypt_suite_name(pw->dtls.keys.suite), pw->lost);
	if (lite_selected(pw->lite, &peer, &sock))
		err |= re_hprintf(pf, " peer=%J sock=%u", &peer, sock);
	err |= re_hprintf(pf, " rx=%llu tx=%llu bad_auth=%llu replayed=%llu\n",
			  st->rx, st->tx, st->bad_auth, st->replayed);
	return err;
}
