/*
 * serve_node.c  What operators want of this node, and what it says of itself
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/cfg_hash.h"
#include "common/log.h"
#include "common/publish.h"
#include "common/standing.h"
#include "common/wish.h"
#include "routing/route.h"
#include "sigd/proxy/proxy.h"
#include "sigd/proxy/register/flow_leave.h"
#include "sigd/serve_priv.h"
#include "sigd/sigd_cfg.h"
#include "sigd/transport/certs.h"
#include "sigd/transport/transport.h"
#include "sigd/upstream/upstream.h"

static const char *state(const struct sigd *sigd)
{
	if (sigd->worker->draining)
		return "draining";
	if (!sigd->withdrawn)
		return "serving";
	return (sigd->leave && flow_leave_left(sigd->leave)) ||
			       proxy_busy(sigd->proxy)
		       ? "draining"
		       : "drained";
}

void sigd_node_files(struct sigd *sigd)
{
	const struct cfg_view view = {&sigd_cfg_table, sigd->cfg};

	cfg_hash(sigd->config, &view, route_table_version(sigd->files.routes));
}

void sigd_node_fill(struct sigd *sigd)
{
	struct standing_facts facts = {
		.epoch = sigd->life,
		.ring = sigd->files.ring,
		.cert_s = sigd->figures.cert_expiry,
		.state = state(sigd),
		.log = wish_log(sigd->wish),
		.count = {[STANDING_CALLS] = proxy_setups(sigd->proxy),
			  [STANDING_REGISTRATIONS] = proxy_registered(sigd->proxy),
			  [STANDING_FLOWS] = sigd->figures.transport.flows}};

	str_ncpy(facts.config, sigd->config, sizeof(facts.config));
	standing_note(sigd->standing, &facts);
}

/* PBXs that we register at and probe are another node's as long as this one is
 * to be empty. */
static void withdraw(struct sigd *sigd, bool now)
{
	log_warn(NULL, "an operator wants this node to be empty", "move=%s",
		 now ? "now" : "idle");
	sigd->withdrawn = true;
	transport_shut(sigd->transport, true);
	proxy_drain(sigd->proxy);
	sigd->upstream = mem_deref(sigd->upstream);
	sigd->leave = mem_deref(sigd->leave);
	if (flow_leave_alloc(&sigd->leave, sigd->proxy, now))
		log_error(NULL, "devices cannot be told to go", NULL);
}

static void resume(struct sigd *sigd)
{
	log_warn(NULL, "an operator wants this node to serve", NULL);
	sigd->withdrawn = false;
	sigd->leave = mem_deref(sigd->leave);
	proxy_undrain(sigd->proxy);
	transport_shut(sigd->transport, false);
	if (!sigd->upstream && upstream_alloc(&sigd->upstream, sigd->proxy))
		log_error(NULL, "no registration at a PBX is kept here", NULL);
}

static void on_wish(const struct wish *wish, void *arg)
{
	struct sigd *sigd = arg;

	if (!sigd->proxy)
		sigd_begin(sigd);
	/* a drain that ends with the process is not taken back */
	if (sigd->worker->draining || !sigd->transport)
		return;
	if (wish->drain)
		withdraw(sigd, wish->now);
	else if (sigd->withdrawn)
		resume(sigd);
	publish_now(sigd->publish);
}

static void on_log(void *arg)
{
	struct sigd *sigd = arg;

	publish_now(sigd->publish);
}

int sigd_node_start(struct sigd *sigd)
{
	int err = wish_watch_alloc(&sigd->wish, sigd->worker, "sigd",
				   sigd->redis, on_wish, sigd);

	if (!err)
		wish_on_log(sigd->wish, on_log);
	return err;
}
