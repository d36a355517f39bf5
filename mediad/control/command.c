/*
 * command.c  A request of the control protocol, served by the sessions
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/control/command.h"
#include "mediad/control/mos.h"
#include "mediad/session/session.h"

enum {
	SDP_ROOM = 2048
};

struct command {
	struct session_table *table;
	struct wheel *wheel;
	command_ended_h *endedh;
	void *arg;
	bool draining;
	struct command_stats stats;

	/* scratch of the present answer */
	struct mbuf *sdp;
	struct sdpm_error why;
	struct session_figures found;
	struct ctl_figures figures;
	char tenant[SESSION_TENANT_MAX + 1];
};

static void destructor(void *arg)
{
	struct command *command = arg;

	mem_deref(command->sdp);
}

int command_alloc(struct command **commandp, struct session_table *table,
		  struct wheel *wheel, command_ended_h *endedh, void *arg)
{
	struct command *command = mem_zalloc(sizeof(*command), destructor);

	if (!command)
		return ENOMEM;

	command->table = table;
	command->wheel = wheel;
	command->endedh = endedh;
	command->arg = arg;
	grades_init(&command->stats.grades);
	command->sdp = mbuf_alloc(SDP_ROOM);
	if (!command->sdp) {
		mem_deref(command);
		return ENOMEM;
	}
	*commandp = command;
	return 0;
}

void command_drain(struct command *command, bool drain)
{
	command->draining = drain;
	session_drain(command->table, drain);
}

const struct command_stats *command_stats(const struct command *command)
{
	return &command->stats;
}

/* --- figures --------------------------------------------------------------- */

static uint64_t since(uint64_t now_ms, uint64_t then_ms)
{
	return then_ms && now_ms > then_ms ? now_ms - then_ms : 0;
}

static enum ctl_profile profile_told(enum sdpm_profile profile)
{
	static const enum ctl_profile profiles[SDPM_PROFILES] = {
		[SDPM_BROWSER] = CTL_BROWSER,
		[SDPM_RTP] = CTL_RTP,
		[SDPM_SDES] = CTL_SDES,
		[SDPM_OSRTP] = CTL_OSRTP,
		[SDPM_DTLS] = CTL_DTLS,
	};

	return profiles[profile];
}

static enum sdpm_profile profile_of(enum ctl_profile profile)
{
	static const enum sdpm_profile profiles[CTL_PROFILES] = {
		[CTL_BROWSER] = SDPM_BROWSER,
		[CTL_RTP] = SDPM_RTP,
		[CTL_SDES] = SDPM_SDES,
		[CTL_OSRTP] = SDPM_OSRTP,
		[CTL_DTLS] = SDPM_DTLS,
	};

	return profiles[profile];
}

static void leg_figures(struct ctl_leg_figures *to,
			const struct leg_figures *from, uint64_t now_ms)
{
	const struct leg_stats *stats = &from->stats;
	size_t len = strcspn(from->chosen, "/");

	to->leg = from->leg;
	to->profile = profile_told(from->profile);
	if (len > CTL_CODEC_MAX)
		len = CTL_CODEC_MAX;
	memcpy(to->codec, from->chosen, len);
	to->rx_packets = stats->packets_in;
	to->rx_bytes = stats->octets_in;
	to->rx_lost = stats->lost_in;
	to->rx_bad = stats->refused_in;
	to->rx_jitter_us = stats->jitter_in_us;
	to->tx_packets = stats->packets_out;
	to->tx_bytes = stats->octets_out;
	to->far_lost = stats->far_lost > 0 ? (uint64_t)stats->far_lost : 0;
	to->far_jitter_us = stats->far_jitter_us;
	to->rtt_us = stats->rtt_us;
	to->rx_mos = mos_in(from);
	to->tx_mos = mos_out(from);
	to->quiet_ms = from->voice.quiet_ms;
	to->silent_ms = since(now_ms, from->last_in_ms);
	to->first_ms = since(from->at_ms[LEG_RTP_IN], from->at_ms[LEG_MADE]);
}

void command_figures(struct ctl_figures *to, const struct session_figures *from,
		     uint64_t now_ms)
{
	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < from->nlegs && i < CTL_LEG_MAX; i++) {
		uint64_t age = since(now_ms, from->legs[i].at_ms[LEG_MADE]);

		if (from->legs[i].resumes > to->resumes)
			to->resumes = from->legs[i].resumes;
		leg_figures(&to->legs[i], &from->legs[i], now_ms);
		++to->nlegs;
		if (age > to->age_ms)
			to->age_ms = age;
	}
}

/* --- errors ---------------------------------------------------------------- */

static enum status sdp_status(const struct sdpm_error *why)
{
	switch (why->cause) {

	case SDPM_NOT_AUDIO:
	case SDPM_DISABLED:
		return STATUS_NO_AUDIO;
	case SDPM_BAD_PROTO:
	case SDPM_NO_FINGERPRINT:
	case SDPM_BAD_SETUP:
	case SDPM_NO_CRYPTO:
		return STATUS_NO_ENCRYPTION;
	case SDPM_NOT_PLAIN:
	case SDPM_CHOSEN:
	case SDPM_NOT_PREFERRED:
	case SDPM_NOT_ALLOWED:
	case SDPM_UNKNOWN_FORMAT:
	case SDPM_SECOND_AUDIO:
	case SDPM_BUNDLE_ONLY:
	case SDPM_NO_RTCP_MUX:
	case SDPM_NO_ICE:
	case SDPM_NO_ADDRESS:
	case SDPM_OTHER_CLOCK:
	case SDPM_NO_CODEC:
	default:
		return STATUS_NOT_ACCEPTABLE;
	}
}

static bool session_there(struct command *command, const char *session)
{
	return !session_query(command->table, session, &command->found);
}

/* pending: what EPROTO means for this request */
static enum status status_for(struct command *command, const char *session,
			      int err, enum status pending)
{
	switch (err) {

	case 0:
		return STATUS_OK;
	case ENOENT:
		return session_there(command, session) ? STATUS_UNKNOWN_LEG
						       : STATUS_UNKNOWN_SESSION;
	case EPROTO:
		return pending;
	case EBADMSG:
		return STATUS_BAD_SDP;
	case ENOTSUP:
		return sdp_status(&command->why);
	case EUSERS:
		if (command->draining) {
			++command->stats.draining;
			return STATUS_DRAINING;
		}
		if (session_strained(command->table))
			++command->stats.late;
		else
			++command->stats.full;
		return STATUS_OVERLOAD;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return STATUS_OVERLOAD;
	case EADDRINUSE:
		return STATUS_NO_PORT;
	default:
		return status_of_errno(err);
	}
}

/* The reason of the SDP's refusal, with its line, for people. */
static void say_why(struct command *command, struct ctl_ans *ans)
{
	if (ans->status == STATUS_OK || !command->why.why[0])
		return;

	pl_set_str(&ans->text, command->why.why);
}

static struct session_opus opus_of(const struct ctl_opus *opus)
{
	static const enum session_dtx ways[] = {
		[CTL_DTX_ASKED] = SESSION_DTX_ASKED,
		[CTL_DTX_ALWAYS] = SESSION_DTX_ALWAYS,
		[CTL_DTX_NEVER] = SESSION_DTX_NEVER,
	};

	return (struct session_opus){
		.bitrate = opus->bitrate,
		.effort = (uint8_t)opus->effort,
		.narrow = opus->narrow,
		.dtx = ways[opus->dtx],
	};
}

static struct session_terms terms_of(const struct ctl_terms *terms)
{
	static const int families[] = {
		[CTL_ANY_FAMILY] = AF_UNSPEC,
		[CTL_IP4] = AF_INET,
		[CTL_IP6] = AF_INET6,
	};
	static const enum source_policy policies[] = {
		[CTL_STRICT] = SOURCE_STRICT,
		[CTL_LEARN_ONCE] = SOURCE_LEARN_ONCE,
		[CTL_NETWORK] = SOURCE_NETWORK,
	};

	static const enum session_digits digits[] = {
		[CTL_DIGITS_RTP] = SESSION_DIGITS_RTP,
		[CTL_DIGITS_TOLD] = SESSION_DIGITS_TOLD,
		[CTL_DIGITS_AUTO] = SESSION_DIGITS_AUTO,
		[CTL_DIGITS_TONES] = SESSION_DIGITS_TONES,
	};

	static const enum session_order orders[] = {
		[CTL_NO_ORDER] = SESSION_ORDER_NONE,
		[CTL_USUAL] = SESSION_ORDER_USUAL,
		[CTL_PASSTHROUGH] = SESSION_ORDER_PASSTHROUGH,
		[CTL_QUALITY] = SESSION_ORDER_QUALITY,
		[CTL_COST] = SESSION_ORDER_COST,
		[CTL_LISTED] = SESSION_ORDER_LISTED,
	};

	return (struct session_terms){
		.policy = terms->policy,
		.order = orders[terms->order],
		.noise = terms->noise,
		.opus = opus_of(&terms->opus),
		.codecs = terms->codecs,
		.digits = digits[terms->digits],
		.video = terms->video,
		.source = policies[terms->source],
		.networks = terms->networks,
		.ptime = (uint16_t)terms->ptime,
		.af = families[terms->family],
		.suites = terms->suites,
		.iface = terms->interface,
		.music = terms->music,
		.record = (enum session_recording)terms->record,
		.fork = terms->fork,
		.owner = terms->owner,
	};
}

/* --- verbs ------------------------------------------------------------------- */

static void leg_remote(struct command *command, const struct ctl_req *req,
		       struct ctl_ans *ans)
{
	const struct ctl_leg_remote *remote = &req->remote;
	const struct session_remote args = {
		.session = req->session,
		.call = remote->call,
		.tenant = command->tenant,
		.leg = remote->leg,
		.answer = remote->kind == CTL_ANSWER,
		/* a leg that is not there is made, create or not */
		.create =
			remote->create || session_there(command, req->session),
		.profile = profile_of(remote->profile),
		.sdp = remote->sdp,
		.terms = terms_of(&remote->terms),
	};
	int err = pl_strcpy(&remote->tenant, command->tenant,
			    sizeof(command->tenant));

	if (!err)
		err = session_leg_remote(command->table, &args, &command->why);
	ans->status = status_for(command, req->session, err,
				 args.answer ? STATUS_NO_OFFER
					     : STATUS_OFFER_PENDING);
}

static void leg_local(struct command *command, const struct ctl_req *req,
		      struct ctl_ans *ans)
{
	/* a new branch of a call is a leg that is not there yet */
	const bool there = session_there(command, req->session);
	const bool create =
		req->local.create || (there && req->local.want == CTL_OFFER);
	const struct session_local args = {
		.session = req->session,
		.call = req->local.create ? req->local.call
			: create          ? command->found.call
					  : NULL,
		.tenant = req->local.create ? command->tenant
			  : create          ? command->found.tenant
					    : NULL,
		.create = create,
		.leg = req->local.leg,
		.answer = req->local.want == CTL_ANSWER,
		.profile = profile_of(req->local.profile),
		.terms = terms_of(&req->local.terms),
		.form = req->local.form,
	};
	int err = req->local.create
			  ? pl_strcpy(&req->local.tenant, command->tenant,
				      sizeof(command->tenant))
			  : 0;

	if (!err)
		err = session_leg_local(command->table, &args, command->sdp,
					&command->why);
	ans->status = status_for(command, req->session, err,
				 args.answer ? STATUS_NO_OFFER
					     : STATUS_OFFER_PENDING);
	if (!err) {
		ans->sdp.p = (const char *)command->sdp->buf;
		ans->sdp.l = command->sdp->end;
	}
}

static const char *service_name(enum ctl_service service)
{
	switch (service) {

	case CTL_ECHO:
		return "echo";
	case CTL_TONE:
		return "tone";
	case CTL_MILLIWATT:
		return "milliwatt";
	case CTL_SOUND:
	case CTL_NO_SERVICE:
	default:
		return NULL;
	}
}

static void leg_play(struct command *command, const struct ctl_req *req,
		     struct ctl_ans *ans)
{
	const struct session_play play = {.name = req->join.sound,
					  .times = req->join.times};
	int err = session_leg_play(command->table, req->session, req->join.leg,
				   &play, &ans->ms);

	if (!err && req->join.up)
		err = session_answered(command->table, req->session);
	if (err == ESRCH)
		ans->status = STATUS_UNKNOWN_SERVICE;
	else if (err == EAGAIN) /* another worker may have them */
		ans->status = STATUS_OVERLOAD;
	else
		ans->status = status_for(command, req->session, err,
					 STATUS_NOT_ACCEPTABLE);
}

static void leg_join(struct command *command, const struct ctl_req *req,
		     struct ctl_ans *ans)
{
	int err;

	if (req->join.service == CTL_SOUND) {
		leg_play(command, req, ans);
		return;
	}
	err = session_leg_join(command->table, req->session, req->join.leg,
				   req->join.peer,
				   service_name(req->join.service));

	if (!err && req->join.up)
		err = session_answered(command->table, req->session);
	ans->status = err == ENOTSUP ? STATUS_NOT_ACCEPTABLE
				     : status_for(command, req->session, err,
						  STATUS_NOT_ACCEPTABLE);
}

static void leg_rollback(struct command *command, const struct ctl_req *req,
			 struct ctl_ans *ans)
{
	int err = session_leg_rollback(command->table, req->session,
				       req->rollback.leg);

	ans->status = status_for(command, req->session, err, STATUS_INTERNAL);
}

static void leg_digit(struct command *command, const struct ctl_req *req,
		      struct ctl_ans *ans)
{
	const struct session_digit digit = {.session = req->session,
					    .leg = req->digit.leg,
					    .code = (uint8_t)req->digit.code,
					    .ms = req->digit.ms,
					    .tones = req->digit.tones};
	int err = session_leg_digit(command->table, &digit);

	/* whoever asked may have another way */
	ans->status = err == ENOTSUP || err == ENOTCONN || err == EBUSY
			      ? STATUS_NOT_ACCEPTABLE
			      : status_for(command, req->session, err,
					   STATUS_INTERNAL);
}

static void leg_drop(struct command *command, const struct ctl_req *req,
		     struct ctl_ans *ans)
{
	int err = session_leg_drop(command->table, req->session, req->drop.leg);

	ans->status = status_for(command, req->session, err, STATUS_INTERNAL);
	if (ans->status == STATUS_UNKNOWN_LEG)
		ans->status = STATUS_OK;
}

static void session_figures_get(struct command *command,
				const struct ctl_req *req, struct ctl_ans *ans)
{
	if (!session_there(command, req->session)) {
		ans->status = STATUS_UNKNOWN_SESSION;
		return;
	}
	command_figures(&command->figures, &command->found,
			wheel_now(command->wheel));
	ans->status = STATUS_OK;
	ans->figures = &command->figures;
}

static void session_end(struct command *command, const struct ctl_req *req,
			struct ctl_ans *ans)
{
	session_figures_get(command, req, ans);
	if (ans->status != STATUS_OK)
		return;

	(void)session_drop(command->table, req->session);
	grades_add(&command->stats.grades, &command->figures);
	command->endedh(&command->found, &command->figures, req->end.reason,
			command->arg);
}

static void session_hush(struct command *command, const struct ctl_req *req,
			 struct ctl_ans *ans)
{
	static const enum session_husher by[] = {
		[CTL_BY_OPERATOR] = SESSION_HUSH_OPERATOR,
		[CTL_BY_CALLER] = SESSION_HUSH_CALLER,
		[CTL_BY_CALLEE] = SESSION_HUSH_CALLEE,
	};
	int err = session_tape(command->table, req->session, by[req->tape.by],
			       req->tape.tape == CTL_TAPE_PAUSED);

	ans->paused = session_hushed(command->table, req->session);
	if (err == ENOTCONN)
		ans->status = STATUS_NOT_ACCEPTABLE;
	else if (err && err != ENOENT) /* not stored: to be asked again */
		ans->status = STATUS_OVERLOAD;
	else
		ans->status = status_for(command, req->session, err,
					 STATUS_INTERNAL);
}

void command_serve(struct command *command, const struct ctl_req *req,
		   struct ctl_ans *ans)
{
	static void (*const verbs[CTL_VERB_COUNT])(struct command *,
						   const struct ctl_req *,
						   struct ctl_ans *) = {
		[CTL_LEG_REMOTE] = leg_remote,
		[CTL_LEG_LOCAL] = leg_local,
		[CTL_LEG_JOIN] = leg_join,
		[CTL_LEG_ROLLBACK] = leg_rollback,
		[CTL_LEG_DIGIT] = leg_digit,
		[CTL_LEG_DROP] = leg_drop,
		[CTL_SESSION_DROP] = session_end,
		[CTL_SESSION_QUERY] = session_figures_get,
		[CTL_SESSION_TAPE] = session_hush,
	};

	memset(ans, 0, sizeof(*ans));
	ans->status = STATUS_UNKNOWN_VERB;
	if ((size_t)req->verb >= CTL_VERB_COUNT)
		return;

	memset(&command->why, 0, sizeof(command->why));
	mbuf_reset(command->sdp);
	verbs[req->verb](command, req, ans);
	say_why(command, ans);

	++command->stats.served[req->verb];
	if (ans->status != STATUS_OK)
		++command->stats.failed[req->verb];
}
