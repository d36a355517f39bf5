/*
 * conn_rtt.c  Round trips of the media of a connection's calls, by the minute
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/wheel.h"
#include "sigd/journal/journal.h"
#include "sigd/proxy/conn/conn_rtt.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/conn/shard.h"

enum { BUCKETS = 256, MINUTE_MS = 60000 };

struct conn_rtts {
	struct journal *journal;
	struct wheel *wheel;
	struct wheel_timer timer;
	struct hash *conns;
	uint32_t n;
};

struct conn_rtt {
	struct le le;
	struct conn_rtts *rtts;
	struct rtt_fold fold;
	char name[TRUNK_NAME_MAX + 1]; /* "<tenant>/<connection>" */
};

static void conn_destructor(void *data)
{
	struct conn_rtt *conn = data;

	hash_unlink(&conn->le);
	--conn->rtts->n;
}

static void destructor(void *data)
{
	struct conn_rtts *rtts = data;

	wheel_stop(&rtts->timer);
	hash_flush(rtts->conns);
	mem_deref(rtts->conns);
}

int conn_rtts_alloc(struct conn_rtts **rttsp, struct journal *journal,
		    struct wheel *wheel)
{
	struct conn_rtts *rtts = mem_zalloc(sizeof(*rtts), destructor);
	int err;

	if (!rtts)
		return ENOMEM;
	rtts->journal = journal;
	rtts->wheel = wheel;
	err = hash_alloc(&rtts->conns, BUCKETS);
	if (err)
		mem_deref(rtts);
	else
		*rttsp = rtts;
	return err;
}

static void put(const struct conn_rtt *conn, struct rtt_row *row)
{
	struct journal_of of = {.whose = JOURNAL_CONNECTION};
	const char *slash = strchr(conn->name, '/');

	row->kind = RTT_RTCP;
	of.tenant = (struct pl){conn->name, (size_t)(slash - conn->name)};
	pl_set_str(&of.name, slash + 1);
	journal_rtt(conn->rtts->journal, &of, row);
}

/* A minute that is over; true when there was nothing since the last time, and
 * ends the walk: the table changes. */
static bool is_quiet(struct le *le, void *arg)
{
	struct conn_rtt *conn = le->data;
	const uint32_t *minute = arg;
	struct rtt_row row;

	if (conn->fold.minute >= *minute)
		return false;
	if (!rtt_fold_end(&conn->fold, &row))
		return true;
	put(conn, &row);
	return false;
}

static void on_minute(void *arg)
{
	struct conn_rtts *rtts = arg;
	uint32_t minute = (uint32_t)(proxy_unix_ms() / MINUTE_MS);
	struct le *le;

	while ((le = hash_apply(rtts->conns, is_quiet, &minute)))
		mem_deref(le->data);
	if (rtts->n)
		wheel_start(rtts->wheel, &rtts->timer, MINUTE_MS, on_minute,
			    rtts);
}

static bool is_named(struct le *le, void *arg)
{
	const struct conn_rtt *conn = le->data;

	return !strcmp(conn->name, arg);
}

static struct conn_rtt *conn_new(struct conn_rtts *rtts, const char *name)
{
	struct conn_rtt *conn;

	if (rtts->n >= CONN_RTT_MAX)
		return NULL;
	conn = mem_zalloc(sizeof(*conn), conn_destructor);
	if (!conn)
		return NULL;
	conn->rtts = rtts;
	str_ncpy(conn->name, name, sizeof(conn->name));
	hash_append(rtts->conns, hash_joaat_str(name), &conn->le, conn);
	if (!rtts->n++)
		wheel_start(rtts->wheel, &rtts->timer, MINUTE_MS, on_minute,
			    rtts);
	return conn;
}

void conn_rtts_add(struct conn_rtts *rtts, const char *tenant,
		   const char *name, uint32_t us)
{
	char full[TRUNK_NAME_MAX + 1];
	struct conn_rtt *conn;
	struct rtt_row row;

	if (re_snprintf(full, sizeof(full), "%s/%s", tenant, name) < 0)
		return;
	conn = list_ledata(hash_lookup(rtts->conns, hash_joaat_str(full),
				       is_named, full));
	if (!conn)
		conn = conn_new(rtts, full);
	if (conn && rtt_fold_add(&conn->fold, &row, proxy_unix_ms(), us))
		put(conn, &row);
}
