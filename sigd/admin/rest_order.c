/*
 * rest_order.c  Orders to one worker of sigd, and what came of them
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "sigd/admin/rest_order.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/proxy/orders.h"

static void key_print(char key[REST_KEY_MAX], const struct rest_order *order,
		      const char *what)
{
	(void)re_snprintf(key, REST_KEY_MAX, "cb:{n:%s}:orders%s",
			  order->worker, what);
}

static bool lives(bool *is, const struct rest_order *order,
		  struct admin *admin, struct admin_resp *resp)
{
	const struct redis_val *val;
	char key[REST_KEY_MAX];

	(void)re_snprintf(key, sizeof(key), "cb:{n:%s}:figures:sigd",
			  order->worker);
	if (!rest_ask(&val, admin, resp, "EXISTS", key, NULL))
		return false;
	*is = val->type == REDIS_INT && val->num;
	return true;
}

bool rest_order_send(struct rest_order *order, struct admin *admin,
		     struct admin_resp *resp)
{
	const struct redis_val *val;
	char key[REST_KEY_MAX], most[16], ttl[16], life[16];
	bool is;

	order->outcome[0] = '\0';
	if (!lives(&is, order, admin, resp))
		return false;
	if (!is) {
		str_ncpy(order->outcome, "gone", sizeof(order->outcome));
		return true;
	}
	id_make(order->id);
	key_print(key, order, "");
	(void)re_snprintf(most, sizeof(most), "%d", ORDERS_MAX);
	(void)re_snprintf(ttl, sizeof(ttl), "%d", REST_ORDER_MS);
	(void)re_snprintf(life, sizeof(life), "%d", ORDERS_LIFE_S);

	const struct redis_arg argv[] = {
		redis_str("XADD"), redis_str(key),	   redis_str("MAXLEN"),
		redis_str("~"),	   redis_str(most),	   redis_str("*"),
		redis_str("id"),   redis_str(order->id),   redis_str("ttl"),
		redis_str(ttl),	   redis_str("verb"),	   redis_str(order->verb),
		redis_str("a"),	   redis_str(order->word[0] ? order->word[0]
							    : ""),
		redis_str("b"),	   redis_str(order->word[1] ? order->word[1]
							    : ""),
		redis_str("c"),	   redis_str(order->word[2] ? order->word[2]
							    : "")};

	return rest_asked(&val, admin, resp, argv, COUNTOF(argv)) &&
	       rest_ask(&val, admin, resp, "EXPIRE", key, life, NULL);
}

bool rest_order_look(struct rest_order *order, struct admin *admin,
		     struct admin_resp *resp)
{
	const struct redis_val *val;
	char key[REST_KEY_MAX];

	if (order->outcome[0])
		return true;
	key_print(key, order, ":done");
	if (!rest_ask(&val, admin, resp, "HGET", key, order->id, NULL))
		return false;
	if (val->type == REDIS_STR)
		str_ncpy(order->outcome, val->str, sizeof(order->outcome));
	return true;
}

enum rest_looked rest_orders_look(struct rest_order *orders, size_t n,
				  bool late, struct admin *admin,
				  struct admin_resp *resp)
{
	char detail[160];
	size_t i = 0;

	for (; i < n; i++) {
		if (!rest_order_look(&orders[i], admin, resp))
			return REST_LOOKED_PROBLEM;
		if (!orders[i].outcome[0])
			break;
	}
	if (i == n)
		return REST_LOOKED_ALL;
	if (!late)
		return REST_LOOKED_SOME;
	(void)re_snprintf(detail, sizeof(detail), "%s has not answered.",
			  orders[i].worker);
	admin_resp_problem(resp, 504, detail);
	return REST_LOOKED_PROBLEM;
}
