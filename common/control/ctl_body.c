/*
 * ctl_body.c  Requests, answers and events: their fields, one table each
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/control/ctl_priv.h"

#define REQ(member) offsetof(struct ctl_req, member)
#define ANS(member) offsetof(struct ctl_ans, member)
#define EVT(member) offsetof(struct ctl_event, member)

static const char *const sdp_kinds[] = {"offer", "answer", NULL};
static const char *const services[] = {"", "echo", "tone", "milliwatt",
				       "sound", NULL};
static const char *const verb_names[] = {"leg.remote",    "leg.local",
					 "leg.join",      "leg.rollback",
					 "leg.digit",     "leg.drop",
					 "session.drop",  "session.query",
					 "session.tape",  NULL};
static const char *const event_names[] = {"leg.lost",      "session.lost",
					  "leg.digit",     "leg.played",
					  "leg.up",        "session.resumed",
					  "session.ended", "leg.quiet",
					  "leg.heard",     "recording.ended",
					  "recording.lost", "recording.paused",
					  "recording.resumed", NULL};

static const char *const digits[] = {"0", "1", "2", "3", "4", "5",
				     "6", "7", "8", "9", "*", "#",
				     "A", "B", "C", "D", NULL};
static const char *const digit_ways[] = {"rtp", "told", "auto",
					 "tones", NULL};
static const char *const families[] = {"any", "ip4", "ip6", NULL};
static const char *const orders[] = {"",	"usual", "passthrough",
				     "quality", "cost",	 "listed", NULL};
static const char *const dtx_ways[] = {"asked", "always", "never", NULL};
static const char *const sources[] = {"strict", "learn-once", "network", NULL};
static const char *const tapes[] = {"on", "paused", NULL};
static const char *const tape_bys[] = {"", "caller", "callee", NULL};
static const char *const recordings[] = {"", "always", "never", NULL};

/* clang-format off */
/* Of a leg, in both messages that may make one. */
#define TERMS(verb)                                                    \
	{.name = "codecs", .kind = CTL_F_TEXT, .max = CTL_CODECS_MAX,  \
	 .offset = REQ(verb.terms.codecs), .optional = true},          \
	{.name = "source", .kind = CTL_F_NAME, .names = sources,       \
	 .offset = REQ(verb.terms.source), .optional = true},          \
	{.name = "networks", .kind = CTL_F_TEXT,                       \
	 .offset = REQ(verb.terms.networks), .max = CTL_NETWORKS_MAX,  \
	 .optional = true},                                            \
	{.name = "ptime", .kind = CTL_F_U32, .max = CTL_PTIME_MAX,     \
	 .offset = REQ(verb.terms.ptime), .optional = true},           \
	{.name = "family", .kind = CTL_F_NAME, .names = families,      \
	 .offset = REQ(verb.terms.family), .optional = true},          \
	{.name = "digits", .kind = CTL_F_NAME, .names = digit_ways,    \
	 .offset = REQ(verb.terms.digits), .optional = true},          \
	{.name = "video", .kind = CTL_F_BOOL,                          \
	 .offset = REQ(verb.terms.video), .optional = true},           \
	{.name = "suites", .kind = CTL_F_TEXT, .max = CTL_SUITES_MAX,  \
	 .offset = REQ(verb.terms.suites), .optional = true},          \
	{.name = "policy", .kind = CTL_F_TEXT, .max = CTL_POLICY_MAX,  \
	 .offset = REQ(verb.terms.policy), .optional = true},          \
	{.name = "order", .kind = CTL_F_NAME, .names = orders,         \
	 .offset = REQ(verb.terms.order), .optional = true},           \
	{.name = "noise", .kind = CTL_F_BOOL,                          \
	 .offset = REQ(verb.terms.noise), .optional = true},           \
	{.name = "opus-bitrate", .kind = CTL_F_U32,                    \
	 .offset = REQ(verb.terms.opus.bitrate), .max = CTL_RATE_MAX,  \
	 .optional = true},                                            \
	{.name = "opus-effort", .kind = CTL_F_U32,                     \
	 .offset = REQ(verb.terms.opus.effort), .max = CTL_EFFORT_MAX, \
	 .optional = true},                                            \
	{.name = "opus-narrow", .kind = CTL_F_BOOL,                    \
	 .offset = REQ(verb.terms.opus.narrow), .optional = true},     \
	{.name = "opus-dtx", .kind = CTL_F_NAME, .names = dtx_ways,    \
	 .offset = REQ(verb.terms.opus.dtx), .optional = true},        \
	{.name = "interface", .kind = CTL_F_TEXT,                      \
	 .offset = REQ(verb.terms.interface),                          \
	 .max = CTL_INTERFACE_MAX, .optional = true},                  \
	{.name = "music", .kind = CTL_F_TEXT, .max = CTL_SOUND_MAX,    \
	 .offset = REQ(verb.terms.music), .optional = true},           \
	{.name = "record", .kind = CTL_F_NAME, .names = recordings,    \
	 .offset = REQ(verb.terms.record), .optional = true},          \
	{.name = "fork", .kind = CTL_F_TEXT, .max = CTL_SOUND_MAX,     \
	 .offset = REQ(verb.terms.fork), .optional = true},            \
	{.name = "owner", .kind = CTL_F_TEXT, .max = CTL_TENANT_MAX,   \
	 .offset = REQ(verb.terms.owner), .optional = true}

static const struct ctl_field remote_fields[] = {
	{.name = "session", .kind = CTL_F_ID, .offset = REQ(session)},
	{.name = "leg", .kind = CTL_F_LEG, .offset = REQ(remote.leg)},
	{.name = "kind", .kind = CTL_F_NAME, .offset = REQ(remote.kind),
	 .names = sdp_kinds},
	{.name = "profile", .kind = CTL_F_NAME, .offset = REQ(remote.profile),
	 .names = ctl_profile_names},
	{.name = "create", .kind = CTL_F_BOOL, .offset = REQ(remote.create),
	 .optional = true},
	{.name = "call", .kind = CTL_F_ID, .offset = REQ(remote.call)},
	{.name = "tenant", .kind = CTL_F_TEXT, .offset = REQ(remote.tenant),
	 .max = CTL_TENANT_MAX},
	{.name = "sdp", .kind = CTL_F_BYTES, .offset = REQ(remote.sdp),
	 .max = CTL_SDP_MAX},
	TERMS(remote),
	{.name = NULL},
};

static const struct ctl_field local_fields[] = {
	{.name = "session", .kind = CTL_F_ID, .offset = REQ(session)},
	{.name = "leg", .kind = CTL_F_LEG, .offset = REQ(local.leg)},
	{.name = "want", .kind = CTL_F_NAME, .offset = REQ(local.want),
	 .names = sdp_kinds},
	{.name = "profile", .kind = CTL_F_NAME, .offset = REQ(local.profile),
	 .names = ctl_profile_names},
	TERMS(local),
	{.name = "create", .kind = CTL_F_BOOL, .offset = REQ(local.create),
	 .optional = true},
	{.name = "call", .kind = CTL_F_ID, .offset = REQ(local.call),
	 .optional = true},
	{.name = "tenant", .kind = CTL_F_TEXT, .offset = REQ(local.tenant),
	 .max = CTL_TENANT_MAX, .optional = true},
	{.name = "form", .kind = CTL_F_TEXT, .offset = REQ(local.form),
	 .max = CTL_FORM_MAX, .optional = true},
	{.name = NULL},
};

static const struct ctl_field join_fields[] = {
	{.name = "session", .kind = CTL_F_ID, .offset = REQ(session)},
	{.name = "leg", .kind = CTL_F_LEG, .offset = REQ(join.leg)},
	{.name = "peer", .kind = CTL_F_LEG, .offset = REQ(join.peer),
	 .optional = true},
	{.name = "service", .kind = CTL_F_NAME, .offset = REQ(join.service),
	 .names = services, .optional = true},
	{.name = "up", .kind = CTL_F_BOOL, .offset = REQ(join.up),
	 .optional = true},
	{.name = "sound", .kind = CTL_F_TEXT, .max = CTL_SOUND_MAX,
	 .offset = REQ(join.sound), .optional = true},
	{.name = "times", .kind = CTL_F_U32, .max = CTL_TIMES_MAX,
	 .offset = REQ(join.times), .optional = true},
	{.name = NULL},
};

static const struct ctl_field rollback_fields[] = {
	{.name = "session", .kind = CTL_F_ID, .offset = REQ(session)},
	{.name = "leg", .kind = CTL_F_LEG, .offset = REQ(rollback.leg)},
	{.name = NULL},
};

static const struct ctl_field digit_fields[] = {
	{.name = "session", .kind = CTL_F_ID, .offset = REQ(session)},
	{.name = "leg", .kind = CTL_F_LEG, .offset = REQ(digit.leg)},
	{.name = "digit", .kind = CTL_F_NAME, .names = digits,
	 .offset = REQ(digit.code)},
	{.name = "ms", .kind = CTL_F_U32, .max = CTL_DIGIT_MS_MAX,
	 .offset = REQ(digit.ms)},
	{.name = "tones", .kind = CTL_F_BOOL, .offset = REQ(digit.tones),
	 .optional = true},
	{.name = NULL},
};

static const struct ctl_field drop_fields[] = {
	{.name = "session", .kind = CTL_F_ID, .offset = REQ(session)},
	{.name = "leg", .kind = CTL_F_LEG, .offset = REQ(drop.leg)},
	{.name = NULL},
};

static const struct ctl_field end_fields[] = {
	{.name = "session", .kind = CTL_F_ID, .offset = REQ(session)},
	{.name = "reason", .kind = CTL_F_STATUS, .offset = REQ(end.reason)},
	{.name = NULL},
};

static const struct ctl_field query_fields[] = {
	{.name = "session", .kind = CTL_F_ID, .offset = REQ(session)},
	{.name = NULL},
};

static const struct ctl_field tape_fields[] = {
	{.name = "session", .kind = CTL_F_ID, .offset = REQ(session)},
	{.name = "tape", .kind = CTL_F_NAME, .offset = REQ(tape.tape),
	 .names = tapes},
	{.name = "by", .kind = CTL_F_NAME, .offset = REQ(tape.by),
	 .names = tape_bys, .optional = true},
	{.name = NULL},
};

static const struct ctl_field ans_fields[] = {
	{.name = "status", .kind = CTL_F_STATUS, .offset = ANS(status)},
	{.name = "text", .kind = CTL_F_TEXT, .offset = ANS(text),
	 .max = CTL_TEXT_MAX, .optional = true},
	{.name = "sdp", .kind = CTL_F_BYTES, .offset = ANS(sdp),
	 .max = CTL_SDP_MAX, .optional = true},
	{.name = "ms", .kind = CTL_F_U32, .max = UINT32_MAX, .offset = ANS(ms),
	 .optional = true},
	{.name = "paused", .kind = CTL_F_BOOL, .offset = ANS(paused),
	 .optional = true},
	{.name = NULL},
};

static const struct ctl_field event_fields[] = {
	{.name = "session", .kind = CTL_F_ID, .offset = EVT(session)},
	{.name = "call", .kind = CTL_F_ID, .offset = EVT(call)},
	{.name = "tenant", .kind = CTL_F_TEXT, .offset = EVT(tenant),
	 .max = CTL_TENANT_MAX},
	{.name = "callee-tenant", .kind = CTL_F_TEXT, .offset = EVT(there),
	 .max = CTL_TENANT_MAX, .optional = true},
	{.name = "leg", .kind = CTL_F_LEG, .offset = EVT(leg),
	 .optional = true},
	{.name = "digit", .kind = CTL_F_NAME, .names = digits,
	 .offset = EVT(digit), .optional = true},
	{.name = "ms", .kind = CTL_F_U32, .max = CTL_DIGIT_MS_MAX,
	 .offset = EVT(ms), .optional = true},
	{.name = "why", .kind = CTL_F_STATUS, .offset = EVT(why)},
	{.name = "text", .kind = CTL_F_TEXT, .offset = EVT(text),
	 .max = CTL_TEXT_MAX, .optional = true},
	{.name = NULL},
};
/* clang-format on */

static const struct ctl_field *const verb_fields[CTL_VERB_COUNT] = {
	[CTL_LEG_REMOTE] = remote_fields,
	[CTL_LEG_LOCAL] = local_fields,
	[CTL_LEG_JOIN] = join_fields,
	[CTL_LEG_ROLLBACK] = rollback_fields,
	[CTL_LEG_DIGIT] = digit_fields,
	[CTL_LEG_DROP] = drop_fields,
	[CTL_SESSION_DROP] = end_fields,
	[CTL_SESSION_QUERY] = query_fields,
	[CTL_SESSION_TAPE] = tape_fields,
};

const char *ctl_verb_name(enum ctl_verb verb)
{
	return (unsigned)verb < CTL_VERB_COUNT ? verb_names[verb] : "?";
}

const char *ctl_event_name(enum ctl_event_kind kind)
{
	return (unsigned)kind < CTL_EVENT_COUNT ? event_names[kind] : "?";
}

static bool terms_make_sense(const struct ctl_terms *terms)
{
	return !terms->ptime || terms->ptime >= CTL_PTIME_MIN;
}

static bool local_makes_sense(const struct ctl_leg_local *local)
{
	if (!terms_make_sense(&local->terms) ||
	    (local->create && local->want != CTL_OFFER))
		return false;
	return local->create == (local->call[0] != '\0') &&
	       local->create == (local->tenant.l > 0);
}

static bool join_makes_sense(const struct ctl_leg_join *join)
{
	const bool sound = join->service == CTL_SOUND;

	return !join->peer != !join->service && join->peer != join->leg &&
	       sound == (join->sound.l > 0) && (sound || !join->times);
}

/* What no table says of one field alone. */
static bool req_makes_sense(const struct ctl_req *req)
{
	if (req->verb == CTL_LEG_JOIN)
		return join_makes_sense(&req->join);
	if (req->verb == CTL_LEG_REMOTE)
		return terms_make_sense(&req->remote.terms);
	if (req->verb == CTL_LEG_DIGIT)
		return req->digit.ms != 0;
	if (req->verb == CTL_LEG_LOCAL)
		return local_makes_sense(&req->local);
	return true;
}

static bool event_makes_sense(const struct ctl_event *event)
{
	bool of_leg = event->kind == CTL_EV_LEG_LOST ||
		      event->kind == CTL_EV_LEG_DIGIT ||
		      event->kind == CTL_FACT_LEG_QUIET ||
		      event->kind == CTL_FACT_LEG_HEARD ||
		      event->kind == CTL_EV_LEG_PLAYED ||
		      event->kind == CTL_FACT_LEG_UP;

	return of_leg == (event->leg != 0) &&
	       (event->kind == CTL_EV_LEG_DIGIT) == (event->ms != 0);
}

static int write_req(struct ctl_build *build, const struct ctl_req *req)
{
	int err;

	if ((unsigned)req->verb >= CTL_VERB_COUNT || !req_makes_sense(req))
		return EINVAL;

	err = ctl_build_put(build, "verb", "%s", verb_names[req->verb]);
	return err ? err : ctl_fields_write(build, verb_fields[req->verb], req);
}

static int write_ans(struct ctl_build *build, const struct ctl_ans *ans)
{
	int err = ctl_fields_write(build, ans_fields, ans);

	if (!err && ans->figures)
		err = ctl_figures_write(build, ans->figures);
	return err;
}

static int write_event(struct ctl_build *build, const struct ctl_event *event)
{
	int err;

	if ((unsigned)event->kind >= CTL_EVENT_COUNT ||
	    !event_makes_sense(event))
		return EINVAL;

	err = ctl_build_put(build, "event", "%s", event_names[event->kind]);
	if (!err)
		err = ctl_fields_write(build, event_fields, event);
	if (!err && event->figures)
		err = ctl_figures_write(build, event->figures);
	return err;
}

int ctl_body_write(struct ctl_build *build, const struct ctl_msg *msg)
{
	switch (msg->type) {
	case CTL_REQ:
		return write_req(build, &msg->req);
	case CTL_ANS:
		return write_ans(build, &msg->ans);
	case CTL_EVENT:
		return write_event(build, &msg->event);
	default:
		return EINVAL;
	}
}

static enum ctl_refusal read_req(struct ctl_req *req,
				 const struct ctl_view *view)
{
	const struct pl *verb = ctl_view_find(view, "verb");
	unsigned index;

	req->verb = CTL_VERB_COUNT;
	if (!verb || !ctl_read_name(&index, verb_names, verb))
		return CTL_BAD_VERB;

	req->verb = (enum ctl_verb)index;
	return ctl_fields_read(req, verb_fields[index], view) &&
			       req_makes_sense(req)
		       ? CTL_ACCEPTED
		       : CTL_BAD_FIELD;
}

static enum ctl_refusal read_ans(struct ctl_msg *msg,
				 const struct ctl_view *view)
{
	bool figures;

	if (!ctl_fields_read(&msg->ans, ans_fields, view) ||
	    !ctl_figures_read(&msg->figures, &figures, view))
		return CTL_BAD_FIELD;

	msg->ans.figures = figures ? &msg->figures : NULL;
	return CTL_ACCEPTED;
}

static enum ctl_refusal read_event(struct ctl_msg *msg,
				   const struct ctl_view *view)
{
	const struct pl *kind = ctl_view_find(view, "event");
	unsigned index;
	bool figures;

	msg->event.kind = CTL_EVENT_COUNT;
	if (!kind || !ctl_read_name(&index, event_names, kind))
		return CTL_BAD_VERB;

	msg->event.kind = (enum ctl_event_kind)index;
	if (!ctl_fields_read(&msg->event, event_fields, view) ||
	    !event_makes_sense(&msg->event) ||
	    !ctl_figures_read(&msg->figures, &figures, view))
		return CTL_BAD_FIELD;

	msg->event.figures = figures ? &msg->figures : NULL;
	return CTL_ACCEPTED;
}

enum ctl_refusal ctl_body_read(struct ctl_msg *msg, const struct ctl_view *view)
{
	switch (msg->type) {
	case CTL_REQ:
		return read_req(&msg->req, view);
	case CTL_ANS:
		return read_ans(msg, view);
	case CTL_EVENT:
	default:
		return read_event(msg, view);
	}
}
