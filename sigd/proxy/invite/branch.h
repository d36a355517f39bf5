/*
 * branch.h  One try of a call: a device that rings, a connection that is
 *           asked
 *
 * Each has its own leg in mediad and its own offer. A challenge and a
 * redirection are answered within the try. RFC 3261 16.6, 16.7.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_INVITE_BRANCH_H
#define SIGD_PROXY_INVITE_BRANCH_H

#include "common/wheel.h"
#include "routing/route_failover.h"
#include "sigd/media/media_client.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/invite/branch_early.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/challenge.h"
#include "sigd/proxy/who/identity.h"
#include "sigd/registrar/binding.h"

struct conn_way;
struct invite;
struct invite_result;

enum {
	BRANCH_RELEASED_MAX = 8
};

struct branch_to {
	const struct route_tenant *tenant;   /* whose that is */
	const struct route_connection *conn; /* NULL: a device */
	struct flow_id flow;
	char target[CALL_URI_MAX]; /* Request-URI */
	struct side_names names;   /* From and To towards it */
	uint32_t device;           /* binding_device(); 0: none */
	char user[CALL_TEXT_MAX];  /* whose device it is; empty: none */
};

struct branch_timers {
	struct wheel_timer silence; /* a connection that says nothing */
	struct wheel_timer ring;    /* a connection that does not answer */
	struct wheel_timer rung;    /* ... that rings for too long */
	struct wheel_timer c;       /* RFC 3261 16.6 step 11 */
};

struct branch {
	struct le le;
	struct invite *inv;
	struct branch_to to;
	struct route_plan *plan; /* that it is tried for */
	const struct route_form *form; /* of it; NULL: as asked */
	struct branch_timers timers;
	struct route_limits limits; /* of a connection */
	struct challenge challenge;
	struct media_ask *ask; /* for its offer */
	struct mbuf *offer;
	struct list dialogs;   /* struct early */
	struct early *heard;   /* whose answer mediad was told */
	struct txn_cli *ct;    /* NULL: not yet, or over */
	struct hop_mark mark;  /* Via of the INVITE */
	struct call_ask *note; /* that it is about to leave, for Redis */
	bool noted;
	uint64_t start_ms;   /* wheel time */
	struct smsg *answer; /* its 2xx, when it is the winner */
	/* dialogs that were ended: hashes of their To tags */
	uint32_t released[BRANCH_RELEASED_MAX];
	uint8_t nreleased;
	uint8_t leg;
	uint8_t shift; /* CSeq ahead of the caller's */
	uint8_t moved; /* redirections followed */
	uint32_t session_least; /* Min-SE that it has told; 0: none */
	bool rang;     /* more than 100 came */
	bool long_udp; /* so long that a datagram may be lost for it */
	bool done;     /* its result is counted */
	bool large;    /* it went over TCP, as it was long, instead of: */
	struct flow_id small;
};

/* --- branch_large.c --- */

enum {
	BRANCH_LONG = 1300 /* bytes of an INVITE, over UDP (RFC 3261 18.1.1) */
};

/* So long a message goes another way, which branch->to now has: to be noted
 * first. */
bool branch_is_large(struct branch *branch, size_t len);
/* That way could not be gone: branch->to has the former one again. */
bool branch_takes_no_tcp(struct branch *branch);

/* --- branch.c --- */

int branch_start_device(struct invite *inv, const struct binding *binding);
int branch_start_connection(struct invite *inv,
			    const struct route_connection *conn,
			    const struct conn_way *way);
/* Its session is to be made elsewhere: its offer is asked for there. */
int branch_offer_again(struct branch *branch);
/*
 * It shall not ring any more, and its result does not count. Frees one that
 * has sent nothing; the others end by an answer, and a 2xx of theirs is
 * acknowledged and ended. reason: a Reason value for the CANCEL, or NULL.
 */
void branch_drop(struct branch *branch, const char *reason);
/* The device asks in its own name, and answers the challenges itself
 * (routing/route_device.h). */
bool branch_passes(const struct branch *branch);
/* Who calls is of another tenant (who/stranger.h). */
bool branch_is_to_stranger(const struct branch *branch);
/* "device" or the connection's name, for logs. */
const char *branch_name(const struct branch *branch);

/* How it ended. May free the call. scode: as it was said, for the log; 0:
 * nothing was. */
void branch_over(struct branch *branch, uint16_t scode,
		 const struct invite_result *result);

/* --- branch_send.c --- */

/* Its INVITE is to leave: noted first, sent when its offer is there, too. */
int branch_note(struct branch *branch);
int branch_ask_offer(struct branch *branch);
/* The same with a CSeq of its own. */
void branch_repeat(struct branch *branch);
/* Nothing was heard of it, or it could not be sent. May free the call. */
void branch_unreached(struct branch *branch, int err);
/* Its other addresses are asked first from now on. */
void branch_way_gone(const struct branch *branch, uint32_t for_ms);
/* RFC 3261 16.6 step 11, 16.7 step 2. */
void branch_timer_c(struct branch *branch);
void branch_timers_stop(struct branch *branch);

/* --- branch_answer.c: handlers of its transaction --- */
void branch_response(struct txn_cli *ct, const struct smsg *msg, void *arg);
void branch_end(struct txn_cli *ct, int err, void *arg);

/* --- branch_live.c: a connection, as the calls to it go --- */

/* Its first 18x: from now on it rings. */
void branch_rung(struct branch *branch);
void branch_live_rings(struct branch *branch);
/* A final answer. retry_ms: of its Retry-After; 0: none. */
void branch_live_said(const struct branch *branch, uint16_t scode,
		      uint32_t retry_ms);
/* None: it cannot be reached, or is silent. */
void branch_live_gone(const struct branch *branch, const char *why);
/* None that says more than this call had to do with it: it counts once for each
 * that calls. */
void branch_live_stuck(const struct branch *branch, const char *why);

/* --- branch_again.c --- */

/* A refusal (3xx, 401, 407) that leads to another INVITE of the same try: its
 * credentials or its Request-URI are set then. */
bool branch_again(struct branch *branch, const struct smsg *msg);

/* --- branch_names.c --- */

/* As the policy of its connection says. */
int branch_show(struct branch *branch);
/* ... and to a device. */
int branch_show_device(struct branch *branch);
/* The caller, who wants to be nobody. */
void branch_hide(struct branch *branch);
/* What tells the INVITE's receiver who calls. */
void branch_identity(const struct branch *branch, struct smsg_edit *ed);
/* ... and the caller who was reached. */
struct identity branch_who_answers(const struct branch *branch);

/* --- branch_write.c --- */

/* The INVITE into px->buf, with the Via of branch->mark; without offer as long
 * as there is none. */
int branch_invite_write(struct branch *branch, size_t *len);
/* The session timer that its 2xx agrees to. */
struct session_agreed branch_session(const struct branch *branch,
				     const struct smsg *answer);
/* The same response into px->buf. */
int branch_back_write(struct branch *branch, const struct smsg *msg,
		      uint16_t scode, const struct pl *sdp, size_t *len);
/* A response of the branch on to the caller; sdp NULL: without body. scode 0:
 * as it came. */
int branch_forward(struct branch *branch, const struct smsg *msg,
		   uint16_t scode, const struct pl *sdp);
/* ACK of a 2xx that nobody wants; and BYE, once for each dialog. */
void branch_release(struct branch *branch, const struct smsg *answer);
/* What the record holds of this side. EBADMSG: the answer makes no dialog. */
int branch_record(const struct branch *branch, const struct smsg *answer,
		  struct call_record *rec);

#endif
