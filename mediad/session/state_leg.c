/*
 * state_leg.c  A leg as it stands in the state file
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/id.h"
#include "mediad/session/state_file.h"
#include "mediad/session/state_leg.h"
#include "mediad/session/state_pack.h"
#include "mediad/session/state_video.h"

_Static_assert((int)STATE_LEG_MAX <= (int)STATE_DATA_MAX,
	       "a leg fits into a record");

enum {
	KIND = 'L'
};

uint32_t state_layout(void)
{
	static const size_t shape[] = {
		sizeof(struct state_leg),
		sizeof(struct path_web_state),
		sizeof(struct path_rtp_state),
		sizeof(struct sdpm_local),
		sizeof(struct sdpm_choice),
		sizeof(struct strm_slot),
		offsetof(struct state_leg, path),
		offsetof(struct state_leg, local),
		offsetof(struct state_leg, choice),
		offsetof(struct sdpm_choice, noise),
		offsetof(struct sdpm_choice, red),
		offsetof(struct sdpm_choice, maps),
		offsetof(struct sdpm_choice, peer),
		offsetof(struct path_web_state, replay),
		offsetof(struct path_web_state, rx_key),
		offsetof(struct path_web_state, dtls_open),
		offsetof(struct path_web_state, tx_ssrc),
		offsetof(struct path_web_state, tx_base),
		offsetof(struct path_web_state, peer_md),
		offsetof(struct state_leg, ptime),
		offsetof(struct state_leg, policy),
		offsetof(struct path_rtp_state, replay),
		offsetof(struct path_rtp_state, peer_md),
		sizeof(struct sdpm_sdes),
		offsetof(struct state_leg, video),
		offsetof(struct state_leg, record),
		offsetof(struct state_leg, owner),
		offsetof(struct state_leg, play_ms),
		offsetof(struct state_leg, tape_unix_s),
		offsetof(struct state_leg, hushed),
		offsetof(struct state_leg, up),
		sizeof(struct state_video),
	};
	uint32_t sum = 0x811c9dc5u;

	for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++)
		sum = (sum ^ (uint32_t)shape[i]) * 0x01000193u;
	return sum;
}

size_t state_leg_pack(uint8_t *buf, const struct state_leg *leg)
{
	return state_pack(buf, KIND, leg, sizeof(*leg));
}

/* A bool that holds neither 0 nor 1 may not even be read. */
static bool is_bool(const bool *b)
{
	uint8_t v;

	memcpy(&v, b, sizeof(v));
	return v <= 1;
}

static bool is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

#define IS_TEXT(array) is_text((array), sizeof(array))

static bool opus_sound(const struct sdpm_opus *opus)
{
	return is_bool(&opus->stereo) && is_bool(&opus->fec) &&
	       is_bool(&opus->dtx) && is_bool(&opus->cbr);
}

static bool change_sound(const struct sdpm_change *change)
{
	return is_bool(&change->ice_restart) &&
	       is_bool(&change->dtls_restart) && is_bool(&change->codec) &&
	       is_bool(&change->dir) && is_bool(&change->address);
}

static bool layout_sound(const struct sdpm_layout *layout)
{
	const struct sdpm_carrier *carrier = &layout->carrier;

	if (!layout->nlines || layout->nlines > SDPM_MEDIA_MAX ||
	    layout->audio >= layout->nlines || !is_bool(&layout->bundle) ||
	    !is_bool(&carrier->on) || carrier->line >= layout->nlines ||
	    !IS_TEXT(carrier->rtpmap) || !IS_TEXT(carrier->fmtp))
		return false;

	for (unsigned i = 0; i < layout->nlines; i++) {
		const struct sdpm_line *line = &layout->lines[i];

		if (line->kind > SDPM_OTHER || !IS_TEXT(line->type) ||
		    !IS_TEXT(line->proto) || !IS_TEXT(line->fmt) ||
		    !IS_TEXT(line->mid))
			return false;
	}
	return true;
}

static bool maps_sound(const struct sdpm_choice *choice)
{
	if (choice->nmaps > SDPM_MAPS_MAX || choice->codec < 0 ||
	    choice->codec >= choice->nmaps || choice->event < -1 ||
	    choice->event >= choice->nmaps || choice->noise < -1 ||
	    choice->noise >= choice->nmaps || choice->red < -1 ||
	    choice->red >= choice->nmaps)
		return false;

	for (unsigned i = 0; i < choice->nmaps; i++) {
		const struct sdpm_map *map = &choice->maps[i];

		if (map->codec <= SDPM_CODEC_NONE ||
		    map->codec >= SDPM_CODECS || !map->clock ||
		    map->clock > 192000 || map->rx_pt > 127 || map->tx_pt > 127)
			return false;
	}
	return true;
}

static bool prints_sound(const struct sdpm_peer *peer)
{
	if (peer->nprints > SDPM_PRINTS_MAX)
		return false;

	for (unsigned i = 0; i < peer->nprints; i++)
		if (peer->prints[i].hash > SDPM_SHA512 ||
		    peer->prints[i].len > sizeof(peer->prints[i].bytes))
			return false;
	return true;
}

static bool names_sound(const struct sdpm_peer *peer)
{
	return IS_TEXT(peer->ufrag) && IS_TEXT(peer->pwd) &&
	       IS_TEXT(peer->tls_id);
}

static bool sdes_sound(const struct sdpm_sdes *sdes, enum sdpm_profile profile)
{
	if (sdes->suite == SDPM_NO_SUITE)
		return profile != SDPM_SDES;
	return (profile == SDPM_SDES || profile == SDPM_OSRTP) &&
	       sdes->suite < SDPM_SUITES &&
	       sdes->ours.suite == sdes->suite;
}

static bool dtls_sound(const struct sdpm_choice *choice)
{
	switch (choice->profile) {
	case SDPM_BROWSER:
	case SDPM_DTLS:
		return choice->dtls;
	case SDPM_OSRTP:
		return true;
	case SDPM_RTP:
	case SDPM_SDES:
	case SDPM_PROFILES:
		break;
	}
	return !choice->dtls;
}

static bool choice_sound(const struct sdpm_choice *choice)
{
	return choice->profile < SDPM_PROFILES &&
	       choice->dir <= SDPM_SENDRECV &&
	       choice->theirs <= SDPM_SENDRECV && is_bool(&choice->held) &&
	       is_bool(&choice->off) && is_bool(&choice->rtcp_mux) &&
	       layout_sound(&choice->layout) && maps_sound(choice) &&
	       opus_sound(&choice->opus) && opus_sound(&choice->we_opus) &&
	       change_sound(&choice->change) && prints_sound(&choice->peer) &&
	       is_bool(&choice->lite) && is_bool(&choice->dtls) && is_bool(&choice->dtls_client) &&
	       dtls_sound(choice) &&
	       (choice->dtls
			? names_sound(&choice->peer)
			: sdes_sound(&choice->peer.sdes, choice->profile));
}

static bool local_sound(const struct sdpm_local *local)
{
	return IS_TEXT(local->ufrag) && IS_TEXT(local->pwd) &&
	       IS_TEXT(local->tls_id) && IS_TEXT(local->cname) &&
	       IS_TEXT(local->msid) && local->print.hash <= SDPM_SHA512 &&
	       local->print.len <= sizeof(local->print.bytes);
}

static bool ids_sound(const struct state_leg *leg)
{
	return IS_TEXT(leg->session) && IS_TEXT(leg->call) &&
	       IS_TEXT(leg->tenant) && IS_TEXT(leg->service) &&
	       id_valid(leg->session, strlen(leg->session)) &&
	       id_valid(leg->call, strlen(leg->call)) && leg->leg &&
	       leg->leg <= SESSION_LEGS_MAX && leg->peer <= SESSION_LEGS_MAX &&
	       leg->resumable <= 1 && leg->answered <= 1 &&
	       IS_TEXT(leg->offered);
}

static bool terms_sound(const struct state_leg *leg)
{
	if (!IS_TEXT(leg->music) || !IS_TEXT(leg->fork) ||
	    !IS_TEXT(leg->owner) ||
	    !IS_TEXT(leg->play) || leg->record > SESSION_RECORD_NEVER ||
	    leg->play_over > 1 || leg->hushed > SESSION_HUSHERS || leg->up > 1)
		return false;
	if (leg->ncodecs > sizeof(leg->codecs) ||
	    leg->nsuites > sizeof(leg->suites) ||
	    leg->digits > SESSION_DIGITS_TONES || leg->video > 1)
		return false;
	if (!IS_TEXT(leg->policy) || leg->order > SESSION_ORDER_LISTED ||
	    leg->noise > 1 || leg->narrow > 1 ||
	    leg->dtx > SESSION_DTX_NEVER || leg->effort > 11)
		return false;
	for (unsigned i = 0; i < leg->ncodecs; i++)
		if (leg->codecs[i] >= SDPM_CODECS)
			return false;
	for (unsigned i = 0; i < leg->nsuites; i++)
		if (!leg->suites[i] || leg->suites[i] >= SDPM_SUITES)
			return false;
	return true;
}

int state_leg_unpack(struct state_leg *leg, const uint8_t *data, size_t len)
{
	if (state_unpack(leg, sizeof(*leg), KIND, data, len) ||
	    !ids_sound(leg))
		return EBADMSG;

	leg->local.hosts = NULL;
	leg->local.nhosts = 0;
	sa_init(&leg->choice.peer.rtp, AF_UNSPEC);
	sa_init(&leg->choice.peer.rtcp, AF_UNSPEC);
	if (!leg->resumable)
		return 0;
	return terms_sound(leg) && local_sound(&leg->local) &&
			       choice_sound(&leg->choice)
		       ? 0
		       : EBADMSG;
}
