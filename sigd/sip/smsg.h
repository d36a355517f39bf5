/*
 * smsg.h  The view of a SIP message: where everything stands in its bytes
 *
 * RFC 3261 section 7. Decoding allocates nothing and copies nothing; the view
 * is one struct that points into the caller's buffer and lives as long as
 * that. The buffer must be writable: folded header lines are unfolded in place
 * (their CRLF become spaces, RFC 3261 7.3.1), so that everything behind the
 * decoder, and everything we forward, sees single lines.
 *
 * What a message must have is parsed once, here: a view that decoded without
 * error has good From, To, Call-ID, CSeq, Via (all of them), Max-Forwards and
 * Content-Length; a request also a good Request-URI, Contact, Route and
 * Record-Route.
 *
 * White space before a header's colon is legal in RFC 3261 (HCOLON) and a
 * classic way to slip a header past a filter. It is taken off known headers,
 * and never forwarded; with an unknown name it is an error.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SMSG_H
#define SIGD_SIP_SMSG_H

#include "sigd/sip/shdr.h"

enum {
	SMSG_MAX = 65535,     /* bytes of a message; offsets are 16 bits */
	SMSG_LINE_MAX = 8192, /* bytes of a header field, folds included */
	SMSG_HDR_MAX = 96,    /* header fields */
	SMSG_NAME_MAX = 255,  /* bytes of a header's name */
};

/* Lower limits than the above, from the configuration; 0: the above. */
struct smsg_limits {
	uint32_t msg_max;
	uint32_t line_max;
	uint32_t hdr_max;
};

/* What is wrong with a message: the first error found. */
struct smsg_err {
	uint16_t scode;     /* 400, 501, 505, 513; 0: drop it (a response,
			       a keep-alive, rubbish) */
	const char *reason; /* reason phrase that names the fault, constant */
	size_t pos;         /* offset of the fault in the caller's buffer */
	bool answerable;    /* smsg_reply_write() can answer the view */
};

enum {
	SMSG_HDR_ODD = 1 /* space before the colon: not forwarded as it is */
};

/* One header field. Text by smsg_hdr_name() and smsg_hdr_val(). */
struct smsg_hdr {
	uint16_t line; /* offset of the line in smsg.raw */
	uint16_t end;  /* ... and of the next line */
	uint16_t val;  /* offset of the trimmed value */
	uint16_t val_len;
	uint8_t name_len;
	uint8_t id;   /* enum shdr_id */
	uint8_t next; /* index + 1 of the next field of this id */
	uint8_t flags;
};

/* Plain data; read it freely, change it only through this header. */
struct smsg {
	struct pl raw;  /* start line to the end of the body */
	struct pl body; /* Content-Length bytes of it */
	bool request;
	enum smsg_method method; /* of the request, or of a response's CSeq */
	struct pl method_name;
	struct suri uri;     /* Request-URI; uri.text as written */
	uint16_t scode;      /* responses: 100..699 */
	struct pl reason;    /* responses: reason phrase, may be empty */
	struct shdr_via via; /* topmost */
	struct shdr_addr from;
	struct shdr_addr to;
	struct shdr_cseq cseq;
	struct pl callid;
	int16_t max_forwards; /* 0..255; -1: no such header */
	char src_host[46];    /* see smsg_source_set(); empty: not set */
	uint16_t src_port;
	uint16_t hdrc;
	uint16_t head_len;         /* bytes of raw before the first header */
	uint8_t first[SHDR_COUNT]; /* index + 1 of the first field by id */
	struct smsg_hdr hdrv[SMSG_HDR_MAX];
};

/*
 * Decode one datagram, WebSocket message or framed piece of a stream
 * (smsg_frame.h). Bytes behind Content-Length are ignored (RFC 3261 18.3);
 * too few are an error. limits may be NULL. EBADMSG: *err says what and how to
 * answer; the view then holds what was understood and is good for
 * smsg_reply_write() only.
 */
int smsg_decode(struct smsg *msg, uint8_t *buf, size_t len,
		const struct smsg_limits *limits, struct smsg_err *err);

/* Nothing but CRLFs: a keep-alive (RFC 5626 4.4.1). */
bool smsg_is_keepalive(const uint8_t *buf, size_t len);

/*
 * Where the message came from. Every forward and every answer then carries
 * `received` and `rport` in this hop's Via as RFC 3261 18.2.1 and RFC 3581 4
 * ask, instead of what the sender may have claimed. host: numeric, without
 * brackets, copied. EINVAL when it is too long.
 */
int smsg_source_set(struct smsg *msg, const struct pl *host, uint16_t port);

/* A copy of the message with a view of its own: one allocation, released with
 * mem_deref(). Only of a view that decoded without error. */
int smsg_clone(struct smsg **msgp, const struct smsg *src);

/* --- headers -------------------------------------------------------------- */

/* First field of that id, NULL when absent; then the further ones. */
const struct smsg_hdr *smsg_hdr(const struct smsg *msg, enum shdr_id id);
const struct smsg_hdr *smsg_hdr_next(const struct smsg *msg,
				     const struct smsg_hdr *hdr);
/* By name, for those without an id; `after` NULL: from the first. */
const struct smsg_hdr *smsg_hdr_named(const struct smsg *msg,
				      const struct pl *name,
				      const struct smsg_hdr *after);
struct pl smsg_hdr_name(const struct smsg *msg, const struct smsg_hdr *hdr);
struct pl smsg_hdr_val(const struct smsg *msg, const struct smsg_hdr *hdr);

/* Value of the first field of that id; false and unset when absent. */
bool smsg_val(const struct smsg *msg, enum shdr_id id, struct pl *val);
/* A field of that id lists `token` (Supported, Require, Allow ...). */
bool smsg_has_token(const struct smsg *msg, enum shdr_id id, const char *token);

/* --- values over all fields of an id, in order ---------------------------- */

struct smsg_iter {
	const struct smsg *msg;
	const struct smsg_hdr *hdr;
	struct pl rest;
};

void smsg_iter_init(struct smsg_iter *it, const struct smsg *msg,
		    enum shdr_id id);
/* 0, ENOENT behind the last, EBADMSG. */
int smsg_iter_value(struct smsg_iter *it, struct pl *val);
int smsg_iter_via(struct smsg_iter *it, struct shdr_via *via);
int smsg_iter_addr(struct smsg_iter *it, struct shdr_addr *addr);
/* The first name-addr of that id; ENOENT, EBADMSG. There is none for the n-th:
 * each would be looked for from the first, and a message holds thousands. */
int smsg_addr(const struct smsg *msg, enum shdr_id id, struct shdr_addr *addr);
/* How many values there are. */
unsigned smsg_count(const struct smsg *msg, enum shdr_id id);

/* Default reason phrase of a status code; never NULL. */
const char *smsg_reason(uint16_t scode);

/* "%H": one line, for traces and tests: "INVITE sip:x CSeq=1 Call-ID=..". */
int smsg_debug(struct re_printf *pf, const struct smsg *msg);

#endif
