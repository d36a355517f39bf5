/*
 * commands.c  The commands of session.h that carry SDP
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/session/leg_ear.h"
#include "mediad/session/leg_keys.h"
#include "mediad/session/session_priv.h"

/* The leg, made if need be; *made and *fresh: what has to go again when the
 * command fails. */
struct spot {
	struct session *session;
	struct leg *leg;
	bool new_session, new_leg;
};

static int spot_find(struct spot *spot, struct session_table *table,
		     const struct session_local *cmd)
{
	int err;

	*spot = (struct spot){0};
	if (!cmd->leg || cmd->leg > SESSION_LEGS_MAX || !cmd->session)
		return EINVAL;
	err = session_find(&spot->session, table, cmd->session);
	if (err && !cmd->create)
		return err;
	if (err) {
		err = session_make(&spot->session, table, cmd->session,
				   cmd->call, cmd->tenant);
		spot->new_session = !err;
	}
	if (err)
		return err;
	/* one session, one call: a mistake here would mix two */
	if (cmd->call && strcmp(cmd->call, spot->session->call))
		return EINVAL;
	spot->leg = spot->session->legs[cmd->leg - 1];
	if (spot->leg)
		return spot->leg->profile == cmd->profile ? 0 : EINVAL;
	if (!cmd->create)
		return ENOENT;
	err = leg_make(&spot->leg, spot->session,
		       &(struct leg_make_params){
			       .nr = cmd->leg,
			       .profile = cmd->profile,
			       .terms = &cmd->terms,
		       });
	spot->new_leg = !err;
	return err;
}

static void spot_undo(struct spot *spot)
{
	if (spot->new_leg)
		leg_drop(spot->leg);
	if (spot->new_session)
		mem_deref(spot->session);
}

static bool is_served(const struct session_table *table,
		      enum sdpm_profile profile, struct sdpm_error *why)
{
	if (profile == SDPM_BROWSER || table->deps.rtp)
		return true;
	(void)leg_sdp_refuse(why, ENOTSUP, 488,
			     "no interface has ports for plain RTP");
	return false;
}

int session_leg_remote(struct session_table *table,
		       const struct session_remote *remote,
		       struct sdpm_error *why)
{
	const struct session_local cmd = {
		.session = remote->session,
		.call = remote->call,
		.tenant = remote->tenant,
		.leg = remote->leg,
		.create = remote->create,
		.profile = remote->profile,
		.terms = remote->terms,
	};
	struct spot spot;
	int err;

	if (!is_served(table, cmd.profile, why))
		return ENOTSUP;
	err = spot_find(&spot, table, &cmd);
	if (!err)
		err = leg_sdp_remote(spot.leg, remote, why);
	if (!err)
		return 0;
	spot_undo(&spot);
	session_log_refused(table, remote, err, why);
	return err;
}

int session_leg_rollback(struct session_table *table, const char *session,
			 uint8_t nr)
{
	struct leg *leg;
	int err = leg_find(&leg, table, session, nr);

	if (!err)
		leg_sdp_rollback(leg);
	return err;
}

int session_leg_digit(struct session_table *table,
		      const struct session_digit *digit)
{
	struct leg *leg;
	int err = leg_find(&leg, table, digit->session, digit->leg);

	if (err)
		return err;
	/* who tells of a key by INFO may have let it sound, too */
	if (leg->peer && leg_ear_heard(leg->peer, digit->code))
		return 0;
	err = leg_keys_press(leg, digit->code, digit->ms, digit->tones);
	if (!err)
		leg_log_key(leg, false, leg_event(leg) ? "rtp" : "tone",
			    digit->code);
	return err;
}

int session_leg_local(struct session_table *table,
		      const struct session_local *local, struct mbuf *sdp,
		      struct sdpm_error *why)
{
	struct spot spot;
	int err;

	if (!is_served(table, local->profile, why))
		return ENOTSUP;
	err = spot_find(&spot, table, local);
	if (!err && spot.new_leg)
		leg_sdp_follow(spot.leg, &local->form);
	if (!err)
		err = leg_sdp_local(spot.leg, local->answer, sdp, why);
	if (err)
		spot_undo(&spot);
	return err;
}
