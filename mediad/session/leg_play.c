/*
 * leg_play.c  What a leg hears of us: a tone, a sound, music on hold
 *
 * A leg that is joined with a service hears that. One whose peer's far side has
 * the call on hold hears the music that the peer's terms name, instead of what
 * comes from there; a sound that this worker does not have, or not in the
 * leg's codec, is as if none was named. To the stream it is one source more, so
 * numbers go on.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/log.h"
#include "mediad/session/session_priv.h"
#include "mediad/sound/bank.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/jukebox.h"

/* The leg hears us. */
static bool listens(const struct leg *leg)
{
	return leg->sdp.choice && leg->sdp.choice->dir & SDPM_SENDONLY;
}

/* A codec that was loaded may have failed to encode it. */
static bool has_codec(const struct leg *leg, const struct sound *sound)
{
	const struct sdpm_map *map = leg_codec(leg);
	const struct codec *codec =
		map ? leg_codec_impl(leg, map->codec) : NULL;

	return codec && sound_clip_of(sound, codec);
}

const char *leg_music(const struct leg *leg)
{
	const struct sound *sound;
	const struct leg *peer = leg->peer;

	/* its far side listens to nobody: it has the call on hold */
	if (!peer || !peer->sdp.choice || !peer->sdp.choice->held ||
	    !peer->terms.music[0] || !listens(leg))
		return NULL;
	sound = jukebox_find(leg->session->table->deps.jukebox,
			     peer->terms.music);
	return sound && has_codec(leg, sound) ? peer->terms.music : NULL;
}

/* What is to be played now; NULL: nothing. */
static struct sound *wanted(const struct leg *leg, const char **name)
{
	const struct session_deps *deps = &leg->session->table->deps;
	const struct service *service = leg->service;

	*name = leg_music(leg);
	if (*name)
		return jukebox_find(deps->jukebox, *name);
	if (!service || service->reflects || !listens(leg) || leg->play.over)
		return NULL;
	*name = service->named ? leg->play.name : service->name;
	return service->named ? jukebox_find(deps->jukebox, *name)
			      : sound_bank_of(deps->bank, service);
}

static void on_played(void *arg)
{
	struct leg *leg = arg;
	const struct session *session = leg->session;
	const struct session_table *table = session->table;
	const struct session_up what = {
		.session = session->id,
		.call = session->call,
		.tenant = session->tenant,
		.leg = leg->nr,
	};

	leg->player = mem_deref(leg->player);
	leg->play.over = true;
	leg_store(leg);
	if (table->playedh)
		table->playedh(&what, table->arg);
}

/* What the player was made for; another one is needed when it changes. */
static uint64_t key_of(const struct leg *leg, const char *name)
{
	const struct sdpm_map *map = leg_codec(leg);

	return (uint64_t)hash_joaat_str(name) << 32 |
	       (uint64_t)leg->sdp.choice->ptime << 16 |
	       (uint64_t)map->codec << 8 | map->tx_pt;
}

static void start(struct leg *leg, struct sound *sound, bool once)
{
	const struct sdpm_map *map = leg_codec(leg);
	struct wheel *wheel = leg->session->table->wheel;
	const struct player_params params = {
		.wheel = wheel,
		.sound = sound,
		.codec = leg_codec_impl(leg, map->codec),
		.pt = map->tx_pt,
		.ptime = leg->sdp.choice->ptime,
		.times = once ? leg->play.times : 0,
		.played_ms = once && leg->play.at_ms
				     ? (uint32_t)(wheel_now(wheel) -
						  leg->play.at_ms)
				     : 0,
		.out = &leg->out,
		.path = leg->path,
		.doneh = once && leg->play.times ? on_played : NULL,
		.arg = leg,
	};

	if (once && !leg->play.at_ms)
		leg->play.at_ms = wheel_now(wheel);
	/* without memory, or not in its codec: there is silence, and a call;
	 * who waits for the end is not to wait for ever */
	if (player_alloc(&leg->player, &params) && params.doneh)
		wheel_start(wheel, &leg->unplayed, 0, on_played, leg);
}

void leg_play_wire(struct leg *leg)
{
	const char *name;
	struct sound *sound = wanted(leg, &name);
	uint64_t key;

	wheel_stop(&leg->unplayed);
	if (!sound) {
		leg->player = mem_deref(leg->player);
		return;
	}
	key = key_of(leg, name);
	if (leg->player && leg->playing == key)
		return;
	leg->player = mem_deref(leg->player);
	leg->playing = key;
	start(leg, sound,
	      leg->service && leg->service->named && name == leg->play.name);
}

/* --- by command ------------------------------------------------------------------- */

/* A tone may be heard a little later. */
static int sound_length(uint32_t *ms, const struct leg *leg, const char *name,
			uint32_t times)
{
	struct jukebox *jukebox = leg->session->table->deps.jukebox;
	const struct sound *sound = jukebox_find(jukebox, name);

	*ms = 0;
	if (!sound && !times && jukebox_tone(jukebox, name))
		return 0;
	if (!sound)
		return jukebox && !jukebox_ready(jukebox) ? EAGAIN : ESRCH;
	if (leg_codec(leg) && !has_codec(leg, sound))
		return ESRCH;
	*ms = times * sound->nframes * CODEC_FRAME_MS;
	return 0;
}

int session_leg_play(struct session_table *table, const char *session,
		     uint8_t nr, const struct session_play *play,
		     uint32_t *ms)
{
	const struct service *service = service_find("sound");
	struct leg *leg;
	char name[SOUND_NAME_MAX + 1];
	int err = leg_find(&leg, table, session, nr);

	if (err)
		return err;
	if (pl_strcpy(&play->name, name, sizeof(name)) ||
	    !jukebox_name_valid(name, strlen(name)))
		return ESRCH;
	err = sound_length(ms, leg, name, play->times);
	if (err)
		return err;
	/* asked again: it plays already */
	if (leg->service == service && !strcmp(leg->play.name, name))
		return 0;
	leg_part(leg);
	leg->service = service;
	str_ncpy(leg->play.name, name, sizeof(leg->play.name));
	leg->play.times = play->times;
	leg_wire(leg);
	leg_store(leg);
	return 0;
}

static bool on_session(struct le *le, void *arg)
{
	struct session *session = le->data;
	(void)arg;

	for (size_t i = 0; i < SESSION_LEGS_MAX; i++)
		if (session->legs[i] && leg_codec(session->legs[i]))
			leg_wire(session->legs[i]);
	return false;
}

void session_sounds_new(struct session_table *table)
{
	(void)hash_apply(table->sessions, on_session, NULL);
}
