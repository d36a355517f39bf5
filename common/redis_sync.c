/*
 * redis_sync.c  A blocking connection to Redis
 *
 * Of the files that know hiredis: its blocking half shares nothing with the
 * asynchronous one but the reply.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <re.h>

#include "common/pauses.h"
#include "common/redis_priv.h"

#include <hiredis/hiredis.h> /* from here on REDIS_ERR is its macro */

struct redis_sync {
	redisContext *ctx; /* NULL: not connected */
	void *reply;
	const struct redis_val *val; /* the same */
	struct redis_cfg_own own;
	uint64_t silent_until_ms;
};

static void drop_reply(struct redis_sync *sync)
{
	redis_reply_free(sync->reply);
	sync->reply = NULL;
	sync->val = NULL;
}

static void drop_connection(struct redis_sync *sync)
{
	if (sync->ctx)
		redisFree(sync->ctx);
	sync->ctx = NULL;
}

static void sync_destructor(void *arg)
{
	struct redis_sync *sync = arg;

	drop_reply(sync);
	drop_connection(sync);
	redis_cfg_drop(&sync->own);
}

static int append(struct redis_sync *sync, const struct redis_arg *argv,
		  size_t argc)
{
	const char **data;
	size_t *len;
	int ret, err = redis_argv_split(&data, &len, argv, argc);

	if (err)
		return err;

	ret = redisAppendCommandArgv(sync->ctx, (int)argc, data, len);
	mem_deref(data);
	return ret == REDIS_OK ? 0 : ENOMEM;
}

static void drop(struct redis_sync *sync)
{
	drop_reply(sync);
	drop_connection(sync);
}

/* errno is that of the socket only when that has failed. */
static bool is_timeout(const redisContext *ctx)
{
	return ctx->err == REDIS_ERR_IO &&
	       (errno == EAGAIN || errno == ETIMEDOUT);
}

static bool flushed(redisContext *ctx)
{
	int done = 0;

	while (!done) {
		if (redisBufferWrite(ctx, &done) != REDIS_OK)
			return false;
	}
	return true;
}

/* What is left of the time for a reply, and how many pauses are none of it. */
struct allowance {
	uint64_t ms;
	unsigned pauses;
};

/* Our own pauses are not the server's (pauses.h). */
static bool readable(int fd, struct allowance *left)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	while (left->ms) {
		const uint64_t begun_ms = tmr_jiffies();
		const uint64_t slice_ms =
			min(left->ms, (uint64_t)PAUSES_SLICE_MS);
		uint64_t took_ms;

		if (poll(&pfd, 1, (int)slice_ms) > 0)
			return true;
		took_ms = tmr_jiffies() - begun_ms;
		if (left->pauses && pauses_of(took_ms, slice_ms))
			left->pauses--;
		else
			left->ms -= min(left->ms, took_ms);
	}
	return false;
}

static int get_reply(redisContext *ctx, uint32_t command_ms, void **reply)
{
	struct allowance left = {command_ms, PAUSES_MOST};

	for (;;) {
		if (redisGetReplyFromReader(ctx, reply) != REDIS_OK)
			return ENOTCONN;
		if (*reply)
			return 0;
		if (!flushed(ctx))
			return is_timeout(ctx) ? ETIMEDOUT : ENOTCONN;
		if (!readable(ctx->fd, &left))
			return ETIMEDOUT;
		if (redisBufferRead(ctx) != REDIS_OK)
			return is_timeout(ctx) ? ETIMEDOUT : ENOTCONN;
	}
}

/* The answer to the oldest command that has none. */
static int receive(struct redis_sync *sync)
{
	void *reply = NULL;
	int err = get_reply(sync->ctx, sync->own.cfg.command_ms, &reply);

	if (err) {
		drop(sync);
		return err;
	}
	sync->reply = reply;
	sync->val = redis_reply_val(reply);
	return 0;
}

static int exchange(struct redis_sync *sync, const struct redis_arg *argv,
		    size_t argc)
{
	int err = append(sync, argv, argc);

	if (!err)
		return receive(sync);
	drop(sync);
	return err;
}

static int greet(struct redis_sync *sync)
{
	const struct redis_cfg *cfg = &sync->own.cfg;
	const struct redis_arg auth[] = {redis_str("AUTH"),
					 redis_str(cfg->user ? cfg->user
							     : cfg->password),
					 redis_str(cfg->password)};
	const struct redis_arg ping[] = {redis_str("PING")};
	int err = 0;

	if (cfg->password)
		err = exchange(sync, auth, cfg->user ? 3 : 2);
	if (!err && cfg->password && sync->val->type != REDIS_STATUS)
		err = EACCES;
	drop_reply(sync);
	if (!err)
		err = exchange(sync, ping, 1);
	if (!err && !redis_is(sync->val, "PONG"))
		err = ENOTCONN;
	drop_reply(sync);
	if (err)
		drop_connection(sync);
	return err;
}

static int connect_sync(struct redis_sync *sync)
{
	const struct redis_cfg *cfg = &sync->own.cfg;
	const struct timeval tv = {.tv_sec = cfg->command_ms / 1000,
				   .tv_usec = cfg->command_ms % 1000 * 1000};

	(void)signal(SIGPIPE, SIG_IGN); /* no MSG_NOSIGNAL in hiredis */
	sync->ctx = cfg->path
			    ? redisConnectUnixWithTimeout(cfg->path, tv)
			    : redisConnectWithTimeout(cfg->host, cfg->port, tv);
	if (!sync->ctx)
		return ENOMEM;
	redis_reply_use(sync->ctx->reader);
	if (sync->ctx->err || redisSetTimeout(sync->ctx, tv) != REDIS_OK) {
		drop_connection(sync);
		return ENOTCONN;
	}
	return greet(sync);
}

int redis_sync_alloc(struct redis_sync **syncp, const struct redis_cfg *cfg)
{
	struct redis_sync *sync;
	int err;

	sync = mem_zalloc(sizeof(*sync), sync_destructor);
	if (!sync)
		return ENOMEM;

	err = redis_cfg_copy(&sync->own, cfg);
	if (err) {
		mem_deref(sync);
		return err;
	}
	*syncp = sync;
	return 0;
}

/* Nothing was asked, so what can be read is the end: Redis was restarted. The
 * command has not been sent yet, and goes over a new connection. */
static bool is_over(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	return poll(&pfd, 1, 0) != 0;
}

static int connected(struct redis_sync *sync)
{
	if (sync->ctx && is_over(sync->ctx->fd))
		drop_connection(sync);
	return sync->ctx ? 0 : connect_sync(sync);
}

static bool is_silent(const struct redis_sync *sync)
{
	return sync->own.cfg.silent_ms &&
	       tmr_jiffies() < sync->silent_until_ms;
}

static int note(struct redis_sync *sync, int err)
{
	if (err == ETIMEDOUT)
		sync->silent_until_ms =
			tmr_jiffies() + sync->own.cfg.silent_ms;
	return err;
}

int redis_sync_send(struct redis_sync *sync, const struct redis_arg *argv,
		    size_t argc, const struct redis_val **valp)
{
	int err;

	drop_reply(sync);
	if (is_silent(sync))
		return ETIMEDOUT;
	err = connected(sync);
	if (!err)
		err = exchange(sync, argv, argc);
	if (!err)
		*valp = sync->val;
	return note(sync, err);
}

/* Whatever is left of one that failed goes with its connection. */
static int exchange_all(struct redis_sync *sync,
			const struct redis_pipe *pipe, redis_each_h *eachh,
			void *arg)
{
	int err = 0;

	for (size_t i = 0; i < pipe->n && !err; i++)
		err = append(sync, &pipe->argv[i * pipe->argc], pipe->argc);
	if (err)
		drop(sync);
	for (size_t i = 0; i < pipe->n && !err; i++) {
		err = receive(sync);
		if (err)
			break;
		eachh(i, sync->val, arg);
		drop_reply(sync);
	}
	return err;
}

int redis_sync_pipe(struct redis_sync *sync, const struct redis_pipe *pipe,
		    redis_each_h *eachh, void *arg)
{
	int err;

	if (pipe->n > REDIS_PIPE_MAX)
		return EINVAL;
	drop_reply(sync);
	if (!pipe->n)
		return 0;
	if (is_silent(sync))
		return ETIMEDOUT;
	err = connected(sync);
	if (!err)
		err = exchange_all(sync, pipe, eachh, arg);
	return note(sync, err);
}
