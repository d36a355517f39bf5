/*
 * reg_forward_tell.c  A REGISTER that a PBX answers: who guesses, and the log
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/auth/guess.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/register/reg_forward_priv.h"

/* --- guessing ---------------------------------------------------------------- */

/* What it says that it is; false: no password was shown. */
static bool guesser_of(struct guess_who *who, const struct smsg *msg)
{
	struct shdr_digest digest;
	struct pl val;

	if (!smsg_val(msg, SHDR_AUTHORIZATION, &val) ||
	    shdr_digest_decode(&digest, &val))
		return false;
	*who = (struct guess_who){.realm = digest.realm,
				  .name = digest.username};
	pl_set_str(&who->source, msg->src_host);
	return true;
}

/* A challenge to somebody who has shown a password says that it was wrong,
 * unless only the nonce was old. */
static void guess_note(struct reg_forward *fwd, const struct smsg *resp)
{
	struct proxy *px = fwd->px;
	struct shdr_digest digest;
	struct guess_who who;
	struct pl val;

	if (!guesser_of(&who, txn_srv_request(fwd->st)))
		return;
	if (resp->scode >= 200 && resp->scode < 300)
		guess_passed(px->guess, &who);
	else if ((resp->scode == 401 || resp->scode == 403) &&
		 (!smsg_val(resp, SHDR_WWW_AUTHENTICATE, &val) ||
		  shdr_digest_decode(&digest, &val) ||
		  pl_strcasecmp(&digest.stale, "true")))
		guess_failed(px->guess, &who, wheel_now(px->deps.wheel));
}

bool reg_forward_waits(const struct reg_forward *fwd)
{
	struct guess_who who;

	return guesser_of(&who, txn_srv_request(fwd->st)) &&
	       guess_wait(fwd->px->guess, &who,
			  wheel_now(fwd->px->deps.wheel));
}

/* --- the log --------------------------------------------------------------------- */

void reg_forward_remote(struct sa *sa, const struct smsg *msg)
{
	if (sa_set_str(sa, msg->src_host, msg->src_port))
		sa_init(sa, AF_UNSPEC);
}

static void flow_text(char text[FLOW_TEXT_MAX + 1], const struct txn_dest *src)
{
	struct flow_id id;

	*text = '\0';
	if (!flow_of_dest(&id, src))
		flow_id_text(text, &id);
}

void reg_forward_said(const struct reg_forward *fwd, char said[REG_SAID_MAX])
{
	const struct smsg *msg = txn_srv_request(fwd->st);
	char flow[FLOW_TEXT_MAX + 1];
	struct sa remote;

	reg_forward_remote(&remote, msg);
	flow_text(flow, txn_srv_source(fwd->st));
	reg_journal_said(said, &remote, flow, msg);
}

static void refused_note(const struct reg_forward *fwd, uint16_t code,
			 const struct pl *why)
{
	char flow[FLOW_TEXT_MAX + 1];
	struct sa remote;
	const struct reg_refusal refusal = {
		.tenant = fwd->tenant, .msg = txn_srv_request(fwd->st),
		.remote = &remote, .flow = flow, .code = code, .why = *why};

	reg_forward_remote(&remote, refusal.msg);
	flow_text(flow, txn_srv_source(fwd->st));
	reg_journal_refused(fwd->px, &refusal);
}

void reg_forward_failed(const struct reg_forward *fwd, enum status code)
{
	struct pl why;

	pl_set_str(&why, status_text(code));
	refused_note(fwd, status_info(code)->sip, &why);
}

/* A challenge to who has shown nothing is no refusal. */
static bool is_refusal(const struct smsg *req, const struct smsg *resp)
{
	struct shdr_digest digest;
	struct pl val;

	if (resp->scode != 401 && resp->scode != 407)
		return resp->scode >= 300;
	return smsg_val(req, SHDR_AUTHORIZATION, &val) &&
	       !(smsg_val(resp, SHDR_WWW_AUTHENTICATE, &val) &&
		 !shdr_digest_decode(&digest, &val) &&
		 !pl_strcasecmp(&digest.stale, "true"));
}

void reg_forward_told(struct reg_forward *fwd, const struct smsg *resp)
{
	guess_note(fwd, resp);
	if (is_refusal(txn_srv_request(fwd->st), resp))
		refused_note(fwd, resp->scode, &resp->reason);
}
