/*
 * cfg_error.h  All that is wrong with a configuration, in order of place
 *
 *   r.yaml:12:9: unknown key "calee", expected ..., did you mean "callee"?
 *   r.yaml:20:5: warning: connection "old" is never used
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CFG_ERROR_H
#define COMMON_CFG_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct re_printf;

struct cfg_errors;

/* A place in a file. line 0: the file as a whole. */
struct cfg_pos {
	const char *file;   /* borrowed; NULL: no file */
	uint32_t line, col; /* from 1, in characters */
};

/* Further errors are counted, not kept; and so are further warnings. */
enum {
	CFG_ERRORS_MAX = 100,
	CFG_ERROR_TEXT_MAX = 400,
	CFG_ERROR_MORE_MAX = 4000
};

/* The caller owns *errsp. */
int cfg_errors_alloc(struct cfg_errors **errsp);

/*
 * Takes a NULL errs (nobody wants to know). Control characters are shown as
 * "?", the text is cut at CFG_ERROR_TEXT_MAX bytes. Never give it a secret.
 */
void cfg_errors_add(struct cfg_errors *errs, const struct cfg_pos *pos,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for what is no mistake for certain: it is told and nothing more. */
void cfg_errors_warn(struct cfg_errors *errs, const struct cfg_pos *pos,
		     const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A name that nothing has. */
struct cfg_absent {
	const char *key;  /* where it stands: "connection" */
	const char *what; /* that is not there: "connection" */
	const char *name;
	const char *const *names; /* that there are */
	size_t count;
};

/* "connection: there is no connection "pxb", expected one of lab, pbx, did you
 * mean "pbx"?" */
void cfg_errors_absent(struct cfg_errors *errs, const struct cfg_pos *pos,
		       const struct cfg_absent *absent);

/* Lines that go with what was added last, such as an explanation; cut at
 * CFG_ERROR_MORE_MAX bytes. */
void cfg_errors_more(struct cfg_errors *errs, const char *text);

/* How many were added. */
size_t cfg_errors_count(const struct cfg_errors *errs);
size_t cfg_errors_warnings(const struct cfg_errors *errs);

/* One line each, what goes with it below and indented; for %H. */
int cfg_errors_print(struct re_printf *pf, const struct cfg_errors *errs);

/* One of them, borrowed. */
struct cfg_problem {
	struct cfg_pos pos;
	bool warning;
	const char *text;
	const char *more; /* lines; NULL: none */
	const char *field; /* JSON pointer into what was sent; NULL: not told */
};
/* The nr-th that was kept, in order of place; false behind the last. Going
 * through all of them this way is for lists this short. */
bool cfg_errors_at(const struct cfg_errors *errs, size_t nr,
		   struct cfg_problem *problem);

/* {"severity": "error", "file": .., "line": .., "column": .., "text": ..,
 * "field": .., "explanation": ..}, and all of them as a list; for %H. */
int cfg_problem_json(struct re_printf *pf, const struct cfg_problem *problem);
int cfg_errors_json(struct re_printf *pf, const struct cfg_errors *errs);

#endif
