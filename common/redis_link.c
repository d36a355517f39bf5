/*
 * redis_link.c  Keeps one connection to Redis up
 *
 * down -> (jittered wait) -> connecting (name, socket) -> greeting (AUTH, CLIENT SETNAME,
 * PING, TIME) -> up. Replies come in the order of the commands, so what waits
 * is one queue, and one timer watches its head. A TIME each second notices a
 * server that stands still although nobody asks it anything, and keeps its
 * clock known.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/pauses.h"
#include "common/redis_figures.h"
#include "common/redis_priv.h"
#include "common/wheel.h"

enum {
	PROBE_MS = 1000,
	BACKOFF_MIN = 100,
	BACKOFF_MAX = 2000,
	OWNERS = 256,
};

enum link_state {
	LINK_DOWN,
	LINK_CONNECTING,
	LINK_GREETING,
	LINK_UP
};

struct redis_link {
	struct redis_cfg_own own;
	struct wheel *wheel;
	struct redis_name *name; /* while it is asked for */
	struct redis_conn *conn;
	enum link_state state;
	unsigned attempts;       /* since it was last up */
	uint32_t serial;         /* of the connection */
	struct list pending;     /* struct pending, oldest first */
	struct list observers;   /* struct observer */
	struct list pending_of[OWNERS];   /* the same, by whose they are */
	struct list observers_of[OWNERS];
	struct list scripts;     /* struct redis_script_use */
	uint32_t round;          /* of telling the observers */
	struct {
		uint64_t ms; /* of Redis ... */
		uint64_t at; /* ... at this time of the wheel; 0: unknown */
	} clock;
	struct pauses_mark begun; /* to connect */
	char why[REDIS_WHY_MAX]; /* it is not up; "" while it is */
	struct wheel_timer retry_timer;
	struct wheel_timer probe_timer;
	struct pauses pauses; /* while anything is waited for */
	struct redis_figures figures;
};

struct pending {
	struct le le, own;
	redis_reply_h *replyh; /* NULL: nobody waits for it */
	void *arg;
	struct pauses_mark sent;
	uint64_t sent_us;
	const struct redis_script *script; /* sent by its hash ... */
	struct redis_command *cmd;         /* ... in this */
};

struct observer {
	struct le le, own;
	redis_state_h *stateh;
	void *arg;
	uint32_t round;
};

static void link_connect(void *arg);

/* Each call, user and session forgets when it ends, mostly nothing, however much
 * is under way for the others. */
static struct list *owned(struct list lists[OWNERS], const void *arg)
{
	const uintptr_t n = (uintptr_t)arg >> 4;

	return &lists[(n ^ n >> 8 ^ n >> 16) % OWNERS];
}

static void pending_destructor(void *arg)
{
	struct pending *pending = arg;

	list_unlink(&pending->le);
	list_unlink(&pending->own);
	mem_deref(pending->cmd);
}

static void observer_destructor(void *arg)
{
	struct observer *observer = arg;

	list_unlink(&observer->le);
	list_unlink(&observer->own);
}

static void link_destructor(void *arg)
{
	struct redis_link *link = arg;

	wheel_stop(&link->retry_timer);
	wheel_stop(&link->probe_timer);
	pauses_stop(&link->pauses);
	mem_deref(link->name);
	mem_deref(link->conn);
	list_flush(&link->pending);
	list_flush(&link->observers);
	list_flush(&link->scripts);
	redis_cfg_drop(&link->own);
	mem_deref(link->wheel);
}

/* The caller holds a reference of its own: is that all that is left? */
static bool is_let_go(const struct redis_link *link)
{
	return mem_nrefs(link) < 2;
}

/*
 * Observers come and go while they are told, and one of them may change the
 * state again: each step starts from the head, and the round ends when all
 * have heard of the latest state.
 */
static void tell_observers(struct redis_link *link)
{
	bool up = link->state == LINK_UP;
	struct le *le = link->observers.head;

	link->round++;
	while (le && !is_let_go(link)) {
		struct observer *observer = le->data;

		le = le->next;
		if (observer->round == link->round)
			continue;
		observer->round = link->round;
		observer->stateh(up, observer->arg);
		le = link->observers.head;
	}
}

static void fail_pending(struct redis_link *link, int err)
{
	while (link->pending.head && !is_let_go(link)) {
		struct pending *pending = link->pending.head->data;
		redis_reply_h *replyh = pending->replyh;
		void *arg = pending->arg;

		mem_deref(pending);
		redis_figures_failed(&link->figures, err);
		if (replyh)
			replyh(err, NULL, arg);
	}
}

/* Full jitter: workers that lost the same server come back spread out. */
static uint64_t backoff_ms(unsigned attempts)
{
	uint32_t cap = BACKOFF_MIN << (attempts < 5 ? attempts : 5);

	return 1 + rand_u32() % (cap < BACKOFF_MAX ? cap : BACKOFF_MAX);
}

static void say_why(struct redis_link *link, const char *why)
{
	str_ncpy(link->why, why, sizeof(link->why));
}

static void link_lost(struct redis_link *link, int err)
{
	bool was_up = link->state == LINK_UP;

	mem_ref(link);
	link->name = mem_deref(link->name);
	link->conn = mem_deref(link->conn);
	link->state = LINK_DOWN;
	wheel_stop(&link->probe_timer);
	pauses_stop(&link->pauses);
	wheel_start(link->wheel, &link->retry_timer,
		    backoff_ms(link->attempts++), link_connect, link);
	link->figures.lost += was_up;
	fail_pending(link, err);
	if (was_up)
		tell_observers(link);
	mem_deref(link);
}

/* Handlers may have let go of the link meanwhile. */
static bool poll_survived(struct redis_link *link)
{
	bool gone;

	mem_ref(link);
	redis_conn_poll(link->conn);
	gone = is_let_go(link);
	mem_deref(link);
	return !gone;
}

uint64_t redis_link_waited(const struct redis_link *link)
{
	const struct pending *oldest = list_ledata(link->pending.head);

	return oldest ? pauses_waited(&link->pauses, &oldest->sent) : 0;
}

static bool oldest_is_late(const struct redis_link *link)
{
	return link->pending.head &&
	       redis_link_waited(link) >= link->own.cfg.command_ms;
}

static bool is_connecting(const struct redis_link *link)
{
	return link->state == LINK_CONNECTING || link->state == LINK_GREETING;
}

static bool connects_too_long(const struct redis_link *link)
{
	return is_connecting(link) &&
	       pauses_waited(&link->pauses, &link->begun) >=
		       link->own.cfg.command_ms;
}

static void on_slice(void *arg)
{
	struct redis_link *link = arg;

	if (oldest_is_late(link) && !poll_survived(link))
		return;
	if (oldest_is_late(link) || connects_too_long(link)) {
		say_why(link, "no answer in time");
		link_lost(link, link->state == LINK_UP ? ETIMEDOUT : ENOTCONN);
	} else if (!link->pending.head && !is_connecting(link)) {
		pauses_stop(&link->pauses);
	}
}

int redis_link_push(struct redis_link *link, struct redis_command *cmd,
		    const struct redis_script *script, redis_reply_h *replyh,
		    void *arg)
{
	struct pending *pending;
	int err;

	pending = mem_zalloc(sizeof(*pending), pending_destructor);
	if (!pending)
		return ENOMEM;

	err = redis_conn_send(link->conn, cmd);
	if (err) {
		mem_deref(pending);
		return err;
	}
	pending->replyh = replyh;
	pending->arg = arg;
	pending->script = script;
	pending->cmd = script ? mem_ref(cmd) : NULL;
	pending->sent_us = redis_figures_now_us();
	pauses_run(&link->pauses, link->wheel, on_slice, link);
	pauses_mark(&link->pauses, &pending->sent);
	list_append(&link->pending, &pending->le, pending);
	list_append(owned(link->pending_of, arg), &pending->own, pending);
	return 0;
}

static int push(struct redis_link *link, const struct redis_arg *argv,
		size_t argc, redis_reply_h *replyh, void *arg)
{
	struct redis_command *cmd = NULL;
	int err = redis_command_alloc(&cmd, argv, argc);

	if (!err)
		err = redis_link_push(link, cmd, NULL, replyh, arg);
	mem_deref(cmd);
	return err;
}

/* The server has forgotten its scripts: once more, with the body. */
static int push_body(struct redis_link *link, const struct pending *asked)
{
	struct redis_command *cmd = NULL;
	int err = redis_command_other(&cmd, asked->cmd, "EVAL",
				      asked->script->body);

	if (!err)
		err = redis_link_push(link, cmd, NULL, asked->replyh,
				      asked->arg);
	mem_deref(cmd);
	return err;
}

static void on_reply(const struct redis_val *val, void *arg)
{
	struct redis_link *link = arg;
	struct pending *pending = list_ledata(link->pending.head);
	redis_reply_h *replyh;
	bool again;
	void *owner;
	int err = 0;

	if (!pending)
		return;

	replyh = pending->replyh;
	owner = pending->arg;
	again = pending->script && redis_is_noscript(val);
	redis_figures_answer(&link->figures, pending->sent_us,
			     val->type == REDIS_ERR && !again);
	if (again) {
		err = push_body(link, pending);
		val = NULL;
		if (!err)
			replyh = NULL; /* the second reply is the one */
	}
	mem_deref(pending);
	if (replyh)
		replyh(err, val, owner);
}

static void on_lost(void *arg)
{
	struct redis_link *link = arg;

	if (link->state != LINK_CONNECTING) /* else it has been told */
		say_why(link, "the server closed the connection");
	link_lost(link, link->state == LINK_UP ? ECONNRESET : ENOTCONN);
}

static void clock_set(struct redis_link *link, const struct redis_val *time)
{
	uint64_t sec, usec;

	if (time->type != REDIS_ARRAY || time->len != 2 ||
	    !redis_num(&time->el[0], &sec) || !redis_num(&time->el[1], &usec))
		return;

	link->clock.ms = sec * 1000 + usec / 1000;
	link->clock.at = wheel_now(link->wheel);
}

static void on_probe(void *arg);

static void on_time(int err, const struct redis_val *val, void *arg)
{
	struct redis_link *link = arg;

	if (err)
		return; /* lost */
	if (val->type == REDIS_ERR) {
		say_why(link, val->str);
		link_lost(link, ECONNRESET);
		return;
	}
	clock_set(link, val);
	if (!link->own.cfg.blocking)
		wheel_start(link->wheel, &link->probe_timer, PROBE_MS, on_probe,
			    link);
}

static void on_probe(void *arg)
{
	struct redis_link *link = arg;
	const struct redis_arg argv[] = {redis_str("TIME")};

	if (push(link, argv, 1, on_time, link))
		wheel_start(link->wheel, &link->probe_timer, PROBE_MS, on_probe,
			    link);
}

/* An answer to AUTH or PING that is not what it should be: wrong password,
 * still loading its data. Try again later. */
static void on_greeting(int err, const struct redis_val *val, void *arg)
{
	struct redis_link *link = arg;

	if (err || val->type != REDIS_ERR)
		return;
	say_why(link, val->str);
	link_lost(link, ENOTCONN);
}

static void on_first_time(int err, const struct redis_val *val, void *arg)
{
	struct redis_link *link = arg;

	if (err)
		return;
	if (val->type == REDIS_ERR) {
		say_why(link, val->str);
		link_lost(link, ENOTCONN);
		return;
	}
	say_why(link, "");
	link->state = LINK_UP;
	link->attempts = 0;
	on_time(0, val, link);
	mem_ref(link);
	tell_observers(link);
	mem_deref(link);
}

/* As one pipeline; any failure breaks the connection, or its timeout does. */
static void on_connected(void *arg)
{
	struct redis_link *link = arg;
	const struct redis_cfg *cfg = &link->own.cfg;
	const struct redis_arg name[] = {redis_str("CLIENT"),
					 redis_str("SETNAME"),
					 redis_str(cfg->name)};
	const struct redis_arg ping[] = {redis_str("PING")};
	const struct redis_arg time[] = {redis_str("TIME")};
	const struct redis_arg auth[] = {redis_str("AUTH"),
					 redis_str(cfg->user ? cfg->user
							     : cfg->password),
					 redis_str(cfg->password)};
	int err = 0;

	link->state = LINK_GREETING;
	if (cfg->password)
		err = push(link, auth, cfg->user ? 3 : 2, on_greeting, link);
	if (!err && cfg->name)
		err = push(link, name, 3, on_greeting, link);
	if (!err)
		err = push(link, ping, 1, on_greeting, link);
	if (!err)
		err = push(link, time, 1, on_first_time, link);
	(void)err; /* no memory: the connecting time runs out */
}

static void connect_to(struct redis_link *link, const char *host)
{
	static const struct redis_conn_handlers handlers = {.uph = on_connected,
							    .replyh = on_reply,
							    .losth = on_lost};
	struct redis_cfg cfg = link->own.cfg;

	cfg.host = host;
	if (redis_conn_alloc(&link->conn, &cfg, &handlers, link, link->why))
		link_lost(link, ENOTCONN);
}

static void on_name(const char *ip, const char *why, void *arg)
{
	struct redis_link *link = arg;

	if (ip) {
		connect_to(link, ip);
		link->name = mem_deref(link->name);
		return;
	}
	say_why(link, why);
	link_lost(link, ENOTCONN);
}

static void link_connect(void *arg)
{
	struct redis_link *link = arg;
	const char *host = link->own.cfg.host;
	int err;

	link->serial++;
	link->state = LINK_CONNECTING;
	pauses_run(&link->pauses, link->wheel, on_slice, link);
	pauses_mark(&link->pauses, &link->begun);
	if (link->own.cfg.path || redis_name_is_ip(host)) {
		connect_to(link, host);
		return;
	}
	err = redis_name_alloc(&link->name, host, on_name, link);
	if (err) {
		say_why(link, strerror(err));
		link_lost(link, ENOTCONN);
	}
}

int redis_link_alloc(struct redis_link **linkp, const struct redis_cfg *cfg,
		     struct wheel *wheel, redis_state_h *stateh, void *arg)
{
	struct redis_link *link;
	int err;

	link = mem_zalloc(sizeof(*link), link_destructor);
	if (!link)
		return ENOMEM;

	link->wheel = mem_ref(wheel);
	redis_figures_init(&link->figures);
	err = redis_cfg_copy(&link->own, cfg);
	if (!err && stateh)
		err = redis_link_observe(link, stateh, arg);
	if (err) {
		mem_deref(link);
		return err;
	}
	link_connect(link);
	*linkp = link;
	return 0;
}

bool redis_link_up(const struct redis_link *link)
{
	return link && link->state == LINK_UP;
}

const char *redis_link_why(const struct redis_link *link)
{
	return link->why;
}

bool redis_link_time(const struct redis_link *link, uint64_t *ms)
{
	if (!link->clock.ms)
		return false;

	*ms = link->clock.ms + (wheel_now(link->wheel) - link->clock.at);
	return true;
}

int redis_link_send(struct redis_link *link, const struct redis_arg *argv,
		    size_t argc, redis_reply_h *replyh, void *arg)
{
	return link->state == LINK_UP ? push(link, argv, argc, replyh, arg)
				      : ENOTCONN;
}

int redis_link_observe(struct redis_link *link, redis_state_h *stateh,
		       void *arg)
{
	struct observer *observer;

	observer = mem_zalloc(sizeof(*observer), observer_destructor);
	if (!observer)
		return ENOMEM;

	observer->stateh = stateh;
	observer->arg = arg;
	observer->round = link->round;
	list_append(&link->observers, &observer->le, observer);
	list_append(owned(link->observers_of, arg), &observer->own, observer);
	return 0;
}

void redis_link_forget(struct redis_link *link, const void *arg)
{
	struct le *le, *next;

	if (!link)
		return;

	for (le = owned(link->pending_of, arg)->head; le; le = le->next) {
		struct pending *pending = le->data;

		if (pending->arg == arg)
			pending->replyh = NULL;
	}
	for (le = owned(link->observers_of, arg)->head; le; le = next) {
		struct observer *observer = le->data;

		next = le->next;
		if (observer->arg == arg)
			mem_deref(observer);
	}
}

const struct redis_figures *redis_link_figures(struct redis_link *link)
{
	link->figures.up = link->state == LINK_UP;
	return &link->figures;
}

struct list *redis_link_scripts(struct redis_link *link)
{
	return &link->scripts;
}

uint32_t redis_link_serial(const struct redis_link *link)
{
	return link->serial;
}
