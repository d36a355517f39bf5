/*
 * indialog.h  Requests within dialogs, as the other stations know them
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_INDIALOG_INDIALOG_H
#define SIGD_PROXY_INDIALOG_INDIALOG_H

#include "sigd/proxy/proxy_priv.h"

struct request;

/* A request that shows a cookie, or names one of our Contacts. True: served.
 * st: NULL for an ACK. */
bool indialog_claims(const struct request *rq);
/* STATUS_OK: and it is one of ours, for this dialog, from that side. */
enum status indialog_proof(const struct request *rq);
void indialog_serve(struct request *rq, struct txn_srv *st);
/* As with invites: a CANCEL (false: not one of these), and what failed. */
/* An ACK of a 2xx of ours, that came to another worker. */
void indialog_acked(struct proxy *px, const struct smsg *msg);
/* False: no 2xx of this call is repeated here. */
bool indialog_stop_repeats(struct proxy *px, const char *call, uint32_t cseq);
bool indialog_cancel(struct proxy *px, const struct txn_srv *st,
		     const struct pl *reason);
void indialog_send_failed(struct proxy *px, uint64_t ref, int err);

#endif
