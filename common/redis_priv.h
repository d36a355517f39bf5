/*
 * redis_priv.h  Between the files of the Redis link
 *
 * redis_conn.c   one connection, asynchronous: hiredis on the loop
 * redis_sync.c   one connection, blocking: hiredis for processes without loop
 * redis_name.c   the address behind a name, without holding the loop up
 * redis_link.c   keeps a connection up, matches replies, times out
 * redis_eval.c   scripts
 * redis_command.c a command as it goes over the wire
 * redis_stream.c follows and writes a stream;  redis_group.c  shares one
 * redis_reply.c  the memory of a reply;  redis_val.c  arguments, values, key parts
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_REDIS_PRIV_H
#define COMMON_REDIS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/redis_link.h"
#include "common/redis_stream.h"

struct redis_conn;
struct redis_script_use;

/* A command as it goes over the wire (mem_deref). */
struct redis_command {
	size_t argc;
	size_t rest; /* where the third argument begins, if there is one */
	size_t len;
	char bytes[];
};

/* EMSGSIZE: an argument is beyond Redis' own limit. */
int redis_command_alloc(struct redis_command **cmdp,
			const struct redis_arg *argv, size_t argc);
/* With two other arguments before the rest of that one, which has three or
 * more. */
int redis_command_other(struct redis_command **cmdp,
			const struct redis_command *like, const char *name,
			const char *second);

struct redis_conn_handlers {
	void (*uph)(void *arg); /* the socket is connected */
	/* One call per command, in order. */
	void (*replyh)(const struct redis_val *val, void *arg);
	/* Once; nothing comes after it. */
	void (*losth)(void *arg);
};

enum {
	REDIS_WHY_MAX = 128
};

/* The handlers come from the loop, never from within alloc or send. deref is
 * fine inside them and silences the rest. why, which outlives the connection,
 * is told what failed, if anything does. */
int redis_conn_alloc(struct redis_conn **connp, const struct redis_cfg *cfg,
		     const struct redis_conn_handlers *handlers, void *arg,
		     char why[REDIS_WHY_MAX]);
int redis_conn_send(struct redis_conn *conn, const struct redis_command *cmd);
/* Read what has already arrived (a worker that was itself held up must not
 * mistake its own pause for the server's). */
void redis_conn_poll(struct redis_conn *conn);

/*
 * The address of a host, asked for by a thread. The handler comes from the
 * loop, once: ip, or NULL and why. deref, also inside the handler, silences
 * it.
 */
struct redis_name;
typedef void(redis_name_h)(const char *ip, const char *why, void *arg);
int redis_name_alloc(struct redis_name **namep, const char *host,
		     redis_name_h *nameh, void *arg);
bool redis_name_is_ip(const char *host);

/* A configuration with its texts copied; zeroed memory is empty. */
struct redis_cfg_own {
	struct redis_cfg cfg;
	char *text[5];
};
int redis_cfg_copy(struct redis_cfg_own *own, const struct redis_cfg *cfg);
void redis_cfg_drop(struct redis_cfg_own *own);

/* The arguments as hiredis wants them: texts, and *lenp behind them in the
 * same block (mem_deref). */
int redis_argv_split(const char ***datap, size_t **lenp,
		     const struct redis_arg *argv, size_t argc);

/* What hiredis' reader (a redisReader: its types stay within the files of hiredis)
 * makes of what comes from now on is values in our terms, in few pieces of memory.
 * For the reader of a new connection. */
void redis_reply_use(void *reader);
/* Of what such a reader gave: valid as long as that is. */
const struct redis_val *redis_reply_val(const void *reply);
/* May be NULL. */
void redis_reply_free(void *reply);

/* As redis_link_send(). Of a script by its hash: what is sent with its body,
 * should the server answer NOSCRIPT; the script outlives the link. */
int redis_link_push(struct redis_link *link, struct redis_command *cmd,
		    const struct redis_script *script, redis_reply_h *replyh,
		    void *arg);
/* The server has forgotten its scripts. */
bool redis_is_noscript(const struct redis_val *val);
/* The scripts this link has used: struct redis_script_use, made by eval. */
struct list *redis_link_scripts(struct redis_link *link);
/* Counts connections, from 1. */
uint32_t redis_link_serial(const struct redis_link *link);

/* Entries of a stream: the array [[id, [name, value ...]] ...]. What does not
 * look like an entry is left out. False when the handler let go of owner,
 * on which the caller holds a reference. */
bool redis_entries(const struct redis_val *entries, redis_entry_h *entryh,
		   void *arg, const void *owner);
/* The entries in a reply of XREAD or XREADGROUP for one stream, or NULL. */
const struct redis_val *redis_entries_of(const struct redis_val *reply);

#endif
