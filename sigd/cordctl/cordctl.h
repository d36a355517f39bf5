/*
 * cordctl.h  The command line tool: what its commands share
 *
 *   cordctl route check FILE...
 *   cordctl route explain FILE [--caller A] --callee B ...
 *   cordctl route diff OLD NEW [CALLS]
 *   cordctl route bench FILE [CALLS]
 *   cordctl token
 *   cordctl calls, call ID, trace ...   cordctl_api.h: of one that runs
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CORDCTL_CORDCTL_H
#define SIGD_CORDCTL_CORDCTL_H

#include <getopt.h>
#include <stdbool.h>
#include <re.h>

struct cfg_errors;
struct cfg_node;
struct route_ask;
struct route_ask_cfg;
struct route_plan;
struct route_query;
struct route_table;

/* Exit codes, also in cordctl(1). */
enum {
	CORDCTL_OK = 0,
	CORDCTL_WRONG = 1, /* a mistake, a failed test, another way, not all */
	CORDCTL_USAGE = 64,
	CORDCTL_INPUT = 66, /* a file cannot be read */
	CORDCTL_AWAY = 69, /* nobody answers there, or not now */
	CORDCTL_SYSTEM = 71,
	CORDCTL_OUTPUT = 74, /* what was printed did not get there */
	CORDCTL_DENIED = 77 /* the token is not right, or not for this */
};

struct cordctl_opts {
	bool json, colour, strict;
	bool api; /* a running Cordboard is asked: */
	const char *url, *token_file, *ca; /* NULL: not given */
	struct mbuf *ask; /* of --callee and so on, as JSON; empty: none */
	char **files;
	int nfiles;
};

typedef int(cordctl_run_h)(const struct cordctl_opts *opts);
cordctl_run_h cordctl_check, cordctl_explain, cordctl_diff, cordctl_bench;

/* A new token of REST and its hash, to stdout. */
int cordctl_token(bool json);

/* --- cordctl_opt.c ------------------------------------------------------------ */

/* getopt_long(3) takes --call for --caller, and so would answer another
 * question. False: stderr says which there is not. */
bool cordctl_whole(const struct option *options, int argc, char **argv);
void cordctl_unknown(const char *what, const char *name,
		     const char *const *names, size_t n);
/* Of a list of names with a blank between. */
bool cordctl_among(const char *name, const char *list);

/* --- cordctl_out.c ----------------------------------------------------------- */

/* Nobody gets what is printed: it need not be asked for. */
bool cordctl_unread(void);
/* The exit code of a command that says code; CORDCTL_OUTPUT, and stderr has
 * why, when what it printed did not get there. */
int cordctl_out(int code);

/* --- cordctl_load.c ---------------------------------------------------------- */

/* Loads a table; what is wrong with it goes to stderr. NULL: *code is the exit
 * code. The caller owns the table. */
struct route_table *cordctl_load(const char *path, int *code);
/* To stderr, in colours where these are wanted. */
void cordctl_say(const struct cfg_errors *errs);

/* --- cordctl_calls.c: a file of calls, or the tests of a table ----------------- */

/* nr: the line of the file; what: name of the test, NULL for a call. ask is
 * borrowed for the call. Not 0 ends it, and is returned. */
typedef int(cordctl_call_h)(const struct route_ask *ask, unsigned nr,
			    const char *what, void *arg);

/* JSON lines (questions, or calls that were), or CSV with a first line of
 * names. EINVAL: a line is wrong, and
 * stderr says why; ENOENT and so on: it cannot be read. */
int cordctl_calls(const char *path, cordctl_call_h *callh, void *arg);
int cordctl_tests(const struct route_table *table, cordctl_call_h *callh,
		  void *arg);

/* --- cordctl_recorded.c: calls that were ---------------------------------------- */

/* A question, as JSON. */
typedef int(cordctl_text_h)(const char *text, size_t len, void *arg);

/* Of a call or the list of GET /v1/calls, or of a CDR's fields. ENOENT: it is
 * none of these; EBADMSG: it does not tell who was called. */
int cordctl_recorded(const struct cfg_node *root, cordctl_text_h *texth,
		     void *arg);

/* --- cordctl_plan.c ---------------------------------------------------------- */

/* Where it goes in one line, the same for the same way: "pbx, then backup". */
int cordctl_way(struct re_printf *pf, const struct route_plan *plan);
/* Every rule considered and why not, what was rewritten, the targets in order
 * and what would be sent. Decides, too. */
int cordctl_ladder(const struct route_table *table,
		   const struct route_query *query, bool colour);

#endif
