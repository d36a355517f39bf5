/*
 * redis_eval.c  Scripts: by their hash when the server knows them
 *
 * The first use of a script on a connection sends its body (EVAL), and the
 * first use at all also asks the server for the hash (SCRIPT LOAD). Later uses
 * send EVALSHA, which is kept until the reply, in case the server has forgotten
 * its scripts meanwhile.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/redis_priv.h"

enum {
	SHA_LEN = 40,
	HEAD = 3 /* EVAL, body, number of keys */
};

struct redis_script_use {
	struct le le;
	const struct redis_script *script;
	uint32_t serial; /* of the connection that was sent the body */
	char sha[SHA_LEN + 1];
};

bool redis_is_noscript(const struct redis_val *val)
{
	return val->type == REDIS_ERR && val->len >= 8 &&
	       !memcmp(val->str, "NOSCRIPT", 8);
}

static void use_destructor(void *arg)
{
	struct redis_script_use *use = arg;

	list_unlink(&use->le);
}

static int use_of(struct redis_script_use **usep, struct redis_link *link,
		  const struct redis_script *script)
{
	struct list *uses = redis_link_scripts(link);
	struct redis_script_use *use;

	for (struct le *le = uses->head; le; le = le->next) {
		use = le->data;
		if (use->script == script) {
			*usep = use;
			return 0;
		}
	}
	use = mem_zalloc(sizeof(*use), use_destructor);
	if (!use)
		return ENOMEM;

	use->script = script;
	list_append(uses, &use->le, use);
	*usep = use;
	return 0;
}

static void on_loaded(int err, const struct redis_val *val, void *arg)
{
	struct redis_script_use *use = arg;

	if (!err && val->type == REDIS_STR && val->len == SHA_LEN)
		memcpy(use->sha, val->str, SHA_LEN);
}

static int send_body(struct redis_link *link, struct redis_script_use *use,
		     struct redis_arg *argv, size_t argc, redis_reply_h *replyh,
		     void *arg)
{
	const struct redis_arg load[] = {redis_str("SCRIPT"), redis_str("LOAD"),
					 redis_str(use->script->body)};
	int err = 0;

	argv[0] = redis_str("EVAL");
	argv[1] = redis_str(use->script->body);
	if (!use->sha[0])
		err = redis_link_send(link, load, 3, on_loaded, use);
	if (!err)
		err = redis_link_send(link, argv, argc, replyh, arg);
	if (!err)
		use->serial = redis_link_serial(link);
	return err;
}

static int send_hash(struct redis_link *link, struct redis_script_use *use,
		     struct redis_arg *argv, size_t argc, redis_reply_h *replyh,
		     void *arg)
{
	struct redis_command *cmd;
	int err;

	argv[0] = redis_str("EVALSHA");
	argv[1] = (struct redis_arg){use->sha, SHA_LEN};
	err = redis_command_alloc(&cmd, argv, argc);
	if (err)
		return err;

	err = redis_link_push(link, cmd, use->script, replyh, arg);
	mem_deref(cmd);
	return err;
}

int redis_link_eval(struct redis_link *link, const struct redis_script *script,
		    const struct redis_arg *keys, size_t nkeys,
		    const struct redis_arg *args, size_t nargs,
		    redis_reply_h *replyh, void *arg)
{
	struct redis_arg argv[HEAD + REDIS_EVAL_ARGS];
	size_t argc = HEAD + nkeys + nargs;
	struct redis_script_use *use;
	char count[8];
	int err;

	if (!redis_link_up(link))
		return ENOTCONN;
	if (nkeys + nargs > REDIS_EVAL_ARGS)
		return EINVAL;

	err = use_of(&use, link, script);
	if (err)
		return err;

	(void)re_snprintf(count, sizeof(count), "%zu", nkeys);
	argv[2] = redis_str(count);
	if (nkeys)
		memcpy(&argv[HEAD], keys, nkeys * sizeof(*keys));
	if (nargs)
		memcpy(&argv[HEAD + nkeys], args, nargs * sizeof(*args));

	if (!use->sha[0] || use->serial != redis_link_serial(link))
		return send_body(link, use, argv, argc, replyh, arg);

	return send_hash(link, use, argv, argc, replyh, arg);
}
