/*
 * invite_service.c  A call that we answer ourselves: echo, tone, milliwatt, an
 *                   announcement
 *
 * The three questions to mediad go out together and are served in order: the
 * caller's offer, what the leg is joined to, our answer. The first refusal
 * decides.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/fault.h"
#include "common/id.h"
#include "sigd/proxy/diary.h"
#include "sigd/proxy/end/call_due.h"
#include "sigd/proxy/end/call_rtt.h"
#include "sigd/proxy/invite/device_media.h"
#include "sigd/proxy/end/rebind.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/invite/invite_priv.h"
#include "sigd/proxy/news.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/service_name.h"
#include "sigd/sip/smsg_build.h"

/* 200 with our answer. The cookie stands in the Contact: we are the far end,
 * and there is no route between. */
static int answer_write(struct invite *inv, struct smsg_reply *reply,
			char contact[512], const char *tag)
{
	const struct smsg *msg = txn_srv_request(inv->st);
	const struct cookie_dialog dialog = {msg->callid, msg->from.tag};
	struct cookie cookie = {.direction = COOKIE_TO_SERVICE, .leg = 1};
	char token[SEAL_TEXT_MAX + 1];
	int err;

	str_ncpy(cookie.call, inv->rec.call, sizeof(cookie.call));
	str_ncpy(cookie.session, inv->rec.session, sizeof(cookie.session));
	str_ncpy(cookie.tenant, inv->rec.tenant, sizeof(cookie.tenant));
	str_ncpy(cookie.media, inv->rec.media, sizeof(cookie.media));
	err = cookie_seal(token, inv->px->deps.keyring, proxy_unix_ms() / 1000,
			  &cookie, &dialog);
	if (err)
		return err;

	re_snprintf(contact, 512, "<sip:%s@%s;transport=%s>", token,
		    hop_host(inv->px, &inv->caller),
		    hop_transport(&inv->caller));
	reply->scode = 200;
	reply->record_route = true;
	pl_set_str(&reply->to_tag, tag);
	pl_set_str(&reply->ctype, "application/sdp");
	pl_set_mbuf(&reply->body, inv->sdp);
	return 0;
}

static void on_saved(enum status code, const struct call_record *rec, void *arg)
{
	struct invite *inv = arg;
	char contact[512];
	struct smsg_field fields[2 + SESSION_FIELDS];
	struct smsg_reply reply = {.fieldv = fields, .fieldc = 2};
	char timer[SESSION_TEXT];
	(void)rec;

	(void)FAULT("sigd.answer.saved");
	inv->save = mem_deref(inv->save);
	if (code == STATUS_OK &&
	    answer_write(inv, &reply, contact, inv->rec.side[CALL_CALLEE].tag))
		code = STATUS_INTERNAL;
	if (code != STATUS_OK) {
		invite_unsaved(inv, code);
		return;
	}
	pl_set_str(&fields[0].name, "Contact");
	pl_set_str(&fields[0].val, contact);
	pl_set_str(&fields[1].name, "Allow");
	pl_set_str(&fields[1].val, "INVITE, ACK, BYE, CANCEL, OPTIONS, "
				   "UPDATE, INFO");
	session_fields(&reply, fields, timer, inv->session_s);
	invite_heard(inv, 200);
	/* when it cannot be sent no ACK comes, and that ends the call */
	(void)txn_srv_respond(inv->st, &reply);
	if (txn_srv_repeat_2xx(inv->st)) {
		invite_fail(inv, STATUS_INTERNAL);
		return;
	}
	inv->answered = true;
	invite_setup_end(inv);
	if (inv->hunt.replaced.up)
		call_due_replaced(inv->px, inv->hunt.replaced.call);
	++inv->px->counts.answered;
	news_call_answered(inv->px->news, &inv->rec);
	call_rtt_watch(inv->px, &inv->rec);
	diary_up(inv->px, &inv->rec);
	(void)FAULT("sigd.answer.sent");
}

static void on_refused(struct invite *inv, unsigned slot, enum status code)
{
	inv->asks[slot] = mem_deref(inv->asks[slot]);
	/* an answer that was lost does not matter once the last one came */
	if (code != STATUS_OK && !inv->answered)
		invite_fail(inv, code);
}

static void ask_all(struct invite *inv);

static void on_remote(const struct ctl_ans *ans, void *arg)
{
	struct invite *inv = arg;

	if (ans->status != STATUS_OK && invite_move(inv, ans->status))
		ask_all(inv);
	else
		on_refused(inv, 0, ans->status);
}

static void on_join(const struct ctl_ans *ans, void *arg)
{
	on_refused(arg, 1, ans->status);
}

static void on_local(const struct ctl_ans *ans, void *arg)
{
	struct invite *inv = arg;
	struct call_side *caller = &inv->rec.side[CALL_CALLER];

	enum status code = ans->status;

	if (code == STATUS_OK && invite_sdp_keep(&inv->sdp, &ans->sdp))
		code = STATUS_OVERLOAD;
	inv->asks[2] = mem_deref(inv->asks[2]);
	if (code != STATUS_OK) {
		invite_fail(inv, code);
		return;
	}
	caller->own_cseq = caller->cseq;
	str_ncpy(caller->own_at, inv->px->at, sizeof(caller->own_at));
	inv->session_s = session_answer(&inv->px->cfg.session,
					txn_srv_request(inv->st))
				 .expires;
	rebind_up(inv->px, &inv->rec);
	invite_save(inv, on_saved);
}

/* What the caller requires and our end cannot do (RFC 3261 8.2.2.3); that a
 * 1xx is reliable is easily promised, as there is none. Empty: nothing. */
static void unsupported(char *text, size_t size, const struct smsg *msg)
{
	const struct smsg_hdr *hdr = smsg_hdr(msg, SHDR_REQUIRE);
	size_t n = 0;

	*text = '\0';
	for (; hdr; hdr = smsg_hdr_next(msg, hdr)) {
		struct pl token, list = smsg_hdr_val(msg, hdr);

		while (!shdr_list_next(&token, &list)) {
			if (!pl_strcasecmp(&token, "100rel") ||
			    n + token.l + 3 > size)
				continue;
			n += (size_t)re_snprintf(text + n, size - n, "%s%r",
						 n ? ", " : "", &token);
		}
	}
}

static void refuse(struct invite *inv, const char *tokens)
{
	struct smsg_field field = {PL("Unsupported"), PL("")};
	struct smsg_reply reply = {.scode = 420, .fieldv = &field,
				   .fieldc = 1};
	char tag[17];

	pl_set_str(&field.val, tokens);
	reply_tag(tag, inv->px, txn_srv_request(inv->st));
	pl_set_str(&reply.to_tag, tag);
	(void)txn_srv_respond(inv->st, &reply);
	invite_give_up(inv, STATUS_BAD_EXTENSION);
}

static void ask_all(struct invite *inv)
{
	struct ctl_req join = {.verb = CTL_LEG_JOIN,
			       .join = {.leg = 1, .up = true}};
	const bool delayed = invite_delayed(inv);
	const struct ctl_req local = {
		.verb = CTL_LEG_LOCAL,
		.local = {.leg = 1,
			  .want = delayed ? CTL_OFFER : CTL_ANSWER,
			  .profile = device_caller_profile(inv)}};
	int err;

	(void)service_name_read(&join.join, inv->rec.service);
	/* our offer is asked for twice, then, and the same */
	err = delayed ? invite_local_offer(inv, on_remote)
		      : invite_remote_offer(inv, on_remote);
	if (!err)
		err = invite_ask(inv, 1, &join, on_join);
	if (!err)
		err = invite_ask(inv, 2, &local, on_local);
	if (err)
		invite_fail(inv, status_of_errno(err));
}

void invite_service(struct invite *inv, const struct route_target *target)
{
	char tokens[128];

	unsupported(tokens, sizeof(tokens), txn_srv_request(inv->st));
	if (tokens[0]) {
		refuse(inv, tokens);
		return;
	}
	service_name_print(inv->rec.service, sizeof(inv->rec.service),
			   target->service, target->announcement);
	/* not as in other answers of ours: an INVITE that is repeated to our
	 * successor begins another call, whose dialog is not this one */
	id_make(inv->rec.side[CALL_CALLEE].tag);
	ask_all(inv);
}
