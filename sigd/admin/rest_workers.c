/*
 * rest_workers.c  The workers of both daemons on all nodes, as Redis knows them
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "sigd/admin/rest_nodes.h"
#include "sigd/admin/rest_priv.h"

enum { WORKERS_MAX = 1024 };

/* "sigd a1/2" */
static bool seen_read(struct rest_worker *worker, const struct redis_val *name,
		      const struct redis_val *score)
{
	struct pl daemon, node, slot;
	uint64_t at;

	if (name->type != REDIS_STR || !redis_num(score, &at) ||
	    re_regex(name->str, name->len, "[a-z]+ [a-z0-9\\-]+/[0-9]+",
		     &daemon, &node, &slot) ||
	    pl_strcpy(&daemon, worker->daemon, sizeof(worker->daemon)) ||
	    pl_strcpy(&node, worker->node, sizeof(worker->node)))
		return false;

	worker->slot = pl_u32(&slot);
	(void)re_snprintf(worker->addr, sizeof(worker->addr), "%s/%u",
			  worker->node, worker->slot);
	worker->seen_ms = at * 1000;
	return true;
}

static void copy(char *to, size_t size, const struct redis_val *list, size_t i)
{
	const struct redis_val *val = i < list->len ? &list->el[i] : NULL;

	str_ncpy(to, val && val->type == REDIS_STR ? val->str : "", size);
}

static bool standing_load(struct rest_worker *worker, struct admin *admin,
			struct admin_resp *resp)
{
	struct redis_arg argv[STANDINGS + 3];
	const struct redis_val *val;
	char key[REST_KEY_MAX];

	(void)re_snprintf(key, sizeof(key), "cb:{n:%s}:figures:%s",
			  worker->addr, worker->daemon);
	argv[0] = redis_str("HMGET");
	argv[1] = redis_str(key);
	for (size_t i = 0; i < STANDINGS; i++)
		argv[2 + i] = redis_str(standing_names[i]);
	argv[2 + STANDINGS] = redis_str("routes");
	if (!rest_asked(&val, admin, resp, argv, STANDINGS + 3))
		return false;
	if (val->type != REDIS_ARRAY)
		return true;
	for (size_t i = 0; i < STANDINGS; i++)
		copy(worker->told[i], sizeof(worker->told[i]), val, i);
	copy(worker->routes, sizeof(worker->routes), val, STANDINGS);
	worker->alive = worker->told[STANDING_EPOCH][0] != '\0';
	str_ncpy(worker->state,
		 worker->alive ? worker->told[STANDING_STATE] : "lost",
		 sizeof(worker->state));
	return true;
}

/* What sigd chooses by is what counts. */
static bool heartbeat_load(struct rest_worker *worker, struct admin *admin,
			   struct admin_resp *resp)
{
	const struct redis_val *val;
	char key[REST_KEY_MAX], state[16];

	(void)re_snprintf(key, sizeof(key), "cb:{n:%s}:media", worker->addr);
	if (!rest_ask(&val, admin, resp, "HMGET", key, "state", "ip", NULL))
		return false;
	copy(state, sizeof(state), val, 0);
	copy(worker->ip, sizeof(worker->ip), val, 1);
	worker->alive = worker->alive && state[0];
	if (!worker->alive)
		str_ncpy(worker->state, "lost", sizeof(worker->state));
	else if (!strcmp(state, "full"))
		str_ncpy(worker->state, state, sizeof(worker->state));
	return true;
}

bool rest_worker_renew(struct rest_worker *worker, struct admin *admin,
		       struct admin_resp *resp)
{
	return standing_load(worker, admin, resp) &&
	       (strcmp(worker->daemon, "mediad") ||
		heartbeat_load(worker, admin, resp));
}

static int by_name(const void *pa, const void *pb)
{
	const struct rest_worker *a = pa, *b = pb;
	int c = strcmp(a->daemon, b->daemon);

	c = c ? c : strcmp(a->node, b->node);
	return c ? c : (a->slot > b->slot) - (a->slot < b->slot);
}

bool rest_workers_load(struct rest_workers *workers, struct admin *admin,
		       struct admin_resp *resp)
{
	const struct redis_val *list;
	size_t len;
	bool ok = true;

	*workers = (struct rest_workers){.n = 0};
	if (!rest_ask(&list, admin, resp, "ZRANGE", PUBLISH_WORKERS, "0",
		      "1023", "WITHSCORES", NULL))
		return false;
	len = list->type == REDIS_ARRAY ? list->len : 0;
	workers->list = mem_zalloc((len / 2 + 1) * sizeof(*workers->list),
				   NULL);
	if (!workers->list) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return false;
	}
	/* the next question takes the answer away */
	for (size_t i = 0; i + 1 < len && workers->n < WORKERS_MAX;
	     i += 2)
		workers->n += seen_read(&workers->list[workers->n],
					&list->el[i], &list->el[i + 1]);
	for (size_t i = 0; ok && i < workers->n; i++)
		ok = rest_worker_renew(&workers->list[i], admin, resp);
	if (!ok)
		workers->list = mem_deref(workers->list);
	else if (workers->n)
		qsort(workers->list, workers->n, sizeof(*workers->list),
		      by_name);
	return ok;
}

size_t rest_node_len(const struct rest_workers *workers, size_t i)
{
	const struct rest_worker *first = &workers->list[i];
	size_t n = 0;

	while (i + n < workers->n && !strcmp(first[n].node, first->node) &&
	       !strcmp(first[n].daemon, first->daemon))
		++n;
	return n;
}

bool rest_node_is(const struct rest_worker *worker, const char *node,
		  const char *daemon)
{
	return (!node || !strcmp(worker->node, node)) &&
	       (!daemon || !strcmp(worker->daemon, daemon));
}

const char *rest_node_state(const struct rest_worker *workers, size_t n)
{
	size_t alive = 0, draining = 0, drained = 0;

	for (size_t i = 0; i < n; i++) {
		alive += workers[i].alive;
		draining += !strcmp(workers[i].state, "draining");
		drained += !strcmp(workers[i].state, "drained");
	}
	if (!alive)
		return "lost";
	if (drained == alive)
		return "drained";
	return draining || drained ? "draining" : "serving";
}

uint64_t rest_node_born(const struct rest_worker *workers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (workers[i].alive)
			return strtoull(workers[i].told[STANDING_BORN], NULL,
					10);
	}
	return 0;
}
