/*
 * path_rtp_state.c  A PBX's path for the state file, and back
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/transport/path_rtp_priv.h"

static void addr_out(struct path_rtp_addr *out, const struct sa *addr)
{
	uint32_t v4;

	if (!sa_isset(addr, SA_ADDR))
		return;

	out->port = sa_port(addr);
	if (sa_af(addr) == AF_INET) {
		v4 = sa_in(addr);
		out->family = 4;
		memcpy(out->addr, &v4, sizeof(v4));
	} else {
		out->family = 6;
		sa_in6(addr, out->addr);
	}
}

/* False: no address at all. Unset is one. */
static bool addr_in(struct sa *addr, const struct path_rtp_addr *in)
{
	uint32_t v4;

	sa_init(addr, AF_UNSPEC);
	if (in->family == 4) {
		memcpy(&v4, in->addr, sizeof(v4));
		sa_set_in(addr, v4, in->port);
	} else if (in->family == 6) {
		sa_set_in6(addr, in->addr, in->port);
	}
	return !in->family || in->family == 4 || in->family == 6;
}

/* Until the first handshake of an agreement, what secures RTP may be the keys
 * that the SDP had before: nobody but the peer of that agreement is to be heard
 * by the successor, so they are not written. */
static void dtls_out(struct path_rtp_state *state, const struct path_rtp *pr)
{
	const struct path_guard *guard = pr->guard[0];

	state->dtls = 1;
	state->client = guard->assoc.client;
	state->open = guard->assoc.wanted;
	memcpy(state->peer_md, guard->assoc.md, sizeof(state->peer_md));
	state->keys[0] = guard->keys;
	if (guard->keys.suite != CRYPT_NONE)
		state->replay = *secure_replay(pr->secure[0]);
	if (pr->mux || !pr->secure[1])
		return;
	state->dtls = 2;
	if (guard->keys.suite == CRYPT_NONE)
		memcpy(state->peer_md, pr->guard[1]->assoc.md,
		       sizeof(state->peer_md));
	state->keys[1] = pr->guard[1]->keys;
	state->open |= (uint8_t)(pr->guard[1]->assoc.wanted << 1);
	/* RTP and RTCP have a window each, and so have their keys */
	replay_join_rtcp(&state->replay, secure_replay(pr->secure[1]));
}

/* Of its keys there are some, or there may be. */
static bool is_hopeful(const struct path_rtp *pr)
{
	const struct path_guard *guard = pr->guard[0];

	return guard->keys.suite != CRYPT_NONE || guard->assoc.wanted;
}

int path_rtp_export(const struct path *path, struct path_rtp_state *state)
{
	const struct path_rtp *pr = path_rtp_self(path);

	if (!pr->agreed || !pr->pair || (pr->dtls && !is_hopeful(pr)))
		return EAGAIN;

	memset(state, 0, sizeof(*state));
	addr_out(&state->local, hub_pair_local(pr->pair));
	addr_out(&state->said[0], &pr->rtp.said);
	addr_out(&state->said[1], &pr->rtcp.said);
	addr_out(&state->from[0], &pr->rtp.from);
	addr_out(&state->from[1], &pr->rtcp.from);
	state->policy = (uint8_t)pr->rule.policy;
	state->nnets = pr->rule.nnets;
	for (size_t i = 0; i < pr->rule.nnets; i++) {
		addr_out(&state->nets[i].addr, &pr->rule.nets[i].net);
		state->nets[i].bits = pr->rule.nets[i].bits;
	}
	state->mux = pr->mux;
	state->mute = pr->mute;
	state->secure = pr->secure[0] && !pr->dtls;
	if (pr->dtls)
		dtls_out(state, pr);
	else if (pr->secure[0])
		state->replay = *secure_replay(pr->secure[0]);
	memcpy(state->pts, pr->pts, sizeof(state->pts));
	return 0;
}

static bool rule_in(struct source_rule *rule,
		    const struct path_rtp_state *state)
{
	if (state->policy >= SOURCE_POLICIES)
		return false;

	rule->policy = (enum source_policy)state->policy;
	rule->nnets = state->nnets;
	for (size_t i = 0; i < rule->nnets; i++) {
		const struct path_rtp_net *net = &state->nets[i];

		if (!net->addr.family ||
		    !addr_in(&rule->nets[i].net, &net->addr) ||
		    net->bits > (net->addr.family == 4 ? 32 : 128))
			return false;
		rule->nets[i].bits = net->bits;
	}
	return true;
}

static bool state_in(struct path_rtp *pr, const struct path_rtp_state *state,
		     struct sa *local)
{
	if (!state->local.family || !addr_in(local, &state->local) ||
	    !addr_in(&pr->rtp.said, &state->said[0]) ||
	    !addr_in(&pr->rtcp.said, &state->said[1]) ||
	    !addr_in(&pr->rtp.from, &state->from[0]) ||
	    !addr_in(&pr->rtcp.from, &state->from[1]) ||
	    !rule_in(&pr->rule, state) || state->mux > 1 || state->mute > 1 ||
	    state->secure > 1 || state->dtls > 2 || state->client > 1 ||
	    state->open > 3 ||
	    (state->dtls && state->secure) || !replay_sound(&state->replay))
		return false;

	pr->mux = state->mux;
	pr->mute = state->mute;
	pr->dtls = state->dtls;
	memcpy(pr->pts, state->pts, sizeof(pr->pts));
	pr->agreed = true;
	return true;
}

static int guard_in(struct path_rtp *pr, const struct path_rtp_state *state,
		    bool rtcp)
{
	const struct secure_keys *keys = &state->keys[rtcp];
	const struct assoc_record record = {
		.md = state->peer_md,
		.client = state->client,
		.open = state->open >> rtcp & 1,
	};
	struct path_guard *guard;
	int err;

	if (keys->suite == CRYPT_NONE)
		return record.open ? path_guard_make(pr, rtcp) : EBADMSG;
	if (crypt_key_len(keys->suite) != CRYPT_KEY_LEN)
		return EBADMSG;
	err = path_guard_make(pr, rtcp);
	if (err)
		return err;
	guard = pr->guard[rtcp];
	guard->keys = *keys;
	guard->to = rtcp ? pr->rtcp.from : pr->rtp.from;
	err = assoc_resume(&guard->assoc, &record);
	if (!err)
		err = secure_alloc(&pr->secure[rtcp], pr->env->impl, keys);
	if (err)
		return err == EINVAL ? EBADMSG : err;
	secure_replay_set(pr->secure[rtcp], &state->replay);
	if (!rtcp)
		path_climb(&pr->base, PATH_DTLS, wheel_now(pr->env->wheel));
	return 0;
}

/* Without those of RTCP its association is begun anew, by the next agreement. */
static int dtls_in(struct path_rtp *pr, const struct path_rtp_state *state)
{
	int err = guard_in(pr, state, false);

	return err || state->dtls < 2 ? err : guard_in(pr, state, true);
}

static int secure_in(struct path_rtp *pr, const struct path_rtp_record *record)
{
	const struct secure_keys *keys = record->keys;
	bool needed = keys && keys->suite != CRYPT_NONE;
	int err;

	if (record->state->dtls)
		return needed ? EBADMSG : dtls_in(pr, record->state);
	if (needed != record->state->secure)
		return EBADMSG;
	if (!needed)
		return 0;
	err = secure_alloc(&pr->secure[0], pr->env->impl, keys);
	if (err)
		return err == EINVAL ? EBADMSG : err;
	secure_replay_set(pr->secure[0], &record->state->replay);
	return 0;
}

int path_rtp_import(struct path **pathp, const struct path_rtp_env *env,
		    const struct path_rtp_record *record,
		    const struct path_handlers *handlers, void *arg)
{
	const struct path_rtp_state *state = record->state;
	struct path_rtp *pr;
	struct sa local;
	int err;

	if (state->nnets > SOURCE_NETS_MAX)
		return EBADMSG;
	err = path_rtp_make(&pr, env, state->nnets, handlers, arg);
	if (err)
		return err;
	pr->call = record->call;
	err = state_in(pr, state, &local) ? secure_in(pr, record) : EBADMSG;
	if (!err)
		err = hub_pair_reopen(&pr->pair, env->hub, &local,
				      path_rtp_recv, pr);
	if (err) {
		mem_deref(pr);
		return err;
	}
	pr->rtp.heard_ms = wheel_now(env->wheel);
	path_rtp_tie(pr);
	*pathp = &pr->base;
	return 0;
}

void path_rtp_said(const struct path_rtp_state *state, struct sa *rtp,
		   struct sa *rtcp)
{
	sa_init(rtp, AF_UNSPEC);
	sa_init(rtcp, AF_UNSPEC);
	if (state->mute)
		return;
	(void)addr_in(rtp, &state->said[0]);
	(void)addr_in(rtcp, &state->said[1]);
}
