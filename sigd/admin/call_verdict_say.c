/*
 * call_verdict_say.c  What came of a call, as a sentence
 *
 * A sentence names who is to be looked after: a connection and its address, a
 * user's device, a rule.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/admin/call_verdict_say.h"

struct say {
	const struct callv *verdict;
	const struct callv_facts *facts;
};

typedef int(say_h)(struct re_printf *pf, const struct say *say);

/* --- parts of sentences ----------------------------------------------------------- */

static const char *or_some(const char *text, const char *other)
{
	return text[0] ? text : other;
}

static const char *caller_of(const struct callv_facts *facts)
{
	return or_some(facts->caller, "the caller");
}

static const char *callee_of(const struct callv_facts *facts)
{
	return or_some(facts->callee, "the number");
}

static int print_at(struct re_printf *pf, const char *at)
{
	return at[0] ? re_hprintf(pf, " (%s)", at) : 0;
}

static int print_leg(struct re_printf *pf, const struct callv_leg *leg)
{
	int err = re_hprintf(pf, "%s", or_some(leg->name, "one side"));

	return err ? err : print_at(pf, leg->at);
}

static int print_try(struct re_printf *pf, const struct callv_try *try)
{
	int err = re_hprintf(pf, "%s", or_some(try->name, "a target"));

	err = err ? err : print_at(pf, try->at);
	if (err || !try->over)
		return err;
	if (try->code)
		return re_hprintf(pf, " said %u", try->code);
	return re_hprintf(pf, ": %s", try->dropped ? "given up by us"
				      : try->rang  ? "rang, no answer"
						   : status_text(try->why));
}

/* " connection a (..) said 503; connection b (..): target-timeout" */
static int print_tries(struct re_printf *pf, const struct callv_facts *facts)
{
	int err = 0;

	for (size_t i = 0; i < facts->ntries && !err; i++)
		err = re_hprintf(pf, "%s%H", i ? "; " : "", print_try,
				 &facts->tries[i]);
	if (!err && facts->tries_left_out)
		err = re_hprintf(pf, "; and %zu more", facts->tries_left_out);
	return err;
}

/* Who said so; NULL: nobody. */
static const struct callv_try *speaker(const struct callv_facts *facts)
{
	const struct callv_try *last = NULL;

	for (size_t i = facts->ntries; i-- > 0;) {
		const struct callv_try *try = &facts->tries[i];

		if (!try->over || try->dropped)
			continue;
		if (try->why == facts->reason)
			return try;
		last = last ? last : try;
	}
	return last;
}

/* The other side of the leg, who hears it or not. */
static const char *other_of(const struct say *say)
{
	for (size_t i = 1; i < CALLV_LEGS; i++) {
		const struct callv_leg *leg = &say->facts->legs[i];

		if (leg->there && leg != say->verdict->leg && leg->name[0])
			return leg->name;
	}
	return "the other side";
}

static int print_length(struct re_printf *pf, const struct callv_facts *facts)
{
	return re_hprintf(pf, "%llu.%llu s",
			  (unsigned long long)(facts->up_ms / 1000),
			  (unsigned long long)(facts->up_ms / 100 % 10));
}

/* --- sentences --------------------------------------------------------------------- */

static int say_ok(struct re_printf *pf, const struct say *say)
{
	return re_hprintf(pf, "The call was up for %H and went well; %s hung "
			  "up.", print_length, say->facts,
			  or_some(say->facts->by, "one side"));
}

static int say_open(struct re_printf *pf, const struct say *say)
{
	const struct callv_facts *facts = say->facts;

	if (facts->answered)
		return re_hprintf(pf, "The call is up for %H; nothing is wrong "
				  "so far.", print_length, facts);
	return re_hprintf(pf, "The call to %s is being set up%s%H.",
			  callee_of(facts), facts->ntries ? ": " : "",
			  print_tries, facts);
}

static int say_no_route(struct re_printf *pf, const struct say *say)
{
	return re_hprintf(pf, "No route of tenant %s matches %s, which %s "
			  "called.", say->facts->tenant,
			  callee_of(say->facts), caller_of(say->facts));
}

static int say_table(struct re_printf *pf, const struct say *say)
{
	const struct callv_facts *facts = say->facts;

	return re_hprintf(pf, "Route %s of tenant %s %s calls of %s to %s"
			  "%s.", or_some(facts->rule, "(unknown)"),
			  facts->tenant,
			  say->verdict->code == CALLV_REDIRECTED ? "redirects"
								 : "refuses",
			  caller_of(facts), callee_of(facts),
			  say->verdict->code == CALLV_REDIRECTED
				  ? " elsewhere"
				  : "");
}

static int say_refused(struct re_printf *pf, const struct say *say)
{
	const struct callv_facts *facts = say->facts;
	const struct status_info *info = status_info(facts->reason);

	return re_hprintf(pf, "The call of %s to %s was refused: %s (%s)",
			  caller_of(facts), callee_of(facts), info->meaning,
			  info->text);
}

static int say_ended(struct re_printf *pf, const struct say *say)
{
	const struct status_info *info = status_info(say->facts->reason);

	return re_hprintf(pf, "The call was ended after %H: %s (%s)",
			  print_length, say->facts, info->meaning, info->text);
}

static int say_gone(struct re_printf *pf, const struct say *say)
{
	const struct callv_facts *facts = say->facts;

	return re_hprintf(pf, "%s did not know the call any more, or did not "
			  "answer (%s), so it was ended after %H.",
			  or_some(facts->gone, "One side"),
			  status_text(facts->reason), print_length, facts);
}

static int say_no_ack(struct re_printf *pf, const struct say *say)
{
	return re_hprintf(pf, "%s never acknowledged the answer to its INVITE, "
			  "so the call was ended.",
			  or_some(say->facts->gone, caller_of(say->facts)));
}

static int say_cancelled(struct re_printf *pf, const struct say *say)
{
	const struct callv_facts *facts = say->facts;
	bool rang = false;

	for (size_t i = 0; i < facts->ntries; i++)
		rang |= facts->tries[i].rang;
	return re_hprintf(pf, "%s gave up before %s answered%s.",
			  caller_of(facts), callee_of(facts),
			  rang ? ", while it rang" : ", before it rang");
}

/* Busy, declined, no answer, not known there. */
static int say_said(struct re_printf *pf, const struct say *say)
{
	const struct callv_try *try = speaker(say->facts);

	if (!try)
		return say_refused(pf, say);
	return re_hprintf(pf, "%s was not reached: %H%s.",
			  callee_of(say->facts), print_try, try,
			  say->facts->ntries > 1 ? ", the last word of several"
						 : "");
}

static int say_registered(struct re_printf *pf, const struct say *say)
{
	return re_hprintf(pf, "%s called %s, who has no device that is "
			  "registered.", caller_of(say->facts),
			  callee_of(say->facts));
}

static int say_codec(struct re_printf *pf, const struct say *say)
{
	const struct callv_try *try = speaker(say->facts);

	return re_hprintf(pf, "%s%H %u: it takes none of the codecs, or not "
			  "the encryption, that it was offered.",
			  try ? or_some(try->name, "The target") : "The target",
			  print_at, try ? try->at : "", try ? try->code : 488);
}

static int say_sdp(struct re_printf *pf, const struct say *say)
{
	const struct callv_facts *facts = say->facts;

	if (!facts->sdp_why[0])
		return say_refused(pf, say);
	return re_hprintf(pf, "What %s described cannot be served: %s.",
			  facts->sdp_leg == 1 ? caller_of(facts)
			  : facts->ntries     ? facts->tries[0].name
					      : callee_of(facts),
			  facts->sdp_why);
}

static int say_login(struct re_printf *pf, const struct say *say)
{
	const struct callv_try *try = speaker(say->facts);

	return re_hprintf(pf, "%s%H wanted a login (%u) and did not take "
			  "ours.",
			  try ? or_some(try->name, "The PBX") : "The PBX",
			  print_at, try ? try->at : "", try ? try->code : 401);
}

static int say_targets(struct re_printf *pf, const struct say *say)
{
	return re_hprintf(pf, "None of %zu target%s of %s could take the call: "
			  "%H.", say->facts->ntries + say->facts->tries_left_out,
			  say->facts->ntries == 1 ? "" : "s",
			  callee_of(say->facts), print_tries, say->facts);
}

static int say_flow(struct re_printf *pf, const struct say *say)
{
	const struct callv_facts *facts = say->facts;

	return re_hprintf(pf, "%s lost the connection to us and did not come "
			  "back in time%s.",
			  or_some(facts->lost, caller_of(facts)),
			  facts->answered ? "" : "; the call was not answered "
						 "yet");
}

static int say_media_node(struct re_printf *pf, const struct say *say)
{
	const struct callv_facts *facts = say->facts;

	return re_hprintf(pf, "The media worker %s was lost, and the call could "
			  "not be moved%s%s.",
			  or_some(facts->moved_from, "of the call"),
			  facts->moved_to[0] ? " to " : "", facts->moved_to);
}

static int say_fingerprint(struct re_printf *pf, const struct say *say)
{
	return re_hprintf(pf, "%H showed another certificate in its DTLS "
			  "handshake than the fingerprint in its SDP names; its "
			  "media was refused.", print_leg, say->verdict->leg);
}

static int say_ice(struct re_printf *pf, const struct say *say)
{
	return re_hprintf(pf, "No ICE check of %H has come to us: there is no "
			  "way for its media, and %s heard nothing.",
			  print_leg, say->verdict->leg, other_of(say));
}

static int say_dtls(struct re_printf *pf, const struct say *say)
{
	const struct callv_leg *leg = say->verdict->leg;

	return re_hprintf(pf, "The DTLS handshake with %H did not end%s%s: "
			  "there are no keys, so no media.", print_leg, leg,
			  leg->dtls_why[0] ? ": " : "", leg->dtls_why);
}

/* Of what comes instead of its packets. */
static const char *instead(enum callv_code code)
{
	switch ((unsigned)code) {
	case CALLV_ICE_LOST:
		return "sent packets and ICE checks, and then no more";
	case CALLV_NOT_AUTHENTIC:
		return "sends packets that are not encrypted with the keys "
		       "that were agreed on";
	case CALLV_WRONG_SOURCE:
		return "sends from another address than its SDP names, which "
		       "is refused";
	case CALLV_WRONG_PAYLOAD_TYPE:
		return "sends a codec that was not agreed on";
	case CALLV_MALFORMED_RTP:
		return "sends what is no RTP";
	case CALLV_ONE_WAY_FROM_BROWSER:
		return "is connected (ICE and DTLS are done) but sends no "
		       "audio";
	case CALLV_SILENCE:
		return "sends packets with nothing but silence";
	default:
		return "sends no RTP";
	}
}

static int say_unheard(struct re_printf *pf, const struct say *say)
{
	const struct callv_leg *leg = say->verdict->leg;
	const bool other = say->verdict->code == CALLV_WRONG_SOURCE &&
			   leg->elsewhere[0];

	return re_hprintf(pf, "%H %s%s%s: %s heard nothing of it.", print_leg,
			  leg, instead(say->verdict->code),
			  other ? ", from " : "", other ? leg->elsewhere : "",
			  other_of(say));
}

static int say_nobody(struct re_printf *pf, const struct say *say)
{
	return re_hprintf(pf, "Neither %H nor %s sent any RTP, although there "
			  "is a way for it.", print_leg, say->verdict->leg,
			  other_of(say));
}

static int say_poor(struct re_printf *pf, const struct say *say)
{
	const struct callv_leg *leg = say->verdict->leg;
	const uint64_t all = leg->packets + leg->lost;

	return re_hprintf(pf, "What came from %H was bad (MOS %u.%02u, %llu %% "
			  "of its packets lost): %s heard it badly.", print_leg,
			  leg, leg->mos / 100, leg->mos % 100,
			  (unsigned long long)(all ? leg->lost * 100 / all : 0),
			  other_of(say));
}

static int say_moved(struct re_printf *pf, const struct say *say)
{
	const struct callv_facts *facts = say->facts;

	return re_hprintf(pf, "The call was up for %H and went well; its media "
			  "went from %s to %s meanwhile.", print_length, facts,
			  or_some(facts->moved_from, "one worker"),
			  or_some(facts->moved_to, "another"));
}

static int say_back(struct re_printf *pf, const struct say *say)
{
	return re_hprintf(pf, "The call was up for %H; %s lost the connection "
			  "meanwhile, and came back in time.", print_length,
			  say->facts, or_some(say->facts->lost, "one side"));
}

static int say_unknown(struct re_printf *pf, const struct say *say)
{
	const struct callv_facts *facts = say->facts;

	return re_hprintf(pf, "%s",
			  facts->known ? "The log of the call does not say how "
					 "it ended."
			  : facts->off ? "Logs of calls are not kept "
					 "(`call_log` in sigd.yaml): its "
					 "record and SIP messages are all that "
					 "is known."
				       : "The log of the call is not kept any "
					 "more.");
}

static say_h *const sentences[CALLV_CODES] = {
	[CALLV_OK] = say_ok,
	[CALLV_IN_PROGRESS] = say_open,
	[CALLV_UNKNOWN] = say_unknown,
	[CALLV_NO_ROUTE] = say_no_route,
	[CALLV_ROUTE_REJECTED] = say_table,
	[CALLV_REDIRECTED] = say_table,
	[CALLV_CANCELLED] = say_cancelled,
	[CALLV_BUSY] = say_said,
	[CALLV_DECLINED] = say_said,
	[CALLV_NO_ANSWER] = say_said,
	[CALLV_NOT_REGISTERED] = say_registered,
	[CALLV_NUMBER_UNKNOWN] = say_said,
	[CALLV_CODEC_REFUSED_BY_PBX] = say_codec,
	[CALLV_CODEC_REFUSED_BY_DEVICE] = say_codec,
	[CALLV_NO_COMMON_CODEC] = say_sdp,
	[CALLV_PBX_CREDENTIALS] = say_login,
	[CALLV_REFUSED_BY_TARGET] = say_said,
	[CALLV_ALL_TARGETS_FAILED] = say_targets,
	[CALLV_FLOW_LOST] = say_flow,
	[CALLV_MEDIA_NODE_LOST] = say_media_node,
	[CALLV_SIDE_GONE] = say_gone,
	[CALLV_NO_ACK] = say_no_ack,
	[CALLV_FINGERPRINT_MISMATCH] = say_fingerprint,
	[CALLV_ICE_NO_CHECKS] = say_ice,
	[CALLV_DTLS_FAILED] = say_dtls,
	[CALLV_ICE_LOST] = say_unheard,
	[CALLV_NOT_AUTHENTIC] = say_unheard,
	[CALLV_WRONG_SOURCE] = say_unheard,
	[CALLV_WRONG_PAYLOAD_TYPE] = say_unheard,
	[CALLV_MALFORMED_RTP] = say_unheard,
	[CALLV_NO_MEDIA] = say_nobody,
	[CALLV_NO_RTP_FROM_PBX] = say_unheard,
	[CALLV_NO_RTP_FROM_PHONE] = say_unheard,
	[CALLV_ONE_WAY_FROM_BROWSER] = say_unheard,
	[CALLV_SILENCE] = say_unheard,
	[CALLV_POOR_QUALITY] = say_poor,
	[CALLV_MEDIA_MOVED] = say_moved,
	[CALLV_RECONNECTED] = say_back,
};

static int print_sentence(struct re_printf *pf, const struct say *say)
{
	say_h *h = sentences[say->verdict->code];

	if (h)
		return h(pf, say);
	return say->facts->answered ? say_ended(pf, say)
				    : say_refused(pf, say);
}

void callv_say(struct callv *verdict, const struct callv_facts *facts)
{
	const struct say say = {verdict, facts};

	/* what does not fit is cut: who hears of it knows enough */
	(void)re_snprintf(verdict->text, sizeof(verdict->text), "%H",
			  print_sentence, &say);
}
