/*
 * sampler.c  Ten times a second: how busy is this worker?
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/redis_link.h"
#include "common/wheel.h"
#include "sigd/proxy/proxy.h"
#include "sigd/sampler.h"
#include "sigd/transport/sock_udp.h"

struct sampler {
	struct sampler_params params;
	struct wheel_timer timer;
	uint64_t due_ms; /* when the timer should have run */
	int udp[SAMPLER_SOCKS_MAX];
};

static void destructor(void *data)
{
	struct sampler *sampler = data;

	wheel_stop(&sampler->timer);
}

static uint64_t clock_us(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static uint32_t fullest(const struct sampler *sampler)
{
	uint32_t most = 0;

	for (size_t i = 0; i < sampler->params.nudp; i++)
		most = max(most, sock_udp_queued(sampler->udp[i]));
	return most;
}

static uint32_t transactions(const struct sampler *sampler)
{
	struct txn_stats txn;

	proxy_txn_stats(sampler->params.proxy, &txn);
	return (uint32_t)((uint64_t)(txn.servers + txn.clients) * 1000 /
			  sampler->params.transactions);
}

static void on_time(void *arg);

static void start(struct sampler *sampler)
{
	struct wheel *wheel = sampler->params.wheel;

	sampler->due_ms = wheel_now(wheel) + LOAD_SAMPLE_MS;
	wheel_start(wheel, &sampler->timer, LOAD_SAMPLE_MS, on_time, sampler);
}

static void on_time(void *arg)
{
	struct sampler *sampler = arg;
	const uint64_t now = wheel_now(sampler->params.wheel);
	const struct load_sample sample = {
		.now_us = clock_us(CLOCK_MONOTONIC),
		.cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID),
		.lag_ms = now > sampler->due_ms
				  ? (uint32_t)(now - sampler->due_ms) : 0,
		.redis_ms = (uint32_t)redis_link_waited(sampler->params.redis),
		.queue = fullest(sampler),
		.txns  = transactions(sampler)};

	proxy_sample(sampler->params.proxy, &sample);
	start(sampler);
}

int sampler_alloc(struct sampler **samplerp,
		  const struct sampler_params *params)
{
	struct sampler *sampler;

	if (!params->transactions)
		return EINVAL;
	sampler = mem_zalloc(sizeof(*sampler), destructor);
	if (!sampler)
		return ENOMEM;

	sampler->params = *params;
	sampler->params.nudp = min(params->nudp, (size_t)SAMPLER_SOCKS_MAX);
	if (sampler->params.nudp)
		memcpy(sampler->udp, params->udp,
		       sampler->params.nudp * sizeof(*params->udp));
	start(sampler);
	*samplerp = sampler;
	return 0;
}
