/*
 * standing.c  What a worker says of itself, for /v1/nodes
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/cfg_hash.h"
#include "common/keyring.h"
#include "common/log.h"
#include "common/node.h"
#include "common/publish.h"
#include "common/redis_link.h"
#include "common/standing.h"
#include "common/wheel.h"
#include "common/worker.h"

enum { STEP_MS = 200, CPU_MS_MIN = 200 };

struct standing {
	const struct worker *worker;
	struct publish *publish;
	struct wheel_timer timer;
	uint64_t due_ms, lag_ms; /* of the loop */
	uint64_t since_ms;
	uint64_t cpu_us, at_ms; /* when it was told last */
	uint64_t cpu;           /* per mille */
};

const char *const standing_names[STANDINGS] = {
	[STANDING_EPOCH] = "epoch",
	[STANDING_BORN] = "born",
	[STANDING_SINCE] = "since",
	[STANDING_VERSION] = "version",
	[STANDING_CONFIG] = "config",
	[STANDING_KEYS] = "keys",
	[STANDING_SECRETS] = "secrets",
	[STANDING_CERT] = "cert",
	[STANDING_STATE] = "state",
	[STANDING_CPU] = "cpu",
	[STANDING_LAG] = "lag",
	[STANDING_CALLS] = "calls",
	[STANDING_SESSIONS] = "sessions",
	[STANDING_REGISTRATIONS] = "registrations",
	[STANDING_FLOWS] = "flows",
	[STANDING_LEVEL] = "level",
	[STANDING_LOG] = "log",
};

static void destructor(void *data)
{
	struct standing *standing = data;

	wheel_stop(&standing->timer);
}

static uint64_t clock_us(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void on_step(void *arg)
{
	struct standing *standing = arg;
	const uint64_t now = wheel_now(standing->worker->wheel);

	if (now > standing->due_ms)
		standing->lag_ms = max(standing->lag_ms, now - standing->due_ms);
	standing->due_ms = now + STEP_MS;
	wheel_start(standing->worker->wheel, &standing->timer, STEP_MS, on_step,
		    standing);
}

int standing_alloc(struct standing **vitalsp, const struct worker *worker,
		 struct publish *publish)
{
	struct standing *standing = mem_zalloc(sizeof(*standing), destructor);

	if (!standing)
		return ENOMEM;
	standing->worker = worker;
	standing->publish = publish;
	standing->since_ms = clock_us(CLOCK_REALTIME) / 1000;
	standing->due_ms = UINT64_MAX;
	on_step(standing);
	*vitalsp = standing;
	return 0;
}

static void number(struct standing *standing, enum standing_text what, uint64_t num)
{
	char text[24];

	(void)re_snprintf(text, sizeof(text), "%llu", num);
	publish_note(standing->publish, standing_names[what], text);
}

static void text(struct standing *standing, enum standing_text what, const char *value)
{
	publish_note(standing->publish, standing_names[what], value);
}

static void keys(struct standing *standing, const struct keyring *ring)
{
	char list[PUBLISH_TEXT_MAX + 1] = "", hash[FINGERPRINT_LEN + 1];
	uint8_t ids[KEYRING_MAX];
	size_t n = keyring_ids(ring, ids), used = 0;

	for (size_t i = 0; i < n && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used,
					 "%s%u", i ? "," : "", ids[i]);
	cfg_hash_keys(hash, ring);
	text(standing, STANDING_KEYS, list);
	text(standing, STANDING_SECRETS, hash);
}

/* Asked for more often it would tell nothing. */
static void cpu(struct standing *standing)
{
	const uint64_t now = wheel_now(standing->worker->wheel);
	const uint64_t used = clock_us(CLOCK_PROCESS_CPUTIME_ID);

	if (standing->at_ms && now < standing->at_ms + CPU_MS_MIN)
		return;
	if (standing->at_ms)
		standing->cpu = (used - standing->cpu_us) / (now - standing->at_ms);
	standing->cpu_us = used;
	standing->at_ms = now;
}

void standing_note(struct standing *standing, const struct standing_facts *facts)
{
	if (!standing)
		return;
	cpu(standing);
	number(standing, STANDING_EPOCH, facts->epoch);
	number(standing, STANDING_BORN, standing->worker->born_ms);
	number(standing, STANDING_SINCE, standing->since_ms);
	text(standing, STANDING_VERSION, VERSION);
	text(standing, STANDING_CONFIG, facts->config);
	keys(standing, facts->ring);
	number(standing, STANDING_CERT,
	       facts->cert_s > 0 ? (uint64_t)facts->cert_s : 0);
	text(standing, STANDING_STATE, facts->state);
	number(standing, STANDING_CPU, standing->cpu);
	number(standing, STANDING_LAG, standing->lag_ms);
	for (enum standing_text v = STANDING_CALLS; v <= STANDING_FLOWS; v++)
		number(standing, v, facts->count[v]);
	text(standing, STANDING_LEVEL, log_level_name(log_level_now()));
	text(standing, STANDING_LOG, facts->log ? facts->log : "");
	standing->lag_ms = 0;
}

int standing_state(char state[STANDING_STATE_SIZE], struct redis_sync *sync,
		 const char *daemon, const char *addr)
{
	const struct redis_val *val = NULL;
	char key[NODE_ADDR_MAX + 32];
	struct redis_arg argv[3];
	int err;

	(void)re_snprintf(key, sizeof(key), "cb:{n:%s}:figures:%s", addr,
			  daemon);
	argv[0] = redis_str("HGET");
	argv[1] = redis_str(key);
	argv[2] = redis_str(standing_names[STANDING_STATE]);
	err = redis_sync_send(sync, argv, 3, &val);
	if (err)
		return err;
	str_ncpy(state, val->type == REDIS_STR ? val->str : "",
		 STANDING_STATE_SIZE);
	/* figures without it: of another version */
	err = state[0] ? 0 : publish_seen(sync, daemon, addr);
	if (!err && (!state[0] || !strcmp(state, "serving")))
		str_ncpy(state, "up", STANDING_STATE_SIZE);
	return err == ENOENT ? 0 : err;
}
