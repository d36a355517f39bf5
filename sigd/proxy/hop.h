/*
 * hop.h  The message as it leaves us: our Via, our host, where it goes
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_HOP_H
#define SIGD_PROXY_HOP_H

#include "sigd/call/branch_token.h"
#include "sigd/proxy/proxy_priv.h"

void dest_of_flow(struct txn_dest *dest, const struct flow_id *id);
int flow_of_dest(struct flow_id *id, const struct txn_dest *dest);

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

/* The same of a side whose Contact URI is known. */
int hop_contact_of(char text[HOP_ADDR_MAX], struct proxy *px,
		   const struct pl *target, const struct flow_id *to,
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

/* What stands between us and who answered an INVITE of ours, as the value of a
 * Route. */
int hop_routes_of(char routes[CALL_ROUTES_MAX], const struct smsg *answer);

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

#endif
