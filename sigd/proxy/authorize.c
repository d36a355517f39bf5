/*
 * authorize.c  Who sent this request? Digest, for requests outside dialogs
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/wheel.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/auth/digest.h"
#include "sigd/auth/guess.h"
#include "sigd/auth/nonce.h"
#include "sigd/proxy/authorize.h"

static enum shdr_id credentials_id(const struct smsg *msg)
{
	return msg->method == SMSG_REGISTER ? SHDR_AUTHORIZATION
					    : SHDR_PROXY_AUTHORIZATION;
}

/* The credentials for our realm, among those for others (RFC 3261 22.3). */
static int credentials(struct shdr_digest *digest, const struct smsg *msg,
		       const char *realm)
{
	const struct smsg_hdr *hdr = smsg_hdr(msg, credentials_id(msg));

	for (; hdr; hdr = smsg_hdr_next(msg, hdr)) {
		struct pl val = smsg_hdr_val(msg, hdr);

		if (!shdr_digest_decode(digest, &val) &&
		    !pl_strcmp(&digest->realm, realm))
			return 0;
	}
	return ENOENT;
}

/* What is not offered is not right either: else who stands between could ask
 * for the weaker one. As costly to check as the others. */
static void secret_set(struct digest_secret *secret, uint8_t algs,
		       const char *md5, const char *sha256)
{
	if (algs & ROUTE_ALG_MD5)
		str_ncpy(secret->ha1[DIGEST_MD5], md5,
			 sizeof(secret->ha1[0]));
	if (algs & ROUTE_ALG_SHA256)
		str_ncpy(secret->ha1[DIGEST_SHA256], sha256,
			 sizeof(secret->ha1[0]));
}

/* A user, or a connection that registers here: a name is never that of both. */
static void who_find(struct authorized *who, struct digest_secret *secret,
		     const struct route_tenant *tenant, const struct pl *name)
{
	*secret	  = digest_nobody;
	who->user = route_user_find(tenant, name);
	who->conn = who->user ? NULL : route_connection_login(tenant, name);
	if (who->user)
		secret_set(secret, who->user->algs, who->user->ha1_md5,
			   who->user->ha1_sha256);
	else if (who->conn)
		secret_set(secret, who->conn->login.algs,
			   who->conn->login.ha1_md5,
			   who->conn->login.ha1_sha256);
}

static enum status check_nonce(struct authorized *who, const struct proxy *px,
			       const struct shdr_digest *digest,
			       const char *source)
{
	struct nonce_bound bound = {.realm = digest->realm};
	struct nonce nonce;

	pl_set_str(&bound.source, source);
	if (nonce_open(&nonce, px->deps.keyring, proxy_unix_ms(),
		       px->cfg.nonce_ms, &bound, &digest->nonce))
		return STATUS_AUTH_STALE;

	str_ncpy(who->nonce_id, nonce.id, sizeof(who->nonce_id));
	return STATUS_OK;
}

/* The account is the AOR: nobody speaks for another. But the calls of a PBX
 * are those of its phones. */
static bool speaks_for_itself(const struct smsg *msg,
			      const struct authorized *who)
{
	const bool reg = msg->method == SMSG_REGISTER;
	struct pl name;

	if (who->conn && !reg)
		return true;
	pl_set_str(&name, who->conn ? who->conn->login.username
				    : who->user->name);
	return suri_user_equal(reg ? &msg->to.uri.user : &msg->from.uri.user,
			       &name);
}

enum status authorize_check(struct authorized *who, const struct proxy *px,
			    const struct route_tenant *tenant,
			    const struct smsg *msg, const char *source)
{
	struct digest_request req = {.method = msg->method_name,
				     .uri = msg->uri.text};
	struct digest_secret secret;
	struct shdr_digest digest;
	struct guess_who guesser;
	enum status code;
	int err;

	memset(who, 0, sizeof(*who));
	if (credentials(&digest, msg, tenant->realm))
		return STATUS_AUTH_REQUIRED;

	guesser = (struct guess_who){.realm = digest.realm,
				     .name = digest.username};
	pl_set_str(&guesser.source, msg->src_host);
	if (guess_wait(px->guess, &guesser, wheel_now(px->deps.wheel)))
		return STATUS_AUTH_LOCKED;

	who_find(who, &secret, tenant, &digest.username);
	err = digest_check(&digest, &secret, &req, &who->nc);
	if (err == EACCES)
		guess_failed(px->guess, &guesser, wheel_now(px->deps.wheel));
	if (err)
		return STATUS_AUTH_FAILED;

	/* only who knows the password learns that the nonce is too old */
	code = check_nonce(who, px, &digest, source);
	if (code != STATUS_OK)
		return code;

	guess_passed(px->guess, &guesser);
	return speaks_for_itself(msg, who) ? STATUS_OK : STATUS_FORBIDDEN;
}

/* Who asks, or says so: by its answer, else by the name in the request. */
static struct pl name_of(const struct smsg *msg,
			 const struct route_tenant *tenant)
{
	struct shdr_digest digest;

	if (!credentials(&digest, msg, tenant->realm))
		return digest.username;
	return msg->method == SMSG_REGISTER ? msg->to.uri.user
					    : msg->from.uri.user;
}

/* A name that is nobody's is challenged like that of one of the users, always
 * the same: who asks for many names does not see which are there. */
static uint8_t algs_of(const struct route_tenant *tenant, const struct pl *name)
{
	const struct route_connection *conn;
	const struct route_user *user = route_user_find(tenant, name);

	conn = user ? NULL : route_connection_login(tenant, name);
	if (user)
		return user->algs;
	if (conn)
		return conn->login.algs;
	if (!tenant->nusers)
		return tenant->auth.algs;
	return tenant->users[hash_joaat((const uint8_t *)name->p, name->l) %
			     tenant->nusers].algs;
}

struct challenge_fields {
	struct smsg_field fieldv[DIGEST_ALGS];
	size_t fieldc;
	char val[DIGEST_ALGS][DIGEST_CHALLENGE_MAX];
};

/* Strongest first (RFC 8760 2.4). MD5 last is also what JsSIP and SIP.js
 * need: they know no other, and keep the last challenge that they read. */
static int fields_make(struct challenge_fields *fields, uint8_t algs,
		       const struct pl *realm, const char *nonce, bool stale)
{
	static const struct {
		enum route_alg bit;
		enum digest_alg alg;
	} order[DIGEST_ALGS] = {{ROUTE_ALG_SHA256, DIGEST_SHA256},
				{ROUTE_ALG_MD5, DIGEST_MD5}};
	int err = 0;

	fields->fieldc = 0;
	for (unsigned i = 0; i < DIGEST_ALGS && !err; i++) {
		const size_t n = fields->fieldc;

		if (!(algs & order[i].bit))
			continue;
		err = digest_challenge(fields->val[n], order[i].alg, realm,
				       nonce, stale);
		pl_set_str(&fields->fieldv[n].val, fields->val[n]);
		++fields->fieldc;
	}
	return err;
}

void authorize_challenge(struct proxy *px, struct txn_srv *st,
			 const struct route_tenant *tenant,
			 const char *source, enum status code)
{
	const struct smsg *msg = txn_srv_request(st);
	const bool reg = msg->method == SMSG_REGISTER;
	const struct pl name = name_of(msg, tenant);
	char nonce[SEAL_TEXT_MAX + 1], tag[17];
	struct challenge_fields fields;
	struct smsg_reply reply = {.scode = reg ? 401 : 407,
				   .fieldv = fields.fieldv};
	struct nonce_bound bound;
	int err;

	if (code == STATUS_AUTH_FAILED)
		++px->counts.auth_failed;
	pl_set_str(&bound.realm, tenant->realm);
	pl_set_str(&bound.source, source);
	err = nonce_make(nonce, px->deps.keyring, proxy_unix_ms(), &bound);
	err = err ? err
		  : fields_make(&fields, algs_of(tenant, &name), &bound.realm,
				nonce, code == STATUS_AUTH_STALE);
	if (err) {
		reply_status(px, st, STATUS_INTERNAL);
		return;
	}
	for (size_t i = 0; i < fields.fieldc; i++)
		pl_set_str(&fields.fieldv[i].name, reg ? "WWW-Authenticate"
						: "Proxy-Authenticate");
	reply.fieldc = fields.fieldc;
	reply_tag(tag, px, msg);
	pl_set_str(&reply.to_tag, tag);
	(void)txn_srv_respond(st, &reply);
}
