/*
 * conn_figures.c  What each connection has done, counted for people
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/redis_link.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/conn/conn_figures.h"

enum {
	BUCKETS = 64,
	FLUSH_MAX = 50,
	NAME_MAX_LEN = 80,
	VALUE_MAX = 160
};

/* Kept by name: a reload makes other connections of the same names. */
struct row {
	struct le le;
	char name[NAME_MAX_LEN]; /* "<tenant>/<connection>" */
	uint64_t nums[CONN_EVENTS];
	bool dirty;
};

struct conn_figures {
	struct hash *rows;
	struct redis_link *link;
	struct wheel *wheel;
	struct wheel_timer timer;
	char key[CONN_FIGURES_KEY];
	uint32_t count, dirty;
	bool begun;
};

static void row_destructor(void *data)
{
	struct row *row = data;

	hash_unlink(&row->le);
}

static void destructor(void *data)
{
	struct conn_figures *figures = data;

	wheel_stop(&figures->timer);
	hash_flush(figures->rows);
	mem_deref(figures->rows);
}

void conn_figures_key(char key[CONN_FIGURES_KEY], const char *addr)
{
	re_snprintf(key, CONN_FIGURES_KEY, "cb:{n:%s}:conns", addr);
}

int conn_figures_alloc(struct conn_figures **figuresp, struct redis_link *link,
		       struct wheel *wheel, const char *addr)
{
	struct conn_figures *figures = mem_zalloc(sizeof(*figures), destructor);
	int err;

	if (!figures)
		return ENOMEM;
	figures->link = link;
	figures->wheel = wheel;
	conn_figures_key(figures->key, addr);
	err = hash_alloc(&figures->rows, BUCKETS);
	if (err)
		mem_deref(figures);
	else
		*figuresp = figures;
	return err;
}

/* --- to Redis ----------------------------------------------------------------- */

struct flush {
	struct conn_figures *figures;
	size_t n;
	struct row *rows[FLUSH_MAX];
	char values[FLUSH_MAX][VALUE_MAX];
};

static bool collect(struct le *le, void *arg)
{
	struct flush *flush = arg;
	struct row *row = le->data;
	char *value = flush->values[flush->n];
	size_t len = 0;

	if (!row->dirty)
		return false;
	for (unsigned i = 0; i < CONN_EVENTS; i++)
		len += (size_t)re_snprintf(value + len, VALUE_MAX - len,
					   "%s%llu", i ? " " : "",
					   row->nums[i]);
	flush->rows[flush->n++] = row;
	return flush->n == FLUSH_MAX;
}

static int begin(struct conn_figures *figures)
{
	const struct redis_arg argv[] = {redis_str("DEL"),
					 redis_str(figures->key)};
	int err = figures->begun
			  ? 0
			  : redis_link_send(figures->link, argv, 2, NULL, NULL);

	figures->begun |= !err;
	return err;
}

static int write_rows(struct flush *flush)
{
	struct conn_figures *figures = flush->figures;
	struct redis_arg argv[2 + 2 * FLUSH_MAX];
	char ttl[16];
	int err;

	argv[0] = redis_str("HSET");
	argv[1] = redis_str(figures->key);
	for (size_t i = 0; i < flush->n; i++) {
		argv[2 + 2 * i] = redis_str(flush->rows[i]->name);
		argv[3 + 2 * i] = redis_str(flush->values[i]);
	}
	err = redis_link_send(figures->link, argv, 2 + 2 * flush->n, NULL,
			      NULL);
	if (err)
		return err;
	for (size_t i = 0; i < flush->n; i++) {
		flush->rows[i]->dirty = false;
		--figures->dirty;
	}
	re_snprintf(ttl, sizeof(ttl), "%u", CONN_FIGURES_TTL_S);
	argv[0] = redis_str("EXPIRE");
	argv[2] = redis_str(ttl);
	return redis_link_send(figures->link, argv, 3, NULL, NULL);
}

static void on_time(void *arg)
{
	struct conn_figures *figures = arg;
	struct flush *flush = mem_zalloc(sizeof(*flush), NULL);

	if (flush && !begin(figures)) {
		flush->figures = figures;
		(void)hash_apply(figures->rows, collect, flush);
		if (flush->n)
			(void)write_rows(flush);
	}
	mem_deref(flush);
	if (figures->dirty)
		wheel_start(figures->wheel, &figures->timer, CONN_FIGURES_MS,
			    on_time, figures);
}

/* --- counting -------------------------------------------------------------------- */

static bool is_name(struct le *le, void *arg)
{
	const struct row *row = le->data;

	return !strcmp(row->name, arg);
}

static struct row *row_of(struct conn_figures *figures,
			  const struct route_connection *conn)
{
	char name[NAME_MAX_LEN];
	uint32_t hash;
	struct row *row;

	if (re_snprintf(name, sizeof(name), "%s/%s", conn->tenant->id,
			conn->name) < 0)
		return NULL;
	hash = hash_joaat_str(name);
	row = list_ledata(hash_lookup(figures->rows, hash, is_name, name));
	if (row || figures->count >= CONN_FIGURES_MAX)
		return row;
	row = mem_zalloc(sizeof(*row), row_destructor);
	if (!row)
		return NULL;
	str_ncpy(row->name, name, sizeof(row->name));
	hash_append(figures->rows, hash, &row->le, row);
	++figures->count;
	return row;
}

void conn_figures_count(struct conn_figures *figures,
			const struct route_connection *conn,
			enum conn_event event)
{
	struct row *row = figures && conn ? row_of(figures, conn) : NULL;

	if (!row)
		return;
	row->nums[event]++;
	figures->dirty += !row->dirty;
	row->dirty = true;
	if (!wheel_runs(&figures->timer))
		wheel_start(figures->wheel, &figures->timer, CONN_FIGURES_MS,
			    on_time, figures);
}

int conn_figures_parse(uint64_t nums[CONN_EVENTS], const struct pl *value)
{
	struct pl rest = *value;

	for (unsigned i = 0; i < CONN_EVENTS; i++) {
		size_t len = 0;

		nums[i] = 0;
		while (len < rest.l && len < 20 && rest.p[len] >= '0' &&
		       rest.p[len] <= '9')
			nums[i] =
				nums[i] * 10 + (uint64_t)(rest.p[len++] - '0');
		/* a space between, nothing behind the last */
		if (!len ||
		    (i + 1 < CONN_EVENTS ? len >= rest.l || rest.p[len] != ' '
					 : len != rest.l))
			return EBADMSG;
		pl_advance(&rest, (ssize_t)(len + (len < rest.l)));
	}
	return 0;
}
