/*
 * route_plan.h  What a routing table answers: where a request goes, in order,
 *               as what, and why
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_PLAN_H
#define ROUTING_ROUTE_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_error.h"
#include "common/status.h"
#include "routing/route.h"
#include "routing/route_failover.h"
#include "routing/route_group.h"
#include "routing/route_query.h"

struct route_cond;
struct route_plan;
struct route_rule;

enum {
	ROUTE_TARGETS_MAX = 8,
	ROUTE_LEFT_MAX = 16,  /* targets left out that are told */
	ROUTE_NOTES_MAX = 32,
	ROUTE_FORMS_MAX = 12, /* of a plan */
	ROUTE_HEADERS_MAX = 16, /* added and removed, of a plan */
	ROUTE_HOPS_MAX = 4,     /* tenants that one request passes */
	ROUTE_STEPS_MAX = 1000, /* that route_decide_json() tells */
	ROUTE_PLAN_TEXT = 4096, /* bytes of all that was rewritten */
};

/* --- where to ---------------------------------------------------------------- */

enum route_kind {
	ROUTE_TO_USER,       /* all devices of `user`, or `device` of these */
	ROUTE_TO_SERVICE,    /* `service` in mediad */
	ROUTE_TO_REJECT,     /* answer `code` */
	ROUTE_TO_CONNECTION, /* `connection`, or the line there of who asks;
				what fails goes to the next target */
	ROUTE_TO_REDIRECT,   /* answer `code`, 300..399, with Contact `uri` */
};

/* Of the caller's number towards a target. */
enum route_caller_shown {
	ROUTE_CALLER_PASS = 1, /* as the connection's own settings say */
	ROUTE_CALLER_WITHHOLD, /* as of somebody who asks for privacy (RFC 3323,
			      RFC 3325): From is anonymous */
};

/* A header of the request that goes out. */
struct route_header {
	const char *name; /* of the table */
	struct pl value;  /* pl_isset() false: all of that name are removed */
};

/* What a target is told instead of what was asked. */
struct route_form {
	struct pl callee, caller; /* never unset: as asked, when no rule has
				     rewritten them; not %-encoded */
	bool caller_set;          /* ... the caller's by a rule */
	struct pl display;        /* unset: as it came */
	enum route_caller_shown caller_id;
	const struct route_header *headers; /* in order: removals first */
	unsigned nheaders;
};

struct route_target {
	enum route_kind kind;
	const struct route_tenant *tenant; /* of whom this is a target: not
					      that of the query when another
					      tenant's number was called */
	const struct route_user *user; /* see route_target_is_guest() */
	const struct route_connection *connection;
	enum route_service service;
	const struct route_announcement *announcement; /* of that service */
	struct pl device;   /* ROUTE_TO_USER: name of the one that is meant
			       (+sip.instance, without <>); unset: all */
	struct pl uri;      /* of a redirection */
	enum status status; /* of a rejection */
	uint16_t code;      /* 300..699, of a rejection or redirection */
	const char *phrase; /* never NULL in these */
	uint32_t retry_s;   /* of a rejection: Retry-After; 0: none */
	const struct route_form *form; /* NULL: as asked */
	const struct route_group *group; /* that it was picked of; or NULL */
	struct route_limits limits;      /* how long it may take, and after
					    what the next one is tried */
	enum route_state health; /* as it was; ROUTE_STATE_UP: no connection */
};

/* A user or connection of another tenant than this one. */
bool route_target_is_foreign(const struct route_target *target,
			     const struct route_tenant *tenant);
/* A user whom the file does not know, but Redis may (`users_in_redis`): only
 * its name is there. */
bool route_target_is_guest(const struct route_target *target,
			   const struct route_plan *plan);
/* Nobody is called: a rejection or a redirection. */
bool route_target_answers(const struct route_target *target);

/* A connection that the rule names and that is not tried. */
struct route_left {
	const struct route_connection *connection;
	const struct route_group *group; /* that it is of; or NULL */
	enum route_pick_why why; /* ROUTE_PICK_TAKEN: there was no room */
	struct route_health health;
};

/* --- why ----------------------------------------------------------------------- */

/* Why a rule was passed by, or what a step found. */
enum route_why {
	ROUTE_WHY_MATCH,
	ROUTE_WHY_NOT,      /* `cond` does not hold */
	ROUTE_WHY_GAVE_UP,  /* a pattern cost too much: rejected */
	ROUTE_WHY_CONTINUE, /* matched: rewritten, and on to the next rule */
	ROUTE_WHY_TENANT,   /* matched: on with the rules of another tenant */
	ROUTE_WHY_HOPS,     /* ... but there were too many of these: rejected */
	ROUTE_WHY_BAD_USER, /* matched, but `to` names no user: rejected */
	ROUTE_WHY_BAD_FORM, /* matched, but what was rewritten is no number, or
			       too long: rejected */
	ROUTE_WHY_NONE_UP,  /* matched, but all targets are left out: 503 */
	ROUTE_WHY_NO_RATE,  /* matched, but none of the group's members has a
			       rate for the number: 404 */
	ROUTE_WHY_TOO_LONG, /* last step: nobody has such a number */
	ROUTE_WHY_USER,     /* last step: the callee is a user */
	ROUTE_WHY_NUMBER,   /* last step: it is the number of one */
	ROUTE_WHY_REDIS,    /* last step: Redis knows whether it is a user */
	ROUTE_WHY_NOBODY,   /* last step: it is not */
	ROUTE_WHY_REGISTRAR, /* last step: its PBX knows (route_device.h) */
	ROUTE_WHY_COUNT
};

struct route_note {
	const struct route_rule *rule; /* NULL: the last step */
	const struct route_cond *cond; /* of ROUTE_WHY_NOT */
	enum route_why why;
	const struct route_tenant *tenant; /* whose rules those are */
	bool foreign; /* ... and who calls is a stranger to them, maybe as one
			 who has come back */
	struct pl callee, caller; /* of then, when rules have rewritten them;
				     else unset: as asked */
};

/* For programs: "match", "nobody"; of a condition its key: "callee". */
const char *route_note_code(const struct route_note *note);
/* For people: "matches", "the callee does not match". */
const char *route_note_words(const struct route_note *note);
/* For %H: the same, with what was compared where that is more: "Wednesday
 * 19:05 in Europe/Berlin is outside office". The note is one of this plan;
 * that may be asked for while it is made (route_note_h). */
struct route_note_view {
	const struct route_plan *plan;
	const struct route_note *note;
};
int route_note_print(struct re_printf *pf, const struct route_note_view *view);

/* --- the plan ------------------------------------------------------------------ */

/*
 * Memory of the caller; filled by route_decide(). It points into itself, so
 * it must not be copied: who keeps it longer holds a reference. All else in it
 * is of the table.
 */
struct route_plan {
	const struct route_tenant *tenant;     /* of the query */
	const struct route_connection *from;   /* of the query */
	const struct route_rule *rule; /* that decided; NULL: the last step */
	/* what all rules on the way say: never, if one does, else always */
	enum route_recording record;
	struct route_target targets[ROUTE_TARGETS_MAX]; /* to try in order */
	unsigned ntargets;                              /* 1 or more */
	struct route_left left[ROUTE_LEFT_MAX];
	unsigned nleft;
	/* the last of the rules considered, in a ring: note i of all is
	 * notes[i % ROUTE_NOTES_MAX] */
	struct route_note notes[ROUTE_NOTES_MAX];
	uint32_t considered;
	/* the query, cut and cleaned, for the explanation */
	const struct route_table *table;
	const struct route_query *asking; /* while it is decided; then NULL */
	struct sa source; /* AF_UNSPEC: not known */
	uint64_t now;
	char method[16], caller[ROUTE_NUMBER_MAX + 1];
	char callee[ROUTE_NUMBER_MAX + 1];
	/* where `to: user` led after its captures were put in */
	char user[ROUTE_USER_MAX + 1];
	struct route_user guest; /* ... whom the file does not know */

	/* what the targets point to */
	struct route_form forms[ROUTE_FORMS_MAX];
	unsigned nforms;
	struct route_header headers[ROUTE_HEADERS_MAX];
	unsigned nheaders;
	char text[ROUTE_PLAN_TEXT];
	size_t ntext;
};

/*
 * Always writes a plan; nothing is allocated. EINVAL: the query has no
 * tenant (then the plan is a rejection with 404).
 *
 * A rule whose pattern gives up (text/route_regex.h) rejects the request:
 * passing on would let the caller choose which rules count.
 *
 * Of a tenant with more than ROUTE_NOTES_MAX rules those are passed by without
 * a note that the begin of a number rules out, unless query->noteh is there.
 */
int route_decide(const struct route_table *table,
		 const struct route_query *query, struct route_plan *plan);

const char *route_rule_name(const struct route_rule *rule);
/* Its `method` lists this one; a rule without `method` is for any, and names
 * none. */
bool route_rule_names(const struct route_rule *rule, const struct pl *method);
/* Where it stands in the file. */
const struct cfg_pos *route_rule_pos(const struct route_rule *rule);

/* For %H: the decision in words, a line for each step; and as JSON. */
int route_plan_explain(struct re_printf *pf, const struct route_plan *plan);
int route_plan_json(struct re_printf *pf, const struct route_plan *plan);

/*
 * Decides, and writes the plan as JSON with every step from the first one, and
 * not only with those that the plan has kept; of more than ROUTE_STEPS_MAX the
 * last ones, and `unlisted` says how many are missing. The query's noteh is
 * not called. plan: memory, for who wants more of it. ENOMEM, EINVAL.
 */
int route_decide_json(struct mbuf *mb, const struct route_table *table,
		      const struct route_query *query,
		      struct route_plan *plan);

#endif
