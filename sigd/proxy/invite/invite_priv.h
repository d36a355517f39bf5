/*
 * invite_priv.h  A call being set up: one INVITE, its media and its tries
 *
 * Lives in the worker that took the INVITE, from then until the server
 * transaction ends. Nothing of it is needed for the dialog that it makes.
 *
 *   invite.c          its life: start, answer, refusal, CANCEL, end
 *   invite_setup.c    what a successor needs of it, should this worker die
 *   invite_place.c    its media worker
 *   invite_service.c  a call that we answer ourselves (echo, tone ...)
 *   invite_announce.c announcements, and that it rings
 *   invite_hunt.c     the targets of the plan in order, and what came of them
 *   invite_tenant.c   ... of another tenant than the caller's
 *   invite_connection.c  one of them that is a connection: the way there
 *   invite_best.c     the best refusal answers
 *   invite_early.c    an 18x, early media, and what is asked meanwhile
 *   invite_devices.c  a user's devices in their order, one flow of each
 *   invite_divert.c   where a device sends the call instead
 *   invite_media.c    the 2xx, and what the caller hears
 *   invite_find.c     calls found by what comes for them
 *   diversion.c       ... how that is told
 *   branch.c          one try: its beginning and its end
 *   branch_send.c     ... how its INVITE leaves
 *   branch_answer.c   ... what it says
 *   branch_again.c    ... once more: challenged, redirected
 *   branch_early.c    ... the dialogs that it has before an answer
 *   branch_write.c    ... its messages
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_INVITE_INVITE_PRIV_H
#define SIGD_PROXY_INVITE_INVITE_PRIV_H

#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/call/call_setup.h"
#include "sigd/call/device_token.h"
#include "sigd/media/media_client.h"
#include "sigd/proxy/conn/conn_calls.h"
#include "sigd/proxy/conn/conn_way.h"
#include "sigd/proxy/invite/branch.h"
#include "sigd/proxy/invite/diversion.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/register/service_route.h"
#include "sigd/registrar/registrar.h"

enum {
	INVITE_BRANCHES_MAX = 10,
	MOVED_CONTACTS_MAX = 10, /* of a 3xx: each may ask the table */
	INVITE_ASKS = 3
};

/* Where it can go, in order, and the best answer so far. */
struct hunt {
	struct route_table *table; /* that the targets are of */
	struct route_plan *plan; /* that they are of */
	struct route_target targets[ROUTE_TARGETS_MAX];
	unsigned ntargets, next;
	struct route_user guest;    /* of a device that a PBX called */
	char guest_name[DEVICE_USER_MAX + 1];
	uint32_t device;            /* ... it alone; 0: all of a user */
	char callee[CALL_TEXT_MAX]; /* the number, unescaped */
	size_t callee_len;
	struct registrar_ask *lookup;
	struct conn_ask *locate;
	const struct route_connection *sought; /* the last one; NULL: none */
	struct route_limits limits; /* of that */
	unsigned tried;             /* connections */
	struct conn_calls_ask *place;
	struct place_ask *user_place;
	struct place_ask *tenant_place;
	const struct route_tenant *there; /* another one than the caller's, of
					     which it has a place */
	const struct route_tenant *counted; /* ... where it was last one of
					       the calls of a second */
	const struct route_tenant *closed;  /* ... that has refused it last */
	enum status closed_why;
	const struct route_connection *placed; /* no try has its place yet */
	struct conn_way *ways; /* to the last one, in order; NULL: one */
	unsigned way;          /* of these, the one that was tried */
	bool other_way;        /* another one may do better */
	struct service_ask *route_ask;
	char service_route[SERVICE_ROUTE_MAX + 1]; /* to it; "": none */
	uint16_t code;                         /* best so far; 0: none */
	enum status why;
	struct smsg *msg; /* what said so; NULL: we did */
	bool stop;        /* no further target */
	struct invite_devices *devices; /* of the user sought last; or NULL */
	struct diversions *diverted; /* by devices, that were followed; NULL:
					none */
	bool moved;       /* ... by one of those that ring */
	struct replaced replaced; /* whose place this call takes */
	uint32_t loop;    /* what was asked (loop_guard.h) */
	unsigned breadth; /* for each of those that ring at once */
};

struct invite {
	struct le le, by_call;
	struct proxy *px;
	struct txn_srv *st;
	struct call_record rec;
	struct flow_id caller;               /* flow of the INVITE */
	struct sa source;                    /* AF_UNSPEC: not known */
	const struct route_connection *from; /* of hunt.table; NULL: a user */
	struct hunt hunt;
	struct list branches;
	struct branch *winner; /* its 2xx goes to the caller */
	struct branch *early;  /* its media goes to the caller */
	struct smsg *ringing;  /* its 18x, while mediad is asked */
	struct branch *ringer; /* ... of this one, which sends no media */
	struct {
		const struct route_announcement *what; /* NULL: none yet */
		bool failure;  /* else it is the target */
		uint32_t ms;   /* how long it plays */
		bool tone;     /* the caller hears that it rings, */
		bool no_tone;  /* or cannot */
	} announce;
	struct media_ask *asks[INVITE_ASKS]; /* pipelined, in order */
	struct call_ask *save;
	struct call_ask *begin;   /* the record of the set-up */
	struct wheel_timer renew; /* of what says that we live */
	struct mbuf *sdp;         /* the answer to the caller */
	struct wheel_timer limit; /* of the whole set-up */
	uint32_t session_s; /* the timer that its 2xx agrees to; 0: none */
	uint8_t leg;              /* given last; 1 is the caller's */
	uint8_t moves;            /* from one media worker to another */
	uint64_t begun_ms;        /* by the wheel */
	bool heard;               /* the caller was told of 18x or 2xx */
	bool answered;            /* a final response was given */
	bool told;                /* its log has begun (invite_diary.h) */
	bool over;                /* given up: only branches are left,
					  for a 2xx that crosses the CANCEL */
};

/* How a try ended. */
struct invite_result {
	uint16_t code; /* for the caller, should it be the best */
	enum status why;
	const struct smsg *msg; /* what said so, when the caller may hear all
				   of it; else NULL */
	bool next;              /* the next target may do better */
	bool other_way;         /* ... another address of this one, too */
};

/* --- invite.c --- */

/* Ask the session's worker; slot 0..INVITE_ASKS-1 of inv->asks. */
int invite_ask(struct invite *inv, unsigned slot, const struct ctl_req *req,
	       media_answer_h *h);
/* leg.remote of the caller's offer: makes the session. */
int invite_remote_offer(struct invite *inv, media_answer_h *h);
/* It has made none (RFC 3261 13.2.1): it gets ours in the 2xx, and answers in
 * its ACK. leg.local makes the session then. */
bool invite_delayed(const struct invite *inv);
/* It takes the place of another call, so that it is not one more. */
bool invite_replaces(const struct invite *inv);
int invite_local_offer(struct invite *inv, media_answer_h *h);
/* Give up: this answer to the caller, everything else away. Frees inv. */
void invite_fail(struct invite *inv, enum status code);
/* The same with a code that is not the usual one of `why`. */
void invite_refuse(struct invite *inv, uint16_t scode, enum status why);
/* The same when the caller has its answer. */
void invite_give_up(struct invite *inv, enum status reason);
/* The caller is told of an 18x or 2xx. */
void invite_heard(struct invite *inv, uint16_t scode);
/* Save the record as up; then h. */
void invite_save(struct invite *inv, call_record_h *h);
struct call_name invite_name(const struct invite *inv);
/* No branch but the winner shall ring any more. What has sent its INVITE ends
 * by an answer, the others are gone. */
void invite_hush(struct invite *inv, const char *reason);
/* Only branches were left: frees inv with the last of them. */
void invite_settle(struct invite *inv);

/* --- invite_place.c --- */

/* Choose a media worker. */
enum status invite_place(struct invite *inv);
/* It has refused the session: true when another one was chosen. */
bool invite_move(struct invite *inv, enum status code);

/* --- invite_setup.c --- */

/* Write the record of the set-up. STATUS_OK: under way; what comes of it is
 * not waited for, as nothing leaves before its own note is written. */
enum status invite_setup(struct invite *inv);
/* Note an INVITE of ours, len bytes in px->buf. */
int invite_note(struct call_ask **askp, struct invite *inv,
		struct call_try *try, const struct flow_id *to, size_t len,
		call_record_h *h, void *arg);
/* Redis is away, or the set-up was taken over: the call ends. */
void invite_unsaved(struct invite *inv, enum status code);
/* It is over before Redis has said that it began. */
void invite_begun_unheard(struct invite *inv);
/* Answered or over: nobody needs to take it over. */
void invite_setup_end(struct invite *inv);

/* --- invite_service.c, invite_hunt.c --- */
void invite_service(struct invite *inv, const struct route_target *target);
void invite_hunt(struct invite *inv);
/* The target that is next; may free inv. */
void invite_seek(struct invite *inv);
/* A try is over without a 2xx; its branch counts no more. May free inv. */
void invite_result(struct invite *inv, const struct invite_result *result);
/* A target to which nothing could be sent. May free inv. */
void invite_missed(struct invite *inv, uint16_t code, enum status why);
void hunt_clear(struct invite *inv);
/* As what the target that is tried gets it; NULL: as it was asked. */
const struct route_form *hunt_form(const struct hunt *hunt);

/* --- invite_tenant.c --- */

/* Whose number is called, for the record. */
void invite_tenant_first(struct invite *inv);
/* Of who is called now. */
const struct route_tenant *invite_callee_tenant(const struct invite *inv);
/* A place that it has elsewhere is not needed. */
void invite_tenant_won(struct invite *inv, const struct branch *winner);
/* invite_seek() once it has a place where the target is. May free inv. */
void invite_tenant_seek(struct invite *inv, const struct route_target *target);

/* --- invite_connection.c --- */

/* May free inv. */
void invite_connection_seek(struct invite *inv,
			    const struct route_connection *conn);
/* Another address of the last one is tried, when there is one and it may do
 * better. May free inv. */
bool invite_connection_other_way(struct invite *inv);
/* The last one has failed, and another may do better. */
void invite_connection_failed(struct invite *inv);
/* What was sought there comes to nothing. */
void invite_connection_leave(struct invite *inv);

/* --- invite_best.c --- */

void invite_best_keep(struct invite *inv, const struct invite_result *result);
/* It answers the call. Frees inv, or leaves it to its branches. */
void invite_best_answer(struct invite *inv);

/* --- invite_devices.c --- */

/* The devices of a user who is called now. False: none of them is to ring. */
bool invite_devices_begin(struct invite *inv,
			  const struct registrar_list *list);
/* Those that are to ring next, do. False: there are no more. */
bool invite_devices_next(struct invite *inv);
/* The flow of this try has failed: another one of the same device is tried,
 * when there is one. */
void invite_devices_spare(struct invite *inv, const struct branch *gone);
/* How long to wait for those that ring; 0: there are no others. */
uint32_t invite_devices_ring_ms(const struct invite *inv);

/* --- invite_divert.c --- */

/* A device's 3xx: true when the hunt goes on where it says. */
bool invite_divert(struct branch *branch, const struct smsg *msg);
/* Who did so is told to who gets it. */
void invite_divert_edit(const struct branch *branch, struct smsg_edit *ed);

/* --- invite_find.c --- */

/* That is not over; NULL: none is here. */
struct invite *invite_find_call(const struct proxy *px, const char *call);

/* --- invite_early.c --- */

/* A 18x of a branch, for the caller. */
void invite_ringing(struct invite *inv, struct branch *branch,
		    const struct smsg *msg);

/* --- invite_announce.c --- */

/* The target is an announcement without an answer. May free inv. */
void invite_announce(struct invite *inv,
		     const struct route_announcement *what);
/* The hunt has come to nothing: true when that is announced first, and
 * invite_best_answer() is called again then. May free inv. */
bool invite_announce_failure(struct invite *inv);
/* A 180 without media: true when the caller hears of it in our way. */
bool invite_ring(struct invite *inv, struct branch *branch,
		 const struct smsg *msg);

/* --- invite_media.c --- */

/* A description kept in a buffer of its own, instead of what was there. */
int invite_sdp_keep(struct mbuf **mbp, const struct pl *text);

/* The caller's answer, once. */
enum status invite_answer_keep(struct invite *inv, const struct ctl_ans *ans);

/* The questions, in this order: what the branch says (not asked when sdp is
 * empty), that the caller hears it, and what the caller is to be told (NULL:
 * it has had our offer). */
struct invite_steps {
	media_answer_h *remote, *join, *local;
};
int invite_switch(struct invite *inv, const struct branch *branch,
		  const struct pl *sdp, const struct invite_steps *steps);

/* The winner's 2xx to the caller. */
int invite_answer_forward(struct invite *inv);
/* A branch has a 2xx, kept in branch->answer. */
void invite_won(struct invite *inv, struct branch *branch);

#endif
