/*
 * conn_journal.h  The log of a connection, and its round trips
 *
 * What is about the line of a user (route_line.h) stands in the log of that
 * user: a PBX may have thousands.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_CONN_JOURNAL_H
#define SIGD_PROXY_CONN_CONN_JOURNAL_H

#include "sigd/journal/journal.h"

struct proxy;
struct route_connection;

/* Fills in whose line it is, and the worker. */
void conn_journal_note(struct proxy *px, const struct route_connection *conn,
		       struct journal_row *row);
/* Of its state: up, down, broken ... */
void conn_journal_state(struct proxy *px, const struct route_connection *conn,
			enum journal_event event, const char *why);
/* fold: of this connection and kind. */
void conn_journal_rtt(struct proxy *px, const struct route_connection *conn,
		      struct rtt_fold *fold, enum rtt_kind kind, uint32_t us);

#endif
