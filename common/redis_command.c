/*
 * redis_command.c  A command as it goes to Redis (RESP: an array of bulk texts)
 *
 * Written here and not by hiredis, whose formats were by perf some 4 % of what
 * a busy worker of sigd does, and once: what a script was sent with is kept until
 * its reply is there, in case the server has forgotten the script.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/redis_priv.h"

enum {
	FRAME = 1 + 9 + 2 + 2, /* of an argument: "$", digits, CRLF, CRLF */
	BULK_MAX = 512 * 1024 * 1024 /* Redis' own limit (proto-max-bulk-len) */
};

static char *put(char *to, const void *data, size_t len)
{
	if (len)
		memcpy(to, data, len);
	return to + len;
}

static char *put_count(char *to, char kind, size_t n)
{
	char digits[9];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	*to++ = kind;
	to = put(to, digits + at, sizeof(digits) - at);
	return put(to, "\r\n", 2);
}

/* hiredis looks one byte further. */
static void end(struct redis_command *cmd, char *to)
{
	*to = '\0';
	cmd->len = (size_t)(to - cmd->bytes);
}

static char *put_arg(char *to, const struct redis_arg *arg)
{
	to = put_count(to, '$', arg->len);
	to = put(to, arg->data, arg->len);
	return put(to, "\r\n", 2);
}

static int alloc(struct redis_command **cmdp, const struct redis_arg *argv,
		 size_t argc, size_t more)
{
	struct redis_command *cmd;
	size_t size = FRAME + more + 1;

	for (size_t i = 0; i < argc; i++) {
		if (argv[i].len > BULK_MAX)
			return EMSGSIZE;
		size += FRAME + argv[i].len;
	}
	cmd = mem_alloc(sizeof(*cmd) + size, NULL);
	if (!cmd)
		return ENOMEM;

	*cmdp = cmd;
	return 0;
}

int redis_command_alloc(struct redis_command **cmdp,
			const struct redis_arg *argv, size_t argc)
{
	struct redis_command *cmd;
	char *to;
	int err = alloc(&cmd, argv, argc, 0);

	if (err)
		return err;

	cmd->argc = argc;
	cmd->rest = 0;
	to = put_count(cmd->bytes, '*', argc);
	for (size_t i = 0; i < argc; i++) {
		if (i == 2)
			cmd->rest = (size_t)(to - cmd->bytes);
		to = put_arg(to, &argv[i]);
	}
	end(cmd, to);
	*cmdp = cmd;
	return 0;
}

int redis_command_other(struct redis_command **cmdp,
			const struct redis_command *like, const char *name,
			const char *second)
{
	const struct redis_arg argv[] = {redis_str(name), redis_str(second)};
	const size_t rest = like->len - like->rest;
	struct redis_command *cmd;
	char *to;
	int err = alloc(&cmd, argv, 2, rest);

	if (err)
		return err;

	cmd->argc = like->argc;
	to = put_count(cmd->bytes, '*', like->argc);
	to = put_arg(to, &argv[0]);
	to = put_arg(to, &argv[1]);
	cmd->rest = (size_t)(to - cmd->bytes);
	to = put(to, like->bytes + like->rest, rest);
	end(cmd, to);
	*cmdp = cmd;
	return 0;
}
