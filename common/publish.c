/*
 * publish.c  A worker's figures in Redis, for the admin process
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/metric.h"
#include "common/node.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "common/publish.h"

enum {
	KEY_MAX = NODE_ADDR_MAX + 32,
	WORKER_KEEP_S = 3600, /* unseen, in the list of workers */
	/* command, key, texts, numbers */
	TEXTS_MAX = 2 + 2 * PUBLISH_TEXTS + 2 * PUBLISH_MAX,
};

struct publish {
	char key[KEY_MAX];
	char name[KEY_MAX]; /* "sigd a1/2", in the list of workers */
	struct redis_link *link;
	struct wheel *wheel;
	struct wheel_timer timer;
	const struct metric_set *set;
	publish_fill_h *fillh;
	void *arg;
	size_t ntexts;
	struct {
		const char *name;
		char text[PUBLISH_TEXT_MAX + 1];
	} texts[PUBLISH_TEXTS];
};

/* One HSET: texts stand behind each other, found by their offsets, because
 * the buffer moves while it grows. */
struct command {
	struct mbuf *mb;
	size_t n; /* texts */
	struct {
		size_t at, len;
	} texts[TEXTS_MAX];
	int err;
};

static void destructor(void *arg)
{
	struct publish *publish = arg;

	wheel_stop(&publish->timer);
	mem_deref(publish->link);
}

static void key_print(char key[KEY_MAX], const char *daemon, const char *addr)
{
	(void)re_snprintf(key, KEY_MAX, "cb:{n:%s}:figures:%s", addr, daemon);
}

static void put(struct command *command, const char *text, size_t len)
{
	if (command->n == TEXTS_MAX)
		return;

	command->texts[command->n].at = command->mb->pos;
	command->texts[command->n].len = len;
	++command->n;
	command->err |= mbuf_write_mem(command->mb, (const uint8_t *)text, len);
}

static void on_number(const char *key, uint64_t value, void *arg)
{
	struct command *command = arg;
	char text[24];
	int len = re_snprintf(text, sizeof(text), "%llu",
			      (unsigned long long)value);

	put(command, key, strlen(key));
	put(command, text, len < 0 ? 0 : (size_t)len);
}

static void figures_send(const struct publish *publish,
			 const struct command *command)
{
	struct redis_arg argv[TEXTS_MAX];
	const struct redis_arg expire[] = {
		redis_str("PEXPIRE"),
		redis_str(publish->key),
		redis_str("10000"),
	};

	for (size_t i = 0; i < command->n; i++) {
		argv[i].data = command->mb->buf + command->texts[i].at;
		argv[i].len = command->texts[i].len;
	}
	if (!redis_link_send(publish->link, argv, command->n, NULL, NULL))
		(void)redis_link_send(publish->link, expire, 3, NULL, NULL);
}

/* The list of all workers, by when they were seen last (unix s): who was not
 * for an hour leaves it. */
static void list_send(const struct publish *publish)
{
	const uint64_t s = (uint64_t)time(NULL);
	char now[24], old[24];

	re_snprintf(now, sizeof(now), "%llu", s);
	re_snprintf(old, sizeof(old), "%llu", s - WORKER_KEEP_S);

	const struct redis_arg add[] = {redis_str("ZADD"),
					redis_str(PUBLISH_WORKERS),
					redis_str(now),
					redis_str(publish->name)};
	const struct redis_arg prune[] = {redis_str("ZREMRANGEBYSCORE"),
					  redis_str(PUBLISH_WORKERS),
					  redis_str("-inf"), redis_str(old)};

	if (!redis_link_send(publish->link, add, 4, NULL, NULL))
		(void)redis_link_send(publish->link, prune, 4, NULL, NULL);
}

static void on_time(void *arg)
{
	struct publish *publish = arg;
	struct command *command;

	wheel_start(publish->wheel, &publish->timer, PUBLISH_MS, on_time,
		    publish);
	if (!redis_link_up(publish->link))
		return;

	command = mem_zalloc(sizeof(*command), NULL);
	if (!command)
		return;

	command->mb = mbuf_alloc(4096);
	if (command->mb) {
		if (publish->fillh)
			publish->fillh(publish->arg);
		put(command, "HSET", 4);
		put(command, publish->key, strlen(publish->key));
		for (size_t i = 0; i < publish->ntexts; i++) {
			put(command, publish->texts[i].name,
			    strlen(publish->texts[i].name));
			put(command, publish->texts[i].text,
			    strlen(publish->texts[i].text));
		}
		metric_each(publish->set, on_number, command);
		if (!command->err && command->n > 2)
			figures_send(publish, command);
		list_send(publish);
	}
	mem_deref(command->mb);
	mem_deref(command);
}

int publish_alloc(struct publish **publishp, const char *daemon,
		  const char *addr, struct redis_link *link,
		  struct wheel *wheel, const struct metric_set *set)
{
	struct publish *publish = mem_zalloc(sizeof(*publish), destructor);

	if (!publish)
		return ENOMEM;

	key_print(publish->key, daemon, addr);
	re_snprintf(publish->name, sizeof(publish->name), "%s %s", daemon,
		    addr);
	publish->link = mem_ref(link);
	publish->wheel = wheel;
	publish->set = set;
	wheel_start(wheel, &publish->timer, PUBLISH_MS / 2, on_time, publish);
	*publishp = publish;
	return 0;
}

void publish_filler(struct publish *publish, publish_fill_h *fillh, void *arg)
{
	publish->fillh = fillh;
	publish->arg = arg;
}

void publish_note(struct publish *publish, const char *name, const char *text)
{
	size_t i = 0;

	while (i < publish->ntexts && strcmp(publish->texts[i].name, name))
		++i;
	if (i == PUBLISH_TEXTS)
		return;
	publish->texts[i].name = name;
	str_ncpy(publish->texts[i].text, text, sizeof(publish->texts[i].text));
	publish->ntexts = max(publish->ntexts, i + 1);
}

void publish_now(struct publish *publish)
{
	if (publish)
		wheel_start(publish->wheel, &publish->timer, 0, on_time,
			    publish);
}

void publish_text(struct publish *publish, const char *name, const char *text)
{
	if (!publish)
		return;
	publish_note(publish, name, text);
	publish_now(publish);
}

int publish_seen(struct redis_sync *sync, const char *daemon, const char *addr)
{
	const struct redis_val *val = NULL;
	struct redis_arg argv[2];
	char key[KEY_MAX];
	int err;

	key_print(key, daemon, addr);
	argv[0] = redis_str("EXISTS");
	argv[1] = redis_str(key);
	err = redis_sync_send(sync, argv, 2, &val);
	if (err)
		return err;
	return val->type == REDIS_INT && val->num ? 0 : ENOENT;
}

int publish_read(struct metric_set *set, struct redis_sync *sync,
		 const char *daemon, const char *addr)
{
	const struct redis_val *val = NULL;
	struct redis_arg argv[2];
	char key[KEY_MAX];
	int err;

	key_print(key, daemon, addr);
	argv[0] = redis_str("HGETALL");
	argv[1] = redis_str(key);
	err = redis_sync_send(sync, argv, 2, &val);
	if (err)
		return err;
	if (val->type != REDIS_ARRAY || val->len < 2)
		return ENOENT;

	for (size_t i = 0; i + 1 < val->len; i += 2) {
		const struct redis_val *field = &val->el[i];
		uint64_t num;

		/* another version's worker may have other figures */
		if (field->type == REDIS_STR &&
		    redis_num(&val->el[i + 1], &num))
			(void)metric_merge(set, field->str, field->len, num);
	}
	return 0;
}
