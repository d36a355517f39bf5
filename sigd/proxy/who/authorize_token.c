/*
 * authorize_token.c  Who sent this request? By a token: that of the request
 *                    (RFC 8898), or the one its WebSocket was opened with
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "routing/route.h"
#include "sigd/auth/jwt.h"
#include "sigd/proxy/gate.h"
#include "sigd/proxy/register/flow_users.h"
#include "sigd/proxy/who/authorize_priv.h"
#include "sigd/proxy/who/tokens.h"

/* "Bearer <token>" */
static bool bearer_in(struct pl *token, const struct smsg *msg,
		      enum shdr_id id)
{
	const struct smsg_hdr *hdr = smsg_hdr(msg, id);
	struct shdr_auth auth;

	for (; hdr; hdr = smsg_hdr_next(msg, hdr)) {
		const struct pl val = smsg_hdr_val(msg, hdr);

		if (shdr_auth_decode(&auth, &val) ||
		    pl_strcasecmp(&auth.scheme, "Bearer"))
			continue;
		*token = auth.params;
		return true;
	}
	return false;
}

/* A proxy is shown it in Proxy-Authorization (RFC 8898 section 2.2); JsSIP has
 * Authorization in all requests. Neither goes further than here. */
static bool bearer(struct pl *token, const struct smsg *msg)
{
	return bearer_in(token, msg, authorize_header(msg)) ||
	       bearer_in(token, msg, SHDR_AUTHORIZATION);
}

/* What its connection was opened with, if that is still worth anything. */
static const struct token_pass *pass_of(const struct proxy *px,
					const struct authorize_ask *ask)
{
	struct token_pass *pass = flow_users_pass(px, ask->flow);

	if (pass)
		tokens_check(px->tokens, pass);
	return pass && token_pass_counts(pass, ask->tenant) ? pass : NULL;
}

/* As whom it asks: the AOR, %-decoded. */
static int name_read(char name[CALL_TEXT_MAX], struct pl *user,
		     const struct smsg *msg)
{
	const bool reg = msg->method == SMSG_REGISTER;
	size_t len;
	int err = suri_unescape(name, CALL_TEXT_MAX, &len,
				reg ? &msg->to.uri.user : &msg->from.uri.user);

	*user = (struct pl){name, len};
	return err;
}

static enum status take(struct authorized *who,
			const struct authorize_ask *ask,
			const struct token_pass *pass)
{
	char name[CALL_TEXT_MAX];
	struct pl user;

	if (name_read(name, &user, ask->msg))
		return STATUS_BAD_REQUEST;
	if (!token_pass_names(pass, ask->table, ask->tenant, &user))
		return STATUS_FORBIDDEN;
	who->user = route_user_find(ask->tenant, &user);
	if (!who->user && ask->guest && !pl_strcmp(&user, ask->guest->name))
		who->user = ask->guest;
	who->until_s = token_pass_ends_s(pass);
	return who->user ? STATUS_OK : STATUS_FORBIDDEN;
}

bool authorize_token_name(struct pl *name, char text[CALL_TEXT_MAX],
			  const struct proxy *px,
			  const struct authorize_ask *ask)
{
	struct pl token;

	return ask->tenant->auth.jwt &&
	       (bearer(&token, ask->msg) || pass_of(px, ask)) &&
	       !name_read(text, name, ask->msg);
}

bool authorize_by_token(struct authorized *who, const struct proxy *px,
			const struct authorize_ask *ask, enum status *code)
{
	struct token_pass *pass = NULL;
	struct pl token;
	int err;

	if (!ask->tenant->auth.jwt || !bearer(&token, ask->msg))
		return false;
	err = tokens_take(&pass, px->tokens, ask->tenant, &token);
	if (err) {
		log_info(NULL, "a token was refused", "tenant=%s source=%s why=%s",
			 ask->tenant->id, ask->msg->src_host, jwt_why(err));
		*code = STATUS_AUTH_FAILED;
	} else {
		*code = take(who, ask, pass);
	}
	mem_deref(pass);
	return true;
}

bool authorize_by_flow(struct authorized *who, const struct proxy *px,
		       const struct authorize_ask *ask, enum status *code)
{
	const struct token_pass *pass = pass_of(px, ask);

	if (!pass)
		return false;
	*code = take(who, ask, pass);
	return true;
}

int proxy_token(struct flow *flow, const struct pl *token, void *arg)
{
	struct proxy *px = arg;
	struct token_pass *pass = NULL;
	char source[64];
	int err;

	if (gate_source(px->gate, flow_remote(flow)) != GATE_OPEN)
		return EAGAIN;
	err = tokens_take(&pass, px->tokens, NULL, token);
	if (err) {
		++px->counts.auth_failed;
		re_snprintf(source, sizeof(source), "%j", flow_remote(flow));
		log_info(NULL, "a token was refused", "source=%s why=%s",
			 source, jwt_why(err));
		return err == EAGAIN ? EAGAIN : EACCES;
	}
	err = flow_users_pass_set(flow, pass);
	mem_deref(pass);
	return err;
}

int authorize_bearer_challenge(char val[AUTHORIZE_BEARER_MAX],
			       const struct route_tenant *tenant, bool failed)
{
	const struct route_jwt *jwt = tenant->auth.jwt;

	/* RFC 8898 4, RFC 6750 3.1 */
	return re_snprintf(val, AUTHORIZE_BEARER_MAX,
			   "Bearer realm=\"%s\"%s%s%s%s", tenant->realm,
			   jwt->server ? ", authz_server=\"" : "",
			   jwt->server ? jwt->server : "",
			   jwt->server ? "\"" : "",
			   failed ? ", error=\"invalid_token\"" : "") < 0
		       ? EOVERFLOW
		       : 0;
}
