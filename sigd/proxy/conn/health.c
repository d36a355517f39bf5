/*
 * health.c  Which connections are down
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
	DOWN_MAX = 20000,
};

struct health {
	struct redis_link *link;
	struct wheel *wheel;
	struct wheel_timer timer;
	struct hash *down; /* struct row; NULL: none */
};

struct row {
	struct le le;
	uint64_t until_ms;
	char name[NAME_LEN + 1];
};

static void row_destructor(void *data)
{
	struct row *row = data;

	hash_unlink(&row->le);
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
	redis_link_forget(health->link, health);
	rows_free(health->down);
}

static void row_add(struct hash *rows, const struct redis_val *name,
		    const struct redis_val *until)
{
	struct row *row;
	uint64_t ms;

	if (name->type != REDIS_STR || name->len > NAME_LEN ||
	    !redis_num(until, &ms))
		return;
	row = mem_zalloc(sizeof(*row), row_destructor);
	if (!row)
		return;
	row->until_ms = ms;
	str_ncpy(row->name, name->str, sizeof(row->name));
	hash_append(rows, hash_joaat_str(row->name), &row->le, row);
}

static void on_read(int err, const struct redis_val *val, void *arg)
{
	struct health *health = arg;
	struct hash *rows = NULL;

	if (err || val->type != REDIS_ARRAY)
		return;
	if (val->len && hash_alloc(&rows, BUCKETS))
		return;
	for (size_t i = 0; i + 1 < val->len && i < 2 * DOWN_MAX; i += 2)
		row_add(rows, &val->el[i], &val->el[i + 1]);
	rows_free(health->down);
	health->down = rows;
}

static void on_time(void *arg)
{
	struct health *health = arg;
	const struct redis_arg ask[] = {redis_str("HGETALL"),
					redis_str(HEALTH_KEY)};

	(void)redis_link_send(health->link, ask, 2, on_read, health);
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
	wheel_start(wheel, &health->timer, 0, on_time, health);
	*healthp = health;
	return 0;
}

static bool is_name(struct le *le, void *arg)
{
	const struct row *row = le->data;

	return !strcmp(row->name, arg);
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

static bool is_down(const struct health *health,
		    const struct route_connection *conn, const struct sa *addr)
{
	char name[NAME_LEN + 1];
	const struct row *row;
	uint64_t now;

	/* one that is not probed any more is not down for ever */
	if (!health || !health->down || !conn->times.probe)
		return false;
	health_name(name, conn, addr);
	row = list_ledata(hash_lookup(health->down, hash_joaat_str(name),
				      is_name, name));
	return row && redis_link_time(health->link, &now) &&
	       now < row->until_ms;
}

bool health_down(const struct health *health,
		 const struct route_connection *conn)
{
	return is_down(health, conn, NULL);
}

bool health_way_down(const struct health *health,
		     const struct route_connection *conn,
		     const struct sa *addr)
{
	return is_down(health, conn, addr);
}

unsigned health_order(const struct health *health,
		      struct route_target *targets, unsigned n)
{
	struct route_target down[ROUTE_TARGETS_MAX];
	unsigned ndown = 0, up = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct route_target *target = &targets[i];

		if (target->kind == ROUTE_TO_CONNECTION &&
		    health_down(health, target->connection))
			down[ndown++] = *target;
		else
			targets[up++] = *target;
	}
	memcpy(&targets[up], down, ndown * sizeof(down[0]));
	return up;
}
