/*
 * sdp_read_priv.h  What the files of the reader share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_READ_PRIV_H
#define MEDIAD_SDP_READ_PRIV_H

#include "mediad/sdp/sdp_model.h"

/* Said at the session level, inherited by m-lines that say nothing. */
struct sdpm_session {
	struct sdpm_transport transport;
	enum sdpm_dir dir;
	bool have_addr;
	struct sa addr;
};

/* Which of the lines that may stand only once have been seen. */
struct sdpm_seen {
	bool origin, name, addr; /* addr: c= of the present m-line */
	bool dir;                /* direction of the present m-line */
};

struct sdpm_reader {
	struct sdpm_desc *desc;
	struct sdpm_media *media; /* the present m-line, NULL: session */
	struct sdpm_session session;
	struct sdpm_seen seen;
	struct pl groups[SDPM_BUNDLES_MAX]; /* mids of a=group:BUNDLE */
	uint16_t line;
	struct sdpm_error *error;
};

/* Where an attribute may stand. */
enum sdpm_at {
	SDPM_AT_BOTH,
	SDPM_AT_SESSION,    /* elsewhere: left out */
	SDPM_AT_MEDIA,      /* elsewhere: left out */
	SDPM_AT_MEDIA_ONLY, /* elsewhere: an error: it names what only an
			       m-line has */
};

struct sdpm_attr {
	const char *name; /* NULL ends a table */
	enum sdpm_at at;
	int (*handler)(struct sdpm_reader *reader, const struct pl *val);
};

extern const struct sdpm_attr sdpm_attrs_transport[];

/* A value that may be said once: again only if it is the same. */
int sdpm_set_once(struct sdpm_reader *reader, struct pl *field,
		  const struct pl *val, const char *why);

/* Fills the error; returns EBADMSG. why: a constant sentence. */
int sdpm_bad(struct sdpm_reader *reader, const char *why);

/* An a= line, the "a=" cut off. */
int sdpm_attribute(struct sdpm_reader *reader, const struct pl *text);

/* "IN IP4 192.0.2.1[/ttl]"; leaves addr unset when it is a name or of
 * another network. False: not three words. */
bool sdpm_address(struct sa *addr, const struct pl *text, uint16_t port);

#endif
