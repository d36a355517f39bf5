/*
 * smsg_edit.h  Forwarding: a list of edits, applied while the bytes are copied
 *
 * The view stays as it is: several forks can be written from one request. What
 * no edit touches goes out byte for byte. Content-Length is always right. A
 * header that had white space before its colon is written without.
 *
 * Texts are borrowed: they must live until the edit is written. For texts made
 * on the way there is smsg_edit_text(). Errors are kept: check only the
 * result of smsg_edit_write().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SMSG_EDIT_H
#define SIGD_SIP_SMSG_EDIT_H

#include "sigd/sip/smsg.h"

struct mbuf;

enum {
	SMSG_EDIT_OPS = 48,
	SMSG_EDIT_TEXT = 4096
};

enum smsg_edit_kind {
	SMSG_EDIT_BEFORE, /* a header line before header `hdr` */
	SMSG_EDIT_END,    /* a header line behind the last */
	SMSG_EDIT_VALUE,  /* the n-th value of header `hdr` becomes text */
};

struct smsg_edit_op {
	enum smsg_edit_kind kind;
	uint16_t hdr; /* index in hdrv */
	uint16_t n;   /* value within the header */
	struct pl name;
	struct pl text; /* unset: remove */
};

/* Plain data, usually on the stack; use the functions. */
struct smsg_edit {
	const struct smsg *msg;
	int err;         /* first error of an edit */
	struct pl start; /* new Request-URI or "code reason" */
	bool new_body;
	struct pl ctype;
	struct pl body;
	unsigned opc;
	struct smsg_edit_op opv[SMSG_EDIT_OPS];
	uint8_t mark[SMSG_HDR_MAX]; /* what concerns each header */
	size_t text_len;
	char text[SMSG_EDIT_TEXT];
};

/* Begin without edits: written now, it is the message itself (with this
 * hop's received and rport, see smsg_source_set()). */
void smsg_edit_init(struct smsg_edit *ed, const struct smsg *msg);

/* A text that lives as long as the edit; unset (and an error kept) when the
 * room is used up. libre's format letters. */
struct pl smsg_edit_text(struct smsg_edit *ed, const char *fmt, ...);

/* Requests: another Request-URI. */
void smsg_edit_uri(struct smsg_edit *ed, const struct pl *uri);
/* Responses: another status line. reason NULL: the default one. */
void smsg_edit_status(struct smsg_edit *ed, uint16_t scode, const char *reason);

/* A new field before the first of this id (before the first header for Via;
 * Route, Record-Route and Path behind the Vias when there is none; others at
 * the end). Pushes made later stand above earlier ones. */
void smsg_edit_push(struct smsg_edit *ed, enum shdr_id id,
		    const struct pl *val);
/* A new field at the end of the headers. */
void smsg_edit_add(struct smsg_edit *ed, enum shdr_id id, const struct pl *val);
void smsg_edit_add_named(struct smsg_edit *ed, const struct pl *name,
			 const struct pl *val);
/* Remove every field of this id / of this name (without case) / whose name
 * begins so. */
void smsg_edit_remove(struct smsg_edit *ed, enum shdr_id id);
void smsg_edit_remove_named(struct smsg_edit *ed, const struct pl *name);
void smsg_edit_remove_prefix(struct smsg_edit *ed, const char *prefix);
/* Remove all of this id and put one field in the place of the first, or at
 * the end. */
void smsg_edit_set(struct smsg_edit *ed, enum shdr_id id, const struct pl *val);

/* The n-th value (from 0, over all fields of the id). ENOENT is kept when
 * there is none. */
void smsg_edit_remove_value(struct smsg_edit *ed, enum shdr_id id, unsigned n);
/* Every value that is this token, without case (Supported, Require ...). */
void smsg_edit_remove_token(struct smsg_edit *ed, enum shdr_id id,
			    const char *token);
void smsg_edit_replace_value(struct smsg_edit *ed, enum shdr_id id, unsigned n,
			     const struct pl *val);
/* The topmost Via or Route (value 0) goes. */
void smsg_edit_pop(struct smsg_edit *ed, enum shdr_id id);

/* One less, or 70 when there was none (RFC 3261 16.6 step 3). ELOOP is kept
 * when it is 0. */
void smsg_edit_hop(struct smsg_edit *ed);

/* Another body; ctype unset with an empty body. */
void smsg_edit_body(struct smsg_edit *ed, const struct pl *ctype,
		    const struct pl *body);

/*
 * Write the message once. *len: bytes written. EOVERFLOW: no room, or more
 * than SMSG_MAX; or the first error of the edits.
 */
int smsg_edit_write(const struct smsg_edit *ed, uint8_t *buf, size_t size,
		    size_t *len);
/* The same at the buffer's end; grows it; pos stays, end moves. */
int smsg_edit_mbuf(const struct smsg_edit *ed, struct mbuf *mb);

#endif
