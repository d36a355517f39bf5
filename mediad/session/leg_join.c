/*
 * leg_join.c  Who hears whom
 *
 * Joins say what is wanted; leg_wire() makes packets flow as far as the
 * agreements of both legs allow, and is asked again whenever one of the two
 * changes.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/session/leg_video.h"
#include "mediad/session/session_priv.h"

const struct sdpm_map *leg_codec(const struct leg *leg)
{
	const struct sdpm_choice *choice = leg->sdp.choice;

	return choice ? &choice->maps[choice->codec] : NULL;
}

/* We hear the leg. */
static bool hears(const struct leg *leg)
{
	return leg->sdp.choice && leg->sdp.choice->dir & SDPM_RECVONLY;
}

/* The leg hears us. */
static bool listens(const struct leg *leg)
{
	return leg->sdp.choice && leg->sdp.choice->dir & SDPM_SENDONLY;
}

/* Where the leg's packets are to go now; NULL: nowhere. */
static struct leg *target_of(struct leg *leg)
{
	struct leg *to =
		leg->service && leg->service->reflects ? leg : leg->peer;

	return to && hears(leg) && listens(to) && !leg_music(to) ? to : NULL;
}

static void wire_flow(struct leg *leg)
{
	struct leg *to = target_of(leg);

	if (to)
		leg_flow(leg, to);
	else
		leg_flow_stop(leg);
}

void leg_wire(struct leg *leg)
{
	wire_flow(leg);
	leg_play_wire(leg);
	if (leg->peer) {
		wire_flow(leg->peer);
		leg_play_wire(leg->peer);
	}
	leg_video_wire(leg);
	session_tap_wire(leg->session);
	leg_log_way(leg);
	if (leg->peer)
		leg_log_way(leg->peer);
}

/* --- joins ------------------------------------------------------------------------ */

void leg_unjoin(struct leg *leg)
{
	struct leg *peer = leg->peer;

	leg_video_unwire(leg);
	leg->peer = NULL;
	leg->service = NULL;
	memset(&leg->play, 0, sizeof(leg->play));
	wheel_stop(&leg->unplayed);
	leg->player = mem_deref(leg->player);
	leg_flow_close(leg);
	if (!peer)
		return;
	peer->peer = NULL;
	peer->player = mem_deref(peer->player);
	leg_flow_close(peer);
	leg_store(peer);
}

void leg_part(struct leg *leg)
{
	leg_flow_stop(leg);
	if (leg->peer)
		leg_flow_stop(leg->peer);
	leg_unjoin(leg);
}

static int join_service(struct leg *leg, const char *name)
{
	const struct service *service = service_find(name);

	if (!service || service->named)
		return EINVAL;
	if (leg->service == service)
		return 0;

	leg_part(leg);
	leg->service = service;
	leg_wire(leg);
	leg_store(leg);
	return 0;
}

static int join_peer(struct leg *leg, struct leg *peer)
{
	if (leg == peer)
		return EINVAL;
	if (leg->peer == peer)
		return 0;

	leg_part(leg);
	leg_part(peer);
	leg->peer = peer;
	peer->peer = leg;
	leg_wire(leg);
	leg_store(leg);
	leg_store(peer);
	return 0;
}

int session_answered(struct session_table *table, const char *id)
{
	struct session *session;
	int err = session_find(&session, table, id);

	if (err)
		return err;
	if (!session->answered) {
		session->answered = true;
		session->answered_ms = wheel_now(table->wheel);
		for (size_t i = 0; i < COUNTOF(session->legs); i++)
			if (session->legs[i])
				leg_store(session->legs[i]);
	}
	leg_watch_start(table);
	session_tap_wire(session);
	return 0;
}

int session_leg_join(struct session_table *table, const char *session,
		     uint8_t nr, uint8_t peer_nr, const char *service)
{
	struct leg *leg, *peer;
	int err = leg_find(&leg, table, session, nr);

	if (err)
		return err;
	if (!peer_nr)
		return service ? join_service(leg, service) : EINVAL;

	err = leg_find(&peer, table, session, peer_nr);
	return err ? err : join_peer(leg, peer);
}
