/*
 * orders.c  What an operator has ordered of this very worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "common/fault.h"
#include "common/id.h"
#include "common/log.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/proxy/end/hangup.h"
#include "sigd/proxy/end/takeover.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/orders.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/register/flow_users.h"
#include "sigd/proxy/register/line_news.h"
#include "sigd/proxy/register/reg_expiry.h"
#include "sigd/registrar/registrar.h"

enum {
	LOOK_MS = 250,
	ENTRY_MAX = 40,
	KEY_MAX = 64,
	WORD_MAX = 512,
	OPEN_MAX = 256,       /* at once; the others wait in the stream */
	CLOSED_BY_US = 1008,  /* RFC 6455 7.4.1: policy */
};

struct orders {
	struct proxy *px;
	struct wheel_timer timer;
	struct list open; /* struct order */
	char stream[KEY_MAX], done[KEY_MAX];
	char after[ENTRY_MAX]; /* entries up to it have been begun */
	bool asked;
};

struct order {
	struct le le;
	struct orders *orders;
	struct call_ask *ask;
	struct registrar_ask *lookup;
	char id[17];
	char verb[16];
	char word[3][WORD_MAX + 1];
};

/* KEYS: stream, done. ARGV: entry. All behind it: entry, and when it is to be
 * carried out its id, verb and three words. */
static const struct redis_script script = {
	"orders",
	"local t = redis.call('TIME') "
	"local now = t[1] * 1000 + math.floor(t[2] / 1000) "
	"local from = ARGV[1] == '' and '-' or '(' .. ARGV[1] "
	"local out = {} "
	"for _, e in ipairs(redis.call('XRANGE', KEYS[1], from, '+', "
	"  'COUNT', 32)) do "
	"  local f = {} "
	"  for i = 1, #e[2], 2 do f[e[2][i]] = e[2][i + 1] end "
	"  local ends = tonumber(string.match(e[1], '^%d+')) + "
	"    (tonumber(f.ttl) or 0) "
	"  if now > ends or not f.id or not f.verb or "
	"    redis.call('HEXISTS', KEYS[2], f.id) == 1 then "
	"    out[#out + 1] = {e[1]} "
	"  else "
	"    out[#out + 1] = {e[1], f.id, f.verb, f.a or '', f.b or '', "
	"      f.c or ''} "
	"  end end "
	"return out"};

static void order_destructor(void *data)
{
	struct order *order = data;

	list_unlink(&order->le);
	mem_deref(order->ask);
	mem_deref(order->lookup);
}

static void destructor(void *data)
{
	struct orders *orders = data;

	wheel_stop(&orders->timer);
	list_flush(&orders->open);
	redis_link_forget(orders->px->deps.redis, orders);
}

/* --- what came of it ---------------------------------------------------------- */

static void finish(struct order *order, const char *outcome)
{
	const struct orders *orders = order->orders;
	struct redis_link *redis = orders->px->deps.redis;
	char life[16];
	const struct redis_arg set[] = {
		redis_str("HSET"), redis_str(orders->done),
		redis_str(order->id), redis_str(outcome)};
	const struct redis_arg expire[] = {
		redis_str("EXPIRE"), redis_str(orders->done),
		redis_str(life)};

	(void)FAULT("sigd.order.done");
	re_snprintf(life, sizeof(life), "%d", ORDERS_LIFE_S);
	log_info(NULL, "an order was carried out",
		 "id=%s verb=%s of=%s outcome=%s", order->id, order->verb,
		 order->word[0], outcome);
	if (!redis_link_send(redis, set, COUNTOF(set), NULL, NULL))
		(void)redis_link_send(redis, expire, COUNTOF(expire), NULL,
				      NULL);
	mem_deref(order);
}

/* --- call.end ------------------------------------------------------------------ */

/* Its worker is a former life of this one: nobody else will end it so soon. */
static bool is_orphan(const struct proxy *px, const struct call_record *rec)
{
	const size_t n = strlen(px->worker);

	return !strncmp(rec->at, px->worker, n) && rec->at[n] == '/' &&
	       strcmp(rec->at, px->at);
}

static void on_record(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct order *order = arg;
	struct proxy *px = order->orders->px;

	order->ask = mem_deref(order->ask);
	if (code == STATUS_OK && rec->state == CALL_UP) {
		hangup_sides(px, rec, HANGUP_BOTH, STATUS_OPERATOR);
		finish(order, "ended");
	} else if (code == STATUS_OK && is_orphan(px, rec)) {
		takeover_call(px, rec->call);
		finish(order, "ended");
	} else if (code == STATUS_OK) {
		finish(order, "elsewhere");
	} else {
		finish(order, code == STATUS_UNKNOWN_DIALOG ? "gone"
							    : "failed");
	}
}

static void call_end(struct order *order)
{
	struct proxy *px = order->orders->px;
	const char *call = order->word[0];

	if (!id_valid(call, strlen(call)))
		finish(order, "failed");
	else if (hangup_is_here(px, call) ||
		 invite_lost(px, call, STATUS_OPERATOR))
		finish(order, "ended");
	else if (call_record_load(&order->ask, px->deps.redis, call, on_record,
				  order))
		finish(order, "failed");
}

/* --- flow.close ------------------------------------------------------------------ */

static void flow_close(struct order *order)
{
	struct transport *transport = order->orders->px->deps.transport;
	struct flow *flow = NULL;
	struct flow_id id;

	if (!flow_id_parse(&id, order->word[0], strlen(order->word[0])))
		flow = flow_table_find(transport_flows(transport), &id);
	if (flow)
		transport_close(transport, flow, CLOSED_BY_US);
	finish(order, flow ? "closed" : "gone");
}

/* --- user.gone -------------------------------------------------------------------- */

static bool bound_over(const struct registrar_list *list,
		       const struct flow_id *flow)
{
	struct flow_id id;

	for (size_t i = 0; i < list->n; i++) {
		const struct binding *b = &list->bindings[i];

		if (!flow_id_unpack(&id, b->flow, b->flow_len) &&
		    flow_id_equal(&id, flow))
			return true;
	}
	return false;
}

/* What a REGISTER with Expires: 0 would have told (job_register.c). */
static void on_left(const struct registrar_list *list, void *arg)
{
	struct order *order = arg;
	struct proxy *px = order->orders->px;
	const struct route_tenant *tenant;
	struct registrar_ask *lookup = order->lookup;
	struct flow_id flow;
	struct pl t, u;

	order->lookup = NULL;
	pl_set_str(&t, order->word[0]);
	pl_set_str(&u, order->word[1]);
	tenant = route_tenant_by_id(px->deps.routes, &t);
	if (list->code == STATUS_OK &&
	    !flow_id_parse(&flow, order->word[2], strlen(order->word[2])) &&
	    !bound_over(list, &flow))
		flow_users_unbound(px, &flow, order->word[0], order->word[1]);
	if (list->code == STATUS_OK)
		reg_expiry_look(px, &(struct registrar_aor){t, u, false});
	if (list->code == STATUS_OK && tenant)
		line_news_devices(px, route_user_find(tenant, &u), list);
	finish(order, list->code == STATUS_OK ? "told" : "failed");
	mem_deref(lookup);
}

static void user_gone(struct order *order)
{
	struct registrar_params params = {
		.link = order->orders->px->deps.redis, .h = on_left,
		.arg = order};

	pl_set_str(&params.aor.tenant, order->word[0]);
	pl_set_str(&params.aor.user, order->word[1]);
	if (registrar_lookup(&order->lookup, &params))
		finish(order, "failed");
}

/* --- the stream ---------------------------------------------------------------------- */

static void carry_out(struct order *order)
{
	static const struct {
		const char *verb;
		void (*h)(struct order *order);
	} verbs[] = {{"call.end", call_end},
		     {"flow.close", flow_close},
		     {"user.gone", user_gone}};

	(void)FAULT("sigd.order.taken");
	for (size_t i = 0; i < COUNTOF(verbs); i++) {
		if (!strcmp(verbs[i].verb, order->verb)) {
			verbs[i].h(order);
			return;
		}
	}
	finish(order, "unknown");
}

static bool is_open(const struct orders *orders, const char *id)
{
	struct le *le;

	LIST_FOREACH(&orders->open, le) {
		const struct order *order = le->data;

		if (!strcmp(order->id, id))
			return true;
	}
	return false;
}

static void begin(struct orders *orders, const struct redis_val *el, size_t n)
{
	struct order *order;

	for (size_t i = 1; i < n; i++) {
		if (el[i].type != REDIS_STR || el[i].len > WORD_MAX)
			return;
	}
	if (!id_valid(el[1].str, el[1].len) || is_open(orders, el[1].str))
		return;
	order = mem_zalloc(sizeof(*order), order_destructor);
	if (!order)
		return;
	order->orders = orders;
	list_append(&orders->open, &order->le, order);
	str_ncpy(order->id, el[1].str, sizeof(order->id));
	str_ncpy(order->verb, el[2].str, sizeof(order->verb));
	for (size_t i = 0; i < COUNTOF(order->word); i++)
		str_ncpy(order->word[i], el[3 + i].str,
			 sizeof(order->word[i]));
	carry_out(order);
}

static void take(struct orders *orders, const struct redis_val *entry)
{
	enum { WORDS = 6 };

	if (entry->type != REDIS_ARRAY || !entry->len ||
	    entry->el[0].type != REDIS_STR)
		return;
	str_ncpy(orders->after, entry->el[0].str, sizeof(orders->after));
	if (entry->len == WORDS)
		begin(orders, entry->el, WORDS);
}

static void on_look(void *arg);

static void on_entries(int err, const struct redis_val *val, void *arg)
{
	struct orders *orders = arg;

	orders->asked = false;
	if (err || val->type != REDIS_ARRAY)
		return;
	for (size_t i = 0; i < val->len; i++)
		take(orders, &val->el[i]);
}

static void on_look(void *arg)
{
	struct orders *orders = arg;
	const struct redis_arg keys[] = {redis_str(orders->stream),
					 redis_str(orders->done)};
	const struct redis_arg after = redis_str(orders->after);
	const struct proxy_deps *deps = &orders->px->deps;

	wheel_start(deps->wheel, &orders->timer, LOOK_MS, on_look, orders);
	/* nothing can be closed before there is a transport */
	if (orders->asked || !deps->transport ||
	    list_count(&orders->open) >= OPEN_MAX)
		return;
	orders->asked = !redis_link_eval(deps->redis, &script, keys, 2, &after,
					 1, on_entries, orders);
}

int orders_alloc(struct orders **ordersp, struct proxy *px)
{
	struct orders *orders = mem_zalloc(sizeof(*orders), destructor);

	if (!orders)
		return ENOMEM;
	orders->px = px;
	re_snprintf(orders->stream, sizeof(orders->stream),
		    "cb:{n:%s}:orders", px->worker);
	re_snprintf(orders->done, sizeof(orders->done),
		    "cb:{n:%s}:orders:done", px->worker);
	wheel_start(px->deps.wheel, &orders->timer, LOOK_MS, on_look, orders);
	*ordersp = orders;
	return 0;
}
