/*
 * stream_peer.c  Connections that we make: one to each peer, shared by all
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/log.h"
#include "common/loop.h"
#include "sigd/transport/stream_priv.h"

static uint32_t key_of(const struct flow_id *peer)
{
	return sa_hash(&peer->remote, SA_ALL) ^ peer->tag ^
	       (uint32_t)peer->listener << 8 ^ peer->kind;
}

/* The slot is no part of it: whoever sends has its own. */
static bool is_peer(struct le *le, void *arg)
{
	const struct stream *stream = le->data;
	const struct flow_id *want = arg, *have = &stream->peer;

	return have->kind == want->kind && have->tag == want->tag &&
	       have->listener == want->listener &&
	       sa_cmp(&have->remote, &want->remote, SA_ALL);
}

static struct stream *find(const struct stream_set *set,
			   const struct flow_id *peer)
{
	struct flow_id key = *peer;

	return list_ledata(
		hash_lookup(set->peers, key_of(peer), is_peer, &key));
}

void stream_connected(struct stream *stream)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	stream->flow.local.len = sizeof(stream->flow.local.u);
	if (!err && getsockname(stream->fd, &stream->flow.local.u.sa,
				&stream->flow.local.len))
		err = errno;
	if (!err && stream->peer.kind == FLOW_TLS)
		err = stream_tls_connect(stream);
	if (err) {
		stream_end(stream, err);
		return;
	}
	stream->state = STREAM_HANDSHAKE;
	stream_deadline(stream, stream->set->p.limits->handshake_ms);
	stream_shake(stream);
}

static bool is_any(const struct sa *sa)
{
	return sa_af(sa) == AF_INET6
		       ? IN6_IS_ADDR_UNSPECIFIED(&sa->u.in6.sin6_addr)
		       : !sa_in(sa);
}

/* From the address that the listener is bound to: a PBX may know us by it. */
static int socket_make(int *fdp, const struct stream_listener *on,
		       const struct sa *remote)
{
	struct sa from = on->local;
	int fd, err = 0;

	fd = socket(sa_af(remote), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		return errno;

	sa_set_port(&from, 0);
	if (!is_any(&from) && sa_af(&from) == sa_af(remote) &&
	    bind(fd, &from.u.sa, from.len))
		err = errno;
	if (!err && connect(fd, &remote->u.sa, remote->len) &&
	    errno != EINPROGRESS)
		err = errno;
	if (err)
		close(fd);
	else
		*fdp = fd;
	return err;
}

static int stream_connect(struct stream **sp, struct stream_set *set,
			  const struct flow_id *peer)
{
	struct stream *stream;
	int fd = -1, err;

	if (peer->listener >= TRANSPORT_LISTENERS_MAX ||
	    !set->on[peer->listener].cfg ||
	    set->on[peer->listener].cfg->kind != (enum flow_kind)peer->kind)
		return EHOSTUNREACH;

	err = socket_make(&fd, &set->on[peer->listener], &peer->remote);
	if (!err)
		err = stream_alloc(&stream, set, fd, peer->listener);
	if (err)
		return err;

	/* what is said before it is there has an address, too */
	stream->flow.local.len = sizeof(stream->flow.local.u);
	if (getsockname(fd, &stream->flow.local.u.sa, &stream->flow.local.len))
		sa_init(&stream->flow.local, AF_UNSPEC);
	stream->ours = true;
	stream->peer = *peer;
	stream->flow.remote = peer->remote;
	stream->state = STREAM_CONNECTING;
	++set->p.counts->connects;
	++set->p.counts->peers;
	hash_append(set->peers, key_of(peer), &stream->peer_le, stream);
	stream_deadline(stream, set->p.limits->connect_ms);
	err = stream_watch(stream);
	if (err)
		stream_end(stream, err);
	*sp = stream;
	return err;
}

int stream_send_peer(struct stream_set *set, struct flow **flowp,
		     const struct flow_id *peer, const uint8_t *data,
		     size_t len)
{
	struct stream *stream = find(set, peer);
	int err = 0;

	if (!stream) {
		err = stream_connect(&stream, set, peer);
		if (err) {
			++set->p.counts->connect_errors;
			return err;
		}
	}
	err = stream_send(&stream->flow, data, len);
	if (!err && flowp)
		*flowp = &stream->flow;
	return err;
}

/* Who has connected was not asked for a certificate: he cannot be somebody who
 * has to show one (RFC 5923 section 5.1). */
static bool has_to_show(const struct stream_set *set,
			const struct flow_id *peer)
{
	struct transport_peer terms = {.verify = true};

	if (peer->kind != FLOW_TLS)
		return false;
	return !set->p.peerh || set->p.peerh(&terms, peer, set->p.peer_arg) ||
	       terms.verify;
}

void stream_alias(struct stream_set *set, struct flow *flow,
		  const struct flow_id *peer)
{
	struct stream *stream = (struct stream *)flow;

	if (!flow || !stream_is(flow) || stream->peer.kind ||
	    stream->state != STREAM_OPEN || !flow_id_addressed(peer) ||
	    peer->kind != flow->id.kind || find(set, peer) ||
	    has_to_show(set, peer))
		return;

	stream->peer = *peer;
	hash_append(set->peers, key_of(peer), &stream->peer_le, stream);
}
