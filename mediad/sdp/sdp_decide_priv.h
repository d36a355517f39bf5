/*
 * sdp_decide_priv.h  What the files of the decision share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_DECIDE_PRIV_H
#define MEDIAD_SDP_DECIDE_PRIV_H

#include "mediad/sdp/sdp_decide.h"

/* Index in maps; -1: not there. clock 0: any. */
int sdpm_map_find(const struct sdpm_map *maps, size_t n, enum sdpm_codec codec,
		  uint32_t clock);

/* Is this number given to any of them? */
bool sdpm_map_taken(const struct sdpm_map *maps, size_t n, uint8_t pt);

bool sdpm_policy_allows(const struct sdpm_policy *policy,
			enum sdpm_codec codec);
bool sdpm_policy_clock(const struct sdpm_policy *policy, uint32_t clock);

/* Appends to the explanation; left out when it is full. */
void sdpm_note_media(struct sdpm_verdict *verdict, const struct sdpm_desc *desc,
		     size_t index, enum sdpm_why why);
void sdpm_note_format(struct sdpm_verdict *verdict, size_t index,
		      const struct sdpm_format *format, enum sdpm_why why);

/* The other m-line on whose transport this one lives, or NULL. */
const struct sdpm_media *sdpm_carrier_find(const struct sdpm_desc *desc,
					   const struct sdpm_media *media);

/* Can this m-line carry our audio? SDPM_CHOSEN: yes. */
enum sdpm_why sdpm_media_fits(const struct sdpm_desc *desc,
			      const struct sdpm_media *media,
			      const struct sdpm_policy *policy, bool answer);

/* The same of any kind of m-line. */
enum sdpm_why sdpm_line_fits(const struct sdpm_desc *desc,
			     const struct sdpm_media *media,
			     const struct sdpm_policy *policy, bool answer);

/* Do its keys come by DTLS? Of an m-line that fits. */
bool sdpm_by_dtls(const struct sdpm_media *media,
		  const struct sdpm_policy *policy, bool answer);

/* A key of the offer: the first that the policy allows, and ours for it. With
 * the same key as before ours stays, too. False: there is none, or nothing
 * for whom none is needed. */
bool sdpm_keys_offered(struct sdpm_sdes *sdes, const struct sdpm_media *media,
		       const struct sdpm_policy *policy,
		       const struct sdpm_sdes *prev);
/* The key of the answer to an offer with these keys of ours. */
bool sdpm_keys_answered(struct sdpm_sdes *sdes, const struct sdpm_media *media,
			const struct sdpm_policy *offered);

/* Fills all of the choice but layout and formats, which are known already. */
void sdpm_terms(struct sdpm_choice *choice, const struct sdpm_media *media,
		const struct sdpm_policy *policy,
		const struct sdpm_choice *prev);

enum sdpm_dir sdpm_dir_reverse(enum sdpm_dir dir);
/* What the peer does on this m-line, c=0.0.0.0 included. */
enum sdpm_dir sdpm_dir_said(const struct sdpm_media *media,
			    enum sdpm_profile profile);
/* Where the peer wants its RTP and RTCP; both are left alone when it wants
 * none. */
void sdpm_addresses(struct sa *rtp, struct sa *rtcp,
		    const struct sdpm_media *media);

/* Fingerprints, of the strongest hash. */
void sdpm_prints_read(struct sdpm_peer *peer, const struct sdpm_transport *tp);
bool sdpm_prints_same(const struct sdpm_peer *a, const struct sdpm_peer *b);

/* The proto of an m-line that we offer. */
const char *sdpm_proto(enum sdpm_profile profile);

/* 0-terminates; cuts what is too long. */
void sdpm_copy(char *dst, size_t size, const struct pl *src);

#endif
