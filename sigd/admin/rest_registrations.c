/*
 * rest_registrations.c  GET /v1/registrations: which devices can be reached
 *
 *   ?tenant=T            those of a tenant, by pages: the answer's `next` is
 *                        the next question's `cursor`
 *   ?tenant=T&user=U     those of one user
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/admin/rest_priv.h"
#include "sigd/registrar/binding.h"
#include "sigd/transport/flow.h"

enum {
	CURSOR_MAX = 20,
	STEPS_MAX = 20,   /* of SCAN, for one answer */
	PAGE_KEYS = 4000, /* that an answer may hold */
};

struct key {
	char text[BINDING_KEY_MAX];
};

static void binding_write(struct jsonw *json, const char *user,
			  const struct redis_val *device,
			  const struct redis_val *val)
{
	char text[FLOW_TEXT_MAX + 1];
	const struct pl line = {val->str, val->len};
	struct binding binding;
	struct flow_id flow;

	if (val->type != REDIS_STR || binding_parse(&binding, &line) ||
	    binding.ends_ms <= rest_now_ms())
		return;

	jsonw_object(json, NULL);
	jsonw_str(json, "user", user);
	jsonw_str(json, "device", device->type == REDIS_STR ? device->str : "");
	jsonw_str(json, "contact", binding.contact);
	jsonw_str(json, "agent", binding.agent);
	jsonw_fixed(json, "q", binding.q, 3);
	rest_time(json, "expires", binding.ends_ms);
	if (!flow_id_unpack(&flow, binding.flow, binding.flow_len))
		jsonw_str(json, "flow", flow_id_text(text, &flow));
	jsonw_end(json);
}

/* All devices of the AOR of this key. */
static bool aor_write(struct jsonw *json, struct admin *admin,
		      struct admin_resp *resp, const char *key)
{
	const struct redis_val *flat;
	const char *slash = strchr(key, '/');
	const char *end = strchr(key, '}');
	char user[BINDING_KEY_MAX];
	struct pl part;

	if (!slash || !end || end < slash)
		return true;
	if (!rest_ask(&flat, admin, resp, "HGETALL", key, NULL))
		return false;

	part = (struct pl){slash + 1, (size_t)(end - slash - 1)};
	rest_unescape(user, sizeof(user), &part);
	for (size_t i = 1; flat->type == REDIS_ARRAY && i < flat->len; i += 2)
		binding_write(json, user, &flat->el[i - 1], &flat->el[i]);
	return true;
}

static void begin(struct jsonw *json, struct admin_resp *resp,
		  const char *tenant)
{
	jsonw_init(json, resp->mb);
	jsonw_object(json, NULL);
	jsonw_str(json, "tenant", tenant);
	jsonw_array(json, "registrations");
}

static void of_user(struct admin *admin, struct admin_resp *resp,
		    const char *tenant, const char *user)
{
	char key[BINDING_KEY_MAX];
	struct jsonw json;
	struct pl t, u;

	pl_set_str(&t, tenant);
	pl_set_str(&u, user);
	if (binding_key(key, sizeof(key), &t, &u, "bind")) {
		admin_resp_problem(resp, 400, "The user's name is too long.");
		return;
	}
	begin(&json, resp, tenant);
	if (!aor_write(&json, admin, resp, key))
		return;
	jsonw_end(&json);
	jsonw_null(&json, "next");
	jsonw_end(&json);
	rest_done(&json, resp);
}

/* One step of SCAN: it may find none and still not be at the end. */
static bool page(struct key *keys, size_t *n, char cursor[CURSOR_MAX + 1],
		 struct admin *admin, struct admin_resp *resp,
		 const char *tenant)
{
	const struct redis_val *val;
	char pattern[BINDING_KEY_MAX];
	struct pl t;

	pl_set_str(&t, tenant);
	re_snprintf(pattern, sizeof(pattern), "cb:{a:%H/*}:bind",
		    redis_key_part, &t);
	if (!rest_ask(&val, admin, resp, "SCAN", cursor, "MATCH", pattern,
		      "COUNT", "2000", NULL))
		return false;
	if (val->type != REDIS_ARRAY || val->len != 2 ||
	    val->el[0].type != REDIS_STR || val->el[0].len > CURSOR_MAX ||
	    val->el[1].type != REDIS_ARRAY) {
		admin_resp_problem(resp, 503, "Redis gave no list.");
		return false;
	}
	str_ncpy(cursor, val->el[0].str, CURSOR_MAX + 1);
	/* COUNT is but a hint */
	for (size_t i = 0; i < val->el[1].len && *n < PAGE_KEYS; i++) {
		const struct redis_val *key = &val->el[1].el[i];

		if (key->len >= sizeof(keys->text))
			continue;
		str_ncpy(keys[*n].text, key->str, sizeof(keys->text));
		++*n;
	}
	return true;
}

static void of_tenant(struct admin *admin, struct admin_resp *resp,
		      const char *tenant, const char *from)
{
	struct key *keys = mem_alloc(PAGE_KEYS * sizeof(*keys), NULL);
	char cursor[CURSOR_MAX + 1];
	struct jsonw json;
	size_t n = 0;
	bool ok = keys != NULL;

	str_ncpy(cursor, from, sizeof(cursor));
	/* a few steps for each answer: somebody waits, Redis does not */
	for (unsigned i = 0; ok && i < STEPS_MAX && n < REST_LIMIT; i++) {
		ok = page(keys, &n, cursor, admin, resp, tenant);
		if (!strcmp(cursor, "0"))
			break;
	}
	if (!keys)
		admin_resp_problem(resp, 503, "Out of memory.");
	if (ok)
		begin(&json, resp, tenant);
	for (size_t i = 0; ok && i < n; i++)
		ok = aor_write(&json, admin, resp, keys[i].text);
	mem_deref(keys);
	if (!ok)
		return;

	jsonw_end(&json);
	jsonw_str(&json, "next", strcmp(cursor, "0") ? cursor : NULL);
	jsonw_end(&json);
	rest_done(&json, resp);
}

void rest_registrations(const struct admin_req *req, struct admin_resp *resp,
			void *arg)
{
	const char *tenant = rest_tenant_asked(req);
	const char *user = admin_req_query(req, "user");
	const char *cursor = admin_req_query(req, "cursor");

	if (!tenant || !tenant[0]) {
		admin_resp_problem(resp, 400, "tenant is missing.");
	} else if (cursor && (!cursor[0] || strlen(cursor) > CURSOR_MAX ||
			      cursor[strspn(cursor, "0123456789")])) {
		admin_resp_problem(resp, 400,
				   "cursor is the `next` of another answer.");
	} else if (user) {
		of_user(arg, resp, tenant, user);
	} else {
		of_tenant(arg, resp, tenant, cursor ? cursor : "0");
	}
}
