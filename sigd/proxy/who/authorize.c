/*
 * authorize.c  Who sent this request? Outside dialogs: digest, and the
 *              challenges
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
#include "sigd/guard/alarm.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/who/authorize_priv.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/trace/trace.h"

enum shdr_id authorize_header(const struct smsg *msg)
{
	return msg->method == SMSG_REGISTER ? SHDR_AUTHORIZATION
					    : SHDR_PROXY_AUTHORIZATION;
}

/* The credentials for our realm, among those for others (RFC 3261 22.3). */
static int credentials(struct shdr_digest *digest, const struct smsg *msg,
		       const char *realm)
{
	const struct smsg_hdr *hdr = smsg_hdr(msg, authorize_header(msg));

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
		     const struct authorize_ask *ask, const struct pl *name)
{
	const struct route_tenant *tenant = ask->tenant;

	*secret	  = digest_nobody;
	who->user = route_user_find(tenant, name);
	who->conn = who->user ? NULL : route_connection_login(tenant, name);
	if (!who->user && !who->conn && ask->guest &&
	    !pl_strcmp(name, ask->guest->name))
		who->user = ask->guest;
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

/* Whoever looks after it hears of what has grown into guessing. */
static void failed(const struct proxy *px, const struct route_tenant *tenant,
		   const struct guess_who *guesser)
{
	const enum guess_event event =
		guess_failed(px->guess, guesser, wheel_now(px->deps.wheel));
	struct alarm_about about = {.source = guesser->source,
				    .name = guesser->name};

	if (event == GUESS_NONE)
		return;
	if (event == GUESS_SOURCE_WAITS)
		about.name = (struct pl)PL("");
	if (event == GUESS_NAME_TRIED)
		about.source = (struct pl)PL("");
	/* as it was given: not of any length */
	about.name.l = min(about.name.l, (size_t)ROUTE_USER_MAX);
	pl_set_str(&about.tenant, tenant->id);
	alarm_note(px->alarms, ALARM_GUESSING, &about);
}

static enum status by_digest(struct authorized *who, const struct proxy *px,
			     const struct authorize_ask *ask,
			     const struct shdr_digest *digest)
{
	const struct digest_request req = {.method = ask->msg->method_name,
					   .uri = ask->msg->uri.text};
	struct guess_who guesser = {.realm = digest->realm,
				    .name = digest->username};
	struct digest_secret secret;
	enum status code;
	int err;

	pl_set_str(&guesser.source, ask->msg->src_host);
	if (guess_wait(px->guess, &guesser, wheel_now(px->deps.wheel)))
		return STATUS_AUTH_LOCKED;

	/* Before the password: who has not seen our challenge may have written
	 * somebody else's address on it, and does not fail in his name; nor
	 * does the answer tell whether the password was right */
	code = check_nonce(who, px, digest, ask->source);
	if (code != STATUS_OK)
		return code;

	who_find(who, &secret, ask, &digest->username);
	err = digest_check(digest, &secret, &req, &who->nc);
	if (err == EACCES)
		failed(px, ask->tenant, &guesser);
	if (err)
		return STATUS_AUTH_FAILED;

	guess_passed(px->guess, &guesser);
	return speaks_for_itself(ask->msg, who) ? STATUS_OK : STATUS_FORBIDDEN;
}

bool authorize_name(struct pl *name, char text[CALL_TEXT_MAX],
		    const struct proxy *px, const struct authorize_ask *ask)
{
	struct shdr_digest digest;

	if (credentials(&digest, ask->msg, ask->tenant->realm))
		return authorize_token_name(name, text, px, ask);
	*name = digest.username;
	return true;
}

enum status authorize_check(struct authorized *who, const struct proxy *px,
			    const struct authorize_ask *ask)
{
	struct shdr_digest digest;
	enum status code;

	memset(who, 0, sizeof(*who));
	if (!credentials(&digest, ask->msg, ask->tenant->realm))
		return by_digest(who, px, ask, &digest);
	if (authorize_by_token(who, px, ask, &code) ||
	    authorize_by_flow(who, px, ask, &code))
		return code;
	return STATUS_AUTH_REQUIRED;
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

/* What is asked of somebody. */
struct demand {
	uint8_t algs;
	bool token;
};

/* A name that is nobody's is challenged like that of one of the users, always
 * the same: who asks for many names does not see which are there. Who has
 * algorithms of its own is an old telephone, that knows no tokens. */
static struct demand demand_of(const struct route_tenant *tenant,
			       const struct pl *name)
{
	const struct route_user *user = route_user_find(tenant, name);
	const struct route_connection *conn =
		user ? NULL : route_connection_login(tenant, name);
	const uint32_t hash = hash_joaat((const uint8_t *)name->p, name->l);

	if (conn)
		return (struct demand){conn->login.algs, false};
	if (!user && tenant->nusers)
		user = &tenant->users[hash % tenant->nusers];
	return (struct demand){user ? user->algs : tenant->auth.algs,
			       tenant->auth.jwt &&
				       !(user && user->given_algs.count)};
}

struct challenge_fields {
	struct smsg_field fieldv[DIGEST_ALGS + 2]; /* and why */
	size_t fieldc;
	char val[DIGEST_ALGS][DIGEST_CHALLENGE_MAX];
	char bearer[AUTHORIZE_BEARER_MAX];
};

/* Strongest first (RFC 8760 2.4). MD5 last is also what JsSIP and SIP.js
 * need: they know no other, and keep the last challenge that they read. */
static int digest_fields(struct challenge_fields *fields, uint8_t algs,
		       const struct pl *realm, const char *nonce, bool stale)
{
	static const struct {
		enum route_alg bit;
		enum digest_alg alg;
	} order[DIGEST_ALGS] = {{ROUTE_ALG_SHA256, DIGEST_SHA256},
				{ROUTE_ALG_MD5, DIGEST_MD5}};
	int err = 0;

	for (unsigned i = 0; i < DIGEST_ALGS && !err; i++) {
		if (!(algs & order[i].bit))
			continue;
		err = digest_challenge(fields->val[i], order[i].alg, realm,
				       nonce, stale);
		pl_set_str(&fields->fieldv[fields->fieldc++].val,
			   fields->val[i]);
	}
	return err;
}

/* Tokens first: who knows them takes the first challenge that it knows, and
 * JsSIP the last one. */
static int fields_make(struct challenge_fields *fields, const char *nonce,
		       const struct route_tenant *tenant, const struct pl *name,
		       enum status code)
{
	const struct demand demand = demand_of(tenant, name);
	struct pl realm;
	int err = 0;

	pl_set_str(&realm, tenant->realm);
	fields->fieldc = 0;
	if (demand.token) {
		err = authorize_bearer_challenge(fields->bearer, tenant,
						 code == STATUS_AUTH_FAILED);
		pl_set_str(&fields->fieldv[fields->fieldc++].val,
			   fields->bearer);
	}
	return err ? err
		   : digest_fields(fields, demand.algs, &realm, nonce,
				   code == STATUS_AUTH_STALE);
}

void authorize_challenge(struct proxy *px, struct txn_srv *st,
			 const struct route_tenant *tenant,
			 const char *source, enum status code)
{
	const struct smsg *msg = txn_srv_request(st);
	const bool reg = msg->method == SMSG_REGISTER;
	const struct pl name = name_of(msg, tenant);
	char nonce[SEAL_TEXT_MAX + 1], tag[17], reason[REPLY_REASON_MAX];
	struct challenge_fields fields;
	struct smsg_reply reply = {.scode = reg ? 401 : 407,
				   .fieldv = fields.fieldv};
	struct nonce_bound bound;
	int err;

	if (code == STATUS_AUTH_FAILED)
		++px->counts.auth_failed;
	/* whoever he is: that he could not log in is seen by that name, and
	 * opens no trace to that tenant */
	trace_asked(px->deps.trace, &msg->callid, tenant->id, &name);
	pl_set_str(&bound.realm, tenant->realm);
	pl_set_str(&bound.source, source);
	err = nonce_make(nonce, px->deps.keyring, proxy_unix_ms(), &bound);
	err = err ? err : fields_make(&fields, nonce, tenant, &name, code);
	if (err) {
		reply_status(px, st, STATUS_INTERNAL);
		return;
	}
	for (size_t i = 0; i < fields.fieldc; i++)
		pl_set_str(&fields.fieldv[i].name, reg ? "WWW-Authenticate"
						: "Proxy-Authenticate");
	reply.fieldc = fields.fieldc;
	/* who has shown nothing yet, or has a nonce that is too old, is asked,
	 * and not refused */
	if (code != STATUS_AUTH_REQUIRED && code != STATUS_AUTH_STALE)
		reply_reason(&fields.fieldv[reply.fieldc++], reason, code);
	reply_tag(tag, px, msg);
	pl_set_str(&reply.to_tag, tag);
	(void)txn_srv_respond(st, &reply);
}
