/*
 * rest_trace.h  What the routes of traces share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_TRACE_H
#define SIGD_ADMIN_REST_TRACE_H

#include "sigd/admin/rest_priv.h"
#include "sigd/trace/trace_owner.h"
#include "sigd/trace/trace_store.h"

enum {
	REST_TRACE_ID_LEN = 1 + TRACE_ID_LEN, /* shard, and id in it */
};

void rest_trace_id(char id[REST_TRACE_ID_LEN + 1], const struct pl *callid);
/* Of what is stored of it; what: "sip", "of". False: it is no id. */
bool rest_trace_key(char key[REST_KEY_MAX], const char *id, const char *what);
/* Whether the token opens it, by its labels. */
bool rest_trace_may_see(const struct admin_req *req,
			const struct redis_val *of);
/* Whether this tenant may, by its labels. of: the whole hash. */
bool rest_trace_is_of(const struct redis_val *of, const char *tenant);
/* What this tenant may read of it; NULL: all. of: the whole hash. */
void rest_trace_owners(struct trace_owners *owners, const struct redis_val *of,
		       const char *tenant);
/* The members that tell what it is, from its hash, to a token of this tenant;
 * NULL: of all. */
void rest_trace_write(struct jsonw *json, const char *id,
		      const struct redis_val *of, const char *tenant);

enum {
	REST_MESSAGES_MAX = 20000,
	REST_BATCHES_MAX = 2000,
};

/* All that is kept of a trace, in order of time. */
struct rest_told {
	struct mbuf *batches[REST_BATCHES_MAX];
	size_t nbatches, raw;
	struct trace_msg *msgs[REST_MESSAGES_MAX];
	size_t n;
};

/* Of it what the owner may read. NULL: resp is an error. */
struct rest_told *rest_told_read(struct admin *admin, struct admin_resp *resp,
				 const char *id,
				 const struct trace_owners *owners);
/* For qsort(3), of pointers. */
int rest_told_by_time(const void *pa, const void *pb);
/* The members of a message but its time; text false: without all of it. */
void rest_told_write(struct jsonw *json, const struct trace_msg *msg,
		     bool text);
/* id: of the trace, where there may be several; or NULL. */
void rest_trace_message(struct jsonw *json, const struct trace_msg *msg,
			uint64_t first_us, const char *id);

/* An id, and when something was last said. */
struct rest_known {
	char id[REST_TRACE_ID_LEN + 1];
	uint64_t last_ms;
};

struct rest_knowns {
	struct rest_known list[REST_LIMIT_MAX * 2];
	size_t n;
};

/* Whose: call, or tenant with user, device of it, or connection. False: it is
 * not said, and resp is a 400 that asks for it as `whose`. */
bool rest_trace_label(char label[TRACE_LABEL_MAX + 1],
		      const struct admin_req *req, struct admin_resp *resp,
		      const char *whose);
/* Its latest, newest first. */
bool rest_trace_by_label(struct rest_knowns *knowns, struct admin *admin,
			 struct admin_resp *resp, const char *label);

#endif
