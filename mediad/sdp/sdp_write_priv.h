/*
 * sdp_write_priv.h  What the files that write SDP share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_WRITE_PRIV_H
#define MEDIAD_SDP_WRITE_PRIV_H

#include "mediad/sdp/sdp_write.h"

/* What an answer and an offer have in common. */
struct sdpm_words {
	enum sdpm_profile profile;
	const struct sdpm_layout *layout;
	const struct sdpm_map *maps[SDPM_MAPS_MAX];
	size_t nmaps;
	const struct sdpm_opus *opus;
	const struct sdpm_own *own; /* keys to be told; nown may be 0 */
	size_t nown;
	uint32_t tag; /* of the first */
	enum sdpm_dir dir;
	uint16_t ptime;
	bool dtls;   /* our certificate and role are to be told */
	bool client; /* of DTLS, in an answer */
	bool full;   /* of ICE */
	bool offer;
	bool off;
	bool mux;
	bool tls_id;
	const struct sdpm_vlocal *video; /* NULL: none */
};

const char *sdpm_dir_name(enum sdpm_dir dir);
/* Our certificate and role. */
int sdpm_dtls_write(struct mbuf *mb, const struct sdpm_local *local,
		    const struct sdpm_words *words);
/* Of a browser's m-line. */
int sdpm_transport_write(struct mbuf *mb, const struct sdpm_local *local,
			 const struct sdpm_words *words);
/* The m-line of words->video. */
int sdpm_video_write(struct mbuf *mb, const struct sdpm_local *local,
		     const struct sdpm_words *words);

#endif
