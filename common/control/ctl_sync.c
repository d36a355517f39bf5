/*
 * ctl_sync.c  One question to a media worker, from a process that may wait
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
	WAIT_MS = 250, /* at a time */
	HEAD = 6, /* of XADD */
};

struct asking {
	const struct ctl_sync *sync;
	struct ctl_env env;
	char last[32]; /* entry of our answers that was seen */
	enum status status;
};

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
static bool is_answer(struct asking *asking, const struct redis_val *fields)
{
	const struct ctl_receiver us = {asking->env.from, EPOCH,
					asking->env.at_ms};
	struct ctl_msg *msg = mem_zalloc(sizeof(*msg), NULL);
	bool ours = msg &&
		    !ctl_decode(msg, fields, asking->sync->ring) &&
		    !ctl_check(msg, &us) && msg->type == CTL_ANS &&
		    !strcmp(msg->env.id, asking->env.id) &&
		    !strcmp(msg->env.from, asking->env.to);

	if (ours)
		asking->status = msg->ans.status;
	mem_deref(msg);
	return ours;
}

/* [[key, [[id, fields] ...]]] */
static bool look(struct asking *asking, const struct redis_val *val)
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
		str_ncpy(asking->last, entry->el[0].str, sizeof(asking->last));
		if (is_answer(asking, &entry->el[1]))
			return true;
	}
	return false;
}

static void wait(struct asking *asking)
{
	const struct redis_val *val;
	char key[CTL_KEY_MAX], ms[16];

	ctl_stream_key(key, asking->env.from, "ans");
	re_snprintf(ms, sizeof(ms), "%u", WAIT_MS);
	asking->status = STATUS_TIMEOUT;
	for (unsigned i = 0; i < CTL_SYNC_MS / WAIT_MS; i++) {
		const struct redis_arg argv[] = {
			redis_str("XREAD"), redis_str("BLOCK"), redis_str(ms),
			redis_str("STREAMS"), redis_str(key),
			redis_str(asking->last)};

		if (redis_sync_send(asking->sync->redis, argv, 6, &val) ||
		    look(asking, val))
			return;
	}
}

enum status ctl_sync_ask(const struct ctl_sync *sync, const char *dest,
			 const struct ctl_req *req)
{
	struct asking asking = {.sync = sync, .status = STATUS_REDIS_DOWN};
	struct ctl_msg *msg = mem_zalloc(sizeof(*msg), NULL);
	struct ctl_wire *wire = NULL;

	if (!msg || strlen(dest) > CTL_ADDR_MAX)
		goto out;
	if (!time_ms(&asking.env.at_ms, sync))
		goto out;
	re_snprintf(asking.env.from, sizeof(asking.env.from), "%s/%u",
		    sync->node, CTL_SYNC_SLOT);
	str_ncpy(asking.env.to, dest, sizeof(asking.env.to));
	id_make(asking.env.id);
	asking.env.from_epoch = EPOCH;
	asking.env.ttl_ms = CTL_SYNC_MS;
	re_snprintf(asking.last, sizeof(asking.last), "%llu-0",
		    (unsigned long long)asking.env.at_ms - 1);
	msg->type = CTL_REQ;
	msg->env = asking.env;
	msg->req = *req;
	if (ctl_encode(&wire, msg, sync->ring))
		asking.status = STATUS_INTERNAL;
	else if (add(sync, dest, wire))
		wait(&asking);
out:
	mem_deref(wire);
	mem_deref(msg);
	return asking.status;
}
