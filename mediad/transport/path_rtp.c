/*
 * path_rtp.c  The path to a PBX: RTP and RTCP on ports of its own
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/transport/classify.h"
#include "mediad/transport/path_rtp_priv.h"

/* The receive indices in the state file are at most this old, see path_web.c. */
enum {
	CHANGED_PACKETS = 256
};

static void destructor(void *arg)
{
	struct path_rtp *pr = arg;

	wheel_stop(&pr->kept);
	for (unsigned i = 0; i < 2; i++) {
		path_guard_end(pr, i);
		mem_deref(pr->secure[i]);
		mem_deref(pr->hello[i]);
	}
	mem_deref(pr->pair);
}

static void tie(struct path_rtp *pr, bool rtcp, const struct source_lock *lock)
{
	/* another one may come in the place of this one: hear all */
	bool settled = sa_isset(&lock->from, SA_ALL) &&
		       pr->rule.policy != SOURCE_NETWORK;

	if (!settled)
		hub_pair_release(pr->pair, rtcp);
	else if (hub_pair_connect(pr->pair, rtcp, &lock->from))
		++pr->base.stats.unsent; /* no route: it may come back */
}

void path_rtp_tie(struct path_rtp *pr)
{
	tie(pr, false, &pr->rtp);
	tie(pr, true, &pr->rtcp);
}

/* --- packets in ------------------------------------------------------------------ */

/* A packet to be used. A first one is worth a rung, and one of a new source
 * a record, too: then each handler may free us before the next. */
static void deliver(struct path_rtp *pr, const struct path_packet *packet,
		    bool rtcp, bool changed)
{
	const struct path_handlers *h = pr->base.h;
	void (*handler)(const struct path_packet *, void *) =
		rtcp ? h->rtcp : h->rtp;
	bool first = path_climb(&pr->base, PATH_MEDIA, packet->now_ms);

	if (!first && !changed) {
		if (handler)
			handler(packet, pr->base.arg);
		return;
	}
	mem_ref(pr);
	if (first)
		path_report(&pr->base, PATH_MEDIA);
	if (changed && h->changed && mem_nrefs(pr) > 1)
		h->changed(pr->base.arg);
	if (handler && mem_nrefs(pr) > 1)
		handler(packet, pr->base.arg);
	mem_deref(pr);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static bool pt_agreed(const struct path_rtp *pr, uint8_t pt)
{
	return pr->pts[pt >> 6] >> (pt & 63) & 1;
}

/* What secures RTP, or RTCP; NULL: nothing does. */
static struct secure *secure_of(const struct path_rtp *pr, bool rtcp)
{
	return pr->secure[rtcp && pr->dtls && !pr->mux];
}

static enum source_verdict judge(struct path_rtp *pr,
				 const struct hub_packet *in, uint64_t now_ms,
				 bool rtcp)
{
	struct source_packet packet = {
		.src = &in->src,
		.now_ms = now_ms,
		.authentic = secure_of(pr, rtcp) != NULL,
	};

	if (rtcp && !pr->mux)
		return source_lock_rtcp(&pr->rtcp, &pr->rule, &pr->rtp,
					&packet);
	if (sa_cmp(&pr->rtp.from, &in->src, SA_ALL)) {
		pr->rtp.heard_ms = now_ms;
		return SOURCE_TAKE;
	}
	/* nothing but RTP with an agreed payload type speaks for a source */
	if (rtcp || !pt_agreed(pr, in->pkt[1] & 0x7f))
		return SOURCE_DROP;

	packet.ssrc = get32(in->pkt + 8);
	packet.seq = (uint16_t)(in->pkt[2] << 8 | in->pkt[3]);
	return source_lock_rtp(&pr->rtp, &pr->rule, &packet);
}

void path_rtp_settle(struct path_rtp *pr, bool rtcp)
{
	if (!rtcp) {
		/* RTCP of the source before is nobody's now */
		if (pr->rule.policy != SOURCE_STRICT)
			pr->rtcp.from = (struct sa){0};
		++pr->base.stats.moves;
	}
	path_rtp_tie(pr);
}

void path_rtp_tell(const struct path_rtp *pr, enum path_event event,
		   const struct hub_packet *in)
{
	const struct path_note note = {
		.event = event,
		.addr = &in->src,
		.rtcp = in->rtcp,
	};

	path_tell(&pr->base, &note);
}

static void count_error(struct path_rtp *pr, int err)
{
	struct path_stats *stats = &pr->base.stats;

	if (err == EALREADY) {
		++stats->replayed;
	} else if (err == EBADE) {
		++stats->bad_auth;
		++hub_stats(pr->env->hub)->bad_auth;
	} else {
		++stats->refused;
		++hub_stats(pr->env->hub)->rubbish;
	}
}

/* Is it worth a record of what was received? */
static bool is_due(struct path_rtp *pr, bool is_new)
{
	if (!pr->secure[0] || (!is_new && ++pr->since_changed < CHANGED_PACKETS))
		return false;
	pr->since_changed = 0;
	return true;
}

static bool are_too_many(struct path_rtp *pr, uint64_t now_ms)
{
	if (now_ms - pr->taken_ms >= 1000) {
		pr->taken_ms = now_ms;
		pr->taken = 0;
	}
	return ++pr->taken > pr->per_s;
}

static void take(struct path_rtp *pr, const struct hub_packet *in, bool rtcp)
{
	struct path_stats *stats = &pr->base.stats;
	struct path_packet packet = {
		.pkt = in->pkt,
		.len = in->len,
		.cap = in->cap,
		.now_ms = wheel_now(pr->env->wheel),
	};
	struct secure *secure = secure_of(pr, rtcp);
	enum source_verdict verdict;
	bool is_new = false;
	int err = 0;

	if (secure)
		err = secure_open(secure, &packet, rtcp, &is_new);
	if (err) {
		count_error(pr, err);
		return;
	}
	verdict = judge(pr, in, packet.now_ms, rtcp);
	if (verdict == SOURCE_DROP) {
		++stats->strangers;
		++hub_stats(pr->env->hub)->strangers;
		/* a second packet in a row may make it the source */
		if (!pr->rtp.has_cand || !sa_cmp(&pr->rtp.cand, &in->src, SA_ALL))
			path_rtp_tell(pr, PATH_EV_STRANGER, in);
		return;
	}
	if (verdict == SOURCE_LOCKED) {
		path_rtp_tell(pr, PATH_EV_SOURCE, in);
		path_rtp_settle(pr, rtcp);
	}
	if (are_too_many(pr, packet.now_ms)) {
		++stats->refused;
		++hub_stats(pr->env->hub)->too_many;
		return;
	}
	if (rtcp) {
		++stats->rx_rtcp;
	} else {
		++stats->rx;
		stats->rx_bytes += packet.len;
	}
	deliver(pr, &packet, rtcp,
		is_due(pr, is_new) || verdict == SOURCE_LOCKED);
}

void path_rtp_recv(const struct hub_packet *in, void *arg)
{
	enum classify kind = classify_packet(in->pkt, in->len);
	struct path_rtp *pr = arg;
	bool rtcp = kind == CLASSIFY_RTCP;

	if (!pr->agreed && pr->hellos && kind == CLASSIFY_DTLS) {
		path_guard_keep(pr, in);
	} else if (pr->dtls && kind == CLASSIFY_DTLS) {
		path_guard_recv(pr, in);
	} else if (!pr->agreed || (pr->dtls && !secure_of(pr, rtcp))) {
		++pr->base.stats.early;
		++hub_stats(pr->env->hub)->early;
	} else if ((!rtcp && kind != CLASSIFY_RTP) ||
		   in->len > (secure_of(pr, rtcp) ? SECURE_MTU : PATH_MTU) ||
		   rtcp != (in->rtcp || (rtcp && pr->mux))) {
		++pr->base.stats.refused;
		++hub_stats(pr->env->hub)->rubbish;
	} else {
		take(pr, in, rtcp);
	}
}

/* --- packets out ------------------------------------------------------------------ */

static bool rtp_ready(const struct path *path)
{
	const struct path_rtp *pr = path_rtp_self(path);
	struct sa dest;

	return pr->agreed && !pr->mute && (!pr->dtls || pr->secure[0]) &&
	       source_lock_dest(&pr->rtp, &dest);
}

/* Something to send. */
struct parcel {
	const uint8_t *pkt;
	size_t len;
	bool rtcp;
	uint64_t index;
};

static int send_secured(struct path_rtp *pr, const struct sa *dest,
			const struct parcel *parcel)
{
	struct secure *secure = secure_of(pr, parcel->rtcp);
	uint8_t buf[SECURE_MTU];
	size_t len = parcel->len;
	int err;

	memcpy(buf, parcel->pkt, len);
	err = parcel->rtcp
		      ? secure_close_rtcp(secure, buf, &len, sizeof(buf),
					  (uint32_t)parcel->index)
		      : secure_close(secure, buf, &len, sizeof(buf),
				     parcel->index);
	return err ? err
		   : hub_pair_send(pr->pair, parcel->rtcp && !pr->mux, dest,
				   buf, len);
}

static int send_on(struct path_rtp *pr, const struct parcel *parcel)
{
	bool rtcp = parcel->rtcp && !pr->mux;
	struct sa dest;
	int err = ENOTCONN;

	if (parcel->len > PATH_MTU)
		return EMSGSIZE;
	if (pr->agreed && !pr->mute &&
	    (!pr->dtls || secure_of(pr, parcel->rtcp)) &&
	    source_lock_dest(rtcp ? &pr->rtcp : &pr->rtp, &dest))
		err = secure_of(pr, parcel->rtcp)
			      ? send_secured(pr, &dest, parcel)
			      : hub_pair_send(pr->pair, rtcp, &dest,
					      parcel->pkt, parcel->len);
	if (err)
		++pr->base.stats.unsent;
	return err;
}

static int rtp_send_rtp(struct path *path, const uint8_t *pkt, size_t len,
			uint64_t index)
{
	const struct parcel parcel = {pkt, len, false, index};
	int err = send_on(path_rtp_self(path), &parcel);

	if (err)
		return err;
	++path->stats.tx;
	path->stats.tx_bytes += len;
	return 0;
}

static int rtp_send_rtcp(struct path *path, const uint8_t *pkt, size_t len,
			 uint32_t index)
{
	const struct parcel parcel = {pkt, len, true, index};
	int err = send_on(path_rtp_self(path), &parcel);

	if (!err)
		++path->stats.tx_rtcp;
	return err;
}

/* --- life --------------------------------------------------------------------------- */

static const struct path_ops path_rtp_ops = {
	.name = "rtp",
	.send_rtp = rtp_send_rtp,
	.send_rtcp = rtp_send_rtcp,
	.ready = rtp_ready,
};

int path_rtp_make(struct path_rtp **prp, const struct path_rtp_env *env,
		  uint8_t nnets, const struct path_handlers *handlers,
		  void *arg)
{
	struct path_rtp *pr =
		mem_zalloc(offsetof(struct path_rtp, rule) +
				   source_rule_size(nnets),
			   destructor);

	if (!pr)
		return ENOMEM;

	pr->base.ops = &path_rtp_ops;
	pr->base.h = handlers;
	pr->base.arg = arg;
	pr->env = env;
	pr->per_s = PATH_RTP_PER_S;
	*prp = pr;
	return 0;
}

int path_rtp_alloc(struct path **pathp, const struct path_rtp_env *env,
		   const struct source_rule *rule,
		   const struct path_handlers *handlers, void *arg)
{
	struct path_rtp *pr;
	int err = path_rtp_make(&pr, env, rule->nnets, handlers, arg);

	if (err)
		return err;
	memcpy(&pr->rule, rule, source_rule_size(rule->nnets));
	*pathp = &pr->base;
	return 0;
}

void path_rtp_expect(struct path *path, const char *call, bool early)
{
	struct path_rtp *pr = path_rtp_self(path);

	pr->call = call;
	pr->hellos = early;
}

int path_rtp_by(struct path *path, const struct pl *name)
{
	struct path_rtp *pr = path_rtp_self(path);

	pr->iface[0] = '\0';
	if (!name->l)
		return 0;
	return pl_strcpy(name, pr->iface, sizeof(pr->iface)) ? ENODEV : 0;
}

void path_rtp_beside(struct path *path, const struct path *other)
{
	struct path_rtp *pr = path_rtp_self(path);

	str_ncpy(pr->iface, hub_pair_name(path_rtp_self(other)->pair),
		 sizeof(pr->iface));
}

int path_rtp_open(struct path *path, int af)
{
	struct path_rtp *pr = path_rtp_self(path);
	const struct hub_want want = {.af = af, .name = pr->iface};

	if (pr->pair)
		return af == AF_UNSPEC || sa_af(hub_pair_local(pr->pair)) == af
			       ? 0
			       : EAFNOSUPPORT;

	return hub_pair_open(&pr->pair, pr->env->hub, &want, path_rtp_recv,
			     pr);
}

const struct sa *path_rtp_local(const struct path *path)
{
	const struct path_rtp *pr = path_rtp_self(path);

	return pr->pair ? hub_pair_local(pr->pair) : NULL;
}

const struct source_rule *path_rtp_rule(const struct path *path)
{
	return &path_rtp_self(path)->rule;
}

bool path_rtp_reaches(const struct path *path, const struct sa *peer)
{
	const struct path_rtp *pr = path_rtp_self(path);

	return pr->pair && hub_pair_reaches(pr->pair, peer);
}

int path_rtp_secure(struct path_rtp *pr, bool rtcp,
		    const struct secure_keys *keys)
{
	struct secure **securep = &pr->secure[rtcp];

	return *securep ? secure_change(*securep, keys,
					wheel_now(pr->env->wheel))
			: secure_alloc(securep, pr->env->impl, keys);
}

static int secure_agree(struct path_rtp *pr, const struct secure_keys *keys)
{
	for (unsigned i = 0; i < 2; i++)
		path_guard_end(pr, i);
	pr->secure[1] = mem_deref(pr->secure[1]);
	if (keys && keys->suite != CRYPT_NONE)
		return path_rtp_secure(pr, false, keys);
	pr->secure[0] = mem_deref(pr->secure[0]);
	return 0;
}

int path_rtp_agree(struct path *path, const struct path_rtp_terms *terms)
{
	struct path_rtp *pr = path_rtp_self(path);
	int err = terms->dtls ? path_guard_agree(pr, terms)
			      : secure_agree(pr, terms->keys);

	pr->agreed = !err;
	if (err)
		return err;
	pr->mux = terms->mux;
	pr->dtls = terms->dtls != NULL;
	pr->pts[0] = terms->pts[0];
	pr->pts[1] = terms->pts[1];
	pr->per_s = terms->per_s ? terms->per_s : PATH_RTP_PER_S;
	pr->mute = !sa_isset(&terms->rtp, SA_ALL);
	if (pr->mute)
		return 0;

	source_lock_say(&pr->rtp, &pr->rule, &terms->rtp);
	source_lock_say(&pr->rtcp, &pr->rule, &terms->rtcp);
	path_rtp_tie(pr);
	path_guard_begin(pr);
	return 0;
}

bool path_rtp_peer(const struct path *path, struct sa *peer)
{
	const struct path_rtp *pr = path_rtp_self(path);

	return pr->agreed && !pr->mute && source_lock_dest(&pr->rtp, peer);
}

void path_rtp_keepalive(struct path *path)
{
	struct path_rtp *pr = path_rtp_self(path);
	struct sa dest;

	if (!pr->mux && path_rtp_peer(path, &dest))
		(void)hub_pair_send(pr->pair, false, &dest, (uint8_t *)"", 0);
}

void path_rtp_look_around(struct path *path, bool around)
{
	struct path_rtp *pr = path_rtp_self(path);

	if (around && pr->pair)
		hub_pair_release(pr->pair, false);
	else if (pr->pair)
		path_rtp_tie(pr);
}

enum crypt_suite path_rtp_suite(const struct path *path)
{
	const struct path_rtp *pr = path_rtp_self(path);

	return pr->secure[0] ? secure_suite(pr->secure[0]) : CRYPT_NONE;
}

bool path_rtp_keyed(const struct path *path)
{
	const struct path_rtp *pr = path_rtp_self(path);

	return pr->agreed && (!pr->dtls || path_guard_keyed(pr));
}
