/*
 * proxy_priv.h  The proxy's root, and what its stations share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_PROXY_PRIV_H
#define SIGD_PROXY_PROXY_PRIV_H

#include <stdbool.h>
#include <re.h>

#include "common/control/ctl_msg.h"
#include "common/status.h"
#include "sigd/call/branch_token.h"
#include "sigd/call/call_record.h"
#include "sigd/proxy/conn/conn_figures.h"
#include "sigd/proxy/proxy.h"
#include "sigd/registrar/registrar.h"
#include "sigd/sip/smsg.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/sip/smsg_edit.h"

struct conn_pins;
struct call_ending;
struct device_token;
struct due;
struct due_item;
struct due_poll;
struct health;
struct way_health;
struct route_connection;
struct route_plan;
struct route_table;
struct tokens;
struct worker_due;

struct proxy {
	struct proxy_cfg cfg;
	struct proxy_deps deps;
	struct txn_table *txns;
	struct guess *guess;   /* wrong passwords of late */
	struct alarms *alarms;
	struct gate *gate;
	struct list jobs;      /* requests under way (struct job) */
	struct list dialogs;   /* ... within dialogs (struct indialog) */
	struct list invites;   /* calls being set up (struct invite) */
	struct list relays;    /* ... that are no calls (struct relay) */
	struct list rebinds;   /* flows that come and go (struct rebind) */
	struct list tasks;     /* things to finish on our own (struct task) */
	struct list hangups;   /* ends of calls (struct hangup) */
	struct list byes;      /* of ours (struct bye) */
	bool draining;
	uint32_t branch_num;   /* last one used */
	uint64_t send_ref;     /* of what is being sent; 0: none */
	struct proxy_counts counts;
	struct conn_figures *conns; /* what each connection has done */
	struct health *health; /* which connections are down */
	struct conn_pins *pins; /* what their challenges have shown */
	struct tokens *tokens; /* whose keys are known */
	struct way_health *ways; /* which addresses failed us lately */
	char worker[COOKIE_MEDIA_MAX + 1]; /* "node/slot" of ours */
	char at[CALL_AT_MAX + 1];          /* "node/slot/epoch" */
	struct due_poll *poll; /* for all these: */
	struct due *setups;    /* calls without an answer (takeover.c) */
	struct due *losses;    /* calls of flows that ended (rebind.c) */
	struct due *calls;     /* that are up, or ending (call_due.c) */
	struct worker_due *life; /* of this worker, and of others */
	uint32_t restored;     /* INVITEs of other workers, being ended */
	uint8_t *buf;          /* for one message, SMSG_MAX bytes */
};

/* A request as it passes the steps; lives on the stack. */
struct request {
	struct proxy *px;
	const struct smsg *msg;
	const struct transport_src *src;
	struct txn_dest dest; /* where its answers go */
	bool passed;          /* by another worker */
};

/* --- reply.c ---------------------------------------------------------------- */

/* Answer with a status, its SIP code and phrase, and a Warning-like text that
 * names it. A 503 gets Retry-After. */
void reply_status(struct proxy *px, struct txn_srv *st, enum status code);
/* The same with a SIP code that is not the usual one of `why`. */
void reply_status_as(struct proxy *px, struct txn_srv *st, uint16_t scode,
		     enum status why);
/* Without a transaction (malformed, or no room for one). */
void reply_stateless(struct proxy *px, const struct request *rq,
		     const struct smsg_err *err);
/* ... 503, before one is made. */
void reply_busy(struct proxy *px, const struct request *rq, enum status why);
/* 0-terminated tag for a To of ours: made from the Call-ID and our key, so
 * that a repeated request gets the same. */
void reply_tag(char tag[17], const struct proxy *px, const struct smsg *msg);

/* --- hop.c: the message as it leaves us --------------------------------------- */

void dest_of_flow(struct txn_dest *dest, const struct flow_id *id);
int flow_of_dest(struct flow_id *id, const struct txn_dest *dest);
/* Unix time. */
uint64_t proxy_unix_ms(void);

/* How we appear to this flow: "host:port" and "ws", "udp". */
const char *hop_host(const struct proxy *px, const struct flow_id *to);
const char *hop_transport(const struct flow_id *to);
/* As it stands in a URI of ours; over UDP, the default, "". */
const char *hop_param(const struct flow_id *to);

/* A Via of ours with a new branch: as text, and instead of all others. branch
 * gets its text, BRANCH_TEXT_MAX + 1 bytes. */
enum {
	HOP_VIA_MAX = 512,
	HOP_ADDR_MAX = 512,  /* a Contact or Record-Route value of ours */
	HOP_ROUTE_MAX = 160, /* a Record-Route is shorter, when it can be */
};
int hop_via_text(struct proxy *px, char via[HOP_VIA_MAX], char branch[],
		 const struct pl *callid, const struct flow_id *to);
int hop_via(struct proxy *px, struct smsg_edit *ed, const struct flow_id *to,
	    char branch[]);

/* The Contact of the message becomes a token for this side of the call. */
struct hop_side {
	const char *call;
	uint8_t side; /* whose Contact it is */
};
int hop_contact(struct proxy *px, struct smsg_edit *ed,
		const struct flow_id *to, const struct hop_side *from);

/* That Contact as text. */
int hop_contact_text(char text[HOP_ADDR_MAX], struct proxy *px,
		     const struct smsg *msg, const struct flow_id *to,
		     const struct hop_side *from);

/* A Record-Route value with this cookie, for the side that will show it. */
struct hop_dialog {
	struct cookie_dialog id;
	const struct flow_id *shown_to;
};
int hop_route_text(char text[HOP_ADDR_MAX], const struct proxy *px,
		   const struct cookie *cookie,
		   const struct hop_dialog *dialog);

/* The same, made before the message is written: it stands in Redis first. */
struct hop_mark {
	char via[HOP_VIA_MAX];
	char branch[BRANCH_TEXT_MAX + 1];
	uint64_t ref; /* in proxy_send_failed() */
};
/* loop: see struct branch_owner; 0: none. */
int hop_mark(struct hop_mark *mark, struct proxy *px, const struct pl *callid,
	     const struct flow_id *to, uint32_t loop);

/* Take out of a request what is between its sender and us. */
void hop_clean(struct smsg_edit *ed);
/* The same but for credentials, which are for the other side. */
void hop_clean_identity(struct smsg_edit *ed);

/* txn_cli_start() of the message whose Via was made last; *ref: what
 * proxy_send_failed() will say when it did not get there. */
int hop_start(struct proxy *px, struct txn_cli **ctp, uint64_t *ref,
	      const struct txn_cli_params *params);
int hop_start_marked(struct proxy *px, struct txn_cli **ctp, uint64_t ref,
		     const struct txn_cli_params *params);

/* --- request.c, response.c, orphan.c ------------------------------------------------------ */

void request_serve(struct request *rq);
extern const char request_allow[]; /* a value for Allow */
void response_serve(struct proxy *px, const struct transport_src *src,
		    const struct smsg *msg, bool forwarded);

/* A response to a worker that died. False: it is for nobody. */
bool orphan_serve(struct proxy *px, const struct transport_src *src,
		  const struct smsg *msg);
/* A 2xx that nobody wants: ACK; and BYE, if it is to end now. */
int orphan_release(struct proxy *px, const struct flow_id *flow,
		   const struct smsg *msg, bool bye);

/* --- takeover.c: set-ups of workers that died ---------------------------------------- */

int takeover_start(struct proxy *px);
/* End this set-up now, or pass its 2xx on: who had it is dead. */
void takeover_call(struct proxy *px, const char *call);

/* --- job.c: one out-of-dialog request being served -------------------------------- */

void job_start(struct request *rq, struct txn_srv *st);
/* A CANCEL for the INVITE of this transaction. False: no job has it. */
bool job_cancel(struct proxy *px, const struct txn_srv *st);

/* --- invite.c ---------------------------------------------------------------------- */

struct invite_params {
	struct txn_srv *st;
	struct route_table *table;     /* is kept (mem_ref()) */
	const struct route_plan *plan; /* of it; no rejection */
	struct pl caller;              /* user who was authenticated; or as
					  the connection says */
	struct pl callee;              /* the number, unescaped */
	const struct device_token *device; /* it alone, of a user who need not
					      be in the table; NULL: as
					      planned */
};

/* Takes over the server transaction. */
void invite_start(struct proxy *px, const struct invite_params *params);
/* A CANCEL for the INVITE of this transaction. reason: why (RFC 3326), or
 * empty. */
void invite_cancel(struct proxy *px, const struct txn_srv *st,
		   const struct pl *reason);
/* Calls that have no final answer yet. */
uint32_t invite_pending(const struct proxy *px);
/* All set-ups of ours live: say so now. */
void invite_renew_all(struct proxy *px);
/* A set-up of ours: true. */
bool invite_is_here(const struct proxy *px, const char *call);
/* Its media is lost: true when it was being set up here, and has ended. */
bool invite_lost(struct proxy *px, const char *call, enum status reason);
/* The ACK of a 2xx of ours came: it need not be repeated any more. False: there
 * is none here. */
bool invite_acked(struct proxy *px, const char *call);
/* A flow of ours has ended: its calls being set up end, its branches are
 * over. */
void invite_flow_gone(struct proxy *px, const struct flow_id *flow);
/* What was sent with this number did not get there. */
void invite_send_failed(struct proxy *px, uint64_t ref, int err);

/* --- relay.c: what is no call --------------------------------------------------------- */

struct relay_params {
	const struct device_token *device; /* as in struct invite_params */
	struct txn_srv *st;
	struct route_table *table;     /* is kept (mem_ref()) */
	const struct route_plan *plan; /* of it; no rejection */
	struct flow_id source;         /* flow it came on */
	struct pl caller;              /* user who was authenticated */
	struct pl callee;              /* the number, unescaped */
};

/* Takes over the server transaction. */
void relay_start(struct proxy *px, const struct relay_params *params);
/* A request within a subscription of ours: it shows a cookie of that. */
bool relay_claims(const struct request *rq);
void relay_dialog_serve(struct request *rq, struct txn_srv *st);
/* As with invites. */
void relay_flow_gone(struct proxy *px, const struct flow_id *flow);
void relay_send_failed(struct proxy *px, uint64_t ref, int err);

/* --- indialog.c ----------------------------------------------------------------------- */

/* A request that shows a cookie, or names one of our Contacts. True: served.
 * st: NULL for an ACK. */
bool indialog_claims(const struct request *rq);
void indialog_serve(struct request *rq, struct txn_srv *st);
/* As with invites: a CANCEL (false: not one of these), and what failed. */
/* An ACK of a 2xx of ours, that came to another worker. */
void indialog_acked(struct proxy *px, const struct smsg *msg);
/* False: no 2xx of this call is repeated here. */
bool indialog_stop_repeats(struct proxy *px, const char *call, uint32_t cseq);
bool indialog_cancel(struct proxy *px, const struct txn_srv *st,
		     const struct pl *reason);
void indialog_send_failed(struct proxy *px, uint64_t ref, int err);

/* --- hangup.c, bye.c: the end of a call, from our side --------------------------------- */

struct call_name {
	const char *call;
	const char *session;
	const char *media; /* "node/slot"; empty: no session was made */
};

/* Who waits for the end; endedh NULL: nobody. */
struct hangup_waiter {
	char token[PROXY_TOKEN_MAX + 1];
	proxy_ended_h *endedh;
	void *arg;
};

enum { HANGUP_BOTH = 3, HANGUP_CALLER = 1, HANGUP_CALLEE = 2 };

/*
 * Drop the session and write the CDR; what cannot be done now is tried again,
 * by another worker when this one dies.
 */
void hangup_call(struct proxy *px, const struct call_name *name,
		 enum status reason);
/* The same of one whose record is not there, or not at hand: another worker may
 * be ending it. */
void hangup_unknown(struct proxy *px, const struct call_name *name,
		    enum status reason);
/* The same with the record at hand, of a call that is up: and these sides
 * (HANGUP_..) get a BYE of ours. */
void hangup_sides(struct proxy *px, const struct call_record *rec,
		  uint8_t sides, enum status reason);
void hangup_waited(struct proxy *px, const struct call_record *rec,
		   enum status reason, const struct hangup_waiter *waiter);
/* One side has said BYE, and it goes on to the other one; it is ours to send
 * only if this worker dies before hangup_arrived(). */
void hangup_forwarded(struct proxy *px, const struct call_record *rec,
		      unsigned to);
void hangup_arrived(struct proxy *px, const char *call);
/* An end that another worker had begun; rec NULL: there is none any more. */
void hangup_resume(struct proxy *px, const struct call_ending *ending,
		   const struct call_record *rec);
bool hangup_is_here(const struct proxy *px, const char *call);
/* Ends that are not written yet. */
uint32_t hangup_pending(const struct proxy *px);

#endif
