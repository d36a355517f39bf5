/*
 * question.c  What the routing table is asked for a request
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/proxy/conn/health.h"
#include "sigd/proxy/conn/turns.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/question.h"
#include "sigd/sip/smsg.h"

static bool on_header(const char *name, unsigned nr, struct pl *value,
		      void *arg)
{
	const struct question *question = arg;
	const struct smsg_hdr *hdr = NULL;
	struct pl pl;

	pl_set_str(&pl, name);
	do {
		hdr = question->msg ? smsg_hdr_named(question->msg, &pl, hdr)
				    : NULL;
	} while (hdr && nr--);
	if (hdr)
		*value = smsg_hdr_val(question->msg, hdr);
	return hdr != NULL;
}

static void on_health(struct route_health *health,
		      const struct route_connection *conn, void *arg)
{
	const struct question *question = arg;

	health_of(health, question->px->health, conn);
}

static uint32_t on_turn(const struct route_group *group, void *arg)
{
	const struct question *question = arg;

	return turns_next(question->px->turns, group);
}

void question_fill(struct route_query *query, struct question *question,
		   const struct proxy *px, const struct smsg *msg,
		   const struct sa *source)
{
	question->px = px;
	question->msg = msg;
	query->source = NULL;
	if (source && sa_af(source) != AF_UNSPEC) {
		question->source = *source;
		query->source = &question->source;
	}
	query->now = proxy_unix_ms() / 1000;
	query->seed = rand_u64();
	query->headerh = on_header;
	query->healthh = on_health;
	query->turnh = on_turn;
	query->arg = question;
}
