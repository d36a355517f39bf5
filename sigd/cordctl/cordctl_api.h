/*
 * cordctl_api.h  Asking a running Cordboard: GET /v1/... and what it answers
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CORDCTL_CORDCTL_API_H
#define SIGD_CORDCTL_CORDCTL_API_H

#include <re.h>

#include "sigd/cordctl/cordctl.h"
#include "sigd/cordctl/cordctl_table.h"

struct jsonr;
struct jsonr_val;

enum {
	CORDCTL_URL_MAX = 2048,
	CORDCTL_TOKEN_MAX = 8192,
	CORDCTL_WORDS_MAX = 4,
	CORDCTL_ID_MAX = 1024,
	CORDCTL_AREAS_MAX = 8, /* docs/openapi.yaml */
};

#define CORDCTL_URL "http://127.0.0.1:8080"

/* What the things of a list have to be: the words of REST's queries. Borrowed
 * texts; NULL: not given. */
struct cordctl_filter {
	const char *search, *state, *kind, *since, *until, *mos_below;
	const char *caller, *callee, *number, *call_id, *code, *reason;
	const char *address, *agent, *name, *source, *worker;
};

/* How something is to be done; as well. */
struct cordctl_how {
	const char *node, *move, *lasts, *by;
	const char *area[CORDCTL_AREAS_MAX]; /* "sigd/proxy=debug" */
	size_t nareas;
	bool keep, disconnect;
};

/* What was asked for on the command line. */
struct cordctl_remote {
	const char *url, *token_file, *ca;
	const char *tenant, *user, *device, *connection, *call, *limit;
	const char *daemon;
	struct cordctl_filter filter;
	struct cordctl_how how;
	bool json, follow, recent;
	const char *word[CORDCTL_WORDS_MAX]; /* behind the command */
	int nwords;
};

/* An answer: code is CORDCTL_OK and doc is there, or stderr has said why not. */
struct cordctl_answer {
	int code;
	unsigned http; /* 0: none came */
	struct mbuf *body;
	struct jsonr *doc; /* NULL: there is no body */
};

/* path: behind the URL, from cordctl_path(). body: JSON, or NULL. Release with
 * cordctl_answer_close(). */
struct cordctl_answer cordctl_ask(const struct cordctl_remote *remote,
				  const char *method, const char *path,
				  const char *body);
void cordctl_answer_close(struct cordctl_answer *answer);
/* As it came, with a line end. */
void cordctl_raw(const struct cordctl_answer *answer);

/* For %H with a const char *: percent-encoded as a part of a path or query. */
int cordctl_escape(struct re_printf *pf, const char *text);
/* "/v1/..." with %H of its parts. What does not fit, here or in a query, makes
 * it "", which stays so, and cordctl_ask() says CORDCTL_USAGE: of half a
 * question the answer would be another one. */
void cordctl_path(char path[CORDCTL_URL_MAX], const char *fmt, ...);
/* "?name=value" or "&name=value" onto a path; nothing when value is NULL. */
void cordctl_query(char path[CORDCTL_URL_MAX], const char *name,
		   const char *value);

/* Text of a member, "a.b" of one in it; numbers too, and yes or no. In buf, or "" when it is
 * not there. Returns buf. */
const char *cordctl_text(char buf[CORDCTL_CELL_MAX],
			 const struct jsonr_val *val, const char *path);
/* The array of this name, or `items`. */
const struct jsonr_val *cordctl_list(const struct cordctl_answer *answer,
				     const char *name);
/* "10:20:30" of an RFC 3339 time, with the date when it is not of today (UTC). */
const char *cordctl_time(char buf[CORDCTL_CELL_MAX],
			 const struct jsonr_val *val, const char *path);

/* --- cordctl_pages.c ------------------------------------------------------------ */

/* A row of what a list has; cells: as many as there are heads. */
typedef void(cordctl_cells_h)(char cells[][CORDCTL_CELL_MAX],
			      const struct jsonr_val *val);

struct cordctl_form {
	const char *name; /* of the array */
	const char *const *heads;
	size_t n;
	cordctl_cells_h *cellsh;
};

/* One connection (cordctl_lists.c). */
extern const struct cordctl_form cordctl_connection;

/* How many are wanted; 0: all, or what is no number, which the other side shall
 * say. */
unsigned long cordctl_limit(const struct cordctl_remote *remote);
/* GET path, one page after the other, or as many as `limit` says, as a table or
 * as JSON. An exit code. */
int cordctl_pages(const struct cordctl_remote *remote, const char *path,
		  const struct cordctl_form *form);
/* The same of a list of which one may come with two pages: the table has each
 * once. idh writes what tells it from the others. */
typedef void(cordctl_id_h)(char id[CORDCTL_ID_MAX],
			   const struct jsonr_val *val);
int cordctl_pages_once(const struct cordctl_remote *remote, const char *path,
		       const struct cordctl_form *form, cordctl_id_h *idh);
/* One answer as a table; name NULL: its one row is the answer itself. */
int cordctl_page_print(const struct cordctl_answer *answer,
		       const struct cordctl_form *form);
/* Asks, and prints the answer: as JSON when that is wanted, else as a table.
 * An exit code. */
int cordctl_do(const struct cordctl_remote *remote, const char *method,
	       const char *path, const char *body,
	       const struct cordctl_form *form);

/* --- the commands; each an exit code ------------------------------------------- */

typedef int(cordctl_remote_h)(const struct cordctl_remote *remote);
cordctl_remote_h cordctl_remote_calls, cordctl_remote_call,
	cordctl_remote_hangup, cordctl_remote_trace,
	cordctl_remote_registrations, cordctl_remote_connections,
	cordctl_remote_nodes, cordctl_remote_drain, cordctl_remote_undrain,
	cordctl_remote_log, cordctl_remote_latency, cordctl_remote_traces,
	cordctl_remote_alarms, cordctl_remote_refused, cordctl_remote_tenants,
	cordctl_remote_reload, cordctl_remote_levels, cordctl_remote_force,
	cordctl_remote_register, cordctl_remote_unregister,
	cordctl_remote_disconnect, cordctl_remote_pause, cordctl_remote_resume;
/* route explain --api; question: as JSON. */
int cordctl_remote_explain(const struct cordctl_remote *remote,
			   const struct mbuf *question);

/* argv[0] is the command. -1: it is none of these. */
int cordctl_remote(int argc, char **argv);
/* Their names, for who has mistyped one; NULL behind the last. */
const char *cordctl_remote_name(size_t i);

#endif
