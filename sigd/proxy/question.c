/*
 * question.c  What the routing table is asked for a request
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

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
	query->arg = question;
}
