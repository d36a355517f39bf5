/*
 * route_match.h  Which requests a rule is for: conditions, each of a kind
 *
 * A kind is one key of `match`: a row of the table in route_cond.c, with what
 * loads it, what tests it, and the words for when it does not hold. To add
 * one: its members in struct route_match, its fields in route_match_cfg.c, a
 * file with its functions, a row.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_MATCH_ROUTE_MATCH_H
#define ROUTING_MATCH_ROUTE_MATCH_H

#include "routing/match/route_cond_facts.h"
#include "routing/route.h"
#include "routing/text/route_regex.h"

struct arena;

/* In `from`, beside names of connections: a user of the tenant; a route of
 * another tenant that led here. */
#define ROUTE_FROM_USERS   "users"
#define ROUTE_FROM_TENANTS "tenants"

enum {
	ROUTE_NEST_MAX = 4, /* any, all and not within each other */
	ROUTE_CONDS_MAX = 32, /* kinds */
	ROUTE_PREFIXES_MAX = 1000, /* of one `prefix` */
};

/* Bit numbers of methods. */
enum route_method {
	ROUTE_INVITE = 1,
	ROUTE_MESSAGE,
	ROUTE_SUBSCRIBE,
	ROUTE_PUBLISH,
	ROUTE_REFER,
	ROUTE_OPTIONS,
	ROUTE_NOTIFY,
	ROUTE_INFO,
	ROUTE_OTHER,
};

/* `header`: a pattern for one of its values. */
struct route_match_header {
	const char *name, *pattern;
	struct cfg_pos pos;
};

/* As it stands in the file; what is absent is NULL or 0. */
struct route_match {
	struct cfg_pos pos;
	enum route_method *method;
	uint32_t nmethod;
	const char **from; /* names of connections, "users", "tenants" */
	uint32_t nfrom;
	const char *caller, *callee; /* patterns */
	const char **prefix;
	uint32_t nprefix;
	struct route_match_header *header;
	uint32_t nheader;
	struct route_match_facts facts; /* route_cond_facts.h */
	struct route_match *any, *all, *not;
	uint32_t nany, nall;
};

extern const struct cfg_table route_match_table; /* route_match_cfg.c */

/* A name that a header may have. */
bool route_check_header(const char *text, char *why, size_t size);

/* ROUTE_OTHER when it is none that rules can name. */
enum route_method route_method_of(const struct pl *name);
const char *route_method_name(enum route_method method);

/* --- conditions ------------------------------------------------------------ */

struct route_cond_kind;

struct route_cond {
	const struct route_cond_kind *kind;
	void *data; /* of its kind */
	uint32_t n; /* the same; of data's entries, or bits */
};

/* All of them must hold; none: always. */
struct route_conds {
	struct route_cond *list;
	uint32_t n;
};

/* While a `match` is loaded. */
struct route_cond_load {
	const struct route_table *table;
	const struct route_tenant *tenant; /* its users and connections are
					      loaded, and all its maps */
	struct arena *mem; /* lives as long as the table */
	struct cfg_errors *errs;
	const struct cfg_pos *pos; /* of the rule */
	unsigned depth;            /* 0: not within any, all, not */
};

/* What a request's numbers are now, and what patterns found in them. */
struct route_input {
	const struct route_table *table;
	const struct route_query *query; /* as it was asked */
	const struct route_tenant *tenant; /* whose rules are walked */
	bool foreign;          /* not that of the query: who calls is neither
				  a user nor a connection of this one */
	uint32_t method;       /* bit */
	struct pl caller, callee; /* rewritten by rules before */
	/* of the patterns of the match itself, not of those within any, all
	 * and not: group 0 is always all of the number */
	struct route_captures in_caller, in_callee;
	struct route_input_facts facts;
};

struct route_cond_kind {
	const char *key;   /* in `match`; NULL ends the table */
	const char *words; /* when it does not hold */
	/* ENOENT: match does not have the key. EINVAL: an error was added. */
	int (*load)(struct route_cond *cond, struct route_cond_load *load,
		    const struct route_match *match);
	enum route_hit (*test)(const struct route_cond *cond,
			       struct route_input *input);
	/* What data holds beside memory of load->mem; NULL: nothing. */
	void (*close)(struct route_cond *cond);
	/* Why it did not hold, with what was compared; NULL: words do. */
	int (*say)(struct re_printf *pf, const struct route_cond *cond,
		   struct route_input *input);
};

extern const struct route_cond_kind route_cond_kinds[];

/* EINVAL: an error was added. route_conds_close() in any case. */
int route_conds_load(struct route_conds *conds, struct route_cond_load *load,
		     const struct route_match *match);
void route_conds_close(struct route_conds *conds);

/* *cond: the first that does not hold. Captures are written on ROUTE_HIT. */
enum route_hit route_conds_test(const struct route_conds *conds,
				struct route_input *input,
				const struct route_cond **cond);

/* The condition of this kind, at the top; NULL: there is none. */
const struct route_cond *route_conds_find(const struct route_conds *conds,
					  const char *key);

/* --- kinds ------------------------------------------------------------------- */

/* route_cond_who.c */
int route_cond_method_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match);
enum route_hit route_cond_method_test(const struct route_cond *cond,
				      struct route_input *input);
int route_cond_from_load(struct route_cond *cond, struct route_cond_load *load,
			 const struct route_match *match);
enum route_hit route_cond_from_test(const struct route_cond *cond,
				    struct route_input *input);

/* route_cond_prefix.c: of the callee */
int route_cond_prefix_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match);
enum route_hit route_cond_prefix_test(const struct route_cond *cond,
				      struct route_input *input);

/* route_cond_pattern.c */
int route_cond_caller_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match);
enum route_hit route_cond_caller_test(const struct route_cond *cond,
				      struct route_input *input);
int route_cond_callee_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match);
enum route_hit route_cond_callee_test(const struct route_cond *cond,
				      struct route_input *input);
void route_cond_pattern_close(struct route_cond *cond);
/* How many groups the pattern has; 0 for NULL. */
unsigned route_cond_groups(const struct route_cond *cond);

/* route_cond_header.c */
int route_cond_header_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match);
enum route_hit route_cond_header_test(const struct route_cond *cond,
				      struct route_input *input);
void route_cond_header_close(struct route_cond *cond);

/* route_cond_tree.c: any, all, not */
int route_cond_any_load(struct route_cond *cond, struct route_cond_load *load,
			const struct route_match *match);
enum route_hit route_cond_any_test(const struct route_cond *cond,
				   struct route_input *input);
int route_cond_all_load(struct route_cond *cond, struct route_cond_load *load,
			const struct route_match *match);
enum route_hit route_cond_all_test(const struct route_cond *cond,
				   struct route_input *input);
int route_cond_not_load(struct route_cond *cond, struct route_cond_load *load,
			const struct route_match *match);
enum route_hit route_cond_not_test(const struct route_cond *cond,
				   struct route_input *input);
void route_cond_tree_close(struct route_cond *cond);
/* route_cond_say.c: why one did not hold */
#define ROUTE_COND_SAY(name)                                 \
	int route_cond_##name##_say(struct re_printf *pf,    \
				    const struct route_cond *cond, \
				    struct route_input *input)
ROUTE_COND_SAY(callee);
ROUTE_COND_SAY(caller);
ROUTE_COND_SAY(prefix);
ROUTE_COND_SAY(method);
ROUTE_COND_SAY(not);
/* ... in the files of these */
ROUTE_COND_SAY(from);
ROUTE_COND_SAY(header);
/* In quotes, cut, and nothing but ASCII; "a, b, c". */
int route_say_text(struct re_printf *pf, const struct pl *text);
int route_say_names(struct re_printf *pf, const char *const *names,
		    uint32_t n);

int route_cond_tree_say(struct re_printf *pf, const struct route_cond *cond,
			struct route_input *input);

#endif
