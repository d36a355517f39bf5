/*
 * wish.c  What operators want of a node, until they want something else
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <re.h>

#include "common/id.h"
#include "common/log.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "common/wish.h"
#include "common/worker.h"

enum { LOOK_MS = 1000, FIRST_MS = 20 };

struct wish_watch {
	const struct worker *worker;
	struct redis_link *link;
	struct wheel_timer timer;
	char key[WISH_KEY_MAX];
	struct wish wish;
	bool known;
	bool asked; /* and not answered yet */
	char log[WISH_LOG_MAX + 1]; /* in force */
	char sum[WISH_SUM_LEN + 1];
	char reload[24]; /* when it was asked for last */
	wish_h *wishh;
	wish_log_h *logh;
	void *arg;
};

static void destructor(void *data)
{
	struct wish_watch *watch = data;

	wheel_stop(&watch->timer);
	redis_link_forget(watch->link, watch);
}

void wish_key(char key[WISH_KEY_MAX], const char *daemon, const char *node)
{
	(void)re_snprintf(key, WISH_KEY_MAX, "cb:{n:%s}:wish:%s", node,
			  daemon);
}

static void drain_read(struct wish *wish, const struct redis_val *val,
		       uint64_t born_ms)
{
	struct pl born, move;
	bool ours;

	if (!val || val->type != REDIS_STR ||
	    re_regex(val->str, val->len, "[0-9*]+ [a-z]+", &born, &move))
		return;
	ours = !pl_strcmp(&born, "*") || pl_u64(&born) == born_ms;
	wish->drain = ours;
	wish->now = ours && !pl_strcmp(&move, "now");
}

void wish_read(struct wish *wish, const struct redis_val *flat,
	       uint64_t born_ms)
{
	const struct redis_val *log = NULL;

	*wish = (struct wish){.drain = false};
	if (flat->type != REDIS_ARRAY)
		return;
	drain_read(wish, redis_field(flat, "drain"), born_ms);
	log = redis_field(flat, "log");
	if (log && log->type == REDIS_STR)
		wish->log = wish_log_read(wish, log->str, log->len);
}

/* --- the log ---------------------------------------------------------------------- */

static struct pl word(struct pl *rest)
{
	struct pl out = *rest;
	const char *end = rest->l ? memchr(rest->p, ' ', rest->l) : NULL;

	out.l = end ? (size_t)(end - rest->p) : rest->l;
	pl_advance(rest, (ssize_t)(out.l + (end != NULL)));
	return out;
}

static bool level_read(enum log_level *level, const struct pl *name)
{
	char text[8];

	return !pl_strcpy(name, text, sizeof(text)) &&
	       log_level_parse(level, text);
}

static bool digits(const struct pl *pl)
{
	for (size_t i = 0; i < pl->l; i++) {
		if (pl->p[i] < '0' || pl->p[i] > '9')
			return false;
	}
	return pl->l > 0;
}

/* "<area>=<level>" or "call=<id>" */
static bool extra_read(struct log_plan *plan, const struct pl *pair)
{
	const char *equals = memchr(pair->p, '=', pair->l);
	const size_t at = equals ? (size_t)(equals - pair->p) : 0;
	const struct pl name = {pair->p, at};
	const struct pl value = {pair->p + at + 1, pair->l - at - 1};
	const size_t n = plan->nareas;

	if (!equals || !at)
		return false;
	if (!pl_strcmp(&name, "call"))
		return id_valid(value.p, value.l) &&
		       !pl_strcpy(&value, plan->call, sizeof(plan->call));
	if (n == LOG_AREAS_MAX ||
	    pl_strcpy(&name, plan->areas[n].name,
		      sizeof(plan->areas[n].name)) ||
	    !level_read(&plan->areas[n].level, &value))
		return false;
	plan->nareas = n + 1;
	return true;
}

bool wish_log_read(struct wish *wish, const char *text, size_t len)
{
	struct pl rest = {text, len}, until = word(&rest), name = word(&rest);

	memset(&wish->plan, 0, sizeof(wish->plan));
	if (!digits(&until) || !level_read(&wish->plan.level, &name))
		return false;
	wish->log_until_ms = pl_u64(&until);
	while (rest.l) {
		struct pl pair = word(&rest);

		if (!extra_read(&wish->plan, &pair))
			return false;
	}
	return true;
}

void wish_log_sum(char sum[WISH_SUM_LEN + 1], const char *text)
{
	uint64_t hash = 0xcbf29ce484222325;

	sum[0] = '\0';
	if (!text[0])
		return;
	for (const char *p = text; *p; p++)
		hash = (hash ^ (uint8_t)*p) * 0x100000001b3;
	(void)re_snprintf(sum, WISH_SUM_LEN + 1, "%016llx", hash);
}

/* Its end is looked at each time: nobody takes it back. */
static void log_follow(struct wish_watch *watch, const struct redis_val *val)
{
	const struct wish *wish = &watch->wish;
	const struct redis_val *log = redis_field(val, "log");
	char text[sizeof(watch->log)] = "";
	uint64_t now;
	bool on;

	on = wish->log && (!wish->log_until_ms ||
			   (redis_link_time(watch->link, &now) &&
			    now < wish->log_until_ms));
	if (on)
		str_ncpy(text, log->str, sizeof(text));
	if (!strcmp(text, watch->log))
		return;
	str_ncpy(watch->log, text, sizeof(watch->log));
	wish_log_sum(watch->sum, text);
	log_plan_set(on ? &wish->plan : NULL);
	log_warn(NULL, on ? "an operator wants another log"
			  : "the log is as before",
		 "plan=%s", text);
	if (watch->logh)
		watch->logh(watch->arg);
}

void wish_on_log(struct wish_watch *watch, wish_log_h *logh)
{
	watch->logh = logh;
}

const char *wish_log(const struct wish_watch *watch)
{
	return watch ? watch->sum : "";
}

/* --- looking ----------------------------------------------------------------------- */

/* One that was asked for before this worker began is done, or lost with the
 * one that should have said so. */
static void reload_follow(struct wish_watch *watch, const struct redis_val *val)
{
	const struct redis_val *at = redis_field(val, "reload");
	const char *text = at && at->type == REDIS_STR ? at->str : "";
	const bool changed = strncmp(text, watch->reload,
				     sizeof(watch->reload) - 1);

	str_ncpy(watch->reload, text, sizeof(watch->reload));
	if (!watch->known || !changed || !text[0] || watch->worker->slot != 1 ||
	    watch->worker->parent_fd < 0)
		return;
	log_warn(NULL, "an operator wants this node to load its files anew",
		 NULL);
	(void)kill(getppid(), SIGHUP);
}

static void on_look(void *arg);

static void again(struct wish_watch *watch, uint32_t ms)
{
	wheel_start(watch->worker->wheel, &watch->timer, ms, on_look, watch);
}

static void on_wish(int err, const struct redis_val *val, void *arg)
{
	struct wish_watch *watch = arg;
	struct wish wish;
	bool changed;

	watch->asked = false;
	again(watch, LOOK_MS);
	if (err || val->type == REDIS_ERR)
		return;
	wish_read(&wish, val, watch->worker->born_ms);
	reload_follow(watch, val);
	changed = !watch->known || wish.drain != watch->wish.drain ||
		  wish.now != watch->wish.now;
	watch->known = true;
	watch->wish = wish;
	log_follow(watch, val);
	if (changed)
		watch->wishh(&wish, watch->arg);
}

static void on_look(void *arg)
{
	struct wish_watch *watch = arg;
	const struct redis_arg argv[] = {redis_str("HGETALL"),
					 redis_str(watch->key)};

	if (watch->asked)
		return;
	watch->asked = true;
	if (redis_link_send(watch->link, argv, 2, on_wish, watch)) {
		watch->asked = false;
		again(watch, watch->known ? LOOK_MS : FIRST_MS);
	}
}

int wish_watch_alloc(struct wish_watch **watchp, const struct worker *worker,
		     const char *daemon, struct redis_link *link, wish_h *wishh,
		     void *arg)
{
	struct wish_watch *watch = mem_zalloc(sizeof(*watch), destructor);

	if (!watch)
		return ENOMEM;
	watch->worker = worker;
	watch->link = link;
	watch->wishh = wishh;
	watch->arg = arg;
	wish_key(watch->key, daemon, worker->node);
	again(watch, 0);
	*watchp = watch;
	return 0;
}
