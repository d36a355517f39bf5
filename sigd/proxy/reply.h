/*
 * reply.h  Answers of our own
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REPLY_H
#define SIGD_PROXY_REPLY_H

#include "sigd/proxy/proxy_priv.h"

struct request;
struct smsg_field;

enum { REPLY_REASON_MAX = 96 };

/* Answer with a status, its SIP code and phrase, and a Warning-like text that
 * names it. A 503 gets Retry-After. */
void reply_status(struct proxy *px, struct txn_srv *st, enum status code);
/* The same with a SIP code that is not the usual one of `why`. */
void reply_status_as(struct proxy *px, struct txn_srv *st, uint16_t scode,
		     enum status why);
/* To what is of nothing here: over UDP, where its source is easily written,
 * never more bytes than have come; what cannot be said so is not said. Ends
 * the transaction. */
void reply_stray(struct proxy *px, struct txn_srv *st, enum status code);
/* Without a transaction (malformed, or no room for one). */
void reply_stateless(struct proxy *px, const struct request *rq,
		     const struct smsg_err *err);
/* ... 503, before one is made. */
void reply_busy(struct proxy *px, const struct request *rq, enum status why);
/* Names the code (docs/errors.md) for people who read traces (RFC 3326); the
 * text has to last as long as the field. */
void reply_reason(struct smsg_field *field, char text[REPLY_REASON_MAX],
		  enum status why);
/* 0-terminated tag for a To of ours: made from the Call-ID and our key, so
 * that a repeated request gets the same. */
void reply_tag(char tag[17], const struct proxy *px, const struct smsg *msg);

#endif
