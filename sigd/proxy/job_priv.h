/*
 * job_priv.h  A request outside dialogs, for its own files
 *
 *   job.c           its life, and whose it is
 *   job_who.c       who asks
 *   job_route.c     where it goes, by the table
 *   job_replaces.c  ... whose place it takes
 *   job_register.c  REGISTER of a user, or of a PBX, with us
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_JOB_PRIV_H
#define SIGD_PROXY_JOB_PRIV_H

#include "sigd/call/device_token.h"
#include "sigd/proxy/refused.h"
#include "sigd/proxy/who/authorize.h"

struct call_find;
struct invite_params;
struct redis_user_ask;
struct route_plan;

struct job {
	struct le le;
	struct proxy *px;
	struct txn_srv *st;
	struct route_table *table;         /* a reload must not take it away */
	const struct route_tenant *tenant; /* of it */
	const struct route_connection *from; /* of it; NULL: a user asks */
	bool foreign;                      /* see struct origin */
	bool named;                        /* it asks for `device` */
	struct device_token device;
	struct authorized who;
	struct registrar_ask *ask;
	struct redis_user_ask *user_ask;
	struct job_replaces *replaces; /* NULL: it takes nobody's place */
	struct route_user *guest; /* who asks, from Redis; NULL: none */
	struct flow_id flow;
	struct sa remote; /* who sent it; unset: not known */
	bool outbound; /* REGISTER: its answer says so */
	char *devices; /* that it binds (rebind_devices()) */
	uint32_t device_nr; /* the first of these; 0: none */
	char source[FLOW_TEXT_MAX + 1];
	char user[CALL_TEXT_MAX]; /* unescaped */
};

/* Answer and free. */
void job_fail(struct job *job, enum status code);
/* As a call that got nowhere. */
struct refused job_refused(const struct job *job);
/* It is refused for this reason, and will be asked about, perhaps. */
void job_told(const struct job *job, enum status code);
/* A question about who asks. */
struct registrar_params job_ask_params(struct job *job, registrar_h *h);
/* Of who has shown a password. */
void job_register(struct job *job);

/* --- job.c --- */

/* A connection's callers' numbers are its word. False: it is no number. */
bool job_caller_read(struct job *job);

/* --- job_who.c: both may free job --- */

/* Who it is, and that he may: then it is served. */
void job_authorize(struct job *job);
/* The same once Redis has told of him. False: there is nobody to ask for. */
bool job_ask_redis(struct job *job);
/* Each may ask so often: a connection, a user, and all of a tenant. */
bool job_may_ask(struct job *job);

/* --- job_route.c: all free job --- */

void job_route(struct job *job);
/* The same once the nonce is counted. */
void job_serve_routed(struct job *job);
/* A PBX asks for a device that is registered there: no route is asked. */
void job_to_device(struct job *job);
/* It is known whose place it takes. */
void job_resume(struct job *job);

/* --- job_replaces.c --- */

/* True: it is an INVITE that takes somebody's place, and job_resume() is called
 * once it is known whose; or it may not, and is answered and freed. */
bool job_replaces(struct job *job);
/* It goes to the party whose dialog it is, whatever the table says. False: there
 * is no such dialog, and it is answered. */
bool job_replaces_plan(struct job *job, struct route_plan *plan);
/* NULL: nobody's. */
const struct replaced *job_replaced(const struct job *job);

#endif
