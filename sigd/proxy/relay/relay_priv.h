/*
 * relay_priv.h  A request that is no call, passed on: MESSAGE, SUBSCRIBE, NOTIFY,
 *          PUBLISH, REFER, OPTIONS, INFO
 *
 * A small thing beside a call (invite.h): no media, no record, no CANCEL. It
 * lives in the worker that took the request until there is one answer. Where
 * it goes the table says; within a subscription (RFC 6665) the cookie in the
 * Route, so that any worker serves it, with Redis away too.
 *
 *   relay.c          its life: start, the best answer, end
 *   relay_hunt.c     the targets of the plan in order
 *   relay_try.c      one try: a device, a connection
 *   relay_write.c    the messages of a try
 *   relay_names.c    whom it shows
 *   relay_refer.c    whom a REFER has call, and whom
 *   relay_dialog.c   within a subscription: may it, and where does it go?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_RELAY_RELAY_PRIV_H
#define SIGD_PROXY_RELAY_RELAY_PRIV_H

#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/call/device_token.h"
#include "sigd/call/sub_token.h"
#include "sigd/proxy/conn/conn_way.h"
#include "sigd/proxy/relay/relay.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/challenge.h"
#include "sigd/proxy/who/identity.h"
#include "sigd/registrar/registrar.h"

enum {
	RELAY_TRIES_MAX = 10,
	RELAY_BODY_MAX = 32768,   /* bytes; a list of presences is some 10 kB */
	RELAY_ROUTES_MAX = 1024,
	/* What goes to a connection counts its CSeq in steps of so many: there
	 * is room for one for each challenge of its that we answer, and nobody
	 * has to know how many there were (RFC 3261 8.1.3.5). */
	RELAY_CSEQ_STEP = 8,
};

/* Where it could go, in order. */
struct relay_hunt {
	struct route_plan *plan; /* of the targets; NULL: no table was asked */
	struct route_target targets[ROUTE_TARGETS_MAX];
	unsigned ntargets, next;
	struct route_user guest;    /* of a device that a PBX asks for */
	char guest_name[DEVICE_USER_MAX + 1];
	uint32_t device;            /* ... it alone; 0: all of a user */
	char callee[CALL_TEXT_MAX]; /* the number, unescaped */
	size_t callee_len;
	struct registrar_ask *lookup;
	struct conn_ask *locate;
	struct service_ask *route_ask;
	const struct route_connection *sought;
	struct route_limits limits; /* of that */
	struct conn_way *ways; /* to it, when there are several */
	unsigned way;          /* the one that is tried */
	bool other_way;        /* the next one may do better */
	uint32_t loop;         /* what the routes were asked (loop_guard.h) */
	unsigned breadth;
};

/* Whom a REFER names. */
struct relay_refer {
	char number[CALL_TEXT_MAX]; /* unescaped */
	size_t len;                 /* 0: it is none */
	const struct route_connection *conn; /* where it leads; NULL: here */
};

/* The best refusal so far. */
struct relay_best {
	uint16_t code; /* 0: none */
	enum status why;
	struct smsg *msg; /* what said so; NULL: we did */
};

struct relay {
	struct le le;
	struct proxy *px;
	struct txn_srv *st;
	struct route_table *table; /* that all below is of */
	const struct route_tenant *tenant;
	const struct route_connection *from; /* NULL: a user's device */
	struct flow_id source;               /* flow it came on */
	struct sub_end asker;                /* who sent it */
	bool notifies; /* by the notifier; else the asker subscribes */
	struct sub_cookie *cookie; /* within a subscription; else NULL */
	char target[SUB_URI_MAX + 1];  /* ... its Contact; may be empty */
	char routes[RELAY_ROUTES_MAX]; /* ... and Route towards it; else the
					  Service-Route of who is tried */
	struct relay_hunt hunt;
	struct list tries;
	struct relay_best best;
	struct relay_refer refer;
};

struct relay_to {
	const struct route_connection *conn; /* NULL: a device */
	struct sub_end end;                  /* the same, for a cookie */
	struct flow_id flow;
	char target[CALL_URI_MAX]; /* Request-URI */
	struct side_names names;   /* From and To towards it */
};

enum relay_state {
	RELAY_SPARE, /* another flow of a device that is tried */
	RELAY_SENT,
	RELAY_DONE
};

struct relay_try {
	struct le le;
	struct relay *relay;
	struct relay_to to;
	const struct route_form *form; /* of the plan; NULL: as asked */
	enum relay_state state;
	struct challenge challenge;
	struct route_limits limits; /* of a connection */
	struct wheel_timer silence; /* a connection, and there is another */
	struct txn_cli *ct;
	uint64_t ref;  /* in proxy_send_failed() */
	uint8_t again; /* challenges answered */
	bool large;    /* it went over TCP, as it was long, instead of: */
	struct flow_id small;
};

/* How a try ended. */
struct relay_end {
	uint16_t code; /* for the sender, should it be the best */
	enum status why;
	const struct smsg *msg; /* what said so, when the sender may hear it */
	bool next;              /* the next target may do better */
	bool other_way;         /* ... another address of this one, too */
};

/* --- relay.c --- */

/* Of this request; takes over the server transaction. NULL: answered. */
struct relay *relay_new(struct proxy *px, struct txn_srv *st,
			struct route_table *table);
/* False: its body is too large. Then it is answered and freed. */
bool relay_fits(struct relay *relay);
/* Answer and free. */
void relay_fail(struct relay *relay, enum status code);
/* A 2xx: the answer. Frees relay. */
void relay_won(struct relay_try *try, const struct smsg *msg);
/* A try has ended otherwise: it is noted, and relay_go_on() is to follow. */
void relay_note(struct relay *relay, const struct relay_end *end);
/* There is no further target: the best refusal answers. Frees relay. */
void relay_finish(struct relay *relay);
/* The request makes dialogs (RFC 6665, RFC 3515), or is of one, and so shall
 * come back to us. */
bool relay_is_subscription(const struct relay *relay);

/* --- relay_hunt.c --- */

/* When nothing is under way: the next target, or the answer. May free relay. */
void relay_go_on(struct relay *relay);
/* Whose users and connections are tried now. */
const struct route_tenant *relay_there(const struct relay *relay);
/* There is a target behind those that are tried. */
bool relay_has_next(const struct relay *relay);
/* The devices of a user: one flow each now, the others should it fail.
 * device: only this one; 0: all, up to `most`. How many there are. */
size_t relay_try_devices(struct relay *relay, const struct registrar_list *list,
			 const char *user, uint32_t device, size_t most);

/* --- relay_try.c --- */

/* Both: it is sent, or it has ended (and is noted) when it could not be. Errors:
 * no try was made. contact: of a device, where no dialog says it. */
int relay_try_device(struct relay *relay, const struct sub_end *device,
		     const struct flow_id *flow, const char *contact);
int relay_try_connection(struct relay *relay,
			 const struct route_connection *conn,
			 const struct conn_way *way);
void relay_try_start(struct relay_try *try);
/* The device asks in its own name, and answers challenges itself (routing/
 * route_device.h). */
bool relay_try_passes(const struct relay_try *try);

/* --- relay_names.c --- */

/* As the policy of its connection says, and privacy; of who begins: within a
 * subscription a notifier is whom it was asked for. */
int relay_show(struct relay_try *try);
/* ... and to a device. */
int relay_show_device(struct relay_try *try);
void relay_hide(struct relay_try *try);
/* The sender is of another tenant (who/stranger.h). */
bool relay_is_stranger(const struct relay *relay);
/* The sender is nobody to the other side. */
bool relay_hidden(const struct relay *relay);
void relay_identity(const struct relay_try *try, struct smsg_edit *ed);
struct identity relay_who_answers(const struct relay_try *try);

/* --- relay_write.c --- */

/* The request into px->buf, with this Via. */
int relay_request_write(struct relay_try *try, const char *via, size_t *len);
/* The answer to the sender. scode 0: as it came. */
int relay_back(struct relay_try *try, const struct smsg *msg);

/* --- relay_refer.c --- */

/* STATUS_OK: it is no REFER, or may go. */
enum status relay_refer(struct relay *relay, const struct relay_params *params);
/* Refer-To, as its receiver can call it. */
void relay_refer_edit(const struct relay_try *try, struct smsg_edit *ed);

#endif
