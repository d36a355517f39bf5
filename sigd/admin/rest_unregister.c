/*
 * rest_unregister.c  DELETE /v1/registrations/{tenant}/{user} and /{device},
 *                    POST .../{device}/disconnect
 *
 *   ?disconnect=1    and its connection is closed
 *
 * The bindings are taken out of Redis here, so no worker calls the device any
 * more, which its log tells; then the workers that have its connections are
 * told.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/admin_later.h"
#include "sigd/admin/rest_order.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/journal/journal_lua.h"
#include "sigd/journal/journal_row.h"
#include "sigd/registrar/binding.h"
#include "sigd/registrar/registrar.h"
#include "sigd/transport/flow.h"

enum { DEVICES_MAX = REGISTRAR_BINDINGS_MAX };

struct device {
	char name[BINDING_DEVICE_MAX + 1];
	struct flow_id flow;
	char flow_text[FLOW_TEXT_MAX + 1];
};

struct leaving {
	struct admin *admin;
	struct admin_resp *resp;
	const char *tenant, *user, *device; /* of the request; NULL: all */
	const char *by;			    /* who asks */
	bool unbind, disconnect;
	char key[BINDING_KEY_MAX], log[BINDING_KEY_MAX];
	size_t n, norders;
	struct device devices[DEVICES_MAX];
	struct rest_order orders[2 * DEVICES_MAX];
};

/* --- which ------------------------------------------------------------------------ */

static void device_read(struct leaving *leaving, const struct redis_val *name,
			const struct redis_val *val)
{
	struct device *device = &leaving->devices[leaving->n];
	const struct pl line = {val->str, val->len};
	struct binding binding;

	if (name->type != REDIS_STR || val->type != REDIS_STR ||
	    name->len > BINDING_DEVICE_MAX ||
	    (leaving->device && strcmp(leaving->device, name->str)) ||
	    binding_parse(&binding, &line) ||
	    binding.ends_ms <= rest_now_ms())
		return;
	str_ncpy(device->name, name->str, sizeof(device->name));
	if (flow_id_unpack(&device->flow, binding.flow, binding.flow_len))
		memset(&device->flow, 0, sizeof(device->flow));
	(void)flow_id_text(device->flow_text, &device->flow);
	++leaving->n;
}

static bool devices_read(struct leaving *leaving)
{
	const struct redis_val *flat;
	struct pl t, u;

	pl_set_str(&t, leaving->tenant);
	pl_set_str(&u, leaving->user);
	if (binding_key(leaving->key, sizeof(leaving->key), &t, &u, "bind") ||
	    binding_key(leaving->log, sizeof(leaving->log), &t, &u, "log")) {
		admin_resp_field(leaving->resp, 400, "user",
				 "The name is too long.");
		return false;
	}
	if (!rest_ask(&flat, leaving->admin, leaving->resp, "HGETALL",
		      leaving->key, NULL))
		return false;
	for (size_t i = 0; flat->type == REDIS_ARRAY && i + 1 < flat->len &&
			   leaving->n < DEVICES_MAX;
	     i += 2)
		device_read(leaving, &flat->el[i], &flat->el[i + 1]);
	if (!leaving->n)
		admin_resp_problem(leaving->resp, 404,
				   "There is no such registration.");
	return leaving->n > 0;
}

/* --- what is done -------------------------------------------------------------------- */

static bool order(struct leaving *leaving, const struct device *device,
		  const char *verb)
{
	struct rest_order *one = &leaving->orders[leaving->norders++];

	*one = (struct rest_order){.verb = verb};
	(void)re_snprintf(one->worker, sizeof(one->worker), "%s/%u",
			  device->flow.node, device->flow.slot);
	if (!strcmp(verb, "flow.close")) {
		one->word[0] = device->flow_text;
	} else {
		one->word[0] = leaving->tenant;
		one->word[1] = leaving->user;
		one->word[2] = device->flow_text;
	}
	return rest_order_send(one, leaving->admin, leaving->resp);
}

/* KEYS: bindings, log. ARGV: device, as it is called in both; what the log says
 * of it besides. One that has gone meanwhile is told of already. */
static const char unbind[] =
	"if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end "
	"local t = redis.call('TIME') "
	"local at = string.format('%s%03d', t[1], t[2] / 1000) "
	"local now = tonumber(at) "
	JOURNAL_LUA
	"note(KEYS[2], 'unregistered device=' .. ARGV[1] .. ' expires=0' .. "
	"  ARGV[2], '0', 1) "
	"return 1";

static bool bind_end(const struct leaving *leaving, const struct device *device)
{
	struct journal_row row = {.event = JOURNAL_UNREGISTERED,
				  .why = "operator"};
	const struct redis_val *val;
	char said[JOURNAL_ROW_MAX];

	str_ncpy(row.from, leaving->by, sizeof(row.from));
	if (flow_id_isset(&device->flow))
		str_ncpy(row.flow, device->flow_text, sizeof(row.flow));
	/* without the device, whose name is printed already */
	if (journal_row_said(said, sizeof(said), &row))
		*said = '\0';
	return rest_ask(&val, leaving->admin, leaving->resp, "EVAL", unbind,
			"2", leaving->key, leaving->log, device->name,
			said + strcspn(said, " "), NULL);
}

static bool leave(struct leaving *leaving, const struct device *device)
{
	bool ok = true;

	if (leaving->unbind)
		ok = bind_end(leaving, device);
	if (ok && leaving->unbind && flow_id_isset(&device->flow))
		ok = order(leaving, device, "user.gone");
	if (ok && leaving->disconnect && flow_id_isset(&device->flow) &&
	    !flow_id_addressed(&device->flow))
		ok = order(leaving, device, "flow.close");
	return ok;
}

static bool was_closed(const struct leaving *leaving,
		       const struct device *device)
{
	for (size_t i = 0; i < leaving->norders; i++) {
		const struct rest_order *one = &leaving->orders[i];

		if (one->word[0] == device->flow_text)
			return !strcmp(one->outcome, "closed") ||
			       !strcmp(one->outcome, "gone");
	}
	return false;
}

static void answer(const struct leaving *leaving)
{
	struct jsonw json;

	jsonw_init(&json, leaving->resp->mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "tenant", leaving->tenant);
	jsonw_str(&json, "user", leaving->user);
	jsonw_array(&json, "devices");
	for (size_t i = 0; i < leaving->n; i++) {
		const struct device *device = &leaving->devices[i];

		jsonw_object(&json, NULL);
		jsonw_str(&json, "device", device->name);
		jsonw_str(&json, "flow", device->flow_text);
		jsonw_bool(&json, "unregistered", leaving->unbind);
		jsonw_bool(&json, "disconnected",
			   was_closed(leaving, device));
		jsonw_end(&json);
	}
	jsonw_end(&json);
	jsonw_end(&json);
	rest_done(&json, leaving->resp);
}

static bool on_look(const struct admin_req *req, struct admin_resp *resp,
		    bool late, void *arg)
{
	struct leaving *leaving = arg;
	const enum rest_looked looked =
		rest_orders_look(leaving->orders, leaving->norders, late,
				 leaving->admin, resp);

	(void)req;
	leaving->resp = resp;
	if (looked == REST_LOOKED_ALL)
		answer(leaving);
	return looked != REST_LOOKED_SOME;
}

static void all_leave(struct leaving *leaving)
{
	static const struct admin_later_cfg later = {
		on_look, REST_ORDER_LOOK_MS, REST_ORDER_MS};
	size_t i = 0;

	while (i < leaving->n && leave(leaving, &leaving->devices[i]))
		++i;
	if (i < leaving->n)
		return;
	if (leaving->norders)
		admin_later(leaving->resp, &later, leaving);
	else
		answer(leaving);
}

static struct leaving *leaving_new(const struct admin_req *req,
				   struct admin_resp *resp, struct admin *admin)
{
	struct leaving *leaving = mem_zalloc(sizeof(*leaving), NULL);

	if (!leaving) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return NULL;
	}
	leaving->admin = admin;
	leaving->resp = resp;
	leaving->by = admin_req_by(req);
	leaving->tenant = admin_req_param(req, "tenant");
	leaving->user = admin_req_param(req, "user");
	leaving->device = admin_req_param(req, "device");
	return leaving;
}

void rest_unregister(const struct admin_req *req, struct admin_resp *resp,
		     void *arg)
{
	const char *disconnect = admin_req_query(req, "disconnect");
	struct leaving *leaving = leaving_new(req, resp, arg);

	if (!leaving)
		return;
	leaving->unbind = true;
	leaving->disconnect = disconnect && !strcmp(disconnect, "1");
	if (disconnect && !leaving->disconnect && strcmp(disconnect, "0"))
		admin_resp_field(resp, 400, "disconnect", "0 or 1.");
	else if (devices_read(leaving))
		all_leave(leaving);
	mem_deref(leaving);
}

void rest_disconnect(const struct admin_req *req, struct admin_resp *resp,
		     void *arg)
{
	struct leaving *leaving = leaving_new(req, resp, arg);

	if (!leaving)
		return;
	leaving->disconnect = true;
	if (!devices_read(leaving))
		; /* resp says so */
	else if (flow_id_addressed(&leaving->devices[0].flow))
		admin_resp_problem(resp, 409,
				   "It has no connection: it is reached over "
				   "UDP.");
	else
		all_leave(leaving);
	mem_deref(leaving);
}
