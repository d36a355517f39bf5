/*
 * call_facts_media.c  The facts of a call's media, as mediad has told of them
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "sigd/admin/call_facts_priv.h"

enum { QUIET_MAX = 32 };

struct at {
	struct callv_leg *leg;
	struct call_facts_leg *is;
	const struct pl *data;
	uint64_t ms;
};

/* --- one after the other --------------------------------------------------------- */

static void profile_set(struct callv_leg *leg, const struct pl *data)
{
	char profile[16];

	facts_text(profile, sizeof(profile), data, "profile");
	if (!profile[0])
		return;
	leg->kind_known = true;
	leg->kind = !strcmp(profile, "browser") ? CALLV_BROWSER : CALLV_PBX;
}

static void on_offer(const struct at *at)
{
	profile_set(at->leg, at->data);
}

/* What it says itself; who is not named says that it does both. */
static void on_agreed(const struct at *at)
{
	char remote[CALLV_AT_MAX];

	profile_set(at->leg, at->data);
	at->leg->mute = facts_says(at->data, "theirs", "recvonly") ||
			facts_says(at->data, "theirs", "inactive");
	facts_text(remote, sizeof(remote), at->data, "remote");
	if (remote[0])
		str_ncpy(at->leg->at, remote, sizeof(at->leg->at));
}

static void on_check(const struct at *at)
{
	at->leg->stun = true;
	facts_text_if(at->leg->at, sizeof(at->leg->at), at->data, "from");
}

/* What is about RTCP alone, or about somebody else, is nothing of it. */
static bool is_aside(const struct at *at)
{
	return facts_says(at->data, "stream", "rtcp") ||
	       facts_says(at->data, "other", "yes");
}

static void on_keys(const struct at *at)
{
	if (!is_aside(at))
		at->leg->dtls = true;
}

static void on_failed(const struct at *at)
{
	struct callv_leg *leg = at->leg;
	char detail[CALLV_WHY_MAX];

	if (is_aside(at))
		return;
	leg->dtls_failed = true;
	facts_text(leg->dtls_why, sizeof(leg->dtls_why), at->data, "why");
	facts_text(detail, sizeof(detail), at->data, "detail");
	if (detail[0])
		str_ncpy(leg->dtls_why, detail, sizeof(leg->dtls_why));
}

static void on_broken(const struct at *at)
{
	facts_text_if(at->leg->dtls_why, sizeof(at->leg->dtls_why), at->data,
		      "why");
}

static void on_print(const struct at *at)
{
	if (!is_aside(at))
		at->leg->fingerprint = true;
}

static void on_rtp(const struct at *at)
{
	at->leg->rtp = true;
	facts_text_if(at->leg->at, sizeof(at->leg->at), at->data, "from");
}

static void on_stranger(const struct at *at)
{
	facts_text_if(at->leg->elsewhere, sizeof(at->leg->elsewhere), at->data,
		      "from");
}

/* --- is it heard? ------------------------------------------------------------------ */

static void quiet_until(struct callv_leg *leg, const struct call_facts_leg *is,
			uint64_t ms)
{
	const uint64_t since = is->quiet_ms;

	if (!since || ms <= since)
		return;
	if (strcmp(leg->quiet, "silence"))
		leg->quiet_ms += ms - since;
	else
		leg->silent_ms += ms - since;
}

static void heard(const struct at *at)
{
	struct callv_leg *leg = at->leg;

	quiet_until(leg, at->is, at->ms);
	at->is->quiet_ms = 0;
	leg->quiet[0] = '\0';
}

/* "no-packets", perhaps with more behind it */
static void on_quiet(const struct at *at)
{
	struct callv_leg *leg = at->leg;
	char why[CALLV_WHY_MAX];

	heard(at);
	facts_text(why, sizeof(why), at->data, "why");
	why[strcspn(why, " :;,")] = '\0';
	if (strlen(why) >= QUIET_MAX)
		why[0] = '\0';
	str_ncpy(leg->quiet, why, sizeof(leg->quiet));
	if (strcmp(why, "silence"))
		str_ncpy(leg->was_quiet, why, sizeof(leg->was_quiet));
	at->is->quiet_ms = at->ms;
}

static void on_figures(const struct at *at)
{
	struct callv_leg *leg = at->leg;
	const uint64_t mos = facts_number(at->data, "mos");

	leg->packets += facts_number(at->data, "in");
	leg->lost += facts_number(at->data, "lost");
	if (mos && mos <= 500)
		leg->mos = (unsigned)mos;
}

/* All of it; what it was when it ended is no fault: the call was over. */
static void on_leg_ended(const struct at *at)
{
	struct callv_leg *leg = at->leg;

	leg->packets = leg->lost = 0;
	on_figures(at);
	leg->stun |= facts_number(at->data, "stun") > 0;
	leg->dtls |= facts_number(at->data, "dtls") > 0;
	leg->rtp |= facts_number(at->data, "rtp-in") > 0;
}

static const struct kind {
	const char *name;
	void (*h)(const struct at *at);
} kinds[] = {
	{"sdp.offer", on_offer},       {"sdp.agreed", on_agreed},
	{"ice.check", on_check},       {"ice.nominated", on_check},
	{"dtls.done", on_keys},	       {"dtls.failed", on_failed},
	{"dtls.broken", on_broken},    {"dtls.fingerprint", on_print},
	{"rtp.in", on_rtp},	       {"rtp.source", on_rtp},
	{"rtp.stranger", on_stranger}, {"leg.quiet", on_quiet},
	{"leg.heard", heard},	       {"figures", on_figures},
	{"leg.ended", on_leg_ended},
};

/* NULL: it is of no leg, or of one that has ended already elsewhere. */
static struct callv_leg *leg_of(struct call_facts *facts,
				const struct call_log_entry *entry)
{
	const uint8_t nr = entry->leg;
	struct call_facts_leg *is;

	if (!nr || nr >= CALLV_LEGS)
		return NULL;
	is = &facts->legs[nr];
	if (!entry->session[0] || !strcmp(is->session, entry->session))
		return &facts->out.legs[nr];
	/* the former one tells its end when the call has gone on elsewhere */
	if (!strncmp(is->former, entry->session, sizeof(is->former)))
		return NULL;
	if (is->session[0]) {
		str_ncpy(is->former, is->session, sizeof(is->former));
		memset(&facts->out.legs[nr], 0, sizeof(facts->out.legs[nr]));
	}
	str_ncpy(is->session, entry->session, sizeof(is->session));
	is->quiet_ms = 0;
	return &facts->out.legs[nr];
}

void facts_media(const struct told *told)
{
	struct call_facts *facts = told->facts;
	const struct call_log_entry *entry = told->entry;
	struct at at = {.data = &entry->data, .ms = told->ms};

	at.leg = leg_of(facts, entry);
	if (!at.leg)
		return;
	at.is = &facts->legs[entry->leg];
	for (size_t i = 0; i < COUNTOF(kinds); i++)
		if (!strcmp(kinds[i].name, entry->kind)) {
			at.leg->told = true;
			kinds[i].h(&at);
		}
}

void facts_leg_end(struct call_facts *facts, size_t nr, uint64_t end_ms)
{
	quiet_until(&facts->out.legs[nr], &facts->legs[nr], end_ms);
}
