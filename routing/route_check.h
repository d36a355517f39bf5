/*
 * route_check.h  What people ask of a table before it serves: where would this
 *                request go, do its tests pass, which of its rules are of no
 *                use
 *
 * A question in text is one notion everywhere: `when` of a test in the table,
 * the body of POST /v1/routes/explain, a line of a file of calls.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_CHECK_H
#define ROUTING_ROUTE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cfg_schema.h"
#include "routing/route.h"

enum {
	ROUTE_TESTS_MAX = 1000, /* of a tenant */
	ROUTE_TESTS_MS = 5000,  /* all of a table may take */
};

/* A question, as it was written; NULL: not said. */
struct route_ask {
	struct cfg_pos pos;
	const char *tenant; /* not of a test: it is its own */
	const char *from;   /* `users`, or a connection */
	const char *method, *caller, *callee;
	struct sa source; /* not set: not known */
	const char *time; /* route_ask_time() */
	struct route_ask_header *headers;
	uint32_t nheaders;
	struct route_ask_health *health;
	uint32_t nhealth;
	uint64_t seed;
};

struct route_ask_header {
	const char *name, *value;
};

/* Connections that are not up. */
struct route_ask_health {
	const char *name;
	enum route_state state;
};

/* "2026-12-24T18:00:00+01:00", "2026-12-24T17:00:00Z" (RFC 3339). */
bool route_ask_time(uint64_t *unix_s, const char *text);
/* Of a question that says none: a Monday, at noon (UTC). */
#define ROUTE_ASK_TIME "2026-01-05T12:00:00Z"

/* By itself: YAML or JSON, {callee: "100", caller: alice}. */
struct route_ask_cfg {
	struct arena *mem;
	struct route_ask ask;
};
extern const struct cfg_table route_ask_table;
/* name stands in errors. The caller owns *askp. */
int route_ask_parse(struct route_ask_cfg **askp, const char *name,
		    const char *text, size_t len, struct cfg_errors *errs)
	__attribute__((warn_unused_result));

/*
 * The question, made for route_decide(); it borrows from both. tenant NULL:
 * the one that it names, or the only one of the table. query->arg is the ask.
 * EINVAL: an error was added, for a name that is not there.
 */
int route_ask_query(struct route_query *query, const struct route_ask *ask,
		    const struct route_table *table,
		    const struct route_tenant *tenant, struct cfg_errors *errs);

/* What a test expects; what is not said is not looked at. */
struct route_expect {
	const char *route; /* "users": none of the rules */
	const char **to;   /* the first targets, in order */
	uint32_t nto;
	uint32_t targets; /* how many; 0: not said */
	uint16_t code;    /* of a rejection or redirection; 0: not said */
	const char *callee, *caller; /* that the first target is told */
	struct route_ask_header *headers; /* ... "": it is taken away */
	uint32_t nheaders;
	const char **left_out; /* connections that are not tried */
	uint32_t nleft_out;
};

/* An entry of `tests`. */
struct route_test {
	struct cfg_pos pos;
	const char *name;
	struct route_ask when;
	struct route_expect expect;
};

/*
 * Warns of rules that no request reaches, as an earlier one takes all of
 * theirs. Each is compared with all before it, in a tenant of more than 3000
 * with a hundred of those alone that are not about a number. It takes half a
 * second at most: *left (or NULL) is how many rules were not compared, then.
 * ENOMEM.
 */
int route_warnings(const struct route_table *table, uint32_t *left,
		   struct cfg_errors *errs);

/* "pbx", "alice", "echo"; "reject" and "redirect" for
 * answers. */
const char *route_target_name(const struct route_target *target);

/* Asked between two tests; NULL: no limit of time. */
struct route_check_clock {
	uint64_t (*now_ms)(void *arg);
	void *arg;
};

/* Runs all tests of all tenants. EINVAL: one has failed, or there was no time
 * for all; errs has what was expected, what came, and why. *ran: how many. */
int route_tests_run(const struct route_table *table,
		    const struct route_check_clock *clock, uint32_t *ran,
		    struct cfg_errors *errs);

#endif
