/*
 * health.c  How connections are doing
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/redis_link.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/conn/health.h"

enum {
	BUCKETS = 64,
	NAME_LEN = HEALTH_NAME_MAX,
	ROWS_MAX = 20000,
};

enum kind {
	FORCED,
	BROKEN,
	DOWN,
	KINDS
};

static const char *const keys[KINDS] = {
	[FORCED] = HEALTH_FORCED_KEY,
	[BROKEN] = HEALTH_BROKEN_KEY,
	[DOWN] = HEALTH_DOWN_KEY,
};

/* One of the hashes. */
struct shelf {
	struct health *health;
	const char *key;
	struct hash *rows; /* struct entry; NULL: none */
};

struct health {
	struct redis_link *link;
	struct wheel *wheel;
	struct wheel_timer timer;
	struct shelf shelves[KINDS];
};

struct entry {
	struct le le;
	char name[NAME_LEN + 1];
	struct health_row row;
};

static void entry_destructor(void *data)
{
	struct entry *entry = data;

	hash_unlink(&entry->le);
}

static void rows_free(struct hash *rows)
{
	hash_flush(rows);
	mem_deref(rows);
}

static void destructor(void *data)
{
	struct health *health = data;

	wheel_stop(&health->timer);
	for (unsigned i = 0; i < KINDS; i++) {
		redis_link_forget(health->link, &health->shelves[i]);
		rows_free(health->shelves[i].rows);
	}
}

/* --- read again and again ------------------------------------------------------ */

static void entry_put(struct hash *rows, const char *name,
		      const struct health_row *row)
{
	struct entry *entry = mem_zalloc(sizeof(*entry), entry_destructor);

	if (!entry)
		return;
	entry->row = *row;
	str_ncpy(entry->name, name, sizeof(entry->name));
	hash_append(rows, hash_joaat_str(entry->name), &entry->le, entry);
}

static void entry_read(struct hash *rows, const struct redis_val *name,
		       const struct redis_val *val)
{
	const struct pl text = {val->str, val->len};
	struct health_row row;

	if (name->type == REDIS_STR && name->len <= NAME_LEN &&
	    val->type == REDIS_STR && !health_row_parse(&row, &text))
		entry_put(rows, name->str, &row);
}

static void on_read(int err, const struct redis_val *val, void *arg)
{
	struct shelf *shelf = arg;
	struct hash *rows = NULL;

	if (err || val->type != REDIS_ARRAY)
		return;
	if (val->len && hash_alloc(&rows, BUCKETS))
		return;
	for (size_t i = 0; i + 1 < val->len && i < 2 * ROWS_MAX; i += 2)
		entry_read(rows, &val->el[i], &val->el[i + 1]);
	rows_free(shelf->rows);
	shelf->rows = rows;
}

static void on_time(void *arg)
{
	struct health *health = arg;

	for (unsigned i = 0; i < KINDS; i++) {
		struct shelf *shelf = &health->shelves[i];
		const struct redis_arg ask[] = {redis_str("HGETALL"),
						redis_str(shelf->key)};

		(void)redis_link_send(health->link, ask, 2, on_read, shelf);
	}
	wheel_start(health->wheel, &health->timer,
		    HEALTH_READ_MS - rand_u32() % (HEALTH_READ_MS / 4),
		    on_time, health);
}

int health_alloc(struct health **healthp, struct redis_link *link,
		 struct wheel *wheel)
{
	struct health *health = mem_zalloc(sizeof(*health), destructor);

	if (!health)
		return ENOMEM;

	health->link  = link;
	health->wheel = wheel;
	for (unsigned i = 0; i < KINDS; i++) {
		health->shelves[i].health = health;
		health->shelves[i].key = keys[i];
	}
	wheel_start(wheel, &health->timer, 0, on_time, health);
	*healthp = health;
	return 0;
}

/* --- asked ------------------------------------------------------------------------ */

static bool is_name(struct le *le, void *arg)
{
	const struct entry *entry = le->data;

	return !strcmp(entry->name, arg);
}

void health_name(char name[HEALTH_NAME_MAX + 1],
		 const struct route_connection *conn, const struct sa *addr)
{
	if (addr)
		re_snprintf(name, HEALTH_NAME_MAX + 1, "%s/%s@%J",
			    conn->tenant->id, conn->name, addr);
	else
		re_snprintf(name, HEALTH_NAME_MAX + 1, "%s/%s",
			    conn->tenant->id, conn->name);
}

static struct entry *find(const struct health *health, enum kind kind,
			  const char *name)
{
	const struct hash *rows = health->shelves[kind].rows;

	return rows ? list_ledata(hash_lookup(rows, hash_joaat_str(name),
					      is_name,
					      (void *)(uintptr_t)name))
		    : NULL;
}

static const struct health_row *row_of(const struct health *health,
				       enum kind kind, const char *name)
{
	const struct entry *entry = find(health, kind, name);

	return entry ? &entry->row : NULL;
}

const struct health_row *health_counts(enum route_state *state,
				       const struct health_rows *rows,
				       uint64_t now_ms)
{
	const struct health_row *broken = rows->broken, *down = rows->down;
	const bool past = broken && now_ms >= broken->until_ms;

	*state = ROUTE_STATE_UP;
	if (rows->forced) {
		*state = rows->forced->state;
		return rows->forced;
	}
	if (down && now_ms < down->until_ms) {
		*state = ROUTE_STATE_DOWN;
		return down;
	}
	if (!broken || (past && broken->state != ROUTE_STATE_BROKEN))
		return NULL;
	*state = past ? ROUTE_STATE_TRIAL : broken->state;
	return broken;
}

void health_of(struct route_health *is, const struct health *health,
	       const struct route_connection *conn)
{
	char name[NAME_LEN + 1];
	struct health_rows rows = {.down = NULL};
	const struct health_row *row;
	uint64_t now = 0;

	memset(is, 0, sizeof(*is));
	if (!health)
		return;
	health_name(name, conn, NULL);
	rows.forced = row_of(health, FORCED, name);
	if (redis_link_time(health->link, &now)) {
		rows.broken = row_of(health, BROKEN, name);
		/* one that is not probed any more is not down for ever */
		if (conn->times.probe)
			rows.down = row_of(health, DOWN, name);
	}
	row = health_counts(&is->state, &rows, now);
	if (!row)
		return;
	is->since_ms = row->since_ms;
	str_ncpy(is->why, row->why, sizeof(is->why));
}

bool health_down(const struct health *health,
		 const struct route_connection *conn)
{
	struct route_health is;

	health_of(&is, health, conn);
	return !route_state_takes(is.state);
}

bool health_way_down(const struct health *health,
		     const struct route_connection *conn,
		     const struct sa *addr)
{
	char name[NAME_LEN + 1];
	const struct health_row *row;
	uint64_t now;

	if (!health || !conn->times.probe)
		return false;
	health_name(name, conn, addr);
	row = row_of(health, DOWN, name);
	return row && redis_link_time(health->link, &now) &&
	       now < row->until_ms;
}

/* --- what this worker knows already ------------------------------------------------ */

const struct health_row *
health_broken(const struct health *health, const struct route_connection *conn)
{
	char name[NAME_LEN + 1];

	if (!health)
		return NULL;
	health_name(name, conn, NULL);
	return row_of(health, BROKEN, name);
}

void health_broken_set(struct health *health,
		       const struct route_connection *conn,
		       const struct health_row *row)
{
	struct shelf *shelf = &health->shelves[BROKEN];
	char name[NAME_LEN + 1];

	health_name(name, conn, NULL);
	mem_deref(find(health, BROKEN, name));
	if (row && (shelf->rows || !hash_alloc(&shelf->rows, BUCKETS)))
		entry_put(shelf->rows, name, row);
}
