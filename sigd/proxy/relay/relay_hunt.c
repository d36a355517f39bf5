/*
 * relay_hunt.c  Where a request that is no call goes: devices, connections
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/register/service_route.h"
#include "sigd/proxy/relay/relay_priv.h"

const struct route_tenant *relay_there(const struct relay *relay)
{
	const struct relay_hunt *hunt = &relay->hunt;
	const struct route_tenant *tenant =
		hunt->next ? hunt->targets[hunt->next - 1].tenant : NULL;

	return tenant ? tenant : relay->tenant;
}

/* --- devices ------------------------------------------------------------------------ */

size_t relay_try_devices(struct relay *relay, const struct registrar_list *list,
			 const char *user, uint32_t device, size_t most)
{
	struct sub_end end = {.connection = false};
	struct flow_id flow;
	size_t n = 0;

	str_ncpy(end.name, user, sizeof(end.name));
	for (size_t i = 0; i < list->n && n < most; i++) {
		const struct binding *binding = &list->bindings[i];

		end.device = binding->device;
		if ((!device || binding->device == device) &&
		    !flow_id_unpack(&flow, binding->flow, binding->flow_len))
			n += !relay_try_device(relay, &end, &flow,
					       binding->contact);
	}
	return n;
}

static void on_bindings(const struct registrar_list *list, void *arg)
{
	struct relay *relay = arg;
	const struct relay_end away = {.code = 480,
				       .why = STATUS_NOT_REGISTERED,
				       .next = true};
	struct relay_hunt *hunt = &relay->hunt;
	struct registrar_ask *ask = hunt->lookup;

	hunt->lookup = NULL;
	if (list->code != STATUS_OK) {
		relay_fail(relay, list->code);
	} else {
		const struct route_target *target =
			&hunt->targets[hunt->next - 1];

		const size_t most = min(list->n, (size_t)hunt->breadth);

		/* RFC 5393 5.3.3: shared out among them */
		hunt->breadth /= most ? (unsigned)most : 1u;
		if (!relay_try_devices(relay, list, target->user->name,
				       hunt->device, most))
			relay_note(relay, &away);
		relay_go_on(relay);
	}
	mem_deref(ask);
}

static void user_seek(struct relay *relay, const struct route_target *target)
{
	struct registrar_params params = {.link = relay->px->deps.redis,
					  .h = on_bindings,
					  .arg = relay};
	int err;

	pl_set_str(&params.aor.tenant, relay_there(relay)->id);
	pl_set_str(&params.aor.user, target->user->name);
	if (pl_isset(&target->device))
		relay->hunt.device = reg_instance_device(&target->device);
	err = registrar_lookup(&relay->hunt.lookup, &params);
	if (err)
		relay_fail(relay, status_of_errno(err));
}

/* --- connections ---------------------------------------------------------------------- */

static void connection_away(struct relay *relay, enum status why)
{
	const struct relay_end end = {
		.code = why == STATUS_NOT_REGISTERED ? 480 : 500,
		.why = why,
		.next = true};

	log_info(NULL, "a request did not get there", "to=%s why=%s",
		 relay->hunt.sought->name, status_text(why));
	relay_note(relay, &end);
	relay_go_on(relay);
}

static void connection_try(struct relay *relay, const struct conn_way *way)
{
	if (relay_try_connection(relay, relay->hunt.sought, way))
		connection_away(relay, STATUS_OVERLOAD);
	else
		relay_go_on(relay);
}

/* Should the first one fail (RFC 3263 4.3). Without memory there is but that. */
static void ways_keep(struct relay_hunt *hunt, const struct conn_way *ways)
{
	const size_t size = (ways->left + 1u) * sizeof(*ways);

	hunt->way = 0;
	if (ways->left)
		hunt->ways = mem_alloc(size, NULL);
	if (hunt->ways)
		memcpy(hunt->ways, ways, size);
}

static void on_located(enum status code, const struct conn_way *way, void *arg)
{
	struct relay *relay = arg;
	struct conn_ask *ask = relay->hunt.locate;

	relay->hunt.locate = NULL;
	if (code == STATUS_OK) {
		ways_keep(&relay->hunt, way);
		connection_try(relay, way);
	} else {
		connection_away(relay, code);
	}
	mem_deref(ask);
}

static void connection_way(struct relay *relay)
{
	struct conn_way way;
	int err = conn_way_find(&relay->hunt.locate, &way, relay->px,
				relay->hunt.sought, on_located, relay);

	if (!err)
		connection_try(relay, &way);
	else if (err != EINPROGRESS)
		connection_away(relay, STATUS_TARGET_DOWN);
}

static void on_service_route(const struct pl *route, void *arg)
{
	struct relay *relay = arg;

	relay->hunt.route_ask = mem_deref(relay->hunt.route_ask);
	(void)pl_strcpy(route, relay->routes, sizeof(relay->routes));
	connection_way(relay);
}

/* Where it shall pass (RFC 3608 5.1: whatever is sent), then where that is.
 * Within a dialog the routes are the dialog's. */
static void connection_seek(struct relay *relay,
			    const struct route_connection *conn)
{
	relay->hunt.sought = conn;
	if (relay->cookie ||
	    service_route_find(&relay->hunt.route_ask, relay->px, conn,
			       on_service_route, relay))
		connection_way(relay);
}

/* --- one target after the other --------------------------------------------------------- */

static bool has_way(const struct relay_hunt *hunt)
{
	return hunt->ways && hunt->ways[hunt->way].left;
}

bool relay_has_next(const struct relay *relay)
{
	const struct relay_hunt *hunt = &relay->hunt;

	return hunt->next < hunt->ntargets || has_way(hunt);
}

static bool trying(const struct relay *relay)
{
	struct le *le;

	LIST_FOREACH(&relay->tries, le)
	{
		const struct relay_try *try = le->data;

		if (try->state == RELAY_SENT)
			return true;
	}
	return false;
}

void relay_go_on(struct relay *relay)
{
	struct relay_hunt *hunt = &relay->hunt;
	const struct route_target *target;

	if (trying(relay))
		return;
	if (hunt->other_way && has_way(hunt)) {
		connection_try(relay, &hunt->ways[++hunt->way]);
		return;
	}
	hunt->ways = mem_deref(hunt->ways);
	if (!relay->cookie)
		relay->routes[0] = '\0';
	if (!relay_has_next(relay)) {
		relay_finish(relay);
		return;
	}
	target = &hunt->targets[hunt->next++];
	switch (target->kind) {
	case ROUTE_TO_USER:
		user_seek(relay, target);
		break;
	case ROUTE_TO_CONNECTION:
		hunt->limits = target->limits;
		connection_seek(relay, target->connection);
		break;
	case ROUTE_TO_SERVICE: /* services are calls */
	case ROUTE_TO_REJECT:
	case ROUTE_TO_REDIRECT:
		relay_fail(relay, STATUS_METHOD_NOT_ALLOWED);
		break;
	}
}
