/*
 * rest_trace.h  What the routes of traces share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_TRACE_H
#define SIGD_ADMIN_REST_TRACE_H

#include "sigd/admin/rest_priv.h"
#include "sigd/trace/trace_store.h"

enum {
	REST_TRACE_ID_LEN = 1 + TRACE_ID_LEN, /* shard, and id in it */
};

void rest_trace_id(char id[REST_TRACE_ID_LEN + 1], const struct pl *callid);
/* Of what is stored of it; what: "sip", "of". False: it is no id. */
bool rest_trace_key(char key[REST_KEY_MAX], const char *id, const char *what);
/* The members that tell what it is, from its hash. */
void rest_trace_write(struct jsonw *json, const char *id,
		      const struct redis_val *of);

#endif
