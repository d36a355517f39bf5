/*
 * trunk_reg.c  One registration at a PBX, kept up
 *
 *   due -> the way there -> REGISTER -> 200: refresh in time
 *                                    -> 401, 407: again with credentials
 *                                    -> 423: again, for longer
 *                                    -> else, or silence: after a while
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/id.h"
#include "routing/route.h"
#include "sigd/proxy/conn/conn_pins.h"
#include "sigd/proxy/conn/conn_way.h"
#include "sigd/proxy/conn/way_health.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/upstream/trunk_reg_priv.h"

const struct route_connection *trunk_reg_conn(const struct trunk_reg *reg)
{
	return reg->conn;
}

const struct trunk_state *trunk_reg_state(const struct trunk_reg *reg)
{
	return &reg->state;
}

static void destructor(void *data)
{
	struct trunk_reg *reg = data;

	wheel_stop(&reg->due);
	wheel_stop(&reg->silence);
	mem_deref(reg->locate);
	mem_deref(reg->ways);
	challenge_reset(&reg->challenge);
	if (reg->ct)
		txn_cli_detach(reg->ct);
}

/* What a registration depends on; another value: register anew. It stands in
 * Redis, so it must be no test of who guesses the password. */
static uint32_t print_of(const struct route_connection *conn)
{
	const struct route_conn_login *login = &conn->login;
	char text[1024];

	re_snprintf(text, sizeof(text), "%s\n%d\n%s\n%s\n%s\n%s\n%u",
		    conn->peer.address, (int)conn->peer.transport, conn->peer.domain,
		    conn->peer.listener ? conn->peer.listener : "",
		    login->username, login->realm ? login->realm : "",
		    conn->times.expires);
	return hash_joaat_str(text);
}

/* --- the way there -------------------------------------------------------------------- */

/* Where it is registered now it is refreshed, if that is still one of the
 * addresses and answers: others of them may not know of it. */
static void stay(struct trunk_reg *reg)
{
	struct conn_way *ways = reg->ways;
	const unsigned n = ways[0].left + 1u;
	const uint64_t now = wheel_now(reg->px->deps.wheel);

	if (reg->state.phase != TRUNK_REGISTERED ||
	    way_is_bad(reg->px->ways, &reg->to.remote, now))
		return;
	for (unsigned i = 1; i < n; i++) {
		const struct flow_id at = ways[i].flow;

		if (!sa_cmp(&at.remote, &reg->to.remote, SA_ALL))
			continue;
		for (; i; i--)
			ways[i].flow = ways[i - 1].flow;
		ways[0].flow = at;
		return;
	}
}

static void on_way(enum status code, const struct conn_way *way, void *arg)
{
	struct trunk_reg *reg = arg;

	reg->locate = mem_deref(reg->locate);
	if (code != STATUS_OK) {
		trunk_reg_failed(reg, 0, "its name has no address",
				 TRUNK_BACKOFF_MIN_MS);
		return;
	}
	reg->ways = mem_deref(reg->ways);
	reg->ways = mem_alloc((way->left + 1u) * sizeof(*way), NULL);
	if (!reg->ways) {
		trunk_reg_failed(reg, 0, "no memory", TRUNK_BACKOFF_MIN_MS);
		return;
	}
	memcpy(reg->ways, way, (way->left + 1u) * sizeof(*way));
	reg->way = 0;
	stay(reg);
	reg->to = reg->ways[0].flow;
	conn_pins_fetch(reg->px->pins, reg->conn);
	trunk_reg_attempt(reg);
}

static void on_due(void *arg)
{
	struct trunk_reg *reg = arg;
	struct conn_way way;
	int err;

	/* after a reload one may be under way: its answer is nobody's now */
	if (reg->ct)
		txn_cli_detach(reg->ct);
	reg->ct = NULL;
	wheel_stop(&reg->silence);
	challenge_reset(&reg->challenge);
	reg->brief = false;
	err = conn_way_find(&reg->locate, &way, reg->px, reg->conn, on_way,
			    reg);
	if (!err)
		on_way(STATUS_OK, &way, reg);
	else if (err != EINPROGRESS)
		trunk_reg_failed(reg, 0,
				 err == ENOENT ? "no listener for it"
					       : "its name has no address",
				 TRUNK_BACKOFF_MIN_MS);
}

void trunk_reg_due_in(struct trunk_reg *reg, uint64_t ms)
{
	wheel_start(reg->px->deps.wheel, &reg->due,
		    (uint32_t)min(ms, (uint64_t)INT32_MAX), on_due, reg);
}

/* --- life ---------------------------------------------------------------------------------- */

static void begin(struct trunk_reg *reg)
{
	reg->expires_s = max(reg->conn->times.expires / 1000,
			     (uint32_t)TRUNK_GRANTED_MIN_S);
	reg->state.print = print_of(reg->conn);
	reg->secret = hash_joaat_str(reg->conn->login.password);
}

int trunk_reg_alloc(struct trunk_reg **regp, struct proxy *px,
		    const struct route_connection *conn,
		    const struct trunk_state *was, uint32_t spread_ms,
		    const struct trunk_reg_handlers *h)
{
	struct trunk_reg *reg = mem_zalloc(sizeof(*reg), destructor);
	uint64_t now = proxy_unix_ms(), left = 0;

	if (!reg)
		return ENOMEM;

	reg->px	  = px;
	reg->conn = conn;
	reg->h	  = *h;
	if (was)
		reg->state = *was;
	if (was && was->phase == TRUNK_REGISTERED &&
	    was->print == print_of(conn) && was->ends_ms > now)
		left = was->ends_ms - now;
	begin(reg);
	if (!reg->state.callid[0]) {
		id_make(reg->state.callid);
		reg->state.since_ms = now;
	}
	/* in force for a while: refreshed in its time, as if nothing had been */
	trunk_reg_due_in(reg, left > 2 * TRUNK_GRANTED_MIN_S * 1000u
				      ? left / 4 + rand_u32() % (left / 2)
				      : rand_u32() % (spread_ms + 1));
	*regp = reg;
	return 0;
}

void trunk_reg_follow(struct trunk_reg *reg,
		      const struct route_connection *conn)
{
	const uint32_t was = reg->state.print, secret = reg->secret;

	/* a question under way names the old one */
	reg->locate = mem_deref(reg->locate);
	reg->conn   = conn;
	begin(reg);
	if (reg->state.print != was || reg->secret != secret ||
	    (!reg->ct && !wheel_runs(&reg->due)))
		trunk_reg_due_in(reg, 0);
}

void trunk_reg_leave(struct trunk_reg *reg)
{
	reg->leaving = true;
	reg->locate  = mem_deref(reg->locate);
	/* who has taken over has not registered yet: it asks for the way */
	trunk_reg_due_in(reg, 0);
}

void trunk_reg_renew(struct trunk_reg *reg, uint32_t spread_ms)
{
	/* one that is under way is one */
	if (!reg->ct && !reg->locate)
		trunk_reg_due_in(reg, rand_u32() % (spread_ms + 1));
}

bool trunk_reg_is_in_force(const struct trunk_reg *reg)
{
	return reg->state.ends_ms > proxy_unix_ms();
}
