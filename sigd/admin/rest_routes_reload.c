/*
 * rest_routes_reload.c  POST /v1/routes/reload: this node has the table that
 *                       stands in its file
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/admin_later.h"
#include "common/cfg_error.h"
#include "sigd/admin/rest.h"
#include "sigd/admin/rest_load.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/admin/rest_routes.h"

enum {
	LOAD_MS = 60000,
	WAIT_MS = 10000, /* for the workers to load what was loaded here */
	LOOK_MS = 50
};

static struct rest_root *root_of(struct admin *admin)
{
	return admin_arg(admin);
}

bool rest_version(struct rest_version *is, struct admin *admin,
		  struct admin_resp *resp, const char *addr)
{
	const struct redis_val *val;
	char key[REST_KEY_MAX];
	struct pl version, at;

	*is = (struct rest_version){.at_ms = 0};
	re_snprintf(key, sizeof(key), "cb:{n:%s}:figures:sigd", addr);
	if (!rest_ask(&val, admin, resp, "HGET", key, "routes", NULL))
		return false;
	if (val->type != REDIS_STR ||
	    re_regex(val->str, val->len, "[0-9a-f]+ [0-9]+", &version, &at))
		return true;
	(void)pl_strcpy(&version, is->version, sizeof(is->version));
	is->at_ms = pl_u64(&at);
	return true;
}

/* What is loaded here first, beside the loop, and who loads it then. */
struct reload {
	struct admin *admin;
	struct rest_load *load;
	struct rest_version want;
	uint64_t end_ms; /* 0: the workers were not told yet */
	unsigned next;	 /* worker that has it not yet; those before have */
};

static void reload_destructor(void *data)
{
	struct reload *reload = data;

	mem_deref(reload->load);
}

static bool has(const struct rest_version *is, const struct rest_version *want)
{
	return !strcmp(is->version, want->version) && is->at_ms >= want->at_ms;
}

/* False: resp is an error. */
static bool workers_write(struct jsonw *json, size_t *left,
			  const struct reload *reload, struct admin_resp *resp)
{
	char addr[NODE_ADDR_MAX + 1];
	struct rest_version is;

	*left = 0;
	for (unsigned i = 0; admin_worker(reload->admin, i, addr); i++) {
		bool done;

		if (!rest_version(&is, reload->admin, resp, addr))
			return false;
		done = has(&is, &reload->want);
		*left += !done;
		jsonw_object(json, NULL);
		jsonw_str(json, "worker", addr);
		jsonw_str(json, "state", done ? "loaded" : "pending");
		jsonw_str(json, "version", is.version);
		rest_time(json, "loaded", is.at_ms);
		jsonw_end(json);
	}
	return true;
}

static void answer(const struct reload *reload, struct admin_resp *resp)
{
	const struct routes_fresh *fresh = rest_load_look(reload->load);
	struct jsonw json;
	size_t left;

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "version", reload->want.version);
	jsonw_uint(&json, "tests", fresh->tests);
	jsonw_uint(&json, "warnings", cfg_errors_warnings(fresh->errs));
	jsonw_array(&json, "workers");
	if (!workers_write(&json, &left, reload, resp))
		return;
	jsonw_end(&json);
	jsonw_end(&json);
	resp->status = left ? 202 : 200;
	rest_done(&json, resp);
}

/* Those of this node, one after the other. */
static bool all_have(struct reload *reload, struct admin_resp *resp, bool late)
{
	char addr[NODE_ADDR_MAX + 1];
	struct rest_version is;

	for (; !late && admin_worker(reload->admin, reload->next, addr);
	     reload->next++) {
		if (!rest_version(&is, reload->admin, resp, addr))
			return true;
		if (!has(&is, &reload->want))
			return false;
	}
	answer(reload, resp);
	return true;
}

/* The parent loads it, too, and then has all its children do so. False: they
 * were told. */
static bool cannot_tell(struct reload *reload, struct admin_resp *resp)
{
	const struct routes_fresh *fresh = rest_load_look(reload->load);

	if (fresh->err == ENOMEM)
		admin_resp_problem(resp, 503, "Out of memory.");
	else if (fresh->err)
		rest_routes_refuse(resp,
				   "The file cannot be used; nothing has "
				   "changed.",
				   fresh->errs);
	if (fresh->err)
		return true;
	str_ncpy(reload->want.version, rest_load_version(reload->load),
		 sizeof(reload->want.version));
	reload->want.at_ms = rest_now_ms();
	reload->end_ms = reload->want.at_ms + WAIT_MS;
	if (!kill(getppid(), SIGHUP))
		return false;
	admin_resp_problem(resp, 500, "The parent cannot be told.");
	return true;
}

static bool on_look(const struct admin_req *req, struct admin_resp *resp,
		    bool late, void *arg)
{
	struct reload *reload = arg;

	(void)req;
	if (!rest_load_look(reload->load)) {
		if (late)
			admin_resp_problem(resp, 504,
					   "The file takes too long to load; "
					   "nothing has changed.");
		return late;
	}
	if (!reload->end_ms)
		return cannot_tell(reload, resp);
	return all_have(reload, resp,
			late || rest_now_ms() >= reload->end_ms);
}

static void begin(struct reload *reload, struct admin_resp *resp)
{
	static const struct admin_later_cfg later = {on_look, LOOK_MS,
						     LOAD_MS + WAIT_MS};
	struct rest_root *root = root_of(reload->admin);

	if (rest_load_alloc(&reload->load, &root->load, routes_fresh_load,
			    root->path)) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	admin_later(resp, &later, reload);
}

void rest_routes_reload(const struct admin_req *req, struct admin_resp *resp,
			void *arg)
{
	struct reload *reload;

	(void)req;
	if (root_of(arg)->load) {
		admin_resp_problem(resp, 503, "It is being loaded already.");
		admin_resp_header(resp, "Retry-After", "1");
		return;
	}
	reload = mem_zalloc(sizeof(*reload), reload_destructor);
	if (!reload) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	reload->admin = arg;
	begin(reload, resp);
	mem_deref(reload);
}
