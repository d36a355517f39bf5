/*
 * conn_journal.c  The log of a connection, and its round trips
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/conn/conn_journal.h"
#include "sigd/proxy/proxy_priv.h"

static struct journal_of whose(const struct route_connection *conn)
{
	struct journal_of of = {.whose = conn->user ? JOURNAL_USER
						    : JOURNAL_CONNECTION};

	pl_set_str(&of.tenant, conn->tenant->id);
	pl_set_str(&of.name, conn->user ? conn->user->name : conn->name);
	return of;
}

void conn_journal_note(struct proxy *px, const struct route_connection *conn,
		       struct journal_row *row)
{
	const struct journal_of of = whose(conn);

	if (conn->user)
		str_ncpy(row->conn, conn->name, sizeof(row->conn));
	str_ncpy(row->worker, px->worker, sizeof(row->worker));
	journal_note(px->journal, &of, row);
}

void conn_journal_state(struct proxy *px, const struct route_connection *conn,
			enum journal_event event, const char *why)
{
	struct journal_row row = {.event = event};

	str_ncpy(row.why, why, sizeof(row.why));
	conn_journal_note(px, conn, &row);
}

void conn_journal_rtt(struct proxy *px, const struct route_connection *conn,
		      struct rtt_fold *fold, enum rtt_kind kind, uint32_t us)
{
	const struct journal_of of = whose(conn);
	struct rtt_row row;

	if (!rtt_fold_add(fold, &row, proxy_unix_ms(), us))
		return;
	row.kind = kind;
	journal_rtt(px->journal, &of, &row);
}
