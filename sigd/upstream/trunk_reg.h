/*
 * trunk_reg.h  One registration at a PBX, kept up (RFC 3261 section 10.2)
 *
 * Refreshed between 75 and 90 % of what the PBX granted. A refusal is tried
 * again after a while that doubles, with jitter: 5 s to 5 min; wrong
 * credentials and 4xx from 60 s on. Its state is written before and after each
 * REGISTER, so that whoever takes over goes on with it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_UPSTREAM_TRUNK_REG_H
#define SIGD_UPSTREAM_TRUNK_REG_H

#include "routing/route_conn.h"
#include "sigd/proxy/conn/shard.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/upstream/trunk_state.h"

struct trunk_reg;

struct trunk_reg_handlers {
	/* The state has changed: keep it. */
	void (*stateh)(const struct trunk_reg *reg, void *arg);
	/* REGISTER sent; answered 200; not so. For figures. */
	void (*senth)(void *arg);
	void (*answerh)(bool accepted, void *arg);
	/* The Service-Route of an answer, as a value for Route; empty: none. */
	void (*routeh)(const struct trunk_reg *reg, const char *route,
		       void *arg);
	/* After trunk_reg_leave(): answered, or in vain. It may be freed. */
	void (*lefth)(void *arg);
	void *arg;
};

/*
 * conn outlives it or its trunk_reg_follow(). was: what a former worker knew;
 * NULL: nothing. Begins within spread_ms, unless it is registered already.
 */
int trunk_reg_alloc(struct trunk_reg **regp, struct proxy *px,
		    const struct route_connection *conn,
		    const struct trunk_state *was, uint32_t spread_ms,
		    const struct trunk_reg_handlers *h);
/* After a reload. What it depends on has changed: it is registered anew. */
void trunk_reg_follow(struct trunk_reg *reg,
		      const struct route_connection *conn);
/* Unregister: REGISTER with Expires 0, which is challenged as others are; each
 * address has `answer_within`. What it was made with stays until its end. */
void trunk_reg_leave(struct trunk_reg *reg);
/* Anew within spread_ms, in force or not. */
void trunk_reg_renew(struct trunk_reg *reg, uint32_t spread_ms);
bool trunk_reg_is_in_force(const struct trunk_reg *reg);

const struct route_connection *trunk_reg_conn(const struct trunk_reg *reg);
const struct trunk_state *trunk_reg_state(const struct trunk_reg *reg);

#endif
