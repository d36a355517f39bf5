/*
 * sigd_nodes.c  Nodes that come, go and are emptied, told as events
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/admin.h"
#include "common/countof.h"
#include "common/log.h"
#include "common/wheel.h"
#include "sigd/admin/rest_nodes.h"
#include "sigd/sigd_nodes.h"

enum { NODE_TEXT_MAX = REST_DAEMON_MAX + 1 + NODE_NAME_MAX, STATE_MAX = 16 };

struct nodes_watch {
	struct admin *admin;
	struct wheel *wheel;
	struct wheel_timer timer;
};

/* KEYS: what was told. ARGV: who, its state. Of all who look one finds that it
 * was another one: "was", or nothing. A node of which nothing was told is news
 * when it is there. */
static const char claim[] =
	"local was = redis.call('HGET', KEYS[1], ARGV[1]) "
	"if was == ARGV[2] or (not was and ARGV[2] == 'lost') then "
	"  return false end "
	"redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) "
	"redis.call('EXPIRE', KEYS[1], 604800) "
	"return was or ''";

static void destructor(void *data)
{
	struct nodes_watch *watch = data;

	wheel_stop(&watch->timer);
}

const char *nodes_event(const char *was, const char *is)
{
	if (!strcmp(was, is))
		return NULL;
	if (!strcmp(is, "serving"))
		return "node.joined";
	if (!strcmp(is, "draining"))
		return "node.draining";
	if (!strcmp(is, "drained"))
		return "node.drained";
	return !strcmp(was, "draining") || !strcmp(was, "drained")
		       ? "node.left"
		       : "node.lost";
}

static void say(const struct nodes_watch *watch, const char *type,
		const struct rest_worker *worker, const char *was)
{
	const struct redis_arg add[] = {
		redis_str("XADD"),   redis_str("cb:news"), redis_str("MAXLEN"),
		redis_str("~"),	     redis_str("100000"),  redis_str("*"),
		redis_str("type"),   redis_str(type),	   redis_str("tenant"),
		redis_str(""),	     redis_str("node"),	   redis_str(worker->node),
		redis_str("daemon"), redis_str(worker->daemon),
		redis_str("was"),    redis_str(was)};
	const struct redis_arg keep[] = {redis_str("EXPIRE"),
					 redis_str("cb:news"),
					 redis_str("604800")};
	const struct redis_val *val;

	log_info(NULL, "a node's state", "event=%s node=%s daemon=%s was=%s",
		 type, worker->node, worker->daemon, was);
	if (!redis_sync_send(admin_redis(watch->admin), add, COUNTOF(add),
			     &val))
		(void)redis_sync_send(admin_redis(watch->admin), keep, 3,
				      &val);
}

/* Its last word was that it goes: that of a media worker is there for a while
 * when its heartbeat is not. */
static bool has_left(const struct rest_worker *workers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strncmp(workers[i].told[STANDING_STATE], "drain", 5))
			return true;
	}
	return false;
}

static void look_at(const struct nodes_watch *watch,
		    const struct rest_worker *workers, size_t n)
{
	const char *is = rest_node_state(workers, n), *type;
	char name[NODE_TEXT_MAX + 1], was[STATE_MAX];
	const struct redis_val *val;

	re_snprintf(name, sizeof(name), "%s %s", workers->daemon,
		    workers->node);

	const struct redis_arg argv[] = {redis_str("EVAL"), redis_str(claim),
					 redis_str("1"),
					 redis_str(NODES_TOLD_KEY),
					 redis_str(name), redis_str(is)};

	if (redis_sync_send(admin_redis(watch->admin), argv, COUNTOF(argv),
			    &val) ||
	    val->type != REDIS_STR)
		return;
	str_ncpy(was, val->str, sizeof(was));
	if (!strcmp(is, "lost") && has_left(workers, n))
		str_ncpy(was, "draining", sizeof(was));
	type = nodes_event(was, is);
	if (type)
		say(watch, type, workers, was);
}

static void look(const struct nodes_watch *watch)
{
	struct admin_resp resp = {.mb = mbuf_alloc(256)};
	struct rest_workers workers;

	if (resp.mb && rest_workers_load(&workers, watch->admin, &resp)) {
		for (size_t i = 0, n; i < workers.n; i += n) {
			n = rest_node_len(&workers, i);
			look_at(watch, &workers.list[i], n);
		}
		mem_deref(workers.list);
	}
	mem_deref(resp.mb);
}

static void on_time(void *arg)
{
	struct nodes_watch *watch = arg;

	wheel_start(watch->wheel, &watch->timer, NODES_LOOK_MS, on_time, watch);
	look(watch);
}

int nodes_watch_alloc(struct nodes_watch **watchp, struct admin *admin,
		      struct wheel *wheel)
{
	struct nodes_watch *watch = mem_zalloc(sizeof(*watch), destructor);

	if (!watch)
		return ENOMEM;
	watch->admin = admin;
	watch->wheel = wheel;
	/* not all nodes of a cluster at once */
	wheel_start(wheel, &watch->timer, rand_u32() % NODES_LOOK_MS, on_time,
		    watch);
	*watchp = watch;
	return 0;
}
