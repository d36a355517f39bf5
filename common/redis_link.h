/*
 * redis_link.h  One connection to Redis, kept up: hiredis behind the loop
 *
 * Reconnects with exponential back-off and jitter (100 ms to 2 s; see
 * docs/redis.md). While it is down a command fails at once with ENOTCONN:
 * nothing is queued here. All arguments are binary-safe: no command is ever
 * built as text. A reply that has not come within the command timeout (2 s)
 * breaks the connection: every pending command then fails with ETIMEDOUT. It is
 * looked at four times a second, and some pauses of our own are taken off
 * (pauses.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_REDIS_LINK_H
#define COMMON_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redis_link;
struct wheel;
struct re_printf;
struct pl;

/* A reply of Redis in our terms: no hiredis type leaves redis_conn.c,
 * redis_reply.c and redis_sync.c. */
enum redis_type {
	REDIS_NIL,
	REDIS_INT,
	REDIS_STR,
	REDIS_STATUS,
	REDIS_ERR,
	REDIS_ARRAY
};

struct redis_val {
	enum redis_type type;
	int64_t num;                /* REDIS_INT */
	const char *str;            /* REDIS_STR, _STATUS, _ERR; len bytes, 0
				       behind them */
	size_t len;                 /* of str, or elements of the array */
	const struct redis_val *el; /* REDIS_ARRAY */
};

struct redis_cfg {
	const char *path; /* unix socket, or NULL */
	const char *host; /* TCP, when path is NULL */
	uint16_t port;
	const char *user;     /* ACL user, NULL: default */
	const char *password; /* NULL: none */
	uint32_t command_ms;  /* 0: 2000 */
	const char *name;     /* for CLIENT SETNAME, NULL: none */
	/* This link waits in commands that block (XREAD BLOCK): no probe is
	 * sent, its owner keeps such a command under way, shorter than
	 * command_ms. */
	bool blocking;
	/* Of a redis_sync: after a question that was not answered in time all
	 * others fail at once for so long (ETIMEDOUT); 0: each waits itself. */
	uint32_t silent_ms;
};

struct redis_arg {
	const void *data;
	size_t len;
};

/* err: 0 and a value that is valid during the call (may be REDIS_ERR: the
 * server's own refusal); or ENOTCONN, ETIMEDOUT, ECONNRESET and NULL, of a script
 * also ENOMEM. A reply that there is no memory for, or with an array of more than
 * a million elements, costs the connection (ECONNRESET). */
typedef void(redis_reply_h)(int err, const struct redis_val *val, void *arg);
/* up: true after AUTH and PING succeeded, false when it was lost. */
typedef void(redis_state_h)(bool up, void *arg);

/* cfg is copied. Connecting starts at once. mem_deref() calls no handler of
 * pending commands. */
int redis_link_alloc(struct redis_link **linkp, const struct redis_cfg *cfg,
		     struct wheel *wheel, redis_state_h *stateh, void *arg);
bool redis_link_up(const struct redis_link *link);
/* What failed when it was last tried, the server's own words if it had any;
 * "" while it is up. For people. */
const char *redis_link_why(const struct redis_link *link);

/* Send one command. ENOTCONN when down: the handler is then not called. */
int redis_link_send(struct redis_link *link, const struct redis_arg *argv,
		    size_t argc, redis_reply_h *replyh, void *arg);
/* How long the oldest command has waited for its reply, ms; 0: none does. */
uint64_t redis_link_waited(const struct redis_link *link);
/* No reply and no change of state is delivered to this owner any more (call
 * from destructors). */
void redis_link_forget(struct redis_link *link, const void *arg);
/* Also tell this one when the link goes up or down; ends with forget. */
int redis_link_observe(struct redis_link *link, redis_state_h *stateh,
		       void *arg);
/* The clock of Redis, unix milliseconds: read once a second, carried on by
 * the wheel's time (also while down). False before it was ever read. */
bool redis_link_time(const struct redis_link *link, uint64_t *ms);

/* A Lua script: a const table entry. EVALSHA, and EVAL when the server does
 * not know it (the first time on a connection, or NOSCRIPT: then it runs after
 * what was sent meanwhile). At most REDIS_EVAL_ARGS keys and arguments. */
enum {
	REDIS_EVAL_ARGS = 160
};

struct redis_script {
	const char *name;
	const char *body;
};
int redis_link_eval(struct redis_link *link, const struct redis_script *script,
		    const struct redis_arg *keys, size_t nkeys,
		    const struct redis_arg *args, size_t nargs,
		    redis_reply_h *replyh, void *arg);

/*
 * A blocking connection for processes without a loop (admin, cordctl); a call
 * takes command_ms at most for connecting and as much for the reply (but for
 * pauses of our own: pauses.h). The value
 * is owned by the connection and valid until the next call. After an error
 * (ENOTCONN, ETIMEDOUT) the next call connects anew; a command is never
 * repeated.
 */
struct redis_sync;
int redis_sync_alloc(struct redis_sync **syncp, const struct redis_cfg *cfg);
int redis_sync_send(struct redis_sync *sync, const struct redis_arg *argv,
		    size_t argc, const struct redis_val **valp);

/*
 * Commands of argc words each, one behind the other in argv: a round trip for
 * all of them. eachh gets the answers in their order, each valid during the
 * call, and asks nothing itself. Redis may do all of them before it serves
 * anybody else, so they are to be short, and few. After an error some have been
 * answered; EINVAL: too many.
 */
enum {
	REDIS_PIPE_MAX = 100
};
struct redis_pipe {
	const struct redis_arg *argv;
	size_t argc, n;
};
typedef void(redis_each_h)(size_t nr, const struct redis_val *val, void *arg);
int redis_sync_pipe(struct redis_sync *sync, const struct redis_pipe *pipe,
		    redis_each_h *eachh, void *arg);

/* Shorthands for arguments and values. */
struct redis_arg redis_str(const char *s);
bool redis_is(const struct redis_val *val, const char *s);
/* The value of `field` in a flat array [f, v, f, v ...]; NULL when absent. */
const struct redis_val *redis_field(const struct redis_val *flat,
				    const char *field);
/* A number that is >= 0, as REDIS_INT or as decimal text; false otherwise. */
bool redis_num(const struct redis_val *val, uint64_t *num);
/*
 * For "%H" with a struct pl: a name from outside as a part of a key. All but
 * [A-Za-z0-9._@+-] becomes %XX, so no name reaches over the ':' and '}' of
 * its key, nor matches as a pattern.
 */
int redis_key_part(struct re_printf *pf, const struct pl *name);

#endif
