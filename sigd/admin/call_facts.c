/*
 * call_facts.c  The facts of a call, from what both daemons have told of it
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "common/pairs.h"
#include "sigd/admin/call_facts_priv.h"

/* --- values ------------------------------------------------------------------------ */

void facts_text(char *out, size_t size, const struct pl *data, const char *name)
{
	if (pairs_text(out, size, data, name))
		out[0] = '\0';
}

void facts_text_if(char *out, size_t size, const struct pl *data,
		   const char *name)
{
	char text[CALLV_NAME_MAX];

	facts_text(text, sizeof(text), data, name);
	if (text[0])
		str_ncpy(out, text, size);
}

uint64_t facts_number(const struct pl *data, const char *name)
{
	uint64_t num = 0;

	return pairs_num(&num, data, name, UINT64_MAX) ? 0 : num;
}

static enum status why_of(const struct pl *data)
{
	enum status why = STATUS_OK;
	char text[32];
	struct pl pl;

	facts_text(text, sizeof(text), data, "why");
	pl_set_str(&pl, text);
	return status_parse(&why, &pl) ? why : STATUS_OK;
}

bool facts_says(const struct pl *data, const char *name, const char *value)
{
	char text[CALLV_NAME_MAX];

	facts_text(text, sizeof(text), data, name);
	return !strcmp(text, value);
}

/* "connection pbx", or "bob" */
static void party_of(char out[CALLV_NAME_MAX], const struct pl *data,
		     const char *conn_name, const char *user_name)
{
	char conn[64], user[CALLV_NAME_MAX];

	facts_text(conn, sizeof(conn), data, conn_name);
	facts_text(user, sizeof(user), data, user_name);
	if (conn[0])
		(void)re_snprintf(out, CALLV_NAME_MAX, "connection %s", conn);
	else if (user[0])
		str_ncpy(out, user, CALLV_NAME_MAX);
}

/* --- the call, told by sigd ----------------------------------------------------------- */

/* Who comes over WebSocket is one, as long as media has not said so. */
static bool is_page(const struct pl *data)
{
	return facts_says(data, "transport", "WS") ||
	       facts_says(data, "transport", "WSS");
}

static void on_begun(const struct told *told)
{
	struct callv_facts *out = &told->facts->out;
	const struct pl *data = &told->entry->data;

	facts_text(out->tenant, sizeof(out->tenant), data, "tenant");
	party_of(out->caller, data, "connection", "caller");
	facts_text(out->callee, sizeof(out->callee), data, "callee");
	facts_text(out->rule, sizeof(out->rule), data, "rule");
	facts_text(out->caller_at, sizeof(out->caller_at), data, "source");
	out->code = (uint16_t)min(facts_number(data, "code"), (uint64_t)699);
	told->facts->page = is_page(data);
	told->facts->begun = true;
}

static struct callv_try *try_of(const struct told *told)
{
	struct callv_facts *out = &told->facts->out;
	const uint8_t leg = told->entry->leg;

	for (size_t i = out->ntries; leg && i-- > 0;) {
		/* a leg's number may come again */
		if (out->tries[i].leg == leg && !out->tries[i].over)
			return &out->tries[i];
	}
	if (out->ntries == CALLV_TRIES) {
		++out->tries_left_out;
		return NULL;
	}
	out->tries[out->ntries] = (struct callv_try){.leg = leg};
	return &out->tries[out->ntries++];
}

static struct callv_try *try_note(const struct told *told)
{
	const struct pl *data = &told->entry->data;
	struct callv_try *try = try_of(told);
	char conn[64], user[CALLV_NAME_MAX - 16];

	if (!try)
		return NULL;
	facts_text(conn, sizeof(conn), data, "connection");
	facts_text(user, sizeof(user), data, "user");
	try->device = !conn[0];
	if (conn[0])
		(void)re_snprintf(try->name, sizeof(try->name),
				  "connection %s", conn);
	else
		(void)re_snprintf(try->name, sizeof(try->name),
				  "%s's device", user[0] ? user : "a user");
	facts_text_if(try->at, sizeof(try->at), data, "at");
	try->page = is_page(data);
	try->rang |= !strcmp(told->entry->kind, "try.ringing");
	return try;
}

static void on_try(const struct told *told)
{
	struct call_facts *facts = told->facts;

	if (!strcmp(told->entry->kind, "try"))
		facts_text(facts->there, sizeof(facts->there),
			   &told->entry->data, "tenant");
	(void)try_note(told);
}

static void on_try_over(const struct told *told)
{
	const struct pl *data = &told->entry->data;
	struct callv_try *try = try_note(told);

	if (!try)
		return;
	try->over = true;
	try->dropped = !strcmp(told->entry->kind, "try.dropped");
	try->code = (uint16_t)min(facts_number(data, "code"), (uint64_t)699);
	try->why = why_of(data);
}

static void on_try_answered(const struct told *told)
{
	on_try(told);
	told->facts->leg = told->entry->leg;
}

static void on_up(const struct told *told)
{
	struct call_facts *facts = told->facts;

	facts->out.answered = true;
	facts->up_ms = told->ms;
	facts->leg = told->entry->leg;
}

static void end(const struct told *told)
{
	told->facts->out.ended = true;
	told->facts->end_ms = told->ms;
}

static void on_refused(const struct told *told)
{
	told->facts->out.reason = why_of(&told->entry->data);
	end(told);
}

static const char *side_name(const struct told *told, const char *key)
{
	const struct call_facts *facts = told->facts;
	const struct pl *data = &told->entry->data;

	if (facts_says(data, key, "caller"))
		return facts->out.caller[0] ? facts->out.caller : "the caller";
	if (facts_says(data, key, "callee"))
		return facts->out.callee[0] ? facts->out.callee : "the callee";
	return "";
}

static void on_ended(const struct told *told)
{
	struct call_facts *facts = told->facts;
	struct callv_facts *out = &facts->out;
	const struct pl *data = &told->entry->data;
	const uint64_t up_ms = facts_number(data, "up-ms");

	/* what the first entries said, should these be gone */
	if (!out->caller[0])
		party_of(out->caller, data, "connection", "caller");
	if (!out->callee[0])
		party_of(out->callee, data, "to-connection", "to-user");
	if (!out->tenant[0])
		facts_text(out->tenant, sizeof(out->tenant), data, "tenant");
	facts_text_if(facts->there, sizeof(facts->there), data, "there");
	if (up_ms && !out->answered) {
		out->answered = true;
		facts->leg = told->entry->leg;
	}
	if (up_ms)
		facts->up_ms = told->ms > up_ms ? told->ms - up_ms : 0;
	/* why the caller was refused counts */
	if (!out->ended || out->reason == STATUS_OK)
		out->reason = why_of(data);
	str_ncpy(out->by, side_name(told, "by"), sizeof(out->by));
	end(told);
}

static void on_flow(const struct told *told)
{
	struct callv_facts *out = &told->facts->out;

	str_ncpy(out->lost, side_name(told, "side"), sizeof(out->lost));
	out->back = !strcmp(told->entry->kind, "flow.back");
}

static void on_gone(const struct told *told)
{
	struct callv_facts *out = &told->facts->out;

	str_ncpy(out->gone, side_name(told, "side"), sizeof(out->gone));
}

/* What mediad did not like of an offer or answer. */
static void on_bad_sdp(const struct told *told)
{
	struct callv_facts *out = &told->facts->out;

	facts_text_if(out->sdp_why, sizeof(out->sdp_why), &told->entry->data,
		      "why");
	out->sdp_leg = told->entry->leg;
}

static void on_moved(const struct told *told)
{
	struct callv_facts *out = &told->facts->out;
	const struct pl *data = &told->entry->data;

	facts_text(out->moved_from, sizeof(out->moved_from), data, "from");
	facts_text(out->moved_to, sizeof(out->moved_to), data, "to");
	out->moved |= !strcmp(told->entry->kind, "media.moved");
}

/* --- all of it ------------------------------------------------------------------------ */

static const struct kind {
	const char *name;
	void (*h)(const struct told *told);
} kinds[] = {
	{"call.begun", on_begun},
	{"try", on_try},
	{"try.again", on_try},
	{"try.ringing", on_try},
	{"try.failed", on_try_over},
	{"try.dropped", on_try_over},
	{"try.answered", on_try_answered},
	{"call.up", on_up},
	{"call.refused", on_refused},
	{"call.ended", on_ended},
	{"flow.lost", on_flow},
	{"flow.back", on_flow},
	{"side.gone", on_gone},
	{"sdp.refused", on_bad_sdp},
	{"media.moving", on_moved},
	{"media.moved", on_moved},
	{"media.not-moved", on_moved},
};

static void dispatch(const struct told *told)
{
	for (size_t i = 0; i < COUNTOF(kinds); i++) {
		if (!strcmp(kinds[i].name, told->entry->kind)) {
			kinds[i].h(told);
			return;
		}
	}
	facts_media(told);
}

void call_facts_entry(struct call_facts *facts,
		      const struct call_log_entry *entry, uint64_t at_ms)
{
	const struct told told = {facts, entry, at_ms};

	facts->out.known = true;
	if (!facts->first_ms)
		facts->first_ms = at_ms;
	facts->last_ms = at_ms;
	dispatch(&told);
}

/* --- who they are ---------------------------------------------------------------------- */

struct party {
	const char *name, *at;
	bool page;
};

static void name_leg(struct callv_leg *leg, const struct party *is)
{
	const char *party = is->name;
	const bool conn = !strncmp(party, "connection ", 11);

	if (!leg->kind_known)
		leg->kind = is->page ? CALLV_BROWSER
			    : conn   ? CALLV_PBX
				     : CALLV_PHONE;
	else if (!conn && leg->kind == CALLV_PBX)
		leg->kind = CALLV_PHONE;
	if (conn || !party[0])
		str_ncpy(leg->name, party, sizeof(leg->name));
	else
		(void)re_snprintf(leg->name, sizeof(leg->name), "%s's %s",
				  party, leg->kind == CALLV_BROWSER
						 ? "browser"
						 : "telephone");
	if (!leg->at[0])
		str_ncpy(leg->at, is->at, sizeof(leg->at));
	leg->there = true;
}

static const struct callv_try *answerer(const struct call_facts *facts)
{
	const struct callv_facts *out = &facts->out;

	for (size_t i = out->ntries; i-- > 0;)
		if (out->tries[i].leg == facts->leg && !out->tries[i].over)
			return &out->tries[i];
	return NULL;
}

/* "connection pbx", "bob" */
static void callee_name(char party[CALLV_NAME_MAX],
			const struct call_facts *facts,
			const struct callv_try *try)
{
	const size_t len = try ? strcspn(try->name, "'") : 0;

	if (!try)
		str_ncpy(party, facts->out.callee, CALLV_NAME_MAX);
	else if (!try->device)
		str_ncpy(party, try->name, CALLV_NAME_MAX);
	else
		(void)re_snprintf(party, CALLV_NAME_MAX, "%b", try->name, len);
}

void call_facts_end(struct call_facts *facts, uint64_t now_ms)
{
	struct callv_facts *out = &facts->out;
	const struct callv_try *try = answerer(facts);
	const uint64_t end_ms = facts->end_ms ? facts->end_ms : now_ms;
	char name[CALLV_NAME_MAX];
	const struct party caller = {out->caller, out->caller_at, facts->page};
	const struct party callee = {name, try ? try->at : "",
				     try && try->page};

	out->cut = out->known && !facts->begun;
	if (facts->up_ms && end_ms > facts->up_ms)
		out->up_ms = end_ms - facts->up_ms;
	if (!out->answered)
		return;
	name_leg(&out->legs[1], &caller);
	callee_name(name, facts, try);
	if (facts->leg > 1 && facts->leg < CALLV_LEGS)
		name_leg(&out->legs[facts->leg], &callee);
	for (size_t i = 1; i < CALLV_LEGS; i++)
		facts_leg_end(facts, i, end_ms);
}
