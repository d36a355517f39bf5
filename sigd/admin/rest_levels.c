/*
 * rest_levels.c  GET and PUT /v1/log-levels: what the logs of nodes say
 *
 *   {"node": "a1", "daemon": "sigd", "level": "info", "for": "10m",
 *    "areas": [{"area": "sigd/proxy", "level": "debug"}],
 *    "call": "0f3a5c7e9b1d2468"}
 *
 * Without node: of all there are. level `default`: as before.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "common/jsonr.h"
#include "sigd/admin/rest_follow.h"
#include "sigd/admin/rest_priv.h"

enum {
	TEXT_MAX = WISH_LOG_MAX + 1,
	FOR_MAX_MS = 7 * 86400 * 1000,
};

struct levels {
	char node[NODE_NAME_MAX + 1], daemon[REST_DAEMON_MAX + 1]; /* "": any */
	char text[TEXT_MAX]; /* of the wish; "": none */
};

/* --- what is wanted ---------------------------------------------------------------- */

static bool word(char *to, size_t size, const struct jsonr_val *val)
{
	const char *text = jsonr_str(val);

	to[0] = '\0';
	if (!val)
		return true;
	if (!text || strlen(text) >= size)
		return false;
	str_ncpy(to, text, size);
	return true;
}

/* "30s", "10m", "2h"; none: 0. */
static bool for_read(uint64_t *ms, const struct jsonr_val *val)
{
	const char *text = jsonr_str(val);
	char *end = NULL;
	unsigned long n;

	*ms = 0;
	if (!val)
		return true;
	if (!text || text[0] < '1' || text[0] > '9' || strlen(text) > 6)
		return false;
	n = strtoul(text, &end, 10);
	*ms = !strcmp(end, "s")	  ? n * 1000ull
	      : !strcmp(end, "m") ? n * 60000ull
	      : !strcmp(end, "h") ? n * 3600000ull
				  : 0;
	return *ms && *ms <= FOR_MAX_MS;
}

static bool is_area(const char *text)
{
	return text && text[0] && strlen(text) <= LOG_AREA_MAX &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz_/")] == '\0' &&
	       strcmp(text, "call");
}

static bool append(char text[TEXT_MAX], const char *name, const char *value)
{
	const size_t used = strlen(text);

	return name && value &&
	       used + strlen(name) + strlen(value) + 2 < TEXT_MAX &&
	       re_snprintf(text + used, TEXT_MAX - used, " %s=%s", name,
			   value) > 0;
}

static bool areas_read(char text[TEXT_MAX], const struct jsonr_val *areas)
{
	for (size_t i = 0; i < jsonr_count(areas); i++) {
		const struct jsonr_val *one = jsonr_at(areas, i);
		const char *area = jsonr_str(jsonr_get(one, "area"));

		if (!is_area(area) ||
		    !append(text, area, jsonr_str(jsonr_get(one, "level"))))
			return false;
	}
	return true;
}

/* Redis' clock is that of the workers. */
static bool now_ask(uint64_t *ms, struct admin *admin, struct admin_resp *resp)
{
	const struct redis_val *val;
	uint64_t s, us;

	if (!rest_ask(&val, admin, resp, "TIME", NULL))
		return false;
	if (val->type != REDIS_ARRAY || val->len != 2 ||
	    !redis_num(&val->el[0], &s) || !redis_num(&val->el[1], &us)) {
		admin_resp_problem(resp, 503, "Redis has no time.");
		return false;
	}
	*ms = s * 1000 + us / 1000;
	return true;
}

static bool is_plan(const struct levels *levels)
{
	struct wish wish;

	return wish_log_read(&wish, levels->text, strlen(levels->text));
}

static bool call_read(char text[TEXT_MAX], const struct jsonr_val *root)
{
	const struct jsonr_val *call = jsonr_get(root, "call");

	return !call || append(text, "call", jsonr_str(call));
}

/* The first member that is wrong, as a JSON pointer; NULL: none. */
static const char *root_read(struct levels *levels,
			     const struct jsonr_val *root, uint64_t now_ms)
{
	const char *level = jsonr_str(jsonr_get(root, "level"));
	uint64_t ms;

	if (!word(levels->node, sizeof(levels->node), jsonr_get(root, "node")))
		return "#/node";
	if (!word(levels->daemon, sizeof(levels->daemon),
		  jsonr_get(root, "daemon")))
		return "#/daemon";
	if (!for_read(&ms, jsonr_get(root, "for")))
		return "#/for";
	if (!level || strlen(level) > 8)
		return "#/level";
	if (!strcmp(level, "default"))
		return NULL;
	(void)re_snprintf(levels->text, sizeof(levels->text), "%llu %s",
			  ms ? now_ms + ms : 0, level);
	if (!is_plan(levels))
		return "#/level";
	if (!areas_read(levels->text, jsonr_get(root, "areas")) ||
	    !is_plan(levels))
		return "#/areas";
	if (!call_read(levels->text, root) || !is_plan(levels))
		return "#/call";
	return NULL;
}

static bool body_read(struct levels *levels, const struct admin_req *req,
		      struct admin *admin, struct admin_resp *resp)
{
	static const char *const members[] = {"node", "daemon", "for",	"level",
					      "areas", "call", NULL};
	struct jsonr *doc = NULL;
	uint64_t now_ms;
	const char *wrong;

	if (!now_ask(&now_ms, admin, resp))
		return false;
	if (!rest_body(&doc, members, req, resp))
		return false;
	wrong = root_read(levels, jsonr_root(doc), now_ms);
	mem_deref(doc);
	if (wrong)
		admin_resp_field(resp, 422, wrong,
				 "level is error, warn, info, debug or "
				 "default; areas are up to 8 of area and "
				 "level; call is an id; for is 30s, 10m or "
				 "2h.");
	return !wrong;
}

/* --- what there is ------------------------------------------------------------------- */

static bool is_meant(const struct rest_worker *worker, const void *arg)
{
	const struct levels *levels = arg;

	return rest_node_is(worker, levels->node[0] ? levels->node : NULL,
			    levels->daemon[0] ? levels->daemon : NULL);
}

static void plan_write(struct jsonw *json, const struct wish *wish)
{
	const struct log_plan *plan = &wish->plan;

	rest_time(json, "until", wish->log ? wish->log_until_ms : 0);
	jsonw_array(json, "areas");
	for (size_t i = 0; wish->log && i < plan->nareas; i++) {
		jsonw_object(json, NULL);
		jsonw_str(json, "area", plan->areas[i].name);
		jsonw_str(json, "level", log_level_name(plan->areas[i].level));
		jsonw_end(json);
	}
	jsonw_end(json);
	jsonw_str(json, "call",
		  wish->log && plan->call[0] ? plan->call : NULL);
}

static bool node_write(struct jsonw *json, const struct rest_worker *workers,
		       size_t n, struct admin *admin, struct admin_resp *resp)
{
	const struct redis_val *flat;
	struct wish wish;
	char key[WISH_KEY_MAX];

	wish_key(key, workers->daemon, workers->node);
	if (!rest_ask(&flat, admin, resp, "HGETALL", key, NULL))
		return false;
	wish_read(&wish, flat, 0);
	wish.log = wish.log && (!wish.log_until_ms ||
				wish.log_until_ms > rest_now_ms());
	jsonw_object(json, NULL);
	jsonw_str(json, "node", workers->node);
	jsonw_str(json, "daemon", workers->daemon);
	jsonw_bool(json, "forced", wish.log);
	plan_write(json, &wish);
	jsonw_array(json, "workers");
	for (size_t i = 0; i < n; i++) {
		if (!workers[i].alive)
			continue;
		jsonw_object(json, NULL);
		jsonw_str(json, "worker", workers[i].addr);
		jsonw_str(json, "level", workers[i].told[STANDING_LEVEL]);
		jsonw_end(json);
	}
	jsonw_end(json);
	jsonw_end(json);
	return true;
}

static void answer(const void *arg, const struct rest_workers *workers,
		   struct admin *admin, struct admin_resp *resp)
{
	const struct levels *levels = arg;
	struct jsonw json;
	size_t n;

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "nodes");
	for (size_t i = 0; i < workers->n; i += n) {
		n = rest_node_len(workers, i);
		if (is_meant(&workers->list[i], levels) &&
		    !node_write(&json, &workers->list[i], n, admin, resp))
			return;
	}
	jsonw_end(&json);
	jsonw_end(&json);
	rest_done(&json, resp);
}

void rest_levels(const struct admin_req *req, struct admin_resp *resp,
		 void *arg)
{
	const struct levels all = {.text = ""};
	struct rest_workers workers;
	(void)req;

	if (!rest_workers_load(&workers, arg, resp))
		return;
	answer(&all, &workers, arg, resp);
	mem_deref(workers.list);
}

/* --- setting them --------------------------------------------------------------------- */

static bool want(const struct levels *levels, const struct rest_worker *worker,
		 struct admin *admin, struct admin_resp *resp)
{
	const struct redis_val *val;
	char key[WISH_KEY_MAX], life[16];

	wish_key(key, worker->daemon, worker->node);
	(void)re_snprintf(life, sizeof(life), "%u", WISH_KEEP_S);
	if (!levels->text[0])
		return rest_ask(&val, admin, resp, "HDEL", key, "log", NULL);
	return rest_ask(&val, admin, resp, "HSET", key, "log", levels->text,
			NULL) &&
	       rest_ask(&val, admin, resp, "EXPIRE", key, life, NULL);
}

/* One that has died reads what is wanted when it is back. */
static bool obeys(const struct rest_worker *worker, const void *arg)
{
	const struct levels *levels = arg;
	char sum[WISH_SUM_LEN + 1];

	wish_log_sum(sum, levels->text);
	return !worker->alive || !strcmp(worker->told[STANDING_LOG], sum);
}

static const struct rest_told told = {is_meant, obeys, answer};

static void levels_do(struct levels *levels, struct admin *admin,
		      struct admin_resp *resp)
{
	struct rest_workers workers;
	size_t meant = 0, n;
	bool ok = true;

	if (!rest_workers_load(&workers, admin, resp))
		return;
	for (size_t i = 0; ok && i < workers.n; i += n) {
		n = rest_node_len(&workers, i);
		if (!is_meant(&workers.list[i], levels))
			continue;
		++meant;
		ok = want(levels, &workers.list[i], admin, resp);
	}
	if (ok && !meant)
		admin_resp_problem(resp, 404, "There is no such node.");
	else if (ok)
		rest_follow(resp, admin, &workers, &told, levels);
	mem_deref(workers.list);
}

void rest_levels_put(const struct admin_req *req, struct admin_resp *resp,
		     void *arg)
{
	struct levels *levels = mem_zalloc(sizeof(*levels), NULL);

	if (!levels)
		admin_resp_problem(resp, 503, "Out of memory.");
	else if (body_read(levels, req, arg, resp))
		levels_do(levels, arg, resp);
	mem_deref(levels);
}
