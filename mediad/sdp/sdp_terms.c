/*
 * sdp_terms.c  What an agreement takes from an m-line, offered or answered
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/sdp/sdp_codec.h"
#include "mediad/sdp/sdp_decide_priv.h"

enum {
	PTIME_DEFAULT = 20
};

void sdpm_copy(char *dst, size_t size, const struct pl *src)
{
	size_t len = src->l < size ? src->l : size - 1;

	if (len)
		memcpy(dst, src->p, len);
	dst[len] = '\0';
}

enum sdpm_dir sdpm_dir_reverse(enum sdpm_dir dir)
{
	unsigned flipped = 0;

	if (dir & SDPM_SENDONLY)
		flipped |= SDPM_RECVONLY;
	if (dir & SDPM_RECVONLY)
		flipped |= SDPM_SENDONLY;

	return (enum sdpm_dir)flipped;
}

/* RFC 8122 5: of several hashes the strongest decides. */
void sdpm_prints_read(struct sdpm_peer *peer, const struct sdpm_transport *tp)
{
	enum sdpm_hash best = SDPM_SHA256;

	for (size_t i = 0; i < tp->nprints; i++) {
		if (tp->prints[i].hash > best)
			best = tp->prints[i].hash;
	}
	for (size_t i = 0; i < tp->nprints; i++) {
		if (tp->prints[i].hash == best)
			peer->prints[peer->nprints++] = tp->prints[i];
	}
}

static bool is_any(const struct sa *sa)
{
	return !sa_isset(sa, SA_ADDR) || sa_is_any(sa);
}

void sdpm_addresses(struct sa *rtp, struct sa *rtcp,
		    const struct sdpm_media *media)
{
	if (is_any(&media->addr))
		return;

	*rtp = media->addr;
	sa_set_port(rtp, media->port);
	*rtcp = *rtp;
	if (media->rtcp.mux)
		return;
	if (!media->rtcp.port) {
		sa_set_port(rtcp, (uint16_t)(media->port + 1));
		return;
	}
	if (!is_any(&media->rtcp.addr))
		*rtcp = media->rtcp.addr;
	sa_set_port(rtcp, media->rtcp.port);
}

static void peer_read(struct sdpm_choice *choice,
		      const struct sdpm_media *media)
{
	const struct sdpm_transport *tp = &media->transport;
	struct sdpm_peer *peer = &choice->peer;

	if (media->streams.nssrcs)
		peer->ssrc = media->streams.ssrcs[0].ssrc;
	if (choice->profile != SDPM_BROWSER)
		sdpm_addresses(&peer->rtp, &peer->rtcp, media);
	if (!choice->dtls)
		return;
	if (choice->profile == SDPM_BROWSER) {
		sdpm_copy(peer->ufrag, sizeof(peer->ufrag), &tp->ufrag);
		sdpm_copy(peer->pwd, sizeof(peer->pwd), &tp->pwd);
	}
	sdpm_copy(peer->tls_id, sizeof(peer->tls_id), &tp->tls_id);
	sdpm_prints_read(peer, tp);
}

enum sdpm_dir sdpm_dir_said(const struct sdpm_media *media,
			    enum sdpm_profile profile)
{
	/* the hold of RFC 2543: c=0.0.0.0 (RFC 3264 8.4) */
	if (profile != SDPM_BROWSER && is_any(&media->addr))
		return (enum sdpm_dir)(media->dir & SDPM_SENDONLY);
	return media->dir;
}

static void dir_decide(struct sdpm_choice *choice,
		       const struct sdpm_media *media, enum sdpm_dir most)
{
	enum sdpm_dir theirs = sdpm_dir_said(media, choice->profile);

	choice->theirs = theirs;
	choice->dir = (enum sdpm_dir)(sdpm_dir_reverse(theirs) & most);
	choice->held = !(theirs & SDPM_RECVONLY);
}

static uint16_t ptime_decide(const struct sdpm_media *media)
{
	uint16_t ptime = media->ptime ? media->ptime : PTIME_DEFAULT;

	return media->maxptime && media->maxptime < ptime ? media->maxptime
							  : ptime;
}

/* RFC 7587 7: minptime is the least that it likes to be sent. */
static void opus_read(struct sdpm_choice *choice, const struct pl *fmtp)
{
	sdpm_opus_parse(&choice->opus, fmtp);
	if (choice->ptime < choice->opus.min_ptime)
		choice->ptime = choice->opus.min_ptime;
}

/* The parameters of the formats chosen. */
static void params_read(struct sdpm_choice *choice,
			const struct sdpm_media *media)
{
	const struct sdpm_map *codec = &choice->maps[choice->codec];
	const struct sdpm_map *event =
		choice->event >= 0 ? &choice->maps[choice->event] : NULL;

	for (size_t i = 0; i < media->nformats; i++) {
		const struct sdpm_format *format = &media->formats[i];

		if (format->pt == codec->tx_pt && codec->codec == SDPM_OPUS)
			opus_read(choice, &format->fmtp);
		if (event && format->pt == event->tx_pt)
			choice->events = sdpm_events_parse(&format->fmtp);
	}
}

static bool map_same(const struct sdpm_choice *a, int ia,
		     const struct sdpm_choice *b, int ib)
{
	const struct sdpm_map *x, *y;

	if (ia < 0 || ib < 0)
		return ia < 0 && ib < 0;

	x = &a->maps[ia];
	y = &b->maps[ib];
	return x->codec == y->codec && x->clock == y->clock &&
	       x->rx_pt == y->rx_pt && x->tx_pt == y->tx_pt;
}

bool sdpm_prints_same(const struct sdpm_peer *a, const struct sdpm_peer *b)
{
	if (a->nprints != b->nprints)
		return false;

	for (size_t i = 0; i < a->nprints; i++) {
		const struct sdpm_print *x = &a->prints[i];
		const struct sdpm_print *y = &b->prints[i];

		if (x->hash != y->hash || memcmp(x->bytes, y->bytes, x->len))
			return false;
	}
	return true;
}

/* RFC 8842 5.1. Without ICE a change of address is one, too, from who does not
 * say by tls-id which association is meant. */
static bool assoc_differs(const struct sdpm_choice *choice,
			  const struct sdpm_choice *prev)
{
	const struct sdpm_peer *a = &choice->peer, *b = &prev->peer;

	if (!prev->dtls || !sdpm_prints_same(a, b) || strcmp(a->tls_id, b->tls_id))
		return true;
	return choice->profile != SDPM_BROWSER && !a->tls_id[0] &&
	       sa_isset(&a->rtp, SA_ADDR) && sa_isset(&b->rtp, SA_ADDR) &&
	       !sa_cmp(&a->rtp, &b->rtp, SA_ALL);
}

/* We wait for the peer to begin, unless it insists on waiting for us; in an
 * association that stays nobody changes roles (RFC 8842 5.3). */
static void dtls_find(struct sdpm_choice *choice, enum sdpm_setup setup,
		      const struct sdpm_choice *prev)
{
	bool anew = prev && assoc_differs(choice, prev);

	choice->dtls_client = setup == SDPM_PASSIVE;
	if (setup == SDPM_ACTPASS && prev && !anew)
		choice->dtls_client = prev->dtls_client;
	choice->change.dtls_restart =
		prev && (anew || choice->dtls_client != prev->dtls_client);
}

static void ice_find(struct sdpm_change *change, const struct sdpm_peer *peer,
		     const struct sdpm_peer *prev)
{
	change->ice_restart = strcmp(peer->ufrag, prev->ufrag) ||
			      strcmp(peer->pwd, prev->pwd);
}

static void change_find(struct sdpm_choice *choice,
			const struct sdpm_choice *prev)
{
	struct sdpm_change *change = &choice->change;

	if (!prev)
		return;

	if (choice->profile == SDPM_BROWSER)
		ice_find(change, &choice->peer, &prev->peer);
	else
		change->address =
			!sa_cmp(&choice->peer.rtp, &prev->peer.rtp, SA_ALL);
	change->codec = !map_same(choice, choice->codec, prev, prev->codec) ||
			!map_same(choice, choice->event, prev, prev->event);
	change->dir = choice->dir != prev->dir;
}

void sdpm_terms(struct sdpm_choice *choice, const struct sdpm_media *media,
		const struct sdpm_policy *policy,
		const struct sdpm_choice *prev)
{
	choice->rtcp_mux = media->rtcp.mux;
	choice->ptime = ptime_decide(media);
	choice->we_opus = policy->opus;
	choice->we_ptime = policy->ptime;
	peer_read(choice, media);
	dir_decide(choice, media, policy->dir);
	params_read(choice, media);
	if (choice->dtls)
		dtls_find(choice, media->transport.setup, prev);
	change_find(choice, prev);
}
