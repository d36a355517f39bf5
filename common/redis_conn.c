/*
 * redis_conn.c  One connection to Redis: hiredis on the loop
 *
 * hiredis frees its context on its own (peer closed, protocol error) and late
 * (free asked for inside a callback). So what it points to is a `struct hook`
 * that lives exactly as long as its context, and the connection our users
 * hold only borrows the hook: whoever goes first tells the other. The one
 * sign that a context is going, whatever the reason, is its cleanup hook.
 *
 * Commands are written once at the end of the loop's turn, all together.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/loop.h"
#include "common/redis_priv.h"

#include <hiredis/async.h>

struct redis_conn {
	struct hook *hook; /* NULL once lost */
	struct redis_conn_handlers handlers;
	void *arg;
	char *why; /* our user's */
};

struct hook {
	redisAsyncContext *ac;   /* NULL once it is going */
	struct redis_conn *conn; /* NULL once let go of */
	struct loop_watch *watch;
	int flags; /* watched for */
	bool up;   /* connected */
	bool told_up;
	bool flushing; /* within our own write */
};

static void flush(void *arg);

static void hook_destructor(void *arg)
{
	struct hook *hook = arg;

	loop_after_cancel(flush, hook);
	mem_deref(hook->watch);
}

static void conn_destructor(void *arg)
{
	struct redis_conn *conn = arg;
	struct hook *hook = conn->hook;

	if (!hook)
		return;

	conn->hook = NULL;
	hook->conn = NULL;
	redisAsyncFree(hook->ac); /* ends in on_cleanup(), now or soon */
}

static void watch_for(struct hook *hook, int flags)
{
	hook->flags = flags;
	(void)loop_watch_set(hook->watch, flags);
}

static void add_read(void *arg)
{
	struct hook *hook = arg;

	watch_for(hook, hook->flags | LOOP_READ);
}

static void del_read(void *arg)
{
	struct hook *hook = arg;

	watch_for(hook, hook->flags & ~LOOP_READ);
}

/* Only a connect under way and a full socket wait for the kernel's word. */
static void add_write(void *arg)
{
	struct hook *hook = arg;

	if (!hook->up || hook->flushing || loop_after(flush, hook))
		watch_for(hook, hook->flags | LOOP_WRITE);
}

static void del_write(void *arg)
{
	struct hook *hook = arg;

	watch_for(hook, hook->flags & ~LOOP_WRITE);
}

static void on_cleanup(void *arg)
{
	struct hook *hook = arg;
	struct redis_conn *conn = hook->conn;

	hook->ac = NULL;
	hook->conn = NULL;
	hook->watch = mem_deref(hook->watch); /* before the fd is closed */
	mem_deref(hook);
	if (!conn)
		return;

	conn->hook = NULL;
	conn->handlers.losth(conn->arg);
}

static void on_connect(const redisAsyncContext *ac, int status)
{
	struct hook *hook = ac->data;

	/* told from on_ready(): hiredis 0.14 does not survive a free here */
	hook->up = status == REDIS_OK;
	if (!hook->up && hook->conn)
		str_ncpy(hook->conn->why, ac->errstr, REDIS_WHY_MAX);
}

static void on_reply(redisAsyncContext *ac, void *reply, void *privdata)
{
	struct hook *hook = ac->data;
	struct redis_conn *conn = hook->conn;
	(void)privdata;

	if (!reply || !conn)
		return; /* the context is going: on_cleanup() follows */

	conn->handlers.replyh(redis_reply_val(reply), conn->arg);
}

static void flush(void *arg)
{
	struct hook *hook = mem_ref(arg);

	hook->flushing = true;
	if (hook->ac)
		redisAsyncHandleWrite(hook->ac);
	hook->flushing = false;
	mem_deref(hook);
}

static void tell_up(struct hook *hook)
{
	if (!hook->up || hook->told_up || !hook->ac || !hook->conn)
		return;

	hook->told_up = true;
	hook->conn->handlers.uph(hook->conn->arg);
}

static void on_ready(int flags, void *arg)
{
	struct hook *hook = mem_ref(arg);

	if (flags & (LOOP_READ | LOOP_ERROR))
		redisAsyncHandleRead(hook->ac);
	if (hook->ac && flags & LOOP_WRITE)
		redisAsyncHandleWrite(hook->ac);
	tell_up(hook);
	mem_deref(hook);
}

static void hook_onto(struct hook *hook, redisAsyncContext *ac)
{
	hook->ac = ac;
	ac->data = hook;
	ac->ev.data = hook;
	ac->ev.addRead = add_read;
	ac->ev.delRead = del_read;
	ac->ev.addWrite = add_write;
	ac->ev.delWrite = del_write;
	ac->ev.cleanup = on_cleanup;
}

static int hook_alloc(struct hook **hookp, const struct redis_cfg *cfg,
		      char why[REDIS_WHY_MAX])
{
	struct hook *hook = mem_zalloc(sizeof(*hook), hook_destructor);
	redisAsyncContext *ac = NULL;
	int err = ENOMEM;

	if (hook)
		ac = cfg->path ? redisAsyncConnectUnix(cfg->path)
			       : redisAsyncConnect(cfg->host, cfg->port);
	if (ac)
		err = ac->err ? ECONNREFUSED
			      : loop_watch_alloc(&hook->watch, ac->c.fd, 0,
						 on_ready, hook);
	if (err) {
		str_ncpy(why, ac && ac->err ? ac->errstr : strerror(err),
			 REDIS_WHY_MAX);
		if (ac)
			redisAsyncFree(ac);
		mem_deref(hook);
		return err;
	}

	redis_reply_use(ac->c.reader);
	hook_onto(hook, ac);
	(void)redisAsyncSetConnectCallback(ac, on_connect);
	*hookp = hook;
	return 0;
}

int redis_conn_alloc(struct redis_conn **connp, const struct redis_cfg *cfg,
		     const struct redis_conn_handlers *handlers, void *arg,
		     char why[REDIS_WHY_MAX])
{
	struct redis_conn *conn = mem_zalloc(sizeof(*conn), conn_destructor);
	int err;

	if (!conn)
		return ENOMEM;

	/* hiredis writes without MSG_NOSIGNAL */
	(void)signal(SIGPIPE, SIG_IGN);

	err = hook_alloc(&conn->hook, cfg, why);
	if (err) {
		mem_deref(conn);
		return err;
	}
	conn->hook->conn = conn;
	conn->handlers = *handlers;
	conn->arg = arg;
	conn->why = why;
	*connp = conn;
	return 0;
}

int redis_conn_send(struct redis_conn *conn, const struct redis_command *cmd)
{
	int ret;

	if (!conn->hook || !conn->hook->up)
		return ENOTCONN;

	ret = redisAsyncFormattedCommand(conn->hook->ac, on_reply, NULL,
					 cmd->bytes, cmd->len);
	return ret == REDIS_OK ? 0 : ENOTCONN;
}

void redis_conn_poll(struct redis_conn *conn)
{
	if (conn->hook)
		on_ready(LOOP_READ, conn->hook);
}
