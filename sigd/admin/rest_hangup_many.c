/*
 * rest_hangup_many.c  POST /v1/calls/hangup: all calls of a tenant, a user or a
 *                     connection end
 *
 * There may be thousands: they are gone through a few at a time, and all
 * others are served in between.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "common/admin_later.h"
#include "common/countof.h"
#include "common/id.h"
#include "common/jsonr.h"
#include "sigd/admin/rest_calls_walk.h"
#include "sigd/admin/rest_hangup.h"

enum {
	AGAIN_MS = 1500, /* the last one has ended by then */
	GAP_MS = 10,     /* between two: 100 a second */
	MANY_MAX = 5000, /* of one order */
	NAMES_MAX = 5000, /* that are looked at together */
	SLICE = 50,      /* of a turn */
	TURN_MS = 1,
	MOST_MS = 30000,
};

struct many {
	struct admin *admin;
	struct admin_resp *resp; /* of this turn */
	char tenant[COOKIE_TENANT_MAX + 1];
	char user[CALL_TEXT_MAX], conn[CALL_CONN_MAX + 1];
	struct call_record *rec;
	struct rest_calls_walk walk;
	char (*calls)[ID_LEN + 1]; /* of the tenant; some may fit */
	size_t n, next;
	char (*ended)[ID_LEN + 1]; /* that did */
	size_t found, sorted;	   /* the first of them are in order */
	bool listed; /* `calls` are all, or as many as there is room for */
	bool left;   /* one more fits than an order may have */
};

static void destructor(void *data)
{
	struct many *many = data;

	mem_deref(many->rec);
	mem_deref(many->calls);
	mem_deref(many->ended);
}

static bool word(char *to, size_t size, const struct jsonr_val *val)
{
	const char *text = jsonr_str(val);

	if (!val)
		return true;
	if (!text || !text[0] || strlen(text) >= size)
		return false;
	str_ncpy(to, text, size);
	return true;
}

static bool root_read(struct many *many, const struct jsonr_val *root)
{
	const struct {
		bool ok;
		const char *field, *detail;
	} rows[] = {
		{word(many->tenant, sizeof(many->tenant),
		      jsonr_get(root, "tenant")) &&
			 many->tenant[0],
		 "#/tenant", "Whose calls; it is wanted."},
		{word(many->user, sizeof(many->user), jsonr_get(root, "user")),
		 "#/user", "A text, if it is there."},
		{word(many->conn, sizeof(many->conn),
		      jsonr_get(root, "connection")),
		 "#/connection", "A text, if it is there."},
	};

	for (size_t i = 0; i < COUNTOF(rows); i++) {
		if (rows[i].ok)
			continue;
		admin_resp_field(many->resp, 422, rows[i].field,
				 rows[i].detail);
		return false;
	}
	return true;
}

static bool body_read(struct many *many, const struct admin_req *req)
{
	static const char *const members[] = {"tenant", "user", "connection",
					      NULL};
	struct jsonr *doc = NULL;
	bool ok;

	if (!rest_body(&doc, members, req, many->resp))
		return false;
	ok = root_read(many, jsonr_root(doc));
	mem_deref(doc);
	return ok;
}

/* A side of this tenant, which is this user's device, or this connection; "":
 * anybody's, any. */
static bool side_is(const struct many *many, unsigned nr, const char *user,
		    const char *conn)
{
	const struct call_side *side = &many->rec->side[nr];

	return !strcmp(call_tenant(many->rec, nr), many->tenant) &&
	       (!*user || (!side->conn[0] && !strcmp(side->user, user))) &&
	       (!*conn || !strcmp(side->conn, conn));
}

static bool fits(const struct many *many)
{
	const char *user = many->user, *conn = many->conn;

	if (*user && *conn) /* one each */
		return (side_is(many, 0, "", conn) &&
			side_is(many, 1, user, "")) ||
		       (side_is(many, 1, "", conn) &&
			side_is(many, 0, user, ""));
	return side_is(many, 0, user, conn) || side_is(many, 1, user, conn);
}

/* --- which there are ---------------------------------------------------------- */

static void on_call(const char *call, void *arg)
{
	struct many *many = arg;

	if (many->n < NAMES_MAX)
		str_ncpy(many->calls[many->n++], call, ID_LEN + 1);
}

static int by_call(const void *pa, const void *pb)
{
	return strcmp(pa, pb);
}

/* The walk may tell one twice, and each is counted. */
static void once(struct many *many)
{
	size_t n = 0;

	if (many->n)
		qsort(many->calls, many->n, sizeof(many->calls[0]), by_call);
	for (size_t i = 0; i < many->n; i++) {
		if (n && !strcmp(many->calls[n - 1], many->calls[i]))
			continue;
		if (n != i)
			memcpy(many->calls[n], many->calls[i], ID_LEN + 1);
		++n;
	}
	many->n = n;
}

/* A step of it. False: resp is an error. */
static bool list_some(struct many *many)
{
	if (!rest_calls_walk_step(&many->walk, many->admin, many->resp, on_call,
				  many))
		return false;
	many->listed = many->n + REST_CALLS_STEP > NAMES_MAX ||
		       rest_calls_walk_ended(&many->walk);
	if (many->listed)
		once(many);
	return true;
}

/* Those that were listed are gone through, and there are others: most of them
 * may be of other users. */
static void list_on(struct many *many)
{
	if (many->found)
		qsort(many->ended, many->found, sizeof(many->ended[0]),
		      by_call);
	rest_calls_walk_back(&many->walk, many->found - many->sorted);
	many->sorted = many->found;
	many->n = many->next = 0;
	many->listed = false;
}

/* --- their end ---------------------------------------------------------------- */

/* Of an earlier list: what is told twice is counted once. */
static bool was_ended(const struct many *many, const char *call)
{
	return many->sorted &&
	       bsearch(call, many->ended, many->sorted, sizeof(many->ended[0]),
		       by_call);
}

static bool end_one(struct many *many, const char *call)
{
	struct rest_order order = {.verb = NULL};
	bool there;

	if (was_ended(many, call))
		return true;
	if (!rest_call_load(many->rec, &there, many->admin, many->resp, call))
		return false;
	if (!there || !fits(many))
		return true;
	if (many->found == MANY_MAX) {
		many->left = true;
		return true;
	}
	str_ncpy(many->ended[many->found++], call, ID_LEN + 1);
	if (many->rec->state == CALL_UP)
		return rest_hangup_up(call, (uint32_t)many->found * GAP_MS,
				      many->admin, many->resp);
	return rest_hangup_setup(&order, many->rec, many->admin, many->resp);
}

/* Some of them. False: resp is an error. */
static bool end_some(struct many *many)
{
	for (size_t i = 0; i < SLICE && many->next < many->n && !many->left;
	     i++) {
		if (!end_one(many, many->calls[many->next++]))
			return false;
	}
	return true;
}

static bool is_whole(const struct many *many)
{
	return many->left || (many->listed && many->next == many->n &&
			      rest_calls_walk_ended(&many->walk));
}

static void answer(const struct many *many)
{
	struct jsonw json;

	many->resp->status = 202;
	jsonw_init(&json, many->resp->mb);
	jsonw_object(&json, NULL);
	jsonw_uint(&json, "calls", many->found);
	jsonw_uint(&json, "within_ms", many->found * GAP_MS + AGAIN_MS);
	jsonw_bool(&json, "more", many->left || !is_whole(many));
	jsonw_end(&json);
	rest_done(&json, many->resp);
}

static bool on_turn(const struct admin_req *req, struct admin_resp *resp,
		    bool late, void *arg)
{
	struct many *many = arg;

	(void)req;
	many->resp = resp;
	if (!(many->listed ? end_some(many) : list_some(many)))
		return true;
	if (!late && !is_whole(many)) {
		if (many->listed && many->next == many->n)
			list_on(many);
		return false;
	}
	answer(many);
	return true;
}

static void end_all(struct many *many)
{
	static const struct admin_later_cfg later = {on_turn, TURN_MS, MOST_MS};

	many->walk.tenant = many->tenant;
	many->rec = mem_alloc(sizeof(*many->rec), NULL);
	many->calls = mem_alloc(NAMES_MAX * sizeof(*many->calls), NULL);
	many->ended = mem_alloc(MANY_MAX * sizeof(*many->ended), NULL);
	if (many->rec && many->calls && many->ended)
		admin_later(many->resp, &later, many);
	else
		admin_resp_problem(many->resp, 503, "Out of memory.");
}

void rest_hangup_many(const struct admin_req *req, struct admin_resp *resp,
		      void *arg)
{
	struct many *many = mem_zalloc(sizeof(*many), destructor);

	if (!many) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	many->admin = arg;
	many->resp = resp;
	if (!body_read(many, req))
		; /* resp says so */
	else if (admin_req_may_see(req, many->tenant))
		end_all(many);
	else
		admin_resp_problem(resp, 403, "The token is another tenant's.");
	mem_deref(many);
}
