/*
 * branch_again.c  A try once more: a challenge answered, a redirection
 *                 followed
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/invite/invite_priv.h"

enum {
	MOVED_MAX = 3, /* redirections of one try */
	AGAIN_MAX = 16 /* of all kinds: each redirection may be challenged */
};

static bool answer_challenge(struct branch *branch, const struct smsg *msg)
{
	const struct route_connection *conn = branch->to.conn;
	struct challenge_asked asked = {.conn = conn};
	int err;

	pl_set_str(&asked.uri, branch->to.target);
	pl_set_mbuf(&asked.body, branch->offer);
	err = challenge_take(&branch->challenge, branch->inv->px, &asked, msg);
	if (!err)
		return true;
	log_warn(branch->inv->rec.call, "challenge not answered",
		 "connection=%s code=%u why=%s", conn->name, msg->scode,
		 challenge_why(err));
	return false;
}

/* A redirection leads to another number at the same place, never to another
 * place: what the flow and the credentials are good for is the connection. */
static bool same_place(const struct branch *branch, const struct suri *now,
		       const struct suri *uri)
{
	const struct route_conn_peer *peer = &branch->to.conn->peer;

	/* one that registers here says its port itself: it is asked there */
	if (uri->scheme != SURI_SIP ||
	    (uri->port && uri->port != peer->port && uri->port != now->port))
		return false;
	return !pl_casecmp(&uri->host, &now->host) ||
	       !pl_strcasecmp(&uri->host, peer->domain) ||
	       (peer->host && !pl_strcasecmp(&uri->host, peer->host));
}

/* The number there, at the host that is asked already. False: no news. */
static bool take(struct branch *branch, const struct suri *now,
		 const struct suri *uri)
{
	const char *end = branch->to.target + strlen(branch->to.target);
	const char *at = now->host.p - now->ipv6;
	char target[CALL_URI_MAX];
	struct pl host = {at, (size_t)(end - at)};

	if (re_snprintf(target, sizeof(target), "sip:%r%s%r", &uri->user,
			uri->user.l ? "@" : "", &host) < 0 ||
	    !strcmp(target, branch->to.target))
		return false;
	str_ncpy(branch->to.target, target, sizeof(target));
	return true;
}

static bool follow(struct branch *branch, const struct smsg *msg)
{
	struct shdr_addr contact;
	struct smsg_iter it;
	struct suri now;
	struct pl text;

	pl_set_str(&text, branch->to.target);
	if (branch->moved >= MOVED_MAX || suri_decode(&now, &text))
		return false;
	smsg_iter_init(&it, msg, SHDR_CONTACT);
	for (unsigned i = 0; i < MOVED_CONTACTS_MAX &&
			     !smsg_iter_addr(&it, &contact);
	     i++) {
		if (contact.star || !same_place(branch, &now, &contact.uri) ||
		    !take(branch, &now, &contact.uri))
			continue;
		++branch->moved;
		/* our answers were for the URI of before */
		challenge_reset(&branch->challenge);
		log_info(branch->inv->rec.call, "redirected",
			 "to=%s code=%u uri=%s", branch_name(branch),
			 msg->scode, branch->to.target);
		return true;
	}
	return false;
}

/* The timer was ours, and is too short for it (RFC 4028 7.4). */
static bool lengthen(struct branch *branch, const struct smsg *msg)
{
	const uint32_t least = session_least(
		txn_srv_request(branch->inv->st), msg);

	if (least <= branch->session_least || least > SESSION_MAX_S)
		return false;
	branch->session_least = least;
	return true;
}

bool branch_again(struct branch *branch, const struct smsg *msg)
{
	const struct smsg *req = txn_srv_request(branch->inv->st);

	/* each time takes a CSeq (RFC 3261 8.1.1.5) */
	if (branch->shift >= AGAIN_MAX ||
	    req->cseq.num >= (uint32_t)INT32_MAX - branch->shift)
		return false;
	if (msg->scode == 422)
		return lengthen(branch, msg);
	/* devices are known: they neither challenge nor redirect */
	if (!branch->to.conn)
		return false;
	if (msg->scode == 401 || msg->scode == 407)
		return !branch_passes(branch) &&
		       answer_challenge(branch, msg);
	return msg->scode < 400 && follow(branch, msg);
}
