/*
 * ctl_sync.c  One question to a media worker, from a process that has no
 *             streams of its own
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/control/ctl_codec.h"
#include "common/control/ctl_peer_priv.h"
#include "common/control/ctl_sync.h"
#include "common/id.h"
#include "common/keyring.h"

enum {
	EPOCH = 1, /* of a sender that remembers nothing */
	HEAD = 6, /* of XADD */
};

struct ctl_sync {
	struct redis_sync *redis;
	struct keyring *ring;
	struct ctl_env env;
	char last[32]; /* entry of our answers that was seen */
};

static void destructor(void *data)
{
	struct ctl_sync *sync = data;

	mem_deref(sync->ring);
}

/* By Redis' clock. */
static bool time_ms(uint64_t *ms, const struct ctl_sync *sync)
{
	const struct redis_arg word = redis_str("TIME");
	const struct redis_val *val;
	uint64_t s, us;

	if (redis_sync_send(sync->redis, &word, 1, &val) ||
	    val->type != REDIS_ARRAY || val->len != 2 ||
	    !redis_num(&val->el[0], &s) || !redis_num(&val->el[1], &us))
		return false;
	*ms = s * 1000 + us / 1000;
	return true;
}

static bool add(const struct ctl_sync *sync, const char *dest,
		const struct ctl_wire *wire)
{
	struct redis_arg argv[HEAD + 2 * CTL_FIELDS_MAX];
	char key[CTL_KEY_MAX], most[16], ttl[16];
	const struct redis_val *val;

	ctl_stream_key(key, dest, "cmd");
	re_snprintf(most, sizeof(most), "%u", CTL_STREAM_LEN);
	re_snprintf(ttl, sizeof(ttl), "%u", CTL_STREAM_TTL_MS);
	argv[0] = redis_str("XADD");
	argv[1] = redis_str(key);
	argv[2] = redis_str("MAXLEN");
	argv[3] = redis_str("~");
	argv[4] = redis_str(most);
	argv[5] = redis_str("*");
	if (wire->count > 2 * CTL_FIELDS_MAX)
		return false;
	memcpy(argv + HEAD, wire->fields, wire->count * sizeof(*argv));
	if (redis_sync_send(sync->redis, argv, HEAD + wire->count, &val) ||
	    val->type == REDIS_ERR)
		return false;
	argv[0] = redis_str("PEXPIRE");
	argv[2] = redis_str(ttl);
	(void)redis_sync_send(sync->redis, argv, 3, &val);
	return true;
}

/* Ours, and authentic? */
static bool is_answer(struct ctl_sync_ans *ans, const struct ctl_sync *sync,
		      const struct redis_val *fields)
{
	const struct ctl_receiver us = {sync->env.from, EPOCH,
					sync->env.at_ms};
	struct ctl_msg *msg = mem_zalloc(sizeof(*msg), NULL);
	bool ours = msg &&
		    !ctl_decode(msg, fields, sync->ring) &&
		    !ctl_check(msg, &us) && msg->type == CTL_ANS &&
		    !strcmp(msg->env.id, sync->env.id) &&
		    !strcmp(msg->env.from, sync->env.to);

	if (ours)
		*ans = (struct ctl_sync_ans){msg->ans.status, msg->ans.paused};
	mem_deref(msg);
	return ours;
}

/* [[key, [[id, fields] ...]]] */
static bool find(struct ctl_sync_ans *ans, struct ctl_sync *sync,
		 const struct redis_val *val)
{
	const struct redis_val *list;

	if (val->type != REDIS_ARRAY || !val->len || val->el[0].len != 2)
		return false;
	list = &val->el[0].el[1];
	for (size_t i = 0; list->type == REDIS_ARRAY && i < list->len; i++) {
		const struct redis_val *entry = &list->el[i];

		if (entry->type != REDIS_ARRAY || entry->len != 2 ||
		    entry->el[0].type != REDIS_STR)
			continue;
		str_ncpy(sync->last, entry->el[0].str, sizeof(sync->last));
		if (is_answer(ans, sync, &entry->el[1]))
			return true;
	}
	return false;
}

bool ctl_sync_look(struct ctl_sync *sync, struct ctl_sync_ans *ans)
{
	const struct redis_val *val;
	char key[CTL_KEY_MAX];

	ctl_stream_key(key, sync->env.from, "ans");

	const struct redis_arg argv[] = {
		redis_str("XREAD"), redis_str("COUNT"), redis_str("100"),
		redis_str("STREAMS"), redis_str(key), redis_str(sync->last)};

	if (!redis_sync_send(sync->redis, argv, 6, &val))
		return find(ans, sync, val);
	*ans = (struct ctl_sync_ans){.status = STATUS_REDIS_DOWN};
	return true;
}

static void env_fill(struct ctl_sync *sync, const char *node, const char *dest)
{
	struct ctl_env *env = &sync->env;

	re_snprintf(env->from, sizeof(env->from), "%s/%u", node, CTL_SYNC_SLOT);
	str_ncpy(env->to, dest, sizeof(env->to));
	id_make(env->id);
	env->from_epoch = EPOCH;
	env->ttl_ms = CTL_SYNC_MS;
	re_snprintf(sync->last, sizeof(sync->last), "%llu-0",
		    (unsigned long long)env->at_ms - 1);
}

static enum status ask(const struct ctl_sync *sync, const struct ctl_req *req)
{
	struct ctl_msg *msg = mem_zalloc(sizeof(*msg), NULL);
	enum status status = STATUS_INTERNAL;
	struct ctl_wire *wire = NULL;

	if (!msg)
		return status;
	msg->type = CTL_REQ;
	msg->env = sync->env;
	msg->req = *req;
	if (!ctl_encode(&wire, msg, sync->ring))
		status = add(sync, sync->env.to, wire) ? STATUS_OK
						       : STATUS_REDIS_DOWN;
	mem_deref(wire);
	mem_deref(msg);
	return status;
}

enum status ctl_sync_ask(struct ctl_sync **syncp,
			 const struct ctl_sync_cfg *cfg, const char *dest,
			 const struct ctl_req *req)
{
	struct ctl_sync *sync;
	enum status status;

	if (strlen(dest) > CTL_ADDR_MAX)
		return STATUS_INTERNAL;
	sync = mem_zalloc(sizeof(*sync), destructor);
	if (!sync)
		return STATUS_INTERNAL;
	sync->redis = cfg->redis;
	sync->ring = mem_ref(cfg->ring);
	if (time_ms(&sync->env.at_ms, sync)) {
		env_fill(sync, cfg->node, dest);
		status = ask(sync, req);
	} else {
		status = STATUS_REDIS_DOWN;
	}
	if (status == STATUS_OK)
		*syncp = sync;
	else
		mem_deref(sync);
	return status;
}
