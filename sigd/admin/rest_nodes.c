/*
 * rest_nodes.c  GET /v1/nodes: the workers of both daemons
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/node.h"
#include "common/publish.h"
#include "sigd/admin/rest_priv.h"

enum { NODES_MAX = 1024, ALIVE_MS = PUBLISH_TTL_MS };

struct seen {
	char daemon[16];
	char addr[NODE_ADDR_MAX + 1];
	uint64_t at_ms;
};

/* "sigd a1/2" */
static bool seen_read(struct seen *seen, const struct redis_val *name,
		      const struct redis_val *score)
{
	const char *space;
	uint64_t at;

	if (name->type != REDIS_STR || !redis_num(score, &at) ||
	    !(space = strchr(name->str, ' ')) ||
	    (size_t)(space - name->str) >= sizeof(seen->daemon) ||
	    strlen(space + 1) >= sizeof(seen->addr))
		return false;

	memcpy(seen->daemon, name->str, (size_t)(space - name->str));
	seen->daemon[space - name->str] = '\0';
	str_ncpy(seen->addr, space + 1, sizeof(seen->addr));
	seen->at_ms = at * 1000;
	return true;
}

static void number(struct jsonw *json, const char *key,
		   const struct redis_val *flat, const char *field)
{
	uint64_t num;

	if (redis_num(redis_field(flat, field), &num))
		jsonw_uint(json, key, num);
}

/* The heartbeat of a media worker: what sigd chooses by. */
static bool media(struct jsonw *json, struct admin *admin,
		  struct admin_resp *resp, const char *addr)
{
	const struct redis_val *flat;
	char key[REST_KEY_MAX];

	re_snprintf(key, sizeof(key), "cb:{n:%s}:media", addr);
	if (!rest_ask(&flat, admin, resp, "HGETALL", key, NULL))
		return false;
	if (flat->type != REDIS_ARRAY || !flat->len) {
		jsonw_str(json, "state", "gone");
		return true;
	}
	jsonw_str(json, "state", rest_text(flat, "state"));
	jsonw_str(json, "address", rest_text(flat, "ip"));
	number(json, "sessions", flat, "sessions");
	number(json, "load_permille", flat, "load");
	number(json, "lag_ms", flat, "lag");
	number(json, "epoch", flat, "epoch");
	return true;
}

static bool signalling(struct jsonw *json, struct admin *admin,
		       struct admin_resp *resp, const char *addr, bool alive)
{
	struct rest_version is;

	if (!rest_version(&is, admin, resp, addr))
		return false;
	jsonw_str(json, "state", alive ? "up" : "gone");
	if (!is.version[0])
		return true;
	jsonw_object(json, "routes");
	jsonw_str(json, "version", is.version);
	rest_time(json, "loaded", is.at_ms);
	jsonw_end(json);
	return true;
}

static bool one(struct jsonw *json, struct admin *admin,
		struct admin_resp *resp, const struct seen *seen)
{
	const bool alive = seen->at_ms + ALIVE_MS > rest_now_ms();
	bool ok = true;

	jsonw_object(json, NULL);
	jsonw_str(json, "daemon", seen->daemon);
	jsonw_str(json, "worker", seen->addr);
	rest_time(json, "seen", seen->at_ms);
	if (!strcmp(seen->daemon, "mediad"))
		ok = media(json, admin, resp, seen->addr);
	else
		ok = signalling(json, admin, resp, seen->addr, alive);
	jsonw_end(json);
	return ok;
}

void rest_nodes(const struct admin_req *req, struct admin_resp *resp,
		void *arg)
{
	const struct redis_val *list;
	struct admin *admin = arg;
	struct seen *seen;
	struct jsonw json;
	size_t n = 0;
	(void)req;

	if (!rest_ask(&list, admin, resp, "ZRANGE", PUBLISH_WORKERS, "0",
		      "1023", "WITHSCORES", NULL))
		return;
	/* the next question takes the answer away */
	seen = mem_zalloc(NODES_MAX * sizeof(*seen), NULL);
	for (size_t i = 0; seen && i + 1 < list->len && n < NODES_MAX; i += 2)
		n += seen_read(&seen[n], &list->el[i], &list->el[i + 1]);

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "nodes");
	for (size_t i = 0; i < n; i++) {
		if (!one(&json, admin, resp, &seen[i])) {
			mem_deref(seen);
			return;
		}
	}
	mem_deref(seen);
	jsonw_end(&json);
	jsonw_end(&json);
	rest_done(&json, resp);
}
