/*
 * call_verdict.c  What came of a call: the rules, in their order
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "sigd/admin/call_verdict.h"
#include "sigd/admin/call_verdict_say.h"

enum {
	SHORT_MS = 1000,  /* who leaves sooner need not have been heard */
	QUIET_MS = 3000,  /* and half of the call: it was a bad one, even if
			     it was heard at the end */
	SILENT_MS = 5000, /* and three quarters of the call */
	MOS_LEAST = 300,  /* times 100; below people complain (G.107 B.4) */
	PACKETS_LEAST = 250, /* fewer tell nothing of quality: 5 s */
};

/* --- legs ------------------------------------------------------------------------ */

/* Why it is not heard, or was not for so long that this is what people
 * remember; "": it is. */
static const char *unheard(const struct callv_facts *facts,
			   const struct callv_leg *leg)
{
	if (!leg->there || leg->mute)
		return "";
	if (leg->quiet[0] && strcmp(leg->quiet, "silence"))
		return leg->quiet;
	if (leg->quiet_ms >= QUIET_MS && leg->quiet_ms * 2 >= facts->up_ms)
		return leg->was_quiet;
	/* when it ended before mediad had waited long enough to say so */
	if (leg->rtp || leg->packets || !leg->told || !facts->ended ||
	    facts->up_ms < SHORT_MS)
		return "";
	if (leg->kind == CALLV_BROWSER && !leg->stun)
		return "no-ice";
	if (leg->kind == CALLV_BROWSER && !leg->dtls)
		return "no-dtls";
	return "no-packets";
}

typedef bool(leg_h)(const struct callv_facts *facts,
		    const struct callv_leg *leg);

static const struct callv_leg *find(const struct callv_facts *facts,
				    leg_h *h)
{
	if (!facts->answered)
		return NULL;
	for (size_t i = 1; i < CALLV_LEGS; i++) {
		const struct callv_leg *leg = &facts->legs[i];

		if (leg->there && h(facts, leg))
			return leg;
	}
	return NULL;
}

static bool is(const struct callv_facts *facts, const struct callv_leg *leg,
	       const char *why)
{
	return !strcmp(unheard(facts, leg), why);
}

static bool leg_fingerprint(const struct callv_facts *facts,
			    const struct callv_leg *leg)
{
	(void)facts;
	return leg->fingerprint && !leg->dtls;
}

static bool leg_no_ice(const struct callv_facts *facts,
		       const struct callv_leg *leg)
{
	return is(facts, leg, "no-ice");
}

static bool leg_no_dtls(const struct callv_facts *facts,
			const struct callv_leg *leg)
{
	return is(facts, leg, "no-dtls") ||
	       (leg->dtls_failed && !leg->dtls && unheard(facts, leg)[0]);
}

static bool leg_ice_gone(const struct callv_facts *facts,
			 const struct callv_leg *leg)
{
	return is(facts, leg, "ice-gone");
}

static bool leg_not_authentic(const struct callv_facts *facts,
			      const struct callv_leg *leg)
{
	return is(facts, leg, "not-authentic");
}

static bool leg_elsewhere(const struct callv_facts *facts,
			  const struct callv_leg *leg)
{
	return is(facts, leg, "wrong-source");
}

static bool leg_format(const struct callv_facts *facts,
		       const struct callv_leg *leg)
{
	return is(facts, leg, "wrong-payload-type");
}

static bool leg_malformed(const struct callv_facts *facts,
			  const struct callv_leg *leg)
{
	return is(facts, leg, "malformed");
}

static bool no_packets(const struct callv_facts *facts,
		       const struct callv_leg *leg, enum callv_kind kind)
{
	return leg->kind == kind && is(facts, leg, "no-packets");
}

static bool leg_pbx(const struct callv_facts *facts,
		    const struct callv_leg *leg)
{
	return no_packets(facts, leg, CALLV_PBX);
}

static bool leg_phone(const struct callv_facts *facts,
		      const struct callv_leg *leg)
{
	return no_packets(facts, leg, CALLV_PHONE);
}

static bool leg_browser(const struct callv_facts *facts,
			const struct callv_leg *leg)
{
	return no_packets(facts, leg, CALLV_BROWSER);
}

/* All of two. */
static bool leg_nobody(const struct callv_facts *facts,
		       const struct callv_leg *leg)
{
	size_t legs = 0;
	(void)leg;

	for (size_t i = 1; i < CALLV_LEGS; i++) {
		if (!facts->legs[i].there)
			continue;
		if (!is(facts, &facts->legs[i], "no-packets"))
			return false;
		++legs;
	}
	return legs > 1;
}

/* People say nothing now and then; all the time they do not. */
static bool leg_silent(const struct callv_facts *facts,
		       const struct callv_leg *leg)
{
	return !leg->mute && leg->silent_ms >= SILENT_MS &&
	       leg->silent_ms * 4 >= facts->up_ms * 3;
}

static bool leg_poor(const struct callv_facts *facts,
		     const struct callv_leg *leg)
{
	(void)facts;
	return leg->mos && leg->mos < MOS_LEAST &&
	       leg->packets >= PACKETS_LEAST;
}

/* --- tries ------------------------------------------------------------------------ */

/* It has failed, rather than said no. */
static bool has_failed(const struct callv_try *try)
{
	return try->over && !try->dropped && !try->rang &&
	       (!try->code || try->code == 408 || try->code >= 500) &&
	       try->code < 600 && try->why != STATUS_AUTH_FAILED;
}

static bool all_failed(const struct callv_facts *facts)
{
	bool any = false;

	for (size_t i = 0; i < facts->ntries; i++) {
		any |= has_failed(&facts->tries[i]);
		if (!facts->tries[i].dropped && !has_failed(&facts->tries[i]))
			return false;
	}
	return any;
}

/* The last that said so. */
static const struct callv_try *tried(const struct callv_facts *facts,
				     enum status why)
{
	for (size_t i = facts->ntries; i-- > 0;) {
		const struct callv_try *try = &facts->tries[i];

		if (try->over && !try->dropped && try->why == why)
			return try;
	}
	return NULL;
}

static bool has_ended(const struct callv_facts *facts, enum status reason)
{
	return facts->ended && facts->reason == reason;
}

/* --- the rules ------------------------------------------------------------------- */

struct rule {
	enum callv_code code;
	enum status reason; /* of an end; STATUS_OK: any */
	bool (*holds)(const struct callv_facts *facts); /* NULL: always */
	leg_h *leg;         /* it is of a leg; NULL: of none */
};

static bool by_table(const struct callv_facts *facts)
{
	return !facts->answered && facts->code;
}

static bool redirected(const struct callv_facts *facts)
{
	return by_table(facts) && facts->code >= 300 && facts->code < 400;
}

static bool before_answer(const struct callv_facts *facts)
{
	return !facts->answered;
}

static bool codec_pbx(const struct callv_facts *facts)
{
	const struct callv_try *try = tried(facts, STATUS_NOT_ACCEPTABLE);

	return !facts->answered && try && try->code && !try->device;
}

static bool codec_device(const struct callv_facts *facts)
{
	const struct callv_try *try = tried(facts, STATUS_NOT_ACCEPTABLE);

	return !facts->answered && try && try->code && try->device;
}

static bool login_refused(const struct callv_facts *facts)
{
	const struct callv_try *try = tried(facts, STATUS_AUTH_FAILED);

	return !facts->answered && try && !try->device;
}

static bool target_said(const struct callv_facts *facts)
{
	for (size_t i = 0; i < facts->ntries; i++)
		if (facts->tries[i].over && facts->tries[i].code)
			return !facts->answered;
	return false;
}

static bool they_cancelled(const struct callv_facts *facts)
{
	return !facts->answered && tried(facts, STATUS_CANCELLED);
}

static bool failed_each(const struct callv_facts *facts)
{
	return !facts->answered && all_failed(facts);
}

static bool is_open(const struct callv_facts *facts)
{
	return facts->known && !facts->ended;
}

static bool moved(const struct callv_facts *facts)
{
	return facts->moved && facts->answered;
}

static bool came_back(const struct callv_facts *facts)
{
	return facts->back && facts->answered;
}

static bool went_well(const struct callv_facts *facts)
{
	return facts->answered && facts->reason == STATUS_HANGUP;
}

/* clang-format off */
static const struct rule rules[] = {
	/* What our own side has said before anybody was asked is no fault of
	 * who was to be asked: first. Of these the table's word is the most
	 * exact; a redirection has the reason of a rejection. */
	{CALLV_REDIRECTED, STATUS_OK, redirected, NULL},
	{CALLV_NO_ROUTE, STATUS_NO_ROUTE, before_answer, NULL},
	{CALLV_NO_ROUTE, STATUS_UNKNOWN_DOMAIN, before_answer, NULL},
	{CALLV_ROUTE_REJECTED, STATUS_ROUTE_REJECTED, before_answer, NULL},

	/* Who gave up has cut short whatever was to come: what the tries
	 * were at then is no reason. But a target may say 487 by itself. */
	{CALLV_REFUSED_BY_TARGET, STATUS_CANCELLED, they_cancelled, NULL},
	{CALLV_CANCELLED, STATUS_CANCELLED, before_answer, NULL},
	/* The connection of who called went: the tries were dropped by us. */
	{CALLV_FLOW_LOST, STATUS_FLOW_LOST, NULL, NULL},

	/* An explicit word of who was called goes before what others failed
	 * with: it is why the caller was refused (RFC 3261 16.7). */
	{CALLV_BUSY, STATUS_BUSY, before_answer, NULL},
	{CALLV_DECLINED, STATUS_DECLINED, before_answer, NULL},
	/* Each try was as dead as the other: before the reasons of single
	 * ones, which the sentence lists. */
	{CALLV_ALL_TARGETS_FAILED, STATUS_TARGET_DOWN, failed_each, NULL},
	{CALLV_ALL_TARGETS_FAILED, STATUS_TARGET_TIMEOUT, failed_each, NULL},
	{CALLV_ALL_TARGETS_FAILED, STATUS_FLOW_GONE, failed_each, NULL},
	{CALLV_ALL_TARGETS_FAILED, STATUS_NO_ANSWER, failed_each, NULL},
	/* 488 of the far side; behind it what we refuse ourselves by the
	 * same reason, which no try has said. */
	{CALLV_CODEC_REFUSED_BY_PBX, STATUS_NOT_ACCEPTABLE, codec_pbx, NULL},
	{CALLV_CODEC_REFUSED_BY_DEVICE, STATUS_NOT_ACCEPTABLE, codec_device,
	 NULL},
	{CALLV_NO_COMMON_CODEC, STATUS_NOT_ACCEPTABLE, before_answer, NULL},
	{CALLV_NO_COMMON_CODEC, STATUS_NO_AUDIO, before_answer, NULL},
	{CALLV_NO_COMMON_CODEC, STATUS_NO_ENCRYPTION, before_answer, NULL},
	{CALLV_NO_COMMON_CODEC, STATUS_BAD_SDP, before_answer, NULL},
	/* A challenge is between the PBX and us; with no try it was ours. */
	{CALLV_PBX_CREDENTIALS, STATUS_AUTH_FAILED, login_refused, NULL},
	{CALLV_AUTH_FAILED, STATUS_AUTH_FAILED, before_answer, NULL},
	{CALLV_AUTH_FAILED, STATUS_AUTH_LOCKED, before_answer, NULL},
	{CALLV_AUTH_FAILED, STATUS_AUTH_REQUIRED, before_answer, NULL},
	{CALLV_NUMBER_UNKNOWN, STATUS_UNKNOWN_USER, target_said, NULL},
	{CALLV_NOT_REGISTERED, STATUS_NOT_REGISTERED, before_answer, NULL},
	{CALLV_NOT_REGISTERED, STATUS_UNKNOWN_USER, before_answer, NULL},
	{CALLV_NO_ANSWER, STATUS_NO_ANSWER, before_answer, NULL},

	/* Limits and faults of ours. */
	{CALLV_FORBIDDEN, STATUS_FORBIDDEN, before_answer, NULL},
	{CALLV_LIMITED, STATUS_CALL_LIMIT, before_answer, NULL},
	{CALLV_LIMITED, STATUS_RATE_LIMITED, before_answer, NULL},
	{CALLV_OVERLOAD, STATUS_OVERLOAD, before_answer, NULL},
	{CALLV_OVERLOAD, STATUS_DRAINING, before_answer, NULL},
	{CALLV_OVERLOAD, STATUS_NO_PORT, before_answer, NULL},
	{CALLV_NO_MEDIA_NODE, STATUS_NO_MEDIA_NODE, before_answer, NULL},
	{CALLV_NO_MEDIA_NODE, STATUS_TIMEOUT, before_answer, NULL},
	{CALLV_REDIS_DOWN, STATUS_REDIS_DOWN, NULL, NULL},
	{CALLV_WORKER_DIED, STATUS_KILLED, NULL, NULL},
	{CALLV_MEDIA_NODE_LOST, STATUS_MEDIA_NODE_LOST, NULL, NULL},
	/* What is left of refusals: theirs, then ours. Behind all that has a
	 * name of its own. */
	{CALLV_REFUSED_BY_TARGET, STATUS_TARGET_DOWN, target_said, NULL},
	{CALLV_REFUSED_BY_TARGET, STATUS_MOVED, target_said, NULL},

	/* Who was not heard: before how it ended, as that is what comes of it
	 * (people hang up, mediad gives up). A flow or a media node that was
	 * lost takes its packets with it, so these went before. The ladder
	 * from its foot: without ICE there is no DTLS, without keys no
	 * packet; a fingerprint is the exact reason of a handshake that
	 * failed. The browser's before the PBX's, since a PBX may send
	 * nothing until it has heard something. */
	{CALLV_FINGERPRINT_MISMATCH, STATUS_OK, NULL, leg_fingerprint},
	{CALLV_ICE_NO_CHECKS, STATUS_OK, NULL, leg_no_ice},
	{CALLV_DTLS_FAILED, STATUS_OK, NULL, leg_no_dtls},
	{CALLV_ICE_LOST, STATUS_OK, NULL, leg_ice_gone},
	/* Something comes that is of no use: more exact than that nothing
	 * does. */
	{CALLV_NOT_AUTHENTIC, STATUS_OK, NULL, leg_not_authentic},
	{CALLV_WRONG_SOURCE, STATUS_OK, NULL, leg_elsewhere},
	{CALLV_WRONG_PAYLOAD_TYPE, STATUS_OK, NULL, leg_format},
	{CALLV_MALFORMED_RTP, STATUS_OK, NULL, leg_malformed},
	/* Nothing at all; of both before of one. */
	{CALLV_NO_MEDIA, STATUS_OK, NULL, leg_nobody},
	{CALLV_NO_RTP_FROM_PBX, STATUS_OK, NULL, leg_pbx},
	{CALLV_NO_RTP_FROM_PHONE, STATUS_OK, NULL, leg_phone},
	{CALLV_ONE_WAY_FROM_BROWSER, STATUS_OK, NULL, leg_browser},

	/* How it ended, when nobody lacked anything. */
	{CALLV_MEDIA_LOST, STATUS_MEDIA_LOST, NULL, NULL},
	{CALLV_MEDIA_LOST, STATUS_MEDIA_TIMEOUT, NULL, NULL},
	{CALLV_SIDE_GONE, STATUS_TARGET_TIMEOUT, NULL, NULL},
	{CALLV_SIDE_GONE, STATUS_UNKNOWN_DIALOG, NULL, NULL},
	{CALLV_NO_ACK, STATUS_TIMEOUT, NULL, NULL},
	{CALLV_NO_ACK, STATUS_SETUP_EXPIRED, NULL, NULL},
	{CALLV_SESSION_EXPIRED, STATUS_SESSION_EXPIRED, NULL, NULL},
	{CALLV_CALL_EXPIRED, STATUS_CALL_EXPIRED, NULL, NULL},
	{CALLV_BY_OPERATOR, STATUS_ADMIN, NULL, NULL},
	{CALLV_BY_OPERATOR, STATUS_OPERATOR, NULL, NULL},

	/* It was heard, but: people are silent now and then, so this is
	 * behind all that is a fault for sure. */
	{CALLV_SILENCE, STATUS_OK, NULL, leg_silent},
	{CALLV_POOR_QUALITY, STATUS_OK, NULL, leg_poor},

	/* Nothing is wrong. What is worth a word, the rarer first. */
	{CALLV_IN_PROGRESS, STATUS_OK, is_open, NULL},
	{CALLV_MEDIA_MOVED, STATUS_HANGUP, moved, NULL},
	{CALLV_RECONNECTED, STATUS_HANGUP, came_back, NULL},
	{CALLV_TRANSFERRED, STATUS_REPLACED, NULL, NULL},
	{CALLV_OK, STATUS_HANGUP, went_well, NULL},
};
/* clang-format on */

static bool rule_holds(const struct rule *rule, const struct callv_facts *facts,
		       const struct callv_leg **leg)
{
	*leg = rule->leg ? find(facts, rule->leg) : NULL;
	return (!rule->leg || *leg) &&
	       (rule->reason == STATUS_OK || has_ended(facts, rule->reason)) &&
	       (!rule->holds || rule->holds(facts));
}

static enum callv_code otherwise(const struct callv_facts *facts)
{
	if (!facts->ended || facts->reason == STATUS_OK)
		return CALLV_UNKNOWN;
	return facts->answered ? CALLV_ENDED : CALLV_REFUSED;
}

void callv_judge(struct callv *verdict, const struct callv_facts *facts)
{
	const struct callv_leg *leg = NULL;

	memset(verdict, 0, sizeof(*verdict));
	verdict->code = otherwise(facts);
	for (size_t i = 0; i < COUNTOF(rules); i++) {
		if (!rule_holds(&rules[i], facts, &leg))
			continue;
		verdict->code = rules[i].code;
		verdict->leg  = leg;
		break;
	}
	callv_say(verdict, facts);
}
