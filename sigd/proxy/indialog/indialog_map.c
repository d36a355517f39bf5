/*
 * indialog_map.c  A request within a dialog, as the other side knows it
 *
 * The two sides may know each other by other URIs (indialog_names.c), and what
 * goes to a side that challenged us is ahead by one CSeq for each answer that
 * we gave (RFC 3261 22.1). Tags and Call-ID are the same on both. Answers need
 * no map: they are written from the request (hop_back.c).
 *
 * With Redis away the first shift is in the cookie; URIs then pass as they
 * came: only tags count (RFC 3261 12.2.2).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "routing/route.h"
#include "sigd/proxy/conn/conn_pins.h"
#include "sigd/proxy/indialog/indialog_priv.h"
#include "sigd/proxy/invite/branch_early.h"
#include "sigd/proxy/side.h"

uint32_t indialog_shift(const struct indialog *in)
{
	const unsigned me = indialog_side(in);
	const struct call_side *side;

	if (!in->rec)
		return in->cookie.shift;
	side = &in->rec->side[me];
	/* as its INVITE went, whatever came between */
	if (!in->st && side->invite_cseq &&
	    side->invite_cseq == in->ack->cseq.num)
		return side->invite_shift;
	return in->rec->side[!me].shift;
}

/* --- numbers ------------------------------------------------------------------- */

/* Of the INVITE that a PRACK names (RFC 3262 7.2): what came between may have
 * gone ahead further. */
static uint32_t invite_shift(const struct indialog *in, uint32_t cseq)
{
	const struct call_side *side =
		in->rec ? &in->rec->side[indialog_side(in)] : NULL;

	return side && side->invite_cseq == cseq ? side->invite_shift
						 : in->shift;
}

static void numbers_edit(const struct indialog *in, struct smsg_edit *ed)
{
	const struct smsg *msg = ed->msg;
	struct shdr_rack rack;
	struct pl text;

	if (!in->shift)
		return;
	text = smsg_edit_text(ed, "%u %r", msg->cseq.num + in->shift,
			      &msg->cseq.name);
	smsg_edit_set(ed, SHDR_CSEQ, &text);
	if (!smsg_val(msg, SHDR_RACK, &text) || shdr_rack_decode(&rack, &text))
		return;
	text = smsg_edit_text(ed, "%u %u %r", rack.rseq,
			      rack.cseq.num +
				      invite_shift(in, rack.cseq.num),
			      &rack.cseq.name);
	smsg_edit_set(ed, SHDR_RACK, &text);
}

/* --- the way --------------------------------------------------------------------- */

/* What stands between us and that side is known from when the dialog began, and
 * to us alone: with Redis away nobody knows it. What the sender names behind
 * ours is its own idea. */
static void route_edit(const struct indialog *in, struct smsg_edit *ed)
{
	struct pl route;

	smsg_edit_remove(ed, SHDR_ROUTE);
	if (!in->rec)
		return;
	pl_set_str(&route, in->rec->side[!indialog_side(in)].routes);
	if (route.l)
		smsg_edit_push(ed, SHDR_ROUTE, &route);
}

void indialog_map(const struct indialog *in, struct smsg_edit *ed)
{
	struct pl refer_to;

	indialog_names_edit(in, ed);
	numbers_edit(in, ed);
	route_edit(in, ed);
	if (in->refer_to) {
		pl_set_str(&refer_to, in->refer_to);
		smsg_edit_set(ed, SHDR_REFER_TO, &refer_to);
	}
	challenge_edit(&in->challenge, ed);
	/* with no round trip to ask for it, an ACK shows what its INVITE did
	 * (RFC 3261 22.1) */
	if (!in->st && in->rec)
		challenge_edit_printed(in->rec->side[!indialog_side(in)].ack,
				       in->ack->cseq.num, ed);
}

/* --- challenges --------------------------------------------------------------------- */

bool indialog_passes(const struct indialog *in)
{
	const struct route_connection *conn = indialog_connection(in);

	return conn && route_forwards_to(conn->tenant, conn) &&
	       !call_is_between(in->rec) &&
	       !in->rec->side[indialog_side(in)].conn[0];
}

void indialog_challenge_prepare(const struct indialog *in)
{
	const struct route_connection *conn = indialog_connection(in);

	if (conn)
		conn_pins_fetch(in->px->pins, conn);
}

/* What follows is ahead, too, whichever worker it comes to. */
static void remember(const struct indialog *in, uint32_t num)
{
	char *ack = mem_zalloc(CALL_ACK_MAX, NULL);
	const struct call_shift shift = {!indialog_side(in), in->shift, num,
					 ack ? ack : ""};

	if (ack && indialog_request(in)->method == SMSG_INVITE)
		challenge_print(&in->challenge, num, ack, CALL_ACK_MAX);
	call_record_shift(in->px->deps.redis, in->cookie.call, &shift);
	mem_deref(ack);
}

/* RFC 3261 8.1.1.5 */
static bool may_go_ahead(const struct indialog *in)
{
	return indialog_request(in)->cseq.num <
	       (uint32_t)INT32_MAX - in->shift;
}

/* The same again takes a CSeq of its own. */
static void go_ahead(struct indialog *in)
{
	const struct early_key key = indialog_early_key(in);

	++in->shift;
	if (in->early)
		early_shift(in->px, &key, in->shift);
	else
		remember(in, indialog_request(in)->cseq.num);
}

bool indialog_challenged(struct indialog *in, const struct smsg *msg,
			 const struct pl *body)
{
	struct challenge_asked asked = {.conn = indialog_connection(in),
					.body = *body, .dialog = true};
	int err;

	if (!asked.conn || !may_go_ahead(in))
		return false;
	pl_set_str(&asked.uri, in->target);
	err = challenge_take(&in->challenge, in->px, &asked, msg);
	if (err) {
		log_warn(in->cookie.call, "challenge not answered",
			 "connection=%s method=%s code=%u why=%s",
			 asked.conn->name, smsg_method_name(msg->method),
			 msg->scode, challenge_why(err));
		return false;
	}
	go_ahead(in);
	return true;
}

/* --- a timer that is too short --------------------------------------------------------- */

bool indialog_lengthened(struct indialog *in, const struct smsg *msg)
{
	const uint32_t least = session_least(indialog_request(in), msg);

	/* once: who wants more each time wants none; and not before there is
	 * an answer, when what goes to the caller has no shift to keep */
	if (!least || in->session_least || least > SESSION_MAX_S ||
	    in->early || !may_go_ahead(in))
		return false;
	in->session_least = least;
	go_ahead(in);
	return true;
}
