/*
 * media_client.c  Asking mediad: which worker, and what
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/control/ctl_client.h"
#include "common/control/ctl_node.h"
#include "sigd/media/media_client.h"
#include "sigd/media/media_pick.h"

struct media_client {
	struct ctl_client *ctl;
	const struct ctl_nodes *nodes;
	char picked[CTL_ADDR_MAX + 1];
};

struct media_ask {
	struct ctl_client *ctl;
	media_answer_h *h;
	void *arg;
};

int media_client_alloc(struct media_client **clientp, struct ctl_client *ctl,
		       const struct ctl_nodes *nodes)
{
	struct media_client *client = mem_zalloc(sizeof(*client), NULL);

	if (!client)
		return ENOMEM;

	client->ctl   = ctl;
	client->nodes = nodes;
	*clientp = client;
	return 0;
}

const char *media_client_pick(struct media_client *client, const char *but)
{
	size_t count = 0;
	const struct ctl_node *list = ctl_nodes_list(client->nodes, &count);
	const struct ctl_node *best = media_pick(list, count, rand_u32(),
						 but);

	if (!best)
		return NULL;

	str_ncpy(client->picked, best->addr, sizeof(client->picked));
	return client->picked;
}

const char *media_client_leaving(const struct media_client *client, size_t *at)
{
	size_t count = 0;
	const struct ctl_node *list = ctl_nodes_list(client->nodes, &count);

	while (*at < count) {
		const struct ctl_node *node = &list[(*at)++];

		if (node->leaves)
			return node->addr;
	}
	return NULL;
}

static void destructor(void *data)
{
	struct media_ask *ask = data;

	ctl_cancel(ask->ctl, ask);
}

static void on_answer(int err, const struct ctl_ans *ans, void *arg)
{
	struct media_ask *ask = arg;
	struct ctl_ans none = {.status = STATUS_REDIS_DOWN};

	if (err == ETIMEDOUT)
		none.status = STATUS_TIMEOUT;
	else if (err == EPROTO)
		none.status = STATUS_INTERNAL;
	/* the owner may free the question in here */
	ask->h(err ? &none : ans, ask->arg);
}

/* A session outlives its worker's process: the epoch is that of now. */
static int epoch_of(uint32_t *epoch, const struct media_client *client,
		    const char *at)
{
	const struct ctl_node *node = ctl_nodes_find(client->nodes, at);

	if (!node)
		return EHOSTUNREACH;

	*epoch = node->epoch;
	return 0;
}

int media_client_ask(struct media_ask **askp, struct media_client *client,
		     const char *at, const struct ctl_req *req,
		     media_answer_h *h, void *arg)
{
	struct media_ask *ask;
	uint32_t epoch;
	int err;

	if (!ctl_client_ready(client->ctl))
		return ENOTCONN;

	err = epoch_of(&epoch, client, at);
	if (err)
		return err;

	ask = mem_zalloc(sizeof(*ask), destructor);
	if (!ask)
		return ENOMEM;

	ask->ctl = client->ctl;
	ask->h	 = h;
	ask->arg = arg;
	err = ctl_call(client->ctl, at, epoch, req, on_answer, ask);
	if (err)
		mem_deref(ask);
	else
		*askp = ask;
	return err;
}

static void on_nothing(int err, const struct ctl_ans *ans, void *arg)
{
	(void)err;
	(void)ans;
	(void)arg;
}

int media_client_tell(struct media_client *client, const char *at,
		      const struct ctl_req *req)
{
	uint32_t epoch;
	int err = epoch_of(&epoch, client, at);

	return err ? err : ctl_call(client->ctl, at, epoch, req, on_nothing,
				    NULL);
}
