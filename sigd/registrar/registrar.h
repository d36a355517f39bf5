/*
 * registrar.h  Bindings in Redis: one REGISTER is one round trip
 *
 * One script checks the nonce count, the order of CSeq and the limits, drops
 * what has ended, writes the bindings and returns what is bound now. What has
 * ended is in no answer; it is told once, by a REGISTER that comes after it or
 * by registrar_expire().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_REGISTRAR_REGISTRAR_H
#define SIGD_REGISTRAR_REGISTRAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "sigd/registrar/reg_request.h"

struct redis_link;

enum { REGISTRAR_BINDINGS_MAX = 32 };

/* The flow of a device that has not come back in time. */
struct registrar_late {
	size_t flow_len;
	uint8_t flow[BINDING_FLOW_MAX];
};

/* A user's bindings, best q first. */
struct registrar_list {
	enum status code;
	uint64_t now_ms; /* Redis' clock, to tell what is left */
	bool added, removed; /* by this REGISTER: a device that was not there,
				or one that was */
	bool sooner; /* one is to come back sooner than it said before */
	bool look;   /* whoever is to look for one may not know of it */
	bool calls;  /* the user is in calls (aor_calls.h) */
	size_t nlate;
	struct registrar_late late[REGISTRAR_BINDINGS_MAX];
	size_t n;
	struct binding bindings[REGISTRAR_BINDINGS_MAX];
};

/*
 * code: STATUS_OK; STATUS_AUTH_STALE (the nonce count was used before);
 * STATUS_BAD_CSEQ; STATUS_BINDING_LIMIT; STATUS_REDIS_DOWN; list is valid
 * during the call.
 */
typedef void(registrar_h)(const struct registrar_list *list, void *arg);

/* Whose bindings. */
struct registrar_aor {
	struct pl tenant;
	struct pl user; /* unescaped; of a connection: its name */
	bool connection; /* that registers with us (route_conn.h) */
};

/* The proof of who asks: a use of a nonce that is to be counted. */
struct registrar_proof {
	const char *nonce_id; /* NULL: none to count */
	uint32_t nc;
	uint32_t life_ms;
};

/*
 * A question under way. The caller owns it: the handler is called once, later,
 * unless the caller ends it before with mem_deref(). Doing so inside the
 * handler is fine. Errors: ENOTCONN (Redis is away), EOVERFLOW (names too
 * long), ENOMEM.
 */
struct registrar_ask;

struct registrar_params {
	struct redis_link *link;
	struct registrar_aor aor;
	struct registrar_proof proof;
	/* For its log: pairs that tell where from (journal_row.h); NULL: it is
	 * not kept. */
	const char *said;
	registrar_h *h;
	void *arg;
};

int registrar_register(struct registrar_ask **askp,
		       const struct registrar_params *params,
		       const struct reg_request *req,
		       const struct reg_limits *limits);

/* What is bound now; the proof is not looked at. */
int registrar_lookup(struct registrar_ask **askp,
		     const struct registrar_params *params);

/* What has ended goes, into the log and list->late; what is bound is as it was.
 * The proof is not looked at. */
int registrar_expire(struct registrar_ask **askp,
		     const struct registrar_params *params);

/* When the first of these ends, in ms from now; 0: there is none. */
uint32_t registrar_first_ms(const struct registrar_list *list);

/* Count a use of a nonce for a request other than REGISTER: STATUS_OK or
 * STATUS_AUTH_STALE, list->n is 0. */
int registrar_count_nonce(struct registrar_ask **askp,
			  const struct registrar_params *params);

/* A flow is gone: its bindings go, unless they have moved to another flow
 * already. Nobody is told; said: as above. */
int registrar_flow_gone(struct redis_link *link,
			const struct registrar_aor *aor, const uint8_t *flow,
			size_t flow_len, const char *said);

#endif
